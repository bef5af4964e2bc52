"""Finds the login in an address: `user:password@` before its host."""

from __future__ import annotations

import re

LOGIN = "[login]@"

_WORD = re.compile(r"\S+")
# Browsers take one slash for two, and a backslash for a slash.
_BEFORE_HOST = re.compile(r"(?i)https?:[\\/]*|:\]?[\\/]{2,}|[\\/]{2,}")
_ENCODED_AT = re.compile("%(?:25)*40")
_AFTER_HOST = re.compile(r"""[/\\?#"<>]""")
_PORT = re.compile(r"(?:\[[^\]]*\]|[^:]*)(?::[0-9]{0,5})?")


def without_logins(text: str, mark: str = LOGIN) -> str:
    """The text with `mark` for the login of each address in it.

    A password may contain what no address may, such as a slash: from a colon that no port
    follows, everything up to the last `@` of the word is the login.
    """
    if "@" in text and _BEFORE_HOST.search(text):
        text = _WORD.sub(lambda match: _in_word(match[0], mark), text)
    if "%" in text and _BEFORE_HOST.search(text):
        plain = _ENCODED_AT.sub("@", text)
        shown = _WORD.sub(lambda match: _in_word(match[0], mark), plain)
        return text if shown == plain else shown
    return text


def has_port_only(host: str) -> bool:
    """Whether what follows a colon in this host, if there is one, can be a port."""
    return _PORT.fullmatch(host) is not None


def _in_word(word: str, mark: str) -> str:
    last = word.rfind("@")
    kept = []
    done = 0
    for before in _BEFORE_HOST.finditer(word, 0, last + 1):
        start = before.end()
        needs_colon = ":" not in before[0]
        at = _end_of_login(word, start, needs_colon=needs_colon) if start >= done else None
        if at is not None:
            kept.append(word[done:start] + mark)
            done = at + 1
    return "".join([*kept, word[done:]])


def _end_of_login(word: str, start: int, *, needs_colon: bool) -> int | None:
    """Where the `@` stands that ends the login beginning at `start`."""
    if word.startswith(LOGIN, start):
        return None
    end = _AFTER_HOST.search(word, start)
    host = word[start : end.start() if end else len(word)]
    if needs_colon and ":" not in host:
        return None
    at = host.rfind("@")
    if at < 0 and not has_port_only(host):
        at = word.rfind("@", start) - start
    return start + at if at >= 0 else None
