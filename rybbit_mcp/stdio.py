"""Standard input and output as hosts may leave them: unreadable lines, unread or closed pipes."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

if TYPE_CHECKING:
    from contextvars import Context

    from anyio.abc import TaskGroup
    from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream

    from rybbit_mcp.server import RybbitServer

    Lines = ContextReceiveStream[SessionMessage | Exception]
    Answers = ContextSendStream[SessionMessage]


async def serve_stdio(server: RybbitServer, at_end: Callable[[], None]) -> None:
    """Serves until standard input ends or nobody reads standard output any more.

    `at_end` is called at once then: what is still to be written may wait for ever for a reader.
    """
    try:
        async with stdio_server() as (lines, answers), anyio.create_task_group() as tasks:
            try:
                await server.serve_streams(Requests(lines, answers, tasks, at_end), answers)
            finally:
                at_end()
                tasks.cancel_scope.cancel()
    except* BrokenPipeError:
        pass


class Requests:
    """The requests that lines hold; one that holds none is answered with an error right here."""

    def __init__(
        self, lines: Lines, answers: Answers, tasks: TaskGroup, at_end: Callable[[], None]
    ) -> None:
        self._lines = lines
        self._answers = answers
        self._tasks = tasks
        self._at_end = at_end

    @property
    def last_context(self) -> Context | None:
        """As the SDK's streams have it."""
        return self._lines.last_context

    async def receive(self) -> SessionMessage | Exception:
        """The next request.

        Raises:
            anyio.EndOfStream: standard input has ended.
        """
        while True:
            try:
                line = await self._lines.receive()
            except anyio.EndOfStream:
                self._at_end()
                raise
            if not isinstance(line, ValidationError):
                return line
            if request := _repaired(line):
                return request
            if error := _answer_to(line):
                self._tasks.start_soon(self._answers.send, SessionMessage(error))

    async def aclose(self) -> None:
        """Read no more."""
        await self._lines.aclose()

    def __aiter__(self) -> Requests:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Requests:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _repaired(problem: ValidationError) -> SessionMessage | None:
    """The request of a line that JavaScript wrote: it cuts characters beyond 16 bits in two."""
    line = _unreadable(problem)
    if line is None or "\\u" not in line:
        return None
    from mcp.types import jsonrpc_message_adapter

    pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    whole = re.sub(
        rf"{pair}|\\u[dD][89a-fA-F][0-9a-fA-F]{{2}}|\\.",
        lambda found: r"\ufffd" if len(found[0]) == 6 else found[0],
        line,
    )
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(whole, by_name=False))
    except ValidationError:
        return None


def _answer_to(problem: ValidationError) -> JSONRPCError | None:
    """What JSON-RPC has for a line that is no message; nothing for a blank one."""
    line = _unreadable(problem)
    if line is not None:
        error = ErrorData(code=PARSE_ERROR, message="Parse error: the line is not JSON.")
        return JSONRPCError(jsonrpc="2.0", id=None, error=error) if line.strip() else None
    whole: Any = next(
        (found["input"] for found in problem.errors() if found["type"] == "missing"), None
    )
    number = whole.get("id") if isinstance(whole, dict) else None
    error = ErrorData(code=INVALID_REQUEST, message="Invalid request: no JSON-RPC 2.0 message.")
    is_id = isinstance(number, str | int) and not isinstance(number, bool)
    return JSONRPCError(jsonrpc="2.0", id=number if is_id else None, error=error)


def _unreadable(problem: ValidationError) -> str | None:
    """The line, where it is no JSON."""
    first = problem.errors(include_url=False)[0]
    line = first["input"]
    return line if first["type"] == "json_invalid" and isinstance(line, str) else None
