"""Paths, query strings and whole addresses taken apart, masked and put together again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from rybbit_mcp.answers.ip_addresses import numeric_host
from rybbit_mcp.answers.logins import LOGIN, has_port_only, without_logins

if TYPE_CHECKING:
    from collections.abc import Callable

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)*(?P<host>[^/?#@]*)(?P<rest>.*)"
)
# A scheme that takes a mailbox is no user's name.
_SCHEMELESS_LOGIN = re.compile(
    r"(?i)\A(?!(?:mailto|xmpp|sips?|acct|e?-?mail|https?|ftp):)[\w.+%-]{1,64}:(?!//)[^\s/?#@]{1,256}@(?=[\w\[])"
)
_ADDRESS_NUMBER = re.compile(r"[1-9][0-9]{7,9}|0[xX].*|[0-9.]+\.[0-9.]+")
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

    An address without a host comes back as a path. A host that spells an IP address in one
    number is `[ip]`; one with a colon and no port behind it is half a login, and `[login]`.
    """
    url = without_logins(_SCHEMELESS_LOGIN.sub("", url))
    match = _URL.fullmatch(url)
    if not match or not match["host"]:
        parts = split(url)
        host, slash, rest = parts.path.partition("/")
        return parts._replace(path=_bare_host(host) + slash + rest)
    scheme = (match["scheme"] or "").lower()
    host = numeric_host(_without_half_login(match["host"].lower()))
    parts = split(match["rest"])
    if scheme in {"http:", "https:", ""}:
        return parts._replace(host=host.removeprefix("www.") or host)
    return parts._replace(scheme=f"{scheme}//", host=host)


def _without_half_login(host: str) -> str:
    if has_port_only(host):
        return host
    host = unquote(host).rpartition("@")[2]
    return host if has_port_only(host) else LOGIN.rstrip("@")


def _bare_host(host: str) -> str:
    """A host without a scheme as `[ip]` where it is an address and nothing else."""
    return numeric_host(host) if _ADDRESS_NUMBER.fullmatch(host) else host


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
