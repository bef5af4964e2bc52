"""Visits made from a seed: realistic in what they hold and how often."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from rybbit_mcp.api.models import Session

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
RECORDED = Path(__file__).parents[1] / "recorded"

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLACES = (
    *(("DE", "DE-BE", "Berlin"), ("DE", "DE-BY", "Munich"), ("DE", "DE-HH", "Hamburg")),
    *(("DE", "DE-NW", "Cologne"), ("DE", "DE-HE", "Frankfurt am Main"), ("DE", "DE-SN", "")),
    *(("AT", "AT-9", "Vienna"), ("AT", "AT-6", "Graz"), ("CH", "CH-ZH", "Zurich")),
    *(("CH", "CH-GE", "Geneva"), ("FR", "FR-IDF", "Paris"), ("FR", "FR-ARA", "Lyon")),
    *(("GB", "GB-ENG", "London"), ("GB", "GB-ENG", "Manchester"), ("US", "US-NY", "New York")),
    *(("US", "US-CA", "San Francisco"), ("US", "US-IL", "Chicago"), ("US", "US-WA", "Seattle")),
    *(("US", "US-TX", "Austin"), ("CA", "CA-ON", "Toronto"), ("NL", "NL-NH", "Amsterdam")),
    *(("BE", "BE-BRU", "Brussels"), ("ES", "ES-MD", "Madrid"), ("ES", "ES-CT", "Barcelona")),
    *(("IT", "IT-62", "Rome"), ("IT", "IT-25", "Milan"), ("CZ", "CZ-10", "Prague")),
    *(("PL", "PL-14", "Warsaw"), ("SE", "SE-AB", "Stockholm"), ("DK", "DK-84", "Copenhagen")),
    *(("NO", "NO-03", "Oslo"), ("FI", "FI-18", "Helsinki"), ("JP", "JP-13", "東京")),
    *(("IN", "IN-MH", "Mumbai"), ("BR", "BR-SP", "São Paulo"), ("AU", "AU-NSW", "Sydney")),
    *(("MX", "MX-CMX", "Mexico City"), ("EG", "EG-C", "القاهرة"), ("ZA", "ZA-WC", "Cape Town")),
    ("\0\0", "", ""),
)
# Channel, weight, referrers, campaigns.
_CHANNELS = (
    ("Direct", 30, ("",), ("",)),
    ("Organic Search", 28, ("https://www.google.com/",) * 4 + ("https://www.bing.com/",), ("",)),
    (
        "Referral",
        12,
        ("https://news.ycombinator.com/item?id=1", "https://github.com/acme", "https://dev.to/x"),
        ("",),
    ),
    ("Organic Social", 8, ("https://www.linkedin.com/", "https://t.co/x"), ("",)),
    ("Email", 8, ("",), ("newsletter/november", "newsletter/november", "crm/winback")),
    ("Paid Search", 7, ("https://www.google.com/",), ("google/brand", "google/running-shoes")),
    ("Paid Social", 5, ("https://www.facebook.com/",), ("facebook/black-friday",)),
    ("AI", 2, ("https://chatgpt.com/",), ("",)),
)
_PAGES = (
    *("/",) * 6,
    *("/pricing", "/docs/start", "/blog/hello-world", "/blog/how-we-doubled-conversion"),
    *("/cart", "/checkout", "/search", "/about"),
    *("/product/7", "/product/42", "/product/42", "/product/42", "/product/108", "/product/311"),
)
# Device type, browser, system, weight.
_DEVICES = (
    ("Mobile", "Mobile Safari", "iOS", 30),
    ("Mobile", "Mobile Chrome", "Android", 25),
    ("Mobile", "Samsung Internet", "Android", 5),
    ("Desktop", "Chrome", "Windows", 25),
    ("Desktop", "Edge", "Windows", 8),
    ("Desktop", "Safari", "macOS", 10),
    ("Desktop", "Chrome", "macOS", 8),
    ("Desktop", "Firefox", "Linux", 4),
    ("Tablet", "Mobile Safari", "iOS", 5),
)


def made_visits(
    count: int,
    seed: int = 1,
    *,
    device_type: str = "",
    gap_s: float = 600,
    visitors_per_visit: float = 0.7,
) -> tuple[Session, ...]:
    """Visits, newest first, `gap_s` apart on average."""
    random = Random(seed)
    visitors = [
        "".join(random.choices(_LETTERS, k=12)) for _ in range(int(count * visitors_per_visit) + 1)
    ]
    ended_at = NOW
    sessions: list[Session] = []
    while len(sessions) < count:
        device = random.choices(_DEVICES, [row[-1] for row in _DEVICES])[0]
        if device_type not in ("", device[0]):
            continue
        ended_at -= timedelta(seconds=random.expovariate(1 / gap_s))
        sessions.append(_made(random, ended_at, device[:3], random.choice(visitors)))
    return tuple(sessions)


def _made(
    random: Random, ended_at: datetime, device: tuple[str, str, str], visitor: str
) -> Session:
    is_bounce = random.random() < 0.45
    pageview_count = 1 if is_bounce else 2 + min(30, int(random.expovariate(0.35)))
    duration_s = 0 if is_bounce else int(random.expovariate(1 / (40 * pageview_count)))
    entry_page = random.choice(_PAGES)
    country, region, city = random.choice(_PLACES)
    channel, _, referrers, campaigns = random.choices(_CHANNELS, [row[1] for row in _CHANNELS])[0]
    utm_source, _, utm_campaign = random.choice(campaigns).partition("/")
    return Session.model_validate(
        {
            "session_id": "".join(random.choices(_LETTERS + "_-", k=14)),
            "user_id": visitor,
            "identified_user_id": "ada@example.com" if random.random() < 0.06 else "",
            "session_start": ended_at - timedelta(seconds=duration_s),
            "session_end": ended_at,
            "session_duration": duration_s,
            "pageviews": pageview_count,
            "events": random.choice((0, 0, 0, 0, 1, 2, 3)),
            "errors": random.choice((0,) * 12 + (1, 2)),
            "outbound": 0,
            "entry_page": entry_page,
            "exit_page": entry_page if is_bounce else random.choice(_PAGES),
            "country": country,
            "region": region,
            "city": city,
            "device_type": device[0],
            "browser": device[1],
            "operating_system": device[2],
            "referrer": random.choice(referrers),
            "channel": channel,
            "hostname": "shop.example.com",
            "utm_source": utm_source,
            "utm_campaign": utm_campaign,
        }
    )


def recorded_visits(name: str) -> tuple[Session, ...]:
    """The rows of a recorded list, such as `current/list-default`; whole rows only."""
    rows = json.loads((RECORDED / f"{name}.json").read_text())["body"]["data"]
    return tuple(Session.model_validate(row) for row in rows if "session_start" in row)
