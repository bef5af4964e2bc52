"""`python -m evals.truth`: computes every question's facts from the demo's events, by SQL.

Nothing of the product's answers or analysis takes part. Differences from the facts in the
questions' files are printed, exit code 1; `--write` writes the computed ones instead.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from evals.facts import Fact
from evals.questions import FOLDER, Question, load
from rybbit_mcp.demo.data import generate

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
"""The time of all questions: a Tuesday."""
SEED = 1

_MACROS = Path(__file__).with_name("truth.sql")


def open_events(now: datetime = NOW) -> duckdb.DuckDBPyConnection:
    """The demo's database with the macros that truths are written in."""
    database = generate(now=now, seed=SEED)
    database.execute(_MACROS.read_text(encoding="utf-8"))
    return database


def computed(question: Question, database: duckdb.DuckDBPyConnection) -> tuple[Fact, ...]:
    """The question's facts as its SQL computes them: one a row, an item a column, NULL is none.

    Units: decimals are rounded to hundredths.
    """
    rows = database.execute(question.truth).fetchall()
    return tuple(tuple(_item(value) for value in row if value is not None) for row in rows)


def differing(
    questions: Iterable[Question], database: duckdb.DuckDBPyConnection
) -> Mapping[str, tuple[Fact, ...]]:
    """The computed facts of questions whose written ones are others, by id."""
    truths = {question.id: (question.facts, computed(question, database)) for question in questions}
    return {
        name: found for name, (written, found) in truths.items() if sorted(written) != sorted(found)
    }


def written(facts: Iterable[Fact]) -> str:
    """The facts as a TOML array, one a line."""
    lines = [f"  {json.dumps(list(fact), ensure_ascii=False)},\n" for fact in facts]
    return f"facts = [\n{''.join(lines)}]\n"


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    found = differing(load(), open_events())
    for name, facts in found.items():
        print(f"{name}\n{written(facts)}")
    if "--write" in arguments:
        for path in FOLDER.glob("*.toml"):
            path.write_text(_replaced(path.read_text(encoding="utf-8"), found), encoding="utf-8")
        return 0
    return int(bool(found))


def _replaced(text: str, truths: Mapping[str, tuple[Fact, ...]]) -> str:
    """The questions' file with the facts of these questions replaced."""
    tables = re.split(r"^(?=\[\[question\]\])", text, flags=re.MULTILINE)
    for place, table in enumerate(tables):
        name = re.search(r'^id = "(.+)"$', table, re.MULTILINE)
        if name and name[1] in truths:
            before, _, rest = table.partition("facts = [\n")
            _, _, after = rest.partition("\n]\n")
            tables[place] = before + written(truths[name[1]]) + after
    return "".join(tables)


def _item(value: object) -> str:
    if isinstance(value, float | Decimal):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, int | str):
        return str(value)
    raise TypeError(f"a truth gives texts and numbers, not {type(value).__name__}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
