"""Which characters of a visitor-written text a reader can see, and the text made of them."""

from __future__ import annotations

import re
from unicodedata import category, normalize

MARKS_PER_CHARACTER = 4

# Terminal sequences: CSI, then the string commands (OSC, DCS, SOS, PM, APC) with their end,
# then the two-character ones. No branch can run past an ESC, so the scan stays linear.
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b[0-OQ-WYZ\\`-~]"
)

# Printable by category, yet drawn as nothing: fillers, joiners, blank Braille, variation
# selectors, the null notehead.
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    r"\U0001d159\U000e0100-\U000e01ef]"
)

# An approximation of Extended_Pictographic that never takes in a letter.
_PICTOGRAPH = (
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe"
    r"\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_ONE_EMOJI = rf"{_PICTOGRAPH}\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_JOINER = re.compile(
    rf"(?P<emoji>{_ONE_EMOJI}(?:\u200d{_ONE_EMOJI})*|[0-9#*]\ufe0f\u20e3)|[\u200d\ufe0f]"
)


def visible(text: str) -> tuple[str, int, int]:
    """The text a reader sees, the number of unseen characters and of stacked marks removed.

    Shape: NFC; whitespace of every kind folded to single spaces and stripped (not counted);
    ZWJ and VS16 only inside emoji; at most four combining marks in a row.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()), 0, 0
    kept = _TERMINAL.sub("", text)
    if not kept.isprintable() or _BLANK.search(kept):
        kept = "".join([char for char in kept if _is_kept(char)])
    removed_count = len(text) - len(kept)
    kept = normalize("NFC", kept)
    if "\u200d" in kept or "\ufe0f" in kept:
        kept, stray_count = _without_stray_joiners(kept)
        removed_count += stray_count
    kept, stacked_count = _without_floods(kept)
    return " ".join(kept.split()), removed_count, stacked_count


def _is_kept(char: str) -> bool:
    """Whether one character stays; ZWJ and VS16 stay for now, their neighbours decide."""
    if char in "\u200d\ufe0f" or char.isspace():
        return True
    if _BLANK.match(char):
        return False
    if char.isprintable():
        return True
    # Emoji and ideographs newer than this Python's Unicode tables count as unassigned; their
    # blocks are reserved for exactly that, so they are no hiding place.
    return category(char) == "Cn" and (
        "\U0001f000" <= char <= "\U0001faff" or "\U00020000" <= char <= "\U0003fffd"
    )


def _without_stray_joiners(text: str) -> tuple[str, int]:
    """The text with ZWJ and VS16 only where they hold an emoji together, and the number gone."""
    removed_count = 0
    while True:
        kept = _JOINER.sub(lambda match: match["emoji"] or "", text)
        if kept == text:
            return text, removed_count
        removed_count += len(text) - len(kept)
        # Without the joiner an accent may meet the sign before it and change its nature.
        text = normalize("NFC", kept)


def _without_floods(text: str) -> tuple[str, int]:
    """The text with at most four marks on a character, and the number of marks dropped."""
    if text.isascii():
        return text, 0
    kept = []
    mark_count = 0
    for char in text:
        is_mark = char >= "\u0300" and category(char)[0] == "M" and char != "\ufe0f"
        mark_count = mark_count + 1 if is_mark else 0
        if mark_count <= MARKS_PER_CHARACTER:
            kept.append(char)
    return "".join(kept), len(text) - len(kept)
