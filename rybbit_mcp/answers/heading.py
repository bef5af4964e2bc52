"""The first line of every answer: what it is, of which site, and the absolute time it covers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.answers.clean import Gate

if TYPE_CHECKING:
    from datetime import datetime

    from rybbit_mcp.api.models import Site
    from rybbit_mcp.api.window import Window

DEMO_MARK = "DEMO DATA · "
SITE_NAME_LIMIT = 40

_SAYS_NO_MORE = re.compile(r"all|\d{4}-.*|.*\.\..*")


def first_line(
    what: str, site: str, window: Window, now: datetime, *, is_demo: bool = False
) -> str:
    """The line that every answer begins with: what, of which site, which time in which zone.

    Shape: `visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05)
    Europe/Berlin · period 7d`, where `site` is what `site_label` returns. The caller's own words
    for the window come last, if the range does not repeat them already.
    """
    line = f"{DEMO_MARK if is_demo else ''}{what} of {site} · {time_range(window, now)}"
    asked = "" if _SAYS_NO_MORE.fullmatch(window.asked) else window.asked
    if not asked:
        return line
    return f"{line} · {asked if '=' in asked else f'period {asked}'}"


def site_label(site: Site) -> str:
    """How answers name a site: `Acme Shop (site 1)`, by its domain where it has no name."""
    name = Gate().text(site.name or site.domain, limit=SITE_NAME_LIMIT)
    return f"{name} (site {site.site_id})" if name else f"site {site.site_id}"


def time_range(window: Window, now: datetime) -> str:
    """The absolute range and the zone: `2026-11-23 14:05 to 2026-11-24 14:05 Europe/Berlin`."""
    if window.start_on is not None and window.end_on is not None:
        return f"{_days(window, now)} {window.zone}"
    if window.start_at is not None and window.end_at is not None:
        return f"{_instants(window, window.start_at, min(window.end_at, now))} {window.zone}"
    return f"all time {window.zone}"


def _days(window: Window, now: datetime) -> str:
    here = now.astimezone(ZoneInfo(window.zone))
    days = f"{window.start_on}"
    if window.end_on != window.start_on:
        days += f" to {window.end_on}"
    return f"{days} (today until {here:%H:%M})" if window.end_on == here.date() else days


def _instants(window: Window, start_at: datetime, end_at: datetime) -> str:
    zone = ZoneInfo(window.zone)
    start, end = start_at.astimezone(zone), end_at.astimezone(zone)
    form = "%Y-%m-%d %H:%M"
    if window.kind == "instants" and (start.second or end.second):
        form += ":%S"
    if start.utcoffset() != end.utcoffset():
        form += " %z"  # the clocks change in between: a time of day could mean two instants
    return f"{start.strftime(form)} to {end.strftime(form)}"
