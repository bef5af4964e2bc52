"""Recorded answers of real servers, loaded and served to the client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import httpx
import respx

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.generations import GENERATIONS, GenerationName

ROOT = Path(__file__).parent.parent / "recorded"
KEY = "SecretKeyOfTheTests" * 3

Kind = Literal[
    "list", "detail", "locations", "organizations", "organization sites", "site", "version"
]

_SITE = r"(?:[^/]+)"
_ROUTES: tuple[tuple[Kind, str, str], ...] = (
    ("version", "ABCD", r"/api/version"),
    ("locations", "D", rf"/api/sites/{_SITE}/sessions/locations"),
    ("locations", "C", rf"/api/sites/{_SITE}/session-locations"),
    ("locations", "AB", rf"/api/session-locations/{_SITE}"),
    ("list", "CD", rf"/api/sites/{_SITE}/sessions"),
    ("detail", "CD", rf"/api/sites/{_SITE}/sessions/[^/]*"),
    ("detail", "A", rf"/api/session/[^/]+/{_SITE}"),
    ("detail", "B", rf"/api/sessions/[^/]+/{_SITE}?"),
    ("list", "AB", rf"/api/sessions/{_SITE}"),
    ("organization sites", "ABCD", r"/api/organizations/[^/]+/sites"),
    ("organizations", "ABCD", r"/api/organizations"),
    ("site", "ABCD", rf"/api/sites/{_SITE}"),
)

NOT_USED = (
    "*/config",
    "*/health",
    "*/has-data",
    "*/user-organizations",
    "current/query-*",
    "current/c-query-*",
    "current/*-query",
    "*/http-root",
    "*/http-double-slash",
    "*/http-no-api-prefix",
    "*/http-upper-case",
    "*/http-head",
    "*/http-options",
    "*/http-post-on-list",
)
"""Recordings of routes, methods and spellings that this client never uses."""


@dataclass(frozen=True)
class Recording:
    """One request and its answer; `generation` is of the server that answered."""

    name: str
    generation: GenerationName
    content: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.content["status"])

    @property
    def body(self) -> Any:
        return self.content["body"]

    @property
    def is_used(self) -> bool:
        return not any(Path(self.name).match(pattern) for pattern in NOT_USED)

    @property
    def kind(self) -> Kind:
        return self._route[0]

    @property
    def asked_generation(self) -> GenerationName:
        """The generation whose client asks by this address: the server's own, if it does."""
        letters = self._route[1]
        if self.generation in letters:
            return self.generation
        return next(name for name in reversed(GENERATIONS) if name in letters)

    @property
    def is_about_a_number(self) -> bool:
        """Whether the site was asked by its number, however written, and not by a text id."""
        last = self._path.removesuffix("/").replace("%20", "").split("/")
        return any(re.fullmatch(r"-?\d[\dex.]{0,3}", part) for part in last)

    @property
    def _path(self) -> str:
        return str(self.content["request"]["path"])

    @property
    def _route(self) -> tuple[Kind, str, str]:
        path = self._path
        fitting = [route for route in _ROUTES if re.fullmatch(route[2], path)]
        own = [route for route in fitting if self.generation in route[1]]
        return (own or fitting)[0]

    @property
    def texts(self) -> list[str]:
        """Every text of the body, however deep."""
        return list(_texts(self.body))

    def response(self, **changes: Any) -> httpx.Response:
        headers = dict(self.content["headers"])
        headers.pop("connection", None)
        body = self.body | changes if changes else self.body
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return httpx.Response(self.status, headers=headers, content=content)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


@cache
def recordings() -> tuple[Recording, ...]:
    """All of them, by name."""
    return tuple(_load(path) for path in sorted(ROOT.glob("*/*.json")))


def recording(name: str) -> Recording:
    """The one of this name, such as `current/list-limit-2`."""
    return _load(ROOT / f"{name}.json")


def _load(path: Path) -> Recording:
    name = f"{path.parent.name}/{path.stem}"
    if path.parent.name == "current":
        generation: GenerationName = "C" if path.stem.startswith("c-") else "D"
    else:
        generation = "A" if path.stem.startswith("gen-a-") else "B"
    return Recording(name, generation, json.loads(path.read_text(encoding="utf-8")))


def serving(**answers: httpx.Response | Recording) -> respx.MockRouter:
    """A router that answers each kind of request, named with `_` for spaces, with one answer.

    Lists without one are empty; all else without one is a 404 without a body.
    """
    router = respx.MockRouter(assert_all_called=False)
    given = {kind.replace("_", " "): answer for kind, answer in answers.items()}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        for kind, _, pattern in _ROUTES:
            if kind in given and re.fullmatch(pattern, path):
                found = given[kind]
                return found.response() if isinstance(found, Recording) else found
        if re.fullmatch(r"/api/(sites/[^/]+/sessions|sessions/[^/]+)", path):
            return httpx.Response(200, json={"data": []})
        return httpx.Response(404)

    router.route().mock(side_effect=answer)
    return router


def client_of(
    router: respx.MockRouter,
    generation: GenerationName | None = "D",
    key: str | None = KEY,
    **options: Any,
) -> RybbitClient:
    """A client whose network is the router."""
    return RybbitClient(
        "https://rybbit.example",
        key,
        generation=GENERATIONS[generation] if generation else None,
        transport=httpx.MockTransport(router.async_handler),
        **options,
    )
