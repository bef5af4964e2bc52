"""The matrix of faults and tools: prints it as Markdown, keeps the one in the documentation.

python -m tests.faults.matrix            print it
python -m tests.faults.matrix write      write it into docs/reliability.md
python -m tests.faults.matrix memory F   print by how many MB the process grows under fault F
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from tests.faults.catalogue import FAULTS
from tests.faults.harness import STAGES, TOOLS, Outcome, outcome, outcomes, right_answer

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- begin: make faults -->"
END = "<!-- end: make faults -->"


def cells_of(found: dict[tuple[str, str], Outcome], right: dict[str, Outcome]) -> list[str]:
    """What each tool said; at both stages, where it was not the same."""
    cells = []
    for tool in TOOLS:
        words = [_cell(found[tool, stage], right[tool]) for stage in STAGES]
        cells.append(" / ".join(dict.fromkeys(words)))
    return cells


def _cell(one: Outcome, right: Outcome) -> str:
    if one.error:
        return one.error.removesuffix("Error")
    return "answer" if one.text == right.text else "other answer"


async def table() -> str:
    """The whole matrix."""
    lines = [
        f"| fault | {' | '.join(TOOLS)} | slowest, s |",
        "|---|" + "---|" * len(TOOLS) + "--:|",
    ]
    for fault in FAULTS:
        found = await outcomes(fault)
        right = {tool: await right_answer(tool, fault.generation) for tool in TOOLS}
        slowest = max(one.seconds for one in found.values())
        cells = [fault.name, *cells_of(found, right), f"{slowest:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def documented() -> dict[str, list[str]]:
    """The table of the documentation: the cells of each fault."""
    text = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = [line.strip("| ").split(" | ") for line in text.strip().split("\n")[2:]]
    return {name: cells for name, *cells in rows}


async def growth_mb(name: str) -> float:
    """How much more memory than for good answers the process needs for one fault."""
    fault = next(fault for fault in FAULTS if fault.name == name)
    for tool in TOOLS:
        await outcome(FAULTS[0], tool, "later")
    await outcome(fault, "list_sites", "at first")  # makes what the server sends
    before = _memory_mb("VmRSS")
    for tool in TOOLS:
        await outcome(fault, tool, "later")
    return _memory_mb("VmHWM") - before


def _memory_mb(name: str) -> float:
    """Memory now (`VmRSS`) or at most (`VmHWM`); rusage would count the parent's before exec."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").split("\n")
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def main() -> None:
    """Do what the arguments say."""
    logging.disable()
    match sys.argv[1:]:
        case []:
            print(asyncio.run(table()))
        case ["write"]:
            page = PAGE.read_text(encoding="utf-8")
            head, rest = page.split(BEGIN)
            tail = rest.split(END)[1]
            PAGE.write_text(f"{head}{BEGIN}\n{asyncio.run(table())}\n{END}{tail}", encoding="utf-8")
        case ["memory", name]:
            print(f"{asyncio.run(growth_mb(name)):.1f}")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
