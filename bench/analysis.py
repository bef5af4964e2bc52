"""What the local engine costs: time and memory over 100,000 and 400,000 visits on loopback.

The API is a process that only hands out rows made before. Beside the engine runs a bare script that
fetches the same pages one after the other and calls `json.loads`, turn by turn in the same run, so
that the machine's moods cancel out. Each turn is a process of its own, so that its peak memory is
its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PAGE_SIZE = 2000
SMALL, LARGE = 100_000, 400_000
MOST_TIME = 1.5
MOST_MEMORY_MB = 300
MOST_GROWTH = 1.3


@dataclass(frozen=True, slots=True)
class LocalCosts:
    """Seconds of a bare script and of the engine, their ratio, and peak memory in MB.

    `first_s` is the engine's time where its first question also loads it; `again_ms` the time of
    a second question over the same visits.
    """

    bare_s: float
    engine_s: float
    ratio: float
    first_s: float
    again_ms: float
    small_mb: float
    large_mb: float

    @property
    def growth(self) -> float:
        """Memory of the larger number of visits, over that of the smaller."""
        return self.large_mb / self.small_mb

    @property
    def holds(self) -> bool:
        """Whether every bound holds."""
        return (
            self.ratio <= MOST_TIME
            and self.small_mb <= MOST_MEMORY_MB
            and self.growth <= MOST_GROWTH
        )


def measure_local(rounds: int = 5) -> LocalCosts:
    """The figures; takes a minute."""
    with _serving(SMALL) as url:
        _run("bare", url, SMALL)
        pairs = [(_run("bare", url, SMALL), _run("engine", url, SMALL)) for _ in range(rounds)]
    with _serving(LARGE) as url:
        large = _run("engine", url, LARGE)
    engines = [engine for _, engine in pairs]
    return LocalCosts(
        bare_s=statistics.median(bare["s"] for bare, _ in pairs),
        engine_s=statistics.median(engine["s"] for engine in engines),
        ratio=statistics.median(engine["s"] / bare["s"] for bare, engine in pairs),
        first_s=statistics.median(engine["first_s"] for engine in engines),
        again_ms=statistics.median(engine["again_s"] for engine in engines) * 1000,
        small_mb=max(engine["mb"] for engine in engines),
        large_mb=large["mb"],
    )


def table(costs: LocalCosts) -> str:
    """The figures as a table, each beside its bound."""
    over = f"over only fetching and parsing their pages ({costs.bare_s:.2f} s)"
    rows = (
        ("local engine over a loopback API", "measured", "at most"),
        ("---", "---:", "---:"),
        (f"{SMALL:,} visits ({costs.engine_s:.2f} s), {over}", f"{costs.ratio:.2f}", MOST_TIME),
        ("the same as a process's first question", f"{costs.first_s:.2f} s", ""),
        ("a second question over the same visits", f"{costs.again_ms:.0f} ms", ""),
        (f"peak memory, {SMALL:,} visits", f"{costs.small_mb:.0f} MB", f"{MOST_MEMORY_MB} MB"),
        (
            f"peak memory, {LARGE:,} visits ({costs.large_mb:.0f} MB), over that",
            f"{costs.growth:.2f}",
            MOST_GROWTH,
        ),
    )
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def _run(what: str, url: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.analysis", what, url, str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


@contextlib.contextmanager
def _serving(count: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.analysis", "serve", "", str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def bare(url: str, count: int) -> dict[str, float]:
    """Fetches all pages one after the other and parses them; no more than that."""
    import httpx

    path = f"{url}/api/sites/1/sessions"
    with httpx.Client(headers={"Authorization": "Bearer bench"}) as client:
        client.get(f"{url}/api/version")
        begun = time.perf_counter()
        rows = 0
        for page in range(1, count // PAGE_SIZE + 1):
            query = _window_query() | {"page": str(page), "limit": str(PAGE_SIZE)}
            rows += len(json.loads(client.get(path, params=query).content)["data"])
        taken = time.perf_counter() - begun
    assert rows == count
    return {"s": taken}


async def engine(url: str, count: int) -> dict[str, float]:
    """One question over all visits, after one over a few that loads the engine."""
    from rybbit_mcp.analysis.local import LocalEngine
    from rybbit_mcp.analysis.specification import Specification
    from rybbit_mcp.api.client import RybbitClient
    from rybbit_mcp.api.generations import GENERATIONS
    from rybbit_mcp.api.window import resolve_window

    async with RybbitClient(url, "bench", generation=GENERATIONS["D"], clock=lambda: NOW) as client:
        month = Specification(
            resolve_window(now=NOW, zone="UTC", period="30d"), group_by=("channel",)
        )
        begun = time.perf_counter()
        few = await LocalEngine(client, clock=lambda: NOW).run(month, "1", max_sessions=1000)
        loading_s = time.perf_counter() - begun
        assert few.basis.session_count == 1000
        local = LocalEngine(client, clock=lambda: NOW)
        begun = time.perf_counter()
        outcome = await local.run(month, "1", max_sessions=count)
        taken_s = time.perf_counter() - begun
        assert outcome.basis.is_whole, outcome.basis
        assert outcome.total.session_count == count
        begun = time.perf_counter()
        by_page = Specification(month.window, group_by=("entry_page", "country"))
        await local.run(by_page, "1", max_sessions=count)
        again_s = time.perf_counter() - begun
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"s": taken_s, "first_s": taken_s + loading_s, "again_s": again_s, "mb": peak_mb}


def _window_query() -> dict[str, str]:
    first_on = (NOW - timedelta(days=29)).date()
    return {"start_date": str(first_on), "end_date": str(NOW.date()), "time_zone": "UTC"}


async def serve(count: int) -> None:
    """A server of version 2.7 that has so many visits, made before it says its port."""
    visits, ends = bytearray(), [-1]
    for row in _rows(count):
        visits += row + b","
        ends.append(len(visits) - 1)
    everything = bytes(visits)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = _body(everything, ends, head.split(b" ", 2)[1].decode())
                length = str(len(body)).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n"
                    b"content-length: " + length + b"\r\n\r\n" + body
                )
                await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def _body(visits: bytes, ends: list[int], target: str) -> bytes:
    """The answer to a request: a cut out of all visits, so that handing out costs little."""
    address = urlsplit(target)
    if address.path == "/api/version":
        return b'{"version":"2.7.0"}'
    query = parse_qs(address.query)
    page, limit = int(query["page"][0]), int(query["limit"][0])
    first, last = (min(number, len(ends) - 1) for number in ((page - 1) * limit, page * limit))
    return b'{"data":[' + visits[ends[first] + 1 : ends[last]] + b"]}"


def _rows(count: int) -> Iterator[bytes]:
    """Visits of thirty days, newest first, as version 2.7 writes them."""
    dice = random.Random(11)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def token(length: int) -> str:
        return "".join(dice.choices(letters, k=length))

    users = [token(12) for _ in range(count * 3 // 5)]
    pages = ["/", *(f"/{dice.choice(('blog', 'product', 'docs'))}/{token(14)}" for _ in range(600))]
    referrers = ["", "", *(f"https://{token(9).lower()}.example/{token(22)}" for _ in range(900))]
    places = [
        (country, f"{country}-{number:02}", f"City {token(6)}")
        for country in ("DE", "US", "FR", "CZ", "JP", "BR", "IN")
        for number in range(40)
    ]
    places += [("\0\0", "", "")] * 30
    step_s = 29 * 86_400 / count
    for number in range(count):
        country, region, city = dice.choice(places)
        duration_s = int(dice.expovariate(1 / 90))
        ended_at = NOW - timedelta(seconds=int(60 + number * step_s))
        pageviews = min(1 + int(dice.expovariate(0.6)), 40)
        row: dict[str, Any] = {
            "session_id": token(14),
            "user_id": dice.choice(users),
            "identified_user_id": "" if dice.random() < 0.9 else f"user{dice.randrange(5000)}@x.y",
            "country": country,
            "region": region,
            "city": city,
            "language": dice.choice(("de-DE", "en-US", "fr-FR", "ja-JP")),
            "device_type": dice.choice(("Desktop", "Mobile", "Tablet")),
            "browser": dice.choice(("Chrome", "Firefox", "Mobile Safari", "Edge")),
            "browser_version": dice.choice((130, 18.1, 128)),
            "operating_system": dice.choice(("Windows", "iOS", "Android", "macOS")),
            "operating_system_version": dice.choice((10, 18.1, 15)),
            "screen_width": dice.choice((390, 1440, 1920)),
            "screen_height": dice.choice((844, 900, 1080)),
            "referrer": dice.choice(referrers),
            "channel": dice.choice(("Direct", "Organic Search", "Paid Search", "Referral")),
            "hostname": "shop.example.com",
            "utm_source": dice.choice(("", "", "", "newsletter", "google")),
            "utm_medium": "",
            "utm_campaign": dice.choice(("", "", "", "spring", 2026)),
            "utm_term": "",
            "utm_content": "",
            "session_end": f"{ended_at:%Y-%m-%d %H:%M:%S}",
            "session_start": f"{ended_at - timedelta(seconds=duration_s):%Y-%m-%d %H:%M:%S}",
            "session_duration": duration_s,
            "entry_page": pages[min(int(dice.expovariate(0.02)), 600)],
            "exit_page": pages[min(int(dice.expovariate(0.02)), 600)],
            "pageviews": pageviews,
            "events": max(0, pageviews - 4),
            "errors": 0,
            "outbound": 0,
            "button_clicks": 0,
            "copies": 0,
            "form_submits": 0,
            "input_changes": 0,
            "ip": None,
            "lat": round(dice.uniform(-60, 65), 3),
            "lon": round(dice.uniform(-170, 170), 3),
            "tag": dice.choice(("", "web-2.14")),
            "timezone": dice.choice(("Europe/Berlin", "Asia/Tokyo")),
            "has_replay": 0,
            "traits": None,
        }
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def main() -> int:
    """Without arguments prints the table; else plays one of the parts."""
    if len(sys.argv) == 1:
        costs = measure_local()
        print(table(costs))
        return 0 if costs.holds else 1
    part, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if part == "serve":
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(count))
    elif part == "bare":
        print(json.dumps(bare(url, count)))
    else:
        print(json.dumps(asyncio.run(engine(url, count))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
