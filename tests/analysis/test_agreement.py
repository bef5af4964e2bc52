"""Both engines, and a plain evaluation in Python, give the same answers on the same data."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rybbit_mcp.analysis.specification import VISIT_METRICS, Specification
from tests.analysis.plain import evaluate
from tests.analysis.specifications import METRICS, OF_EVENTS, OF_VISITS, specifications
from tests.analysis.world import World


@pytest.mark.parametrize("name", [*OF_VISITS, *OF_EVENTS])
def test_all_agree_on_every_dimension_and_metric(worlds: tuple[World, ...], name: str) -> None:
    for world in worlds:
        metrics = (*METRICS, "occurrences") if name in OF_EVENTS else VISIT_METRICS
        asked = Specification(
            world.window, group_by=(name,), metrics=metrics, converted_by="signup"
        )
        expected = evaluate(asked, world)
        assert expected.groups
        assert world.by_duckdb(asked) == expected
        assert world.by_clickhouse(asked) == expected


@settings(max_examples=70, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_all_agree_on_any_specification(worlds: tuple[World, ...], data: st.DataObject) -> None:
    world = worlds[data.draw(st.integers(0, len(worlds) - 1))]
    asked = data.draw(specifications(world))
    expected = evaluate(asked, world)
    assert world.by_duckdb(asked) == expected
    assert world.by_clickhouse(asked) == expected
