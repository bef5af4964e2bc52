"""What the protocol's tests ask: every tool at least once, and what goes wrong."""

from __future__ import annotations

from typing import Any

from rybbit_mcp.tools import TOOLS

Question = tuple[str, dict[str, Any]]

A_VISIT = "<a session id>"
"""Stands for the id of a visit of site 1, which only the data knows."""

_NEEDED: dict[str, dict[str, Any]] = {
    "list_sites": {},
    "get_session": {"site": "1", "session_id": A_VISIT},
}
_USUAL = {"site": "1", "period": "24h"}

NAMES = [module.__name__.rpartition(".")[2] for module in TOOLS]
EVERY_TOOL: tuple[Question, ...] = tuple((name, _NEEDED.get(name, _USUAL)) for name in NAMES)
"""One good question to each tool; a new tool that needs other arguments says so above."""

MORE: tuple[Question, ...] = (
    (
        "list_sessions",
        {
            "site": "shop.example.com",
            "period": "2026-11-20..2026-11-22",
            "time_zone": "America/New_York",
            "filters": [{"parameter": "device_type", "value": ["Mobile", "Desktop"]}],
            "limit": 100,
        },
    ),
    ("list_sessions", {"site": "2", "period": "7d", "min_pageviews": 3, "page": 2, "limit": 7}),
    ("list_sessions", {"site": "1", "filters": [{"parameter": "country", "value": "Atlantis"}]}),
    ("list_sessions", {"sit": 1}),
    ("list_sessions", {"site": "1", "limit": 1000}),
    ("list_sessions", {"site": "nowhere.example"}),
    ("get_session", {"site": "1", "session_id": "../../organizations"}),
    ("no_such_tool", {}),
)
"""Longer questions, and some that are answered by an error."""


def about(visit: str, question: Question) -> Question:
    """The question, about this visit where it is about one."""
    tool, arguments = question
    return tool, {k: visit if v == A_VISIT else v for k, v in arguments.items()}


def first_session_id(answer: str) -> str:
    """The id in the first row of what `list_sessions` answered."""
    table = [line.split("\t") for line in answer.splitlines() if "\t" in line]
    return dict(zip(table[0], table[1], strict=False))["id"]
