from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from rybbit_mcp.answers.answer import Answer, Table, render, row_line
from rybbit_mcp.answers.budget import (
    SMALLEST_CHARS,
    Budget,
    fit,
    fitted,
    largest_fitting,
    structured_size,
    text_size,
)

VISITS = Table(
    "visits",
    ("time", "page", "id"),
    tuple((f"{n:02d}:00", "/product", f"id{n}") for n in range(99)),
)
PLACES = Table("places", ("country", "visits"), (("DE", 2),))
ANSWER = Answer(head=("visits of shop.example",), tables=(VISITS,), next=("list_sites()",))


def rest_of_visits(shown: int, total: int) -> tuple[str, ...]:
    return (f"list_sessions(offset={shown}, limit={total - shown})",)


def test_an_answer_that_fits_is_left_alone() -> None:
    assert fitted(ANSWER, max_chars=text_size(ANSWER)) is ANSWER
    assert fit(ANSWER, max_chars=8000, on_cut=rest_of_visits) == render(ANSWER)


def test_a_longer_answer_loses_whole_rows_and_says_how_to_get_them() -> None:
    text = fit(ANSWER, max_chars=SMALLEST_CHARS, on_cut=rest_of_visits)

    assert len(text) <= SMALLEST_CHARS
    assert text == snapshot("""\
# visits of shop.example
# shortened to 600 characters: 22 of 99 visits shown

time	page	id
00:00	/product	id0
01:00	/product	id1
02:00	/product	id2
03:00	/product	id3
04:00	/product	id4
05:00	/product	id5
06:00	/product	id6
07:00	/product	id7
08:00	/product	id8
09:00	/product	id9
10:00	/product	id10
11:00	/product	id11
12:00	/product	id12
13:00	/product	id13
14:00	/product	id14
15:00	/product	id15
16:00	/product	id16
17:00	/product	id17
18:00	/product	id18
19:00	/product	id19
20:00	/product	id20
21:00	/product	id21
# next: list_sessions(offset=22, limit=77)
# next: list_sites()\
""")


def test_as_many_rows_stay_as_fit() -> None:
    cut = fitted(ANSWER, max_chars=1000, on_cut=rest_of_visits)
    shown = len(cut.tables[0].rows)

    longer = replace(cut, tables=(replace(VISITS, rows=VISITS.rows[: shown + 1]),))
    assert text_size(cut) <= 1000 < text_size(longer)


def test_tables_give_up_rows_in_the_order_asked_for() -> None:
    answer = replace(ANSWER, tables=(VISITS, replace(VISITS, name="entries"), VISITS))

    def row_counts(*tables: int) -> list[int]:
        cut = fitted(answer, max_chars=4200, tables=tables, on_cut=rest_of_visits)
        return [len(table.rows) for table in cut.tables]

    assert row_counts() == snapshot([99, 99, 4])
    assert row_counts(0) == snapshot([2, 99, 99])
    assert row_counts(1, 0) == snapshot([99, 2, 99])
    assert row_counts(1, 7) == row_counts(1)


def test_calls_for_the_rest_are_given_for_the_first_table_only() -> None:
    answer = replace(ANSWER, tables=(PLACES, VISITS))

    assert fitted(answer, max_chars=1000, on_cut=rest_of_visits, tables=()).next == ANSWER.next
    assert fitted(answer, max_chars=1000, on_cut=rest_of_visits).next == (
        "list_sessions(offset=0, limit=1)",
        "list_sites()",
    )
    assert fitted(answer, max_chars=1000, on_cut=rest_of_visits, tables=(1,)).next == (
        "list_sessions(offset=40, limit=59)",
        "list_sites()",
    )


def test_lines_go_when_no_row_fits_and_rows_return_when_lines_went() -> None:
    answer = replace(
        ANSWER,
        notes=("a note " * 20, "a long note " * 100),
        facts=(("who", "v482910375"), ("story", "long " * 100)),
    )

    cut = fitted(answer, max_chars=SMALLEST_CHARS, on_cut=rest_of_visits)

    assert text_size(cut) <= SMALLEST_CHARS
    assert cut.notes == ()
    assert cut.facts == answer.facts[:1]
    assert cut.tables[0].rows
    assert cut.head[1:] == snapshot(
        ("shortened to 600 characters: 21 of 99 visits shown, 3 lines left out",)
    )


def test_the_first_line_and_the_calls_go_last() -> None:
    answer = Answer(head=("a" * 300, "b" * 300), tables=(VISITS,), next=("own()" * 50,))

    def kept(max_chars: int) -> tuple[int, int]:
        cut = fitted(answer, max_chars=max_chars, on_cut=lambda *_: ("rest()" * 20,))
        assert text_size(cut) <= max_chars
        return len(cut.head), len(cut.next)

    assert [kept(chars) for chars in (1000, 700, 550, 250, 120)] == snapshot(
        [(2, 2), (2, 1), (2, 1), (1, 1), (1, 0)]
    )


def test_many_shortened_tables_are_counted() -> None:
    answer = Answer(head=("x",), tables=(VISITS,) * 6)

    head = fitted(answer, max_chars=SMALLEST_CHARS).head

    assert head[1].split(", ") == snapshot(
        [
            "shortened to 600 characters: 0 of 99 visits shown",
            "24 of 99 visits shown",
            "4 more tables shortened",
        ]
    )


def test_a_budget_is_what_was_asked_for_within_bounds() -> None:
    budget = Budget()

    assert [budget.chars(), budget.chars(20_000)] == [8_000, 20_000]
    assert [budget.chars(10**6), budget.chars(0)] == [40_000, SMALLEST_CHARS]


def test_an_answer_about_exactly_its_rows_is_built_for_the_most_that_fit() -> None:
    def build(shown: int) -> Answer:
        head = (f"summary of exactly {shown} visits",)
        return Answer(head=head, tables=(replace(VISITS, rows=VISITS.rows[:shown]),))

    cut = largest_fitting(build, 99, max_chars=1000)
    shown = len(cut.tables[0].rows)

    assert cut == build(shown)
    assert text_size(build(shown)) <= 1000 < text_size(build(shown + 1))
    assert largest_fitting(build, 99, max_chars=8000) == build(99)


def test_an_answer_too_long_without_rows_loses_lines() -> None:
    cut = largest_fitting(lambda shown: Answer(head=("x",), notes=("n" * 900,)), 3, max_chars=600)

    assert cut.notes == ()
    assert text_size(cut) <= 600


LINES = st.lists(st.text("ab # ", max_size=400), max_size=4).map(tuple)
ROWS = st.lists(
    st.tuples(st.text("xyz#é ", max_size=60), st.integers(), st.floats()), max_size=30
).map(tuple)
TABLES = st.lists(
    st.builds(Table, st.sampled_from(["visits", "places"]), st.just(("a", "b", "c")), ROWS),
    max_size=3,
).map(tuple)
ANSWERS = st.builds(
    Answer,
    head=LINES,
    tables=TABLES,
    next=LINES,
    notes=LINES,
    facts=st.lists(st.tuples(st.text("k", min_size=1), st.text("v", max_size=300)), max_size=4).map(
        tuple
    ),
)


@settings(max_examples=200)
@given(ANSWERS, st.integers(SMALLEST_CHARS, 4000), st.permutations([0, 1, 2]))
def test_no_answer_is_longer_than_its_budget_and_every_row_is_whole(
    answer: Answer, max_chars: int, tables: list[int]
) -> None:
    cut = fitted(answer, max_chars=max_chars, on_cut=rest_of_visits, tables=tables)
    text = render(cut)

    assert len(text) <= max_chars
    for table, whole in zip(cut.tables, answer.tables, strict=False):
        assert table.rows == whole.rows[: len(table.rows)]
        for row in table.rows:
            assert row_line(row) in text.split("\n")
    shortened = any("shortened to" in line for line in cut.head)
    assert shortened == (cut != answer)


@given(ANSWERS)
def test_the_structured_form_has_a_budget_too(answer: Answer) -> None:
    cut = fitted(answer, max_chars=2000, size=structured_size)

    assert structured_size(cut) <= 2000
