"""Sites by whatever people call them: number, text id, domain or name; and which are allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    RybbitError,
    UnsupportedError,
)
from rybbit_mcp.api.models import Site
from rybbit_mcp.api.naming import NUMBER, TEXT_ID, AllowedSites, sites_called

LIMIT = "limited by RYBBIT_SITES"

_LISTING_LASTS = timedelta(minutes=5)
_NAMED_AT_MOST = 10
_LOOKED_UP_AT_MOST = 20
_NOT_TOLD = (UnsupportedError, AccessDeniedError)


@dataclass(frozen=True, slots=True)
class SiteListing:
    """The sites that may be asked about, and why there may be more, or fewer than hoped.

    `known_sites` are all that were learnt of; `problem` says which entries allow nothing.
    """

    sites: tuple[Site, ...]
    note: str = ""
    known_sites: tuple[Site, ...] = ()
    problem: str = ""


class SiteDirectory:
    """Resolves what a caller calls a site. Listings are kept for five minutes.

    Every tool gets its site here, so that none is asked about that is not allowed.
    """

    def __init__(
        self,
        client: RybbitClient,
        default_site: str,
        clock: Callable[[], datetime],
        allowed: AllowedSites = AllowedSites(),  # noqa: B008 - frozen
    ) -> None:
        self._client = client
        self._allowed = allowed
        self._default = default_site.strip()
        self._clock = clock
        self._listing: SiteListing | None = None
        self._listed_at: datetime | None = None
        self._looked_up: dict[str, Site] = {}

    async def listing(self, *, is_fresh: bool = False) -> SiteListing:
        """All allowed sites that the key opens; where it lists none, the configured ones."""
        now = self._clock()
        is_old = self._listed_at is None or now - self._listed_at > _LISTING_LASTS
        if self._listing is None or is_old or is_fresh:
            self._listing, is_lasting = await self._read()
            self._listed_at = now if is_lasting else None
        return self._listing

    async def find(self, called: str) -> Site:
        """The site that `called` means; "" means the default one, or the only one.

        Numbers cost no call; their site is known by its number alone.

        Raises:
            AccessDeniedError: the site is not allowed.
            BadRequestError: none given and several to choose from, or several fit.
            NotFoundError: no site is called so.
        """
        is_default = not called.strip()
        called = called.strip() or self._default or self._only_entry()
        if NUMBER.fullmatch(called) and (not self._allowed or int(called) in self._allowed.numbers):
            known = self._listing.sites if self._listing else ()
            return next(iter(sites_called(called, known)), Site(site_id=int(called)))
        listing = await self._listing_for(called)
        if not called:
            return self._only(listing)
        found = _called(called, listing)
        if found is None and not self._allowed and TEXT_ID.fullmatch(called):
            return await self._by_id(called)
        if found is None or found not in listing.sites:
            raise self._refused(called, listing, is_default=is_default)
        return found

    def is_default(self, site: Site) -> bool:
        """Whether the settings name this site."""
        return bool(self._default) and site in sites_called(self._default, (site,), in_part=True)

    async def names(self) -> list[str]:
        """Names for completions; none where they cannot be had."""
        try:
            listing = await self.listing()
        except RybbitError:
            return []
        from rybbit_mcp.answers.clean import Gate

        gate = Gate()
        return [gate.text(site.domain or site.name) or str(site.site_id) for site in listing.sites]

    def _only_entry(self) -> str:
        return self._allowed.entries[0] if len(self._allowed.entries) == 1 else ""

    async def _listing_for(self, called: str) -> SiteListing:
        try:
            return await self.listing()
        except _NOT_TOLD:
            if self._allowed or not TEXT_ID.fullmatch(called):
                raise
            return SiteListing(())  # what cannot be listed may open all the same

    async def _read(self) -> tuple[SiteListing, bool]:
        """The listing, and whether it may be kept: a refusal may be an outage."""
        try:
            sites = await self._client.sites()
        except _NOT_TOLD as error:
            is_sure = isinstance(error, UnsupportedError)
            if self._allowed:
                return await self._allowed_by_id(error), is_sure
            if not self._default or not is_sure:
                raise
            site = await self._by_id(self._default)
            note = f"only the configured site is known: {error.message}"
            return SiteListing((site,), note, (site,)), True
        if not self._allowed:
            return SiteListing(sites, "", sites), True
        found = self._allowed.among(sites)
        problem = _joined(
            _quoted("no site is called", found.missing),
            *[
                f"{_quoted('', [entry])} fits several sites, give numbers"
                for entry in found.unclear
            ],
        )
        return SiteListing(found.sites, _joined(LIMIT, problem), sites, problem), True

    async def _allowed_by_id(self, why: RybbitError) -> SiteListing:
        """What is allowed where sites cannot be listed: numbers and text ids, as they are."""
        sites: dict[int | str, Site] = {}
        missing = []
        ids = [one for one in self._allowed.entries if _is_id(one)]
        for position, entry in enumerate(ids):
            try:
                site = await self._by_id(entry) if position < _LOOKED_UP_AT_MOST else _bare(entry)
            except NotFoundError:
                missing.append(entry)
            else:
                sites.setdefault(site.site_id, site)
        names = [entry for entry in self._allowed.entries if not _is_id(entry)]
        problem = _joined(
            _quoted("no site is called", missing),
            f"{_quoted('', names)} cannot be looked up, give numbers: {why.message}"
            if names
            else "",
        )
        known = tuple(sites.values())
        return SiteListing(known, _joined(LIMIT, problem), known, problem)

    async def _by_id(self, called: str) -> Site:
        """The site of a number or text id, by that alone where the server tells no more."""
        if called not in self._looked_up:
            try:
                self._looked_up[called] = await self._client.site(called)
            except (*_NOT_TOLD, AuthenticationError) as error:
                is_about_key = isinstance(error, AuthenticationError) and self._client.has_key
                if is_about_key or not _is_id(called):
                    raise
                return _bare(called)
        return self._looked_up[called]

    def _only(self, listing: SiteListing) -> Site:
        if len(listing.sites) == 1:
            return listing.sites[0]
        if listing.sites:
            raise BadRequestError(
                "site is missing, and there are several.", f"Choose one: {_named(listing.sites)}."
            )
        if self._allowed:
            raise self._none_allowed(listing)
        raise NotFoundError(
            "The key opens no site.", "Give it access to one in Rybbit.", what="site", status=None
        )

    def _refused(self, called: str, listing: SiteListing, *, is_default: bool) -> RybbitError:
        if not self._allowed:
            hint = f"There are: {_named(listing.sites)}. {_capital(listing.note)}".strip()
            return NotFoundError(
                f"No site is called {called[:60]!r}.", hint, what="site", status=None
            )
        if not listing.sites:
            return self._none_allowed(listing)
        named = f"site {called[:60]!r}"
        if is_default and self._default:
            named = f"The default {named}, set by RYBBIT_SITE,"
        return AccessDeniedError(
            f"{named} is not among the sites that RYBBIT_SITES allows.",
            f"Allowed: {_named(listing.sites)}. {_capital(listing.problem)}".strip(),
        )

    @staticmethod
    def _none_allowed(listing: SiteListing) -> RybbitError:
        return AccessDeniedError(
            "RYBBIT_SITES allows none of the sites that the key opens.",
            f"Correct RYBBIT_SITES: {listing.problem}." if listing.problem else "",
        )


def _called(called: str, listing: SiteListing) -> Site | None:
    """The site that is meant, allowed or not; allowed ones come first where several fit."""
    fitting = sites_called(called, listing.known_sites, in_part=True)
    allowed = [site for site in fitting if site in listing.sites]
    if len(allowed) > 1:
        raise BadRequestError(
            f"site {called[:60]!r} fits several.", f"Choose one by number: {_named(allowed)}."
        )
    return next(iter(allowed or fitting), None)


def _is_id(entry: str) -> bool:
    return bool(NUMBER.fullmatch(entry) or TEXT_ID.fullmatch(entry))


def _bare(entry: str) -> Site:
    return Site(site_id=int(entry) if NUMBER.fullmatch(entry) else entry)


def _quoted(before: str, entries: Sequence[str]) -> str:
    """Entries of the setting as a sentence repeats them; "" without any."""
    from rybbit_mcp.answers.clean import Gate

    gate = Gate()
    shown = [repr(gate.text(entry, limit=60)) for entry in entries[:_NAMED_AT_MOST]]
    more = len(entries) - len(shown)
    listed = ", ".join(shown) + (f" and {more} more" if more else "")
    return f"{before} {listed}".strip() if entries else ""


def _joined(*parts: str) -> str:
    return "; ".join([part for part in parts if part])


def _capital(sentence: str) -> str:
    """As a sentence of its own."""
    if not sentence:
        return ""
    return sentence[0].upper() + sentence[1:] + ("" if sentence.endswith(".") else ".")


def _named(sites: Sequence[Site]) -> str:
    from rybbit_mcp.answers.clean import Gate

    gate = Gate()
    named = [
        f"{site.site_id} {gate.text(site.name or site.domain, limit=40)}".strip()
        for site in sites[:_NAMED_AT_MOST]
    ]
    more = len(sites) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
