"""The neutral form of every answer, and its two renderings: text, and columns with rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypedDict

from rybbit_mcp.answers.clean import outgoing, outgoing_call
from rybbit_mcp.answers.words import EMPTY, exact, number, quoted

Cell = str | int | float
NEXT_LINES = 3

# What Markdown takes for the beginning of a block, or for a line of ours.
_BEGINS_BLOCK = re.compile(r"#|~~~|>|(?:[-+*]|[0-9]{1,9}[.)])(?:\s|$)|[-=*_|:][-=*_|:\s]*$")
_NEEDS_QUOTES = re.compile(r"[,;=\"]")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; units stand in the column names, `""` is an empty cell."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool says.

    `head` says what, where, when and how much; `notes` may be left out when the budget is tight,
    the last first. `facts` describe one thing. `next` holds complete calls that are valid now.
    """

    head: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    next: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


class StructuredTableDict(TypedDict):
    """A table in the structured form."""

    name: str
    columns: list[str]
    rows: list[list[str | int | float | None]]


class StructuredAnswerDict(TypedDict):
    """An answer in the structured form."""

    notes: list[str]
    tables: list[StructuredTableDict]
    next: list[str]


def render(answer: Answer) -> str:
    """The answer as text.

    Shape: `# ` lines; `key: value` lines; each table with rows as TSV under one header row, with
    a `## name` line if there are several; at most three `# next: ` lines. A blank line stands
    before the facts and before each table.
    """
    blocks = [[f"# {outgoing(line)}" for line in (*answer.head, *answer.notes)]]
    blocks.append([_not_ours(f"{outgoing(key)}: {_cell(text)}") for key, text in answer.facts])
    tables = [table for table in answer.tables if table.rows]
    for table in tables:
        title = [f"## {outgoing(table.name)}"] if len(tables) > 1 else []
        columns = "\t".join(map(outgoing, table.columns))
        blocks.append([*title, columns, *map(row_line, table.rows)])
    text = "\n\n".join(["\n".join(block) for block in blocks if block])
    calls = [f"# next: {outgoing_call(call)}" for call in answer.next[:NEXT_LINES]]
    return "\n".join([text, *calls]) if text else "\n".join(calls)


def row_line(row: tuple[Cell, ...]) -> str:
    """One row as a line of TSV, `-` for an empty cell."""
    return _not_ours("\t".join([_cell(cell) for cell in row]))


def structured(answer: Answer) -> StructuredAnswerDict:
    """The answer as JSON-ready columns and rows; facts as a table, None for an empty cell."""
    tables = list(answer.tables)
    if answer.facts:
        tables.insert(0, Table("facts", ("key", "value"), answer.facts))
    return {
        "notes": [outgoing(line) for line in (*answer.head, *answer.notes)],
        "tables": [
            {
                "name": outgoing(table.name),
                "columns": [outgoing(column) for column in table.columns],
                "rows": [[_json_cell(cell) for cell in row] for row in table.rows],
            }
            for table in tables
        ],
        "next": [outgoing_call(call) for call in answer.next[:NEXT_LINES]],
    }


def fold_constant_columns(
    table: Table, keep: frozenset[str] = frozenset()
) -> tuple[Table, list[str]]:
    """The table without columns that say the same in every row, and the line that says it once.

    Shape: `all rows: device=Mobile, country=DE; none: errors, utm` without the `# `, or no line.
    `none` names the columns that are empty or 0 throughout. A table of one row loses only those.
    Columns in `keep` stay, and so does the first one if all would go.
    """
    if not table.rows:
        return table, []
    shown, constant, empty = [], [], []
    for index, column in enumerate(table.columns):
        values = {row[index] for row in table.rows}
        if column in keep or len(values) > 1:
            shown.append(index)
        elif values <= {"", EMPTY, 0}:
            empty.append(column)
        elif len(table.rows) > 1:
            constant.append(f"{column}={_quoted(_cell(table.rows[0][index]))}")
        else:
            shown.append(index)
    if not shown:
        return fold_constant_columns(table, keep | {table.columns[0]})
    parts = [f"all rows: {', '.join(constant)}"] if constant else []
    parts += [f"none: {', '.join(empty)}"] if empty else []
    folded = replace(
        table,
        columns=tuple([table.columns[index] for index in shown]),
        rows=tuple([tuple([row[index] for index in shown]) for row in table.rows]),
    )
    return folded, ["; ".join(parts)] if parts else []


def _not_ours(line: str) -> str:
    """The line; escaped if it began as ours do, or as a block that Markdown draws otherwise."""
    return f"\\{line}" if _BEGINS_BLOCK.match(line) else line


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return outgoing(cell) or EMPTY
    return str(cell) if isinstance(cell, int) else number(cell)


def _json_cell(cell: Cell) -> str | int | float | None:
    if isinstance(cell, str):
        return outgoing(cell) or None
    return cell if isinstance(cell, int) else exact(cell)


def _quoted(text: str) -> str:
    """The value, in quotes where its own characters could be taken for the line's."""
    return quoted(text) if _NEEDS_QUOTES.search(text) else text
