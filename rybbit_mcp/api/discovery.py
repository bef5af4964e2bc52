"""Finding out which generation a server is, without sending the key."""

from __future__ import annotations

from rybbit_mcp.api.errors import ServerError, UnexpectedBodyError
from rybbit_mcp.api.generations import GENERATIONS, Generation, generation_of_version
from rybbit_mcp.api.http import Http, Reply


async def discover(http: Http) -> Generation:
    """The server's generation.

    Since 2.3 a server tells its version. Older ones answer 401 there; of those, and of servers
    whose version is hidden by a proxy, the routes tell: only C knows `…/session-locations`, only
    B calls its site unknown, D calls the route unknown. A and B share the session list; where
    their detail routes differ, the client tries both.

    Raises:
        UnexpectedBodyError: not a Rybbit server. ServerError: it fails before it can be told.
    """
    reply = await http.get(("version",), with_key=False)
    content = reply.json()
    if reply.status == 200 and isinstance(content, dict):
        found = generation_of_version(str(content.get("version", "")))
        if found is not None:
            return found
    _check_is_rybbit(reply)
    probe = await http.get(("sites", "1", "session-locations"), with_key=False)
    _check_is_rybbit(probe)
    if probe.status in {200, 403}:
        return GENERATIONS["C"]
    if probe.is_unknown_route:
        return GENERATIONS["D"] if not reply.is_unknown_route else await _old(http)
    return GENERATIONS["B"] if probe.status == 404 else await _old(http)


async def _old(http: Http) -> Generation:
    """A or B of a server that answers 401, or an unknown route, to everything.

    Only B has a route for `sessions/{id}/{site}`.
    """
    probe = await http.get(("sessions", "x", "1"), with_key=False)
    return GENERATIONS["A" if probe.is_unknown_route else "B"]


def _check_is_rybbit(reply: Reply) -> None:
    if reply.status >= 500:
        raise ServerError(
            f"The Rybbit server, or the proxy before it, fails with status {reply.status}.",
            "Try again later; on your own server look at its log.",
            status=reply.status,
        )
    if reply.redirects_to_host:
        raise UnexpectedBodyError(
            "The server redirects to another address.",
            "Set RYBBIT_URL to the address it redirects to: its scheme and host matter.",
            status=reply.status,
        )
    if reply.json() is None:
        raise UnexpectedBodyError(
            "The server does not answer as a Rybbit server does (no JSON).",
            "Set RYBBIT_URL to the address at which Rybbit's pages open, without /api.",
            status=reply.status,
        )
