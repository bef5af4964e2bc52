"""What people call sites, and the list of those that may be asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rybbit_mcp.api.models import Site

NUMBER = re.compile(r"[1-9]\d{0,9}", re.ASCII)
TEXT_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)


def sites_called(called: str, sites: Iterable[Site], *, in_part: bool = False) -> list[Site]:
    """The sites of the first rule that any site satisfies: number or id, domain, name.

    With `in_part`, a part of a domain or name is the last rule.
    """
    plain = _plain(called)
    if NUMBER.fullmatch(plain):  # as servers read it, whatever another site is named
        return [site for site in sites if str(site.site_id) == plain]
    rules: list[Callable[[Site], bool]] = [
        lambda site: plain in (str(site.site_id), site.text_id),
        lambda site: plain == _plain(site.domain),
        lambda site: plain == site.name.strip().lower(),
    ]
    if in_part:
        rules.append(lambda site: plain in site.domain.lower() or plain in site.name.lower())
    for rule in rules:
        if plain and (found := [site for site in sites if rule(site)]):
            return found
    return []


def _plain(domain: str) -> str:
    """A domain as people paste it, without scheme, `www.` and path."""
    text = domain.strip().lower()
    text = re.sub(r"^[a-z]+://", "", text)
    return text.split("/")[0].removeprefix("www.") if "." in text else text


@dataclass(frozen=True, slots=True)
class Allowed:
    """The sites that are allowed, and the entries that stand for none or for several."""

    sites: tuple[Site, ...]
    missing: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllowedSites:
    """A list of sites by what they are called; an empty one allows all.

    An entry must be the whole number, text id, domain or name of exactly one site: what fits in
    part, or several, could come to mean a site that nobody allowed.
    """

    entries: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def numbers(self) -> frozenset[int]:
        """The sites that are allowed by number, which needs no looking up."""
        return frozenset(int(entry) for entry in self.entries if NUMBER.fullmatch(entry))

    def among(self, sites: Sequence[Site]) -> Allowed:
        """Which of these sites are allowed, in their order."""
        if not self.entries:
            return Allowed(tuple(sites))
        called = {entry: sites_called(entry, sites) for entry in self.entries}
        chosen = {found[0].site_id for found in called.values() if len(found) == 1}
        return Allowed(
            tuple(site for site in sites if site.site_id in chosen),
            tuple(entry for entry, found in called.items() if not found),
            tuple(entry for entry, found in called.items() if len(found) > 1),
        )
