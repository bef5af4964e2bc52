"""What JavaScript makes of texts, where a Rybbit answer depends on it."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal

_WHITE_SPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_PREFIXED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_INTEGER_START = re.compile(r"[+-]?[0-9]+")
_NUMBER_STARTS = frozenset("0123456789+-.I" + _WHITE_SPACE)

type_name = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def number(text: str) -> float:
    """Return `Number(text)`; NaN where JavaScript says so."""
    stripped = text.strip(_WHITE_SPACE)
    if not stripped:
        return 0.0
    if _PREFIXED.fullmatch(stripped):
        return float(int(stripped, 0))
    if _DECIMAL.fullmatch(stripped):
        return float(stripped)
    return math.nan


def parse_integer(text: str) -> int | None:
    """Return `parseInt(text)`, None for NaN."""
    match = _INTEGER_START.match(text.lstrip(_WHITE_SPACE))
    return int(match.group()) if match else None


def json_number(value: float) -> int | float | None:
    """Return the number as JSON.stringify writes it: no `.0`, null for infinities."""
    if not math.isfinite(value):
        return None
    if value == int(value) and abs(value) < 1e21:
        return int(Decimal(repr(value)))
    return value


def munged(text: str) -> str | int | float | None:
    """Return the text, or the number that a Rybbit server takes it for.

    Source: every text field of an answer but the ids goes through `Number()`.
    """
    if not text or text[0] not in _NUMBER_STARTS:
        return text
    value = number(text)
    return text if math.isnan(value) else json_number(value)


def text(value: str | float) -> str:
    """Return `String(value)` of a JSON text or number."""
    return value if isinstance(value, str) else str(json_number(value))


def encode(body: object) -> bytes:
    """Return the body as JSON.stringify writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


_GROUP_SYNTAX = re.compile(r"\(\?(?![:=!]|<[=!]|<[A-Za-z_$][\w$]*>)")


def regex_fault(pattern: str) -> str | None:
    """Return what `new RegExp(pattern)` complains about, None where it does not.

    Only the faults that a person is likely to make are told apart.
    """
    fault = _fault(pattern)
    return None if fault is None else f"Invalid regular expression: /{pattern}/: {fault}"


def _fault(pattern: str) -> str | None:
    bare = re.sub(r"\\.", "x", pattern, flags=re.DOTALL)
    if bare.endswith("\\"):
        return "\\ at end of pattern"
    outside = re.sub(r"\[[^\]]*\]", "x", bare)
    if "[" in outside:
        return "Unterminated character class"
    if _GROUP_SYNTAX.search(outside):
        return "Invalid group"
    depth = 0
    for character in outside:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return "Unmatched ')'"
    if depth:
        return "Unterminated group"
    if re.search(r"(?:^|[(|])[*+?](?<!\(\?)|[*+]{2}", outside):
        return "Nothing to repeat"
    return None
