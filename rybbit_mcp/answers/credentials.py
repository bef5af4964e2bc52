"""Finds passwords, keys and other secrets in a folded text."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_JWT = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")
_KNOWN_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:(?:sk|pk|rk|rb|whsec|gh[opsur]|github_pat|shp(?:at|ss|ca|pa)|dop_v1)_"
    r"|(?:glpat|xox[abprs])-|SG\.|AKIA|ASIA|AIza)[\w.-]{16,}"
    r"|sk-(?:ant|proj|svcacct|admin|or)-[\w-]{8,})"
)
_NOT_NAMED = r"(?![a-z]+-[0-9]{9}\b)"
# After other letters only at a capital: `refreshKey`, not `monkey`.
_HUMP = r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
_NAME = (
    r"(?:(?P<sure>(?i:password|passwd|passphrase|passcode|pwd|secret|token|credentials?"
    rf"|phpsessid|jsessionid"
    rf"|(?:your|verification|security|login|confirmation) code)|{_HUMP}(?i:pass|otp|pin))"
    rf"|(?P<likely>{_HUMP}(?i:(?:(?:api|access|auth|csrf|secret|private|session|client)[_-]?)?key"
    r"|auth|signature|sig|session(?:[_-]?id)?|j?sid))"
    rf"|(?P<maybe>{_HUMP}(?i:code|ticket|nonce|state)))"
)
_ASSIGNED = re.compile(
    rf"(?P<before>{_NAME}(?:=|\\?[\"'] ?: ?\\?[\"']))"
    rf"(?P<secret>{_NOT_NAMED}(?:[^\s&;,\"'<>()\[\]\\]|\\(?![\"'])){{3,}})"
)
_SAID = re.compile(
    rf"(?P<before>{_NAME}(?:\\?[\"'])?(?: ?: ?|(?i: is )))"
    rf"(?P<secret>{_NOT_NAMED}[^\s&;,\"'<>()\[\]{{}}\\]{{3,}})"
)
_BEARER = re.compile(
    r"(?P<before>(?i:\bbearer |\bauthorization[\"']?\s?[:=]\s?[\"']?(?:basic|token|digest|apikey) )"
    r"|(?i:\bbasic )(?=[A-Za-z0-9+/]{7,}=))"
    rf"(?P<secret>{_NOT_NAMED}[\w.~+/=-]{{8,}})"
)
_IN_PATH = re.compile(
    r"(?i)(?P<before>(?<![a-z])(?:reset|verif|confirm|activat|magic|invit|unsubscribe|recover"
    r"|password|token|login|signin|auth|oauth|share)[a-z_-]{0,30}/"
    r"|/services/T[0-9A-Z]{5,20}/B[0-9A-Z]{5,20}/)"
    rf"(?P<secret>{_NOT_NAMED}[\w.~=-]{{8,}})"
)
_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])")
_RUN = re.compile(r"(?<![\w+-])[\w+-]{16,}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F]{20,}")
# Written about more often than told.
_WORDY = re.compile("(?i)token|secret|credential")
_NO_VALUE = frozenset({"true", "false", "null", "none", "undefined", "required", "invalid"})


def without_credentials(text: str, name: Callable[[str, str], str]) -> str:
    """The text with names for what opens a door: passwords, keys, tokens, codes."""

    def token(match: re.Match[str]) -> str:
        return name("token", match[0])

    def secret(match: re.Match[str]) -> str:
        return match["before"] + name("token", match["secret"])

    text = _KNOWN_KEY.sub(token, _JWT.sub(token, text))
    if "=" in text or ":" in text or " " in text:
        text = _BEARER.sub(secret, text)
        text = _ASSIGNED.sub(lambda found: secret(found) if _is_given(found) else found[0], text)
        text = _SAID.sub(lambda found: secret(found) if _is_told(found) else found[0], text)
    text = without_secret_segments(text, name)
    text = _UUID.sub(token, text)
    return _RUN.sub(lambda found: token(found) if looks_random(found[0]) else found[0], text)


def without_secret_segments(path: str, name: Callable[[str, str], str]) -> str:
    """The path with a name for the code behind a segment such as `reset-password`."""
    if "/" not in path:
        return path
    return _IN_PATH.sub(
        lambda found: (
            found["before"] + name("token", found["secret"])
            if _is_mixed(found["secret"]) or looks_random(found["secret"])
            else found[0]
        ),
        path,
    )


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


def _is_given(match: re.Match[str]) -> bool:
    """Whether what follows `name=` or `"name":"` is a secret."""
    secret = match["secret"]
    if match["maybe"]:
        return _is_mixed(secret) or looks_random(secret)
    return secret.casefold() not in _NO_VALUE


def _is_told(match: re.Match[str]) -> bool:
    """Whether what follows `name: ` is a secret and no word of the sentence."""
    secret = match["secret"]
    if not match["sure"] or _WORDY.search(match["sure"]):
        return _is_mixed(secret) or looks_random(secret)
    has_digit = any(char.isdigit() for char in secret)
    has_letter = any(char.isalpha() for char in secret)
    return len(secret) >= 4 and has_digit and (has_letter or secret.isdigit())


def _is_mixed(secret: str) -> bool:
    """Whether a short text has digits and letters of both cases, as codes have."""
    return (
        len(secret) >= 8
        and any(char.isdigit() for char in secret)
        and any(char.isupper() for char in secret)
        and any(char.islower() for char in secret)
    )
