"""Finds what identifies or authorizes somebody inside a text, and puts a name in its place."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rybbit_mcp.answers.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable

# Nothing below can match a text without one of these. Most texts have none.
_SUSPECT = re.compile(
    r"[@＠=+%]|\d\.\d|:[0-9A-Za-z.]*:|[\w-]{16}|\d[ -]\d|[\"'] ?:|(?i:bearer )|eyJ|://"
)

# Every repetition is bounded or anchored at the start of a run, so that the time grows with the
# length of the text and not with its square.
_EMAIL = re.compile(
    r"(?:[^\W_]|[._+~!#$*^|-]|%(?!(?:25)*40)[0-9A-Fa-f]{2}){1,64}"
    r"(?:@|＠|%(?:25)*40)(?!\dx\.)"
    r"(?:(?:[^\W_]|[-_]){1,63}\.){1,126}(?:[^\W\d_])(?:[^\W_]|-){1,62}"
)
_LOGIN = re.compile(r"(?<=://)(?!\[login\])[^\s/@?#]{1,256}@")
_JWT = re.compile(r"(?<!\w)eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")
_KNOWN_KEY = re.compile(
    r"(?<!\w)(?:(?:sk|pk|rk|rb|whsec|gh[opsur]|github_pat)_|(?:glpat|xox[abprs])-|SG\."
    r"|AKIA|ASIA|AIza)[\w.-]{16,}"
)
_ASSIGNED = re.compile(
    r"(?i)(?<![a-z])(?P<before>(?:(?:api|access|auth|csrf|secret|private|session|client)[_-]?)?"
    r"(?:key|token|secret|password|passwd|pwd|auth|signature|sig|otp|session(?:[_-]?id)?|"
    r"j?sid|phpsessid|jsessionid)(?:=|[\"'] ?: ?[\"']))"
    r"(?P<secret>(?![a-z]+-\d{9}\b)[^\s&;,\"'<>()\[\]]{3,})"
)
_BEARER = re.compile(r"(?i)\b(?P<before>bearer )(?P<secret>(?![a-z]+-\d{9}\b)[\w.~+/=-]{8,})")
_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])")
_RUN = re.compile(r"(?<![\w+-])[\w+-]{16,}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F]{20,}")
_CARD = re.compile(r"(?<![\w.-])[2-6][0-9](?:[ -]?[0-9]){11,17}(?![\w-])")
_PHONE = re.compile(r"(?<![\w+])\+[0-9](?:[ ().-]{0,2}[0-9]){7,14}(?!\d)")
_IPV4 = re.compile(r"(?<!\d)(?<!\d\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?!\.?\d)")
_COLONS = re.compile(r"[0-9A-Za-z.]{0,40}:[0-9A-Za-z.]{0,40}:[0-9A-Za-z:.]{0,60}")


class Masker:
    """Replaces e-mail addresses, secrets, card and phone numbers by names, IP addresses by a mark.

    `name(kind, value)` gives the name; the same value gets the same one wherever it stands.
    """

    __slots__ = ("_name",)

    def __init__(self, name: Callable[[str, str], str]) -> None:
        self._name = name

    def __call__(self, text: str) -> str:
        """The text with everything that identifies or authorizes somebody masked."""
        return _decoded_too(text, self._plain)

    def _plain(self, text: str) -> str:
        # What stands next to a masked part can take part in another match.
        for _ in range(4):
            masked = self._once(text) if _SUSPECT.search(text) else text
            if masked == text:
                break
            text = masked
        return text

    def _once(self, text: str) -> str:
        text = _LOGIN.sub("[login]@", text)
        text = _JWT.sub(self._token, text)
        text = _KNOWN_KEY.sub(self._token, text)
        if "@" in text or "＠" in text or "%" in text:
            text = _EMAIL.sub(self._email, text)
        text = _ASSIGNED.sub(self._assigned, text)
        text = _BEARER.sub(self._assigned, text)
        text = _UUID.sub(self._token, text)
        text = _RUN.sub(self._random_run, text)
        text = _CARD.sub(self._card, text)
        text = _PHONE.sub(self._phone, text)
        return _without_ip_addresses(text)

    def _token(self, match: re.Match[str]) -> str:
        return self._name("token", match[0])

    def _assigned(self, match: re.Match[str]) -> str:
        return match["before"] + self._name("token", match["secret"])

    def _email(self, match: re.Match[str]) -> str:
        # One address has one name however it was written: encoded, wide, in capitals.
        return self._name("email", canonical("email", _decoded(match[0])))

    def _random_run(self, match: re.Match[str]) -> str:
        return self._token(match) if looks_random(match[0]) else match[0]

    def _card(self, match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        return self._name("card", digits) if _passes_luhn(digits) else match[0]

    def _phone(self, match: re.Match[str]) -> str:
        return self._name("phone", canonical("phone", match[0]))


def mask_ip_addresses(text: str) -> str:
    """The text with each IP address, of either version and also percent-encoded, as `[ip]`."""
    return _decoded_too(text, _without_ip_addresses)


def canonical(kind: str, value: str) -> str:
    """The value in the one spelling that decides its name."""
    if kind == "email":
        return value.replace("＠", "@").casefold()
    if kind == "phone":
        return re.sub(r"\D", "", value) or value
    return value


def looks_random(run: str) -> bool:
    """Whether an unbroken run of characters looks like a key rather than like words.

    Hexadecimal from 20 digits on; otherwise 20 characters or more in which digits and letters of
    either case alternate as they do by chance. Words joined by hyphens or capitals do not.
    """
    if any(not part.isalpha() for part in _HEX.findall(run)):
        return True
    longest = max(re.split(r"[^A-Za-z0-9]+", run), key=len)
    if len(run) < 20 or len(longest) < 12:
        return False
    kinds = "".join(
        "d" if char.isdigit() else "u" if char.isupper() else "l"
        for char in run
        if char.isascii() and char.isalnum()
    )
    changes = sum(left != right for left, right in pairwise(kinds))
    digit_groups = len(re.findall("d+", kinds))
    return changes >= 0.3 * len(kinds) and (digit_groups >= 2 or len(run) >= 40)


def _decoded(text: str) -> str:
    """The text with percent-encoding undone, also where it was encoded up to three times."""
    for _ in range(3):
        if "%" not in text:
            break
        text = unquote(text)
    return visible(text)[0]


def _decoded_too(text: str, mask: Callable[[str], str]) -> str:
    """The masked text; the masked decoded text where only decoding shows what is in it."""
    text = visible(text)[0]
    if "%" in text:
        decoded = _decoded(text)
        masked = mask(decoded)
        if masked != decoded:
            return masked
    return mask(text)


def _without_ip_addresses(text: str) -> str:
    if text.count(":") >= 2:
        text = _COLONS.sub(_without_ipv6, text)
    text = _IPV4.sub(lambda match: "[ip]" if _is_ip_address(match[0]) else match[0], text)
    return text.replace("[[ip]]", "[ip]")


def _without_ipv6(match: re.Match[str]) -> str:
    """The run of characters and colons with the address in it masked, if there is one.

    An address can follow a label (`client:2001:db8::1`) and be followed by a colon or a stop.
    """
    run = match[0]
    end = len(run.rstrip(".")) if run.endswith("::") else len(run.rstrip(":."))
    starts = [0, *(index + 1 for index, char in enumerate(run) if char == ":")]
    for start in starts:
        candidate = run[start:end]
        if candidate.count(":") < 2:
            break
        if any(char.isdigit() for char in candidate) and _is_ip_address(candidate):
            return run[:start] + "[ip]" + run[end:]
    return run


def _is_ip_address(text: str) -> bool:
    # Imported here because few texts come this far.
    from ipaddress import ip_address

    # Leading zeros make an address for a reader, though not for the parser.
    plain = re.sub(r"(?<![\dA-Fa-f:])0+(?=\d)", "", text) if "." in text else text
    try:
        ip_address(plain)
    except ValueError:
        return False
    return True


def _passes_luhn(digits: str) -> bool:
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
