"""Both engines, and a plain evaluation in Python, give the same answers on the same data."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.specification import VISIT_METRICS, EventCondition, Specification
from rybbit_mcp.api.filters import COMPARISONS, Filter
from rybbit_mcp.api.parameters import Conditions
from tests.analysis.plain import evaluate
from tests.analysis.specifications import (
    METRICS,
    OF_EVENTS,
    OF_VISITS,
    PATTERNS,
    TEXT_PARAMETERS,
    TEXTS,
    is_answerable,
    specifications,
)
from tests.analysis.world import World


def check(world: World, asked: Specification) -> Outcome:
    """The outcome that all agree on."""
    expected = evaluate(asked, world)
    assert world.by_duckdb(asked) == expected
    assert world.by_clickhouse(asked) == expected
    return expected


@pytest.mark.parametrize("name", [*OF_VISITS, *OF_EVENTS])
def test_all_agree_on_every_dimension_and_metric(worlds: tuple[World, ...], name: str) -> None:
    depends_on_zone = name in {"hour", "weekday", "day", "week", "month"}
    for world in worlds if depends_on_zone else worlds[:1]:
        metrics = (*METRICS, "occurrences") if name in OF_EVENTS else VISIT_METRICS
        asked = Specification(
            world.window, group_by=(name,), metrics=metrics, converted_by="signup"
        )
        assert check(world, asked).groups


@pytest.mark.parametrize("parameter", TEXT_PARAMETERS)
def test_all_agree_on_every_filter_of_text(worlds: tuple[World, ...], parameter: str) -> None:
    world = worlds[0]
    seen = set()
    for kind, values in (
        *((kind, TEXTS[half::2]) for kind in ("equals", "contains") for half in (0, 1)),
        ("starts_with", TEXTS),
        ("ends_with", TEXTS),
        ("regex", PATTERNS[::2]),
        ("is_null", ()),
    ):
        negative = {"is_null": "is_not_null"}.get(kind, f"not_{kind}")
        item = Filter(parameter=parameter, type=negative, value=[text for text in values if text])
        if not is_answerable(item):
            item = item.model_copy(update={"type": kind})
        if is_answerable(item):
            asked = Specification(world.window, filters=(item,), metrics=("sessions",))
            seen.add(check(world, asked).total.session_count)
    assert len(seen) > 2


@pytest.mark.parametrize("parameter", ["lat", "lon"])
def test_all_agree_on_every_filter_of_coordinates(
    worlds: tuple[World, ...], parameter: str
) -> None:
    world = worlds[0]
    for kind in ("equals", "not_equals", *sorted(COMPARISONS)):
        for value in ("52.52", "0", "48.1375", "13.405"):
            item = Filter(parameter=parameter, type=kind, value=[value])
            check(world, Specification(world.window, filters=(item,), metrics=("sessions",)))


@pytest.mark.parametrize("span", ["before", "after"])
@pytest.mark.parametrize(
    "anchor",
    [
        EventCondition("event"),
        EventCondition("event", "signup"),
        EventCondition("page", "/a"),
        EventCondition("error"),
    ],
)
def test_all_agree_on_what_came_before_and_after(
    worlds: tuple[World, ...], anchor: EventCondition, span: Literal["before", "after"]
) -> None:
    for name in OF_EVENTS[:3]:
        asked = Specification(
            worlds[0].window,
            group_by=(name,),
            metrics=("sessions", "occurrences", "sum:value", "median:value"),
            anchor=anchor,
            span=span,
        )
        assert any(check(worlds[0], asked).total.values)


@pytest.mark.parametrize(
    "metric",
    [*(name for name in VISIT_METRICS if name != "share"), "occurrences", "sum:value"],
)
def test_what_an_engine_cuts_off_ranks_lowest(worlds: tuple[World, ...], metric: str) -> None:
    world = worlds[0]
    asked = Specification(world.window, group_by=("page",), metrics=(metric,))
    ranked = [group.key for group in check(world, asked).groups]
    for rows in (world.rows_by_duckdb(asked), world.rows_by_clickhouse(asked)):
        assert [(row["key_1"],) for row in rows[1:]] == ranked


@pytest.mark.parametrize("least", [1, 2, 3, 8, 1000])
def test_small_groups_are_left_out_and_stay_in_the_total(
    worlds: tuple[World, ...], least: int
) -> None:
    asked = Specification(worlds[0].window, group_by=("path",), min_sessions=least)
    outcome = check(worlds[0], asked)

    assert all(group.session_count >= least for group in outcome.groups)
    assert outcome.group_count == len(outcome.groups)
    assert outcome.total.session_count == len(worlds[0].visits)


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(user_id="d3"),
        Conditions(identified_only=True),
        Conditions(min_pageviews=2),
        Conditions(min_events=1),
        Conditions(min_duration_s=9),
        Conditions(identified_only=True, min_pageviews=1, min_events=1),
    ],
)
def test_all_agree_on_conditions_beside_filters(
    worlds: tuple[World, ...], conditions: Conditions
) -> None:
    for world in worlds:
        outcome = check(world, Specification(world.window, conditions=conditions))
        assert 0 < outcome.total.session_count < len(world.visits)


@pytest.mark.parametrize("is_present", [True, False])
@pytest.mark.parametrize(
    ("kind", "text"),
    [("event", ""), ("event", "it's"), ("page", "/blog/émoji-🚀"), ("error", "timeout (30s)")],
)
def test_all_agree_on_visits_with_and_without_an_event(
    worlds: tuple[World, ...],
    kind: Literal["event", "page", "error"],
    text: str,
    is_present: bool,
) -> None:
    condition = EventCondition(kind, text, is_present)
    for world in worlds:
        outcome = check(world, Specification(world.window, events=(condition,)))
        assert 0 < outcome.total.session_count < len(world.visits)


@settings(max_examples=70, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_all_agree_on_any_specification(worlds: tuple[World, ...], data: st.DataObject) -> None:
    world = worlds[data.draw(st.integers(0, len(worlds) - 1))]
    check(world, data.draw(specifications(world)))
