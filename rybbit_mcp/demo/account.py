"""The organization of the demo and its two sites."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rybbit_mcp.demo import javascript

if TYPE_CHECKING:
    from rybbit_mcp.demo.generations import Generation

ORGANIZATION_ID = "kT3vQm8ZcR1xYb7NdW5hLp2GsJ9fUa6E"
_OWNER_ID = "Xw4nB7rKq2MfT9yHc5ZsVd8PjL3gUe6A"
_MEMBER_ID = "Rb6mD1tWn9QxK4vZh7CsYf2LpJ8gEu5T"
# how long before the first request the organization was made
_AGE = timedelta(days=200)
_SHORTEST_TEXT_ID = 5


@dataclass(frozen=True, slots=True)
class Site:
    """One site of the demo."""

    site_id: int
    text_id: str
    name: str
    domain: str


SITES = (
    Site(1, "5f3a9c1e7b42", "Acme Shop", "shop.example.com"),
    Site(2, "c8d20e6f91ab", "Acme Docs", "docs.example.com"),
)


def find_site(text: str) -> tuple[Site | None, bool]:
    """Return the site meant by a part of an address, and whether it was a number.

    Source: numbers are read by JavaScript's rules; only texts of five or more are looked up.
    """
    number = javascript.number(text)
    if not math.isnan(number) or len(text) < _SHORTEST_TEXT_ID:
        return next((site for site in SITES if site.site_id == number), None), True
    return next((site for site in SITES if site.text_id == text), None), False


class Account:
    """The bodies of the routes about organizations and sites."""

    def __init__(self, generation: Generation, generated_at: datetime) -> None:
        self._generation = generation
        self._created_at = generated_at.astimezone(UTC).replace(microsecond=781_000) - _AGE

    def organizations(self) -> list[dict[str, Any]]:
        """Return the list of organizations; before D with the members' addresses."""
        member = {
            "id": _MEMBER_ID,
            "role": "owner",
            "userId": _OWNER_ID,
            "createdAt": _milliseconds(self._created_at),
            "user": {"id": _OWNER_ID, "name": "Ann Analyst", "email": "ann@acme.example"},
        }
        sites = [
            {
                "id": str(site.site_id),
                "domain": site.domain,
                "name": site.name,
                "organizationId": ORGANIZATION_ID,
                "createdBy": _OWNER_ID,
                "public": False,
                "saltUserIds": False,
                "blockBots": True,
                "createdAt": self._site_created_at(site),
            }
            for site in SITES
        ]
        return [
            {
                **self._organization(),
                "role": "owner",
                "members": [] if self._generation.letter == "D" else [member],
                "sites": sites,
            }
        ]

    def organization_sites(self, counts: dict[int, int]) -> dict[str, Any]:
        """Return the organization and its sites; `counts` are visits of the last 24 hours."""
        organization = {
            **self._organization(),
            "metadata": None,
            "stripeCustomerId": None,
            "monthlyEventCount": 0,
            "overMonthlyLimit": False,
            "approachingLimitNotifiedPeriodStart": None,
            "planOverride": None,
            "customPlan": None,
        }
        subscription = {
            "monthlyEventCount": 0,
            "eventLimit": None,
            "overMonthlyLimit": False,
            "planName": "free",
            "status": "free",
        }
        return {
            "organization": organization,
            "sites": [self._organization_site(site, counts.get(site.site_id, 0)) for site in SITES],
            "subscription": subscription,
        }

    def site(self, site: Site) -> dict[str, Any]:
        """Return one site."""
        letter, made_at = self._generation.letter, self._site_created_at(site)
        is_new = letter in "CD"
        return {
            "id": site.text_id,
            "siteId": site.site_id,
            "name": site.name,
            **({"type": "web"} if is_new else {}),
            "domain": site.domain,
            "createdAt": made_at,
            "updatedAt": made_at,
            "createdBy": _OWNER_ID,
            "organizationId": ORGANIZATION_ID,
            "saltUserIds": False,
            "public": False,
            **({"embedEnabled": False} if is_new else {}),
            "blockBots": True,
            "trackIp": True,
            "isOwner": is_new,
            "sessionReplay": True,
            "webVitals": True,
            "trackErrors": True,
            "trackOutbound": True,
            "trackUrlParams": True,
            "trackInitialPageView": True,
            "trackSpaNavigation": True,
            **(_TRACKED_SINCE_C if is_new else {}),
        }

    def _organization(self) -> dict[str, Any]:
        return {
            "id": ORGANIZATION_ID,
            "name": "Acme",
            "slug": "acme",
            "logo": None,
            "createdAt": _milliseconds(self._created_at),
        }

    def _organization_site(self, site: Site, visits_last_24_hours: int) -> dict[str, Any]:
        is_d, made_at = self._generation.letter == "D", self._site_created_at(site)
        exclusions = ("excludedPaths", "excludedHostnames", "excludedUserAgents")
        return {
            "id": site.text_id,
            "siteId": site.site_id,
            "name": site.name,
            "type": "web",
            "domain": site.domain,
            "createdAt": made_at,
            "updatedAt": made_at,
            "createdBy": _OWNER_ID,
            "organizationId": ORGANIZATION_ID,
            "public": False,
            "embedEnabled": False,
            "saltUserIds": False,
            "blockBots": True,
            **({"firstPartyProxy": False} if is_d else {}),
            "excludedIPs": [],
            "excludedCountries": [],
            **({name: [] for name in exclusions} if is_d else {}),
            "sessionReplay": True,
            "webVitals": True,
            "trackErrors": True,
            "trackOutbound": True,
            "trackUrlParams": True,
            "trackInitialPageView": True,
            "trackSpaNavigation": True,
            "trackIp": True,
            **_TRACKED_SINCE_C,
            **({} if is_d else {"apiKey": None, "privateLinkKey": None}),
            "tags": [],
            "sessionsLast24Hours": visits_last_24_hours,
            "isOwner": True,
            "teams": [],
        }

    def _site_created_at(self, site: Site) -> str:
        made_at = self._created_at + timedelta(microseconds=12_613 * site.site_id)
        return f"{made_at:%Y-%m-%d %H:%M:%S.%f}"


_TRACKED_SINCE_C = {
    "trackButtonClicks": True,
    "trackCopy": True,
    "trackFormInteractions": True,
}


def _milliseconds(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}"[:-3]
