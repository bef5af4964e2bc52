"""Chooses who answers a specification: ClickHouse where it can be had, else the local engine.

    engine = ChoosingEngine([direct, endpoint], local)
    outcome = await engine.run(specification, "1")

What a key may not have is not asked for again in this process; what else fails is, next time.
Either way the local engine answers, and the outcome says why: once, or always where a bound cut
what the local engine could count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from rybbit_mcp.analysis.local import MOST_DETAILS, MOST_SESSIONS, LocalEngine
from rybbit_mcp.analysis.local_feed import no_report
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    RybbitError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from rybbit_mcp.analysis.local_feed import Report
    from rybbit_mcp.analysis.outcome import Outcome
    from rybbit_mcp.analysis.specification import Specification
    from rybbit_mcp.api.client import RybbitClient

_FOR_GOOD = (AccessDeniedError, AuthenticationError, NotFoundError)


class Engine(Protocol):
    """Whoever answers specifications within bounds."""

    async def run(
        self,
        specification: Specification,
        site: str,
        *,
        max_sessions: int = MOST_SESSIONS,
        max_details: int = MOST_DETAILS,
        progress: Report = no_report,
    ) -> Outcome:
        """The numbers, and what they rest on."""


class Remote(Protocol):
    """Whoever answers specifications over all visits at once."""

    @property
    def way(self) -> str:
        """What it is asked through, as a sentence names it."""

    async def run(self, specification: Specification, site: str) -> Outcome:
        """The numbers, and what they rest on."""

    async def aclose(self) -> None:
        """End what was begun for it."""


@dataclass(frozen=True, slots=True)
class EndpointEngine:
    """Answers specifications by the queries that a Rybbit server runs for a key."""

    client: RybbitClient

    @property
    def way(self) -> str:
        """What it is asked through, as a sentence names it."""
        return "the server's queries"

    async def run(self, specification: Specification, site: str) -> Outcome:
        """The numbers, of all visits.

        Raises:
            NotOfferedError: the server is older, or there is no key.
            RybbitError: as `SqlEngine.run` and `RybbitClient.query`.
        """
        from rybbit_mcp.analysis.remote import SqlEngine

        generation = await self.client.generation()
        if not await self.client.offers_queries():
            raise NotOfferedError(
                "The server takes no queries: it is older than 2.3, or there is no key.",
                "Leave RYBBIT_ENGINE at auto.",
            )
        engine = SqlEngine(self._rows, takes_first_set_referrer=generation.name == "D")
        return await engine.run(specification, site)

    async def aclose(self) -> None:
        """Nothing: the client is its maker's to close."""

    async def _rows(self, query: str, site_id: int) -> Sequence[dict[str, object]]:
        return [dict(row) for row in (await self.client.query(query, site_id)).rows]


class NotOfferedError(UnsupportedError):
    """There is nothing to ask, which is no failure."""


class ChoosingEngine:
    """The first of the remote engines that can answer, else the local one.

    Without a local one, failures of the last remote engine are raised.
    """

    def __init__(self, remotes: Sequence[Remote], local: Engine | None) -> None:
        self._remotes = tuple(remotes)
        self._local = local
        self._given_up: dict[tuple[int, str], str] = {}

    async def run(
        self,
        specification: Specification,
        site: str,
        *,
        max_sessions: int = MOST_SESSIONS,
        max_details: int = MOST_DETAILS,
        progress: Report = no_report,
    ) -> Outcome:
        """The numbers; the basis says whose, and why not ClickHouse's where that was tried.

        Raises:
            ConfigurationError: settings with which ClickHouse cannot be asked.
            RybbitError: as the local engine.
        """
        reasons = [why for (_, at), why in self._given_up.items() if why and at == site]
        news: list[str] = []
        problem: RybbitError | None = None
        for place, remote in enumerate(self._remotes):
            if (place, site) in self._given_up and self._local is not None:
                continue
            try:
                return _with_notes(await remote.run(specification, site), news)
            except ConfigurationError:
                raise
            except NotOfferedError as error:
                problem = error
            except RybbitError as error:
                if error.down_since is not None:  # the local engine asks the same server
                    raise
                problem = error
                if isinstance(error, NotFoundError) and error.what == "route":
                    self._given_up[place, site] = ""  # nothing failed: the server has no such part
                    continue
                news.append(f"not counted through {remote.way}: {error.message}")
                if isinstance(error, _FOR_GOOD):
                    self._given_up[place, site] = news[-1]
        if self._local is None:
            raise problem or NotOfferedError("There is no engine to ask.", "Set RYBBIT_ENGINE.")
        outcome = await self._local.run(
            specification,
            site,
            max_sessions=max_sessions,
            max_details=max_details,
            progress=progress,
        )
        return _with_notes(outcome, news if outcome.basis.is_whole else [*reasons, *news])

    async def aclose(self) -> None:
        """End the connections of the engines."""
        for remote in self._remotes:
            await remote.aclose()


def choose_engine(
    client: RybbitClient,
    *,
    clock: Callable[[], datetime],
    wanted: Literal["auto", "local", "clickhouse"] = "auto",
    clickhouse_url: str = "",
    ca_file: str = "",
) -> ChoosingEngine:
    """The engine that the settings ask for; loads and connects nothing yet.

    `auto` asks ClickHouse at `clickhouse_url` if there is one, then through the server's queries,
    then counts visits here; `clickhouse` leaves the last out, `local` all but the last.

    Raises:
        ConfigurationError: `clickhouse_url` is no address.
    """
    local = None if wanted == "clickhouse" else LocalEngine(client, clock=clock)
    if wanted == "local":
        return ChoosingEngine((), local)
    remotes: list[Remote] = [EndpointEngine(client)]
    if clickhouse_url:
        from rybbit_mcp.analysis.direct import DirectEngine, read_address

        remotes.insert(0, DirectEngine(read_address(clickhouse_url), ca_file=ca_file))
    return ChoosingEngine(remotes, local)


def _with_notes(outcome: Outcome, notes: Sequence[str]) -> Outcome:
    """The outcome with the reasons why others did not answer."""
    basis = outcome.basis
    return replace(outcome, basis=replace(basis, notes=(*basis.notes, *notes)))
