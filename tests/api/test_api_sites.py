"""Sites: what a key opens, on each generation and with each kind of key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from tests.api.recorded import Recording, client_of, recording, serving

pytestmark = pytest.mark.anyio


def organization(number: int, *sites: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"org{number}", "name": f"Org {number}", "sites": list(sites)}


def short(number: int) -> dict[str, Any]:
    return {"id": str(number), "name": f"Site {number}", "domain": f"{number}.example.com"}


def client(answer: Any, key: str = "k" * 64, **kept: list[str]) -> RybbitClient:
    asked = kept.get("asked", [])

    def answering(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/api/")
        asked.append(path)
        found = answer(path)
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    return RybbitClient(
        "https://r.example",
        key,
        generation=GENERATIONS["D"],
        transport=httpx.MockTransport(answering),
    )


@pytest.mark.parametrize("prefix", ["c-", ""])
async def test_recorded_organizations_give_their_sites(prefix: str) -> None:
    router = serving(
        organizations=recording(f"current/{prefix}organizations"),
        organization_sites=recording(f"current/{prefix}organization-sites"),
    )

    sites = await client_of(router, "C" if prefix else "D").sites()

    assert [(one.site_id, one.name, one.domain) for one in sites] == [
        (1, "Acme Shop", "shop.example.com"),
        (2, "Acme Docs", "docs.example.com"),
    ]
    assert all(len(one.text_id) == 12 for one in sites)
    assert all(one.sessions_24h is not None for one in sites)
    assert sites[1].is_public == (prefix == "c-")


async def test_nothing_secret_or_personal_of_an_organization_is_kept() -> None:
    """2.6 sends members' e-mails and each site's secrets to any key."""
    listed = recording("current/c-organizations")
    detailed = recording("current/c-organization-sites")
    body = detailed.body | {
        "sites": [
            one | {"apiKey": "SECRET-API", "privateLinkKey": "SECRET-LINK"}
            for one in detailed.body["sites"]
        ]
    }
    secret = Recording(detailed.name, "C", detailed.content | {"body": body})

    sites = await client_of(serving(organizations=listed, organization_sites=secret), "C").sites()

    assert "SECRET" not in str(sites)
    assert "ann@lab.example" not in str(sites)


@pytest.mark.parametrize(
    "details",
    [
        recording("current/scoped-none-fitting-organization-sites").response(),
        httpx.Response(403, json={"error": "Forbidden"}),
        httpx.Response(500, json={"error": "x"}),
        httpx.Response(429, json={"error": "Rate limit exceeded"}),
        httpx.Response(200, html="<html>"),
    ],
    ids=lambda r: str(r.status_code),
)
async def test_sites_are_listed_without_details_where_those_cannot_be_had(
    details: httpx.Response,
) -> None:
    router = serving(organizations=recording("current/organizations"), organization_sites=details)

    sites = await client_of(router).sites()

    assert [(one.site_id, one.name) for one in sites] == [(1, "Acme Shop"), (2, "Acme Docs")]
    assert {one.sessions_24h for one in sites} == {None}


async def test_sites_of_many_organizations_are_listed_once_each() -> None:
    asked: list[str] = []
    organizations = [organization(n, short(n), short(1)) for n in range(1, 31)]

    def answer(path: str) -> Any:
        if path == "organizations":
            return organizations
        number = int(path.split("/")[1].removeprefix("org"))
        rows = [{"siteId": one, "id": "abc", "sessionsLast24Hours": None} for one in (number, 1)]
        return {"sites": rows}

    sites = await client(answer, asked=asked).sites()

    assert [one.site_id for one in sites] == list(range(1, 31))
    assert len(asked) == 21


async def test_strange_sites_are_left_out_and_null_lists_are_empty() -> None:
    odd: list[dict[str, Any]] = [
        {"id": "0"},
        {"id": "-1"},
        {"id": "abc"},
        {"id": None},
        {"id": 7, "name": None},
    ]
    organizations = [organization(1) | {"sites": None}, organization(2, *odd)]

    sites = await client(lambda path: organizations if path == "organizations" else {}).sites()

    assert [one.site_id for one in sites] == [7]


async def test_an_organizations_id_cannot_lead_elsewhere() -> None:
    asked: list[str] = []
    listed = [organization(1, short(1)) | {"id": "../../admin?x=#"}, organization(2) | {"id": ".."}]

    await client(lambda path: listed if path == "organizations" else {}, asked=asked).sites()

    assert asked == [
        "organizations",
        "organizations/..%2F..%2Fadmin%3Fx%3D%23/sites",
        "organizations/%2E%2E/sites",
    ]


async def test_no_organization_is_no_site() -> None:
    assert await client(lambda _: []).sites() == ()


@pytest.mark.parametrize("generation", ["A", "B"])
async def test_old_servers_do_not_list_and_are_not_asked(generation: GenerationName) -> None:
    router = serving()

    with pytest.raises(UnsupportedError, match="does not list sites") as error:
        await client_of(router, generation).sites()

    assert "RYBBIT_SITE" in error.value.hint
    assert not router.calls


async def test_an_organization_key_cannot_list_and_is_not_asked() -> None:
    router = serving()

    with pytest.raises(UnsupportedError, match="organization key"):
        await client_of(router, key="rb_org_" + "x" * 64).sites()

    assert not router.calls


@pytest.mark.parametrize("name", ["current/site", "current/c-site", "legacy/site"])
async def test_one_site_is_told_with_both_ids(name: str) -> None:
    generation: GenerationName = "B" if "legacy" in name else "D"

    site = await client_of(serving(site=recording(name)), generation).site("1")

    assert (site.site_id, site.domain) == (1, "shop.example.com")
    assert site.text_id == recording(name).body["id"]
