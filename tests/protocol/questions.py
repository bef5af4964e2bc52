"""What the protocol's tests ask: every tool at least once, and what goes wrong.

A tool that is missing here fails `test_every_tool_is_asked`.
"""

from __future__ import annotations

from typing import Any

Question = tuple[str, dict[str, Any]]

A_VISIT = "<a session id>"
"""Stands for the id of a visit of site 1, which only the data knows."""

EVERY_TOOL: tuple[Question, ...] = (
    ("list_sites", {}),
    ("list_sessions", {"site": "1", "period": "24h", "limit": 5}),
    ("get_session", {"site": "1", "session_id": A_VISIT}),
    ("get_session_locations", {"site": "1", "period": "24h"}),
)
"""One good question to each tool, the listing of sites first."""

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


def questions(session_id: str) -> list[Question]:
    """All questions, about this visit."""
    return [
        (tool, {k: session_id if v == A_VISIT else v for k, v in arguments.items()})
        for tool, arguments in EVERY_TOOL + MORE
    ]


def first_session_id(answer: str) -> str:
    """The id in the first row of what `list_sessions` answered."""
    table = [line.split("\t") for line in answer.splitlines() if "\t" in line]
    return dict(zip(table[0], table[1], strict=False))["id"]
