"""`make longlife`: how the server lives and how it ends; exits with 1 if a promise is broken.

python -m bench.longlife            a hundred thousand calls, five hundred endings
python -m bench.longlife --short    five thousand calls, forty endings
python -m bench.longlife --write    the long form, written into docs/reliability.md too
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import anyio

from bench import calls, endings

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
_BLOCK = re.compile(r"(<!-- begin: make longlife -->\n).*?(<!-- end: make longlife -->)", re.DOTALL)


class Report:
    """Prints lines as they come, and keeps them."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def say(self, line: str = "") -> None:
        """Print a line at once: the next one can take minutes."""
        print(line, flush=True)
        self._lines.append(line)

    def write(self, page: Path) -> None:
        """Put everything that was said between the page's two marks."""
        said = "\n".join(self._lines)
        text = page.read_text(encoding="utf-8")
        written, count = _BLOCK.subn(lambda marks: f"{marks[1]}{said}\n{marks[2]}", text)
        assert count == 1, "the page has no place for the figures"
        page.write_text(written, encoding="utf-8")


def main() -> int:
    """Print both tables."""
    is_short = "--short" in sys.argv
    report = Report()
    lives = show_calls(5_000 if is_short else 100_000, report)
    report.say()
    ends = show_endings(40 if is_short else 500, report)
    if "--write" in sys.argv and not is_short:
        report.write(PAGE)
    return 0 if lives and ends else 1


def show_calls(call_count: int, report: Report) -> bool:
    """Say how the server lives; whether that is as promised."""
    life = anyio.run(calls.live, call_count)
    report.say("| calls | memory, MiB | file descriptors | tasks |")
    report.say("|---:|---:|---:|---:|")
    for state in life.states:
        report.say(
            f"| {state.call_count:,} | {state.rss_kib / 1024:.1f} | {state.descriptors} "
            f"| {state.tasks} |"
        )
    report.say()
    report.say(
        f"Memory grew by {life.growth:.1%} after the first {calls.WARM_UP:,} calls "
        f"(at most 5%); {life.wrong_count} wrong answers with {calls.AT_ONCE} calls in flight; "
        f"{life.per_second:.0f} calls a second."
    )
    return life.holds


def show_endings(count: int, report: Report) -> bool:
    """Say how the server ends; whether that is as promised."""
    ended = endings.measure(count)
    report.say("| ending at a random moment | times | slowest, s | over 2 s | orphans | files |")
    report.say("|---|---:|---:|---:|---:|---:|")
    for kind, results in ended.items():
        slowest = max(result.taken_s for result in results)
        hung = sum(result.taken_s > endings.LONGEST_S for result in results)
        left = sum(result.is_left_over for result in results)
        written = sum(len(result.written) for result in results)
        report.say(f"| {kind} | {len(results)} | {slowest:.2f} | {hung} | {left} | {written} |")
    broken = [result for results in ended.values() for result in results if not result.holds]
    for result in broken:
        print(result)
    return not broken


if __name__ == "__main__":
    sys.exit(main())
