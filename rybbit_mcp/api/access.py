"""What 401 and 403 mean: a wrong key, no site, a missing scope, throttling, or an outage.

2.2 answers 401 to all of them. Later servers answer 403 to all but throttling, and 401 to a
throttled key where no site is named. A 200 proves little: a public site opens to any key.
"""

from __future__ import annotations

import re

from rybbit_mcp.api.asking import Asked, Clues, Experience
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    AuthenticationError,
    RateLimitedError,
    RybbitError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.reply import Reply

OLD_LIMIT = 500
"""Requests that a key of 2.2 has until it was silent for ten minutes."""

_SCOPE = re.compile(r"[a-z]{2,12}:[a-z]{2,12}")
_SITES_NAMED = 10
_MAKE_KEY = "Set RYBBIT_API_KEY; a key is made in Rybbit under Settings, API keys."


def no_entry(
    reply: Reply,
    asked: Asked,
    generation: Generation,
    seen: Experience,
    clues: Clues,
    *,
    has_key: bool,
) -> RybbitError:
    """The error that a 401 or 403 means; never holds any of its text but a known scope."""
    status = reply.status
    if not reply.is_json_object:
        return UnexpectedBodyError(
            f"Something before the Rybbit server refuses the request with status {status}.",
            "Check any proxy, firewall or VPN on the way to RYBBIT_URL.",
            status=status,
        )
    if not has_key:
        return AuthenticationError(
            f"The server wants a key for {asked.place}, and none is set.", _MAKE_KEY, status=status
        )
    if reply.error_text == "Insufficient scope":
        return _scope_missing(reply)
    if not generation.has_site_routes:
        return _old_refusal(asked, generation, seen)
    if clues.is_throttled:
        return RateLimitedError(
            "The key is throttled.",
            "The count starts anew only after a pause: ask nothing for a minute, then again.",
            status=status,
        )
    if clues.key_is_good:
        return _not_for_this_key(asked, clues, status)
    if clues.key_is_good is False:
        return _key_refused(asked, seen, status)
    return _unclear(asked, seen, status)


def _scope_missing(reply: Reply) -> RybbitError:
    required = reply.field("required")
    known = isinstance(required, str) and _SCOPE.fullmatch(required)
    scope = required if known else "sessions:read"
    return AccessDeniedError(
        f"The key lacks the scope {scope}.",
        "Give the key that scope in Rybbit, or use one that has it.",
        status=reply.status,
    )


def _not_for_this_key(asked: Asked, clues: Clues, status: int) -> RybbitError:
    if not asked.site:
        return AccessDeniedError(
            "The key is accepted, but may not list sites.",
            "Give the site's number, or set RYBBIT_SITE.",
            status=status,
        )
    named = ", ".join(f"{number} {name}".strip() for number, name in clues.sites[:_SITES_NAMED])
    more = len(clues.sites) - _SITES_NAMED
    whose = "Of those that RYBBIT_SITES allows it" if clues.is_limited else "It"
    sees = f"{whose} sees {named or 'no site'}{f' and {more} more' if more > 0 else ''}."
    if asked.site in (number for number, _ in clues.sites):
        return AccessDeniedError(
            f"The key is accepted and sees {asked.place}, but may not read it.",
            "Likely the site is kept to a team that the key's owner is not in.",
            status=status,
        )
    return AccessDeniedError(
        f"The key is accepted, but {asked.place} is not among its sites.", sees, status=status
    )


def _key_refused(asked: Asked, seen: Experience, status: int) -> RybbitError:
    if asked.site and asked.site in seen.open_sites:
        return AuthenticationError(
            f"The server opened {asked.place} before and now refuses the key.",
            "Likely the key was just disabled or has expired; else the server's account database "
            "is down: try again in a minute.",
            status=status,
        )
    return AuthenticationError(
        "The server does not accept the key.",
        "Likely RYBBIT_API_KEY is wrong, disabled or expired; less likely the server's account "
        "database is down.",
        status=status,
    )


def _unclear(asked: Asked, seen: Experience, status: int) -> RybbitError:
    if not asked.site:
        return AuthenticationError(
            "The server does not list sites for this key.",
            "Likely RYBBIT_API_KEY is wrong, disabled or expired, or the key is an organization's "
            "or throttled, which look the same here. Give a site's number, or set RYBBIT_SITE.",
            status=status,
        )
    if asked.site in seen.open_sites:
        return AccessDeniedError(
            f"The server opened {asked.place} before and no longer does.",
            "Likely the key was just disabled or has expired, or the server's account database is "
            "down: try again in a minute.",
            status=status,
        )
    return AccessDeniedError(
        f"The server does not open {asked.place} to this key.",
        "Likely there is no such site, or it is of another organization; else the key is wrong, "
        "disabled or expired.",
        status=status,
    )


def _old_refusal(asked: Asked, generation: Generation, seen: Experience) -> RybbitError:
    """2.2 answers 401 to everything about access, throttling included."""
    server = f"The server (Rybbit {generation.versions})"
    if asked.site in seen.open_sites:
        return RateLimitedError(
            f"{server} opened {asked.place} before and stopped after {seen.call_count} calls.",
            f"Likely the key is throttled: it has {OLD_LIMIT} calls until ten minutes pass without "
            "any, so ask nothing for ten minutes. Less likely the key was withdrawn, or the "
            "server's account database is down.",
            wait_s=600,
            status=401,
        )
    if seen.open_sites:
        return AccessDeniedError(
            f"{server} does not open {asked.place} to this key, though it opened others.",
            "Likely there is no such site, or it is of another organization; else the key is "
            "throttled: wait ten minutes without asking.",
            status=401,
        )
    hint = (
        "It says the same to a wrong key, an unknown site and a throttled key: check "
        "RYBBIT_API_KEY and the site's number; if both are right, wait ten minutes without asking."
    )
    if generation.name == "A":
        hint += " Before 2.1.2 there are no keys: only public sites open."
    return AuthenticationError(
        f"{server} does not open {asked.place} to this key.", hint, status=401
    )
