"""What the numbers of the local engine rest on, in words: what was seen, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.analysis.outcome import Basis
from rybbit_mcp.api.story import EVENT_BOUND

if TYPE_CHECKING:
    from datetime import datetime

    from rybbit_mcp.analysis.local_details import Details
    from rybbit_mcp.analysis.local_paging import Reading, Stop
    from rybbit_mcp.api.errors import RybbitError
    from rybbit_mcp.api.window import Window

ENGINE = "local"


def basis_of(
    window: Window,
    reading: Reading,
    details: Details | None,
    *,
    session_count: int,
    notes: tuple[str, ...],
) -> Basis:
    """The basis of an outcome over what was read."""
    gaps = _gaps(reading)
    cut = _cut_of_events(window, details) or _cut_of_visits(window, reading) or gaps
    return Basis(
        engine=ENGINE,
        session_count=session_count,
        is_whole=not cut,
        cut=cut,
        detail_count=details.read_count if details else None,
        detail_of=details.matter_count if details else None,
        notes=(*notes, *_notes(reading, details), *((gaps,) if gaps and cut != gaps else ())),
    )


def _cut_of_visits(window: Window, reading: Reading) -> str:
    if not reading.stop or reading.oldest_end_at is None:
        return ""
    seen = f"the newest {reading.visit_count:,} visits were read"
    seen += f", back to {_local(reading.oldest_end_at, window)}"
    seen += _share(reading.oldest_end_at, window)
    return f"{seen}. {_what_to_do(reading.stop, reading.problem, 'max_sessions')}"


def _gaps(reading: Reading) -> str:
    """What shows that visits are missing between those that were read."""
    if reading.is_torn:
        seen = "a page came short though more followed, so that visits between are missing"
    elif reading.repeated_count:
        seen = f"{reading.repeated_count:,} rows came twice, and others may be missing"
    else:
        return ""
    return f"{seen}. Ask again, or for a shorter period."


def _cut_of_events(window: Window, details: Details | None) -> str:
    if details is None or details.after is None:
        return ""
    after = details.after
    seen = (
        f"events were read of {details.read_count:,} of {details.matter_count:,} visits, so only "
        f"visits that ended after {_local(after, window)} count"
    )
    return f"{seen}{_share(after, window)}. " + _what_to_do(
        details.stop, details.problem, "max_details"
    )


def _what_to_do(stop: Stop, problem: RybbitError | None, argument: str) -> str:
    match stop:
        case "calls":
            return (
                "The key may make few more calls: ask for a shorter period, or again when the "
                "server counts anew."
            )
        case "rate" | "failure" if problem is not None:
            return f"Then: {problem}"
    return f"Raise {argument}, or ask for a shorter period."


def _share(since: datetime, window: Window) -> str:
    """How much of the period lies after the instant, where the period has bounds."""
    if window.start_at is None or window.end_at is None:
        return ""
    whole_s = (window.end_at - window.start_at).total_seconds()
    part = (window.end_at - since).total_seconds() / whole_s if whole_s else 0.0
    percent = min(99, round(part * 100))
    return f" ({percent} % of the period)" if percent >= 1 else " (less than 1 % of the period)"


def _local(moment: datetime, window: Window) -> str:
    return f"{moment.astimezone(ZoneInfo(window.zone)):%Y-%m-%d %H:%M}"


def _notes(reading: Reading, details: Details | None) -> tuple[str, ...]:
    notes = []
    if reading.dropped_count:
        notes.append(f"not all that the server sent matches: {reading.dropped_count:,} left out")
    if reading.is_unsure:
        notes.append("visits that went on while they were read may be missing")
    if details and details.gone_count:
        gone = details.gone_count
        notes.append(
            "1 visit was gone when its events were asked for"
            if gone == 1
            else f"{gone:,} visits were gone when their events were asked for"
        )
    if details and details.long_count:
        notes.append(f"of visits with more than {EVENT_BOUND:,} events only the first count")
    return tuple(notes)
