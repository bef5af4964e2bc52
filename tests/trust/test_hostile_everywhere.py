"""Hostile texts in every text field of every record come out harmless from every tool."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, Literal
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mcp import Client
from mcp.types import Prompt, PromptReference, TextContent

from rybbit_mcp.answers.characters import visible
from rybbit_mcp.server import create_server
from tests.faults.harness import settings_for, text_of
from tests.figures import Tell
from tests.hostile import HOSTILE
from tests.trust.hostile_rybbit import FIELD_COUNT, HostileRybbit

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
Level = Literal["strict", "standard", "open"]
LEVELS: tuple[Level, ...] = ("strict", "standard", "open")
DAY = {"site": "1", "period": "2026-11-24"}

PERSONAL = {
    "mail": "ada.lovelace@example.com",
    "mail inside": "/reset?user=ada.lovelace@example.com&x=1",
    "hidden mail": "ada.lovelace\u200b@example.com",
    "wide mail": "ada.lovelace＠example.com",
    "address": "from 203.0.113.77 today",
    "newer address": "at [2001:db8:85a3::8a2e:370:7334]:443",
    "address in a path": "/ip/203.0.113.77/x",
    "quoted mail": '"ada.lovelace"@example.com',
    "mail with an entity": "ada.lovelace&commat;example.com",
    "escaped mail": "ada.lovelace\\u0040example.com",
    "spoken mail": "ada.lovelace (at) example (dot) com",
    "address and a port": "from 203.0.113.77.443 to us",
    "newer address and a word": "peer 2001:db8:85a3::8a2e:370:7334:lost",
    "address in a host's name": "https://203-0-113-77.dip0.t-ipconnect.de/x",
    "address as one number": "http://3405803853/x",
    "wide address": "２０３．０．１１３．７７",
    "login": "https://ada:hunter2@host.example/x",
    "login with a slash": "https://ada:hunter2/3@host.example/x",
    "encoded login": "https://ada:hunter2%40host.example/x",
    "card": "4111–1111–1111–1111",
    "phone": "(555) 123-4567",
    "login in a header": "Authorization: Basic YWRhOmh1bnRlcjI=",
}
ADDRESSES = ("203.0.113.77", "203-0-113-77", "3405803853", "１１３", "8a2e:370:7334", "hunter2")
SECRETS = (*ADDRESSES, "lovelace", "1111–1111", "123-4567", "YWRhOmh1")
TEXTS = [*HOSTILE.values(), *PERSONAL.values()]

DIMENSIONS = (
    *("channel", "referrer", "country", "region", "city", "language", "device_type", "browser"),
    *("operating_system", "hostname", "entry_page", "exit_page", "utm_source", "utm_medium"),
    *("utm_campaign", "utm_term", "utm_content", "user", "tag", "path", "page", "event_name"),
    *("error_message", "outbound_link", "prop:plan"),
)
FILTERED = ("referrer", "browser", "hostname", "entry_page", "utm_source", "tag", "city")

_LINK = re.compile(
    r"(?i)(https?|ftp|vscode|slack)://\S|(?<![a-z0-9])www\.\S|mailto:\w|xmpp:\w|&#|&[a-z]+;"
)
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0"
    r"\U000e0000-\U000e0fff]"
)
_OURS_FORGED = re.compile(
    r"(?m)^#+ (0 visits, the site|visits$|next: get_session\(site=1, session=)"
)


@asynccontextmanager
async def client_of(texts: list[str], level: Level, output: str) -> AsyncIterator[Client]:
    """A client of a server between it and a Rybbit that holds these texts."""
    given = settings_for(
        "https://rybbit.test", privacy=level, output=output, answer_chars=40_000, log_level="ERROR"
    )
    rybbit = HostileRybbit(texts)
    server = create_server(given, clock=lambda: NOW, transport=rybbit.transport)
    async with Client(server) as client:
        yield client


def calls(count: int, output: str, level: Level) -> Iterator[tuple[str, dict[str, Any]]]:
    """Questions that together show every field of every record."""
    yield "list_sites", {}
    for page in range(1, count // 20 + 2):
        yield "list_sessions", DAY | {"limit": 20, "page": page}
    for parameter in FILTERED:
        if (level, parameter) == ("strict", "city"):  # which is refused
            continue
        filters = [{"parameter": parameter, "value": ["nothing"]}]
        yield "list_sessions", DAY | {"filters": filters}
    yield "get_session_locations", DAY | {"limit": 250}
    for dimension in DIMENSIONS:
        yield "summarize_sessions", DAY | {"group_by": [dimension], "top": 100}
    for number in range(count):
        given = {"site": "1", "session_id": HostileRybbit.id_of(number)}
        yield "get_session", given
        if number % 2 == (output == "text"):  # event by event; the other half in the other form
            yield "get_session", given | {"limit": 50}


def check_seen(text: str) -> None:
    """No character that a reader does not see."""
    for char in text:
        if char in "\n\t\u200d":  # where joiners may stand is the gate's to know
            continue
        assert category(char) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}, hex(ord(char))
        assert not _UNSEEN.match(char), hex(ord(char))


def check_text(text: str, level: Level | None) -> None:
    """Nothing unseen, nothing that links, nothing that names a visitor.

    Without a level: names of sites are their owners' words, and not masked.
    """
    check_seen(text)
    assert not _LINK.search(text), _LINK.search(text)
    if level is None:
        return
    for secret in ADDRESSES if level == "open" else SECRETS:
        assert secret not in text, secret


def check_shape(text: str) -> None:
    """Our lines are ours; every table has as many cells in each row as columns."""
    assert not _OURS_FORGED.search(text), _OURS_FORGED.search(text)
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith("#")]
        assert len({line.count("\t") for line in lines}) <= 1, lines[:3]


def check_markdown(text: str) -> None:
    """No reader makes a link, an image, HTML or a block of it, also none that looks for addresses.

    Readers of GitHub Flavored Markdown look for them in what a parser of CommonMark leaves as
    text, after entities and escapes have become characters.
    """
    bad = {"link_open", "image", "html_inline", "html_block", "fence"}
    bad |= {"blockquote_open", "bullet_list_open", "ordered_list_open", "hr", "table_open"}
    for block in MarkdownIt("commonmark").enable("table").parse(text):
        kinds = {block.type} | {token.type for token in block.children or ()}
        assert not kinds & bad, (kinds & bad, block.content[:300])
        assert not (block.type == "heading_open" and block.markup in {"=", "-"}), "underlined"
        for token in block.children or ():
            found = _LINK.search(token.content) if token.type == "text" else None
            assert not found, (found, block.content[:300])


def check_structured(content: dict[str, Any], level: Level | None) -> None:
    """The same in JSON, cell by cell."""
    for table in content["tables"]:
        for row in table["rows"]:
            assert len(row) == len(table["columns"])
            for cell in row:
                assert "\n" not in str(cell)
                assert "\t" not in str(cell)
    for note in (*content["notes"], *content["next"]):
        assert "\n" not in note
    check_text(json.dumps(content, ensure_ascii=False), level)


async def check_all(texts: list[str], level: Level, output: str) -> Counter[str]:
    """Ask everything; how often each tool answered."""
    answered: Counter[str] = Counter()
    async with client_of(texts, level, output) as client:
        for tool, given in calls(len(texts), output, level):
            result = await client.call_tool(tool, given)
            text = text_of(result)
            assert not result.is_error, (tool, given, text)
            shown = None if tool == "list_sites" else level
            try:
                check_text(text, shown)
                if output == "structured":
                    check_structured(result.structured_content, shown)
                else:
                    check_shape(text)
                    check_markdown(text)
            except AssertionError as error:
                raise AssertionError(f"{tool} {given}: {error}\n{text[:1500]}") from error
            answered[tool] += 1
        lost = await client.call_tool("list_sessions", {"site": "no such site"})
        assert lost.is_error
        check_text(text_of(lost), None)
        check_markdown(text_of(lost))
    return answered


@pytest.mark.anyio
@pytest.mark.parametrize("output", ["text", "structured"])
@pytest.mark.parametrize("level", LEVELS)
async def test_hostile_texts_in_every_field_come_out_harmless(
    level: Level, output: str, figure: Tell
) -> None:
    # A lone surrogate cannot stand in UTF-8: servers send the replacement character instead.
    texts = [text.encode("utf-8", "replace").decode() for text in TEXTS]

    answered = await check_all(texts, level, output)

    assert len(answered) == 5
    figure("hostile_texts", len(HOSTILE))
    figure("hostile_fields", FIELD_COUNT)
    figure("hostile_answers", answered.total())


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3), st.sampled_from(LEVELS))
@settings(max_examples=5)
def test_random_texts_in_every_field_come_out_harmless(texts: list[str], level: Level) -> None:
    known = [text.encode("utf-8", "replace").decode() for text in texts]

    for output in ("text", "structured"):
        asyncio.run(partial(check_all, known, level, output)())


def questions(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls that hold the text in every argument that holds text."""
    city = {"parameter": "city", "value": [text]}
    yield "list_sessions", {"site": text}
    yield "list_sessions", DAY | {text: 1}
    for name in ("period", "time_zone", "start_date", "user_id"):
        yield "list_sessions", {"site": "1"} | {name: text}
    for item in ({"parameter": text}, {"type": text}, {"type": "regex"}, {text: 1}, {}):
        yield "list_sessions", DAY | {"filters": [city | item]}
    yield "get_session", {"site": "1", "session_id": text}
    for name in ("group_by", "metrics"):
        for before in ("", "prop:", "sum:"):
            yield "summarize_sessions", DAY | {name: [before + text]}
    for name in ("with_event", "compare"):
        yield "summarize_sessions", DAY | {name: text}


@pytest.mark.anyio
@pytest.mark.parametrize("output", ["text", "structured"])
async def test_hostile_arguments_are_echoed_harmlessly(output: str, figure: Tell) -> None:
    texts = dict.fromkeys(
        text.encode("utf-8", "replace").decode()[:200] for text in HOSTILE.values()
    )
    answer_count = 0
    async with client_of(["x"], "standard", output) as client:
        for number, text in enumerate(texts):
            # Each text in a few of the arguments, and each argument with many of the texts.
            for tool, given in islice(questions(text), number % 7, None, 7):
                result = await client.call_tool(tool, given)
                shown = text_of(result)
                try:
                    check_text(shown, None)
                    check_markdown(shown if output == "text" else f"x {shown}")
                    if result.structured_content:
                        check_structured(result.structured_content, None)
                except AssertionError as error:
                    raise AssertionError(f"{tool} {given}: {error}\n{shown[:1500]}") from error
                answer_count += 1

    figure("hostile_answers", answer_count)


@pytest.mark.anyio
async def test_errors_name_hostile_sites_and_visits_harmlessly() -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in HOSTILE.values()]
    for start in range(0, len(texts), 5):
        async with client_of(texts[start : start + 5], "standard", "text") as client:
            for site in ("nothing called so", "99", ""):
                result = await client.call_tool("list_sessions", {"site": site, "period": "24h"})
                assert result.is_error
                check_text(text_of(result), None)
                check_markdown(text_of(result))


@pytest.mark.anyio
async def test_hostile_arguments_of_prompts_come_out_in_sight_and_on_one_line(figure: Tell) -> None:
    async def filled(client: Client, prompt: Prompt, value: str) -> str:
        names = [argument.name for argument in prompt.arguments or ()]
        result = await client.get_prompt(prompt.name, dict.fromkeys(names, value))
        (message,) = result.messages
        assert isinstance(message.content, TextContent)
        return message.content.text

    prompt_count = 0
    async with client_of([], "standard", "text") as client:
        prompts = (await client.list_prompts()).prompts
        for prompt in prompts:
            line_count = (await filled(client, prompt, "x")).count("\n")
            for text in HOSTILE.values():
                sent = text.encode("utf-8", "replace").decode()
                if not visible(sent)[0]:  # which is a missing argument
                    continue
                shown = await filled(client, prompt, sent)
                check_seen(shown)
                assert shown.count("\n") == line_count
                prompt_count += 1

    assert prompt_count > 4 * 60
    figure("hostile_prompts", prompt_count)


@pytest.mark.anyio
async def test_names_of_sites_are_completed_harmlessly(figure: Tell) -> None:
    async with client_of(list(HOSTILE.values())[:40], "standard", "text") as client:
        reference = PromptReference(type="ref/prompt", name="weekly_review")
        found = await client.complete(reference, {"name": "site", "value": ""})

    assert found.completion.values
    for value in found.completion.values:
        check_text(value, None)
        assert "\n" not in value
    figure("hostile_prompts", len(found.completion.values))
