"""Whoever runs compiled queries, stood in for: a server's query route, and a ClickHouse."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from rybbit_mcp.demo.data import generate
from tests.analysis.server_rules import refusals
from tests.analysis.world import STORED_TYPES, rows_of

ROUTE = "/api/organizations/"


def load_demo(clickhouse: Any, folder: Path, *, now: datetime, seed: int = 1) -> None:
    """Put the demo's events into the table `demo_events`, as Rybbit stores them."""
    path = folder / "events.parquet"
    database = generate(now=now, seed=seed)
    with database:
        given = {
            "country": "CASE WHEN country = '' THEN chr(0) || chr(0) ELSE country END AS country",
            "props": "CAST(props AS VARCHAR) AS props",
        }
        read = ", ".join(given.get(name, name) for name in STORED_TYPES)
        database.execute(f"COPY (SELECT {read} FROM events ORDER BY event_no) TO '{path}'")
    columns = ", ".join(f"{name} {kind}" for name, kind in STORED_TYPES.items())
    clickhouse.query("DROP TABLE IF EXISTS demo_events")
    clickhouse.query(f"CREATE TABLE demo_events ({columns}) ENGINE = Memory")
    told = ", ".join(f"CAST({name} AS {kind})" for name, kind in STORED_TYPES.items())
    clickhouse.query(f"INSERT INTO demo_events SELECT {told} FROM file('{path}', Parquet)")


class QueryingServer(httpx.AsyncBaseTransport):
    """A server that an app answers for, all but its query route, which ClickHouse answers.

    `refusal` is answered to queries instead, where there is one; `queries` are those asked.
    """

    def __init__(self, app: Any, clickhouse: Any, table: str = "demo_events") -> None:
        self._app = httpx.ASGITransport(app=app)
        self._clickhouse = clickhouse
        self._table = table
        self.refusal: httpx.Response | None = None
        self.queries: list[dict[str, Any]] = []
        self.paths: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.paths.append(path)
        if not (path.startswith(ROUTE) and path.endswith("/analytics/query")):
            return await self._app.handle_async_request(request)
        content = json.loads(await request.aread())
        self.queries.append(content)
        if self.refusal is not None:
            return self.refusal
        return self._answered(content["query"])

    def _answered(self, query: str) -> httpx.Response:
        if refused := refusals(query):
            return httpx.Response(400, json={"error": ", ".join(refused)})
        scope = f"scoped_events AS (SELECT * FROM {self._table})"
        rows = rows_of(
            self._clickhouse, f"WITH {scope} SELECT * FROM ({query}) AS asked LIMIT 1000"
        )
        meta = {"queryId": "q", "rowCount": len(rows), "maxExecutionTimeSeconds": 10}
        return httpx.Response(200, json={"data": rows, "meta": meta | {"maxRows": 1000}})


class ClickHouseHandler(BaseHTTPRequestHandler):
    """What a ClickHouse answers over HTTP; `refusal` (code and text) is answered instead,
    and queries that hold a text of `rewritten` are replaced."""

    server: ClickHouseServer

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        parameters = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        query = (self.rfile.read(size).decode() or parameters.get("query", "")).strip()
        self.server.asked.append((query, parameters, self.headers.get("Authorization", "")))
        if self.server.refusal is not None:
            code, told = self.server.refusal
            self._send(told.encode(), 500, {"X-ClickHouse-Exception-Code": str(code)})
            return
        for part, instead in self.server.rewritten.items():
            if part in query:
                query = f"{instead} FORMAT Native"
        text, _, form = query.rpartition("FORMAT ")
        text, form = (text, form.strip()) if text else (query, "TabSeparated")
        with self.server.lock:
            answer = self.server.clickhouse.query(text, form).bytes()
        self._send(answer, 200, {"X-ClickHouse-Format": form, "X-ClickHouse-Timezone": "UTC"})

    do_GET = do_POST  # noqa: N815 - the library's name

    def _send(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class ClickHouseServer(ThreadingHTTPServer):
    """A ClickHouse on a port of this machine, as far as questions go."""

    daemon_threads = True

    def __init__(self, clickhouse: Any) -> None:
        super().__init__(("127.0.0.1", 0), ClickHouseHandler)
        self.clickhouse = clickhouse
        self.lock = threading.Lock()
        self.refusal: tuple[int, str] | None = None
        self.rewritten: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str], str]] = []

    @property
    def url(self) -> str:
        return f"http://reader:se%40cret@127.0.0.1:{self.server_address[1]}/default"


@contextmanager
def served(clickhouse: Any) -> Iterator[ClickHouseServer]:
    """The server, while it runs."""
    server = ClickHouseServer(clickhouse)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
