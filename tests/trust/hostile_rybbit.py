"""A Rybbit all of whose records hold hostile texts, in every field that holds text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

ORGANIZATION = "org1"
STARTED, ENDED = "2026-11-24 10:00:00", "2026-11-24 10:05:00"
_NUMBERS = {
    "session_start": STARTED,
    "session_end": ENDED,
    "session_duration": 300,
    "pageviews": 2,
    "events": 1,
    "errors": 1,
    "outbound": 1,
    "screen_width": 1280,
    "screen_height": 800,
    "lat": 50.1,
    "lon": 14.4,
}
_TEXTS = (
    *("user_id", "identified_user_id", "entry_page", "exit_page", "country", "region", "city"),
    *("language", "browser", "browser_version", "operating_system", "operating_system_version"),
    *("device_type", "referrer", "channel", "hostname", "utm_source", "utm_medium"),
    *("utm_campaign", "utm_term", "utm_content", "tag", "timezone", "ip"),
)
_EVENT_TEXTS = ("pathname", "querystring", "hostname", "page_title", "referrer", "event_name")
_TYPES = (
    *("pageview", "pageview", "custom_event", "error", "outbound", "button_click", "copy"),
    *("form_submit", "input_change"),
)
_TRAITS = ("username", "name", "email")
_PROPERTIES = ("message", "stack", "fileName", "url", "text", "plan")
_SITE_TEXTS = ("id", "name", "domain")
FIELD_COUNT = (
    sum(map(len, (_TEXTS, _TRAITS, _EVENT_TEXTS, _PROPERTIES, _SITE_TEXTS)))
    + len(("a trait's name and a nested one", "a property's name and a nested one"))
    + len(("an event's type", "a place's country", "a place's city"))
)
"""In how many different places of the records a text stands."""


def session(text: str, session_id: str) -> dict[str, Any]:
    """A row of the list, or the head of a visit."""
    texts = dict.fromkeys(_TEXTS, text)
    traits = {text: text, "nested": {text: [text]}} | dict.fromkeys(_TRAITS, text)
    return _NUMBERS | texts | {"session_id": session_id, "traits": traits}


def events(text: str) -> list[dict[str, Any]]:
    """An event of every type, and one of a type that is hostile too."""
    named = dict.fromkeys(_PROPERTIES, text)
    properties = named | {text: text, "deep": {text: [text, {text: text}]}}
    return [
        {"timestamp": STARTED, "type": kind, "props": properties}
        | dict.fromkeys(_EVENT_TEXTS, text)
        for kind in (*_TYPES, text)
    ]


class HostileRybbit:
    """Answers as Rybbit 2.7 does; text number N stands in visit `visitN` and its events."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)

    def transport(self) -> httpx.MockTransport:
        """The way to it."""
        return httpx.MockTransport(self)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request."""
        status, body = self._answer(request)
        return httpx.Response(status, content=json.dumps(body, ensure_ascii=False).encode())

    def _answer(self, request: httpx.Request) -> tuple[int, object]:
        parts = request.url.path.removeprefix("/api/").split("/")
        match parts:
            case ["version"]:
                return 200, {"version": "2.7.0"}
            case ["organizations"]:
                return 200, [{"id": ORGANIZATION, "name": self.texts[0], "sites": []}]
            case ["organizations", _, "sites"]:
                return 200, {"sites": [self._site(number) for number in range(len(self.texts))]}
            case ["sites", "1", "sessions"]:
                return 200, {"data": self._rows(request.url.params)}
            case ["sites", "1", "sessions", "locations"]:
                return 200, {"data": self._places()}
            case ["sites", "1", "sessions", session_id]:
                return 200, {"data": self._detail(session_id)}
        message = f"Route GET:{self.texts[0]} not found"
        return 404, {"message": message, "error": "Not Found", "statusCode": 404}

    def _site(self, number: int) -> dict[str, Any]:
        text = self.texts[number]
        return {"siteId": number + 1} | dict.fromkeys(_SITE_TEXTS, text)

    def _rows(self, asked: httpx.QueryParams) -> list[dict[str, Any]]:
        if "filters" in asked:
            return []
        rows = [session(text, self.id_of(number)) for number, text in enumerate(self.texts)]
        if wanted := asked.get("session_id"):
            return [row for row in rows if row["session_id"] == wanted]
        limit, page = int(asked["limit"]), int(asked["page"])
        return rows[(page - 1) * limit : page * limit]

    def _places(self) -> list[dict[str, Any]]:
        return [
            {"lat": 50.1, "lon": 14.4, "country": country, "city": text, "count": 3}
            for text in self.texts
            for country in (text, "DE")
        ]

    def _detail(self, session_id: str) -> dict[str, Any]:
        text = self.texts[int(session_id.removeprefix("visit"))]
        told = events(text)
        return {
            "session": session(text, session_id),
            "events": told,
            "pagination": {"total": len(told), "limit": 1000, "offset": 0, "hasMore": False},
        }

    @staticmethod
    def id_of(number: int) -> str:
        """The id of the visit that holds text number N."""
        return f"visit{number:09}"
