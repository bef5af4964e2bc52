"""What the local engine is given: visits of one question, however they are fetched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rybbit_mcp.api.filters import Filter
    from rybbit_mcp.api.models import Event
    from rybbit_mcp.api.parameters import Conditions
    from rybbit_mcp.api.window import Window

Report = Callable[[int, int | None, str], Awaitable[None]]
"""Told what is done, of how much (None: nobody knows), and in words what is going on."""


async def no_report(_done: int, _total: int | None, _message: str) -> None:
    """Tells nobody."""


class VisitFeed(Protocol):
    """The visits of one window that satisfy filters and conditions, newest first.

    `api.bulk.BulkVisits` is one; see there for what each member promises.
    """

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def is_exact(self) -> bool: ...

    @property
    def has_checks(self) -> bool: ...

    async def page(self, number: int, size: int) -> bytes: ...

    def kept(self, body: bytes) -> tuple[int, ...]: ...

    def check_inside(self, started_at: datetime, ended_at: datetime) -> None: ...

    async def events(self, session_id: str) -> tuple[Event, ...]: ...

    def calls_left(self) -> int | None: ...

    def width(self, most: int) -> int: ...


class VisitSource(Protocol):
    """Where feeds come from; `api.client.RybbitClient` is one."""

    async def bulk(
        self,
        site: str,
        window: Window,
        *,
        filters: Sequence[Filter] = (),
        conditions: Conditions = ...,
    ) -> VisitFeed: ...
