"""`make longlife`: how the server lives and how it ends; exits with 1 if a promise is broken.

python -m bench.longlife            a hundred thousand calls, five hundred endings
python -m bench.longlife --short    five thousand calls, forty endings
"""

from __future__ import annotations

import sys

import anyio

from bench import calls, endings


def main() -> int:
    """Print both tables."""
    is_short = "--short" in sys.argv
    lives = show_calls(5_000 if is_short else 100_000)
    print()
    return 0 if show_endings(40 if is_short else 500) and lives else 1


def show_calls(call_count: int) -> bool:
    """Print how the server lives; whether that is as promised."""
    life = anyio.run(calls.live, call_count)
    print("| calls | memory, MiB | file descriptors | tasks |")
    print("|---:|---:|---:|---:|")
    for state in life.states:
        print(
            f"| {state.call_count:,} | {state.rss_kib / 1024:.1f} | {state.descriptors} "
            f"| {state.tasks} |"
        )
    print(
        f"\nMemory grew by {life.growth:.1%} after the first {calls.WARM_UP:,} calls "
        f"(at most 5%); {life.wrong_count} wrong answers with {calls.AT_ONCE} calls in flight; "
        f"{life.per_second:.0f} calls a second."
    )
    return life.holds


def show_endings(count: int) -> bool:
    """Print how the server ends; whether that is as promised."""
    ended = endings.measure(count)
    print("| ending at a random moment | times | slowest, s | over 2 s | orphans | files |")
    print("|---|---:|---:|---:|---:|---:|")
    for kind, results in ended.items():
        slowest = max(result.taken_s for result in results)
        hung = sum(result.taken_s > endings.LONGEST_S for result in results)
        left = sum(result.is_left_over for result in results)
        written = sum(len(result.written) for result in results)
        print(f"| {kind} | {len(results)} | {slowest:.2f} | {hung} | {left} | {written} |")
    broken = [result for results in ended.values() for result in results if not result.holds]
    for result in broken:
        print(result)
    return not broken


if __name__ == "__main__":
    sys.exit(main())
