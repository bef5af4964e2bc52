"""Traits and event properties, any JSON, as a short list of clean pairs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rybbit_mcp.answers.clean import ELLIPSIS, Gate, as_text
from rybbit_mcp.answers.leaves import LIST_ITEMS, Folded, Leaf, leaves
from rybbit_mcp.answers.masking import canonical
from rybbit_mcp.answers.sensitive import describes_group, kind_of_key, lists_people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAIRS_SHOWN = 12
_LIMIT = 80
_KEY_LIMIT = 40
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

        Shape: in the order sent, without empty values; what several objects of a list say under
        one key in one pair; at most twelve, then one pair `("more", "5")` with the number left
        out. Unless everything may be shown, JSON inside a text is read like the record, and what
        lies too deep is `{…}` or `[…]`.
        """
        gate = gate or Gate()
        found: dict[tuple[str, ...], list[Leaf]] = {}
        for leaf in leaves(record, is_open=self.name is None, reads_texts=not self.keys_only):
            if leaf.value not in (None, ""):
                found.setdefault(leaf.keys, []).append(leaf)
        pairs = [
            (
                gate.text(".".join(keys), limit=_KEY_LIMIT, mask=self.mask),
                "" if self.keys_only else self._values(values, gate),
            )
            for keys, values in list(found.items())[:PAIRS_SHOWN]
        ]
        more_count = len(found) - PAIRS_SHOWN
        return [*pairs, ("more", str(more_count))] if more_count > 0 else pairs

    def _values(self, found: Sequence[Leaf], gate: Gate) -> str:
        """The clean texts of the values under one key, as many as find room."""
        texts = [
            gate.text(leaf.value, limit=_LIMIT, mask=partial(self._shown, leaf))
            for leaf in found[:LIST_ITEMS]
        ]
        if all(isinstance(leaf.value, Folded) for leaf in found):
            texts, found = texts[:1], found[:1]
        joined = ", ".join(texts)
        is_cut = len(found) > len(texts)
        while len(texts) > 1 and len(joined) + (3 if is_cut else 0) > _LIMIT:
            texts.pop()
            joined, is_cut = ", ".join(texts), True
        if is_cut and len(joined) + 3 <= _LIMIT:
            joined = f"{joined}, {ELLIPSIS}"
        return joined if len(found) == 1 else gate.text(joined, limit=_LIMIT)

    def _shown(self, leaf: Leaf, text: str) -> str:
        """What is shown for a value whose visible text is `text`."""
        if isinstance(leaf.value, Folded):
            return text
        masked = self.mask(text)
        if self.name is None or isinstance(leaf.value, bool) or _NAMED_BY_SHAPE.fullmatch(masked):
            return masked
        key = ".".join(leaf.keys)
        kind = kind_of_key(key, of_person=self.of_person)
        if kind is None and leaf.label:
            kind = kind_of_key(leaf.label, of_person=self.of_person)
        if kind is None and text[:1].isalpha() and lists_people(key):
            kind = "name"
        if kind is not None:
            return self.name(kind, canonical(kind, text))
        if self.of_person and masked == text and not _points_at_nobody(key, leaf.value):
            return self.name("text" if isinstance(leaf.value, str) else "number", text)
        return masked


def _points_at_nobody(key: str, value: object) -> bool:
    """Whether a trait is a small number, or a short text that many visitors share.

    The keys that may show a text are listed, not those that may not: a site can call a name
    `ainm` or `nimi`.
    """
    if isinstance(value, int | float):
        return abs(value) < _LARGEST_HARMLESS_TRAIT
    return len(as_text(value)) <= _LONGEST_HARMLESS_TRAIT and describes_group(key)
