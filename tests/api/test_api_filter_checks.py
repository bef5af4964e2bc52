"""Filters before any server sees them: names, operators, values and patterns."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.filters import OPERATORS, PARAMETERS, Filter, check_filters
from rybbit_mcp.api.matching import as_sent
from rybbit_mcp.api.models import text_of
from rybbit_mcp.api.patterns import (
    PatternError,
    check_pattern,
    compile_patterns,
    duckdb_search,
    length_of,
    literal,
)

SEARCH = duckdb_search()


def refusal(parameter: str, type_: str = "equals", value: object = "x") -> str:
    with pytest.raises(BadRequestError) as error:
        check_filters(
            [Filter.model_validate({"parameter": parameter, "type": type_, "value": value})]
        )
    return str(error.value)


@pytest.mark.parametrize(
    ("given_value", "texts"),
    [
        ("DE", ("DE",)),
        (["DE", "US"], ("DE", "US")),
        (("DE",), ("DE",)),
        (2026, ("2026",)),
        (52.52, ("52.52",)),
        (52.0, ("52",)),
        ([1, "a", 2.5], ("1", "a", "2.5")),
        (True, ("true",)),
        (None, ()),
        ([], ()),
    ],
)
def test_a_value_is_one_text_or_number_or_a_list_of_them(
    given_value: object, texts: tuple[str, ...]
) -> None:
    item = Filter.model_validate({"parameter": "country", "value": given_value})

    assert item.value == texts
    assert item.type == "equals"


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], [["DE"]], [None]])
def test_a_value_of_another_form_is_refused_not_read_as_unknown(value: object) -> None:
    with pytest.raises(ValidationError, match="a text or a number"):
        Filter.model_validate({"parameter": "country", "value": value})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Filter.model_validate({"parameter": "country", "operator": "equals", "value": "DE"})


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("device", "device_type"),
        ("Browser", "browser"),
        ("entrypage", "entry_page"),
        ("page", "pathname"),
        ("utm-source", "utm_source"),
        ("contry", "country"),
        ("os", "operating_system"),
    ],
)
def test_an_unknown_parameter_gets_the_nearest(asked: str, meant: str) -> None:
    assert f"Did you mean {meant}" in refusal(asked)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("is", "equals"), ("!=", "not_equals"), ("like", "contains"), ("startswith", "starts_with")],
)
def test_an_unknown_operator_gets_the_nearest(asked: str, meant: str) -> None:
    assert f"Did you mean {meant}" in refusal("country", asked)


def test_a_hopeless_name_gets_all_of_them() -> None:
    assert all(name in refusal("zzzzzzzz") for name in PARAMETERS)
    assert all(name in refusal("country", "zzzzzzzz") for name in OPERATORS)


@pytest.mark.parametrize("parameter", ["feature_flag:beta", "url_param:ref"])
def test_parameters_that_fail_everywhere_are_named_as_such(parameter: str) -> None:
    assert "every Rybbit version fails" in refusal(parameter)


@pytest.mark.parametrize(
    ("parameter", "type_", "value", "said"),
    [
        ("country", "equals", [], "has no value"),
        ("country", "is_null", ["DE"], "takes no value"),
        ("country", "contains", "", "Use is_null"),
        ("country", "greater_than", "1", "lat and lon only"),
        ("lat", "contains", "5", "is a number"),
        ("lat", "is_null", None, "is a number"),
        ("lat", "equals", "north", "not a coordinate"),
        ("lat", "equals", "nan", "not a coordinate"),
        ("lon", "greater_than", "inf", "not a coordinate"),
        ("lat", "less_than", [1, 2], "takes one value"),
        ("user_id", "is_null", None, "identified_only"),
        ("user_id", "equals", "", "empty value"),
        ("pathname", "equals", "", "empty value"),
        ("event_name", "regex", "", "empty value"),
        ("event_name", "not_equals", ["a", ""], "empty value"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(
    parameter: str, type_: str, value: object, said: str
) -> None:
    assert said in refusal(parameter, type_, value)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?i)blog", "[Bb]log"),
        ("^(?!/blog)", "(?…)"),
        ("(?P<x>blog)", "(?…)"),
        ("(?<=a)b", "(?…)"),
        ("x" * 501, "501 characters"),
        ("🚀" * 251, "502 characters"),
        (r"(a)\1", "escape"),
        (r"\Q[\E", "escape"),
        (r"\k<x>", "escape"),
        ("a\\", "escape"),
        ("[]a]", "begins with ]"),
        ("^*", "repeats ^"),
        (r"\b+", "repeats ^"),
    ],
)
def test_a_pattern_that_javascript_refuses_is_refused_here(pattern: str, said: str) -> None:
    """Source: `(?…)`, length and emptiness as measured; the rest as Node compiles."""
    assert said in refusal("entry_page", "regex", pattern)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("([", "missing ]"),
        ("a)", "unexpected )"),
        ("a++", "bad repetition"),
        ("*a", "no argument"),
        ("a{1001}", "invalid repetition size"),
        (r"\N", "invalid escape"),
    ],
)
def test_a_pattern_that_re2_refuses_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    check_pattern(pattern)

    with pytest.raises(BadRequestError) as error:
        compile_patterns([pattern], SEARCH)

    assert reason in error.value.message


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "[(?]", r"\(\?", "^/blog/", "a|b", "[[:alpha:]]", "^{id}", r"[^\]]+x"]
)
def test_a_pattern_of_both_engines_passes(pattern: str) -> None:
    check_pattern(pattern)
    compile_patterns([pattern], SEARCH)


@given(st.text(st.sampled_from(list(r"ab/.-^$*+?()[]{}|,1:=!<>\dbBw")), max_size=8))
def test_checking_a_pattern_ends_in_a_verdict_and_no_warning(pattern: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check_pattern(pattern)
            SEARCH([pattern], ["x"])
        except (BadRequestError, PatternError):
            return


@given(st.text(max_size=12), st.sampled_from(["contains", "starts_with", "ends_with"]))
def test_a_literal_pattern_finds_its_own_text(text: str, operator: str) -> None:
    if not text or "\0" in text:
        return
    around = {"contains": f"x{text}y", "starts_with": f"{text}y", "ends_with": f"x{text}"}[operator]

    pattern = literal(text, operator)

    assert length_of(pattern) <= 2 * length_of(text) + 1
    assert SEARCH([pattern], [around, ""]) == {around}


def test_a_search_takes_dots_for_line_ends_too_and_any_text() -> None:
    """ClickHouse's `match` does; half characters cannot reach DuckDB as they are."""
    texts = ["a\nb", "a\ud800b", "a\0b", "ab"]

    assert SEARCH(["a.b"], texts) == set(texts[:3])


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("007", "7"),
        ("1e5", "100000"),
        ("0x1F", "31"),
        ("0b11", "3"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+491701234567", "491701234567"),
        ("12345678901234567890", "12345678901234567000"),
        ("123456789012345678901", "123456789012345680000"),
        ("   ", "0"),
        (" 7 ", "7"),
        ("-0", "0"),
        ("Infinity", ""),
        ("-Infinity", ""),
        ("1e999", ""),
        ("0x" + "f" * 300, ""),
        ("", ""),
        ("true", "true"),
        ("null", "null"),
        ("NaN", "NaN"),
        ("1_000", "1_000"),
        ("1,5", "1,5"),
        ("٣", "٣"),
        ("-0x1F", "-0x1F"),
    ],
)
def test_a_text_reads_as_the_server_sends_it(written: str, sent: str) -> None:
    """Source: recorded lists of number-like texts."""
    assert as_sent(written) == sent


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_comes_back_as_the_same_text(number: float) -> None:
    text = text_of(number)

    assert as_sent(as_sent(text)) == as_sent(text)
