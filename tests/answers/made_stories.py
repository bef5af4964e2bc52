"""Stories of visits: made from a seed, and recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from rybbit_mcp.api.models import Event, Session, SessionDetail, SessionHead
from rybbit_mcp.api.results import SessionStory

RECORDED = Path(__file__).parents[1] / "recorded"
STARTED_AT = datetime(2026, 11, 23, 19, 0, 40, tzinfo=UTC)

_ARTICLES = ("tent-care", "first-marathon", "winter-layers", "stove-test", "packing-list")
_ERRORS = ("payment.request is undefined", "Cannot read properties of null (reading 'zoom')")


def event(
    at_s: float, path: str = "/", kind: str = "pageview", name: str = "", **properties: Any
) -> Event:
    """One event, so many seconds after the start."""
    return Event(
        at=STARTED_AT + timedelta(seconds=at_s),
        type=kind,
        pathname=path,
        hostname="shop.example.com",
        name=name,
        properties=properties,
    )


def story_of(
    events: Sequence[Event],
    *,
    row: Session | None = None,
    total: int | None = None,
    offset: int = 0,
    **head: Any,
) -> SessionStory:
    """A story of these events; `head` fills further fields of its head."""
    pages = [each.pathname for each in events if each.type == "pageview"]
    ended_at = events[-1].at if events else STARTED_AT
    values = {
        "user_id": "I5-Jf8n7s1Fb",
        "duration_s": int((ended_at - STARTED_AT).total_seconds()),
        "pageview_count": len(pages),
        "event_count": len(events) if total is None else total,
        "entry_page": pages[0] if pages else "",
        "exit_page": pages[-1] if pages else "",
        "channel": "Direct",
    }
    whole = SessionHead(
        session_id="XueT2nlpQ4sTba", started_at=STARTED_AT, ended_at=ended_at, **(values | head)
    )
    event_total = len(events) if total is None else total
    return SessionStory(whole, tuple(events), event_total, offset, row)


def made_events(count: int, seed: int = 1) -> list[Event]:
    """The events of somebody who shops: pages, clicks, conversions, errors and pauses."""
    random = Random(seed)
    at_s = 0.0
    events: list[Event] = []
    while len(events) < count:
        for each in _episode(random, len(events)):
            events.append(each.model_copy(update={"at": STARTED_AT + timedelta(seconds=at_s)}))
            at_s += random.choice((1, 3, 8, 25, 60))
        at_s += random.choice((0, 0, 0, 0, 800))
    return events[:count]


def _episode(random: Random, number: int) -> list[Event]:
    kind = random.choices(("browse", "read", "compare", "buy", "search"), (6, 3, 2, 2, 1))[0]
    product = f"/product/{random.randint(1, 40)}"
    other = f"/product/{random.randint(1, 40)}"
    if kind == "browse":
        steps = [event(0, f"/product/{random.randint(1, 40)}") for _ in range(5)]
        return [event(0, "/category/outdoor"), *steps]
    if kind == "read":
        article = f"/blog/{random.choice(_ARTICLES)}"
        copied = event(0, article, "copy", text="a sentence", sourceElement="p")
        left = event(0, article, "outbound", url="https://partner.example/x?y=1", text="Partner")
        return [event(0, article), *random.sample([copied, left], random.randint(0, 2))]
    if kind == "compare":
        return [event(0, product), event(0, other)] * random.randint(2, 6)
    if kind == "search":
        return [event(0, "/search"), event(0, "/search", "custom_event", "search", results=0)]
    failure = event(
        0,
        "/checkout",
        "error",
        "TypeError",
        message=random.choice(_ERRORS),
        fileName="https://shop.example.com/assets/checkout-2.14.0.js",
        lineNumber=1,
        columnNumber=48211,
        stack="TypeError: x\n    at pay (https://shop.example.com/assets/checkout-2.14.0.js:1:48211)",
    )
    click = event(0, "/checkout", "button_click", text="Pay now")
    return [
        event(0, product),
        event(0, product, "custom_event", "add_to_cart", sku=f"A-{number}", value=number % 90),
        event(0, "/checkout"),
        event(0, "/checkout", "input_change", inputName="email", inputType="email"),
        event(0, "/checkout", "form_submit", formId="checkout", method="POST"),
        *[click, failure] * random.randint(0, 3),
    ]


def recorded_story(name: str) -> SessionStory:
    """A recorded detail, such as `current/detail-default`."""
    body = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["body"]["data"]
    body["events"] = [each for each in body["events"] if isinstance(each, dict)]
    detail = SessionDetail.model_validate(body)
    offset = body["pagination"]["offset"]
    return SessionStory(detail.head, tuple(detail.events), detail.pagination.total, offset)
