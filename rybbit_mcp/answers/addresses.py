"""Paths, query strings and whole addresses taken apart, masked and put together again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)*(?P<host>[^/?#@]*)(?P<rest>.*)"
)
_CAMPAIGN = frozenset(
    {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"}
    | {"ref", "source", "campaign", "via", "mtm_campaign", "mtm_source", "pk_campaign"}
)
# The value of a click id belongs to one click of one person; that there is one tells the channel.
_CLICK_IDS = frozenset(
    {"gclid", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "ttclid", "twclid", "yclid"}
    | {"li_fat_id", "igshid", "rdt_cid", "epik"}
)


class Parts(NamedTuple):
    """An address taken apart; the scheme keeps its `://`, query and fragment lost their mark."""

    scheme: str
    host: str
    path: str
    query: str
    fragment: str


def split(path: str) -> Parts:
    """A path with what follows it."""
    before, _, fragment = path.partition("#")
    before, _, query = before.partition("?")
    return Parts("", "", before, query, fragment)


def split_url(url: str) -> Parts:
    """An address without a login; without the scheme and `www.` if it is one of the web.

    An address without a host comes back as a path.
    """
    match = _URL.fullmatch(url)
    if not match or not match["host"]:
        return split(url)
    scheme = (match["scheme"] or "").lower()
    host = match["host"].lower()
    parts = split(match["rest"])
    if scheme in {"http:", "https:", ""}:
        return parts._replace(host=host.removeprefix("www.") or host)
    return parts._replace(scheme=f"{scheme}//", host=host)


def masked_path(path: str, mask: Callable[[str], str]) -> str:
    """The path with each segment masked by itself, so that a slash is never part of a match."""
    return "/".join([mask(segment) for segment in path.split("/")])


def masked_query(query: str, mask: Callable[[str], str]) -> str:
    """The query with each parameter masked by itself."""
    return "&".join([mask(pair) for pair in query.split("&")])


def campaign_query(query: str, mask: Callable[[str], str]) -> str:
    """The campaign parameters of a query, and the names of its click ids."""
    kept: dict[str, str] = {}
    for pair in re.split("[&;]", query):
        raw_name, _, value = pair.partition("=")
        name = unquote(raw_name).strip().lower()
        if name in kept:
            continue
        if name in _CLICK_IDS:
            kept[name] = name
        elif name in _CAMPAIGN and value:
            kept[name] = f"{name}={mask(value)}"
    return "&".join(kept.values())
