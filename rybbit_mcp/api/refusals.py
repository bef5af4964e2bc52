"""What a status other than 200 means, as far as the server lets one know.

One status means many things here: 401 and 403 a wrong key, a foreign or unknown site, a missing
scope, throttling, or an account database that is down; 500 a filter or ClickHouse. Each error says
what is sure and what is likely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rybbit_mcp.api.errors import (
    AccessDeniedError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    RateLimitedError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.http import Reply

OLD_LIMIT = 500
"""Requests that a key of 2.2 has until it was silent for ten minutes."""

_SCOPE = re.compile(r"[a-z]{2,12}:[a-z]{2,12}")


@dataclass(slots=True)
class Experience:
    """What one process has seen of its key: which sites opened, how many calls it made."""

    open_sites: set[str] = field(default_factory=set)
    call_count: int = 0
    key_worked: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: an endpoint's name, the site, and whether filters were sent."""

    what: str
    site: str = ""
    session_id: str = ""
    has_filters: bool = False


def refusal(
    reply: Reply, asked: Asked, generation: Generation, seen: Experience, *, has_key: bool
) -> RybbitError:
    """The error that this answer means; never holds any of its text."""
    status = reply.status
    match status:
        case 400:
            return BadRequestError(
                f"The server refuses the {asked.what} request.",
                "Use whole days (period=7d) and time_zone=UTC; drop filters one by one.",
                status=400,
            )
        case 401 | 403:
            return _no_entry(reply, asked, generation, seen, has_key=has_key)
        case 404:
            return _not_found(reply, asked)
        case 408:
            return ServerError("The server gave the request up.", "Try again.", status=408)
        case 429:
            return _throttled(reply, generation)
        case 414 | 431:
            return BadRequestError(
                "The filters are too long for the server.", "Use fewer values.", status=status
            )
    if 300 <= status < 400:
        return UnexpectedBodyError(
            "The server redirects to another address; redirects are not followed.",
            "Set RYBBIT_URL to the address it redirects to.",
            status=status,
        )
    if status >= 500:
        return _failed(status, asked)
    return UnexpectedBodyError(
        f"The server answers with status {status}, which Rybbit never sends.",
        "Check RYBBIT_URL and any proxy before the server.",
        status=status,
    )


def _no_entry(
    reply: Reply, asked: Asked, generation: Generation, seen: Experience, *, has_key: bool
) -> RybbitError:
    status = reply.status
    if not has_key:
        return AuthenticationError(
            f"The server wants a key for {_place(asked)}, and none is set.",
            "Set RYBBIT_API_KEY; a key is made in Rybbit under Settings, API keys.",
            status=status,
        )
    if status == 403 and reply.error_text == "Insufficient scope":
        content = reply.json()
        required = content.get("required") if isinstance(content, dict) else None
        known = isinstance(required, str) and _SCOPE.fullmatch(required)
        scope = required if known else "sessions:read"
        return AccessDeniedError(
            f"The key lacks the scope {scope}.", f"Give the key the scope {scope}.", status=status
        )
    if not generation.has_site_routes:
        return _no_entry_old(asked, seen)
    if asked.site and asked.site in seen.open_sites:
        return AccessDeniedError(
            f"The key opened {_place(asked)} before and no longer does.",
            "Likely the server's account database is down, or the key was just withdrawn or has "
            "expired. Try again in a minute, then check the key.",
            status=status,
        )
    if seen.key_worked and asked.site:
        return AccessDeniedError(
            f"The key works, but does not open {_place(asked)}.",
            "Either there is no such site or it belongs to another organization; "
            "list_sites shows those the key opens.",
            status=status,
        )
    return AuthenticationError(
        "The server does not accept the key" + (f" for {_place(asked)}." if asked.site else "."),
        "Likely RYBBIT_API_KEY is wrong, disabled or expired; or there is no such site; "
        "or the key is throttled, or the server's account database is down, "
        "which look the same from outside.",
        status=status,
    )


def _no_entry_old(asked: Asked, seen: Experience) -> RybbitError:
    """2.2 answers 401 to everything about access, throttling included."""
    if seen.key_worked:
        return RateLimitedError(
            f"The server (2.2) stopped accepting the key after {seen.call_count} calls.",
            f"Likely it is throttled: {OLD_LIMIT} calls, counted until ten whole minutes pass "
            "without one. Wait ten minutes without asking. Less likely: no such site, or the "
            "account database is down.",
            wait_s=600,
            status=401,
        )
    return AuthenticationError(
        f"The server (2.2) does not open {_place(asked)} to this key.",
        "It says the same to a wrong key, an unknown site and a throttled key: check "
        "RYBBIT_API_KEY and the site's number; if both are right, wait ten minutes without asking.",
        status=401,
    )


def _not_found(reply: Reply, asked: Asked) -> RybbitError:
    if reply.is_unknown_route:
        return NotFoundError(
            "The server does not know this part of the API.",
            "If it was just upgraded, ask again; else check RYBBIT_URL.",
            what="route",
        )
    if reply.error_text == "Session not found":
        return NotFoundError(
            f"There is no session {asked.session_id!r} on {_place(asked)}.",
            "Take an id from list_sessions of the same site.",
            what="session",
        )
    if reply.error_text == "Site not found":
        return NotFoundError(
            f"There is no {_place(asked)} (or the server's account database is down).",
            "list_sites shows the sites; give a number, domain or name from there.",
            what="site",
        )
    return UnexpectedBodyError(
        "The server says 404 in a form that Rybbit does not use.",
        "Check RYBBIT_URL and any proxy before the server.",
        status=404,
    )


def _throttled(reply: Reply, generation: Generation) -> RybbitError:
    content = reply.json()
    scope = content.get("scope") if isinstance(content, dict) else None
    if scope == "daily":
        return RateLimitedError(
            "The key's daily quota is used up.",
            "It starts anew at 00:00 UTC; ask nothing before.",
            scope="daily",
            wait_s=reply.retry_after_s,
        )
    if reply.retry_after_s is not None:
        return RateLimitedError(
            "The server limits the rate of calls.",
            f"Wait {reply.retry_after_s:.0f} s, then ask again.",
            scope="burst",
            wait_s=reply.retry_after_s,
        )
    pause = "a pause as long as the limit's window" if generation.name in "CD" else "a pause"
    return RateLimitedError(
        "The server limits the rate of calls and does not say for how long.",
        f"It counts anew only after {pause}: ask nothing for a minute, then again.",
    )


def _failed(status: int, asked: Asked) -> RybbitError:
    if status in {502, 503, 504}:
        return ServerError(
            f"The proxy before the Rybbit server answers {status}: the server is down or busy.",
            "It was tried three times. Try again in a minute.",
            status=status,
        )
    hint = "Likely its ClickHouse is down or too slow. Try again later, or a shorter period."
    if asked.has_filters:
        hint = "Drop filters one by one: the server does not say which it fails on. " + hint
    return ServerError(
        f"The server failed to answer the {asked.what} request.", hint, status=status
    )


def _place(asked: Asked) -> str:
    return f"site {asked.site}" if asked.site else "this"
