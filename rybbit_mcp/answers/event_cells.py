"""One event of a visit in clean, short texts; everything a visitor wrote passes the gate here."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.story import form_name
from rybbit_mcp.analysis.timeline import error_facts
from rybbit_mcp.answers.clean import inert
from rybbit_mcp.answers.records import PAIRS_SHOWN
from rybbit_mcp.answers.visit_cells import shorten_middle
from rybbit_mcp.answers.words import as_item, as_key, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.models import Event

TYPE_WORDS: Mapping[str, str] = {
    "custom_event": "event",
    "button_click": "click",
    "form_submit": "form",
    "input_change": "input",
}

_ROWS_OF_OURS = frozenset({"stretch", "idle", "cycle"})
_WHOLE = 2_000
_SEPARATOR = re.compile(r"\s+[-–—|·:•]\s+")
_WORD = re.compile(r"\w+")
_NEEDS_QUOTES = re.compile(r"[\s,;=\"]")
_HOME = frozenset({"home", "homepage", "index", "start"})
# What the tracker says of every form, click and copy on its own.
_OF_TRACKER = frozenset(
    {"text", "textLength", "sourceElement", "formId", "formName", "formAction", "ariaLabel"}
    | {"method", "fieldCount", "element", "inputType", "inputName"}
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The longest texts of one row, in characters; `pairs` counts properties, `facts` facts."""

    path: int = 60
    title: int = 60
    name: int = 60
    message: int = 200
    place: int = 120
    pairs: int = 6
    facts: int = 9


ROOMY = Limits()
TIGHT = Limits(path=32, title=24, name=24, message=80, place=0, pairs=2)
BARE = Limits(path=24, title=0, name=16, message=60, place=0, pairs=0, facts=1)
NO_FACTS = replace(BARE, facts=0)


@dataclass(frozen=True, slots=True)
class EventCells:
    """One event: the word for its type, what it was, and what else it says."""

    type: str
    what: str
    details: str = ""


class EventReader:
    """Reads the events of one visit into clean texts."""

    def __init__(
        self,
        events: Sequence[Event],
        gate: Gate,
        privacy: Privacy,
        limits: Limits = ROOMY,
    ) -> None:
        self._gate = gate
        self._privacy = privacy
        self._limits = limits
        self._host = next((event.hostname for event in events if event.hostname), "")
        self._common_title_end = _common_title_end(events)

    def cells(self, event: Event) -> EventCells:
        """The event's texts; a pageview comes without its title (see `title`)."""
        word = self.type_word(event.type)
        if event.type == "pageview":
            return EventCells(word, self.page(event))
        if event.type == "error":
            return self._error(event)
        if event.type == "outbound":
            what = self._text(event, "url", mask=self._privacy.url)
            return EventCells(word, what, self._text(event, "text", limit=self._limits.title))
        if event.type == "copy":
            # What somebody copies can be anything; a button's caption is the site's own.
            text = "" if self._privacy.level == "strict" else self._text(event, "text")
            return EventCells(word, text, self._text(event, "sourceElement"))
        return self._named(event, word)

    def page(self, event: Event) -> str:
        """The page of an event; with its host where that is not the visit's first."""
        host = "" if event.hostname in {"", self._host} else event.hostname
        # Below `open` the query would be its campaign parameters, which the visit names once.
        query = event.querystring if self._privacy.level == "open" else ""
        if query and not query.startswith("?"):
            query = f"?{query}"
        path = self._gate.text(f"{event.pathname}{query}", limit=_WHOLE, mask=self._privacy.path)
        if host:
            host = self._gate.text(host, limit=_WHOLE, mask=self._privacy.text)
            path = inert(host + path)  # they may link only together
        return shorten_middle(path, self._limits.path)

    def path(self, path: str) -> str:
        """A path alone, short enough for a list."""
        shown = self._gate.text(path, limit=_WHOLE, mask=self._privacy.path)
        return as_item(shorten_middle(shown, 32))

    def name(self, name: str) -> str:
        """The name of an event or a form in a list of such names."""
        return as_item(self._name(name))

    def _name(self, name: str) -> str:
        return self._gate.text(name, limit=self._limits.name, mask=self._privacy.text)

    def title(self, event: Event) -> str:
        """The page's title, `""` where the path says the same."""
        title = event.page_title.strip()
        end = self._common_title_end
        if end and title.endswith(end):
            title = title[: -len(end)]
        known = set(_words(event.pathname)) | (_HOME if event.pathname == "/" else set())
        if set(_words(title)) <= known:
            return ""
        return self._gate.text(title, limit=self._limits.title, mask=self._privacy.text)

    def type_word(self, type_name: str) -> str:
        """The word for a type of event; unknown types by their own name, quoted if ours."""
        if type_name in TYPE_WORDS:
            return TYPE_WORDS[type_name]
        word = self._gate.text(type_name or "event", limit=20, mask=self._privacy.text)
        return quoted(word) if " " in word or word.casefold() in _ROWS_OF_OURS else word

    def _error(self, event: Event) -> EventCells:
        facts = error_facts(event)
        message = facts.message
        if not message.startswith(facts.name):
            message = f"{facts.name}: {message}" if message else facts.name
        # The stack's first line mostly holds file, line and column as well.
        places = [facts.place] if facts.place and facts.place not in facts.frame else []
        places += [facts.frame] if facts.frame else []
        limit = self._limits.place
        details = [self._gate.text(place, limit=limit, mask=self._privacy.text) for place in places]
        return EventCells(
            "error",
            as_key(self._gate.text(message, limit=self._limits.message, mask=self._privacy.text)),
            "; ".join(filter(None, details)),
        )

    def _named(self, event: Event, word: str) -> EventCells:
        """A custom event, form, click, input, or a type not known here."""
        if event.type == "form_submit":
            what = self._name(form_name(event))
        elif event.type == "button_click":
            what = self._text(event, "text") or self._name(event.name)
        elif event.type == "input_change":
            what = self._text(event, "inputName") or self._name(event.name)
        else:
            what = self._name(event.name)
        is_trackers = event.type in TYPE_WORDS and event.type != "custom_event"
        properties = {
            key: value
            for key, value in event.properties.items()
            if not (is_trackers and key in _OF_TRACKER)
        }
        kind = self._text(event, "inputType") if event.type == "input_change" else ""
        details = [kind, self._pairs(properties)]
        return EventCells(word, what, " ".join(filter(None, details)))

    def _text(
        self,
        event: Event,
        key: str,
        *,
        mask: Callable[[str], str] | None = None,
        limit: int = 0,
    ) -> str:
        value = event.properties.get(key, "")
        limit = limit or self._limits.name
        return self._gate.text(value, limit=limit, mask=mask or self._privacy.text)

    def _pairs(self, properties: Mapping[str, object]) -> str:
        pairs = self._privacy.properties(properties, self._gate)
        left_out_count = max(0, len(pairs) - self._limits.pairs)
        if len(pairs) > PAIRS_SHOWN:  # the last pair is the count of those left out before
            left_out_count += int(pairs[-1][1]) - 1
        parts = [
            f"{_quoted(key)}={_quoted(value)}" if value else _quoted(key)
            for key, value in pairs[: self._limits.pairs]
        ]
        return " ".join([*parts, f"+{left_out_count} more"] if left_out_count else parts)


def pair_text(pairs: Sequence[tuple[str, str]]) -> str:
    """Clean pairs as `plan=pro, company="Acme, Inc."`; keys are quoted where values would be."""
    return ", ".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _quoted(value: str) -> str:
    return quoted(value) if _NEEDS_QUOTES.search(value) else value


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("_", " "))


def _common_title_end(events: Sequence[Event]) -> str:
    """The end that most of a visit's titles share, such as ` – Acme`; it says nothing."""
    titles = {event.page_title.strip() for event in events if event.page_title.strip()}
    ends: Counter[str] = Counter()
    for title in titles:
        breaks = list(_SEPARATOR.finditer(title))
        if breaks:
            ends[title[breaks[-1].start() :]] += 1
    if not ends:
        return ""
    end, count = max(ends.items(), key=lambda item: (item[1], item[0]))
    return end if count >= 2 and 2 * count > len(titles) else ""
