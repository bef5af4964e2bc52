"""The time window of a request, with what each generation makes of a wrong one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.demo import javascript
from rybbit_mcp.demo.errors import EngineError, RefusalError, simple

if TYPE_CHECKING:
    from rybbit_mcp.demo.generations import Generation
    from rybbit_mcp.demo.request import Query

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# what Date.parse takes beyond the two forms above
_OTHER_DATE = re.compile(
    r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9:]{4,6})?"
)
_LAST_YEAR_OF_THE_ENGINE = 2105


@dataclass(frozen=True, slots=True)
class Window:
    """A condition on `timestamp` and its values."""

    sql: str = ""
    values: tuple[datetime, ...] = ()


ALL_TIME = Window()
NOTHING = Window("AND false")


def resolve_window(generation: Generation, query: Query, now: datetime) -> Window:
    """Return the window that the server would use.

    Raises: RefusalError where the generation checks windows; EngineError where the server's
    database stumbles.
    """
    given = _Given.read(generation, query)
    if generation.is_strict and (sentences := _faults(given)):
        raise RefusalError(400, simple("; ".join(sentences)))
    if not generation.is_strict and not _is_usable(given, generation):
        return ALL_TIME
    if given.start_date and given.end_date and (given.zone or generation.is_strict):
        return _days(given.start_date, given.end_date, given.zone or "UTC", generation)
    if generation.has_datetimes and given.start_datetime and given.end_datetime:
        bounds = _instant(given.start_datetime), _instant(given.end_datetime)
        return Window("AND timestamp >= ? AND timestamp < ?", (bounds[0], bounds[1]))
    if given.minutes_start is not None and given.minutes_end is not None:
        second = _naive(now).replace(microsecond=0)
        older, newer = (
            second - timedelta(minutes=javascript.number(text))
            for text in (given.minutes_start, given.minutes_end)
        )
        return Window("AND timestamp > ? AND timestamp <= ?", (older, newer))
    return ALL_TIME


@dataclass(frozen=True, slots=True)
class _Given:
    repeated_count: int
    start_date: str | None
    end_date: str | None
    zone: str | None
    start_datetime: str | None
    end_datetime: str | None
    minutes_start: str | None
    minutes_end: str | None

    @staticmethod
    def read(generation: Generation, query: Query) -> _Given:
        snake = (
            "start_date",
            "end_date",
            "time_zone",
            "start_datetime",
            "end_datetime",
            "past_minutes_start",
            "past_minutes_end",
        )
        camel = ("startDate", "endDate", "timeZone", "", "", "pastMinutesStart", "pastMinutesEnd")
        names = camel if generation.is_camel_case else snake
        values = [query.get(name) or None for name in names]
        texts = [value if isinstance(value, str) else None for value in values]
        return _Given(sum(isinstance(value, list) for value in values), *texts)


def _faults(given: _Given) -> list[str]:
    if given.repeated_count:
        return ["Expected string, received array"] * given.repeated_count
    sentences: list[str] = []
    for name in ("start_date", "end_date"):
        text = getattr(given, name)
        if text and not _DATE.fullmatch(text):
            sentences.append(f"Invalid {name} format. Use YYYY-MM-DD")
        if text and not _is_parsable(text):
            sentences.append(f"Invalid {name} value")
    if given.zone and given.zone.lower() not in _zone_names():
        sentences.append("Invalid time_zone")
    for name in ("start_datetime", "end_datetime"):
        text = getattr(given, name)
        if text and not _DATETIME.fullmatch(text):
            sentences.append(f"Invalid {name} format. Use YYYY-MM-DD HH:mm:ss")
        if text and not _is_parsable(text):
            sentences.append(f"Invalid {name} value")
    minutes = given.minutes_start, given.minutes_end
    sentences += [
        "past_minutes values must be non-negative numbers"
        for text in minutes
        if text is not None and not javascript.number(text) >= 0
    ]
    return sentences + _pair_faults(given)


def _pair_faults(given: _Given) -> list[str]:
    sentences: list[str] = []
    for name in ("date", "datetime"):
        start, end = getattr(given, f"start_{name}"), getattr(given, f"end_{name}")
        if bool(start) != bool(end):
            sentences.append(f"start_{name} and end_{name} must be provided together")
    start, end = given.minutes_start, given.minutes_end
    if (start is None) != (end is None):
        sentences.append("past_minutes_start and past_minutes_end must be provided together")
    if given.start_datetime and given.end_datetime and not _is_rising(given):
        sentences.append("start_datetime must be before end_datetime")
    if start and end and not javascript.number(start) > javascript.number(end):
        sentences.append(
            "past_minutes_start must be greater than past_minutes_end (start = older, end = newer)"
        )
    return sentences


def _is_rising(given: _Given) -> bool:
    texts = given.start_datetime or "", given.end_datetime or ""
    if not all(map(_DATETIME.fullmatch, texts)) or not all(map(_is_parsable, texts)):
        # a form that only Date.parse knows; the order of two such texts is not worth knowing
        return all(map(_is_parsable, texts))
    return _instant(texts[0]) < _instant(texts[1])


def _is_usable(given: _Given, generation: Generation) -> bool:
    """False where a lenient server forgets the whole window, whatever else is right."""
    if given.repeated_count:
        return False
    if given.start_date and given.end_date and given.zone:
        dates = (given.start_date, given.end_date)
        if not all(_DATE.fullmatch(text) and _is_parsable(text) for text in dates):
            return False
        if given.zone.lower() not in _zone_names():
            return False
    if generation.has_datetimes and given.start_datetime and given.end_datetime:
        texts = (given.start_datetime, given.end_datetime)
        if not all(_DATETIME.fullmatch(text) and _is_parsable(text) for text in texts):
            return False
        if not _is_rising(given):
            return False
    if given.minutes_start is not None and given.minutes_end is not None:
        start, end = map(javascript.number, (given.minutes_start, given.minutes_end))
        return end >= 0 and start > end
    return True


def _days(start: str, end: str, zone: str, generation: Generation) -> Window:
    if zone not in _zone_names().values():
        raise EngineError(f"Cannot load time zone {zone}", "1001")
    first, last = _day(start), _day(end)
    if first is None or last is None:
        if generation.is_strict:
            raise EngineError("Cannot parse DateTime", "41")
        return NOTHING
    if last.year > _LAST_YEAR_OF_THE_ENGINE:
        return NOTHING
    bounds = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    return Window("AND timestamp >= ? AND timestamp < ?", bounds)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date, zone: str) -> datetime:
    return _naive(datetime.combine(day, time(), ZoneInfo(zone)))


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return _naive(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _is_parsable(text: str) -> bool:
    """True where Date.parse gives a number; it takes 30 February, but no month 13."""
    if not _DATE.fullmatch(text[:10]):
        return bool(_OTHER_DATE.fullmatch(text))
    if not 1 <= int(text[5:7]) <= 12 or not 1 <= int(text[8:10]) <= 31:
        return False
    if len(text) == 10:
        return True
    if not _OTHER_DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    """Return the names of all time zones by their lower-case forms."""
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names}
