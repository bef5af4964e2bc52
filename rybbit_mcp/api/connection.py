"""One server and one key: finds the generation, asks, and turns refusals into errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rybbit_mcp.api.discovery import discover
from rybbit_mcp.api.errors import NotFoundError, UnexpectedBodyError
from rybbit_mcp.api.generations import GENERATIONS, Generation
from rybbit_mcp.api.http import Http, Reply
from rybbit_mcp.api.refusals import Asked, Experience, refusal

Body = TypeVar("Body", bound=BaseModel)


@dataclass(slots=True)
class Connection:
    """`fixed` is a generation that the settings name; else it is found out and remembered."""

    http: Http
    has_key: bool
    fixed: Generation | None = None
    has_organization_key: bool = False
    _found: Generation | None = None
    _seen: Experience = field(default_factory=Experience)

    async def generation(self) -> Generation:
        """The server's generation, asked once."""
        if self.fixed is not None:
            return self.fixed
        if self._found is None:
            self._found = await discover(self.http)
        return self._found

    async def read(
        self,
        model: type[Body],
        parts_of: Callable[[Generation], Sequence[str]],
        parameters: Mapping[str, str],
        asked: Asked,
    ) -> Body:
        """The 200 answer of an endpoint as a model; anything else is raised as what it means.

        An unknown route makes the generation be found out anew, once: servers get upgraded.
        """
        generation = await self.generation()
        reply = await self.http.get(parts_of(generation), parameters)
        if reply.is_unknown_route and self.fixed is None:
            generation = await self._after_unknown_route(generation)
            reply = await self.http.get(parts_of(generation), parameters)
        self._seen.call_count += 1
        if reply.status != 200:
            raise refusal(reply, asked, generation, self._seen, has_key=self.has_key)
        body = _parse(reply, model, asked)
        self._seen.key_worked = True
        self._seen.open_sites.add(asked.site)
        return body

    async def _after_unknown_route(self, generation: Generation) -> Generation:
        if generation.name in "AB":  # alike but for the route that failed
            self._found = GENERATIONS["A" if generation.name == "B" else "B"]
            return self._found
        self._found = None
        found = await self.generation()
        if found is generation:
            raise NotFoundError(
                "The server does not know this part of the API.",
                "Check RYBBIT_URL, and RYBBIT_SERVER_VERSION if it is set.",
                what="route",
            )
        return found


def _parse(reply: Reply, model: type[Body], asked: Asked) -> Body:
    try:
        return model.model_validate_json(reply.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
        detail = f" at {place!r}" if first["type"] != "json_invalid" and place else ""
        raise UnexpectedBodyError(
            f"The {asked.what} answer is not what Rybbit sends{detail}.",
            "Check that RYBBIT_URL is a Rybbit server and that no proxy changes its answers.",
            status=reply.status,
        ) from None
