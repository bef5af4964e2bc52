"""Filters as models write them by mistake."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client

from rybbit_mcp.server import RybbitServer
from tests.server.conftest import fail

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("value", [[["DE"]], {"in": ["DE"]}, [None], [{"a": 1}]], ids=str)
@pytest.mark.parametrize("tool", ["list_sessions", "summarize_sessions", "get_session_locations"])
async def test_a_value_of_another_shape_is_named(
    demo_server: RybbitServer, tool: str, value: Any
) -> None:
    async with Client(demo_server) as client:
        filters = [{"parameter": "country", "value": value}]
        text = await fail(client, tool, site="1", filters=filters)

    assert "filters: the value of 'country' is neither a text nor a list of texts." in text
    assert '"value": ["DE", "AT"]' in text
