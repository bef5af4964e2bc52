"""What printed short forms stand for: session ids cut short, and visitors' pseudonyms.

Answers print both to save tokens and to keep identities. What was printed is remembered; after a
restart, a bounded number of recent visits is read to find it again.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from rybbit_mcp.answers.disclosure import check_visitor
from rybbit_mcp.answers.privacy import Privacy
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import BadRequestError, NotFoundError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.models import Session
from rybbit_mcp.api.window import Window, resolve_window

SHORTEST_ID = 8
WHOLE_ID = 14
"""Rybbit's ids have 14 characters, or 36 as UUIDs; shorter ones are beginnings."""

SEARCH_BOUND = 5_000
SEARCH_PERIOD = "30d"
REMEMBERED = 50_000

_EXACT = frozenset({"equals", "not_equals"})


class Handles:
    """Remembers what was printed for each site, and finds the rest by reading visits."""

    def __init__(self, client: RybbitClient, privacy: Privacy) -> None:
        self._client = client
        self._privacy = privacy
        self._ids: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._visitors: OrderedDict[str, str] = OrderedDict()

    def remember(self, site: str, sessions: Iterable[Session]) -> None:
        """Keep the ids and visitors of an answer."""
        for session in sessions:
            self._ids[site, session.session_id] = None
            self._ids.move_to_end((site, session.session_id))
            self._visitors[self._name_of(session)] = _identity(session)
        for memory in (self._ids, self._visitors):
            while len(memory) > REMEMBERED:
                memory.popitem(last=False)

    async def session_id(self, site: str, given: str, now: datetime) -> str:
        """The whole id of a session given by its first characters.

        Raises:
            BadRequestError: too short, or several sessions begin so.
            NotFoundError: none of the recent ones does.
        """
        given = given.strip().removesuffix("…")
        if len(given) >= WHOLE_ID or not re.fullmatch(r"[A-Za-z0-9_-]+", given):
            return given  # the client checks its form
        if len(given) < SHORTEST_ID:
            raise BadRequestError(
                f"session_id {given!r} is too short.", f"Give at least {SHORTEST_ID} characters."
            )
        found = [id_ for at, id_ in self._ids if at == site and id_.startswith(given)]
        if not found:
            found = await self._search_id(site, given, now)
        if len(found) > 1:
            raise BadRequestError(
                f"Several sessions begin with {given!r}.", f"Choose: {', '.join(found[:5])}."
            )
        if found:
            return found[0]
        raise NotFoundError(
            f"No session of the last 30 days' newest {SEARCH_BOUND} begins with {given!r}.",
            "Take an id from list_sessions of the same site, or give the whole id.",
            what="session",
            status=None,
        )

    async def user_id(self, site: str, given: str, window: Window) -> str:
        """The id that a printed visitor name stands for; other ids are returned as they are.

        Raises:
            NotFoundError: no recent visitor of the window is named so.
            BadRequestError: at `strict`, no printed name.
        """
        given = given.strip()
        check_visitor(given, self._privacy)
        if given not in self._visitors:
            if not self._privacy.is_name(given) and not given.startswith("v-"):
                return given
            await self._search(site, window, lambda row: self._name_of(row) == given)
        if given in self._visitors:
            return self._visitors[given]
        raise NotFoundError(
            f"No visitor among the newest {SEARCH_BOUND} visits of the period is named {given}.",
            "Ask for the period in which the name was printed.",
            what="session",
            status=None,
        )

    async def filters(
        self, site: str, given: Sequence[Filter], window: Window
    ) -> tuple[Filter, ...]:
        """The filters with the ids that printed visitor names in them stand for.

        They are for the client alone: an answer repeats the names as they were given.

        Raises:
            NotFoundError: as `user_id`.
        """
        return tuple(
            [
                item.model_copy(
                    update={
                        "value": tuple([await self.user_id(site, v, window) for v in item.value])
                    }
                )
                if item.parameter == "user_id" and item.type in _EXACT
                else item
                for item in given
            ]
        )

    async def _search_id(self, site: str, given: str, now: datetime) -> list[str]:
        window = resolve_window(now=now, zone="UTC", period=SEARCH_PERIOD)
        found = await self._search(site, window, lambda row: row.session_id.startswith(given))
        return [row.session_id for row in found]

    async def _search(
        self, site: str, window: Window, fits: Callable[[Session], bool]
    ) -> list[Session]:
        """The fitting visits of the first page that has any, within the bound."""
        read_count = 0
        async for rows in self._client.scan(site, window):
            found = [row for row in rows if fits(row)]
            read_count += len(rows)
            if found:
                self.remember(site, found)
                return found
            if read_count >= SEARCH_BOUND:
                break
        return []

    def _name_of(self, session: Session) -> str:
        return self._privacy.visitor(session.user_id, session.identified_user_id)


def _identity(session: Session) -> str:
    return session.identified_user_id or session.user_id
