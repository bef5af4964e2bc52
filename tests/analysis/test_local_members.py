"""Who has an event is told by a list, which may be read while visits move, or be none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from rybbit_mcp.analysis.specification import EventCondition, Specification
from rybbit_mcp.api.errors import (
    RateLimitedError,
    RequestTimeoutError,
    UnexpectedBodyError,
    UnsupportedError,
)
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import Window, resolve_window
from tests.analysis.fake_site import DAY, NOW, PAST, FakeSite
from tests.analysis.test_local import Asker, counted, details_read, signing_up

pytestmark = pytest.mark.anyio
SIGNUP = EventCondition("event", "signup")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_paging.PAGE_SIZE", 10)
    monkeypatch.setattr("rybbit_mcp.analysis.local_members.PAGE_SIZE", 10)


@dataclass
class Part(FakeSite):
    """The visits that have the event; `gives` may give other rows than asked for."""

    gives: Callable[[list[dict[str, Any]], int, int], list[dict[str, Any]]] | None = None

    async def page(self, number: int, size: int) -> bytes:
        body = await super().page(number, size)
        if self.gives is None:
            return body
        rows = sorted(self.rows, key=lambda row: row["session_end"], reverse=True)
        return json.dumps({"data": self.gives(rows, number, size)}).encode()


@dataclass
class Listing(FakeSite):
    """A site of which the list of visits with an event is `part`."""

    part: Part = field(default_factory=lambda: Part([]))

    async def bulk(
        self,
        site: str,
        window: Window,
        *,
        filters: Sequence[Filter] = (),
        conditions: Conditions | None = None,
    ) -> FakeSite:
        self.asked.append(tuple(filters))
        return self.part if filters else self


def listing(count: int, every: int = 1) -> Listing:
    """Every so manyth visit has the event; the list holds rows of its own."""
    made = signing_up(count, every)
    part = Part([dict(row) for row in made.rows if row["session_id"] in made.names["signup"]])
    part.details = made.details
    return Listing(made.rows, details=made.details, part=part)


def converted(window: Window = DAY) -> Specification:
    return Specification(
        window, group_by=("converted",), metrics=("sessions",), converted_by="signup"
    )


async def test_who_moves_up_while_the_list_is_read_is_found() -> None:
    site = listing(60)

    def move(number: int) -> None:
        if number == 3:
            site.part.rows[35] |= {"session_end": f"{NOW + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"}

    site.part.on_page = move

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"yes": 60}
    assert details_read(site) == []
    assert site.part.calls[-1] == "page 1/10"


async def test_who_may_have_moved_up_is_read_if_the_newest_cannot_be_read_again() -> None:
    site = listing(60, 2)
    site.part.budget = 4
    site.part.rows = site.part.rows[:29]

    def spend(number: int) -> None:
        if number == 3:
            site.part.budget = 1

    site.part.on_page = spend

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"no": 30, "yes": 30}


@pytest.mark.parametrize("window", [DAY, PAST])
async def test_who_is_missing_in_a_list_that_repeats_rows_is_read(window: Window) -> None:
    site = listing(60)

    def gives(rows: list[dict[str, Any]], number: int, size: int) -> list[dict[str, Any]]:
        page = rows[(number - 1) * size : number * size]
        before = rows[(number - 1) * size - 2 : (number - 1) * size]
        return before + page[2:] if page and number > 1 else page

    site.part.gives = gives

    outcome = await Asker(site)(converted(window))

    assert counted(outcome) == {"yes": 60}
    assert len(details_read(site)) == 10


async def test_a_list_that_is_the_same_page_again_and_again_is_not_believed() -> None:
    site = listing(40)
    site.part.gives = lambda rows, number, size: rows[:size]

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"yes": 40}
    assert len(details_read(site)) == 30


async def test_a_list_of_which_a_page_comes_short_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_members.PAGE_SIZE", 30)
    site = listing(80)

    def gives(rows: list[dict[str, Any]], number: int, size: int) -> list[dict[str, Any]]:
        page = rows[(number - 1) * size : number * size]
        return page[:25] if number == 2 else page

    site.part.gives = gives

    outcome = await Asker(site)(converted(PAST))

    assert counted(outcome) == {"yes": 80}
    assert details_read(site) == [f"visit-{number:05}" for number in range(55, 60)]


@pytest.mark.parametrize("count", [49, 50, 51, 77, 120])
async def test_a_list_in_smaller_pages_than_asked_is_read_in_these(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_members.PAGE_SIZE", 60)
    site = listing(count)
    site.part.gives = lambda rows, number, size: rows[(number - 1) * size : number * size][:25]

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"yes": count}
    assert details_read(site) == []


@pytest.mark.parametrize(
    "error", [UnsupportedError("ignored"), RequestTimeoutError("slow"), RateLimitedError("no")]
)
async def test_a_list_that_proves_wrong_or_cannot_be_read_is_not_kept(error: Exception) -> None:
    site = listing(24, 2)

    def refuse(number: int) -> None:
        raise error

    site.part.on_page = refuse

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"no": 12, "yes": 12}
    assert len(details_read(site)) == 12


async def test_a_list_that_is_not_rybbits_ends_the_question() -> None:
    site = listing(24, 2)

    def refuse(number: int) -> None:
        raise UnexpectedBodyError("no Rybbit")

    site.part.on_page = refuse

    with pytest.raises(UnexpectedBodyError):
        await Asker(site)(converted())


async def test_rows_of_the_list_are_checked() -> None:
    """A list of all visits, whatever event was asked for."""
    site = listing(24, 2)
    site.part.rows = [dict(row) for row in site.rows]
    site.part.has_checks = True

    def disprove(row: dict[str, Any]) -> bool:
        if not row["events"]:
            raise UnsupportedError("The server ignored the filter event_name.")
        return True

    site.part.keeps = disprove

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"no": 12, "yes": 12}
    assert len(details_read(site)) == 12


async def test_visits_at_the_edge_of_minutes_that_passed_meanwhile_are_read() -> None:
    """They were read while inside, and are not listed any more."""
    window = resolve_window(now=NOW, zone="UTC", period="10m")
    site = listing(54)
    site.part.rows = site.part.rows[:48]  # the others ended nine minutes ago

    ask = Asker(site)
    ask.now += timedelta(seconds=59)
    outcome = await ask(converted(window))

    assert counted(outcome) == {"yes": 54}
    assert 6 <= len(details_read(site)) <= 12


async def test_a_server_that_ignores_the_event_is_asked_without_it() -> None:
    site = listing(60, 3)

    def refuse(number: int) -> None:
        raise UnsupportedError("The server ignored the filter event_name.")

    site.part.on_page = refuse

    outcome = await Asker(site)(replace(converted(), group_by=("channel",), events=(SIGNUP,)))

    assert counted(outcome) == {"Direct": 10, "Referral": 10}
    assert len(details_read(site)) == 20


async def test_visits_with_an_event_are_read_if_the_server_sent_many_without() -> None:
    """Ten of those that it sent have another event."""
    site = listing(60, 3)
    others = [row for place, row in enumerate(site.rows) if place % 3 == 1][:10]
    for row in others:
        site.details[row["session_id"]] = ()
        row["events"] = 1
    site.part.rows = site.rows
    site.part.has_checks, site.part.keeps = True, lambda row: row["events"] > 0

    outcome = await Asker(site)(replace(converted(), group_by=("channel",), events=(SIGNUP,)))

    assert counted(outcome) == {"Direct": 10, "Referral": 10}
    assert outcome.basis.notes == ("not all that the server sent matches: 30 left out",)


async def test_a_few_visits_without_the_event_do_not_disprove_it() -> None:
    """Visits across a bound, with the event beyond it."""
    site = listing(60, 3)
    site.part.rows = [*site.part.rows, *(dict(row) for row in site.rows[1:3])]
    site.part.has_checks, site.part.keeps = True, lambda row: row["events"] > 0

    outcome = await Asker(site)(replace(converted(), group_by=("channel",), events=(SIGNUP,)))

    assert counted(outcome) == {"Direct": 10, "Referral": 10}
    assert details_read(site) == []


async def test_a_list_with_a_few_visits_without_the_event_is_believed() -> None:
    site = listing(60, 3)
    site.part.rows = [*site.part.rows, *(dict(row) for row in site.rows[1:3])]
    site.part.has_checks, site.part.keeps = True, lambda row: row["events"] > 0

    outcome = await Asker(site)(converted())

    assert counted(outcome) == {"no": 40, "yes": 20}
    assert details_read(site) == []
