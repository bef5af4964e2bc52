"""Regular expressions of filters: what servers accept, and the same search done here.

A server reads a pattern twice: JavaScript's engine says whether it is one, RE2 searches. So there
is no flag, no look-around and no back-reference, and no pattern that never ends.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Protocol

from rybbit_mcp.api.errors import BadRequestError

LONGEST_PATTERN = 500
"""Characters as JavaScript counts them: those beyond U+FFFF count twice."""

_FOREIGN = frozenset("123456789QEkcuZC")
"""Escapes that one engine reads as something else than the other, or not at all."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CLASS = re.compile(r"\[\^?(?:\[:\^?\w+:\]|[^\]])+\]")
_GROUP_OPTION = re.compile(r"\(\?(?!:)")
_REPEATED_ASSERTION = re.compile(r"[\^$](?:[*+?]|\{\d+(?:,\d*)?\})")
_SYNTAX = re.compile(r"[\\.^$*+?()\[\]{}|]")


class TextSearch(Protocol):
    """Searches texts as the server's engine does."""

    def __call__(self, patterns: Iterable[str], texts: Collection[str]) -> set[str]:
        """The texts in which any of the patterns is found.

        Raises:
            PatternError: a pattern that does not compile.
        """


class PatternError(ValueError):
    """A pattern that RE2 does not compile, and why."""


def length_of(pattern: str) -> int:
    """The characters of a pattern as the server counts them."""
    return len(pattern.encode("utf-16-le", "surrogatepass")) // 2


def literal(text: str, operator: str) -> str:
    """The pattern that says what `contains`, `starts_with` or `ends_with` says."""
    escaped = _SYNTAX.sub(r"\\\g<0>", text)
    start = "^" if operator == "starts_with" else ""
    return start + escaped + ("$" if operator == "ends_with" else "")


def one_pattern(patterns: Iterable[str]) -> str:
    """One pattern for all: servers read only the first of several."""
    listed = list(patterns)
    return listed[0] if len(listed) == 1 else "|".join(f"({pattern})" for pattern in listed)


def check_pattern(pattern: str) -> None:
    """Refuse what JavaScript's engine refuses though RE2 may take it.

    Raises:
        BadRequestError: it is too long, or uses what servers do not have.
    """
    if (length := length_of(pattern)) > LONGEST_PATTERN:
        raise BadRequestError(
            f"filters: the regex has {length} characters, {LONGEST_PATTERN} are allowed.",
            "Shorten it or use contains.",
        )
    bare = _ESCAPED.sub(_marked, pattern)
    outside = _CLASS.sub("x", bare)
    if _GROUP_OPTION.search(outside):
        raise BadRequestError(
            "filters: the regex uses (?…), which servers refuse (flags, look-around, names).",
            "For any capitals write [Bb]log; groups as (a|b).",
        )
    if "\\" in bare:
        raise BadRequestError(
            "filters: the regex uses an escape that servers do not know.",
            "There is no \\1, \\Q or \\ at the end; write a backslash as \\\\.",
        )
    if "[]" in outside or "[^]" in outside:
        raise BadRequestError(
            "filters: the regex has a class that begins with ].", "Write \\] inside of [ ]."
        )
    if _REPEATED_ASSERTION.search(outside):
        raise BadRequestError(
            "filters: the regex repeats ^, $ or \\b.", "Repeat a character or a group instead."
        )


def compile_patterns(patterns: Iterable[str], search: TextSearch) -> None:
    """Refuse what RE2 refuses.

    Raises:
        BadRequestError: a pattern that does not compile, with RE2's reason.
    """
    for pattern in patterns:
        try:
            search((pattern,), ("",))
        except PatternError as error:
            raise BadRequestError(
                f"filters: the regex {pattern[:60]!r} does not compile: {error}.",
                "Correct it, or use contains, starts_with or ends_with.",
            ) from None


def duckdb_search() -> TextSearch:
    """A search on DuckDB's RE2. The engine is loaded at the first search."""
    connection = None

    def search(patterns: Iterable[str], texts: Collection[str]) -> set[str]:
        nonlocal connection
        import duckdb  # loaded only for the rare filter that needs it

        if connection is None:
            connection = duckdb.connect()
        known = {text.encode(errors="replace").decode(): text for text in texts}
        query = "SELECT list(t) FROM (SELECT unnest(?) AS t) WHERE regexp_matches(t, ?, 's')"
        try:
            row = connection.execute(query, [list(known), one_pattern(patterns)]).fetchone()
        except duckdb.Error as error:
            raise PatternError(_reason(error)) from None
        return {known[text] for text in (row[0] or [] if row else [])}

    return search


def _marked(escape: re.Match[str]) -> str:
    """A stand-in for an escape: assertions stay ones, foreign ones stay recognizable."""
    character = escape[1]
    if character in "bB":
        return "^"
    return "\\" if character in _FOREIGN else "x"


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Invalid Input Error: ").strip()[:100]
