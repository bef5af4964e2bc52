"""Organizations and sites: what a key opens."""

from __future__ import annotations

from pydantic import BaseModel

from rybbit_mcp.api.asking import Asked
from rybbit_mcp.api.connection import Connection
from rybbit_mcp.api.errors import RybbitError, UnsupportedError
from rybbit_mcp.api.models import Organization, OrganizationList, Site

ORGANIZATION_BOUND = 20
"""Organizations asked for the details of their sites; the rest are listed without."""


class _OrganizationSites(BaseModel):
    sites: list[Site]


async def read_sites(connection: Connection) -> tuple[Site, ...]:
    """Every site of every organization the key sees.

    Raises:
        UnsupportedError: 2.2 and older, organization keys, and whoever has no key, cannot list.
    """
    generation = await connection.generation()
    if connection.is_guessing:
        raise UnsupportedError(
            f"The server answers 401 to everything, as Rybbit {generation.versions} does, which "
            "does not list sites for a key.",
            "Give the site's number, or set RYBBIT_SITE. Is the server newer, then a proxy before "
            "it wants a login, or it is in trouble: try again in a minute.",
        )
    if not generation.has_site_routes:
        raise UnsupportedError(
            f"Rybbit {generation.versions}, which this server is, does not list sites for a key.",
            "Give the site's number, or set RYBBIT_SITE.",
        )
    if connection.has_organization_key:
        raise UnsupportedError(
            "An organization key cannot list its organizations.",
            "Give the site's number, or set RYBBIT_SITE.",
        )
    if not connection.has_key:
        raise UnsupportedError(
            "Without a key the server lists no sites.",
            "Give the site's number, or set RYBBIT_SITE; or set RYBBIT_API_KEY.",
        )
    organizations = await connection.read(
        OrganizationList, lambda _: ("organizations",), {}, Asked("organizations")
    )
    sites: dict[int | str, Site] = {}
    for position, organization in enumerate(organizations.root):
        is_short = position >= ORGANIZATION_BOUND
        found = (
            organization.known_sites() if is_short else await _sites_of(connection, organization)
        )
        for site in found:
            sites.setdefault(site.site_id, site)
    return tuple(sites.values())


async def _sites_of(connection: Connection, organization: Organization) -> list[Site]:
    """The sites with their visits of 24 hours, or without where those cannot be had."""
    try:
        body = await connection.read(
            _OrganizationSites,
            lambda _: ("organizations", organization.id, "sites"),
            {},
            Asked("sites"),
        )
    except RybbitError:  # a missing scope, mostly; the listing holds what matters
        return organization.known_sites()
    return body.sites


async def read_site(connection: Connection, site: str) -> Site:
    """One site by number or text id.

    Raises:
        UnsupportedError: a text id on 2.2 and older, which fail on it.
    """
    generation = await connection.generation()
    if not generation.has_site_routes and not site.isdecimal():
        raise UnsupportedError(
            f"Rybbit {generation.versions}, which this server is, knows sites by number only.",
            "Give the site's number.",
        )
    return await connection.read(Site, lambda _: ("sites", site), {}, Asked("site", site))
