"""A question is checked before any engine sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.analysis.specification import (
    EVENT_DIMENSIONS,
    VISIT_DIMENSIONS,
    VISIT_METRICS,
    EventCondition,
    Specification,
    aggregate_of,
    check_specification,
    is_event_dimension,
    is_event_metric,
    property_of,
)
from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.window import resolve_window

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WINDOW = resolve_window(now=NOW, zone="UTC", period="7d")
SIGNUP = EventCondition("event", "signup")


def asking(**parts: Any) -> Specification:
    return Specification(WINDOW, **parts)


@pytest.mark.parametrize("name", [*VISIT_DIMENSIONS, *EVENT_DIMENSIONS, "path", "prop:a.b c"])
def test_every_known_name_is_taken(name: str) -> None:
    metrics = (*VISIT_METRICS, "sum:price", "mean:a:b", "median:x y")
    asked = asking(group_by=(name,), metrics=metrics)
    assert check_specification(asked) is asked


@pytest.mark.parametrize(
    ("parts", "message", "hint"),
    [
        ({"group_by": ("chanel",)}, "no dimension 'chanel'", "channel"),
        ({"group_by": ("prop:",)}, "no dimension 'prop:'", "prop:NAME"),
        ({"group_by": ("prop:a\nb",)}, "no dimension", ""),
        ({"group_by": ("zzzz",)}, "no dimension", "Known: channel, "),
        ({"metrics": ("median_duraton",)}, "no metric", "median_duration"),
        ({"metrics": ()}, "metrics is empty", "sessions"),
        ({"metrics": ("median:",)}, "no metric 'median:'", "median:NAME"),
        ({"group_by": ("hour", "day", "week")}, "one or two dimensions", "Ask twice"),
        ({"group_by": ("hour", "hour")}, "a dimension twice", "once"),
        ({"group_by": ("page", "prop:a")}, "one dimension of events", "dimension of visits"),
        ({"group_by": ("converted",)}, "by which event", "converted_by"),
        ({"metrics": ("occurrences",)}, "events of a group", "event_name"),
        ({"span": "before"}, "need an event or page", "before, after"),
        ({"anchor": SIGNUP}, "need an event or page", "before, after"),
        ({"anchor": SIGNUP, "span": "after"}, "no events are counted here", "Group by page"),
    ],
)
def test_a_contradiction_is_refused_with_a_way_out(
    parts: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        check_specification(asking(**parts))

    assert message in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    "parts",
    [
        {"group_by": ("path",)},
        {"group_by": ("converted",), "converted_by": "signup"},
        {"group_by": ("channel", "page")},
        {"group_by": ("prop:query",)},
        {"events": (SIGNUP,)},
        {"metrics": ("sum:price",)},
        {"group_by": ("page",), "anchor": SIGNUP, "span": "before"},
    ],
)
def test_questions_about_what_happened_in_visits_need_events(parts: dict[str, Any]) -> None:
    assert asking(**parts).needs_events


@pytest.mark.parametrize("name", VISIT_DIMENSIONS)
def test_other_questions_are_answered_by_list_rows(name: str) -> None:
    assert not asking(group_by=(name,), metrics=VISIT_METRICS).needs_events


def test_a_property_is_aggregated_once_however_often_it_is_measured() -> None:
    asked = asking(metrics=("sum:b", "median:a", "mean:b", "sessions"))
    assert asked.amounts == ("b", "a")


@given(st.text())
def test_any_text_is_some_name_or_none(name: str) -> None:
    assert is_event_dimension(name) is (name in EVENT_DIMENSIONS or property_of(name) != "")
    assert is_event_metric(name) is (name == "occurrences" or aggregate_of(name)[0] != "")
    if aggregate_of(name)[0]:
        assert ":".join(aggregate_of(name)) == name
