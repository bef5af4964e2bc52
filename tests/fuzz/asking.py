"""Bytes as what a caller asks: a period, a zone, and filters, one a line.

Whatever is asked becomes a window and plans that are sound, or an error that is documented, fits
into a line and is short. The first byte chooses the zone. Lines: period, start date, end date,
minutes; then filters as `parameter<TAB>type<TAB>value<TAB>value…`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.filters import Filter, check_filters
from rybbit_mcp.api.generations import GENERATIONS
from rybbit_mcp.api.parameters import window_parameters
from rybbit_mcp.api.planning import plan_locations, plan_sessions
from rybbit_mcp.api.window import Window, resolve_window

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
LONGEST_ERROR = 1_000
ZONES = ("UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo")
"""Real ones: an unknown zone is looked for among all names, which is slow."""


def check(data: bytes) -> None:
    """Raises AssertionError, or what should not be raised, where a property does not hold."""
    if not data:
        return
    lines = data[1:].decode("utf-8", "surrogateescape").split("\n")
    period, start, end, minutes = (lines + [""] * 4)[:4]
    window = _window(period, ZONES[data[0] % len(ZONES)], start, end, minutes)
    filters = _filters(lines[4:])
    for generation in GENERATIONS.values():
        if window is not None:
            try:
                sent = window_parameters(window, generation)
            except BadRequestError as error:
                _check_error(error)
            else:
                assert all(value.isascii() and value.isprintable() for value in sent.values())
        for plan in (plan_sessions, plan_locations):
            try:
                planned = plan(filters, generation, _no_search)
            except BadRequestError as error:
                _check_error(error)
            else:
                assert len(planned.sent) <= 4 + sum(1 + len(item.value) for item in filters)


def _window(period: str, zone: str, start: str, end: str, minutes: str) -> Window | None:
    try:
        window = resolve_window(
            now=NOW,
            zone=zone,
            period=period,
            start_date=start,
            end_date=end,
            past_minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 20 else 0,
        )
    except BadRequestError as error:
        _check_error(error)
        return None
    if window.kind != "all":
        assert window.start_at is not None
        assert window.end_at is not None
        assert window.start_at < window.end_at <= NOW + timedelta(days=1)
        assert window.start_at.utcoffset() == window.end_at.utcoffset() == timedelta()
    return window


def _filters(lines: list[str]) -> tuple[Filter, ...]:
    try:
        filters = [
            Filter(parameter=parts[0], type=(parts[1:2] or ["equals"])[0], value=tuple(parts[2:]))
            for parts in (line.split("\t") for line in lines if line)
        ]
        return check_filters(filters)
    except ValidationError:
        return ()
    except BadRequestError as error:
        _check_error(error)
        return ()


def _check_error(error: BadRequestError) -> None:
    text = str(error)
    assert text
    assert len(text) <= LONGEST_ERROR
    assert "\n" not in text
    assert error.message


def _no_search(patterns: Iterable[str], texts: Collection[str]) -> set[str]:
    """RE2 is not what is tested."""
    return set()
