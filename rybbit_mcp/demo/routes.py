"""Finds the route of a request and checks its access, in the order of each generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from rybbit_mcp.demo.account import Site, find_site
from rybbit_mcp.demo.errors import RefusalError, simple, unknown_route

if TYPE_CHECKING:
    from rybbit_mcp.demo.generations import Generation, Letter
    from rybbit_mcp.demo.request import Request

Route: TypeAlias = Literal[
    "health",
    "version",
    "config",
    "user",
    "organizations",
    "organization_sites",
    "site",
    "has_data",
    "list",
    "detail",
    "locations",
]
# The first pattern that fits is the route; {…} fits anything, also nothing.
_Patterns: TypeAlias = tuple[tuple[str, Route], ...]

_NEW: _Patterns = (
    ("api/health", "health"),
    ("api/version", "version"),
    ("api/config", "config"),
    ("api/user/organizations", "user"),
    ("api/organizations", "organizations"),
    ("api/organizations/{organization}/sites", "organization_sites"),
    ("api/sites/{site}", "site"),
    ("api/sites/{site}/has-data", "has_data"),
    ("api/sites/{site}/sessions", "list"),
)
_PATTERNS: dict[Letter, _Patterns] = {
    "A": (
        ("api/health", "health"),
        ("api/sessions/{site}", "list"),
        ("api/session-locations/{site}", "locations"),
        ("api/session/{session}/{site}", "detail"),
    ),
    "B": (
        ("api/health", "health"),
        ("api/config", "config"),
        ("api/sites/{site}", "site"),
        ("api/sessions/{site}", "list"),
        ("api/session-locations/{site}", "locations"),
        ("api/sessions/{session}/{site}", "detail"),
    ),
    "C": (
        *_NEW,
        ("api/sites/{site}/session-locations", "locations"),
        ("api/sites/{site}/sessions/{session}", "detail"),
    ),
    "D": (
        *_NEW,
        ("api/sites/{site}/sessions/locations", "locations"),
        ("api/sites/{site}/sessions/{session}", "detail"),
    ),
}
_PUBLIC: tuple[Route, ...] = ("health", "version", "config")
_ABOUT_SESSIONS: tuple[Route, ...] = ("list", "detail", "locations")
# what A and B take for addresses about a site, known or not
_OLD_PREFIXES = {
    "A": ("sessions", "session", "session-locations"),
    "B": ("sessions", "session-locations", "sites"),
}
_FAILURES: dict[Route, str] = {
    "list": "Failed to fetch sessions",
    "detail": "Failed to fetch session data",
    "locations": "Failed to fetch session locations",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A route that may be answered, with what its address names."""

    route: Route
    site: Site | None = None
    session_id: str = ""
    organization_id: str = ""


def match_route(generation: Generation, request: Request, has_key: bool) -> Match:
    """Return the route of a request that the key opens.

    Raises: RefusalError for everything else.
    """
    if generation.has_site_routes:
        return _match_new(generation, request, has_key)
    return _match_old(generation, request, has_key)


def _match_new(generation: Generation, request: Request, has_key: bool) -> Match:
    route, names = _find(_PATTERNS[generation.letter], request)
    if route is None:
        raise unknown_route(request.method, request.address)
    if route in _PUBLIC:
        return Match(route)
    if route == "user" or (route == "organizations" and not has_key):
        raise RefusalError(401, simple("Unauthorized"))
    site = None
    if "site" in names:
        site, is_number = find_site(names["site"])
        if site is None and not is_number:
            raise RefusalError(404, simple("Site not found"))
    if not has_key or ("site" in names and site is None):
        raise RefusalError(403, simple("Forbidden"))
    return Match(route, site, names.get("session", ""), names.get("organization", ""))


def _match_old(generation: Generation, request: Request, has_key: bool) -> Match:
    """Before C access hangs on the last part of an address, whatever stands there."""
    unauthorized = RefusalError(401, simple("Unauthorized"))
    route, names = _find(_PATTERNS[generation.letter], request)
    if route in _PUBLIC:
        assert route is not None
        return Match(route)
    first, *others = request.raw_segments
    if first != "api" or len(others) < 2 or others[0] not in _OLD_PREFIXES[generation.letter]:
        raise unauthorized
    site, is_number = find_site(others[-1])
    has_no_keys = generation.letter == "A"
    if site is None and not is_number and not has_no_keys:
        raise RefusalError(404, simple("Site not found"))
    is_nameless = others[-1] == "" and route == "detail"
    if not (has_key or has_no_keys) or (site is None and not is_nameless):
        raise unauthorized
    if route is None:
        raise unknown_route(request.method, request.address)
    if site is None:
        raise RefusalError(404, simple("Session not found"))
    if not is_number and has_no_keys:
        # a text id opens the door, and then the database wants a number
        raise RefusalError(500, simple(_FAILURES[route]))
    if not is_number and route not in _ABOUT_SESSIONS:
        raise RefusalError(500, simple("Internal server error"))
    return Match(route, site, names.get("session", ""))


def _find(patterns: _Patterns, request: Request) -> tuple[Route | None, dict[str, str]]:
    if request.method not in ("GET", "HEAD"):
        return None, {}
    segments = request.segments
    for pattern, route in patterns:
        parts = pattern.split("/")
        if len(parts) != len(segments):
            continue
        pairs = list(zip(parts, segments, strict=True))
        if all(part.startswith("{") or part == segment for part, segment in pairs):
            return route, {part[1:-1]: segment for part, segment in pairs if part[0] == "{"}
    return None, {}
