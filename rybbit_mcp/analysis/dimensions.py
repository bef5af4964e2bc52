"""What visits and events are grouped by: one definition, whichever engine runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.dialect import CUSTOM, ERROR, OUTBOUND, PAGE, Dialect
from rybbit_mcp.analysis.specification import property_of
from rybbit_mcp.analysis.terms import (
    NULL,
    above,
    all_of,
    at_least,
    call,
    chosen,
    column,
    differ,
    either,
    equal,
    is_known,
    number,
    ranked,
    text,
    yes_no,
)

if TYPE_CHECKING:
    from rybbit_mcp.analysis.terms import Term

DOMAIN_PATTERN = r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*://|//)?(?:[^/?#@]*@)?(?:www[.])?([^/:?#]*)"
WITHOUT_QUERY = r"^([^?#]*)"

_TIME_FORMS = MappingProxyType(
    {"hour": "%H", "weekday": "%a", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
)
_DURATION_BANDS = ((1800, "30m+"), (300, "5-29m"), (60, "1-4m"), (10, "10-59s"), (1, "1-9s"))
_PAGEVIEW_BANDS = ((10, "10+"), (5, "5-9"), (2, "2-4"), (1, "1"))
_SCREEN_BANDS = ((1440, "wide"), (1024, "large"), (768, "medium"), (1, "small"))


def visit(name: str) -> Term:
    """A column of the visits."""
    return column("visit", name)


def event(name: str) -> Term:
    """A column of the events."""
    return column("event", name)


def visit_dimension(name: str, dialect: Dialect, zone: str) -> Term:
    """The text that a visit has for a dimension; "" is unknown."""
    if name in _TIME_FORMS:
        return dialect.local(visit("started_at"), zone, _TIME_FORMS[name])
    derived = _DERIVED.get(name)
    return derived(dialect) if derived else visit(name)


def event_dimension(name: str, dialect: Dialect) -> tuple[Term, Term]:
    """Which events a dimension concerns, and the text that each has for it."""
    if field := property_of(name):
        value = dialect.property_text("event", field)
        return all_of([is_type(CUSTOM), is_known(value)]), either(value.copy(), text(""))
    match name:
        case "page":
            return is_type(PAGE), event("pathname")
        case "event_name":
            return is_type(CUSTOM), event("name")
        case "error_message":
            return is_type(ERROR), event("message")
        case _:
            return is_type(OUTBOUND), dialect.extracted(event("target"), WITHOUT_QUERY)


def is_type(name: str) -> Term:
    """Whether an event is of this type."""
    return equal(event("type"), text(name))


LAST_RANK = 3
"""Within one moment, after whatever has a rank of its own."""


def moment(dialect: Dialect) -> Term:
    """When an event came, as a number.

    Within one moment a pageview comes before custom events, and these before the rest: a page is
    seen before anything happens on it. More is not known, servers keep whole seconds.
    """
    ranks = [(is_type(PAGE), number(0)), (is_type(CUSTOM), number(1))]
    return ranked(dialect.milliseconds(event("at")), chosen(ranks, number(2)))


def domain(dialect: Dialect) -> Term:
    """The referrer's host without `www.`."""
    return dialect.extracted(visit("referrer"), DOMAIN_PATTERN)


def visitor() -> Term:
    """What makes two visits those of one visitor, NULL where nothing tells."""
    identified, device = visit("identified_user_id"), visit("user_id")
    known = differ(device, text(""))
    of_device = chosen([(known, _marked("d", device))], NULL.copy())
    return chosen([(differ(identified, text("")), _marked("i", identified))], of_device)


def _marked(mark: str, value: Term) -> Term:
    """The id with its kind before it: an e-mail and a device of one spelling are two visitors."""
    return call("concat", text(mark), value.copy())


def _band(name: str, bands: tuple[tuple[int, str], ...], lowest: str) -> Callable[[Dialect], Term]:
    def build(_: Dialect) -> Term:
        return chosen(
            [(at_least(visit(name), number(bound)), text(label)) for bound, label in bands],
            text(lowest),
        )

    return build


_DERIVED: Mapping[str, Callable[[Dialect], Term]] = MappingProxyType(
    {
        "referrer": domain,
        "user": lambda _: either(visitor(), text("")),
        "identified": lambda _: yes_no(differ(visit("identified_user_id"), text(""))),
        "bounced": lambda _: yes_no(equal(visit("pageviews"), number(1))),
        "has_error": lambda _: yes_no(above(visit("errors"), number(0))),
        "screen_class": _band("screen_width", _SCREEN_BANDS, ""),
        "duration_band": _band("duration_s", _DURATION_BANDS, "0s"),
        "pageview_band": _band("pageviews", _PAGEVIEW_BANDS, "0"),
    }
)
