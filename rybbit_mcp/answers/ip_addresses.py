"""Finds IP addresses in a folded text, also where a host's name spells one."""

from __future__ import annotations

import re

MARK = "[ip]"

# Browsers read each part as decimal, octal or hexadecimal, and take fewer parts than four.
_PART = r"(?:0[xX][0-9a-fA-F]++|[0-9]++)"
_DIGIT = re.compile("[0-9]")
_DOTTED = re.compile(rf"(?<![0-9])(?<![0-9]\.){_PART}(?:(?:\.| \. ){_PART}){{3,}}+")
_DASHED = re.compile(
    r"(?P<before>\b[iI][pP][-_])?(?<![0-9])(?<!(?<![A-Za-z])[0-9][-_])"
    r"[0-9]{1,3}([-_])(?:[0-9]{1,3}\2){2}[0-9]{1,3}(?![0-9])(?!\2[0-9])"
    r"(?P<host>(?=(?:[\w-]{0,63}\.){2,8}[A-Za-z]{2}))?"
)
_COLONS = re.compile(r"(?<![0-9A-Za-z.:])[0-9A-Za-z.]*+(?::[0-9A-Za-z.]*+){2,}+")
_DASHED6 = re.compile(
    r"(?<![0-9A-Za-z-])[0-9A-Fa-f]{1,4}(?:--?[0-9A-Fa-f]{1,4}){2,7}(?:--)?(?:s[0-9]{1,3})?"
    r"(?![0-9A-Za-z-])"
)
_MIXED = re.compile(r"(?<![0-9A-Fa-f])(?=[0-9]*[A-Fa-f])(?=[A-Fa-f]*[0-9])[0-9A-Fa-f]")
_REVERSED = re.compile(r"(?i)(?<![0-9a-z.])(?:[0-9a-f]\.){4,32}(?=ip6\.arpa)")
_PROVIDER = re.compile(r"(?<![0-9A-Za-z])p[0-9a-f]{8}(?=\.dip)")
_NUMERIC_HOST = re.compile(
    r"(?<=:[/\\][/\\])(?P<login>(?:\[login\]@)?)"
    rf"{_PART}(?:\.{_PART}){{0,3}}+\.?(?=[:/\\?#\s\"'<>()\[\],;]|$)"
)
_BARE_HOST = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}\.?(?P<port>(?::[0-9]*)?)")
_ASSIGNED = re.compile(
    r"(?P<before>(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:ip(?:[_ -]?addr(?:ess)?)?"
    r"|remote[_ -]?addr(?:ess)?)[\"']?\s?[:=]\s?[\"']?)"
    r"(?P<number>[1-9][0-9]{7,9}|0[xX][0-9A-Fa-f]{8})(?![0-9A-Za-z])"
)
_KEY = re.compile(r"(?:^|[^A-Za-z]|(?<=[a-z])(?=I))[iI][pP](?:v?[46])?(?:[_ -]?[aA]ddr(?:ess)?)?$")


def without_ip_addresses(text: str) -> str:
    """The text with each IP address, of either version and however written, as `[ip]`."""
    if not _DIGIT.search(text):
        return text
    if text.count(":") >= 2:
        text = _COLONS.sub(_colons, text)
    if "." in text:
        text = _PROVIDER.sub(MARK, _REVERSED.sub(f"{MARK}.", text))
        text = _DOTTED.sub(_dotted, text)
    if "-" in text or "_" in text:
        text = _DASHED.sub(_dashed, text)
    if "--" in text or text.count("-") >= 7:
        text = _DASHED6.sub(_dashed6, text)
    if ":" in text or "=" in text:
        text = without_numeric_hosts(text)
        text = _ASSIGNED.sub(rf"\g<before>{MARK}", text)
    return text.replace(f"[{MARK}]", MARK)


def without_numeric_hosts(text: str) -> str:
    """The text with `[ip]` for each host of an address that consists of numbers."""
    return _NUMERIC_HOST.sub(rf"\g<login>{MARK}", text)


def numeric_host(host: str) -> str:
    """The host as `[ip]` where it is an address in less than four numbers; else unchanged."""
    match = _BARE_HOST.fullmatch(host)
    return f"{MARK}{match['port']}" if match else host


def is_whole_address(key: str, value: object) -> bool:
    """Whether a value is an IP address written as one number, by what its key says."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not _KEY.search(key):
        return False
    return _ASSIGNED.fullmatch(f"ip={value}") is not None


def _dotted(match: re.Match[str]) -> str:
    """A run of numbers: an address alone, before a port, or among other numbers.

    Five small numbers and more are a version or an object identifier.
    """
    parts = match[0].replace(" ", "").split(".")
    fits = [_is_octet(part) for part in parts]
    if len(parts) == 4:
        return MARK if all(fits) else match[0]
    before_port = len(parts) == 5 and all(fits[:4]) and not fits[4]
    for start in range(len(parts) - 3):
        long = sum(map(len, parts[start : start + 4])) >= 7
        if all(fits[start : start + 4]) and (long or before_port):
            return MARK
    return match[0]


def _dashed(match: re.Match[str]) -> str:
    """Four numbers joined by hyphens: an address in the name of a host, or if they are long."""
    before = match["before"] or ""
    parts = re.split("[-_]", match[0][len(before) :])
    long = sum(map(len, parts)) >= 8 and max(map(len, parts)) == 3
    if not all(map(_is_octet, parts)) or not (long or before or match["host"] is not None):
        return match[0]
    return before + MARK


def _dashed6(match: re.Match[str]) -> str:
    # A pair of dates (2026-01-01--2026-02-01) would parse too, but has no part like `8a2e`.
    text = match[0].partition("s")[0]
    return MARK if _MIXED.search(text) and _is_ipv6(text.replace("-", ":")) else match[0]


def _colons(match: re.Match[str]) -> str:
    """A run of characters and colons with each address in it masked.

    An address can follow a label (`client:2001:db8::1`), and be followed by a colon, a stop, a
    port or another word.
    """
    parts = match[0].split(":")
    kept: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(min(len(parts), start + 10), start + 2, -1):
            address, rest = _address_and_rest(parts[start:end])
            if address:
                kept.append(MARK + rest)
                start = end
                break
        else:
            kept.append(parts[start])
            start += 1
    return ":".join(kept)


def _address_and_rest(parts: list[str]) -> tuple[str, str]:
    """The address that these parts are, and what follows it after a stop; `""` if they are none."""
    if len(parts) < 7 and "" not in parts:
        return "", ""
    text = ":".join(parts)
    # Only digits tell an address from a name in code such as `dead::beef`.
    if not _DIGIT.search(text):
        return "", ""
    if _is_ipv6(text):
        return text, ""
    last, stop, rest = parts[-1].partition(".")
    shorter = ":".join([*parts[:-1], last])
    return (shorter, stop + rest) if stop and _is_ipv6(shorter) else ("", "")


def _is_ipv6(text: str) -> bool:
    # Imported here because few texts come this far.
    from ipaddress import IPv6Address

    # Leading zeros make an address for a reader, though not for the parser.
    plain = re.sub(r"(?<![\dA-Fa-f:])0+(?=\d)", "", text) if "." in text else text
    try:
        IPv6Address(plain)
    except ValueError:
        return False
    return True


def _is_octet(part: str) -> bool:
    """Whether a reader or a browser can take a number for one of the four of an address."""
    if part[:2] in {"0x", "0X"}:
        digits = part[2:].lstrip("0")
        # A reader can also take `0x` for what stands before the address.
        return len(digits) <= 2 or (digits.isdecimal() and len(digits) == 3 and int(digits) <= 255)
    digits = part.lstrip("0") or "0"
    if len(digits) > 3:
        return False
    is_octal = part != digits and not set(digits) & {"8", "9"}
    return int(digits) <= 255 or (is_octal and int(digits, 8) <= 255)
