"""Finding out which generation a server is, without sending the key."""

from __future__ import annotations

from rybbit_mcp.api.errors import RateLimitedError, ServerError, UnexpectedBodyError
from rybbit_mcp.api.failures import redirected
from rybbit_mcp.api.generations import GENERATIONS, Generation, generation_of_version
from rybbit_mcp.api.http import Http
from rybbit_mcp.api.reply import Reply

_SMALLEST = {"past_minutes_start": "1", "past_minutes_end": "0"}
"""A window of one minute: a public site answers, and should not answer with all its places."""


async def discover(http: Http) -> Generation:
    """The server's generation.

    Since 2.3 a server tells its version. Where it does not, or a proxy hides it, one route tells
    all four apart: C knows `sites/{site}/session-locations`, D calls the route unknown, B the
    site, and A wants a login. Only where even that is not Rybbit's answer is the server none.

    Raises:
        UnexpectedBodyError: not a Rybbit server. ServerError: it fails before it can be told.
    """
    told = await _told(http)
    if told is not None:
        return told
    probe = await _probe(http, "session-locations")
    match probe.status, probe.error_text:
        case (200, _) if isinstance(probe.field("data"), list):
            return GENERATIONS["C"]
        case (403, "Forbidden"):
            return GENERATIONS["C"]
        case (404, "Site not found"):
            return GENERATIONS["B"]
        case (401, "Unauthorized"):
            # Servers of these routes that are younger than 2.1 differ in parts. Being asked as
            # the oldest is right for all of them; the one route that moved is tried both ways.
            return GENERATIONS["A"]
    if probe.is_unknown_route:
        newer = await _probe(http, "sessions")
        if newer.status in {200, 403} and newer.is_json_object:
            return GENERATIONS["D"]
    raise _not_rybbit(probe)


async def _told(http: Http) -> Generation | None:
    """What the version says, where the server tells it."""
    try:
        version = await http.get(("version",), with_key=False)
    except ServerError:  # a proxy may refuse this one address, and no other
        return None
    if version.is_redirect:
        raise redirected(version.status)
    return generation_of_version(str(version.field("version"))) if version.status == 200 else None


async def _probe(http: Http, route: str) -> Reply:
    """The answer about site 1, unless it is one that any server gives in trouble."""
    reply = await http.get(("sites", "1", route), _SMALLEST, with_key=False)
    if reply.status == 429:
        raise RateLimitedError(
            "The server, or a proxy before it, limits the rate of calls.",
            "Ask nothing for a minute, then again.",
            wait_s=reply.retry_after_s,
        )
    if reply.status >= 500:
        raise ServerError(
            f"The Rybbit server, or a proxy before it, fails with status {reply.status}.",
            "Try again in a minute; on your own server look at its log.",
            status=reply.status,
        )
    if reply.is_redirect:
        raise redirected(reply.status)
    return reply


def _not_rybbit(reply: Reply) -> UnexpectedBodyError:
    return UnexpectedBodyError(
        "The server does not answer as a Rybbit server does.",
        "Set RYBBIT_URL to the address at which Rybbit's pages open, without /api; "
        "a proxy before it must let /api through.",
        status=reply.status,
    )
