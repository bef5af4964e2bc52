"""A request, read the way the server's web framework reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

Query: TypeAlias = Mapping[str, "str | list[str]"]

# request line and headers together, as Node.js counts them
MAX_HEAD_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Request:
    """Method, address and headers of one request."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    query: Query

    @property
    def address(self) -> str:
        """Path and query as they were sent."""
        return f"{self.raw_path}?{self.raw_query}" if self.raw_query else self.raw_path

    @property
    def raw_segments(self) -> tuple[str, ...]:
        """Parts of the path as they were sent, without the leading empty one."""
        return tuple(self.raw_path.split("/")[1:])

    @property
    def segments(self) -> tuple[str, ...]:
        """Parts of the path, decoded."""
        return tuple(map(unquote, self.raw_segments))

    @property
    def head_bytes(self) -> int:
        """How long the address and the headers are."""
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        return len(self.method) + len(self.address) + len(" HTTP/1.1\r\n") + lines


def read_request(scope: Mapping[str, Any]) -> Request:
    """Return the request of an ASGI scope."""
    raw_query = scope["query_string"].decode("latin-1")
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        raw_path=raw_path.decode("latin-1"),
        raw_query=raw_query,
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1").strip()
            for name, value in scope["headers"]
        },
        query=_read_query(raw_query),
    )


def _read_query(raw_query: str) -> Query:
    query: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        earlier = query.get(name)
        if earlier is None:
            query[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            query[name] = [earlier, value]
    return query


def text_of(query: Query, name: str) -> str | None:
    """Return a parameter given exactly once, else None."""
    value = query.get(name)
    return value if isinstance(value, str) else None
