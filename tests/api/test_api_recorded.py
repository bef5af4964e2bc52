"""The client against every recorded answer: typed records, or one error in our own words."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.discovery import discover
from rybbit_mcp.api.errors import NotFoundError, RybbitError
from rybbit_mcp.api.models import Location, Session, SessionHead, Site
from rybbit_mcp.api.window import Window
from tests.api.recorded import KEY, NOT_USED, Recording, client_of, recordings, serving

pytestmark = pytest.mark.anyio

ALL_TIME = Window("all", "UTC", "all")
USED = [one for one in recordings() if one.is_used]
WORDS_OF_OURS = {"sessions:read", "org:read", "sites:read", "ORG_ID_1"}


async def call(client: RybbitClient, recording: Recording) -> object:
    """The method that this recording is an answer to."""
    site = "1" if recording.is_about_a_number else "0123456789ab"
    match recording.kind:
        case "list":
            return await client.sessions(site, ALL_TIME, limit=10_000)
        case "detail":
            events = recording.body.get("data", {}).get("events", [])
            return await client.session(site, "SomeSession001", limit=len(events) or 1)
        case "locations":
            return await client.locations(site, ALL_TIME)
        case "organizations" | "organization sites":
            return await client.sites()
        case "site":
            return await client.site(site)
        case "version":
            return await client.generation()


def completed(recording: Recording) -> Recording:
    """A list of which only some fields were kept, with those that it always has."""
    if not isinstance(recording.content.get("cut", {}).get("data"), str):
        return recording
    times = {"session_start": "2026-11-24 01:00:00", "session_end": "2026-11-24 01:01:00"}
    counts = dict.fromkeys(("session_duration", "pageviews", "events", "errors", "outbound"), 0)
    rows = [times | counts | row for row in recording.body["data"]]
    return Recording(
        recording.name, recording.generation, recording.content | {"body": {"data": rows}}
    )


def test_every_recording_is_either_used_or_named_as_not_used() -> None:
    kinds = Counter(one.kind for one in USED)

    assert len(recordings()) == 527
    assert set(kinds) == {
        *("list", "detail", "locations"),
        *("organizations", "organization sites", "site", "version"),
    }
    for pattern in NOT_USED:
        assert any(Path(one.name).match(pattern) for one in recordings()), pattern


@pytest.mark.parametrize("recording", USED, ids=lambda one: one.name)
async def test_a_recorded_answer_is_records_or_one_error_in_our_words(recording: Recording) -> None:
    """Source: real servers of the generations A to D."""
    recording = completed(recording)
    answers = {recording.kind.replace(" ", "_"): recording}
    if recording.kind == "organization sites":
        answers["organizations"] = next(
            one for one in recordings() if one.name == "current/organizations"
        )
    client = client_of(serving(**answers), recording.asked_generation)
    if recording.kind == "version":
        if recording.status == 200:
            found = await discover(client._http)
            assert found.name == recording.generation
        return
    try:
        result = await call(client, recording)
    except RybbitError as error:
        assert recording.status != 200 or recording.asked_generation in "AB"
        check_words(error, recording)
        return
    assert recording.status == 200 or recording.kind == "organization sites"
    check_records(result, recording)


def check_words(error: RybbitError, recording: Recording) -> None:
    said = f"{error.message} {error.hint} {error}"

    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert len(said) < 1400
    assert KEY not in said
    assert "rybbit.example" not in said
    assert "?" not in said
    for text in recording.texts:
        assert text in WORDS_OF_OURS or len(text) < 4 or text not in said
    assert all(value not in said for value in ("ECONNREFUSED", "Route GET", "any(country)"))


def check_records(result: Any, recording: Recording) -> None:
    body = recording.body
    match recording.kind:
        case "list":
            assert len(result.sessions) == len(body["data"])
            assert all(isinstance(one, Session) for one in result.sessions)
            assert all(one.started_at.tzinfo is UTC for one in result.sessions)
            assert all("\0" not in one.country for one in result.sessions)
        case "detail":
            assert isinstance(result.head, SessionHead)
            assert len(result.events) == len(body["data"]["events"])
            assert result.event_total >= len(result.events)
        case "locations":
            assert all(isinstance(one, Location) for one in result.locations)
            counts = [one["count"] for one in body["data"]]
            assert [one.visit_count for one in result.locations] == counts
        case "site":
            assert isinstance(result, Site)
            assert (result.site_id, result.name) == (body["siteId"], body["name"])
        case _:
            assert all(isinstance(one, Site) for one in result)
            assert [one.site_id for one in result] == [1, 2]


@pytest.mark.parametrize(
    "name",
    [one.name for one in USED if "other-generation" in one.name or "route-of" in one.name],
)
async def test_a_route_of_another_generation_is_never_taken_for_a_missing_site(name: str) -> None:
    recording = next(one for one in recordings() if one.name == name)
    client = client_of(
        serving(**{recording.kind.replace(" ", "_"): recording}), recording.asked_generation
    )

    with pytest.raises(NotFoundError) as error:
        await call(client, recording)

    assert error.value.what == "route"
