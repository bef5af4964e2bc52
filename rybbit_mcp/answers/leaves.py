"""The values at the ends of a record's branches, also of lists and of JSON inside a text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from rybbit_mcp.answers.characters import visible
from rybbit_mcp.answers.clean import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST_ITEMS = 8
_DEPTH = 3
_LONGEST_JSON = 10_000
_LONGEST_LABEL = 80
_LABELS = ("name", "key", "field", "label", "id")
_OBJECT = re.compile(r"(?:\[\s*)*\{\s*[\"'\\]")


class Folded(str):
    """The mark in the place of what is not read: no word of a visitor's."""

    __slots__ = ()


_OBJECT_FOLDED = Folded("{…}")
_LIST_FOLDED = Folded("[…]")


class Leaf(NamedTuple):
    """A value, and the keys that lead to it.

    `label` is the text beside a bare `value`, as in `{"name": "lastName", "value": "Lovelace"}`.
    """

    keys: tuple[str, ...]
    value: object
    label: str = ""


def leaves(record: Mapping[str, object], *, is_open: bool, reads_texts: bool) -> Iterator[Leaf]:
    """The leaves of a record in its order; of a list at most one more than `LIST_ITEMS` items.

    Objects are entered three keys deep, lists inside lists never: what is left is `Folded`, or
    as it was sent where the level is open and nothing has to be judged.
    """
    return _Walk(is_open, reads_texts and not is_open).under(record, Leaf((), None))


class _Walk(NamedTuple):
    is_open: bool
    reads_texts: bool

    def under(self, value: object, at: Leaf, *, in_list: bool = False) -> Iterator[Leaf]:
        if isinstance(value, str) and self.reads_texts:
            value = _read(value)
        if isinstance(value, Mapping) and len(at.keys) < _DEPTH:
            label = next((value[name] for name in _LABELS if name in value), "")
            for key, inner in value.items():
                named = (
                    as_text(label)[:_LONGEST_LABEL] if str(key).casefold() == "value" else at.label
                )
                yield from self.under(inner, Leaf((*at.keys, str(key)), None, named))
        elif isinstance(value, list) and not in_list:
            for item in value[: LIST_ITEMS + 1]:
                # A number in a list may be half a position: it is judged like a text.
                text = as_text(item) if isinstance(item, int | float) else item
                yield from self.under(text, at, in_list=True)
        elif isinstance(value, dict | list) and not self.is_open:
            yield at._replace(value=_LIST_FOLDED if isinstance(value, list) else _OBJECT_FOLDED)
        else:
            yield at._replace(value=value)


def _read(text: str) -> object:
    """What a text says that is JSON; `Folded` if it looks like an object and cannot be read."""
    if "{" not in text and "[" not in text:
        return text
    start = visible(text)[0]
    if not start.startswith(("{", "[")):
        return text
    value = None
    if len(text) <= _LONGEST_JSON:
        # Unseen characters inside stay where they are: the gate counts them.
        value = _parsed(text) or _parsed(start)
    if isinstance(value, dict | list) and value:
        return value
    return _OBJECT_FOLDED if _OBJECT.match(start) else text


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
