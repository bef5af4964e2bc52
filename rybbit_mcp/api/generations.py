"""The generations of Rybbit servers in use, and how each is asked.

Routes, parameter names and abilities as measured on real servers: A 2.1.0, B 2.2.4, C 2.6.0,
D 2.7.0. A letter stands for the span of versions that behave alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rybbit_mcp.api.filters import OPERATORS

GenerationName = Literal["A", "B", "C", "D"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What one generation of servers understands. Everything not named here is alike in all."""

    name: GenerationName
    versions: str
    operators: frozenset[str]
    has_site_routes: bool
    """Routes begin with `/api/sites/{site}`, sites can be listed, 403 and 429 are used."""
    has_exact_times: bool
    """`start_datetime` and `end_datetime` are understood; ignored (all time) elsewhere."""
    has_minimums: bool
    """`min_pageviews`, `min_events`, `min_duration`, `session_id` are understood."""
    reads_negative_lists: bool
    """`not_equals [a, b]` means neither; elsewhere it matches everything."""
    reads_wildcards_literally: bool
    """`contains %` looks for a percent sign; elsewhere `%` and `_` are wildcards."""
    event_parameters: frozenset[str]
    """Event parameters that do not fail."""
    absent_parameters: frozenset[str]
    """Visit parameters that fail and whose value no answer carries."""

    def detail_parts(self, site: str, session_id: str) -> tuple[str, ...]:
        """Path of one session."""
        if self.has_site_routes:
            return ("sites", site, "sessions", session_id)
        return ("session" if self.name == "A" else "sessions", session_id, site)

    def list_parts(self, site: str) -> tuple[str, ...]:
        """Path of the session list."""
        return ("sites", site, "sessions") if self.has_site_routes else ("sessions", site)

    def location_parts(self, site: str) -> tuple[str, ...]:
        """Path of the locations."""
        if self.name == "D":
            return ("sites", site, "sessions", "locations")
        if self.has_site_routes:
            return ("sites", site, "session-locations")
        return ("session-locations", site)


_SIMPLE = frozenset({"equals", "not_equals", "contains", "not_contains"})
_B_OPERATORS = _SIMPLE | {"regex", "not_regex", "greater_than", "less_than"}
_ALL = frozenset(OPERATORS)

GENERATIONS: dict[GenerationName, Generation] = {
    "A": Generation(
        name="A",
        versions="2.2.1 and older",
        operators=_SIMPLE,
        has_site_routes=False,
        has_exact_times=False,
        has_minimums=False,
        reads_negative_lists=False,
        reads_wildcards_literally=False,
        event_parameters=frozenset({"event_name"}),
        absent_parameters=frozenset({"tag", "timezone"}),
    ),
    "B": Generation(
        name="B",
        versions="2.2.2 to 2.2.4",
        operators=_B_OPERATORS,
        has_site_routes=False,
        has_exact_times=False,
        has_minimums=False,
        reads_negative_lists=False,
        reads_wildcards_literally=False,
        event_parameters=frozenset({"event_name"}),
        absent_parameters=frozenset({"tag", "timezone"}),
    ),
    "C": Generation(
        name="C",
        versions="2.3 to 2.6",
        operators=_ALL,
        has_site_routes=True,
        has_exact_times=True,
        has_minimums=True,
        reads_negative_lists=False,
        reads_wildcards_literally=False,
        event_parameters=frozenset({"event_name", "pathname", "page_title"}),
        absent_parameters=frozenset({"timezone"}),
    ),
    "D": Generation(
        name="D",
        versions="2.7 and newer",
        operators=_ALL,
        has_site_routes=True,
        has_exact_times=True,
        has_minimums=True,
        reads_negative_lists=True,
        reads_wildcards_literally=True,
        event_parameters=frozenset({"event_name", "pathname", "page_title", "querystring"}),
        absent_parameters=frozenset(),
    ),
}


def generation_of_version(version: str) -> Generation | None:
    """The generation of a version such as `2.6.0` or `v2.7`; None if it is no version."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version.strip())
    if match is None:
        return None
    number = (int(match[1]), int(match[2]), int(match[3] or 0))
    if number >= (2, 7, 0):
        return GENERATIONS["D"]
    if number >= (2, 3, 0):
        return GENERATIONS["C"]
    return GENERATIONS["B" if number >= (2, 2, 2) else "A"]
