"""The one gate that visitor-written text passes on its way into an answer.

Referrers, titles, paths, campaign tags, event names, properties, traits and user agents are
writable by anybody who can send a hit, so all of them are hostile until `Gate.text` returned.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rybbit_mcp.answers.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable

ELLIPSIS = "…"

# What the overwhelming share of cells is made of: scripts without combining marks, and no
# character that markup could start with. Such text is already clean.
_WORD = (
    r"[A-Za-z0-9/_.,;+=%&?()'\"#@$*~^{}|\\>\[\-"
    r"\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ff\u0400-\u0482\u048a-\u052f"
    r"\u2010-\u2027\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3"
    r"\uff01-\uff5e\U0001f300-\U0001faff]"
)
_ORDINARY = re.compile(rf"(?:{_WORD}++(?: {_WORD}++)*+)?")

_TAG = re.compile(r"<(?=[A-Za-z/!?|])")
_SCHEME = re.compile(r":(?=\\?/\\?/)")
_FOLLOWED_SCHEME = re.compile(rf"{_SCHEME.pattern}(?!//(?:\s|$))")
_MAIL_SCHEME = re.compile(r"(?i)(mailto|xmpp)\\?:(?=[\w%+.-])")
_WWW = re.compile(r"(?i)(?<![a-z0-9])(www)\\?\.")
_LINK_TEXT = re.compile(r"\](?=[(\[:])")
# Some readers look for addresses once entities are characters.
_ENTITY = re.compile(r"&(?=#[0-9xX]|[A-Za-z][A-Za-z0-9]{1,31};)")
_IN_CALL = re.compile(
    r"`|<(?=[A-Za-z/!?|])|:(?=\\*/)|(?i:(?<=mailto)|(?<=xmpp)):|(?i:(?<=www))\.|(?<=!)\["
    r"|(?<=\])[(\[:]|&(?=#|[A-Za-z])"
)
_NOT_ASCII = re.compile(r"[^ -~]")


def inert(text: str) -> str:
    """A visitor's text with everything broken that Markdown or HTML would turn into markup.

    Shape: as `unlinked`; besides, a backtick becomes `'`, `→` becomes `->`, because answers
    write their own steps with it, and also a `://` at the end is broken. Emphasis (`**`, `~~`)
    stays: it hides nothing and leads nowhere.
    """
    text = text.replace("`", "'").replace("→", "->")
    return unlinked(_SCHEME.sub("[:]", text))


def unlinked(text: str) -> str:
    """The text with everything broken that leads somewhere or that a reader loads or hides.

    Shape: `<` before a letter, `/`, `!`, `?` or `|` becomes `‹`; `![` becomes `! [`; `](`, `][`
    and `]:` get a space after the bracket; `://` before anything but a space becomes `[:]//`,
    `www.` becomes `www[.]`, `mailto:` becomes `mailto[:]`; the `&` of an entity gets a space. A
    bare e-mail address stays as it is: following it sends nothing.
    Source: the inline syntax of CommonMark 0.31, the autolinks of GitHub Flavored Markdown, and
    those of readers that look for addresses after entities have become characters.
    """
    text = _TAG.sub("‹", text)
    if "&" in text:
        text = _ENTITY.sub("& ", text)
    text = _FOLLOWED_SCHEME.sub("[:]", text)
    text = _MAIL_SCHEME.sub(r"\1[:]", text)
    text = _WWW.sub(r"\1[.]", text)
    return _LINK_TEXT.sub("] ", text.replace("![", "! ["))


@lru_cache(maxsize=4096)
def outgoing(text: str) -> str:
    """A line or a cell as it leaves in an answer or an error, whoever wrote the words in it.

    Shape: one line of visible characters, `unlinked`. What passed the gate stays as it is.
    """
    return text if _is_ordinary(text) else unlinked(visible(text)[0])


@lru_cache(maxsize=64)
def outgoing_call(text: str) -> str:
    """A call as it leaves in an answer: the same call, with nothing in it that links.

    Shape: what `outgoing` would change stands as an escape of JSON (`:` as `\\u003a`), so that
    the arguments stay what they are.
    """
    text = _IN_CALL.sub(_escaped, text)
    return text if visible(text)[0] == text else _NOT_ASCII.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    return f"\\u{ord(char):04x}" if char.isascii() else json.dumps(char)[1:-1]


def shorten(text: str, limit: int) -> str:
    """The text, or its beginning and `…`, in at most `limit` code points.

    The cut falls between whole characters: an accent stays on its letter, an emoji of several
    code points and a flag stay whole or go.
    """
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    end = limit - 1
    while end > 0 and _inside_character(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _inside_character(text: str, index: int) -> bool:
    """Whether a cut before `text[index]` would split what a reader sees as one character."""
    from unicodedata import category

    following, before = text[index], text[index - 1]
    if following.isascii():
        return False
    if category(following)[0] == "M" or following == "\u200d" or before == "\u200d":
        return True
    if "\U0001f3fb" <= following <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= following <= "\U0001f1ff":
        start = index
        while start > 0 and "\U0001f1e6" <= text[start - 1] <= "\U0001f1ff":
            start -= 1
        return (index - start) % 2 == 1
    return False


def as_text(value: object) -> str:
    """Any JSON value as text; containers as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, dict | list | tuple):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        return str(value)
    except (ValueError, TypeError, RecursionError):
        return f"({type(value).__name__} that cannot be shown)"


class Gate:
    """Cleans the visitor-written texts of one answer and counts what it removed."""

    __slots__ = ("removed_count", "stacked_count")

    def __init__(self) -> None:
        self.removed_count = 0
        self.stacked_count = 0

    def text(
        self, value: object, *, limit: int = 80, mask: Callable[[str], str] | None = None
    ) -> str:
        """The value as one clean line of at most `limit` code points; `""` for nothing.

        Shape: NFC, visible characters only, single spaces, no tab, no line break, no markup.
        `mask` (a method of `Privacy`) sees the text after invisible characters are gone, so that
        they cannot hide an address, and before it is shortened, so that no half of one shows.
        """
        if value == "":  # most campaign tags
            return ""
        text = value if isinstance(value, str) else as_text(value)
        if not _is_ordinary(text):
            text, removed_count, stacked_count = visible(text)
            self.removed_count += removed_count
            self.stacked_count += stacked_count
        if mask is not None:
            text = visible(mask(text))[0]
        return shorten(text if _is_ordinary(text) else inert(text), limit)

    def note(self) -> str | None:
        """One sentence on what was removed, or None when nothing was."""
        parts = []
        if self.removed_count:
            plural = "" if self.removed_count == 1 else "s"
            parts.append(f"{self.removed_count} invisible or control character{plural}")
        if self.stacked_count:
            plural = "" if self.stacked_count == 1 else "s"
            parts.append(f"{self.stacked_count} stacked accent{plural}")
        return f"{' and '.join(parts)} removed from visitor-written text" if parts else None


@lru_cache(maxsize=4096)
def _is_ordinary(text: str) -> bool:
    """Whether the text is clean as it stands, decided quickly and on the safe side."""
    return (
        _ORDINARY.fullmatch(text) is not None
        and "www" not in text.lower()
        and not ("&" in text and _ENTITY.search(text))
    )
