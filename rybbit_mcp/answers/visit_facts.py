"""The facts of one visit: who, from where, with what, and between which pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rybbit_mcp.answers.addresses import split_url
from rybbit_mcp.answers.event_cells import pair_text
from rybbit_mcp.answers.words import EMPTY

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.event_cells import EventReader
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.models import Session, SessionHead
    from rybbit_mcp.api.results import SessionStory

_LIMIT = 40
_CAMPAIGN = ("source", "medium", "campaign", "term", "content")
_VERSION = re.compile(r"[0-9._]+")


def visit_facts(
    story: SessionStory, reader: EventReader, gate: Gate, privacy: Privacy
) -> tuple[tuple[str, str], ...]:
    """The facts as (key, clean text) pairs, the unknown ones left out.

    Identified id, traits, campaign and tag come from the list row, where one was found.
    """
    head, row = story.head, story.row
    facts = (
        ("who", _who(head, row, gate, privacy)),
        ("from", _source(story, gate, privacy)),
        ("tag", gate.text(row.tag, mask=privacy.text) if row else ""),
        ("device", _device(head, gate, privacy)),
        ("place", _place(head, gate, privacy)),
        ("entry→exit", _pages(head, reader)),
    )
    return tuple([(key, text) for key, text in facts if text])


def _who(head: SessionHead, row: Session | None, gate: Gate, privacy: Privacy) -> str:
    identified = row.identified_user_id if row else ""
    name = gate.text(privacy.visitor(head.user_id, identified), limit=64)
    traits = pair_text(privacy.traits(row.traits if row else None, gate))
    parts = [f"{name}, identified" if identified else name, traits]
    return "; ".join(part for part in parts if part)


def _source(story: SessionStory, gate: Gate, privacy: Privacy) -> str:
    head, row = story.head, story.row
    tags = {
        name: gate.text(getattr(row, f"utm_{name}", ""), limit=_LIMIT, mask=privacy.text)
        for name in _CAMPAIGN
    }
    pairs = pair_text([(name, text) for name, text in tags.items() if text])
    parts = (
        gate.text(head.channel, limit=_LIMIT, mask=privacy.text),
        gate.text(_foreign_referrer(story), limit=2 * _LIMIT, mask=privacy.url),
        f"utm {pairs}" if pairs else "",
    )
    return _joined(parts)


def _foreign_referrer(story: SessionStory) -> str:
    """What led here, "" where it is the site itself."""
    referrer = story.head.referrer
    hosts = {event.hostname.lower().removeprefix("www.") for event in story.events[:1]}
    return "" if split_url(referrer).host in hosts - {""} else referrer


def _device(head: SessionHead, gate: Gate, privacy: Privacy) -> str:
    def shown(text: str) -> str:
        return gate.text(text, limit=_LIMIT, mask=privacy.text)

    def version(text: str) -> str:
        # Four numbers would read as an IP address, and could be one.
        if _VERSION.fullmatch(text):
            return ".".join(text.split(".")[:3])[:_LIMIT]
        return shown(text)

    has_screen = head.screen_width > 0 and head.screen_height > 0
    parts = (
        shown(head.device_type),
        f"{shown(head.browser)} {version(head.browser_version)}".strip(),
        f"{shown(head.operating_system)} {version(head.operating_system_version)}".strip(),
        f"{head.screen_width}x{head.screen_height}" if has_screen else "",
        shown(head.language),
    )
    return _joined(parts)


def _place(head: SessionHead, gate: Gate, privacy: Privacy) -> str:
    place = privacy.place(head.country, head.region, head.city)
    # "BR-SP" says BR already.
    country = "" if place.region.startswith(f"{place.country}-") else place.country
    return _joined(
        [
            gate.text(part, limit=_LIMIT, mask=privacy.text)
            for part in (place.city, place.region, country)
        ]
    )


def _pages(head: SessionHead, reader: EventReader) -> str:
    entry, leaving = reader.path(head.entry_page), reader.path(head.exit_page)
    if not entry and not leaving:
        return ""
    return entry if head.pageview_count == 1 else f"{entry or EMPTY} → {leaving or EMPTY}"


def _joined(parts: tuple[str, ...] | list[str]) -> str:
    return ", ".join(part for part in parts if part)
