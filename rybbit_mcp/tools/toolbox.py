"""What every tool works with, built from the settings at the first call that needs it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rybbit_mcp.settings import Settings

if TYPE_CHECKING:
    import httpx

    from rybbit_mcp.analysis.choosing import ChoosingEngine
    from rybbit_mcp.answers.answer import Answer
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.client import RybbitClient
    from rybbit_mcp.api.filters import Filter
    from rybbit_mcp.api.window import Window
    from rybbit_mcp.tools.arguments import FilterArgument
    from rybbit_mcp.tools.directory import SiteDirectory
    from rybbit_mcp.tools.handles import Handles


TOTAL_TIMEOUT_S = 24.0
"""How long one question may take; hosts give up after 30 s, some sooner."""


class Toolbox:
    """Settings, clock and the few long-lived objects of one server.

    Imports stand inside: nothing that the first `tools/list` does not need is loaded before it.
    `transport` makes the way to the server; None means the network.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        is_demo: bool = False,
        total_timeout_s: float = TOTAL_TIMEOUT_S,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.is_demo = is_demo
        self.total_timeout_s = total_timeout_s
        self._transport = transport

    @cached_property
    def client(self) -> RybbitClient:
        """The one client, with its pool."""
        from rybbit_mcp.api.client import RybbitClient
        from rybbit_mcp.api.generations import generation_of_version
        from rybbit_mcp.api.naming import AllowedSites

        settings = self.settings
        return RybbitClient(
            settings.url,
            settings.key(),
            generation=generation_of_version(settings.server_version),
            allowed_sites=AllowedSites(settings.allowed_sites),
            transport=self._transport() if self._transport else None,
            ca_file=str(settings.ca_file or ""),
            clock=self.clock,
            total_timeout_s=self.total_timeout_s,
        )

    @cached_property
    def directory(self) -> SiteDirectory:
        """Finds sites by whatever people call them, and refuses those that are not allowed."""
        from rybbit_mcp.api.naming import AllowedSites
        from rybbit_mcp.tools.directory import SiteDirectory

        allowed = AllowedSites(self.settings.allowed_sites)
        return SiteDirectory(self.client, self.settings.site, self.clock, allowed)

    @cached_property
    def handles(self) -> Handles:
        """Finds what printed ids and visitor names stand for."""
        from rybbit_mcp.tools.handles import Handles

        return Handles(self.client, self.privacy)

    @cached_property
    def engine(self) -> ChoosingEngine:
        """Computes over many visits.

        Raises:
            ConfigurationError: `RYBBIT_CLICKHOUSE_URL` is no address.
        """
        from rybbit_mcp.analysis.choosing import choose_engine

        secret = self.settings.clickhouse_url
        return choose_engine(
            self.client,
            clock=self.clock,
            # The demo has no queries, and nobody's database.
            wanted="local" if self.is_demo else self.settings.engine,
            clickhouse_url=secret.get_secret_value() if secret and not self.is_demo else "",
            ca_file=str(self.settings.ca_file or ""),
        )

    @cached_property
    def privacy(self) -> Privacy:
        """What of visitors is shown.

        Pseudonyms are keyed by the API key: the same after a restart, and not to be reversed by
        guessing without it. Without a key they last as long as the process.
        """
        from rybbit_mcp.answers.privacy import Privacy

        secret = (self.settings.key() or secrets.token_hex(16)).encode()
        key = hashlib.blake2b(secret, person=b"rybbit-mcp names", digest_size=32).digest()
        return Privacy(self.settings.privacy, key)

    def window(
        self,
        *,
        period: str = "",
        time_zone: str = "",
        start_date: str = "",
        end_date: str = "",
        past_minutes: int = 0,
    ) -> Window:
        """The window that the time arguments of a tool mean."""
        from rybbit_mcp.api.window import resolve_window

        return resolve_window(
            now=self.clock(),
            zone=time_zone or self.settings.time_zone,
            period=period,
            start_date=start_date,
            end_date=end_date,
            past_minutes=past_minutes,
        )

    def filters(self, arguments: Sequence[FilterArgument]) -> tuple[Filter, ...]:
        """The filters of a tool's argument, checked: also for what they would tell.

        Raises:
            BadRequestError: the hint says what is right.
        """
        from rybbit_mcp.answers import disclosure
        from rybbit_mcp.api.filters import check_filters

        filters = check_filters(_filter(item) for item in arguments)
        disclosure.check_filters(filters, self.settings.privacy)
        return filters

    @property
    def size(self) -> Callable[[Answer], int]:
        """How long an answer is, in the form in which it goes out."""
        from rybbit_mcp.answers.budget import structured_size, text_size

        return structured_size if self.settings.output == "structured" else text_size

    async def aclose(self) -> None:
        """End what was begun; a later call begins anew."""
        client: RybbitClient | None = self.__dict__.pop("client", None)
        engine: ChoosingEngine | None = self.__dict__.pop("engine", None)
        for name in ("directory", "handles"):
            self.__dict__.pop(name, None)
        if engine is not None:
            await engine.aclose()
        if client is not None:
            await client.aclose()


def _filter(argument: FilterArgument) -> Filter:
    from pydantic import ValidationError

    from rybbit_mcp.api.errors import BadRequestError
    from rybbit_mcp.api.filters import Filter

    try:
        return Filter(parameter=argument.parameter, type=argument.type, value=argument.value)
    except ValidationError:
        raise BadRequestError(
            f"filters: the value of {argument.parameter[:40]!r} is neither a text nor a list of "
            "texts.",
            'Write it as in {"parameter": "country", "value": ["DE", "AT"]}.',
        ) from None
