"""The list of sites."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from rybbit_mcp.answers.answer import render
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.sites import render_sites
from rybbit_mcp.api.models import Site
from tests.answers.made_visits import RECORDED
from tests.hostile import HOSTILE

SHOP = Site(site_id=1, text_id="2490434d3bf3", name="Shop", domain="shop.example", sessions_24h=69)
BLOG = Site(site_id=7, text_id="9f0e8d7c6b5a", name="Blog", domain="blog.example", sessions_24h=0)


def test_sites_are_listed_with_the_default_one_marked() -> None:
    answer = render_sites([SHOP, BLOG], default=BLOG, gate=Gate(), max_chars=8000)
    assert render(answer) == snapshot("""\
# 2 sites

site	name	domain	visits_24h	text_id	note
1	Shop	shop.example	69	2490434d3bf3	-
7	Blog	blog.example	0	9f0e8d7c6b5a	default
# next: list_sessions(site=7)\
""")


def test_a_single_site_without_a_default_has_every_column_but_the_mark() -> None:
    assert render(render_sites([SHOP], gate=Gate(), max_chars=8000)) == snapshot("""\
# 1 site

site	name	domain	visits_24h	text_id
1	Shop	shop.example	69	2490434d3bf3
# next: list_sessions(site=1)\
""")


def test_a_server_that_does_not_tell_the_visits_has_no_column_of_them() -> None:
    site = Site(site_id=3, domain="x.example")
    answer = render_sites(
        [site], gate=Gate(), max_chars=8000, note="only the configured site is known: no key list"
    )
    assert render(answer) == snapshot("""\
# 1 site
# only the configured site is known: no key list
# visits of the last 24 hours: not told by this server

site	name	domain	text_id
3	-	x.example	-
# next: list_sessions(site=3)\
""")


def test_no_sites_are_said_plainly() -> None:
    answer = render_sites([], gate=Gate(), max_chars=8000, is_demo=True)
    assert render(answer) == snapshot("# DEMO DATA · no sites: the key opens none")


def test_the_recorded_list_is_shown() -> None:
    body = json.loads((RECORDED / "current" / "organization-sites.json").read_text())["body"]
    sites = [Site.model_validate(row) for row in body["sites"]]
    assert render(render_sites(sites, gate=Gate(), max_chars=8000)) == snapshot("""\
# 2 sites

site	name	domain	visits_24h	text_id
1	Acme Shop	shop.example.com	59	2490434d3bf3
2	Acme Docs	docs.example.com	0	bfce48104dc3
# next: list_sessions(site=1)\
""")


def test_many_sites_lose_rows_and_say_so() -> None:
    sites = [SHOP.model_copy(update={"site_id": number}) for number in range(1, 400)]
    text = render(render_sites(sites, gate=Gate(), max_chars=2000))
    assert len(text) <= 2000
    assert text.startswith("# 399 sites\n# shortened to 2000 characters: ")
    assert text.endswith("\n# next: list_sessions(site=1)")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_site_is_called_cannot_leave_its_cell(text: str) -> None:
    site = Site(site_id=1, name=text, domain=text, text_id=text, sessions_24h=1)
    lines = render(render_sites([site, SHOP], gate=Gate(), max_chars=8000)).split("\n")
    rows = [line for line in lines if "\t" in line]
    assert [line.count("\t") for line in rows] == [rows[0].count("\t")] * 3
    shown = "".join(lines).replace("\u200d", "")  # joins emoji, and nothing else
    assert all(char.isprintable() or char == "\t" for char in shown)
