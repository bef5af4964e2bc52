"""`make bench`: prints every figure that the documentation quotes, against its bound.

Exits with 1 if a bound is missed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench import speed, tokens


async def run() -> bool:
    """Print the tables; whether every bound holds."""
    holds = True
    print("| question | tokens | at most | as API JSON | ratio |")
    print("|---|---:|---:|---:|---:|")
    for cost in await tokens.measure():
        ratio = cost.raw_tokens / cost.tokens
        print(
            f"| {cost.question} | {cost.tokens:,} | {cost.bound:,} | {cost.raw_tokens:,} "
            f"| {ratio:.0f}:1 |"
        )
        holds &= cost.tokens <= cost.bound
    schema = await tokens.schema_tokens()
    print(f"| tools/list, whole | {schema:,} | 2,000 | | |")
    holds &= schema <= 2000
    if "--tokens" in sys.argv:
        return holds
    starts = await speed.measure_starts()
    calls = await speed.measure_calls()
    print()
    print("| time | measured | at most |")
    print("|---|---:|---:|")
    print(
        f"| start to tools/list, ours / bare SDK ({starts.ours_s:.2f} s / {starts.bare_s:.2f} s) "
        f"| {starts.ratio:.2f} | 1.10 |"
    )
    print(
        f"| list_sessions over stdio (raw API call {calls.raw_ms:.1f} ms, "
        f"no-op {calls.noop_ms:.1f} ms) | {calls.list_sessions_ms:.1f} ms "
        f"| {calls.bound_ms:.1f} ms |"
    )
    print(flush=True)
    # A process counts the peak memory of the one it was made by: one that is small is between.
    command = [sys.executable, "-m", "bench.analysis"]
    local = await anyio.run_process(command, stdout=None, cwd=ROOT, check=False)
    holds &= local.returncode == 0
    return holds and starts.ratio <= 1.10 and calls.list_sessions_ms <= calls.bound_ms


if __name__ == "__main__":
    sys.exit(0 if anyio.run(run) else 1)
