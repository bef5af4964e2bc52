"""Calls as an answer prints them: complete, to be copied as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rybbit_mcp.tools.arguments import FilterArgument


def call_text(tool: str, arguments: Mapping[str, Any]) -> str:
    """A call such as `list_sessions(site=1, period="7d", page=2)`; empty arguments are left out."""
    given = [
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
        if value not in ("", 0, False, None, [], ())
    ]
    return f"{tool}({', '.join(given)})"


def filter_dicts(filters: Sequence[FilterArgument]) -> list[dict[str, Any]]:
    """Filters as a call repeats them, without what goes without saying."""
    return [
        {name: value for name, value in item.model_dump().items() if value not in (None, "equals")}
        for item in filters
    ]
