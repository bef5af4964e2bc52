"""Requests: what is sent, what is retried, and what fails in which words."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import (
    ConfigurationError,
    ConnectionFailedError,
    RequestTimeoutError,
    RybbitError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.http import ATTEMPTS, LONGEST_WAIT_S, Http, _backoff, _PassingFailure
from rybbit_mcp.api.reply import Reply, retry_after_s
from rybbit_mcp.api.wire import MOST_REDIRECTS

pytestmark = pytest.mark.anyio

KEY = "VerySecretKey0123456789"
NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
Answer = Callable[[httpx.Request], httpx.Response]


class Server:
    """Answers in turn, the last one for ever, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception | Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)
        return answer(request)

    def http(self, key: str | None = KEY, **options: Any) -> Http:
        transport = httpx.MockTransport(self)
        return Http("https://r.example/base/", key, transport=transport, **options)


def ok(body: object = None) -> httpx.Response:
    return httpx.Response(200, json=body if body is not None else {"data": []})


def caused(error: httpx.RequestError, cause: BaseException) -> httpx.RequestError:
    error.__cause__ = cause
    return error


async def test_a_request_carries_key_agent_and_encoded_parts() -> None:
    server = Server(ok())

    await server.http().get(("sites", "a/b?#%", "..", "é"), {"filters": '[{"a":"&=+ é"}]'})

    (request,) = server.requests
    assert request.url.raw_path.partition(b"?")[0] == (
        b"/base/api/sites/a%2Fb%3F%23%25/%2E%2E/%C3%A9"
    )
    assert request.url.params["filters"] == '[{"a":"&=+ é"}]'
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"] == "rybbit-mcp"


async def test_a_request_without_key_carries_none() -> None:
    server = Server(ok())

    await server.http().get(("version",), with_key=False)
    await server.http(key=None).get(("version",))

    assert all("authorization" not in request.headers for request in server.requests)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_proxys_failure_is_tried_again_twice_at_most(status: int) -> None:
    server = Server(httpx.Response(status))

    reply = await server.http().get(("x",))

    assert reply.status == status
    assert len(server.requests) == ATTEMPTS == 3


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(503),
        httpx.Response(429, headers={"Retry-After": "2"}),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("Server disconnected"),
    ],
    ids=str,
)
async def test_a_passing_failure_is_got_over(failure: httpx.Response | Exception) -> None:
    server = Server(failure, ok({"is": "well"}))

    reply = await server.http().get(("x",))

    assert reply.json() == {"is": "well"}
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400),
        httpx.Response(401),
        httpx.Response(403),
        httpx.Response(404),
        httpx.Response(429),
        httpx.Response(429, headers={"Retry-After": "60"}),
        httpx.Response(429, headers={"Retry-After": "soon"}),
        httpx.Response(503, headers={"Retry-After": "3600"}),
        httpx.Response(500),
        httpx.Response(501),
    ],
    ids=lambda r: f"{r.status_code} {r.headers.get('retry-after', '')}",
)
async def test_an_answer_that_another_try_does_not_change_is_asked_once(
    answer: httpx.Response,
) -> None:
    """A throttled key is not helped by asking: the count ends only after silence."""
    server = Server(answer)

    reply = await server.http().get(("x",))

    assert reply.status == answer.status_code
    assert len(server.requests) == 1


def test_the_wait_is_the_servers_and_never_long() -> None:
    burst = _PassingFailure(Reply(429, b"", retry_after_s=LONGEST_WAIT_S))
    silent = _PassingFailure(Reply(503, b""))

    assert _backoff(burst) == LONGEST_WAIT_S
    assert _backoff(silent) is True
    assert 2 * LONGEST_WAIT_S < 25


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2", 2),
        (" 2.5 ", 2.5),
        ("0", 0),
        ("Tue, 24 Nov 2026 11:00:30 GMT", 30),
        ("Tue, 24 Nov 2026 10:00:00 GMT", 0),
        ("Tue, 24 Nov 2026 11:01:00 -0000", 60),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("9999999999", None),
        ("Tue, 24 Nov 2099 10:00:00 GMT", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(written: str | None, seconds: float | None) -> None:
    assert retry_after_s(written, NOW) == seconds


TLS = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")


@pytest.mark.parametrize(
    ("failure", "kind", "said", "tries"),
    [
        (
            caused(httpx.ConnectError("x"), ConnectionRefusedError()),
            ConnectionFailedError,
            "refuses connections",
            3,
        ),
        (httpx.ConnectError("all attempts failed"), ConnectionFailedError, "cannot be reached", 3),
        (
            caused(httpx.ConnectError("x"), socket.gaierror(-2, "no name")),
            ConnectionFailedError,
            "does not resolve",
            1,
        ),
        (
            caused(httpx.ConnectError("x"), TLS),
            ConnectionFailedError,
            "certificate does not verify",
            1,
        ),
        (
            caused(httpx.ConnectError("x"), ssl.SSLError(1, "wrong version number")),
            ConnectionFailedError,
            "No secure connection",
            1,
        ),
        (httpx.ConnectTimeout("x"), ConnectionFailedError, "does not accept connections", 1),
        (httpx.ReadTimeout("x"), RequestTimeoutError, "did not answer within 24 s", 1),
        (httpx.PoolTimeout("x"), RequestTimeoutError, "did not answer within 24 s", 1),
        (httpx.ReadError("x"), ConnectionFailedError, "breaks the connection off", 3),
        (httpx.RemoteProtocolError("x"), ConnectionFailedError, "breaks the connection off", 3),
        (httpx.ProxyError("x"), ConnectionFailedError, "proxy", 1),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Exception) else None,
)
async def test_a_failure_to_get_an_answer_says_which(
    failure: Exception, kind: type[RybbitError], said: str, tries: int
) -> None:
    server = Server(failure)

    with pytest.raises(kind) as error:
        await server.http().get(("x",), {"user_id": "ada@example.com"})

    assert said in error.value.message
    assert error.value.hint.endswith(".")
    assert "ada@" not in str(error.value)
    assert "r.example" not in str(error.value)
    assert len(server.requests) == tries


async def test_a_real_refused_connection_is_one() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    http = Http(f"http://127.0.0.1:{port}", KEY)

    with pytest.raises(ConnectionFailedError, match="refuses connections"):
        await http.get(("version",))
    await http.aclose()


async def test_a_server_that_never_answers_is_given_up_within_the_time() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await anyio.sleep_forever()
            raise AssertionError

    http = Http("https://r.example", KEY, transport=Silent(), total_timeout_s=0.02)

    with pytest.raises(RequestTimeoutError):
        await http.get(("x",))


async def test_a_cancelled_call_cancels_its_request() -> None:
    events: list[str] = []

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            events.append("asked")
            try:
                await anyio.sleep_forever()
            finally:
                events.append("cancelled")
            raise AssertionError

    http = Http("https://r.example", KEY, transport=Slow())
    async with anyio.create_task_group() as group:
        group.start_soon(http.get, ("x",))
        while not events:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()

    assert events == ["asked", "cancelled"]


HERE = "https://r.example/base/api/x?site=1&filters=%5B%5D"


@pytest.mark.parametrize(
    "target",
    [
        "https://r.example/base/api/x/?site=1&filters=%5B%5D",
        "https://r.example:443/y?filters=%5B%5D&site=1",
        "/base/api/x/?site=1&filters=[]",
        "?site=1&filters=%5B%5D",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_on_the_server_to_the_same_question_is_followed(
    status: int, target: str
) -> None:
    server = Server(httpx.Response(status, headers={"Location": target}), ok())

    reply = await server.http().get(("x",), {"site": "1", "filters": "[]"})

    assert reply.status == 200
    first, second = server.requests
    assert second.url.host == first.url.host
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert dict(second.url.params) == {"site": "1", "filters": "[]"}


@pytest.mark.parametrize(
    "target",
    [
        HERE.replace("https:", "http:"),
        HERE.replace("r.example", "evil.example"),
        HERE.replace("r.example", "R.EXAMPLE.evil"),
        HERE.replace("r.example", "r.example:8443"),
        HERE.replace("r.example", "r.example@evil.example"),
        HERE.replace("r.example", "somebody:secret@r.example"),
        "//evil.example/base/api/x?site=1&filters=%5B%5D",
        "https://r.example/login",
        "/base/api/x",
        "/base/api/x?site=2&filters=%5B%5D",
        "/base/api/x?site=1&filters=%5B%5D&more=1",
    ],
)
async def test_a_redirect_to_elsewhere_or_to_another_question_is_not_followed(target: str) -> None:
    server = Server(httpx.Response(302, headers={"Location": target}))

    reply = await server.http().get(("x",), {"site": "1", "filters": "[]"})

    assert reply.is_redirect
    assert len(server.requests) == 1


async def test_redirects_without_end_are_given_up() -> None:
    server = Server(httpx.Response(302, headers={"Location": "/base/api/x"}))

    reply = await server.http().get(("x",))

    assert reply.is_redirect
    assert len(server.requests) == 1 + MOST_REDIRECTS


async def test_what_is_posted_follows_no_redirect() -> None:
    server = Server(httpx.Response(307, headers={"Location": "/base/api/y"}))

    reply = await server.http().post(("x",), {"query": "SELECT 1"})

    assert reply.is_redirect
    assert len(server.requests) == 1


async def test_a_redirect_to_nowhere_is_one_error() -> None:
    with pytest.raises(ConnectionFailedError):
        await Server(httpx.Response(302, headers={"Location": "::"})).http().get(("x",))


async def test_a_large_answer_is_cut_off_while_it_streams() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    server = Server(lambda _: httpx.Response(200, content=endless()))

    with pytest.raises(UnexpectedBodyError, match="larger than"):
        await server.http(largest_body=10_000).get(("x",))

    assert sent < 20_000


async def test_a_compressed_bomb_is_cut_off_too() -> None:
    body = gzip.compress(b" " * 5_000_000)
    headers = {"Content-Encoding": "gzip"}
    server = Server(lambda _: httpx.Response(200, headers=headers, content=body))

    with pytest.raises(UnexpectedBodyError, match="larger than"):
        await server.http(largest_body=1_000_000).get(("x",))


async def test_an_answer_that_cannot_be_decompressed_is_one_error() -> None:
    headers = {"Content-Encoding": "gzip"}
    server = Server(lambda _: httpx.Response(200, headers=headers, content=raw(b"no gzip")))

    with pytest.raises(UnexpectedBodyError, match="cannot be decompressed"):
        await server.http().get(("x",))

    assert len(server.requests) == 1


async def raw(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.mark.parametrize("key", ["k\u00e9y", "key\r\nX-Other: 1", "two words", "k\x00"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Http("https://r.example", key)

    assert key not in str(error.value)


NO_ADDRESSES = ["", "r.example", "ftp://r.example", "https://", "https://[::1"]


@pytest.mark.parametrize(
    "url", [*NO_ADDRESSES, "https://h:0", "https://h:-1", "http://h:65536", "https://h:99999/x"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Http(url, KEY)


async def test_a_file_that_is_no_certificate_is_refused(tmp_path_factory: object) -> None:
    for ca_file in (__file__, "/no/such/file.pem"):
        http = Http("https://r.example", KEY, ca_file=ca_file)

        with pytest.raises(ConfigurationError, match="RYBBIT_CA_FILE"):
            await http.get(("x",))


async def test_a_proxy_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = ("socks5://127.0.0.1:1", "nonsense://x", f"http://u:{KEY}@127.0.0.1:99999")
    for proxy in (*proxies, "http://[::1"):
        monkeypatch.setenv("ALL_PROXY", proxy)

        with pytest.raises(ConfigurationError, match=r"proxy.*HTTPS_PROXY") as error:
            await Http("https://r.example", KEY).get(("x",))

        assert KEY not in str(error.value)


async def test_the_key_is_in_no_repr_no_error_and_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[httpx.Response | Exception] = [
        httpx.Response(503),
        httpx.ConnectError(f"Bearer {KEY}"),
        httpx.Response(401, json={"error": f"Unauthorized {KEY}"}),
        httpx.Response(500, json={"message": KEY, "error": KEY}),
        httpx.Response(200, text=f"<html>{KEY}"),
        httpx.LocalProtocolError(f"Illegal header value {KEY}"),
    ]
    said: list[str] = []
    for answer in answers:
        client = RybbitClient(
            "https://r.example", KEY, transport=httpx.MockTransport(Server(answer))
        )
        said += [repr(client), repr(client._http), repr(client._connection), str(vars(client))]
        try:
            await client.sites()
        except RybbitError as error:
            said += [str(error), repr(error), error.message, error.hint, str(vars(error))]

    assert len(said) > 8 * len(answers)
    assert not [text for text in said if KEY in text]
    assert caplog.records
    assert not [record for record in caplog.records if KEY in caplog.handler.format(record)]
    assert not [one for one in caplog.records if KEY in str(one.args)]


def compressed(coding: str, sent: bytes) -> Answer:
    headers = {"Content-Encoding": coding}
    return lambda _: httpx.Response(200, headers=headers, content=raw(sent))


async def test_compressed_bodies_are_unpacked_in_pieces_and_twice_compressed_ones_not() -> None:
    plain = b'{"version": "2.7.0", "x": "' + b"y" * 3_000_000 + b'"}'
    deflated = zlib.compress(plain)
    unwrapped = zlib.compressobj(wbits=-15)
    bodies = {
        ("gzip", gzip.compress(plain)): plain,
        ("GZIP ", gzip.compress(plain)): plain,
        ("deflate", deflated): plain,
        ("deflate", unwrapped.compress(plain) + unwrapped.flush()): plain,
        ("identity", plain): plain,
        ("gzip, gzip", gzip.compress(gzip.compress(plain))): None,
        ("br", plain): None,
    }
    for (coding, sent), expected in bodies.items():
        server = Server(compressed(coding, sent))
        if expected is None:
            with pytest.raises(UnexpectedBodyError, match="decompressed"):
                await server.http().get(("x",))
        else:
            assert expected == (await server.http().get(("x",))).body


async def test_a_question_that_ends_sooner_leaves_a_call_less_time() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    http = Http("https://r.example", KEY, transport=httpx.MockTransport(never))
    with anyio.fail_after(0.6), pytest.raises(RequestTimeoutError):
        await http.get(("x",))
