"""Why a filtered answer is empty: which filter removed everything, and which values exist.

One look without any filter, then one for each filter alone, within a bound.
"""

from __future__ import annotations

import contextlib
import difflib
from collections import Counter
from collections.abc import Callable, Sequence

import anyio

from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.disclosure import unlisted_parameters
from rybbit_mcp.answers.privacy import Privacy
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import RybbitError
from rybbit_mcp.api.filters import EVENT_PARAMETERS, NEGATIVE, NULL_CHECKS, Filter
from rybbit_mcp.api.matching import SESSION_PARAMETERS, session_values
from rybbit_mcp.api.models import Session
from rybbit_mcp.api.window import Window

SAMPLE_SIZE = 200
MOST_FILTERS = 4
VALUES_NAMED = 8
VISITS_OPENED = 12

_ADDRESSES = frozenset({"entry_page", "exit_page", "pathname"})


async def diagnose(
    client: RybbitClient,
    site: str,
    window: Window,
    filters: Sequence[Filter],
    privacy: Privacy,
    gate: Gate,
    *,
    sent: Sequence[Filter] = (),
    has_conditions: bool = False,
) -> list[str]:
    """Sentences that say why nothing matched; at most five calls and a few visits' details.

    `filters` are as the answer may repeat them, `sent` the same as the server is asked.
    """
    sample = (await client.sessions(site, window, limit=SAMPLE_SIZE)).sessions
    if not sample:
        return ["the period has no visits at all, with or without filters"]
    if not filters:
        return ["the period has visits, but none that meets these conditions"]
    if len(filters) == 1 and not has_conditions:
        empty = list(filters)
    else:
        pairs = list(zip(filters, sent or filters, strict=True))
        empty = [
            item
            for item, asked in pairs[:MOST_FILTERS]
            if await _is_empty(client, site, window, asked)
        ]
    if not empty:
        unchecked = len(filters) - MOST_FILTERS
        note = f" ({unchecked} filters were not looked at)" if unchecked > 0 else ""
        together = "together with the other conditions" if has_conditions else "together"
        return [f"each filter alone has visits; {together} they have none{note}"]
    return [await _about(client, site, item, sample, privacy, gate) for item in empty]


async def diagnose_event(
    client: RybbitClient, site: str, window: Window, name: str, privacy: Privacy, gate: Gate
) -> list[str]:
    """A sentence with the names that events have, if the period has no event of this one."""
    wanted = Filter(parameter="event_name", value=(name,))
    if not await _is_empty(client, site, window, wanted):
        return []
    sample = (await client.sessions(site, window, limit=SAMPLE_SIZE)).sessions
    return [await _about(client, site, wanted, sample, privacy, gate)]


async def _is_empty(client: RybbitClient, site: str, window: Window, item: Filter) -> bool:
    try:
        return not (await client.sessions(site, window, filters=[item], limit=1)).sessions
    except RybbitError:
        return False


async def _about(
    client: RybbitClient,
    site: str,
    item: Filter,
    sample: Sequence[Session],
    privacy: Privacy,
    gate: Gate,
) -> str:
    asked = " or ".join(f"`{gate.text(value, limit=60)}`" for value in item.value) or "(no value)"
    start = f"{item.parameter} {item.type}: no visit matches {asked}"
    if item.parameter in unlisted_parameters(privacy.level) or item.type in NEGATIVE | NULL_CHECKS:
        return start
    values = await _existing(client, site, item.parameter, sample)
    if not values:
        return start
    mask = _mask_of(item.parameter, privacy)
    shown = [f"`{gate.text(value, limit=60, mask=mask)}`" for value in _nearest_first(item, values)]
    more = f" and {len(values) - len(shown)} more" if len(values) > len(shown) else ""
    return f"{start}; among the newest {len(sample)} visits there are {', '.join(shown)}{more}"


async def _existing(
    client: RybbitClient, site: str, parameter: str, sample: Sequence[Session]
) -> list[str]:
    """Values of the parameter, most frequent first."""
    if parameter == "event_name":
        return await _event_names(client, site, sample)
    counts: Counter[str] = Counter()
    for session in sample:
        if parameter in SESSION_PARAMETERS:
            counts[session_values(session, parameter)[0]] += 1
        elif parameter == "pathname":
            counts.update({session.entry_page, session.exit_page})
        elif parameter == "dimensions":
            counts[f"{session.screen_width}x{session.screen_height}"] += 1
        elif parameter not in EVENT_PARAMETERS and hasattr(session, parameter):
            counts[str(getattr(session, parameter))] += 1
    return [value for value, _ in counts.most_common() if value]


async def _event_names(client: RybbitClient, site: str, sample: Sequence[Session]) -> list[str]:
    """Names of custom events, from the details of a few visits that had any."""
    counts: Counter[str] = Counter()

    async def look(session_id: str) -> None:
        with contextlib.suppress(RybbitError):
            story = await client.session(site, session_id, limit=500)
            counts.update({event.name for event in story.events if event.type == "custom_event"})

    # Visits that ended on different pages did different things.
    active = [row for row in sample if row.event_count]
    varied = {row.exit_page: row for row in reversed(active)}.values()
    ids = dict.fromkeys(row.session_id for row in (*varied, *active))
    async with anyio.create_task_group() as group:
        for session_id in list(ids)[:VISITS_OPENED]:
            group.start_soon(look, session_id)
    return [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _mask_of(parameter: str, privacy: Privacy) -> Callable[[str], str]:
    if parameter in _ADDRESSES:
        return privacy.path
    return privacy.url if parameter == "referrer" else privacy.text


def _nearest_first(item: Filter, values: Sequence[str]) -> list[str]:
    wanted = item.value[0].lower() if item.value else ""
    lowered = {value.lower(): value for value in reversed(values)}
    near = [lowered[text] for text in difflib.get_close_matches(wanted, lowered, n=3, cutoff=0.6)]
    return list(dict.fromkeys([*near, *values]))[:VALUES_NAMED]
