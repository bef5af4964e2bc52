"""Summaries: rows that add up or say why not, and comparisons that invent nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rybbit_mcp.analysis.comparison import other_window
from rybbit_mcp.analysis.outcome import Basis, Group, Outcome
from rybbit_mcp.analysis.specification import Specification
from rybbit_mcp.answers.answer import Answer, render, structured
from rybbit_mcp.answers.budget import structured_size, text_size
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.privacy import Privacy
from rybbit_mcp.answers.summary import SummaryAsked, render_summary
from rybbit_mcp.api.window import resolve_window

NOW = datetime(2026, 11, 24, 13, 5, 40, tzinfo=UTC)
TODAY = resolve_window(now=NOW, zone="UTC", period="today")
BY_CHANNEL = Specification(TODAY, group_by=("channel",), metrics=("sessions",))


def outcome(
    counts: dict[str, int], *, total: int = 0, group_count: int = 0, **basis: Any
) -> Outcome:
    """Groups with these visits, largest first."""
    groups = [Group((name,), count, (count,)) for name, count in counts.items()]
    visit_count = total or sum(counts.values())
    return Outcome(
        groups=tuple(sorted(groups, key=lambda group: (-group.session_count, group.key))),
        total=Group((), visit_count, (visit_count,)),
        group_count=group_count or len(groups),
        basis=Basis("local", visit_count, **basis),
    )


def answer_of(
    now: Outcome,
    before: Outcome | None = None,
    *,
    specification: Specification = BY_CHANNEL,
    is_structured: bool = False,
    compare: str = "yesterday",
) -> Answer:
    window = other_window(specification.window, compare, NOW) if before else None
    return render_summary(
        now,
        before,
        SummaryAsked("site 1", specification, NOW, compared_with=window),
        privacy=Privacy("standard", b"k" * 32),
        gate=Gate(),
        max_chars=8000,
        size=structured_size if is_structured else text_size,
    )


def rows_of(answer: Answer) -> list[tuple[object, ...]]:
    return list(answer.tables[0].rows)


def notes_of(answer: Answer) -> Sequence[str]:
    return (*answer.head, *answer.notes)


MIXED_NOW = {"Paid": 20, "Email": 10, "Direct": 4, "Rare": 1}
MIXED_BEFORE = {"Paid": 20, "Direct": 10, "Email": 4, "Gone": 6, "Seldom": 2}


def test_a_minimum_holds_for_the_larger_of_both_windows() -> None:
    asked = replace(BY_CHANNEL, min_sessions=5)

    answer = answer_of(outcome(MIXED_NOW), outcome(MIXED_BEFORE), specification=asked)

    assert rows_of(answer) == [
        ("Paid", 20, "+0", "+0%"),
        ("Email", 10, "+6", "+150%"),
        ("Direct", 4, "-6", "-60%"),
        ("Gone", 0, "-6", "-100%"),
        ("total", 35, "-7", "-17%"),
    ]
    assert "below min_sessions: 2 groups, 1 visit, 2 before" in answer.head
    (movers,) = [line for line in answer.notes if line.startswith("biggest movers")]
    assert movers.endswith("Direct 10 → 4, Email 4 → 10, Gone 6 → 0")


def test_others_are_the_groups_that_reach_the_minimum() -> None:
    asked = replace(BY_CHANNEL, min_sessions=5, top=2)
    counts = {"a": 9, "b": 8, "c": 7, "d": 6, "e": 4, "f": 3, "g": 1}

    answer = answer_of(outcome(counts), specification=asked)

    assert rows_of(answer) == [("a", 9), ("b", 8), ("others (2)", 13), ("total", 38)]
    assert "below min_sessions: 3 groups, 8 visits" in answer.head


def test_nothing_is_said_of_a_minimum_that_all_groups_reach() -> None:
    answer = answer_of(outcome({"a": 9, "b": 8}), specification=replace(BY_CHANNEL, min_sessions=5))

    assert rows_of(answer) == [("a", 9), ("b", 8), ("total", 17)]
    assert "min_sessions" not in render(answer)


def test_groups_that_an_engine_left_out_are_told_by_what_is_missing_in_the_total() -> None:
    asked = replace(BY_CHANNEL, min_sessions=5, top=1)

    answer = answer_of(outcome({"a": 9, "b": 8}, total=47), specification=asked)

    assert rows_of(answer) == [("a", 9), ("others (1)", 8), ("total", 47)]
    assert "below min_sessions: 30 visits" in answer.head


def test_of_visits_in_several_groups_only_the_groups_are_counted() -> None:
    asked = replace(BY_CHANNEL, group_by=("event_name",), min_sessions=5, top=1)

    answer = answer_of(outcome({"a": 9, "b": 8, "c": 2}, total=10), specification=asked)

    assert rows_of(answer) == [("a", 9), ("others (1)", ""), ("total", 10)]
    assert "below min_sessions: 1 group" in answer.head


def test_of_groups_that_were_not_sent_nothing_is_told_apart() -> None:
    asked = replace(BY_CHANNEL, min_sessions=5, top=2)

    answer = answer_of(
        outcome({"a": 9, "b": 8, "c": 7}, total=100, group_count=40), specification=asked
    )

    assert rows_of(answer) == [("a", 9), ("b", 8), ("total", 100)]
    assert "in no row: groups not sent, or below min_sessions: 83 visits" in answer.head


def test_others_of_groups_that_were_not_sent_are_the_rest_of_the_total() -> None:
    answer = answer_of(
        outcome({"a": 9, "b": 8, "c": 7}, total=100, group_count=40),
        specification=replace(BY_CHANNEL, top=2),
    )

    assert rows_of(answer) == [("a", 9), ("b", 8), ("others (38)", 83), ("total", 100)]


def test_a_group_that_may_not_have_been_sent_is_neither_new_nor_gone() -> None:
    now = outcome({"a": 9, "b": 8}, total=100, group_count=40)
    before = outcome({"a": 7, "z": 6}, total=90, group_count=50)

    answer = answer_of(now, before)

    assert rows_of(answer) == [
        ("a", 9, "+2", "+29%"),
        ("b", 8, "", ""),
        ("others", 83, "", ""),
        ("total", 100, "+10", "+11%"),
    ]
    assert not [line for line in answer.notes if "z" in line.partition(":")[2]]


@pytest.mark.parametrize(
    ("period", "compare", "words"),
    [
        ("today", "yesterday", "2026-11-23 13:05:40 UTC (the same part of it)"),
        ("today", "previous_period", "2026-11-23 13:05:40 UTC (the same part of it)"),
        ("this_month", "last_month", "2026-10-24 13:05:40 UTC (the same part of it)"),
        ("7d", "2026-10-01..2026-10-31", "compared with 2026-10-01 to 2026-10-31 UTC (all of it)"),
        ("today", "this_week", "2026-11-23 to 2026-11-24 (today until 13:05) UTC"),
        ("yesterday", "2026-11-10", "compared with 2026-11-10 UTC"),
    ],
)
def test_only_the_same_part_is_called_so(period: str, compare: str, words: str) -> None:
    window = resolve_window(now=NOW, zone="UTC", period=period)
    asked = replace(BY_CHANNEL, window=window)

    answer = answer_of(outcome({"a": 5}), outcome({"a": 5}), specification=asked, compare=compare)

    (line,) = [line for line in answer.head if line.startswith("compared with")]
    assert line.endswith(f"{words}: 5 visits")


def test_a_day_compared_whole_with_one_that_goes_on_says_so() -> None:
    other = resolve_window(now=NOW, zone="UTC", period="yesterday")
    answer = render_summary(
        outcome({"a": 5}),
        outcome({"a": 5}),
        SummaryAsked("site 1", BY_CHANNEL, NOW, compared_with=other),
        privacy=Privacy("standard", b"k" * 32),
        gate=Gate(),
        max_chars=8000,
    )

    assert "compared with 2026-11-23 UTC (all of it): 5 visits" in answer.head


def test_visits_read_for_an_earlier_question_are_as_of_then() -> None:
    earlier = NOW - timedelta(seconds=41)

    answer = answer_of(
        outcome({"a": 5}, read_at=earlier),
        outcome({"a": 4}, read_at=earlier - timedelta(minutes=1)),
    )

    assert "rests on 5 visits, all that match, by the local engine, as of 13:04:59" in answer.head
    assert any(line.endswith(": 4 visits, as of 13:03:59") for line in answer.head)


def test_visits_read_in_the_same_second_are_as_of_now() -> None:
    answer = answer_of(outcome({"a": 5}, read_at=NOW))

    assert "as of" not in render(answer)


def test_notes_about_the_compared_visits_are_told_once() -> None:
    both, first, second = "city was applied here", "1 left out", "4 left out"

    answer = answer_of(
        outcome({"a": 5}, notes=(both, first)), outcome({"a": 4}, notes=(both, second))
    )

    assert [line for line in answer.head if line.endswith(("here", "out"))] == [
        both,
        first,
        f"compared: {second}",
    ]


def test_programs_get_shares_and_changes_to_six_decimals() -> None:
    asked = replace(BY_CHANNEL, metrics=("share",))
    groups = (Group(("a",), 600, (0.998336,)), Group(("b",), 1, (0.001664,)))
    now = Outcome(groups, Group((), 601, (1.0,)), 2, Basis("local", 601))
    before = replace(now, groups=(Group(("a",), 600, (0.998003,)), Group(("b",), 2, (0.001997,))))

    answer = answer_of(now, before, specification=asked, is_structured=True)

    assert structured(answer)["tables"][0]["rows"] == [
        ["a", 0.998336, 0.000333],
        ["b", 0.001664, -0.000333],
        ["total", 1, 0],
    ]


@pytest.mark.parametrize(
    "dimension", ["channel", "utm_campaign", "entry_page", "referrer", "city", "path", "prop:plan"]
)
def test_a_visitors_text_does_not_pass_for_a_row_of_ours(dimension: str) -> None:
    asked = replace(BY_CHANNEL, group_by=(dimension,), top=4)
    texts = ("total", "Others (7)", "(unknown)", "(hidden)")
    now = outcome(dict.fromkeys(texts, 5) | {"": 3, "Sevilla": 1}, group_count=6)

    keys = [row[0] for row in rows_of(answer_of(now, specification=asked))]

    assert sorted(map(str, keys[:4])) == sorted(f'"{text}"' for text in texts)
    assert keys[4:] == ["others (2)", "total"]


def test_what_is_unknown_or_hidden_is_named_without_quotes() -> None:
    asked = replace(BY_CHANNEL, group_by=("city",))

    strict = render_summary(
        outcome({"": 3, "Sevilla": 1}),
        None,
        SummaryAsked("site 1", asked, NOW),
        privacy=Privacy("strict", b"k" * 32),
        gate=Gate(),
        max_chars=8000,
    )

    assert [row[0] for row in rows_of(strict)] == ["(unknown)", "(hidden)", "total"]


def test_a_visitors_text_does_not_add_a_mover() -> None:
    answer = answer_of(
        outcome({"a 9 → 99, Direct": 20, "Email": 9, "": 5}),
        outcome({"a 9 → 99, Direct": 1, "Email": 3}),
    )

    assert answer.notes == (
        'biggest movers (sessions): "a 9 -> 99, Direct" 1 → 20, Email 3 → 9, (unknown) 0 → 5',
    )


def test_a_page_does_not_add_a_step_to_a_path() -> None:
    asked = replace(BY_CHANNEL, group_by=("path",))

    answer = answer_of(outcome({"/a→/paid/thanks": 2, "/ > /b": 1}), specification=asked)

    assert [row[0] for row in rows_of(answer)] == ["/a->/paid/thanks", "/ > /b", "total"]
