"""Random specifications over everything that can be asked of the invented events."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from rybbit_mcp.analysis.specification import (
    EVENT_DIMENSIONS,
    VISIT_DIMENSIONS,
    VISIT_METRICS,
    EventCondition,
    Specification,
)
from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.filters import EVENT_PARAMETERS, NEGATIVE, NULL_CHECKS, Filter, check_filters
from rybbit_mcp.api.parameters import Conditions
from tests.analysis.world import MESSAGES, NAMES, PATHS, PROPERTIES, World

PROPERTY_DIMENSIONS = tuple(f"prop:{name}" for name in PROPERTIES)
OF_VISITS = (*VISIT_DIMENSIONS, "path", "converted")
OF_EVENTS = (*EVENT_DIMENSIONS, *PROPERTY_DIMENSIONS)
METRICS = (
    *VISIT_METRICS,
    *(f"{function}:{name}" for function in ("sum", "mean", "median") for name in PROPERTIES),
)

TEXTS = (
    *("Chrome", "chrome", "Direct", "", "DE", "Berlin", "DE-BE-Berlin", "US-IL", "www", "bing.com"),
    *("/", "/it's", "\\", '"', "%", "_", "d3", "ada@example.com", "2026", "newsletter", "é"),
    *("/measured", "google.com", "404", "Home", "?q", "1440x1080", "Europe/Berlin", "Desktop"),
    *("docs.example.com", "shop"),
)
PATTERNS = (
    *(
        "^/",
        "^$",
        ".",
        "^.$",
        "[Bb]log",
        "é|ü",
        "\\\\",
        "^(a|d)",
        "e+$",
        "\\.example",
        "w.ne",
        "🚀$",
    ),
)
TEXT_PARAMETERS = (
    *("country", "region", "city", "language", "device_type", "browser", "operating_system"),
    *("channel", "referrer", "hostname", "entry_page", "exit_page", "tag", "utm_source"),
    *("utm_campaign", "user_id", "timezone", "dimensions", *EVENT_PARAMETERS),
)
TEXT_OPERATORS = (
    *("equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with"),
    *("regex", "not_regex", "is_null", "is_not_null"),
)

filters = st.builds(
    lambda parameter, kind, values, pattern: Filter(
        parameter=parameter,
        type=kind,
        value=[pattern] if "regex" in kind else [] if "null" in kind else values,
    ),
    st.sampled_from(TEXT_PARAMETERS),
    st.sampled_from(TEXT_OPERATORS),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
    st.sampled_from(PATTERNS),
)
coordinates = st.builds(
    lambda parameter, kind, values: Filter(parameter=parameter, type=kind, value=values),
    st.sampled_from(("lat", "lon")),
    st.sampled_from(("equals", "not_equals", "greater_than", "less_than_or_equal")),
    st.lists(st.sampled_from((52.52, 0, -78.5, 48.1375, 13.406)), min_size=1, max_size=1),
)


def is_answerable(item: Filter) -> bool:
    """Whether the filter has a meaning."""
    try:
        check_filters([item])
    except BadRequestError:
        return False
    return item.parameter not in EVENT_PARAMETERS or item.type not in NEGATIVE | NULL_CHECKS


conditions_on_events = st.builds(
    lambda pair, is_present: EventCondition(pair[0], pair[1], is_present),
    st.one_of(
        st.tuples(st.just("event"), st.sampled_from(NAMES)),
        st.tuples(st.just("page"), st.sampled_from((*PATHS, ""))),
        st.tuples(st.just("error"), st.sampled_from(MESSAGES)),
    ),
    st.booleans(),
)


@st.composite
def specifications(draw: st.DrawFn, world: World) -> Specification:
    of_visits = draw(st.lists(st.sampled_from(OF_VISITS), max_size=2, unique=True))
    of_events = draw(st.lists(st.sampled_from(OF_EVENTS), max_size=1))
    group_by = draw(st.permutations((of_visits + of_events)[-2:]))
    metrics = draw(st.lists(st.sampled_from(METRICS), min_size=1, max_size=6))
    anchor = draw(st.none() | conditions_on_events)
    asked = Specification(
        world.window,
        filters=tuple(
            draw(st.lists((filters | coordinates).filter(is_answerable), max_size=2))
            if draw(st.booleans())
            else ()
        ),
        conditions=draw(
            st.builds(
                Conditions,
                user_id=st.sampled_from(("", "", "", "d3", "ada@example.com")),
                identified_only=st.sampled_from((False, False, True)),
                min_pageviews=st.sampled_from((0, 0, 1, 3)),
                min_events=st.sampled_from((0, 0, 1)),
                min_duration_s=st.sampled_from((0, 0, 9)),
            )
        ),
        group_by=tuple(group_by),
        metrics=(*metrics, "occurrences") if of_events else tuple(metrics),
        events=tuple(draw(st.lists(conditions_on_events, max_size=2))),
        converted_by=draw(st.sampled_from(("signup", "404", "größe"))),
        min_sessions=draw(st.sampled_from((1, 1, 2, 5))),
    )
    has_span = anchor and (of_events or any(":" in metric for metric in metrics))
    if has_span:
        return replace(asked, anchor=anchor, span=draw(st.sampled_from(("before", "after"))))
    return asked
