"""What a status other than 200 means, as far as the server lets one know.

One status means many things here: 404 a route, a site or a session; 500 a filter or ClickHouse;
401 and 403 what `access` tells. Each error says what is sure and what is likely.
"""

from __future__ import annotations

from rybbit_mcp.api.access import no_entry
from rybbit_mcp.api.asking import Asked, Clues, Experience
from rybbit_mcp.api.errors import (
    BadRequestError,
    NotFoundError,
    RateLimitedError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
    UnsupportedError,
)
from rybbit_mcp.api.failures import out_of_service, redirected
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.reply import LONGEST_RETRY_AFTER_S, Reply

_LIKELY_OUTAGE = "Likely its ClickHouse is down or too slow: try again later, or a shorter period."
_PROXY_HINT = "Check RYBBIT_URL and any proxy before the server."


def refusal(
    reply: Reply,
    asked: Asked,
    generation: Generation,
    seen: Experience,
    clues: Clues,
    *,
    has_key: bool,
) -> RybbitError:
    """The error that this answer means; never holds any of its text."""
    status = reply.status
    match status:
        case 400:
            return _bad_request(reply, asked)
        case 401 | 403:
            return no_entry(reply, asked, generation, seen, clues, has_key=has_key)
        case 404:
            return _not_found(reply, asked, generation)
        case 408:
            return ServerError("The server gave the request up.", "Try again.", status=408)
        case 429:
            return _throttled(reply)
        case 413 | 414 | 431:
            return BadRequestError(
                "The filters are too long for the server.", "Use fewer values.", status=status
            )
    if 300 <= status < 400:
        return redirected(status)
    if status >= 500:
        return _failed(reply, asked, generation, clues)
    return UnexpectedBodyError(
        f"The server answers with status {status}, which Rybbit never sends here.",
        _PROXY_HINT,
        status=status,
    )


def is_of_another_generation(reply: Reply, asked: Asked, generation: Generation) -> bool:
    """Whether a server of this generation would never answer so, but another one does."""
    if reply.is_unknown_route:
        return True
    if not generation.has_site_routes or not asked.site:
        return False
    if reply.status == 401:  # 403 here since 2.3
        return reply.error_text == "Unauthorized"
    if reply.error_text == "Site not found":  # said of text ids only since 2.3
        return asked.site.isdecimal()
    # 2.6 reads the newest address of the locations as a session's.
    return asked.what == "locations" and reply.error_text == "Session not found"


def unknown_route(*, is_fixed: bool) -> NotFoundError:
    """The error where no known generation of the API fits the server."""
    hint = (
        "Correct RYBBIT_SERVER_VERSION, or leave it out to have it found out."
        if is_fixed
        else "Check RYBBIT_URL; or set RYBBIT_SERVER_VERSION to the server's version."
    )
    return NotFoundError("The server does not know this part of the API.", hint, what="route")


def _bad_request(reply: Reply, asked: Asked) -> RybbitError:
    if "time_zone" in reply.error_text:
        return BadRequestError(
            "The server does not know this time_zone.",
            "Use another name of the same zone, or UTC.",
            status=400,
        )
    return BadRequestError(
        f"The server refuses the {asked.what} request.",
        "Use whole days (period=7d) and time_zone=UTC; drop filters one by one.",
        status=400,
    )


def _not_found(reply: Reply, asked: Asked, generation: Generation) -> RybbitError:
    if reply.is_unknown_route:
        return unknown_route(is_fixed=False)
    if reply.error_text == "Session not found":
        if asked.minutes:
            return NotFoundError(
                f"Session {asked.session_id!r} has no events of the last {asked.minutes} minutes "
                f"on {asked.place}.",
                "Leave minutes out for the whole session, if there is one.",
                what="session",
            )
        return NotFoundError(
            f"There is no session {asked.session_id!r} on {asked.place}.",
            "Take an id from list_sessions of the same site.",
            what="session",
        )
    if reply.error_text == "Site not found":
        listing = "list_sites shows the sites." if generation.has_site_routes else ""
        return NotFoundError(
            f"There is no {asked.place}.",
            f"{listing} Where it is known to exist, the server's account database is down.".strip(),
            what="site",
        )
    return UnexpectedBodyError(
        "The server says 404 in a form that Rybbit does not use.", _PROXY_HINT, status=404
    )


def _throttled(reply: Reply) -> RybbitError:
    wait_s = _wait_s(reply)
    if reply.limit_scope == "daily":
        return RateLimitedError(
            "The key's daily quota is used up.",
            "It starts anew at 00:00 UTC; ask nothing before.",
            scope="daily",
            wait_s=wait_s,
        )
    if wait_s is not None:
        return RateLimitedError(
            "The server limits the rate of calls.",
            f"Wait {_duration(wait_s)}, then ask again.",
            scope="burst",
            wait_s=wait_s,
        )
    return RateLimitedError(
        "The server limits the rate of calls and does not say for how long.",
        "It counts anew only after a pause: ask nothing for a minute, then again.",
        scope="burst" if reply.field("scope") == "burst" else "unknown",
    )


def _wait_s(reply: Reply) -> float | None:
    """The wait of the header, or the one that 2.7's cloud writes into the body."""
    written = reply.field("retryAfter")
    is_number = isinstance(written, int | float) and not isinstance(written, bool)
    if reply.retry_after_s is None and is_number and 0 <= written <= LONGEST_RETRY_AFTER_S:
        return float(written)
    return reply.retry_after_s


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _failed(reply: Reply, asked: Asked, generation: Generation, clues: Clues) -> RybbitError:
    status = reply.status
    if status in {502, 503, 504} or not reply.is_json_object:
        return out_of_service(status)
    if clues.works_without_filters:
        return UnsupportedError(
            f"The server fails on these filters; the {asked.what} without them is answered.",
            "Drop filters one by one, or use equals: the server does not say which it fails on.",
            status=status,
        )
    sure = f"The server failed to answer the {asked.what} request"
    if clues.works_without_filters is False:
        sure += ", also without filters"
    hint = _LIKELY_OUTAGE if asked.is_about_visits else "Try again later, or look at its log."
    if asked.has_filters and clues.works_without_filters is None:
        hint = f"Drop filters one by one: it does not say which it fails on. {hint}"
    if generation.name == "A" and asked.site and not asked.site.isdecimal():
        hint = "Give the site's number: servers this old fail on text ids."
    return ServerError(f"{sure}.", hint, status=status)
