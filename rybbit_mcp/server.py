"""The MCP server: wires settings, tools and prompts together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import INVALID_PARAMS, Completion
from pydantic import ValidationError

from rybbit_mcp import __version__
from rybbit_mcp.settings import Settings
from rybbit_mcp.tools import TOOLS
from rybbit_mcp.tools.instructions import instructions
from rybbit_mcp.tools.registration import argument_error, make_tool
from rybbit_mcp.tools.toolbox import TOTAL_TIMEOUT_S, Toolbox

if TYPE_CHECKING:
    import httpx

MOST_COMPLETIONS = 50
SPARE_S = 0.5
"""For turning what was read in time into an answer."""


def create_server(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    is_demo: bool = False,
    total_timeout_s: float = TOTAL_TIMEOUT_S,
) -> RybbitServer:
    """A server with all tools and prompts; nothing is asked of Rybbit before the first call.

    `transport` makes the way to Rybbit (demo mode and tests); None means the network.
    `total_timeout_s` bounds what is asked of Rybbit for one question, retries included.
    """
    toolbox = Toolbox(
        settings,
        clock=clock,
        transport=transport,
        is_demo=is_demo,
        total_timeout_s=total_timeout_s,
    )
    return RybbitServer(settings, toolbox)


class RybbitServer(MCPServer[None]):
    """The SDK's server with strict arguments, readable errors and prompts read when needed."""

    def __init__(self, settings: Settings, toolbox: Toolbox) -> None:
        @contextlib.asynccontextmanager
        async def lifespan(_: MCPServer[None]) -> AsyncIterator[None]:
            try:
                yield
            finally:
                await toolbox.aclose()

        is_structured = settings.output == "structured"
        super().__init__(
            "rybbit",
            title="Rybbit analytics",
            version=__version__,
            instructions=instructions(settings, is_demo=toolbox.is_demo),
            website_url="https://rybbit.io",
            lifespan=lifespan,
            log_level=settings.log_level,
            tools=[
                make_tool(
                    module.build(toolbox),
                    title=module.TITLE,
                    description=module.DESCRIPTION,
                    is_structured=is_structured,
                    most_s=toolbox.total_timeout_s + SPARE_S,
                )
                for module in TOOLS
            ],
        )
        self._toolbox = toolbox
        self._has_prompts = False
        self.completion()(self._complete)  # type: ignore[no-untyped-call]

    async def serve_streams(self, requests: Any, answers: Any) -> None:  # noqa: ANN401 - the SDK's streams
        """Serve one connection until its requests end."""
        server = self._lowlevel_server
        await server.run(requests, answers, server.create_initialization_options())

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Any = None,  # noqa: ANN401 - the SDK's type parameter is private
    ) -> Any:  # noqa: ANN401 - as in the SDK
        """Run a tool; what is wrong with its arguments comes as sentences."""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                tool = self._tool_manager.get_tool(name)
                known = list(tool.parameters.get("properties", {})) if tool else []
                raise ToolError(argument_error(error.__cause__, known)) from None
            raise

    async def list_prompts(self) -> Any:  # noqa: ANN401 - as in the SDK
        """The prompts, read from their files now."""
        self._load_prompts()
        return await super().list_prompts()

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Any = None,  # noqa: ANN401 - the SDK's type parameter is private
    ) -> Any:  # noqa: ANN401 - as in the SDK
        """A prompt with its arguments filled in; wrong ones are named to the caller."""
        self._load_prompts()
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None

    def _load_prompts(self) -> None:
        if self._has_prompts:
            return
        from rybbit_mcp.prompts import load_prompts, prompt_folder  # not needed to list tools

        for prompt in load_prompts(prompt_folder()):
            self.add_prompt(prompt)
        self._has_prompts = True

    async def _complete(self, _reference: Any, argument: Any, _context: Any) -> Completion | None:  # noqa: ANN401
        """Sites and periods for the arguments of prompts."""
        from rybbit_mcp.prompts import PERIODS

        if argument.name == "site":
            known = await self._toolbox.directory.names()
        elif argument.name == "period":
            known = list(PERIODS)
        else:
            return None
        typed = argument.value.lower()
        fitting = [value for value in known if typed in value.lower()]
        shown = fitting[:MOST_COMPLETIONS]
        return Completion(values=shown, total=len(fitting), has_more=len(fitting) > len(shown))
