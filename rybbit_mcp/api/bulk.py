"""Many visits at once: pages of the list as they came, and all events of single visits.

For whoever takes pages apart faster than models can. What a page must prove is proved here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ValidationError

from rybbit_mcp.api.asking import Asked
from rybbit_mcp.api.connection import Connection, unexpected_body
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.listing import SessionQuery, check_clock
from rybbit_mcp.api.models import Event, Session, SessionDetail
from rybbit_mcp.api.obeying import check_inside, check_obeyed
from rybbit_mcp.api.story import EVENT_BOUND, EVENTS_PER_CALL, check_goes_on


class _Rows(BaseModel):
    data: list[Session]


class _Detail(BaseModel):
    data: SessionDetail


@dataclass(frozen=True, slots=True)
class BulkVisits:
    """The visits of one question to one server, newest first.

    Every method that asks raises the errors of `api.errors`.
    """

    connection: Connection
    query: SessionQuery
    generation: Generation
    clock: Callable[[], datetime]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers rest on where that is not obvious, in our own words."""
        return self.query.plan.notes

    @property
    def is_exact(self) -> bool:
        """Whether the server sends the right visits alone; else each page must be `kept`."""
        return self.query.is_exact

    @property
    def has_checks(self) -> bool:
        """Whether rows can show that the server sent wrong ones."""
        return bool(self.query.plan.checks) or any(True for _ in self.query.conditions.checks())

    async def page(self, number: int, size: int) -> bytes:
        """One page of the list as it came, unchecked but for the server's clock."""
        # `page` is always sent: up to 2.2.1 a list without it fails.
        parameters = self.query.parameters | {"page": str(number), "limit": str(size)}
        site = self.query.site
        asked = Asked("session list", site, has_filters="filters" in parameters)
        body = await self.connection.read_raw(lambda g: g.list_parts(site), parameters, asked)
        check_clock(self.connection, counts_back=self.query.window.kind == "minutes")
        return body

    def kept(self, body: bytes) -> tuple[int, ...]:
        """The places in a page, from 0, of the rows that satisfy everything asked.

        Raises:
            UnexpectedBodyError: no page of the list, or rows from outside the window.
            UnsupportedError: rows that prove that the server ignored a filter.
        """
        rows = parse_page(body)
        query = self.query
        check_obeyed(rows, query.window, query.conditions, self.connection.clock_off_s)
        kept = {id(row) for row in query.keep(rows)}
        return tuple(place for place, row in enumerate(rows) if id(row) in kept)

    def check_inside(self, started_at: datetime, ended_at: datetime) -> None:
        """Refuse a visit with these bounds if it proves that the server ignored the window.

        Raises:
            UnexpectedBodyError: it does.
        """
        check_inside(self.query.window, started_at, ended_at, self.connection.clock_off_s)

    async def events(self, session_id: str) -> tuple[Event, ...]:
        """All events of a visit, oldest first, up to `EVENT_BOUND`; long visits take more calls.

        Raises:
            NotFoundError: no such visit.
            UnexpectedBodyError: the same events came again.
        """
        found: list[Event] = []
        last: list[Event] = []
        while True:
            part = await self._stretch(session_id, len(found))
            check_goes_on(last, part.events)
            last = part.events
            found += last
            is_last = not part.pagination.has_more and len(found) >= part.pagination.total
            if is_last or not part.events or len(found) >= EVENT_BOUND:
                return tuple(found[:EVENT_BOUND])

    async def _stretch(self, session_id: str, offset: int) -> SessionDetail:
        site = self.query.site
        body = await self.connection.read(
            _Detail,
            lambda g: g.detail_parts(site, session_id),
            {"limit": str(EVENTS_PER_CALL), "offset": str(offset)},
            Asked("session", site, session_id),
        )
        return body.data

    def calls_left(self) -> int | None:
        """How many more calls are safe; None where no limit is known."""
        connection = self.connection
        return connection.http.budget.left(
            self.generation, self.clock(), has_key=connection.has_key
        )

    def width(self, most: int) -> int:
        """How many calls to make at the same time."""
        return self.connection.http.budget.width(most, self.clock())


def parse_session(row: bytes | str) -> Session:
    """One row of the list.

    Raises:
        UnexpectedBodyError: not what Rybbit sends.
    """
    try:
        return Session.model_validate_json(row)
    except ValidationError as error:
        raise unexpected_body(error, "session list") from None


def parse_page(body: bytes) -> list[Session]:
    """All rows of a page of the list.

    Raises:
        UnexpectedBodyError: not what Rybbit sends.
    """
    try:
        return _Rows.model_validate_json(body).data
    except ValidationError as error:
        raise unexpected_body(error, "session list") from None
