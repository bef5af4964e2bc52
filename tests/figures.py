"""What tests of trust count and measure: the figures that docs/security.md quotes.

A test that takes the fixture `figure` says what it saw: `figure("slowest_end_s", 0.2)`. Several
tests, or cases of one, may say the same figure; `join` makes one of it.

python -m pytest -m figures -p tests.figures                    print the table (`make trust`)
python -m pytest -m figures -p tests.figures --write-figures    write it into the page too
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
BEGIN = "<!-- begin: make trust -->"
END = "<!-- end: make trust -->"

PROPERTY = "figure"

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `bound` says what is promised, where something is."""

    key: str
    words: str
    bound: str = ""
    join: Callable[[Iterable[float]], float] = sum
    decimals: int = 0

    def row(self, said: list[float]) -> str:
        """The line, from all that was said of it."""
        value = f"{self.join(said):,.{self.decimals}f}" if said else "not measured here"
        return f"| {self.words} | {value} | {self.bound} |"


FIGURES = (
    Figure("hostile_texts", "hostile texts in the catalogue", "at least 60", max),
    Figure("hostile_fields", "fields of text that each of them stands in", "", max),
    Figure("hostile_answers", "answers, as text and in JSON, that were searched for them"),
    Figure("hostile_prompts", "prompts and completions that were searched for them"),
    Figure("faulty_cases", "calls of a tool while a fault lasts"),
    Figure("faulty_slowest_s", "the slowest of them, s", "less than 25", max, 1),
    Figure("faulty_busy", "connections left busy after them", "0"),
    Figure(
        "faulty_growth_mb", "memory that an endless body or a bomb adds, MB", "less than 150", max
    ),
    Figure("key_faults", "faults in whose output the key was looked for"),
    Figure("key_bytes", "bytes that the process wrote meanwhile"),
    Figure("key_requests", "requests that carried the key in their header, and nowhere else"),
    Figure("key_found", "places where else it was found", "0"),
    Figure("down_calls", "calls to a server that is known to be down"),
    Figure("down_slowest_s", "the slowest of these, s", "less than 2.5", max, 1),
    Figure("together_calls", "calls at once over one connection"),
    Figure("together_wrong", "of them answered otherwise than alone", "0"),
    Figure("together_repeated", "requests made twice for calls that need the same", "0"),
    Figure("together_most", "requests under way at the same time", "at most 8", max),
    Figure("era_answers", "answers compared between eras and transports"),
    Figure("era_other", "of them not the same, byte for byte", "0"),
    Figure("inspector_problems", "problems of schemas that Inspector reports (--strict)", "0"),
    Figure("inspector_calls", "calls that Inspector made (--load)", "500"),
    Figure("inspector_errors", "of them that failed", "0"),
    Figure(
        "slowest_end_s", "slowest end after a signal or the end of input, s", "less than 1", max, 2
    ),
    Figure("corpus", "kept inputs of the fuzzer that hold every property"),
)
_KEYS = frozenset(figure.key for figure in FIGURES)


def teller(record_property: Callable[[str, object], None]) -> Tell:
    """What the fixture `figure` gives to a test."""

    def tell(key: str, value: float) -> None:
        assert key in _KEYS, key
        record_property(PROPERTY, (key, value))

    return tell


def table(said: dict[str, list[float]]) -> str:
    """The figures as Markdown."""
    rows = [figure.row(said.get(figure.key, [])) for figure in FIGURES]
    return "\n".join(["| what | figure | promised |", "|---|---:|---:|", *rows])


def documented() -> list[str]:
    """What the page's table has figures for."""
    text = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in text.strip().split("\n")[2:]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that this file's head names."""
    parser.addoption("--write-figures", action="store_true", help=f"write them into {PAGE.name}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table of what the tests that passed have said."""
    said: dict[str, list[float]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, content in report.user_properties if report.when == "call" else ():
            if name == PROPERTY:
                said.setdefault(content[0], []).append(content[1])
    shown = table(said)
    terminalreporter.write_line(f"\n{shown}\n")
    if config.getoption("--write-figures"):
        head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n{shown}\n{END}{tail}", encoding="utf-8")
