"""`RYBBIT_SITES`: only the named sites may be asked about, whatever they are called.

The server is asked through the demo's data, and every address it is asked is kept: a site that is
not allowed must not be asked about at all with the key.
"""

from __future__ import annotations

import re

import httpx
import pytest
from mcp import Client
from mcp.types import PromptReference
from pydantic import SecretStr

from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import create_server
from rybbit_mcp.settings import Settings
from tests.server.conftest import NOW, ask, fail

pytestmark = pytest.mark.anyio

SHOP = ["1", "5f3a9c1e7b42", "shop.example.com", "https://www.shop.example.com/cart", "acme SHOP"]
DOCS = ["2", "c8d20e6f91ab", "docs.example.com", "Acme Docs", "docs"]
ARGUMENTS = {"get_session": {"session_id": "abcdefgh12345678"}}


class Served:
    """A server with these settings over the demo's data, and the addresses it asked for."""

    def __init__(self, *, generation="D", key=DEMO_KEY, answer=None, **settings):
        app = create_demo_app(now=lambda: NOW, generation=generation)
        self.asked = []

        demo = httpx.ASGITransport(app=app)

        async def respond(request):
            if request.headers.get("authorization"):  # what generation it is, is asked without
                self.asked.append(request.url.path)
            made = answer(request) if answer else None
            return made or await demo.handle_async_request(request)

        self.server = create_server(
            Settings(
                _env_prefix="NO_SUCH_PREFIX_",
                url="https://rybbit.test",
                api_key=SecretStr(key),
                **settings,
            ),
            clock=lambda: NOW,
            transport=lambda: httpx.MockTransport(respond),
        )

    def asked_about(self, *names):
        """The addresses that name one of these sites."""
        return [path for path in self.asked if set(path.split("/")) & set(names)]


async def tools_with_sites(client):
    tools = (await client.list_tools()).tools
    return [tool.name for tool in tools if "site" in tool.input_schema["properties"]]


@pytest.mark.parametrize("allowed", SHOP)
async def test_only_the_allowed_site_is_listed_and_the_limit_is_said(allowed):
    async with Client(Served(sites=allowed).server) as client:
        text = await ask(client, "list_sites")

    assert "# 1 site\n" in text
    assert "# limited by RYBBIT_SITES\n" in text
    assert "shop.example.com" in text
    assert "docs.example.com" not in text


@pytest.mark.parametrize("allowed", SHOP)
@pytest.mark.parametrize("called", DOCS)
async def test_another_site_is_refused_by_every_tool_before_it_is_asked_about(allowed, called):
    served = Served(sites=allowed)
    async with Client(served.server) as client:
        for tool in await tools_with_sites(client):
            text = await fail(client, tool, site=called, **ARGUMENTS.get(tool, {}))

            assert "RYBBIT_SITES" in text
            assert re.search(r"Allowed: (1|1 Acme Shop)\.", text), text
            assert "Acme Docs" not in text.replace(repr(called), "")

    assert not served.asked_about("2", "c8d20e6f91ab")


@pytest.mark.parametrize("allowed", SHOP)
@pytest.mark.parametrize("called", ["", *SHOP])
async def test_an_allowed_site_may_be_called_by_any_of_its_names(allowed, called):
    async with Client(Served(sites=allowed).server) as client:
        text = await ask(client, "list_sessions", site=called, limit=1)

    assert "site 1" in text.splitlines()[0]


@pytest.mark.parametrize("default", DOCS)
async def test_a_default_site_outside_of_the_limit_is_refused(default):
    served = Served(sites="shop.example.com", site=default)
    async with Client(served.server) as client:
        text = await fail(client, "list_sessions")

        assert "RYBBIT_SITE" in text.replace("RYBBIT_SITES", "")
        assert "Allowed: 1 Acme Shop" in text
        assert "site 1" in await ask(client, "list_sessions", site="shop.example.com", limit=1)

    assert not served.asked_about("2", "c8d20e6f91ab")


async def test_one_site_named_twice_is_one_site_and_the_default():
    async with Client(Served(sites="shop.example.com, 1 ,5f3a9c1e7b42").server) as client:
        assert "# 1 site\n" in await ask(client, "list_sites")
        assert "site 1" in await ask(client, "list_sessions", limit=1)


async def test_of_several_allowed_sites_one_must_be_chosen():
    async with Client(Served(sites="shop.example.com,2").server) as client:
        text = await fail(client, "list_sessions")

    assert "Choose one: 1 Acme Shop, 2 Acme Docs." in text


async def test_a_name_that_is_part_of_an_allowed_one_does_not_stand_for_another_site():
    """`docs.example.com` is a part of the allowed `old-docs.example.com`, and another site."""
    body = [
        {
            "id": "org",
            "sites": [
                {"id": "2", "name": "Docs", "domain": "docs.example.com"},
                {"id": "7", "name": "Old docs", "domain": "old-docs.example.com"},
            ],
        }
    ]

    def answer(request):
        return httpx.Response(200, json=body) if request.url.path.endswith("ations") else None

    served = Served(sites="7", answer=answer)
    async with Client(served.server) as client:
        text = await fail(client, "list_sessions", site="docs.example.com")

    assert "Allowed: 7 Old docs." in text
    assert not served.asked_about("2")


async def test_an_entry_that_only_begins_like_a_site_allows_nothing():
    served = Served(sites="shop")
    async with Client(served.server) as client:
        listed = await ask(client, "list_sites")
        refused = await fail(client, "list_sessions")
        named = await fail(client, "list_sessions", site="1")

    assert "# no sites: RYBBIT_SITES allows none" in listed
    for text in (listed, refused, named):
        assert "no site is called 'shop'" in text
        assert "Acme" not in text
    assert not served.asked_about("1", "2")


async def test_an_entry_that_no_site_is_called_is_said_and_widens_nothing():
    served = Served(sites="blog.example.com,shop.example.com")
    async with Client(served.server) as client:
        listed = await ask(client, "list_sites")
        refused = await fail(client, "list_sessions", site="blog.example.com")
        other = await fail(client, "list_sessions", site="2")

    assert "# limited by RYBBIT_SITES; no site is called 'blog.example.com'\n" in listed
    assert "No site is called 'blog.example.com'" in refused
    assert "RYBBIT_SITES" in other
    assert "Acme Docs" not in listed + refused + other


async def test_a_name_of_two_sites_allows_neither():
    body = [
        {"id": "org", "sites": [{"id": "2", "name": "Docs"}, {"id": "7", "name": "docs"}]},
    ]

    def answer(request):
        return httpx.Response(200, json=body) if request.url.path.endswith("ations") else None

    served = Served(sites="Docs", answer=answer)
    async with Client(served.server) as client:
        text = await ask(client, "list_sites")
        await fail(client, "list_sessions", site="2")

    assert "'Docs' fits several sites, give numbers" in text
    assert not served.asked_about("2", "7")


@pytest.mark.parametrize("generation", ["B", "C"])
@pytest.mark.parametrize("allowed", ["1", "5f3a9c1e7b42"])
async def test_numbers_and_text_ids_work_on_every_server_that_reads_them(generation, allowed):
    served = Served(generation=generation, sites=allowed)
    async with Client(served.server) as client:
        assert "# limited by RYBBIT_SITES" in await ask(client, "list_sites")
        assert "visits of" in await ask(client, "list_sessions", limit=1)
        assert "visits of" in await ask(client, "list_sessions", site=allowed, limit=1)
        for called in DOCS:
            assert "RYBBIT_SITES" in await fail(client, "list_sessions", site=called)

    assert not served.asked_about("2", "c8d20e6f91ab")


async def test_a_domain_allows_nothing_where_sites_cannot_be_listed():
    served = Served(generation="B", sites="shop.example.com")
    async with Client(served.server) as client:
        listed = await ask(client, "list_sites")
        refused = await fail(client, "list_sessions")
        named = await fail(client, "list_sessions", site="1")

    for text in (listed, refused, named):
        assert "'shop.example.com' cannot be looked up, give numbers" in text
    assert not served.asked_about("1", "2")


async def test_an_organization_key_and_no_key_take_numbers_and_text_ids():
    for key in ("rb_org_" + "x" * 64, "none"):
        served = Served(sites="5f3a9c1e7b42,1", key=key, answer=open_to_all)
        async with Client(served.server) as client:
            assert "visits of" in await ask(client, "list_sessions", site="1", limit=1)
            assert "visits of" in await ask(client, "list_sessions", site="5f3a9c1e7b42", limit=1)
            for called in DOCS:
                assert "RYBBIT_SITES" in await fail(client, "list_sessions", site=called)
        assert not served.asked_about("2", "c8d20e6f91ab")


def open_to_all(request):
    """What a public site answers to a list; the list of organizations wants a user's key."""
    if request.url.path == "/api/organizations":
        return httpx.Response(401, json={"error": "Unauthorized"})
    if request.url.path.endswith("/sessions"):
        return httpx.Response(200, json={"data": []})
    return None


async def test_a_failure_to_list_sites_allows_nothing():
    served = Served(sites="shop.example.com", answer=lambda _: httpx.Response(500, json={}))
    async with Client(served.server) as client:
        for called in ("", *SHOP, *DOCS, "blog"):
            await fail(client, "list_sessions", site=called)

    assert not served.asked_about("2", "c8d20e6f91ab")


async def test_a_refused_key_is_told_about_allowed_sites_alone():
    """A good key that does not open an allowed site: the hint must not name the others."""
    refused = httpx.Response(403, json={"error": "Forbidden"})

    def answer(request):
        return refused if request.url.path.endswith("/sessions") else None

    async with Client(Served(sites="999,shop.example.com", answer=answer).server) as client:
        text = await fail(client, "list_sessions", site="999")

    assert "site 999 is not among its sites" in text
    assert "Of those that RYBBIT_SITES allows it sees 1 Acme Shop." in text
    assert "Docs" not in text


async def test_a_key_that_may_not_list_is_not_tried_on_another_site():
    """Whether a key is throttled is seen at a site; an allowed one, or none."""
    unauthorized = httpx.Response(401, json={"error": "Unauthorized"})
    for sites, tried in (("shop.example.com", []), ("7,9", ["/api/sites/7"])):
        served = Served(
            sites=sites,
            answer=lambda request: (
                unauthorized if request.url.path.endswith("organizations") else None
            ),
        )
        async with Client(served.server) as client:
            await fail(client, "list_sites")

        assert [path for path in served.asked if "/sites/" in path] == tried


async def test_the_demo_is_limited_too(plain_settings):
    limited = plain_settings.model_copy(update={"sites": "docs.example.com"})
    async with Client(create_demo_server(limited, clock=lambda: NOW)) as client:
        listed = await ask(client, "list_sites")
        default = await ask(client, "list_sessions", limit=1)
        refused = await fail(client, "list_sessions", site="shop.example.com")

    assert "Acme Shop" not in listed
    assert "site 2" in default
    assert "Allowed: 2 Acme Docs." in refused


async def test_completions_name_allowed_sites_alone():
    async with Client(Served(sites="2").server) as client:
        found = await client.complete(
            PromptReference(name="explain_visit"), {"name": "site", "value": ""}
        )

    assert found.completion.values == ["docs.example.com"]


async def test_a_text_id_needs_no_list_of_sites():
    for settings, called in (({"site": "5f3a9c1e7b42"}, ""), ({}, "5f3a9c1e7b42")):
        async with Client(Served(generation="B", **settings).server) as client:
            text = await ask(client, "list_sessions", site=called, limit=1)

        assert "site 5f3a9c1e7b42" in text
