"""Sites by whatever people call them: number, text id, domain or name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import BadRequestError, NotFoundError, RybbitError, UnsupportedError
from rybbit_mcp.api.models import Site

_LISTING_LASTS = timedelta(minutes=5)
_NUMBER = re.compile(r"[1-9]\d{0,9}", re.ASCII)
_NAMED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class SiteListing:
    """The sites known, and why there may be more."""

    sites: tuple[Site, ...]
    note: str = ""


class SiteDirectory:
    """Resolves what a caller calls a site. Listings are kept for five minutes."""

    def __init__(
        self, client: RybbitClient, default_site: str, clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._default = default_site.strip()
        self._clock = clock
        self._listing: SiteListing | None = None
        self._listed_at: datetime | None = None

    async def listing(self, *, is_fresh: bool = False) -> SiteListing:
        """All sites the key opens; where it cannot list them, the configured one and why."""
        now = self._clock()
        is_old = self._listed_at is None or now - self._listed_at > _LISTING_LASTS
        if self._listing is None or is_old or is_fresh:
            self._listing = await self._read()
            self._listed_at = now
        return self._listing

    async def find(self, called: str) -> Site:
        """The site that `called` means; "" means the default one, or the only one.

        Numbers and text ids cost no call; their site is known by id alone.

        Raises:
            BadRequestError: none given and several to choose from, or several fit.
            NotFoundError: no site is called so.
        """
        called = called.strip() or self._default
        known = self._listing.sites if self._listing else ()
        if _NUMBER.fullmatch(called):
            number = int(called)
            return next((s for s in known if s.site_id == number), Site(site_id=number))
        listing = await self.listing()
        if not called:
            return _only(listing)
        return _called(called, listing)

    def is_default(self, site: Site) -> bool:
        """Whether the settings name this site."""
        return bool(self._default) and site in _fitting(self._default, (site,))

    async def names(self) -> list[str]:
        """Names for completions; none where they cannot be had."""
        try:
            listing = await self.listing()
        except RybbitError:
            return []
        from rybbit_mcp.answers.clean import Gate

        gate = Gate()
        return [gate.text(site.domain or site.name) or str(site.site_id) for site in listing.sites]

    async def _read(self) -> SiteListing:
        try:
            return SiteListing(await self._client.sites())
        except UnsupportedError as error:
            if not self._default:
                raise
            site = await self._client.site(self._default)
            return SiteListing((site,), f"only the configured site is known: {error.message}")


def _only(listing: SiteListing) -> Site:
    if len(listing.sites) == 1:
        return listing.sites[0]
    if not listing.sites:
        raise NotFoundError(
            "The key opens no site.", "Give it access to one in Rybbit.", what="site", status=None
        )
    raise BadRequestError(
        "site is missing, and there are several.", f"Choose one: {_named(listing.sites)}."
    )


def _called(called: str, listing: SiteListing) -> Site:
    fitting = _fitting(called, listing.sites)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise BadRequestError(
            f"site {called[:60]!r} fits several.", f"Choose one by number: {_named(fitting)}."
        )
    hint = f"There are: {_named(listing.sites)}."
    if listing.note:
        hint += " " + listing.note[0].upper() + listing.note[1:]
    raise NotFoundError(f"No site is called {called[:60]!r}.", hint, what="site", status=None)


def _fitting(called: str, sites: Sequence[Site]) -> list[Site]:
    """The sites of the first rule that any site satisfies, exact before partial."""
    plain = _plain(called)
    rules: tuple[Callable[[Site], bool], ...] = (
        lambda site: plain in (str(site.site_id), site.text_id),
        lambda site: plain == _plain(site.domain),
        lambda site: plain == site.name.strip().lower(),
        lambda site: plain in site.domain.lower() or plain in site.name.lower(),
    )
    for rule in rules:
        if plain and (found := [site for site in sites if rule(site)]):
            return found
    return []


def _plain(domain: str) -> str:
    """A domain as people paste it, without scheme, `www.` and path."""
    text = domain.strip().lower()
    text = re.sub(r"^[a-z]+://", "", text)
    return text.split("/")[0].removeprefix("www.") if "." in text else text


def _named(sites: Sequence[Site]) -> str:
    from rybbit_mcp.answers.clean import Gate

    gate = Gate()
    named = [
        f"{site.site_id} {gate.text(site.name or site.domain, limit=40)}"
        for site in sites[:_NAMED_AT_MOST]
    ]
    more = len(sites) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
