"""Finds what identifies or authorizes somebody inside a text, and puts a name in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rybbit_mcp.answers.characters import visible
from rybbit_mcp.answers.credentials import without_credentials, without_secret_segments
from rybbit_mcp.answers.folding import folded
from rybbit_mcp.answers.ip_addresses import without_ip_addresses, without_numeric_hosts
from rybbit_mcp.answers.logins import without_logins
from rybbit_mcp.answers.numbers import phone_digits, without_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

# Nothing can be found in a text of short words without one of the signs below, without numbers
# that stand near each other, and without what can come before a secret. Most texts are such.
_DULL = re.compile(
    "(?:[A-Z]?[a-z]++(?![A-Za-z0-9])|[A-Za-z0-9]{1,11}+(?![A-Za-z0-9])"
    "|[ /.,!?'\"()|_#*\u2010-\u2023-]++"
    "|[\u00b7\u00c0-\u017e\u0391-\u0482\u048a-\u052f\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff]++"
    "|[:&](?= ))*+"
)
_SUSPECT = re.compile(
    r"[0-9]{7}|[0-9][^0-9A-Za-z]{1,3}[0-9]|[\"'0-9] ?:|: [^ ]*[0-9]"
    r"|(?i:eyJ|sk-|earer |basic | is |at\)|dot\)|\.dip)"
)

# Every repetition is bounded or anchored at the start of a run, so that the time grows with the
# length of the text and not with its square.
_LOCAL = r"(?:[^\W_]|[._+~!#$*^|-]|%(?!(?:25)*40)|(?<=\w)'(?=\w))"
_DOMAIN = (
    r"(?:(?:(?:[^\W_]|[-_]){1,63}\.){1,126}(?:[^\W\d_])(?:[^\W_]|-){1,62}"
    r"|\[(?i:ipv6:)?[0-9A-Fa-f:.]{3,60}\]|\[ip\]"
    r"|(?i:localhost|localdomain|local|corp|intranet|internal|lan)(?![\w-]|\.\w))"
)
_EMAIL = re.compile(
    # A mailbox with a slash or an ampersand; one after `?x=1&` or a folder's name starts there.
    rf"(?:(?<![^\s\"'<(\[])(?:[\w.+-]{{1,64}}[/&])?{_LOCAL}{{1,64}}|{_LOCAL}{{1,64}}"
    rf"|\"[^\"]{{1,64}}\")@(?![0-9]x\.){_DOMAIN}"
)


class Masker:
    """Replaces e-mail addresses, secrets, card and phone numbers by names, IP addresses by a mark.

    `name(kind, value)` gives the name; the same value gets the same one wherever it stands.
    Without `name` only IP addresses and logins are replaced.
    """

    __slots__ = ("_name",)

    def __init__(self, name: Callable[[str, str], str] | None = None) -> None:
        self._name = name

    def __call__(self, text: str) -> str:
        """The text with everything that identifies or authorizes somebody masked.

        Shape: where only a folded copy shows what is in the text, the masked copy.
        """
        text = " ".join(text.split())
        if _is_dull(text):
            return text
        text = visible(text)[0]
        # What stands next to a masked part can take part in another match.
        for _ in range(4):
            masked = self._once(text)
            if masked == text:
                break
            text = masked
        return text

    def path(self, path: str) -> str:
        """The path with each segment masked by itself, so that a slash is never part of a match."""
        if "//" in path:
            path = without_numeric_hosts(path)
        if self._name is not None:
            path = without_secret_segments(path, self._name)
        return "/".join([self(segment) for segment in path.split("/")])

    def _once(self, text: str) -> str:
        text = without_logins(text)
        plain = folded(text)
        if plain is not text:
            masked = self._plain(without_logins(plain))
            if masked != plain:
                return masked
        return self._plain(text)

    def _plain(self, text: str) -> str:
        if self._name is not None:
            if "@" in text:
                text = _EMAIL.sub(self._email, text)
            text = without_credentials(text, self._name)
            text = without_numbers(text, self._name)
        return without_ip_addresses(text)

    def _email(self, match: re.Match[str]) -> str:
        assert self._name is not None
        return self._name("email", canonical("email", match[0]))


def canonical(kind: str, value: str) -> str:
    """The value in the one spelling that decides its name."""
    if kind == "email":
        return folded(value).casefold()
    if kind == "phone":
        return phone_digits(value) or value
    return value


def _is_dull(text: str) -> bool:
    """Whether there is nothing to find, decided quickly and on the safe side."""
    return _DULL.fullmatch(text) is not None and not _SUSPECT.search(text)
