"""ClickHouse itself, for people who host Rybbit: the same query, read-only, on its events.

The address may hold a password. It never leaves this module, neither in an error nor in a `repr`.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from anyio import to_thread

from rybbit_mcp.api.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
)

if TYPE_CHECKING:
    from rybbit_mcp.analysis.outcome import Outcome
    from rybbit_mcp.analysis.specification import Specification

USUAL_DATABASE = "analytics"
TABLE = "events"
TIMEOUT_S = 20
CONNECT_TIMEOUT_S = 5
SETTING = "RYBBIT_CLICKHOUSE_URL"

_BOUNDS = MappingProxyType({"readonly": 1, "max_execution_time": TIMEOUT_S})
_PORTS = {"http": 8123, "https": 8443}
_REFUSED = frozenset({192, 193, 194, 497, 516})
"""Codes of an unknown user, a wrong password, and what a user may not read."""
_ABSENT = frozenset({60, 81})
"""Codes of a table or database that is not there."""
_TOO_SLOW = frozenset({159, 160, 209})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a ClickHouse is, and who asks."""

    scheme: str
    host: str
    port: int
    database: str
    user: str = field(repr=False)
    password: str = field(repr=False)


def read_address(url: str) -> Address:
    """The address in `https://user:password@host:8443/database`; all but the host may be missing.

    Raises:
        ConfigurationError: no such address.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _not_an_address() from None
    database = unquote(parts.path.strip("/"))
    if parts.scheme not in _PORTS or not parts.hostname or "/" in database or parts.query:
        raise _not_an_address()
    return Address(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        database=database or USUAL_DATABASE,
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
    )


def _not_an_address() -> ConfigurationError:
    return ConfigurationError(
        f"{SETTING} is no address of a ClickHouse.",
        "It looks like https://reader:password@host:8443/analytics; "
        "signs such as @ and / in a password are percent-encoded.",
    )


class DirectEngine:
    """Answers specifications by a ClickHouse that holds Rybbit's events.

    Nothing is loaded or connected before the first question.
    """

    def __init__(self, address: Address, *, ca_file: str = "") -> None:
        self._address = address
        self._ca_file = ca_file
        self._client: Any = None
        self._connecting = threading.Lock()

    @property
    def way(self) -> str:
        """What it is asked through, as a sentence names it."""
        return SETTING

    async def run(self, specification: Specification, site: str) -> Outcome:
        """The numbers, of all visits.

        Raises:
            ConfigurationError: clickhouse-connect is not installed.
            RybbitError: as `SqlEngine.run`, or ClickHouse does not answer.
        """
        from rybbit_mcp.analysis.remote import SqlEngine

        return await SqlEngine(self._rows, table=TABLE).run(specification, site)

    async def aclose(self) -> None:
        """End the connections."""
        client, self._client = self._client, None
        if client is not None:
            await to_thread.run_sync(client.close)

    async def _rows(self, query: str, _: int) -> list[dict[str, object]]:
        # The thread ends by itself within the time allowed, if nobody waits for it any more.
        return await to_thread.run_sync(self._ask, query, abandon_on_cancel=True)

    def _ask(self, query: str) -> list[dict[str, object]]:
        driver = _driver()
        try:
            with self._connecting:
                if self._client is None:
                    self._client = self._connected(driver)
                client = self._client
            answer: bytes = client.raw_query(query, settings=_bounds(client), fmt="JSONEachRow")
        except driver.driver.exceptions.Error as error:
            raise _failure(error, driver) from None
        return _rows_of(answer)

    def _connected(self, driver: Any) -> Any:  # noqa: ANN401 - the driver is loaded late
        address = self._address
        return driver.get_client(
            interface=address.scheme,
            host=address.host,
            port=address.port,
            username=address.user,
            password=address.password,
            database=address.database,
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=TIMEOUT_S + CONNECT_TIMEOUT_S,
            query_retries=0,
            autogenerate_session_id=False,  # so that questions at the same time are allowed
            **({"ca_cert": self._ca_file} if self._ca_file else {}),
        )


def _driver() -> Any:  # noqa: ANN401 - the driver is optional
    try:
        return importlib.import_module("clickhouse_connect")
    except ImportError:
        raise ConfigurationError(
            f"{SETTING} needs the package clickhouse-connect, which is not installed.",
            "Install rybbit-mcp[clickhouse], or leave the setting out.",
        ) from None


def _bounds(client: Any) -> dict[str, int]:  # noqa: ANN401 - the driver's client
    """Settings that hold a query to reading and to its time, as far as the user may set them.

    A user who may only read mostly may not change settings either, which is as good.
    """
    known = client.server_settings
    settable = {name for name in _BOUNDS if name in known and not known[name].readonly}
    if "readonly" in settable and known["readonly"].value != "0":
        settable.remove("readonly")
    return {name: _BOUNDS[name] for name in sorted(settable)}


def _failure(error: Any, driver: Any) -> RybbitError:  # noqa: ANN401 - the driver's errors
    """The error that one of the driver's means; never holds its text."""
    code = getattr(error, "code", None)
    if code in _REFUSED:
        return AuthenticationError(
            f"ClickHouse refuses the user of {SETTING}.",
            "Check its name and password, and that it may read Rybbit's events.",
        )
    if code in _ABSENT:
        return ConfigurationError(
            f"The database of {SETTING} holds no events of Rybbit.",
            f"The address ends with the database, usually /{USUAL_DATABASE}.",
        )
    if code in _TOO_SLOW:
        return RequestTimeoutError(
            f"ClickHouse did not answer within {TIMEOUT_S} s.", "Ask for a shorter period."
        )
    if code is None and isinstance(error, driver.driver.exceptions.OperationalError):
        return ConnectionFailedError(
            "ClickHouse cannot be reached, or broke the connection off.", f"Check {SETTING}."
        )
    return ServerError("ClickHouse did not run the query.", "Look at its log.")


def _rows_of(answer: bytes) -> list[dict[str, object]]:
    from pydantic_core import from_json

    try:
        rows = [from_json(line) for line in answer.splitlines() if line]
    except ValueError:
        rows = [None]
    if not all(isinstance(row, dict) for row in rows):
        raise UnexpectedBodyError("ClickHouse's answer is not one.", f"Check {SETTING}.")
    return rows
