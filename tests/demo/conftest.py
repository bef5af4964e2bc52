"""Asks the demo of every generation through the transport that the product uses."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
import pytest

from rybbit_mcp.demo import DEMO_KEY, create_demo_app

# when the recordings were made, so that their dates fall into the demo's data
NOW = datetime(2026, 11, 24, 1, 57, 30, tzinfo=UTC)


class Ask(Protocol):
    def __call__(
        self,
        letter: str,
        path: str,
        *,
        key: str | None = ...,
        method: str = ...,
        headers: dict[str, str] | None = ...,
        **query: Any,
    ) -> httpx.Response: ...


def send(app: Any, request: httpx.Request) -> httpx.Response:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            return await client.send(request)

    return asyncio.run(run())


@pytest.fixture(scope="session")
def apps() -> dict[str, Any]:
    return {letter: create_demo_app(now=lambda: NOW, generation=letter) for letter in "ABCD"}


@pytest.fixture(scope="session")
def ask(apps: dict[str, Any]) -> Ask:
    def asked(
        letter: str,
        path: str,
        *,
        key: str | None = DEMO_KEY,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {key}"} if key is not None else {}
        given = {
            name: json.dumps(value) if name == "filters" and not isinstance(value, str) else value
            for name, value in query.items()
        }
        request = httpx.Request(
            method, f"http://demo{path}", params=given or None, headers={**sent, **(headers or {})}
        )
        return send(apps[letter], request)

    return asked


class Rows(Protocol):
    def __call__(self, letter: str = ..., site: int = ..., **query: Any) -> list[dict[str, Any]]: ...


@pytest.fixture(scope="session")
def rows(ask: Ask) -> Rows:
    """Lists visits of any generation, all of them unless a limit is given."""

    def listed(letter: str = "D", site: int = 1, **query: Any) -> list[dict[str, Any]]:
        path = f"/api/sites/{site}/sessions" if letter in "CD" else f"/api/sessions/{site}"
        response = ask(letter, path, **{"page": 1, "limit": 100_000, **query})
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["data"]
        return found

    return listed


@pytest.fixture(scope="session")
def all_rows(rows: Rows) -> list[dict[str, Any]]:
    return rows()
