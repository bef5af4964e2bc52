"""The clean parts of one visit's row; everything a visitor wrote has passed the gate here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rybbit_mcp.answers.addresses import split_url
from rybbit_mcp.answers.clean import ELLIPSIS, Gate, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.models import Session

SHORTEST_ID = 8
LONGEST_PATH = 32
LONGEST_CITY = 24
LONGEST_SOURCE = 32
_LONGEST_WORD = 20
_LONGEST_VISITOR = 64
_WHOLE = 2_000


@dataclass(frozen=True, slots=True)
class VisitCells:
    """One visit in clean, short texts; `""` is unknown.

    `source` is the campaign or the referring host, where it says more than the channel.
    `place` is the city, or the region where there is none.
    """

    started_at: datetime
    duration_s: int
    pageview_count: int
    event_count: int
    error_count: int
    entry_page: str
    exit_page: str
    channel: str
    source: str
    device_type: str
    system: str
    browser: str
    country: str
    place: str
    visitor: str
    is_identified: bool
    session_id: str


def clean_visits(
    sessions: Sequence[Session], gate: Gate, privacy: Privacy
) -> tuple[VisitCells, ...]:
    """The cells of these visits, in their order, with ids as short as they can be together."""
    ids = short_ids([session.session_id for session in sessions])
    return tuple(
        [
            _cells(session, gate.text(session_id, limit=_LONGEST_VISITOR), gate, privacy)
            for session, session_id in zip(sessions, ids, strict=True)
        ]
    )


def clean_path(path: str, gate: Gate, privacy: Privacy) -> str:
    """The path as answers show it, cut in the middle if it is long."""
    return shorten_middle(gate.text(path, limit=_WHOLE, mask=privacy.path), LONGEST_PATH)


def shorten_middle(text: str, limit: int) -> str:
    """The text, or its beginning, `…` and its end, in at most `limit` code points.

    Only an end of plain letters is kept, because a cut inside another script could split what a
    reader sees as one character; without one the beginning is all.
    """
    if len(text) <= limit:
        return text
    tail = text[len(text) - limit // 2 :]
    if limit < 4 or not tail.isascii():
        return shorten(text, limit)
    head = shorten(text, limit - len(tail)).removesuffix(ELLIPSIS)
    return f"{head}{ELLIPSIS}{tail.lstrip()}"


def short_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """The shortest beginning of each id, of eight characters or more, that no other id has."""
    distinct = sorted(set(ids))
    needed = dict.fromkeys(distinct, SHORTEST_ID)
    for before, after in pairwise(distinct):
        pairs = zip(before, after, strict=False)
        shared = next((i for i, (a, b) in enumerate(pairs) if a != b), len(before))
        for each in (before, after):
            needed[each] = max(needed[each], shared + 1)
    return tuple([each[: needed[each]] for each in ids])


def _cells(session: Session, session_id: str, gate: Gate, privacy: Privacy) -> VisitCells:
    def word(text: str) -> str:
        return gate.text(text, limit=_LONGEST_WORD, mask=privacy.text)

    entry_page = clean_path(session.entry_page, gate, privacy)
    is_same = session.exit_page == session.entry_page
    channel = word(session.channel)
    return VisitCells(
        started_at=session.started_at,
        duration_s=session.duration_s,
        pageview_count=session.pageview_count,
        event_count=session.event_count,
        error_count=session.error_count,
        entry_page=entry_page,
        exit_page=entry_page if is_same else clean_path(session.exit_page, gate, privacy),
        channel=channel,
        source=_source(session, channel, gate, privacy),
        device_type=word(session.device_type),
        system=word(session.operating_system),
        # "Mobile Safari" of a phone: the device says it already.
        browser=word(session.browser).removeprefix("Mobile "),
        country=gate.text(
            session.country, limit=_LONGEST_WORD, mask=lambda text: privacy.place(text, "", "")[0]
        ),
        place=_place(session, gate, privacy),
        visitor=gate.text(
            privacy.visitor(session.user_id, session.identified_user_id), limit=_LONGEST_VISITOR
        ),
        is_identified=bool(session.identified_user_id),
        session_id=session_id,
    )


def _place(session: Session, gate: Gate, privacy: Privacy) -> str:
    city = gate.text(
        session.city, limit=LONGEST_CITY, mask=lambda text: privacy.place("", "", text).city
    )
    return city or gate.text(
        session.region, limit=LONGEST_CITY, mask=lambda text: privacy.place("", text, "").region
    )


def _source(session: Session, channel: str, gate: Gate, privacy: Privacy) -> str:
    campaign = [
        gate.text(tag, limit=LONGEST_SOURCE // 2, mask=privacy.text)
        for tag in (session.utm_source, session.utm_campaign)
    ]
    source = "/".join([tag for tag in campaign if tag]) or gate.text(
        session.referrer,
        limit=LONGEST_SOURCE,
        mask=lambda referrer: privacy.text(_foreign_host(referrer, session.hostname)),
    )
    return "" if source.lower() == channel.lower() else source


def _foreign_host(referrer: str, hostname: str) -> str:
    """The host that refers, "" where it is the site itself."""
    parts = split_url(referrer)
    host = parts.host or parts.path.partition("/")[0]
    return "" if host == hostname.lower().removeprefix("www.") else host
