"""Reads the `filters` parameter, with the server's validator and its wording."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rybbit_mcp.demo import javascript
from rybbit_mcp.demo.errors import Body, BuilderError, ValidatorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rybbit_mcp.demo.generations import Generation

_FEATURE_FLAG = re.compile(r"feature_flag:[A-Za-z][A-Za-z0-9_.:-]{0,99}")


@dataclass(frozen=True, slots=True)
class Filter:
    """One valid filter; `values` are the texts the server compares with."""

    parameter: str
    operator: str
    values: tuple[str, ...]

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values as JavaScript numbers."""
        return tuple(map(javascript.number, self.values))


def read_filters(generation: Generation, text: str | None) -> tuple[Filter, ...]:
    """Return the filters of a request.

    Raises: BuilderError for what is not JSON, ValidatorError for another shape.
    """
    if not text:
        return ()
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        raise BuilderError("Invalid JSON format") from None
    if not isinstance(parsed, list):
        raise ValidatorError([_wrong_type("array", parsed, [])])
    issues: list[Body] = []
    for place, item in enumerate(parsed):
        issues += _issues(generation, item, place)
    if issues:
        raise ValidatorError(issues)
    return tuple(
        Filter(item["parameter"], item["type"], tuple(map(javascript.text, item["value"])))
        for item in parsed
    )


def _issues(generation: Generation, item: object, place: int) -> list[Body]:
    if not isinstance(item, dict):
        return [_wrong_type("object", item, [place])]
    issues: list[Body] = []
    parameter = item.get("parameter")
    if not _is_known(generation, parameter):
        path = [place, "parameter"]
        if generation.has_site_routes:
            issues.append(
                {
                    "validation": "regex",
                    "code": "invalid_string",
                    "message": "Invalid",
                    "path": path,
                }
            )
        else:
            issues.append(_not_in_list(generation.filter_parameters, item, "parameter", path))
    if item.get("type") not in generation.operators:
        issues.append(_not_in_list(generation.operators, item, "type", [place, "type"]))
    if not isinstance(item.get("value"), list):
        value = item.get("value", _UNDEFINED)
        issues.append(_wrong_type("array", value, [place, "value"]))
        return issues
    for index, value in enumerate(item["value"]):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            path = [place, "value", index]
            issues.append(_not_text_or_number(value, path))
    return issues


def _is_known(generation: Generation, parameter: object) -> bool:
    if not isinstance(parameter, str):
        return False
    if generation.has_site_routes and _FEATURE_FLAG.fullmatch(parameter):
        return True
    return parameter in generation.filter_parameters


_UNDEFINED = object()


def _type_name(value: object) -> str:
    return "undefined" if value is _UNDEFINED else javascript.type_name[type(value)]


def _wrong_type(expected: str, value: object, path: list[Any]) -> Body:
    received = _type_name(value)
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "path": path,
        "message": "Required"
        if received == "undefined"
        else f"Expected {expected}, received {received}",
    }


def _not_in_list(
    options: tuple[str, ...], item: Mapping[str, Any], key: str, path: list[Any]
) -> Body:
    quoted = " | ".join(f"'{option}'" for option in options)
    value = item.get(key, _UNDEFINED)
    if not isinstance(value, str):
        received = _type_name(value)
        return {
            "expected": quoted,
            "received": received,
            "code": "invalid_type",
            "path": path,
            "message": "Required"
            if received == "undefined"
            else f"Expected {quoted}, received {received}",
        }
    return {
        "received": value,
        "code": "invalid_enum_value",
        "options": list(options),
        "path": path,
        "message": f"Invalid enum value. Expected {quoted}, received '{value}'",
    }


def _not_text_or_number(value: object, path: list[Any]) -> Body:
    return {
        "code": "invalid_union",
        "unionErrors": [
            {"issues": [_wrong_type(expected, value, path)], "name": "ZodError"}
            for expected in ("string", "number")
        ],
        "path": path,
        "message": "Invalid input",
    }
