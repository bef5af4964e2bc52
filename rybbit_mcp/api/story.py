"""One visit: its events, and the list row that knows what the detail leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from operator import eq

from pydantic import BaseModel

from rybbit_mcp.api.asking import Asked
from rybbit_mcp.api.connection import Connection
from rybbit_mcp.api.errors import RybbitError, UnexpectedBodyError
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.listing import check_clock
from rybbit_mcp.api.models import Event, Session, SessionDetail, SessionHead
from rybbit_mcp.api.parameters import with_old_names
from rybbit_mcp.api.results import SessionStory

EVENTS_PER_CALL = 1000
EVENT_BOUND = 10_000
"""Events read at most for one visit."""

_ROWS_OF_ONE_VISITOR = 200


class _Detail(BaseModel):
    data: SessionDetail


class _Rows(BaseModel):
    data: list[Session]


async def read_story(
    connection: Connection,
    site: str,
    session_id: str,
    *,
    offset: int = 0,
    limit: int = 0,
    minutes: int = 0,
) -> SessionStory:
    """One visit; with `limit` 0 all events from `offset` on, up to `EVENT_BOUND`.

    Raises:
        NotFoundError: no such session, or (with `minutes`) nothing left of it.
        UnexpectedBodyError: the same events came again.
    """
    wanted = limit or EVENT_BOUND
    first = await _stretch(connection, site, session_id, offset, wanted, minutes)
    events: list[Event] = list(first.events)
    last, total = first, first.pagination.total
    while last.events and len(events) < wanted:
        if not last.pagination.has_more and offset + len(events) >= total:
            break
        rest = wanted - len(events)
        part = await _stretch(connection, site, session_id, offset + len(events), rest, minutes)
        check_goes_on(last.events, part.events)
        last = part
        events += last.events
    row, notes = (None, ()) if minutes else await _row_of(connection, site, first.head)
    total = max(total, offset + len(events) if events else 0)
    return SessionStory(first.head, tuple(events[:wanted]), total, offset, row, notes)


def check_goes_on(last: Sequence[Event], following: Sequence[Event]) -> None:
    """Refuse a stretch of events that is the last one again, or begins before that one ended.

    A thousand events of one second may all be the same, and those behind them too.

    Raises:
        UnexpectedBodyError: it is.
    """
    if not last or not following:
        return
    is_same = all(map(eq, last, following))
    is_one_instant = last[0].at == last[-1].at and len(last) >= EVENTS_PER_CALL
    if following[0].at < last[-1].at or (is_same and not is_one_instant):
        raise UnexpectedBodyError(
            "The server sends events of the visit again instead of the next ones.",
            "A cache or a proxy before it may leave the question out of account: it must let "
            "/api through as it is.",
        )


async def _stretch(
    connection: Connection, site: str, session_id: str, offset: int, limit: int, minutes: int
) -> SessionDetail:
    parameters = {"limit": str(min(limit, EVENTS_PER_CALL)), "offset": str(offset)}
    if minutes:
        parameters["minutes"] = str(minutes)
    asked = Asked("session", site, session_id, minutes=minutes)
    body = await connection.read(
        _Detail, lambda g: g.detail_parts(site, session_id), parameters, asked
    )
    check_clock(connection, counts_back=minutes > 0)
    return body.data


async def _row_of(
    connection: Connection, site: str, head: SessionHead
) -> tuple[Session | None, tuple[str, ...]]:
    """The list row of the visit, for its identified id, traits, tags and counts.

    Days around the visit bound the search; the row is then computed from the whole visit.
    """
    generation = await connection.generation()
    parameters = _row_parameters(head, generation)
    try:
        body = await connection.read(
            _Rows, lambda g: g.list_parts(site), parameters, Asked("session list", site)
        )
    except RybbitError as error:
        return None, (f"who and campaign are missing: {error.message}",)
    for row in body.data:
        if row.session_id == head.session_id:
            return row, ()
    return None, ("who and campaign are missing: the visit was not found in the list",)


def _row_parameters(head: SessionHead, generation: Generation) -> dict[str, str]:
    sent = {
        "start_date": f"{head.started_at.astimezone(UTC):%Y-%m-%d}",
        "end_date": f"{head.ended_at.astimezone(UTC):%Y-%m-%d}",
        "time_zone": "UTC",
    }
    if generation.has_minimums:
        sent |= {"session_id": head.session_id, "page": "1", "limit": "1"}
    else:
        rows = str(_ROWS_OF_ONE_VISITOR)
        sent |= {"user_id": head.user_id, "page": "1", "limit": rows}
    return with_old_names(sent, generation)
