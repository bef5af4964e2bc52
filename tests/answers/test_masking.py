from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from random import Random
from time import perf_counter

import pytest
from hypothesis import given, provisional
from hypothesis import strategies as st

from rybbit_mcp.answers.credentials import looks_random
from rybbit_mcp.answers.masking import Masker, canonical
from tests.hostile import HOSTILE


def name(kind: str, value: str) -> str:
    return f"{kind}-{int(sha256(value.encode()).hexdigest(), 16) % 10**9:09d}"


mask = Masker(name)
mask_at_open = Masker()
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
        "ada&#64;example.com",
        "ada&#x40;example.com",
        "ada&commat;example&#46;com",
        "ada&amp;amp;#64;example.com",
        "ada\\u0040example.com",
        "ada%u0040example.com",
        "ada@example%2525252525252Ecom",
        "ada﹫example.com",
        "ada@example．com",
        "ada@example。com",
        "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "ada@example[.]com",
        "ada (at) example (dot) com",
        "ada[at]example[dot]com",
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
        ('"ada.lovelace"@example.com', "email"),
        ('"ada lovelace"@example.com', "email"),
        ("ada.lovelace@localhost", "email"),
        ("ada@[203.0.113.77]", "email"),
        ("ada@[IPv6:2001:db8::1]", "email"),
        ("sean.o'brien@example.com", "email"),
        ("ada&lovelace@example.com", "email"),
        ("ada/lovelace@example.com", "email"),
        ("ada%example.com@relay.example.org", "email"),
        ("sk-ant-api03-abcdefghijkl", "token"),
        ("4111.1111.1111.1111", "card"),
        ("4111–1111–1111–1111", "card"),
        ("4111 - 1111 - 1111 - 1111", "card"),
        ("4111_1111_1111_1111", "card"),
        ("4111/1111/1111/1111", "card"),
        ("４１１１１１１１１１１１１１１１", "card"),
        ("378282246310005", "card"),
        ("DE89 3704 0044 0532 0130 00", "card"),
        ("(555) 123-4567", "phone"),
        ("555-123-4567", "phone"),
        ("00420 601 123 456", "phone"),
        ("0171 2345678", "phone"),
        ("030/1234567", "phone"),
        ("01 23 45 67 89", "phone"),
        ("＋420601123456", "phone"),
        ("+ 420 601 123 456", "phone"),
        ("+49 30 / 1234567", "phone"),
        ("+1 555–123–4567", "phone"),
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
        "/blog/2024/05/10-tips",
        "/code/python",
        "24.11.2026",
        "2026-11-24T10:00:00+01:00",
        "2024-01-01--2024-02-01",
        "01-02-2024 03-04-2025",
        "Opening hours 08-10 12-14 16-18",
        "10.0.19045.2965",
        "1.3.6.1.4.1.311.21.8",
        "1,299.00",
        "1 234 567 890",
        "2019 2020 2021 2022",
        "0.4111111111111111",
        "Order 12345678",
        "1920x1080",
        "ISBN 978-3-16-148410-0",
        "10-20-30-40",
        "5-4-3-2-countdown.html",
        "vec3::add Base64::decode",
        "00:1B:44:11:3A:B7",
        "Windows error 0x80070005",
        "Meet @ noon",
        "chart.js@latest",
        "https://unpkg.com/react@18.2.0/umd/x.js",
        "http://localhost:3000/npm/vue@3",
        "https://medium.com/@ada/how-to",
        "Unexpected token: }",
        "password: required",
        "Password: 8-20 characters",
        "Token: ERC-20 explained",
        "Key: Ctrl+F5",
        "Basic introduction to marketing",
        "code: 404",
        "code=SUMMER2026SALE",
        "state=open",
        "pass=true",
        "/login/forgot-password",
        "/auth/callback",
        "sk-bratislava-centrum-hotel",
        "3 + 4 5 6 7 8 9 10 11 12",
        "a=1&copy=2",
        "Tom &amp; Jerry – The Movie…",
        "日本語 2024年11月24日 ½ ™",
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
    ("before", "secret", "after"),
    [
        ("password: ", "hunter2secret", ""),
        ("Invalid token: ", "k3yS3cr3tXyz9", " given"),
        ("Authorization: Basic ", "YWRhOmh1bnRlcjI=", ""),
        ("refreshToken=", "k3yS3cr3tXyz9", "&x=1"),
        ("idtoken=", "abcdefgh", ""),
        ("clientKey=", "abcdefgh", ""),
        ("pass=", "hunter", ""),
        ("callback?code=", "k3yS3cr3tXyz9", ""),
        ('{"otp":', "482913", "}"),
        ("Your code is ", "482913", ""),
        ('{\\"password\\":\\"', "hunter", '\\"}'),
        ("/reset-password/", "aB3dE6fG9hJ2", "/x"),
        ("hooks.slack.com/services/T0001AAAA/B0001BBBB/", "x1Y2z3W4v5U6t7S8", ""),
    ],
)
def test_a_secret_is_told_by_what_stands_before_it(before: str, secret: str, after: str) -> None:
    assert mask(before + secret + after) == f"{before}{name('token', secret)}{after}"


@pytest.mark.parametrize(
    "text",
    ["card4111111111111111", "4111111111111111x", "no.4111111111111111", "x_4111111111111111"],
)
def test_a_card_number_is_found_among_letters(text: str) -> None:
    assert name("card", "4111111111111111") in mask(text)
    assert "4111111111111111" not in mask(text)


@pytest.mark.parametrize("text", ["tel:5551234567", "phone=5551234567", "see wa.me/5551234567"])
def test_a_plain_number_is_a_phone_where_the_text_says_so(text: str) -> None:
    assert mask(text) == text.replace("5551234567", name("phone", "5551234567"))


def test_a_phone_has_one_name_with_a_plus_and_with_zeros() -> None:
    assert mask("00420 601 123 456") == mask("+420 601-123-456")


@pytest.mark.parametrize(
    "text",
    [
        *("a@" * 5000, "://" * 5000, "https:" * 3000 + "@", "//a:" * 3000 + "@", "1:" * 5000),
        *("1.2." * 5000, "1-2-" * 5000, "4111 " * 5000, "0" * 20000, "+1 (" * 5000, "&amp;" * 5000),
        *("password: " * 3000, "token" * 5000, "/reset/" * 3000, "%25" * 5000, "a" * 20000 + "@"),
        *("[.]" * 5000, '"' * 9999 + "@", "ip=" * 5000, "DE89" * 5000, "0x" * 5000, "f." * 9999),
        *("(030) " * 4000, "2001-db8--" * 2000, "abc/" * 5000 + "@", "ａ" * 9999, "::1" * 3000),
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began_at = perf_counter()
    mask(text)

    assert perf_counter() - began_at < 2


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
        ("203.0.113.77.443 to us", "[ip] to us"),
        ("10.0.0.1.443", "[ip]"),
        ("proxy/1.1.203.0.113.77", "proxy/[ip]"),
        ("2001:db8:85a3::8a2e:370:7334.443", "[ip].443"),
        ("peer 2001:db8:85a3::8a2e:370:7334:lost", "peer [ip]:lost"),
        ("203-0-113-77.dip0.t-ipconnect.de", "[ip].dip0.t-ipconnect.de"),
        ("c-203-0-113-77.isp.example", "c-[ip].isp.example"),
        ("ip-10-0-0-1", "ip-[ip]"),
        ("ec2-10-0-0-1.compute.example", "ec2-[ip].compute.example"),
        ("203_0_113_77", "[ip]"),
        ("2001-db8-85a3--8a2e-370-7334.ipv6-literal.net", "[ip].ipv6-literal.net"),
        ("4.3.3.7.0.7.3.0.e.2.a.8.ip6.arpa", "[ip].ip6.arpa"),
        ("p5b0c7a4d.dip0.t-ipconnect.de", "[ip].dip0.t-ipconnect.de"),
        ("203[.]0[.]113[.]77", "[ip]"),
        ("203 . 0 . 113 . 77", "[ip]"),
        ("203&#46;0&#46;113&#46;77", "[ip]"),
        ("２０３．０．１１３．７７", "[ip]"),
        ("203。0。113。77", "[ip]"),
        ("٢٠٣.٠.١١٣.٧٧", "[ip]"),
        ("²⁰³.⁰.¹¹³.⁷⁷", "[ip]"),
        ("0xcb.0.0x71.77", "[ip]"),
        ("0x203.0.113.77", "[ip]"),
        ("0313.0000.0161.0115", "[ip]"),
        ("http://3405803853/x", "http://[ip]/x"),
        ("http://0xCB00714D:80", "http://[ip]:80"),
        ("http://127.1/", "http://[ip]/"),
        ("ip=3405803853", "ip=[ip]"),
        ('"clientIp": 3405803853', '"clientIp": [ip]'),
    ],
)
def test_an_ip_address_is_marked_at_every_level(text: str, shown: str) -> None:
    assert mask_at_open(text) == shown
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
        assert text not in mask_at_open(before + text + after)


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
