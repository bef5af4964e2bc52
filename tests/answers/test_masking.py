from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest
from hypothesis import given, provisional
from hypothesis import strategies as st

from rybbit_mcp.answers.masking import Masker, canonical, looks_random, mask_ip_addresses
from tests.hostile import HOSTILE


def name(kind: str, value: str) -> str:
    return f"{kind}-{int(sha256(value.encode()).hexdigest(), 16) % 10**9:09d}"


mask = Masker(name)
ADA = name("email", "ada@example.com")


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "Ada@Example.COM",
        "ada%40example.com",
        "ada%2540example.com",
        "ada＠example.com",
        "a\u200bda@exam\u00adple.com",
    ],
)
def test_one_address_has_one_name_however_it_is_written(text: str) -> None:
    assert mask(f"mail {text}!") == f"mail {ADA}!"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("zoë@exämple.de", "email"),
        ("first.last+tag@mail.example.co.uk", "email"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP", "token"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "token"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "token"),
        ("AKIAIOSFODNN7EXAMPLE", "token"),
        ("3f2b8c1e-1111-4222-8333-444455556666", "token"),
        ("d41d8cd98f00b204e9800998ecf8427e", "token"),
        ("aB3dE5gH7jK9mN1pQ3rS", "token"),
        ("12345678901234567890", "token"),
        ("4111 1111 1111 1111", "card"),
        ("5500-0055-5555-5559", "card"),
        ("+49 170 1234567", "phone"),
        ("+1 (555) 123-4567", "phone"),
    ],
)
def test_what_identifies_or_authorizes_somebody_becomes_a_name(text: str, kind: str) -> None:
    masked = mask(f"x {text} y")

    assert masked.startswith(f"x {kind}-")
    assert masked.endswith(" y")
    assert len(masked) == len(f"x {kind}-123456789 y")


@pytest.mark.parametrize(
    "text",
    [
        "/product/42",
        "10.15.7",
        "1.2.3.4.5",
        "12:30:45",
        "2026-11-24T01:56:32.123Z",
        "std::string a::b",
        "app.js:10:5",
        "How-To-Build-2-Things-With-Python-In-2026",
        "AddToCartButtonClickedV2OnPage",
        "hotel-praha-2026-11-24-standard-room",
        "SKU-2024-XL-0098-BLUE-0001",
        "logo@2x.png",
        "react@18.2.0",
        "1764000000000",
        "4111 1111 1111 1112",
        "300.1.1.1",
        "monkey=banana",
        "100% of 50%",
        "follow @ada",
        "L" * 100,
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert mask(text) == text


def test_a_named_secret_loses_its_value_and_keeps_its_name() -> None:
    assert mask("failed: token=abc123&x=1") == f"failed: token={name('token', 'abc123')}&x=1"
    assert mask('{"password":"hunter2"}') == f'{{"password":"{name("token", "hunter2")}"}}'
    assert mask("Bearer abcdefghijk") == f"Bearer {name('token', 'abcdefghijk')}"
    assert mask("https://ada:pw@shop.example/x") == "https://[login]@shop.example/x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from 1.2.3.4.", "from [ip]."),
        ("v1.2.3.4", "v[ip]"),
        ("001.002.003.004", "[ip]"),
        ("client:2001:db8::1", "client:[ip]"),
        ("[2001:db8::1]:443", "[ip]:443"),
        ("fe80::1%eth0", "[ip]%eth0"),
        ("::ffff:10.0.0.1", "[ip]"),
        ("2001:db8::1.", "[ip]."),
        ("2001:db8:1::", "[ip]"),
        ("1%2E2%2E3%2E4", "[ip]"),
    ],
)
def test_an_ip_address_is_marked_at_every_level(text: str, shown: str) -> None:
    assert mask_ip_addresses(text) == shown
    assert mask(text) == shown


@given(
    st.ip_addresses(v=4) | st.ip_addresses(v=6),
    st.sampled_from(["", "from ", "ip=", "(", "addr:"]),
    st.sampled_from(["", " ok", ")", ",", "/64"]),
)
def test_no_ip_address_gets_through(
    address: IPv4Address | IPv6Address, before: str, after: str
) -> None:
    text = str(address)
    # Only digits tell an address from a name in code such as `dead::beef`.
    if any(char.isdigit() for char in text) and text not in {"::", "::1"}:
        assert text not in mask_ip_addresses(before + text + after)


@given(
    st.text("abzABZ019._+~!#$*^|-", min_size=1, max_size=20),
    provisional.domains(),
    st.text(max_size=10),
    st.text(max_size=10),
)
def test_no_plain_email_address_gets_through(
    local: str, domain: str, before: str, after: str
) -> None:
    assert f"{local}@{domain}" not in mask(f"{before} {local}@{domain} {after}")


@given(
    st.one_of(
        st.text(max_size=60),
        st.text("ab1.@:=-+ %40token&4", max_size=60),
        st.sampled_from(list(HOSTILE.values())),
    )
)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text)

    assert mask(once) == once


def test_most_random_keys_are_recognized() -> None:
    random = Random(7)
    keys = [
        urlsafe_b64encode(random.randbytes(24)).decode()
        if index % 2
        else random.randbytes(16).hex()
        for index in range(1000)
    ]

    assert sum(mask(key) != key for key in keys) >= 950


def test_words_are_not_taken_for_keys() -> None:
    assert looks_random("a1b2c3d4e5f6g7h8i9j0")
    assert not looks_random("a1b2c3d4")
    assert not looks_random("TheQuickBrownFoxJumps")
    assert not looks_random("ABCDEFABCDEFABCDEFABCDEF")


def test_one_spelling_decides_the_name() -> None:
    assert canonical("phone", "+49 170-12") == "4917012"
    assert canonical("phone", "unknown") == "unknown"
    assert canonical("email", "ADA@x.example") == "ada@x.example"
    assert canonical("name", "Ada") == "Ada"


def test_a_json_text_keeps_its_shape() -> None:
    record = {"mail": "ada@example.com", "n": 3}

    assert json.loads(mask(json.dumps(record))) == {"mail": ADA, "n": 3}
