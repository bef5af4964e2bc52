"""Which keys of traits and event properties hold something that points at a person."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from unicodedata import combining, normalize

from rybbit_mcp.answers import key_words as words_of
from rybbit_mcp.answers.characters import visible

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
# Letters that no accent can be taken from.
_PLAIN_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O"})

_Segment = tuple[str, ...]


def describes_group(key: str) -> bool:
    """Whether a key such as `plan` or `billingInterval` holds what many visitors share.

    Of nested keys, joined by dots, the last one counts; one such as `plan.name` by its parent.
    """
    *parents, words = _segments(key) or [()]
    if not words or _is_agent(words) or words[-1] in words_of.PEOPLE:
        return False
    if not words_of.GROUPS.isdisjoint(words):
        return True
    return bool(
        parents
        and words_of.LABELS.issuperset(words)
        and not words_of.GROUPS.isdisjoint(parents[-1])
    )


@lru_cache(maxsize=2048)
def kind_of_key(key: str, *, of_person: bool) -> str | None:
    """What a key such as `firstName` or `user.id` says its value is, None if nothing personal.

    Nested keys are joined by dots, and each is judged by its own words and its parent's: below
    `address` everything is part of one. `of_person` is True for the traits of a visitor, where
    a bare `id` is the visitor's.
    """
    segments = _segments(key)
    if not segments:
        return None
    is_described = not words_of.DESCRIPTIONS.isdisjoint(segments[-1][-1:])
    parent: _Segment = ()
    kind = None
    for words in segments:
        kind = _kind(words, parent, is_described=is_described) or kind
        parent = words
    if kind is not None:
        return kind
    parent = segments[-2] if len(segments) > 1 else ()
    if _is_agent(segments[-1]):
        return "name"
    # Not in the plural: `users` counts them.
    match _plain_words(key.rpartition(".")[2]):
        case [word] if word in words_of.PEOPLE:
            return "id"
    return "id" if _is_identifier(segments[-1], parent, of_person) else None


def lists_people(key: str) -> bool:
    """Whether a text under a key such as `attendees` is a name; a number there counts them."""
    match _plain_words(key.rpartition(".")[2]):
        case [word]:
            return word != "guest" and _singular(word) in words_of.LISTED
    return False


def _segments(key: str) -> list[_Segment]:
    """The words of each key of `a.b.c`, in the singular."""
    found = [tuple(map(_singular, _plain_words(segment))) for segment in key.split(".")]
    return [words for words in found if words]


def _plain_words(text: str) -> list[str]:
    if not (text.isascii() and text.isprintable()):
        letters = normalize("NFKD", visible(text)[0]).translate(_PLAIN_LETTERS)
        text = "".join([char for char in letters if not combining(char)])
    return [word.casefold() for word in _WORDS.findall(text)]


def _singular(word: str) -> str:
    if word in words_of.SINGULARS or not word.endswith("s"):
        return word
    for singular in (word[:-1], word[:-2], f"{word[:-3]}y"):
        if singular in words_of.SINGULARS:
            return singular
    return word


def _known(words: _Segment) -> set[str]:
    """The words, and each two of them as one: `first`, `name` and `firstname`."""
    return {*words, *(first + second for first, second in pairwise(words))}


def _kind(words: _Segment, parent: _Segment, *, is_described: bool) -> str | None:
    """What one key's own words say, None if nothing personal."""
    known = _known(words)
    about_goods = not words_of.GOODS.isdisjoint((*words, *parent))
    groups = [words_of.UNMISTAKABLE]
    if not is_described:
        groups += [words_of.USUAL] if about_goods else [words_of.USUAL, words_of.SHARED_WITH_GOODS]
    for kinds in groups:
        for kind, members in kinds.items():
            if not known.isdisjoint(members):
                return kind
    if _is_name(words, parent):
        return "name"
    return None if is_described else _last_or_alone(words)


def _last_or_alone(words: _Segment) -> str | None:
    numbers = words_of.IDENTIFIERS | words_of.NUMBERS
    named = [word for word in words if word not in numbers]
    if named and named[-1] in words_of.LAST:
        return words_of.LAST[named[-1]]
    beside = words_of.PERSONAL | words_of.PEOPLE | words_of.INPUTS
    for word in words_of.ALONE.keys() & set(words):
        if len(words) == 1 or not beside.isdisjoint(words):
            return words_of.ALONE[word]
    return None


def _is_name(words: _Segment, parent: _Segment) -> bool:
    """Whether a key says `name` and means a person's."""
    if words_of.PARTS_OF_NAMES.issuperset(words):
        return not (words_of.PERSONAL | words_of.NAMES).isdisjoint(parent)
    index = next((index for index, word in enumerate(words) if word in words_of.NAMES), None)
    if index is None:
        return False
    if index and words[index - 1] in words_of.THINGS:
        return False
    if not words_of.PERSONAL.isdisjoint(words):
        return True
    if not (words_of.GOODS if index else words_of.THINGS).isdisjoint(words):
        return False
    excusing = words_of.GOODS if index else words_of.NAMED_PARENTS
    return not words_of.PERSONAL.isdisjoint(parent) or excusing.isdisjoint(parent)


def _is_agent(words: _Segment) -> bool:
    """Whether a key such as `owner`, `signed_by` or `department_head` names somebody."""
    if words[0] in {"is", "has"} or "placeholder" in _known(words):
        return False
    if words[-1] in words_of.AGENTS or "".join(words[-2:]) in words_of.BY_AGENTS:
        return True
    return len(words) > 1 and words[-1] in words_of.LEADERS and words[-2] in words_of.LED


def _is_identifier(words: _Segment, parent: _Segment, of_person: bool) -> bool:
    known = _known(words)
    if not known.isdisjoint({f"{holder}id" for holder in words_of.HOLDERS}):
        return True
    is_about_thing = not words_of.THINGS.isdisjoint(words)
    owners = {*words} if is_about_thing else {*words, *parent}
    if not known.isdisjoint(words_of.NUMBERS):
        return not owners.isdisjoint(words_of.PEOPLE | {"client"})
    if known.isdisjoint(words_of.IDENTIFIERS):
        return False
    if not owners.isdisjoint(words_of.HOLDERS):
        return True
    return of_person and not is_about_thing and words_of.THINGS.isdisjoint(parent)
