"""Traits and event properties, any JSON, as a short list of clean pairs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rybbit_mcp.answers.clean import Gate, as_text
from rybbit_mcp.answers.masking import canonical
from rybbit_mcp.answers.sensitive import describes_group, kind_of_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAIRS_SHOWN = 12
_LIMIT = 80
_KEY_LIMIT = 40
_DEPTH = 3
_LIST_ITEMS = 8
_LONGEST_HARMLESS_TRAIT = 32
_LARGEST_HARMLESS_TRAIT = 1_000_000
_NAMED_BY_SHAPE = re.compile(r"(?:email|phone|card|token)-[0-9]{9}")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads records by one privacy level: `name` is None where every value may be shown."""

    mask: Callable[[str], str]
    name: Callable[[str, str], str] | None
    of_person: bool
    keys_only: bool = False

    def pairs(self, record: Mapping[str, Any], gate: Gate | None) -> list[tuple[str, str]]:
        """The record as (key, value) pairs, nested keys joined by a dot.

        Shape: in the order sent, without empty values; at most twelve, then one pair
        `("more", "5")` with the number left out.
        """
        gate = gate or Gate()
        pairs: list[tuple[str, str]] = []
        more_count = 0
        for keys, value in _leaves(record, ()):
            if value in (None, ""):
                continue
            if len(pairs) == PAIRS_SHOWN:
                more_count += 1
                continue
            key = gate.text(".".join(keys), limit=_KEY_LIMIT, mask=self.mask)
            mask = partial(self._shown, keys, value)
            pairs.append((key, "" if self.keys_only else gate.text(value, limit=_LIMIT, mask=mask)))
        return [*pairs, ("more", str(more_count))] if more_count else pairs

    def _shown(self, keys: tuple[str, ...], value: object, text: str) -> str:
        """What is shown for a value whose visible text is `text`."""
        masked = self.mask(text)
        if self.name is None or isinstance(value, bool) or _NAMED_BY_SHAPE.fullmatch(masked):
            return masked
        key = " ".join(keys)
        kind = kind_of_key(key, of_person=self.of_person)
        if kind is not None:
            return self.name(kind, canonical(kind, text))
        if self.of_person and masked == text and not _points_at_nobody(key, value):
            return self.name("text" if isinstance(value, str) else "number", text)
        return masked


def _points_at_nobody(key: str, value: object) -> bool:
    """Whether a trait is a small number, or a short text that many visitors share.

    The keys that may show a text are listed, not those that may not: a site can call a name
    `nombre` or `jmeno`.
    """
    if isinstance(value, int | float):
        return abs(value) < _LARGEST_HARMLESS_TRAIT
    return len(as_text(value)) <= _LONGEST_HARMLESS_TRAIT and describes_group(key)


def _leaves(value: object, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping) and len(keys) < _DEPTH:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, str(key)))
    elif isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        more = ["…"] if len(value) > _LIST_ITEMS else []
        yield keys, ", ".join([*map(as_text, value[:_LIST_ITEMS]), *more])
    else:
        yield keys, value
