"""What an analysis computes, whichever engine runs it: groups, metrics, conditions, windows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import Window

VISIT_DIMENSIONS = (
    "channel",
    "referrer",
    "country",
    "region",
    "city",
    "language",
    "device_type",
    "browser",
    "operating_system",
    "screen_class",
    "hostname",
    "entry_page",
    "exit_page",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "user",
    "identified",
    "tag",
    "hour",
    "weekday",
    "day",
    "week",
    "month",
    "duration_band",
    "pageview_band",
    "bounced",
    "has_error",
)
"""Dimensions that a visit has one value of; all can be told from a list row.

A `user` is `i` and the identified id, or `d` and the device id, so that both can be named as
everywhere else.
"""

TIME_DIMENSIONS = ("hour", "weekday", "day", "week", "month")

EVENT_DIMENSIONS = ("page", "event_name", "error_message", "outbound_link")
"""Dimensions that a visit has as many values of as it has such events."""

PATH_DIMENSION = "path"
"""The first pages of a visit in order, repeats folded; one value a visit, from its events."""

CONVERTED_DIMENSION = "converted"
"""Whether the visit has the event `converted_by`; one value a visit, from its events."""

PATH_STEPS = 5

VISIT_METRICS = (
    "sessions",
    "visitors",
    "pageviews",
    "pages_per_session",
    "bounce_rate",
    "median_duration",
    "p90_duration",
    "events",
    "errors",
    "share",
)
"""`events` counts custom events; `share` is of all sessions that count; durations in seconds."""

_EVENT_METRICS = ("occurrences", "sum:NAME", "mean:NAME", "median:NAME")

DEFAULT_METRICS = ("sessions", "share", "visitors", "bounce_rate", "median_duration")
COMPARED_METRICS = ("sessions", "bounce_rate", "median_duration")
ADDITIVE = frozenset({"sessions", "pageviews", "events", "errors", "share", "occurrences"})
"""Metrics whose total is the sum of the groups, where a visit is in one group only."""

MOST_DIMENSIONS = 2

_PROPERTY = re.compile(r"prop:(?P<name>[^\x00-\x1f]{1,80})")
_AGGREGATE = re.compile(r"(?P<function>sum|mean|median):(?P<name>[^\x00-\x1f]{1,80})")


@dataclass(frozen=True, slots=True)
class EventCondition:
    """Visits with (or without) at least one event that matches all of the fields given.

    `kind` says which text is compared: `event` an event's name, `page` a pageview's path, `error`
    an error's message. `text` is compared exactly; "" means any event of that kind.
    """

    kind: Literal["event", "page", "error"]
    text: str = ""
    is_present: bool = True


@dataclass(frozen=True, slots=True)
class Specification:
    """One question: which visits, in which groups, measured how.

    `span` narrows event dimensions and event metrics to events before or after the first event
    that satisfies `anchor`; events of the same second and kind as that one are neither. Of its
    second, the page that it happened on came before it, other pages after it.
    `converted_by` names the event of the dimension `converted`.

    With an event dimension, a visit counts once in each group that it has an event of; the total
    counts every visit once, and all events that are in any group. A property's sum, mean and
    median are over the events of the group with `event_name` or `prop:NAME`, elsewhere over all
    custom events of its visits. Properties inside of objects are `prop:object.field`.
    """

    window: Window
    filters: tuple[Filter, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    group_by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = DEFAULT_METRICS
    events: tuple[EventCondition, ...] = ()
    anchor: EventCondition | None = None
    span: Literal["", "before", "after"] = ""
    converted_by: str = ""
    top: int = 10
    min_sessions: int = 1

    @property
    def event_dimension(self) -> str:
        """The dimension that a visit can have many values of, "" without one."""
        return next((name for name in self.group_by if is_event_dimension(name)), "")

    @property
    def amounts(self) -> tuple[str, ...]:
        """The properties that metrics aggregate, each once."""
        names = (aggregate_of(metric)[1] for metric in self.metrics)
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def needs_events(self) -> bool:
        """Whether list rows do not suffice."""
        per_visit = {PATH_DIMENSION, CONVERTED_DIMENSION} & set(self.group_by)
        return bool(
            per_visit
            or self.event_dimension
            or self.events
            or self.span
            or any(is_event_metric(name) for name in self.metrics)
        )


def is_event_dimension(name: str) -> bool:
    """Whether a visit can have several values of it."""
    return name in EVENT_DIMENSIONS or _PROPERTY.fullmatch(name) is not None


def is_event_metric(name: str) -> bool:
    """`occurrences` of the events grouped by, or an aggregate of a numeric property."""
    return name == "occurrences" or _AGGREGATE.fullmatch(name) is not None


def property_of(dimension: str) -> str:
    """The property's name in `prop:NAME`, "" for other dimensions."""
    match = _PROPERTY.fullmatch(dimension)
    return match["name"] if match else ""


def aggregate_of(metric: str) -> tuple[str, str]:
    """Function and property of `sum:NAME`, `mean:NAME`, `median:NAME`; two "" for others."""
    match = _AGGREGATE.fullmatch(metric)
    return (match["function"], match["name"]) if match else ("", "")


def check_specification(specification: Specification) -> Specification:
    """The specification, with every name known and no contradiction.

    Raises:
        BadRequestError: an unknown dimension or metric (the hint names the nearest), too many
            dimensions, or one that lacks what it needs.
    """
    known = (*VISIT_DIMENSIONS, *EVENT_DIMENSIONS, PATH_DIMENSION, CONVERTED_DIMENSION)
    for name in specification.group_by:
        if name not in known and not property_of(name):
            raise BadRequestError(
                f"group_by: there is no dimension {name[:40]!r}.",
                nearest(name, (*known, "prop:NAME")),
            )
    for name in specification.metrics:
        if name not in VISIT_METRICS and not is_event_metric(name):
            raise BadRequestError(
                f"metrics: there is no metric {name[:40]!r}.",
                nearest(name, (*VISIT_METRICS, *_EVENT_METRICS)),
            )
    if len(specification.group_by) > MOST_DIMENSIONS:
        raise BadRequestError(
            "group_by takes one or two dimensions.", "Ask twice, or use a filter for the third."
        )
    if len(set(specification.group_by)) < len(specification.group_by):
        raise BadRequestError("group_by names a dimension twice.", "Name it once.")
    if sum(is_event_dimension(name) for name in specification.group_by) > 1:
        raise BadRequestError(
            "group_by takes one dimension of events.",
            "Combine page, event_name or a property with a dimension of visits.",
        )
    _check_needs(specification)
    return specification


def _check_needs(specification: Specification) -> None:
    if not specification.metrics:
        raise BadRequestError("metrics is empty.", "Name one, such as sessions.")
    if CONVERTED_DIMENSION in specification.group_by and not specification.converted_by:
        raise BadRequestError(
            "group_by converted needs to know by which event.", "Set converted_by to its name."
        )
    if "occurrences" in specification.metrics and not specification.event_dimension:
        raise BadRequestError(
            "metrics: occurrences counts events of a group.",
            "Group by event_name, page, error_message, outbound_link or prop:NAME.",
        )
    if bool(specification.span) != (specification.anchor is not None):
        raise BadRequestError(
            "before and after need an event or page, and the other way round.",
            "Give one of before, after.",
        )
    counts_events = specification.event_dimension or any(
        map(is_event_metric, specification.metrics)
    )
    if specification.span and not counts_events:
        raise BadRequestError(
            f"{specification.span} narrows which events count, and no events are counted here.",
            "Group by page, event_name or prop:NAME, or measure sum:NAME; "
            "for visits that have an event, use the condition alone.",
        )


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint that names the nearest known words, or all of them."""
    near = difflib.get_close_matches(word.lower(), known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
