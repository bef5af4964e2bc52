"""One piece of work for all who want the same at the same time; nothing is kept after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

from rybbit_mcp.api.errors import RequestTimeoutError, RybbitError

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class _Flight(Generic[Result]):
    """Work under way, and how it ended: neither result nor error where its maker left it."""

    def __init__(self) -> None:
        self.ended = anyio.Event()
        self.results: tuple[Result, ...] = ()
        self.error: RybbitError | None = None


class Flights(Generic[Key, Result]):
    """The first who asks for something makes it, in the own task; the others wait for it.

    Everybody waits within the own time. A maker who is cancelled, or whose time is over, says
    nothing about the others': the next of them makes it anew.
    """

    def __init__(self) -> None:
        self._under_way: dict[Key, _Flight[Result]] = {}

    async def join(self, key: Key, make: Callable[[], Awaitable[Result]]) -> Result:
        """What `make` returns, or what it returned to whoever asked for `key` first.

        Raises:
            RybbitError: what `make` raised; a copy to each, since tracebacks grow.
        """
        while (flight := self._under_way.get(key)) is not None:
            await flight.ended.wait()
            if flight.error is not None:
                raise copy_of(flight.error)
            if flight.results:
                return flight.results[0]
        return await self._lead(key, make)

    async def _lead(self, key: Key, make: Callable[[], Awaitable[Result]]) -> Result:
        flight = self._under_way[key] = _Flight[Result]()
        try:
            result = await make()
            flight.results = (result,)
            return result
        except RequestTimeoutError:
            raise
        except RybbitError as error:
            flight.error = copy_of(error)  # without the frames, which may hold megabytes
            raise
        finally:
            del self._under_way[key]
            flight.ended.set()


def copy_of(error: RybbitError, message: str = "") -> RybbitError:
    """The same error without its traceback, with another message where one is given."""
    copy = type(error).__new__(type(error), *error.args)
    vars(copy).update(vars(error))
    if message:
        copy.args = (message,)
        copy.message = message
    return copy
