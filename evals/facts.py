"""Whether an answer, a tool's table or a model's prose, contains a fact.

A fact is a few items that stand together in one line, such as `["Paid Social", "331", "88.8%"]`.
How an item is written says how it is compared:

- `331`, `23683.4`, `+60`: a number, with or without separators of thousands; a decimal one may
  be rounded, a signed one may leave its sign to words ("60 more"), not turn it round;
- `88.8%`, `+3pp`: a share or a change of one, which may be rounded;
- `436s`: a length of time: `436` in a table, `7m16s`, `7 min 16 s`, `1h54m` where it is long;
- `2026-11-22`: a day, also as `11-22`, `22 November` or `Nov 22`;
- anything else: a text, whatever its case; `a|b` allows either, `/…/` is a regular expression.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date

Fact = tuple[str, ...]

_MINUS = "−–"
_NUMBER = re.compile(
    r"(?<![\w.,:-])(?<![^\d]/)(?P<sign>[+-])?"
    r"(?P<whole>\d{1,3}(?:[,   ]\d{3})+|\d+)(?P<part>\.\d+)?"
    r"(?P<unit>\s?%|\s?(?:pp|(?:percentage )?points?)\b)?(?![\w:]|[.,-]\d)"
)
_DURATION = re.compile(
    r"(?<![\w:.])(?:(?P<h>\d+) ?(?:h|hrs?|hours?)(?![a-z]),? ?(?:and )?)?"
    r"(?:(?P<m>\d+) ?(?:m|mins?|minutes?)(?![a-z]),? ?(?:and )?)?"
    r"(?:(?P<s>\d+) ?(?:s|secs?|seconds?)(?![a-z]))?"
)
_IS_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_IS_SHARE = re.compile(r"(?P<value>[+-]?\d+(?:\.\d+)?)(?P<unit>%|pp)")
_IS_DURATION = re.compile(r"\d+s")
_IS_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def missing(facts: Sequence[Fact], answer: str) -> list[Fact]:
    """The facts that no line of the answer contains."""
    lines = [_plain(line) for line in answer.splitlines()]
    return [fact for fact in facts if not any(_holds(fact, line) for line in lines)]


def present(items: Sequence[str], answer: str) -> list[str]:
    """Those of the items, which must not be in the answer, that are."""
    found = []
    for item in items:
        if _is_pattern(item):
            if re.search(item[1:-1], answer, re.IGNORECASE | re.MULTILINE):
                found.append(item)
        elif any(_find(item, _plain(line)) for line in answer.splitlines()):
            found.append(item)
    return found


def _plain(line: str) -> str:
    line = unicodedata.normalize("NFC", line).replace("**", "").replace("`", "")
    for minus in _MINUS:
        line = line.replace(minus, "-")
    return line.replace("|", "\t")


def _holds(fact: Fact, line: str) -> bool:
    """Whether all items are in the line, each in a place of its own."""
    # the rare first: a number must not take the place that only a length of time fits
    for item in sorted(fact, key=lambda item: bool(_IS_NUMBER.fullmatch(item))):
        place = _find(item, line)
        if place is None:
            return False
        line = f"{line[: place[0]]}\t{line[place[1] :]}"
    return True


def _find(item: str, line: str) -> tuple[int, int] | None:
    if _IS_NUMBER.fullmatch(item):
        return _first_number(line, lambda found, unit: not unit and _is_close(item, found))
    if share := _IS_SHARE.fullmatch(item):
        value, wanted = share["value"], share["unit"]
        return _first_number(
            line,
            lambda found, unit: unit == wanted and _is_rounded(value, found),
        )
    if _IS_DURATION.fullmatch(item):
        return _first_duration(line, int(item[:-1]))
    if _IS_DAY.fullmatch(item):
        return _span(_day_pattern(date.fromisoformat(item)), line)
    if _is_pattern(item):
        return _span(item[1:-1], line)
    return next(
        (span for text in item.split("|") if (span := _span(_text_pattern(text), line))), None
    )


def _is_pattern(item: str) -> bool:
    return len(item) > 2 and item[0] == item[-1] == "/"


def _span(pattern: str, line: str) -> tuple[int, int] | None:
    match = re.search(pattern, line, re.IGNORECASE)
    return match.span() if match else None


def _text_pattern(text: str) -> str:
    """The text, not as a part of a longer word or path."""
    text = unicodedata.normalize("NFC", text)
    words = r"\s+".join(re.escape(word) for word in text.split())
    if text.startswith("/"):
        return rf"(?<![\w.]){words}(?![\w/-])"
    return rf"(?<!\w){words}(?!\w)" if text[-1].isalnum() else rf"(?<!\w){words}"


def _day_pattern(day: date) -> str:
    month = rf"{day:%b}(?:{f'{day:%B}'[3:]})?"
    number = rf"0?{day.day}"
    return (
        rf"(?<!\d)(?:{day:%Y}-)?{day:%m}-{day:%d}(?!\d)"
        rf"|(?<!\d){number}(?:st|nd|rd|th)?\.? (?:of )?{month}\b|\b{month}\.? {number}(?!\d)"
    )


def _first_number(line: str, fits: Callable[[re.Match[str], str], bool]) -> tuple[int, int] | None:
    for match in _NUMBER.finditer(line):
        unit = (match["unit"] or "").strip().lower()
        if fits(match, "pp" if "p" in unit else unit):
            return match.span()
    return None


def _is_close(item: str, found: re.Match[str]) -> bool:
    """Equal for whole numbers; a decimal one may be rounded, to a whole number from 100 on."""
    if "." not in item:
        return _has_sign(item, found) and not found["part"] and _size(found) == abs(int(item))
    if not found["part"] and abs(float(item)) < 100:
        return False
    return _is_rounded(item, found)


def _is_rounded(item: str, found: re.Match[str]) -> bool:
    """Whether the number found is the item, rounded to the digits that it shows."""
    shown_digits = len(found["part"] or ".") - 1
    own_digits = len(item.partition(".")[2])
    slack = 0.5 * 10.0**-shown_digits + (0.5 * 10.0**-own_digits if own_digits else 0)
    return _has_sign(item, found) and abs(_size(found) - abs(float(item))) <= slack + 1e-9


def _has_sign(item: str, found: re.Match[str]) -> bool:
    """Whether the signs agree, as far as both are written; an amount has none."""
    if item[0] not in "+-":
        return not found["sign"]
    return found["sign"] in (None, item[0])


def _size(found: re.Match[str]) -> float:
    return float(re.sub(r"[^\d]", "", found["whole"]) + (found["part"] or ""))


def _first_duration(line: str, wanted_s: int) -> tuple[int, int] | None:
    for match in _DURATION.finditer(line):
        hours, minutes, rest = match["h"], match["m"], match["s"]
        if hours is None and minutes is None and rest is None:
            continue
        shown_s = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(rest or 0)
        unit_s = 1 if rest else 60 if minutes else 3600
        # a shorter form is cut or rounded; minutes alone would tell too little of a short time
        if abs(shown_s - wanted_s) < unit_s and (unit_s == 1 or wanted_s >= 3600):
            return match.span()
    return _first_number(line, lambda found, unit: not unit and _size(found) == wanted_s)
