"""Bytes as a server's answer: models, then the answer that a model would read of them.

Whatever a server sends is either refused by the models or told within the budget, in clean text.
The first byte says which endpoint's answer it is, the second the privacy level, and whether the
rest is the body itself or fields for a body of that endpoint, one `name=value` a line: bytes alone
seldom make JSON that gets far.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from rybbit_mcp.answers.answer import Answer, render, structured
from rybbit_mcp.answers.budget import structured_size, text_size
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.locations import PlacesAsked, render_locations
from rybbit_mcp.answers.privacy import Privacy
from rybbit_mcp.answers.session import VisitAsked, render_session
from rybbit_mcp.answers.sessions import VisitsAsked, render_sessions
from rybbit_mcp.answers.sites import render_sites
from rybbit_mcp.api.models import Location, OrganizationList, Record, Session, SessionDetail, Site
from rybbit_mcp.api.results import LocationList, SessionPage, SessionStory
from rybbit_mcp.api.window import resolve_window
from tests.fuzz.properties import check_answer

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
WINDOW = resolve_window(now=NOW, zone="Europe/Prague", period="7d")
PRIVACY = [Privacy(level, b"k" * 32) for level in ("strict", "standard", "open")]
MAX_CHARS = 8000


class _Sessions(BaseModel):
    data: list[Session]


class _Detail(BaseModel):
    data: SessionDetail


class _Locations(BaseModel):
    data: list[Location]


class _Sites(BaseModel):
    sites: list[Site]


def check(data: bytes) -> None:
    """Raises AssertionError, or what should not be raised, where a property does not hold."""
    if len(data) < 3:
        return
    model, answer = ENDPOINTS[data[0] % len(ENDPOINTS)]
    privacy = PRIVACY[data[1] % len(PRIVACY)]
    raw = _with_fields(model, data[2:]) if data[1] & 128 else data[2:]
    try:
        body = model.model_validate_json(raw)
    except ValidationError:
        return
    _check_instants(body)
    if answer is not None:
        for size in (text_size, structured_size):
            rendered = answer(body, privacy, size)
            assert size(rendered) <= MAX_CHARS
            structured(rendered)
            check_answer(render(rendered), max_chars=2 * MAX_CHARS)


def _with_fields(model: type[BaseModel], data: bytes) -> bytes:
    """A body of the endpoint with two records that have these fields."""
    fields: dict[str, Any] = {
        "session_id": "k0XuW4A62oJmDF",
        "session_start": "2026-11-20 10:00:00",
        "session_end": "2026-11-20 10:05:00",
        "timestamp": "2026-11-20 10:00:00",
        "siteId": 1,
        "id": "x",
        **dict.fromkeys(("session_duration", "pageviews", "events", "errors", "outbound"), 1),
        **dict.fromkeys(("count", "total"), 2),
    }
    for line in data.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition("=")
        try:
            fields[name] = json.loads(value)
        except (ValueError, RecursionError):
            fields[name] = value
    rows = [fields, fields]
    body: Any = {"data": rows, "sites": rows}
    if model is _Detail:
        body = {"data": {"session": fields, "events": rows, "pagination": fields}}
    elif model is OrganizationList:
        body = [fields]
    return json.dumps(body).encode()


def _check_instants(value: object) -> None:
    """Every time is aware and UTC, every number finite and within 64 bits."""
    if isinstance(value, datetime):
        assert value.utcoffset() == UTC.utcoffset(None)
    elif isinstance(value, Record | BaseModel):
        for name in type(value).model_fields:
            if name not in {"properties", "traits"}:
                _check_instants(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            _check_instants(item)
    elif isinstance(value, int | float):
        assert abs(value) < 2**63


Size = Callable[[Answer], int]


def _sessions(body: Any, privacy: Privacy, size: Size) -> Answer:
    page = SessionPage(tuple(body.data), page=1, limit=20, may_have_more=len(body.data) > 1)
    asked = VisitsAsked("Site (site 1)", WINDOW, NOW, call=lambda *_: "list_sessions(site=1)")
    return render_sessions(
        page, asked, privacy=privacy, gate=Gate(), max_chars=MAX_CHARS, size=size
    )


def _story(body: Any, privacy: Privacy, size: Size) -> Answer:
    detail = body.data
    story = SessionStory(
        detail.head, tuple(detail.events), max(detail.pagination.total, len(detail.events))
    )
    asked = VisitAsked("Site (site 1)", "Europe/Prague", call=lambda *_: "get_session(site=1)")
    return render_session(
        story, asked, privacy=privacy, gate=Gate(), max_chars=MAX_CHARS, size=size
    )


def _locations(body: Any, privacy: Privacy, size: Size) -> Answer:
    asked = PlacesAsked(
        "Site (site 1)", WINDOW, NOW, call=lambda _: "get_session_locations(site=1)"
    )
    return render_locations(
        LocationList(tuple(body.data)),
        asked,
        privacy=privacy,
        gate=Gate(),
        max_chars=MAX_CHARS,
        size=size,
    )


def _sites(body: Any, _: Privacy, size: Size) -> Answer:
    return render_sites(body.sites, default=None, gate=Gate(), max_chars=MAX_CHARS, size=size)


ENDPOINTS: tuple[tuple[type[BaseModel], Callable[[Any, Privacy, Size], Answer] | None], ...] = (
    (_Sessions, _sessions),
    (_Detail, _story),
    (_Locations, _locations),
    (_Sites, _sites),
    (OrganizationList, None),
)
