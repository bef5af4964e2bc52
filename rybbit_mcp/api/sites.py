"""Organizations and sites: what a key opens."""

from __future__ import annotations

from pydantic import BaseModel, Field, RootModel

from rybbit_mcp.api.connection import Connection
from rybbit_mcp.api.errors import AccessDeniedError, UnsupportedError
from rybbit_mcp.api.models import Organization, Site, Text
from rybbit_mcp.api.refusals import Asked

ORGANIZATION_BOUND = 20


class _ShortSite(BaseModel):
    """A site inside an organization: here `id` is the number, as text."""

    id: Text
    name: Text = ""
    domain: Text = ""


class _Organization(Organization):
    sites: list[_ShortSite] = Field(default_factory=list)


class _Organizations(RootModel[list[_Organization]]):
    pass


class _OrganizationSites(BaseModel):
    sites: list[Site]


async def read_sites(connection: Connection) -> tuple[Site, ...]:
    """Every site of every organization the key sees.

    Raises:
        UnsupportedError: 2.2 and older, and organization keys, cannot list.
    """
    generation = await connection.generation()
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
    organizations = await connection.read(
        _Organizations, lambda _: ("organizations",), {}, Asked("organizations")
    )
    sites: dict[int, Site] = {}
    for organization in organizations.root[:ORGANIZATION_BOUND]:
        for site in await _sites_of(connection, organization):
            sites.setdefault(site.site_id, site)
    return tuple(sites.values())


async def _sites_of(connection: Connection, organization: _Organization) -> list[Site]:
    """The sites with their visits of 24 hours, or without where the key's scopes forbid."""
    try:
        body = await connection.read(
            _OrganizationSites,
            lambda _: ("organizations", organization.id, "sites"),
            {},
            Asked("sites"),
        )
    except AccessDeniedError:
        return [
            Site(site_id=int(short.id), name=short.name, domain=short.domain)
            for short in organization.sites
            if short.id.isdecimal()
        ]
    return body.sites


async def read_site(connection: Connection, site: str) -> Site:
    """One site by number or text id; 2.2 knows numbers only here."""
    return await connection.read(Site, lambda _: ("sites", site), {}, Asked("site", site))
