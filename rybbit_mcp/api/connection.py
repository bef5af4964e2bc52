"""One server and one key: finds the generation, asks, and turns refusals into errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from pydantic import BaseModel, ValidationError

from rybbit_mcp.api.asking import Asked, Clues, Experience, What
from rybbit_mcp.api.discovery import discover
from rybbit_mcp.api.errors import RybbitError, UnexpectedBodyError
from rybbit_mcp.api.generations import GENERATIONS, Generation
from rybbit_mcp.api.http import Http
from rybbit_mcp.api.models import OrganizationList
from rybbit_mcp.api.naming import AllowedSites
from rybbit_mcp.api.refusals import is_of_another_generation, refusal, unknown_route
from rybbit_mcp.api.reply import Reply
from rybbit_mcp.api.sizes import size_of
from rybbit_mcp.api.wire import in_thread_if_long

Body = TypeVar("Body", bound=BaseModel)
PartsOf = Callable[[Generation], Sequence[str]]

SECOND_LOOK_S = 5.0
"""An error is worth knowing better, but not worth waiting long for."""

_log = logging.getLogger(__name__)


class OlderServerError(UnexpectedBodyError):
    """What was planned for one generation came to an older one, which misreads it."""

    def __init__(self) -> None:
        super().__init__(
            "The server was replaced by one of an older version.", "Ask again: it is known now."
        )


@dataclass(slots=True)
class Connection:
    """`fixed` is a generation that the settings name; else it is found out and remembered.

    Errors name no site but `allowed_sites`, and to learn about a refusal no other one is asked
    about with the key.
    """

    http: Http
    has_key: bool
    fixed: Generation | None = None
    has_organization_key: bool = False
    allowed_sites: AllowedSites = field(default_factory=AllowedSites)
    clock_off_s: float | None = None
    """How far the server's clock is ahead, by its last answer that told."""
    _found: Generation | None = None
    _seen: Experience = field(default_factory=Experience)

    async def generation(self) -> Generation:
        """The server's generation, asked once it is sure."""
        if self.fixed is not None:
            return self.fixed
        if self._found is not None:
            return self._found
        found = await discover(self.http)  # who asks at the same time shares the requests
        if found.name != "A":
            self._found = found
        return found

    @property
    def is_guessing(self) -> bool:
        """Whether the server was taken for one of the oldest, and no answer has proved it.

        They answer 401 to what they do not know, and so does a gate before any server.
        """
        return self.fixed is None and self._found is None

    async def read(
        self,
        model: type[Body],
        parts_of: PartsOf,
        parameters: Mapping[str, str],
        asked: Asked,
    ) -> Body:
        """The 200 answer of an endpoint as a model; anything else is raised as what it means.

        An answer that only another generation gives makes the generation be found out anew,
        once: servers get upgraded.
        """
        reply = await self._accepted(parts_of, parameters, asked)
        body = await _parsed(reply, model, asked)
        if asked.site:
            self._seen.open_sites.add(asked.site)
        return body

    async def read_raw(
        self, parts_of: PartsOf, parameters: Mapping[str, str], asked: Asked
    ) -> bytes:
        """The 200 answer of an endpoint as it came; whoever takes it apart must check it."""
        reply = await self._accepted(parts_of, parameters, asked)
        if asked.site and reply.body[:1] == b"{":  # what a proxy says in HTML proves nothing
            self._seen.open_sites.add(asked.site)
        return reply.body

    async def _accepted(
        self, parts_of: PartsOf, parameters: Mapping[str, str], asked: Asked
    ) -> Reply:
        generation, reply = await self._answer(parts_of, parameters, asked)
        self._seen.call_count += 1
        if reply.clock_off_s is not None:
            self.clock_off_s = reply.clock_off_s
        _log.debug("%s: status %d, %d bytes", asked.what, reply.status, len(reply.body))
        if reply.status != 200:
            clues = await self._clues(reply, generation, parts_of, parameters, asked)
            raise refusal(reply, asked, generation, self._seen, clues, has_key=self.has_key)
        if self.is_guessing:
            self._found = generation
        return reply

    async def _answer(
        self, parts_of: PartsOf, parameters: Mapping[str, str], asked: Asked
    ) -> tuple[Generation, Reply]:
        size = size_of(asked.what, parameters)
        generation = await self.generation()
        reply = await self.http.get(parts_of(generation), parameters, size=size)
        # A 200 is not looked into: it may be megabytes.
        if reply.status == 200 or not is_of_another_generation(reply, asked, generation):
            return generation, reply
        sibling = GENERATIONS["A" if generation.name == "B" else "B"]
        if not generation.has_site_routes and parts_of(sibling) != parts_of(generation):
            second = await self.http.get(parts_of(sibling), parameters, size=size)
            if not second.is_unknown_route:
                self._found = sibling
                return sibling, second
        if self.fixed is not None:
            raise unknown_route(is_fixed=True)
        self._found = None
        found = await self.generation()
        if found is not generation:
            second = await self.http.get(parts_of(found), parameters, size=size)
            if second.status == 200 or not (generation.has_site_routes and self.is_guessing):
                if found.name < generation.name and asked.is_planned and second.status == 200:
                    self._found = found
                    raise OlderServerError
                return found, second
            self._found = generation  # hardly one of the oldest all of a sudden: it is in trouble
        if reply.is_unknown_route:
            raise unknown_route(is_fixed=False)
        return generation, reply

    async def _clues(
        self,
        reply: Reply,
        generation: Generation,
        parts_of: PartsOf,
        parameters: Mapping[str, str],
        asked: Asked,
    ) -> Clues:
        """What one more request tells about a refusal that may mean several things."""
        if reply.status == 500 and asked.has_filters:
            bare = {name: value for name, value in parameters.items() if name != "filters"}
            second = await self._second_look(parts_of(generation), bare | {"limit": "1"})
            return Clues(works_without_filters=second.status == 200) if second else Clues()
        is_about_key = reply.status in {401, 403} and reply.error_text in _ABOUT_KEY
        if not (is_about_key and self.has_key and generation.has_site_routes):
            return Clues()
        if self.has_organization_key:  # it is refused where the key alone is asked about
            return Clues()
        return await (self._about_key(asked.site) if asked.site else self._about_throttling())

    async def _about_key(self, asked_site: str) -> Clues:
        """Whether the key is good: a site may be refused to a good one."""
        reply = await self._second_look(("organizations",), {})
        if reply is None:
            return Clues()
        if reply.status == 401:  # a throttled key too, but that was told at the site
            return Clues(key_is_good=False)
        if reply.status == 429:
            return Clues(is_throttled=True)
        try:
            listed = OrganizationList.model_validate_json(reply.body)
        except ValidationError:
            return Clues()
        sites = [site for organization in listed.root for site in organization.known_sites()]
        allowed = self.allowed_sites.among(sites).sites
        return Clues(
            key_is_good=True,
            sites=tuple(
                (str(site.site_id), _printable(site.name or site.domain))
                for site in sites
                if site in allowed or str(site.site_id) == asked_site
            ),
            is_limited=bool(self.allowed_sites),
        )

    async def _about_throttling(self) -> Clues:
        """Whether the key is throttled: where no site is named, that looks like a wrong key."""
        sites = self._seen.open_sites or {str(number) for number in self.allowed_sites.numbers}
        if not sites and self.allowed_sites:
            return Clues()
        site = min(sites, default="1")
        reply = await self._second_look(("sites", site), {})
        if reply is None:
            return Clues()
        is_good = reply.error_text == "Insufficient scope"
        return Clues(key_is_good=is_good or None, is_throttled=reply.status == 429)

    async def _second_look(
        self, parts: Sequence[str], parameters: Mapping[str, str]
    ) -> Reply | None:
        try:
            with anyio.move_on_after(SECOND_LOOK_S):
                return await self.http.get(parts, parameters)
        except RybbitError:
            pass
        return None


_ABOUT_KEY = frozenset({"Forbidden", "Unauthorized"})


def _printable(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:40]


async def _parsed(reply: Reply, model: type[Body], asked: Asked) -> Body:
    try:
        return await in_thread_if_long(reply.body, model.model_validate_json)
    except ValidationError as error:
        raise unexpected_body(error, asked.what) from None


def unexpected_body(error: ValidationError, what: What) -> UnexpectedBodyError:
    """The error that a 200 answer means which a model refused; never holds any of its text."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
    detail = f" at {place!r}" if first["type"] != "json_invalid" and place else ""
    return UnexpectedBodyError(
        f"The {what} answer is not what Rybbit sends{detail}.",
        "Check that RYBBIT_URL is a Rybbit server and that no proxy changes its answers.",
        status=200,
    )
