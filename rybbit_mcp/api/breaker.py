"""Whether the server is down: learnt from calls without an answer, told by the later ones.

While it is down, a call first looks whether that is still so, by one short request that needs no
key and no database. A server that came back is so used by the very next call, and one that did
not costs it no more than the look.

What the look may get wrong, and what is done about it:

- It reaches the server, but only its address would be refused, or broken off, by a proxy: the
  call is then made all the same, once and without retries, since it costs as little.
- It gets no answer in its short time, but a call would in its longer one (a slow link): once in
  a while a call is made all the same, as if nothing were known.
- It is answered, but calls are not: they are made as ever, so nothing is lost.

Without a connection (refused, no such name, no trust, no way through the proxy) nothing else would
come about for the call either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from rybbit_mcp.api.errors import RybbitError
from rybbit_mcp.api.sharing import Flights, copy_of

TRIAL_AFTER = timedelta(minutes=1)
"""So long after a whole call in vain, one more is made although the look got no answer."""

DOWN_STATUSES = frozenset({502, 503, 504, 521, 522, 523})
"""A proxy answers so in place of a server that it does not reach; from 520 on it is Cloudflare."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What a look at the server met instead of a sign of life, and how soon.

    `unconnected`: nothing can be sent. `slow`: no answer in the time of a look. `turned away`:
    an answer or an end came at once, but not from the server.
    """

    error: RybbitError
    kind: Literal["unconnected", "slow", "turned away"]


@dataclass(slots=True)
class Call:
    """A call from its beginning, for what its end will say about the server."""

    began_at: datetime
    is_single_try: bool = False
    asked_at_s: float | None = None
    """On the clock of the event loop, when its first request went out; None before."""
    answer_count: int = 0


class Breaker:
    """Knows since when the server is down. Tell it the end of every call.

    `look` returns None at any sign of life. Nothing is told of a call that was cancelled, or
    that had little time: it says nothing about the server.
    """

    def __init__(
        self, clock: Callable[[], datetime], look: Callable[[], Awaitable[Silence | None]]
    ) -> None:
        self._clock = clock
        self._look = look
        self._looks: Flights[None, Silence | None] = Flights()
        self._down_since: datetime | None = None
        self._failed_count = 0
        self._tried_at: datetime | None = None
        self._answered_at: datetime | None = None
        self._answer_count = 0

    def begin(self) -> Call:
        """A call that begins now."""
        return Call(self._clock())

    def asks(self, call: Call, at_s: float) -> None:
        """Take into account that a request goes out."""
        if call.asked_at_s is None:
            call.asked_at_s = at_s
            call.answer_count = self._answer_count

    async def admit(self, call: Call) -> None:
        """Let the call go on, for one try alone where the server is likely still down.

        Raises:
            RybbitError: it is still down; says what the look met, and since when.
        """
        if self._down_since is None:
            return
        silence = await self._looks.join(None, self._looked)
        if silence is None or self._down_since is None:  # others may have been answered meanwhile
            return
        if silence.kind == "turned away":
            call.is_single_try = True
        elif silence.kind == "unconnected" or not self._is_trial_due():
            raise self.failed(call, silence.error)

    def answered(self) -> None:
        """Take a sign of life into account."""
        self._down_since = None
        self._failed_count = 0
        self._answered_at = self._clock()
        self._answer_count += 1

    def failed(self, call: Call, error: RybbitError) -> RybbitError:
        """Take a call without an answer into account; its error, with since when where known."""
        was_down, is_refused = self._down_since is not None, call.asked_at_s is None
        since = self._down_since or call.began_at
        if not is_refused:
            since = min(since, call.began_at)
            self._tried_at = self._clock()
        if self._answered_at is not None:
            since = max(since, self._answered_at)
        self._down_since = since
        self._failed_count += 1
        is_told = was_down and (is_refused or call.is_single_try)
        if not is_told:
            return error
        told = copy_of(error, self._told(error.message, since))
        told.down_since = since
        return told

    def timed_out(self, call: Call, error: RybbitError) -> None:
        """The same of a call whose time was over, unless another one was answered meanwhile."""
        if self._answer_count == call.answer_count:
            self.failed(call, error)

    async def _looked(self) -> Silence | None:
        silence = await self._look()
        if silence is None:
            self.answered()
        return silence

    def _is_trial_due(self) -> bool:
        """Whether it is time for a whole call again; if so, for the one that asks only."""
        now = self._clock()
        if self._tried_at is not None and timedelta(0) <= now - self._tried_at < TRIAL_AFTER:
            return False
        self._tried_at = now
        return True

    def _told(self, message: str, since: datetime) -> str:
        since, now = since.astimezone(UTC), self._clock().astimezone(UTC)
        form = "%H:%M:%S" if since.date() == now.date() else "%Y-%m-%d %H:%M:%S"
        count = self._failed_count
        return f"{message.removesuffix('.')}, since {since:{form}} UTC ({count} calls failed)."
