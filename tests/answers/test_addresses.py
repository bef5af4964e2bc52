from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.answers.logins import without_logins
from rybbit_mcp.answers.privacy import Privacy, PrivacyLevel

LEVELS: tuple[PrivacyLevel, ...] = get_args(PrivacyLevel)
PRIVACY = [Privacy(level, b"a key of one installation") for level in LEVELS]
STRICT, STANDARD, OPEN = PRIVACY

LOGINS = [
    "https://ada:hunter2@host.example/x",
    "https://ada@host.example/x",
    "https://ada:hunt/er2@host.example/x",
    "https://ada:hunt?er2@host.example/x",
    "https://ada:hunt#er2@host.example/x",
    "https://ada:hunt(er2@host.example/x",
    "https://ada:hunt'er2@host.example/x",
    'https://ada:hunt"er2@host.example/x',
    "https://ada:hunt@er2@host.example/x",
    "https://ada:hunter2%40host.example/x",
    "https://ada:hunter2&#64;host.example/x",
    "https://ada%3Ahunter2@host.example/x",
    "https%3A%2F%2Fada%3Ahunter2%40host.example%2Fx",
    r"https:\\ada:hunter2@host.example/x",
    "https:/ada:hunter2@host.example/x",
    "https:ada:hunter2@host.example/x",
    "ftp://ada:hunter2@host.example/x",
    "android-app://ada:hunter2@host.example/x",
    "//ada:hunter2@host.example/x",
    r"https:\/\/ada:hunter2@host.example/x",
    "https://other.example/x?ref=https://ada:hunter2@host.example/x",
]


@pytest.mark.parametrize("privacy", PRIVACY, ids=LEVELS)
@pytest.mark.parametrize("address", LOGINS)
def test_no_level_shows_a_login(address: str, privacy: Privacy) -> None:
    shown = [
        privacy.url(address),
        privacy.path(address),
        privacy.path(f"/go/{address}"),
        privacy.query(f"ref={address}"),
        privacy.text(address),
        privacy.text(f"Open {address} now"),
        *(value for _, value in privacy.properties({"link": address})),
        *(value for _, value in privacy.traits({"plan": address})),
    ]

    for text in shown:
        assert not [part for part in ("ada", "hunt", "er2") if part in text], text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada:hunter2@host.example/x", "host.example/x"),
        ("https://ada:hunt", "[login]"),
        ("https://ada:hunt/x", "[login]/x"),
        ("https://host.example:8080/@ada", "host.example:8080/@ada"),
        ("https://host.example:/x", "host.example:/x"),
        ("http://[2001:db8::1]:8443/x", "[ip]:8443/x"),
        ("http://3405803853/x", "[ip]/x"),
        ("http://0xcb.0.0x71.77/", "[ip]"),
        ("http://0313.0.0161.0115/", "[ip]"),
        ("http://127.1:80/", "[ip]:80"),
        ("3405803853", "[ip]"),
        ("203-0-113-77.dip0.t-ipconnect.de", "[ip].dip0.t-ipconnect.de"),
        ("https://203-0-113-77.isp.example/x", "[ip].isp.example/x"),
        ("http://203.0.113.77.nip.io/x", "[ip].nip.io/x"),
    ],
)
def test_a_host_is_shown_without_a_login_and_an_address(address: str, shown: str) -> None:
    assert [privacy.url(address) for privacy in PRIVACY] == [shown] * 3


@pytest.mark.parametrize("key", ["ip", "client_ip", "clientIp", "IPAddress", "ip_address"])
def test_open_shows_no_address_that_only_its_key_tells(key: str) -> None:
    assert dict(OPEN.properties({key: 3405803853}))[key] == "[ip]"
    assert dict(OPEN.properties({key: {"ip": "3405803853"}}))[f"{key}.ip"] == "[ip]"
    assert dict(OPEN.properties({"ship": 3405803853, key: True})) == {
        "ship": "3405803853",
        key: "true",
    }


def test_a_link_to_a_phone_is_masked_below_open() -> None:
    name = STANDARD.pseudonym("phone", "420601123456")

    assert STANDARD.url("https://wa.me/420601123456") == f"wa.me/{name}"
    assert STANDARD.text("chat: https://wa.me/420601123456") == f"chat: wa.me/{name}"
    assert OPEN.url("https://wa.me/420601123456") == "wa.me/420601123456"


def test_a_code_in_a_path_is_masked_below_open() -> None:
    path = "/reset-password/aB3dE6fG9hJ2"
    name = STANDARD.pseudonym("token", "aB3dE6fG9hJ2")

    assert STANDARD.path(path) == STRICT.path(path) == f"/reset-password/{name}"
    assert OPEN.path(path) == path


def test_an_address_of_the_newer_version_loses_its_query_in_a_text() -> None:
    assert STRICT.text("at https://[2001:db8::1]:80/x?q=1") == "at [ip]:80/x"


@given(st.text("a:/@?#\\.[]h1", max_size=40), st.sampled_from(["https://", "//", "x https:/"]))
def test_a_login_is_gone_after_one_pass(text: str, before: str) -> None:
    once = without_logins(before + text)

    assert without_logins(once) == once
