"""Numbers, times and short lists in the words of an answer, each formatted in one place."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

EMPTY = "-"

# Folded, and without spaces.
_ROW_OF_OURS = re.compile(
    r"total|others(?:\(\d+\))?|\((?:unknown|hidden|none)\)|-|(?:error)?sameasat.*"
)
_ITEM_OF_OURS = re.compile(
    r"unknown|city unknown|unnamed|\+?[0-9]+ (?:more|others?|other names|near)"
)
_SEVERAL_ITEMS = re.compile(r"(?:^| )[·+](?: |$)|[,;:](?: |$)| [×x]?[0-9]+$| and [0-9]+ near$")


def duration(seconds: int) -> str:
    """A length of time: `0s`, `42s`, `3m05s`, `1h02m`, `1d02h`.

    Units: whole seconds in; below an hour to the second, below a day to the minute.
    """
    if seconds < 0:
        return f"-{duration(-seconds)}"
    minutes, rest_s = divmod(int(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    days, rest_h = divmod(hours, 24)
    if days:
        return f"{days}d{rest_h:02d}h"
    if hours:
        return f"{hours}h{rest_min:02d}m"
    return f"{minutes}m{rest_s:02d}s" if minutes else f"{rest_s}s"


def offset(seconds: int) -> str:
    """A point on a timeline: `+0:42`, `+12:05`, `+1:02:05`."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    minutes, rest_s = divmod(int(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}:{rest_min:02d}:{rest_s:02d}"
    return f"{sign}{minutes}:{rest_s:02d}"


def share(part: float, whole: float) -> str:
    """A share in whole percents; `<1%` and `>99%` so that 0 and 100 mean none and all.

    Shape: `-` of nothing.
    """
    if whole <= 0:
        return EMPTY
    if part >= whole:
        return f"{round(100 * part / whole)}%"
    percent = round(100 * part / whole)
    if percent < 1:
        return "<1%" if part > 0 else "0%"
    return f"{percent}%" if percent < 100 else ">99%"


def count_of(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 visit`, `2 visits`, `3 cities`."""
    return f"{count} {noun if count == 1 else plural or _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def rounded(value: float) -> int | float | None:
    """The number by the one rounding rule; None for infinity and not-a-number.

    Units: no decimals from 100 on, one from 1 on, two below; a whole number is an integer.
    """
    if not isfinite(value):
        return None
    size = abs(value)
    kept = round(value, 0 if size >= 100 else 1 if size >= 1 else 2)
    return int(kept) if kept == int(kept) else kept


def exact(value: float) -> int | float | None:
    """The number as programs get it, so that few of many is not none; None as in `rounded`.

    Units: six decimals; a whole number is an integer.
    """
    if not isfinite(value):
        return None
    kept = round(value, 6)
    return int(kept) if kept == int(kept) else kept


def number(value: float) -> str:
    """The rounded number as text, `-` for infinity and not-a-number."""
    kept = rounded(value)
    return EMPTY if kept is None else str(kept)


def when(at: datetime, zone: tzinfo, with_date: bool = True, with_year: bool = True) -> str:
    """A moment to the minute in a zone: `2026-11-24 01:56`, `11-24 01:56` or `01:56`."""
    local = at.astimezone(zone)
    if not with_date:
        return f"{local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}" if with_year else f"{local:%m-%d %H:%M}"


def as_key(text: str) -> str:
    """A clean text of a visitor as the name of a row; in quotes where answers name theirs so."""
    folded = "".join(text.split()).casefold()
    if not folded.isascii():
        from unicodedata import normalize

        folded = normalize("NFKC", folded)
    return quoted(text) if _ROW_OF_OURS.fullmatch(folded) else text


def as_part(text: str) -> str:
    """A clean text as one of several on a line; in quotes where it reads as more than one.

    Shape: quotes where it holds what separates items, or ends like the count behind an item.
    """
    return quoted(text) if _SEVERAL_ITEMS.search(text) else text


def as_item(text: str) -> str:
    """A visitor's clean text in a list with counts; in quotes where it reads as ours or as more."""
    is_ours = _ITEM_OF_OURS.fullmatch(text)
    return quoted(text) if is_ours else as_part(as_key(text))


def quoted(text: str) -> str:
    """The text in double quotes, which stand nowhere inside it."""
    return '"' + text.replace('"', "'") + '"'


def short_list(counts: Iterable[tuple[str, int]], top: int = 3, unknown: str = "unknown") -> str:
    """The largest counts by name, then how many others there are and what they add up to.

    Shape: `Direct 12, Paid Search 5, 3 others 4`; equal counts by name; a single other is named;
    `-` for nothing.
    """
    ranked = sorted(counts, key=lambda item: (-item[1], item[0]))
    shown_count = top if len(ranked) > top + 1 else len(ranked)
    parts = [f"{as_item(name) or unknown} {count}" for name, count in ranked[:shown_count]]
    if rest := ranked[shown_count:]:
        parts.append(f"{len(rest)} others {sum(count for _, count in rest)}")
    return ", ".join(parts) or EMPTY
