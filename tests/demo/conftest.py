"""Asks the demo of every generation through the transport that the product uses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from tests.demo.demo_requests import DAYS, NOW, Ask, Rows, send

if TYPE_CHECKING:
    from rybbit_mcp.demo.generations import Letter


@pytest.fixture(scope="session")
def apps() -> dict[str, Any]:
    letters: tuple[Letter, ...] = ("A", "B", "C", "D")
    return {letter: create_demo_app(now=lambda: NOW, generation=letter) for letter in letters}


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


@pytest.fixture(scope="session")
def recent_rows(rows: Rows) -> list[dict[str, Any]]:
    return rows(**DAYS)
