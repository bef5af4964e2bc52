"""A text in the spelling that browsers and readers take it for."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import decimal, normalize
from urllib.parse import unquote

from rybbit_mcp.answers.characters import visible

_ROUNDS = 4
_ESCAPE = re.compile(r"\\(?:u00|x)([0-9A-Fa-f]{2})|%u00([0-9A-Fa-f]{2})")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});?|&[A-Za-z][A-Za-z0-9]{1,30};")
_BROKEN = re.compile(r"\[([.:@])\]|(?i: ?(?:\((at|dot)\)|\[(at|dot)\]) ?)")
# What stands for itself: Latin, Greek, Cyrillic, Hebrew, Arabic, Japanese, Chinese and Korean
# letters, and the punctuation of titles.
_LOOK_ALIKE = re.compile(
    "[^\x00-\xb1\xb4-\xb8\xba-\u017e\u0180-\u02ff\u0370-\u05ff\u0620-\u065f\u2010-\u2023\u2025\u2026"
    "\u3003-\u30ff\u4e00-\u9fff\uac00-\ud7a3]"
)
_FULL_STOPS = frozenset("\u3002\uff61\u06d4\u2024")


def folded(text: str) -> str:
    """The text without encodings, and with ASCII for the characters that only look unlike it.

    Shape: percent-encoding, `\\u0040`, HTML entities, `[.]` and `(at)` undone, however often they
    were applied; wide, raised and foreign digits, letters and signs as plain ones; other
    characters as they were. The same object comes back where there is nothing to fold.
    """
    for _ in range(_ROUNDS):
        before = text
        if "%" in text:
            text = unquote(re.sub(r"%(?:25)+", "%", text))
        if "\\" in text or "%u" in text:
            text = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
        if "&" in text:
            text = _without_entities(text)
        if "]" in text or ")" in text:
            text = _BROKEN.sub(_mended, text)
        if not text.isascii() and _LOOK_ALIKE.search(text):
            text = _LOOK_ALIKE.sub(lambda match: _plain(match[0]), text)
        if text == before:
            break
        text = visible(text)[0]
    return text


def unescaped(address: str) -> str:
    """The address without entities that its `#` would tear apart."""
    if "&#" not in address:
        return address
    return re.sub(
        r"&#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});",
        lambda match: _without_entities(match[0]),
        address,
    )


def _without_entities(text: str) -> str:
    if not _ENTITY.search(text):
        return text
    # Imported here because few texts come this far.
    from html import unescape

    return _ENTITY.sub(
        lambda match: unescape(match[0]), re.sub(r"(?i)&(?:amp;|#38;|#x26;)+", "&", text)
    )


def _mended(match: re.Match[str]) -> str:
    word = (match[1] or match[2] or match[3]).lower()
    return {"at": "@", "dot": "."}.get(word, word)


@lru_cache(maxsize=1024)
def _plain(char: str) -> str:
    """The ASCII character that this one looks like, or several with a digit; else itself."""
    if char in _FULL_STOPS:
        return "."
    digit = decimal(char, None)
    if digit is not None:
        return str(digit)
    plain = normalize("NFKC", char)
    if plain in _FULL_STOPS:
        return "."
    is_readable = plain.isascii() and (len(plain) == 1 or any(part.isdigit() for part in plain))
    return plain if is_readable else char
