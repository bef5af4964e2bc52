"""Which filters a generation is sent, and which are applied here to its rows.

Measured on real servers: negative lists that match everything, wildcards in `contains`, `user_id
contains` read as its opposite, `city` compared with `region-city`, locations that fail on places.
A filter is sent only where the answer is right, or holds all right rows (then rows are checked
here); else it is applied here alone, or refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rybbit_mcp.api.filters import (
    NEGATIVE,
    NULL_CHECKS,
    Filter,
)
from rybbit_mcp.api.forms import PAGES, WHOLE_CITY, Sent, form_of
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.matching import (
    COMPOSED_PARAMETERS,
    LOCATION_PARAMETERS,
    REGION_CITY,
    SESSION_PARAMETERS,
    Check,
    check_of,
    location_values,
    session_values,
)
from rybbit_mcp.api.models import Location, Session
from rybbit_mcp.api.patterns import TextSearch
from rybbit_mcp.api.unsupported import (
    no_negative_here,
    no_region_here,
    no_right_answer,
    not_together_here,
)

Row = TypeVar("Row")

_VARYING = frozenset({"channel", "hostname", "referrer", "tag"}) | {
    f"utm_{part}" for part in ("source", "medium", "campaign", "term", "content")
}
"""Fields that events of one visit can differ in; the list shows the first event's."""
_OF_EVENTS = frozenset({"pathname", "page_title", "querystring"})

DEVICES_ONLY = "user_id: a server this old may know device ids only"
_PAGES_DIFFER = "to servers it is the page of a visit's {} event of any kind"


@dataclass(frozen=True, slots=True)
class Plan(Generic[Row]):
    """Filters to send, checks for the rows, and what to say about it.

    `is_exact` is False where rows must be searched beyond the page asked for, because the server
    alone would send other rows too.
    """

    sent: tuple[Sent, ...] = ()
    checks: tuple[Check[Row], ...] = ()
    is_exact: bool = True
    notes: tuple[str, ...] = ()

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that satisfy every filter that can be checked here."""
        kept = list(rows)
        for check in self.checks:
            kept = check(kept)
        return kept


def plan_sessions(
    filters: Iterable[Filter], generation: Generation, search: TextSearch
) -> Plan[Session]:
    """The plan for the session list.

    Raises:
        UnsupportedError: a filter that this generation answers wrongly and no row can prove.
    """
    sent: list[Sent] = []
    checks: list[Check[Session]] = []
    notes: list[str] = []
    is_exact = True
    for item in filters:
        form = form_of(item, generation)
        is_checkable = item.parameter in SESSION_PARAMETERS or _asks_whether_known(item)
        if not form.is_exact and not is_checkable:
            raise no_right_answer(item, generation)
        sent += form.sent
        if is_checkable:
            checks.append(
                check_of(item, session_values, trusts_numbers=form.is_exact, search=search)
            )
        if not form.is_exact:
            is_exact = False
            notes.append(
                f"{item.parameter} {item.type} was compared here: {_reason(item, generation)}"
            )
        if item.parameter == "user_id" and generation.name == "A":
            notes.append(DEVICES_ONLY)
    return Plan(tuple(sent), tuple(checks), is_exact, tuple(dict.fromkeys(notes)))


def plan_locations(
    filters: Iterable[Filter], generation: Generation, search: TextSearch
) -> Plan[Location]:
    """The plan for the locations: place filters are applied here, every server fails on them.

    Raises:
        UnsupportedError: a filter whose answer would be wrong.
    """
    sent: list[Sent] = []
    checks: list[Check[Location]] = []
    notes: list[str] = []
    filters = tuple(filters)
    by_event = [item for item in filters if item.parameter in _VARYING | _OF_EVENTS]
    if len(by_event) > 1 and any(item.parameter in _OF_EVENTS for item in by_event):
        raise not_together_here(by_event)
    for item in filters:
        if item.parameter in LOCATION_PARAMETERS:
            place, note = _without_region(item) if item.parameter == "city" else (item, "")
            checks.append(check_of(place, location_values, trusts_numbers=False, search=search))
            notes += [note] if note else []
            continue
        form = form_of(item, generation, has_rows=False)
        if not form.is_exact:
            raise no_right_answer(item, generation, has_rows=False)
        if item.parameter in _VARYING:
            if item.type in NEGATIVE | NULL_CHECKS or "" in item.value:
                raise no_negative_here(item)
            notes.append(f"{item.parameter} is compared with every event of a visit here")
        sent += form.sent
        if item.parameter in PAGES:
            notes.append(f"{item.parameter}: {_page_meaning(item)}")
        if item.parameter == "user_id" and generation.name == "A":
            notes.append(DEVICES_ONLY)
    return Plan(tuple(sent), tuple(checks), notes=tuple(dict.fromkeys(notes)))


def _reason(item: Filter, generation: Generation) -> str:
    if item.parameter in PAGES:
        return _page_meaning(item)
    return f"Rybbit {generation.versions}, which this server is, cannot"


def _page_meaning(item: Filter) -> str:
    return _PAGES_DIFFER.format("first" if item.parameter == "entry_page" else "last")


def _without_region(item: Filter) -> tuple[Filter, str]:
    """The city filter as places can answer it, which have a country and no region."""
    values = []
    for value in item.value:
        whole = WHOLE_CITY.fullmatch(value)
        if whole is None and REGION_CITY.match(value):
            raise no_region_here(item)
        values.append(f"{whole[1]}-{whole[2]}" if whole else value)
    if tuple(values) == item.value:
        return item, ""
    note = (
        f"{item.parameter}: places tell no region here; all of that name in the country are meant"
    )
    return item.model_copy(update={"value": tuple(values)}), note


def _asks_whether_known(item: Filter) -> bool:
    is_check = item.type in NULL_CHECKS or set(item.value) == {""}
    return is_check and item.parameter in COMPOSED_PARAMETERS
