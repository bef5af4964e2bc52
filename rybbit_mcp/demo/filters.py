"""Turns filters into SQL conditions, with what each generation gets wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rybbit_mcp.demo import javascript
from rybbit_mcp.demo.errors import BuilderError, EngineError

if TYPE_CHECKING:
    from rybbit_mcp.demo.filter_rules import Filter
    from rybbit_mcp.demo.generations import Generation
    from rybbit_mcp.demo.windows import Window

_COMPARISONS = {
    "greater_than": ">",
    "less_than": "<",
    "greater_than_or_equal": ">=",
    "less_than_or_equal": "<=",
}
_NEGATIVES = ("not_equals", "not_contains")
_MAX_REGEX_LENGTH = 500
# the tolerance of a comparison of coordinates, in degrees
_NEARBY = 0.001
_ANY_EVENT = "session_id IN (SELECT session_id FROM events WHERE {scope} AND ({condition}))"
_END_PAGE = (
    "session_id IN (SELECT session_id FROM (SELECT session_id, "
    "{end}(pathname, event_no) AS end_pathname FROM events WHERE {scope} GROUP BY session_id) "
    "WHERE {condition})"
)
_COMPUTED = {
    # domain without www.
    "referrer": r"regexp_extract(referrer, '^[a-z+.-]+://(?:www\.)?([^/:?#]+)', 1)",
    "city": "region || '-' || city",
    "dimensions": "screen_width || 'x' || screen_height",
    "browser_version": "browser || ' ' || browser_version",
    "operating_system_version": "CASE operating_system || ' ' || operating_system_version "
    "WHEN 'Windows 10' THEN 'Windows 10/11' "
    "ELSE operating_system || ' ' || operating_system_version END",
    # two NULs equal an empty text where the country has a fixed width
    "country": "rtrim(country, chr(0))",
}


@dataclass(slots=True)
class Conditions:
    """Conditions joined by AND, and the values bound to their question marks."""

    sql: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, sql: str, *values: object) -> None:
        """Add one condition."""
        self.sql.append(f"({sql})")
        self.values += values

    @property
    def clause(self) -> str:
        """The conditions, each after an AND."""
        return "".join(f" AND {condition}" for condition in self.sql)


class FilterBuilder:
    """Writes the conditions of one request on one site."""

    def __init__(
        self, generation: Generation, site_id: int, window: Window, *, is_list: bool
    ) -> None:
        self._generation = generation
        self._is_list = is_list
        self._scope = f"site_id = ? {window.sql}"
        self._scope_values: tuple[object, ...] = (site_id, *window.values)
        self._conditions = Conditions()

    def build(self, filters: tuple[Filter, ...]) -> Conditions:
        """Return the conditions on visits (of a list) or on events (of locations).

        Raises: BuilderError, EngineError where the server fails.
        """
        for wanted in filters:
            self._add(wanted)
        return self._conditions

    def _add(self, wanted: Filter) -> None:
        parameter = wanted.parameter
        any_event = {"event_name"} if not self._is_list else self._generation.any_event_parameters
        if parameter in any_event:
            self._add_any_event(wanted)
        elif parameter in ("entry_page", "exit_page"):
            self._add_end_page(wanted)
        elif parameter == "user_id" and self._add_user(wanted):
            return
        elif not self._is_list and parameter in ("country", "city", "lat", "lon"):
            raise EngineError(
                f"Aggregate function any({parameter}) AS {parameter} is found in WHERE in query. ",
                "184",
            )
        elif parameter in ("lat", "lon"):
            self._add_coordinate(wanted)
        else:
            self._add_plain(wanted)

    def _add_any_event(self, wanted: Filter) -> None:
        condition, values = self._compare(wanted.parameter, wanted)
        self._conditions.add(
            _ANY_EVENT.format(scope=self._scope, condition=condition),
            *self._scope_values,
            *values,
        )

    def _add_end_page(self, wanted: Filter) -> None:
        # the first or last event of any type, unlike the field of the same name
        first_or_last = "arg_min" if wanted.parameter == "entry_page" else "arg_max"
        condition, values = self._compare("end_pathname", wanted, is_page=True)
        self._conditions.add(
            _END_PAGE.format(end=first_or_last, scope=self._scope, condition=condition),
            *self._scope_values,
            *values,
        )

    def _add_user(self, wanted: Filter) -> bool:
        letter, operator = self._generation.letter, wanted.operator
        if letter == "A":
            return False
        if operator in ("is_null", "is_not_null"):
            nothing = "user_id = '' AND identified_user_id = ''"
            self._conditions.add(nothing if operator == "is_null" else f"NOT ({nothing})")
            return True
        if operator not in ("equals", "not_equals") and letter != "B":
            return False
        if not wanted.values:
            raise EngineError("Syntax error: failed at position 1 (')')")
        # B knows equality and takes everything else for its opposite
        is_equality = operator == "equals"
        one = "user_id = ? OR identified_user_id = ?"
        pairs = [value for value in wanted.values for _ in range(2)]
        anyone = " OR ".join([one] * len(wanted.values))
        self._conditions.add(anyone if is_equality else f"NOT ({anyone})", *pairs)
        return True

    def _add_coordinate(self, wanted: Filter) -> None:
        parameter, operator = wanted.parameter, wanted.operator
        if operator in _COMPARISONS:
            number = self._first_number(wanted)
            self._conditions.add(f"{parameter} {_COMPARISONS[operator]} ?", number)
            return
        if operator not in ("equals", "not_equals"):
            raise EngineError("Illegal type Float64 of argument of function like", "43")
        if not wanted.values:
            raise EngineError("Syntax error: failed at position 1 (')')")
        numbers = [number for number in wanted.numbers if not math.isnan(number)]
        near = " OR ".join([f"{parameter} BETWEEN ? AND ?"] * len(numbers)) or "false"
        bounds = [bound for number in numbers for bound in (number - _NEARBY, number + _NEARBY)]
        is_negated = operator == "not_equals" and self._generation.is_strict
        self._conditions.add(f"NOT ({near})" if is_negated else near, *bounds)

    def _first_number(self, wanted: Filter) -> float:
        number = wanted.numbers[0] if wanted.values else math.nan
        if math.isnan(number):
            value = wanted.values[0] if wanted.values else "undefined"
            raise BuilderError(f"Invalid numeric value for {wanted.operator} filter: {value}")
        return number

    def _add_plain(self, wanted: Filter) -> None:
        parameter, generation = wanted.parameter, self._generation
        is_flag = parameter.startswith("feature_flag:")
        if parameter in generation.missing_columns or (
            self._is_list and (is_flag or parameter in generation.missing_in_list)
        ):
            raise EngineError(f"Unknown expression identifier `{parameter}`", "47")
        if wanted.operator in _COMPARISONS:
            self._first_number(wanted)
            raise EngineError("There is no supertype for types String, UInt8", "386")
        if is_flag:
            expression = "''"  # no event of the demo carries a flag
        elif parameter.startswith("utm_") and not self._is_list:
            expression = f"coalesce(url_parameters['{parameter}'], '')"
        else:
            expression = _COMPUTED.get(parameter, parameter)
        condition, values = self._compare(expression, wanted)
        self._conditions.add(condition, *values)

    def _compare(
        self, expression: str, wanted: Filter, *, is_page: bool = False
    ) -> tuple[str, list[object]]:
        operator, letter = wanted.operator, self._generation.letter
        if operator == "is_null":
            return f"({expression}) = ''", []
        if operator == "is_not_null":
            return f"({expression}) <> ''", []
        if operator in ("regex", "not_regex"):
            is_unknown = is_page or wanted.parameter == "event_name"
            if letter == "B" and is_unknown:
                raise EngineError("Syntax error: failed at position 1 ('undefined')")
            negation = "NOT " if operator == "not_regex" else ""
            return f"{negation}regexp_matches({expression}, ?)", [_pattern(wanted)]
        if not wanted.values:
            raise EngineError("Syntax error: failed at position 1 (')')")
        if operator in _COMPARISONS:
            compared = [f"({expression}) {_COMPARISONS[operator]} ?"] * len(wanted.values)
            return " OR ".join(compared), list(wanted.values)
        is_negative = operator in _NEGATIVES
        joiner = " AND " if is_negative and self._generation.is_strict else " OR "
        one = self._one(f"({expression})", operator)
        return joiner.join([one] * len(wanted.values)), list(wanted.values)

    def _one(self, expression: str, operator: str) -> str:
        negation = "NOT " if operator in _NEGATIVES else ""
        if operator in ("equals", "not_equals"):
            return f"{negation}{expression} = ?"
        if self._generation.is_strict:
            function = {"starts_with": "starts_with", "ends_with": "suffix"}.get(
                operator, "contains"
            )
            return f"{negation}{function}({expression}, ?)"
        # % and _ of the value are wildcards before D
        pattern = {"starts_with": "? || '%'", "ends_with": "'%' || ?"}.get(
            operator, "'%' || ? || '%'"
        )
        return f"{negation}{expression} LIKE ({pattern}) ESCAPE '\\'"


def _pattern(wanted: Filter) -> str:
    """Return the first value, the only one a server looks at."""
    pattern = wanted.values[0] if wanted.values else ""
    if not pattern:
        raise BuilderError("Regex pattern cannot be empty")
    if fault := javascript.regex_fault(pattern):
        raise BuilderError(f"Invalid regex pattern: {fault}")
    if len(pattern) > _MAX_REGEX_LENGTH:
        raise BuilderError("Regex pattern too long (max 500 characters)")
    return pattern
