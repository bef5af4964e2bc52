"""JavaScript's view of texts and numbers."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.demo import javascript


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("007", 7),
        ("1e5", 100_000),
        ("0x1F", 31),
        ("0b11", 3),
        ("0o17", 15),
        (".5", 0.5),
        ("5.", 5),
        ("-0", 0),
        ("+491701234567", 491701234567),
        ("12345678901234567890", 12345678901234567000),
        ("1e21", 1e21),
        ("   ", 0),
        (" 42\n", 42),
        ("Infinity", None),
        ("-Infinity", None),
        ("infinity", "infinity"),
        ("NaN", "NaN"),
        ("1_000", "1_000"),
        ("1,5", "1,5"),
        ("٣", "٣"),
        ("-0x1", "-0x1"),
        ("1e", "1e"),
        (".", "."),
        ("10.15.7", "10.15.7"),
        ("\0\0", "\0\0"),
    ],
)
def test_text_becomes_what_number_makes_of_it(text: str, expected: object) -> None:
    munged = javascript.munged(text)

    assert munged == expected
    assert type(munged) is type(expected)


@given(st.floats())
def test_a_number_is_written_as_json_and_read_back(value: float) -> None:
    shown = javascript.json_number(value)

    if math.isfinite(value):
        assert float(json.loads(javascript.encode(shown))) == value
    else:
        assert shown is None


@given(st.text())
def test_any_text_is_kept_or_becomes_a_number_json_can_hold(text: str) -> None:
    munged = javascript.munged(text)

    assert munged == text or not isinstance(munged, str)
    json.dumps(munged, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12", 12), ("2.9", 2), ("5abc", 5), (" 7", 7), ("-3", -3), ("abc", None), ("", None)],
)
def test_integers_are_read_as_far_as_they_go(text: str, expected: int | None) -> None:
    assert javascript.parse_integer(text) == expected


@pytest.mark.parametrize(
    "pattern",
    ["^/blog", "(?:a|b)+", "(?=x)", "(?<!x)y", "(?<name>x)", "[[]", "a{2,}", "a*?", r"\("],
)
def test_sound_regex_has_no_fault(pattern: str) -> None:
    assert javascript.regex_fault(pattern) is None
