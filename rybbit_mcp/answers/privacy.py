"""What an answer may say about a person, by level; and the names it uses instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rybbit_mcp.answers import addresses, records
from rybbit_mcp.answers.characters import visible
from rybbit_mcp.answers.folding import unescaped
from rybbit_mcp.answers.ip_addresses import MARK, is_whole_address
from rybbit_mcp.answers.logins import without_logins
from rybbit_mcp.answers.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rybbit_mcp.answers.clean import Gate

PrivacyLevel = Literal["strict", "standard", "open"]

SHORTEST_KEY_BYTES = 16
_NAME = re.compile(r"[uv][0-9]{9}")
_WEB_ADDRESS = re.compile(
    r"(?i)(?<![a-z0-9+.-])https?://(?:\[[0-9a-f:.]{2,60}\][^\s\"'<>()\[\]{}]*|[^\s\"'<>()\[\]{}]+)"
)

# Hosts that link to a phone number.
_NUMBERS_IN_PATH = frozenset({"wa.me"})


class Treatment(StrEnum):
    """What happens to a field, in the words of the documentation."""

    HIDDEN = "never shown"
    SHOWN = "shown"
    PSEUDONYM = "stable pseudonym"
    BEGINNING = "first 8 characters"
    MASKED = "shown; e-mail addresses, secrets, card and phone numbers in it as stable pseudonyms"
    CAMPAIGN = "campaign parameters only"
    KEYS = "names only"
    HARMLESS = "values that point at nobody; the others as stable pseudonyms"
    COUNTRY = "country only"
    CITY = "country, region, city"
    TENTH = "rounded to 0.1 degrees"
    HUNDREDTH = "rounded to 0.01 degrees"


@dataclass(frozen=True, slots=True)
class Field:
    """What each level does to one kind of value."""

    name: str
    strict: Treatment
    standard: Treatment
    open: Treatment


FIELDS: tuple[Field, ...] = (
    Field("IP address", Treatment.HIDDEN, Treatment.HIDDEN, Treatment.HIDDEN),
    Field("device id", Treatment.PSEUDONYM, Treatment.PSEUDONYM, Treatment.BEGINNING),
    Field("identified user id", Treatment.PSEUDONYM, Treatment.PSEUDONYM, Treatment.SHOWN),
    Field("title, name or message", Treatment.MASKED, Treatment.MASKED, Treatment.SHOWN),
    Field("path", Treatment.MASKED, Treatment.MASKED, Treatment.SHOWN),
    Field("query string", Treatment.HIDDEN, Treatment.CAMPAIGN, Treatment.SHOWN),
    Field("fragment", Treatment.HIDDEN, Treatment.HIDDEN, Treatment.SHOWN),
    Field("login in a referrer or link", Treatment.HIDDEN, Treatment.HIDDEN, Treatment.HIDDEN),
    Field("traits", Treatment.HIDDEN, Treatment.HARMLESS, Treatment.SHOWN),
    Field("event properties", Treatment.KEYS, Treatment.HARMLESS, Treatment.SHOWN),
    Field("place", Treatment.COUNTRY, Treatment.CITY, Treatment.CITY),
    Field("coordinates", Treatment.HIDDEN, Treatment.TENTH, Treatment.HUNDREDTH),
)


class Place(NamedTuple):
    """The parts of a place that may be named; `""` for the others."""

    country: str
    region: str
    city: str


class Privacy:
    """Masks by one level, with pseudonyms that one installation's key makes stable.

    What the methods return is not clean yet: it goes through `Gate.text`, best by handing the
    method to it (`gate.text(title, mask=privacy.text)`).
    """

    __slots__ = ("_key", "_mask", "_path", "_treatments", "_url", "level")

    def __init__(self, level: PrivacyLevel, key: bytes) -> None:
        """Raises: ValueError when the key is too short to keep pseudonyms from being guessed."""
        if len(key) < SHORTEST_KEY_BYTES:
            raise ValueError(f"a key of at least {SHORTEST_KEY_BYTES} bytes is needed")
        self.level: PrivacyLevel = level
        self._key = key if len(key) <= 64 else blake2b(key).digest()
        self._treatments: dict[str, Treatment] = {
            field.name: getattr(field, level) for field in FIELDS
        }
        self._mask = Masker(None if level == "open" else self.pseudonym)
        # The same few pages and sites stand in most rows of most answers.
        self._path = lru_cache(maxsize=1024)(self._masked_path)
        self._url = lru_cache(maxsize=1024)(self._masked_url)

    def pseudonym(self, kind: str, value: str) -> str:
        """A name such as `email-482910375`: the same for the same value, nothing without the key.

        Shape: the kind, a hyphen, nine digits. Digits because models' tokenizers take three of
        them at once: nine carry 29 bits in three tokens.
        """
        return f"{kind}-{self._digits(kind, value)}"

    def visitor(self, user_id: str, identified_user_id: str = "") -> str:
        """How an answer names a visitor; `""` when both ids are empty.

        Shape: `v` and nine digits for a device, `u` and nine digits for an identified visitor;
        at `open` `v-` and the first eight characters of the device id, or the identified id.
        """
        if identified_user_id:
            if self._treatments["identified user id"] is Treatment.SHOWN:
                return self.text(identified_user_id)
            return f"u{self._digits('user', identified_user_id)}"
        if not user_id:
            return ""
        if self._treatments["device id"] is Treatment.BEGINNING:
            return f"v-{visible(user_id)[0][:8]}"
        return f"v{self._digits('device', user_id)}"

    @staticmethod
    def is_name(text: str) -> bool:
        """Whether a text has the shape of a visitor's pseudonym."""
        return _NAME.fullmatch(text) is not None

    def text(self, value: str) -> str:
        """A title, a name or a message without what identifies or authorizes somebody.

        Shape: below `open` an address of the web inside it reads as `url` would print it.
        """
        if "://" in value and self._treatments["query string"] is not Treatment.SHOWN:
            value = without_logins(visible(value)[0], "")
            value = _WEB_ADDRESS.sub(lambda match: self.url(match[0]), value)
        return self._mask(value)

    def query(self, value: str) -> str:
        """A query string, without `?`, as far as the level shows it."""
        treatment = self._treatments["query string"]
        if treatment is Treatment.HIDDEN:
            return ""
        text = without_logins(unescaped(visible(value)[0])).removeprefix("?")
        if treatment is Treatment.CAMPAIGN:
            return addresses.campaign_query(text, self._mask)
        return addresses.masked_query(text, self._mask)

    def path(self, value: str) -> str:
        """A path; the query and the fragment behind it as far as the level shows them."""
        return self._path(value)

    def url(self, value: str) -> str:
        """A referrer or link target, without `http://`, `www.` and a login, masked like a path."""
        return self._url(value)

    def _masked_path(self, value: str) -> str:
        parts = addresses.split(without_logins(unescaped(visible(value)[0])))
        return self._tail(self._mask.path(parts.path), parts)

    def _masked_url(self, value: str) -> str:
        parts = addresses.split_url(unescaped(visible(value)[0]))
        path = "" if parts.host and parts.path == "/" else parts.path
        if parts.host in _NUMBERS_IN_PATH:
            return self._tail(self._mask(f"{parts.host}{path}"), parts)
        return self._tail(f"{parts.scheme}{self._mask(parts.host)}{self._mask.path(path)}", parts)

    def _tail(self, before: str, parts: addresses.Parts) -> str:
        query = self.query(parts.query)
        shown = f"{before}?{query}" if query else before
        if parts.fragment and self._treatments["fragment"] is Treatment.SHOWN:
            shown += f"#{self._mask(parts.fragment)}"
        return shown

    def traits(
        self, traits: Mapping[str, Any] | None, gate: Gate | None = None
    ) -> list[tuple[str, str]]:
        """The traits of an identified visitor as clean (key, value) pairs."""
        return self._pairs("traits", traits, gate)

    def properties(
        self, properties: Mapping[str, Any] | None, gate: Gate | None = None
    ) -> list[tuple[str, str]]:
        """The properties of an event as clean (key, value) pairs; values `""` at `strict`."""
        return self._pairs("event properties", properties, gate)

    def _pairs(
        self, field: str, record: Mapping[str, Any] | None, gate: Gate | None
    ) -> list[tuple[str, str]]:
        treatment = self._treatments[field]
        if not record or treatment is Treatment.HIDDEN:
            return []
        if treatment is Treatment.SHOWN:
            record = _without_whole_addresses(record)
        reader = records.Reader(
            mask=self.text,
            name=None if treatment is Treatment.SHOWN else self.pseudonym,
            of_person=field == "traits",
            keys_only=treatment is Treatment.KEYS,
        )
        return reader.pairs(record, gate)

    def place(self, country: str, region: str, city: str) -> Place:
        """The parts of a place that the level shows; unknown parts are `""`."""
        parts = [self._mask(visible(part)[0]) for part in (country, region, city)]
        if self._treatments["place"] is Treatment.COUNTRY:
            return Place(parts[0], "", "")
        return Place(*parts)

    def coordinates(self, lat: float, lon: float) -> tuple[float, float] | None:
        """The rounded position, None where the level shows none."""
        digits = {Treatment.TENTH: 1, Treatment.HUNDREDTH: 2}.get(self._treatments["coordinates"])
        return None if digits is None else (round(lat, digits), round(lon, digits))

    def _digits(self, kind: str, value: str) -> str:
        text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        digest = blake2b(text, key=self._key, digest_size=8).digest()
        return f"{int.from_bytes(digest) % 10**9:09d}"


def _without_whole_addresses(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without IP addresses that only their keys tell from other numbers."""
    kept: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            kept[key] = {
                inner: MARK if is_whole_address(str(inner), number) else number
                for inner, number in value.items()
            }
        else:
            kept[key] = MARK if is_whole_address(str(key), value) else value
    return kept
