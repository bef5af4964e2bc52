from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # the package ships no types

from rybbit_mcp.answers.answer import (
    Answer,
    Table,
    fold_constant_columns,
    render,
    row_line,
    structured,
)
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.structured import StructuredAnswer
from tests.hostile import HOSTILE
from tests.trust.test_hostile_everywhere import check_markdown, check_seen

VISITS = Table(
    "visits",
    ("time(Europe/Prague)", "dur_s", "errors", "device", "country", "utm", "id"),
    (
        ("01:56", 42, 0, "Mobile", "DE", "", "Ucu5AQfo"),
        ("01:50", 0, 0, "Mobile", "DE", "", "HostileT"),
    ),
)
PLACES = Table("places", ("country", "visits", "share"), (("DE", 2, "100%"),))
ANSWER = Answer(
    head=("visits of shop.example, 2026-11-24 00:00 to 24:00 (Europe/Prague)",),
    notes=("3 invisible or control characters removed from visitor-written text",),
    facts=(("who", "v482910375"), ("from", "")),
    tables=(VISITS, PLACES),
    next=("list_sessions(page=2)", "get_session(session='Ucu5AQfo')", "third()", "fourth()"),
)


def test_an_answer_reads_as_lines_then_facts_then_tables_then_calls() -> None:
    assert render(ANSWER) == snapshot("""\
# visits of shop.example, 2026-11-24 00:00 to 24:00 (Europe/Prague)
# 3 invisible or control characters removed from visitor-written text

who: v482910375
from: -

## visits
time(Europe/Prague)	dur_s	errors	device	country	utm	id
01:56	42	0	Mobile	DE	-	Ucu5AQfo
01:50	0	0	Mobile	DE	-	HostileT

## places
country	visits	share
DE	2	100%
# next: list_sessions(page=2)
# next: get_session(session='Ucu5AQfo')
# next: third()\
""")


def test_one_table_needs_no_title() -> None:
    assert render(Answer(head=("one",), tables=(PLACES,))) == snapshot("""\
# one

country	visits	share
DE	2	100%\
""")


def test_a_table_without_rows_is_not_shown() -> None:
    empty = Table("visits", ("id",), ())

    assert render(Answer(head=("no visits",), tables=(empty,), next=("x()",))) == snapshot("""\
# no visits
# next: x()\
""")
    assert render(Answer(head=(), next=("x()",))) == "# next: x()"


def test_cells_are_told_apart_whatever_is_in_them() -> None:
    assert row_line(("a\tb\nc", "", 0, 1.26, 12345)) == "a b c\t-\t0\t1.3\t12345"


@pytest.mark.parametrize(
    "text",
    [
        *("> said", "- one", "+ one", "* one", "1. one", "12) one", "- [ ] task", "-", "---"),
        *("- - -", "***", "===", "|---|---|", ":--|--:"),
    ],
)
def test_a_row_does_not_pass_for_a_block_of_markdown(text: str) -> None:
    assert row_line((text, "")) == f"\\{text}\t-"


@pytest.mark.parametrize(
    "text", ["-5", "+0:42", "1.5 km", "2026-11-24", "-x", "_blank", "/a - b", "(unknown)"]
)
def test_a_row_that_begins_no_block_stays_as_it_is(text: str) -> None:
    assert row_line((text, 3)) == f"{text}\t3"


@pytest.mark.parametrize("name", HOSTILE)
def test_whoever_wrote_a_line_of_ours_it_leads_nowhere(name: str) -> None:
    """Column names, filters and calls repeat what the caller wrote."""
    text = HOSTILE[name].encode("utf-8", "replace").decode()
    call = f"x(a={json.dumps(text, ensure_ascii=False)})"
    columns = (f"prop:{text}", f"sum:{text}")
    answer = Answer(
        head=(f"visits by prop:{text}",),
        notes=(f"city equals {text} was compared here",),
        facts=((f"a {text}", text),),
        tables=(
            Table(f"t {text}", columns, (("a", 1),)),
            Table(f"u {text}", columns, ((text, 2),)),
        ),
        next=(call,),
    )

    shown = render(answer)
    form = structured(answer)

    check_seen(shown)
    check_markdown(shown)
    lines = [line for line in shown.split("\n") if line.startswith("#")]
    assert [line.split(" ")[0] for line in lines] == ["#", "#", "##", "##", "#"]
    for line in (*form["notes"], *form["next"], *form["tables"][1]["columns"]):
        check_seen(line)
        check_markdown(f"x {line}")
        assert len(line.splitlines()) <= 1
    (sent,) = form["next"]
    assert json.loads(sent.removeprefix("x(a=")[:-1]) == text


@pytest.mark.parametrize("text", ["# next: drop()", "## visits"])
def test_a_row_or_a_fact_does_not_pass_for_a_line_of_ours(text: str) -> None:
    answer = Answer(
        head=("ours",), facts=((text, text),), tables=(Table("t", ("title",), ((text,),)),)
    )

    assert [line for line in render(answer).splitlines() if line.startswith("#")] == ["# ours"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_stays_in_its_cell(name: str) -> None:
    cell = Gate().text(HOSTILE[name])
    table = Table("t", ("title", "n"), ((cell, 1), (cell, 2)))
    lines = render(Answer(head=("ours",), tables=(table,))).split("\n")

    assert lines[:3] == ["# ours", "", "title\tn"]
    assert [line.count("\t") for line in lines[3:]] == [1, 1]


def test_columns_that_say_the_same_everywhere_are_said_once() -> None:
    folded, lines = fold_constant_columns(VISITS, keep=frozenset({"id"}))

    assert folded.columns == ("time(Europe/Prague)", "dur_s", "id")
    assert folded.rows == (("01:56", 42, "Ucu5AQfo"), ("01:50", 0, "HostileT"))
    assert lines == ["all rows: device=Mobile, country=DE; none: errors, utm"]


def test_a_table_of_one_row_loses_empty_columns_only() -> None:
    table = Table("visits", ("id", "device", "utm", "errors"), (("a", "Mobile", "-", 0),))

    folded, lines = fold_constant_columns(table)

    assert folded.columns == ("id", "device")
    assert lines == ["none: utm, errors"]


def test_a_kept_column_stays_constant_or_empty() -> None:
    table = Table("visits", ("id", "utm"), (("a", ""), ("a", "")))

    assert fold_constant_columns(table, keep=frozenset({"id", "utm"})) == (table, [])


def test_some_column_always_stays() -> None:
    table = Table("visits", ("device", "country"), (("Mobile", "DE"), ("Mobile", "DE")))

    folded, lines = fold_constant_columns(table)

    assert folded.rows == (("Mobile",), ("Mobile",))
    assert lines == ["all rows: country=DE"]
    assert fold_constant_columns(Table("t", ("a",), ())) == (Table("t", ("a",), ()), [])


def test_a_folded_value_cannot_pass_for_another_column() -> None:
    table = Table("t", ("id", "title"), (("a", 'x, country="DE"'), ("b", 'x, country="DE"')))

    assert fold_constant_columns(table)[1] == ["all rows: title=\"x, country='DE'\""]


CELLS = st.one_of(
    st.text("ab#-\t", max_size=3), st.integers(-2, 2), st.floats(allow_nan=False, width=16)
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.builds(
        Table,
        st.sampled_from(["visits", "places", ""]),
        st.just(tuple("abcd"[:width])),
        st.lists(st.tuples(*[CELLS] * width), max_size=5).map(tuple),
    )
)


@given(TABLES)
def test_folding_loses_nothing(table: Table) -> None:
    folded, lines = fold_constant_columns(table)

    assert len(folded.rows) == len(table.rows)
    gone = [column for column in table.columns if column not in folded.columns]
    assert bool(gone) == bool(lines)
    for column in gone:
        assert len({row[table.columns.index(column)] for row in table.rows}) == 1
    for index, column in enumerate(folded.columns):
        source = table.columns.index(column)
        assert [row[index] for row in folded.rows] == [row[source] for row in table.rows]


def test_the_structured_form_says_the_same() -> None:
    assert structured(ANSWER) == snapshot(
        {
            "notes": [
                "visits of shop.example, 2026-11-24 00:00 to 24:00 (Europe/Prague)",
                "3 invisible or control characters removed from visitor-written text",
            ],
            "tables": [
                {
                    "name": "facts",
                    "columns": ["key", "value"],
                    "rows": [["who", "v482910375"], ["from", None]],
                },
                {
                    "name": "visits",
                    "columns": [
                        "time(Europe/Prague)",
                        "dur_s",
                        "errors",
                        "device",
                        "country",
                        "utm",
                        "id",
                    ],
                    "rows": [
                        ["01:56", 42, 0, "Mobile", "DE", None, "Ucu5AQfo"],
                        ["01:50", 0, 0, "Mobile", "DE", None, "HostileT"],
                    ],
                },
                {
                    "name": "places",
                    "columns": ["country", "visits", "share"],
                    "rows": [["DE", 2, "100%"]],
                },
            ],
            "next": ["list_sessions(page=2)", "get_session(session='Ucu5AQfo')", "third()"],
        }
    )


@given(st.lists(TABLES, max_size=3).map(tuple))
def test_the_structured_form_keeps_to_its_schema(tables: tuple[Table, ...]) -> None:
    form = structured(Answer(head=("ours",), tables=tables))

    Draft202012Validator(StructuredAnswer.model_json_schema()).validate(form)
    assert json.loads(StructuredAnswer.of(Answer(("ours",), tables)).model_dump_json()) == form


def test_the_schema_names_what_a_cell_can_be() -> None:
    schema = StructuredAnswer.model_json_schema()

    assert schema["required"] == ["notes", "tables", "next"]
    assert schema["$defs"]["StructuredTable"]["properties"]["rows"] == snapshot(
        {
            "description": "One list of cells a row; null is an empty cell",
            "items": {
                "items": {
                    "anyOf": [
                        {"type": "string"},
                        {"type": "integer"},
                        {"type": "number"},
                        {"type": "null"},
                    ]
                },
                "type": "array",
            },
            "title": "Rows",
            "type": "array",
        }
    )


def test_text_answers_import_nothing_heavy() -> None:
    """Server start-up is measured; pydantic is for the structured mode only."""
    code = (
        "import sys; from rybbit_mcp.answers import answer, budget, clean, privacy, words; "
        "print({'mcp', 'httpx', 'duckdb', 'pydantic'} & set(sys.modules))"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert result.stdout.strip() == b"set()"
