"""The timeline of one visit: what folds, what pauses, and what survives condensing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.analysis.story import condense, conversion_name, tally
from rybbit_mcp.analysis.timeline import (
    Cycle,
    Idle,
    Item,
    Step,
    Stretch,
    error_facts,
    first_errors,
    fold,
    idle_after,
    plain,
    shown_events,
)
from rybbit_mcp.api.models import Event

START = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def event(
    at_s: int, path: str = "/", kind: str = "pageview", name: str = "", **properties: Any
) -> Event:
    return Event(
        at=START + timedelta(seconds=at_s),
        type=kind,
        pathname=path,
        name=name,
        properties=properties,
    )


def pages(*paths: str, step_s: int = 10) -> list[Event]:
    return [event(index * step_s, path) for index, path in enumerate(paths)]


def error(at_s: int, message: str, path: str = "/") -> Event:
    return event(at_s, path, "error", "TypeError", message=message, fileName="a.js", lineNumber=1)


def told(items: Sequence[Item]) -> int:
    """The number of events that these items tell."""
    return sum(0 if isinstance(item, Idle) else item.last - item.first + 1 for item in items)


def test_identical_events_in_a_row_become_one_step() -> None:
    rows = fold(pages("/a", "/a", "/a", "/b"))

    assert rows == (Step(0, 2), Step(3, 3))
    assert rows[0].times == 3


def test_events_that_differ_in_their_properties_stay_apart() -> None:
    events = [
        event(0, kind="custom_event", name="buy", value=1),
        event(1, kind="custom_event", name="buy", value=2),
        event(2, kind="custom_event", name="buy", value=2),
    ]

    assert fold(events) == (Step(0, 0), Step(1, 2))


def test_alternating_pages_become_one_cycle() -> None:
    rows = fold(pages("/", *["/a", "/b"] * 9, "/c"))

    assert rows == (Step(0, 0), Cycle(1, 18, (Step(1, 1), Step(2, 2)), 9), Step(19, 19))


def test_two_turns_are_no_cycle() -> None:
    assert fold(pages("/a", "/b", "/a", "/b")) == plain(pages("/a", "/b", "/a", "/b"))


def test_a_cycle_may_hold_repeats() -> None:
    rows = fold(pages(*["/a", "/a", "/b"] * 3))

    assert rows == (Cycle(0, 8, (Step(0, 1), Step(2, 2)), 3),)


def test_a_long_pause_stands_between_the_steps_and_ends_a_repeat() -> None:
    events = [event(0, "/a"), event(10, "/a"), event(20, "/a"), event(740, "/a")]

    assert fold(events) == (Step(0, 2), Idle(2, 720), Step(3, 3))


def test_a_pause_under_five_minutes_is_none() -> None:
    assert idle_after([event(0), event(1), event(2), event(301)]) == {}


def test_a_visit_that_is_slow_throughout_has_no_pauses() -> None:
    assert idle_after(pages("/a", "/b", "/c", "/d", step_s=400)) == {}


def test_the_only_gap_of_a_visit_counts_by_its_length_alone() -> None:
    assert idle_after([event(0), event(300)]) == {0: 300}


def test_the_first_of_each_error_stands_alone_and_knows_the_others() -> None:
    events = [event(0, "/cart"), error(1, "x"), event(2, "/cart"), error(3, "x"), error(4, "y")]

    assert first_errors(events) == {1: (2, 3), 4: (1, 4)}
    assert fold([events[0], *events[1:3] * 5]) == (
        Step(0, 0),
        Step(1, 1),
        Cycle(2, 9, (Step(2, 2), Step(3, 3)), 4),
        Step(10, 10),
    )


def test_performance_events_are_left_out() -> None:
    events = [event(0), event(1, kind="performance"), event(2)]

    assert shown_events(events) == (events[0], events[2])


def test_an_error_is_read_under_either_naming_of_its_properties() -> None:
    newer = event(
        0,
        kind="error",
        name="TypeError",
        message="m",
        stack="TypeError: m\n    at f (https://shop.example.com/a.js:1:2)\n    at g",
        fileName="a.js",
        lineNumber=1,
        columnNumber=2,
    )
    older = event(0, kind="error", message="m", filename="a.js", lineno="7", stack="f@a.js:7:1")

    assert (error_facts(newer).place, error_facts(newer).frame) == (
        "a.js:1:2",
        "at f (https://shop.example.com/a.js:1:2)",
    )
    assert (error_facts(older).place, error_facts(older).frame) == ("a.js:7", "at f (a.js:7:1)")


def test_an_error_without_properties_still_has_a_name() -> None:
    facts = error_facts(event(0, kind="error"))

    assert (facts.name, facts.message, facts.place, facts.frame) == ("Error", "", "", "")


def test_a_form_is_named_by_the_first_name_it_has() -> None:
    form = event(0, kind="form_submit", formId="", formName="signup", formAction="https://x/y")

    assert conversion_name(form) == "form signup"
    assert tally([form, event(1, "/a"), event(2, "/a")]).pages == {"/a": 2}


def at_most(row_count: int) -> Any:
    return lambda items: len(items) <= row_count


def test_everything_stays_when_everything_fits() -> None:
    events = pages(*[f"/{number}" for number in range(12)])

    assert condense(fold(events), events, at_most(12)) == fold(events)


def test_the_middle_between_landmarks_goes_first() -> None:
    events = pages(*[f"/{number}" for number in range(40)])
    items = condense(fold(events), events, at_most(11))

    assert len(items) == 11
    assert [type(item) for item in items].count(Stretch) == 1
    assert items[0] == Step(0, 0)
    assert items[-1] == Step(39, 39)
    assert told(items) == 40


def test_errors_and_conversions_outlive_ordinary_steps() -> None:
    events = pages(*[f"/{number}" for number in range(60)])
    events[20] = error(200, "boom")
    events[40] = event(400, kind="custom_event", name="buy")
    items = condense(fold(events), events, at_most(14))

    assert Step(20, 20) in items
    assert Step(19, 19) in items  # what led up to the error
    assert Step(40, 40) in items


def test_of_many_conversions_the_first_and_last_of_each_name_stay_longest() -> None:
    events = pages(*[f"/{number}" for number in range(90)])
    for index in range(5, 85, 4):
        events[index] = event(index * 10, kind="custom_event", name="add", item=index)
    items = condense(fold(events), events, at_most(12))

    assert Step(5, 5) in items
    assert Step(81, 81) in items
    assert len(items) <= 12


def test_two_rows_are_not_worth_a_stretch() -> None:
    events = pages("/a", "/b", "/c", "/d")

    assert condense(fold(events), events, at_most(3)) == fold(events)


KINDS = st.sampled_from(
    ["pageview", "custom_event", "error", "outbound", "button_click", "form_submit", "copy", ""]
)


@st.composite
def visits(draw: st.DrawFn) -> list[Event]:
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([0, 1, 5, 30, 400, 3000]), KINDS, st.integers(0, 4)),
            max_size=80,
        )
    )
    at_s = 0
    events = []
    for gap_s, kind, number in steps:
        at_s += gap_s
        events.append(event(at_s, f"/{number}", kind, f"name {number}", message=f"m{number}"))
    return events


@given(visits())
def test_folding_tells_every_event_once_and_in_order(events: list[Event]) -> None:
    rows = fold(events)
    spans = [(row.first, row.last) for row in rows if not isinstance(row, Idle)]

    assert [index for first, last in spans for index in range(first, last + 1)] == list(
        range(len(events))
    )


@given(visits(), st.integers(3, 40))
def test_condensing_keeps_the_ends_and_tells_every_event(
    events: list[Event], most_rows: int
) -> None:
    rows = fold(events)
    items = condense(rows, events, at_most(most_rows))

    assert told(items) == len(events)
    assert items[:1] == rows[:1]
    assert items[-1:] == rows[-1:]


@given(visits())
def test_ten_thousand_rows_would_still_end_in_one_line(events: list[Event]) -> None:
    """However little fits: the first row, one stretch (with pauses at its ends), the last row."""
    items = condense(fold(events), events, lambda _: False)

    assert len(items) <= 5
