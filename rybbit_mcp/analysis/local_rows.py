"""A page of the session list as rows of a table, taken apart inside DuckDB.

The engine reads plain rows alone: texts, whole numbers and times written as Rybbit writes them.
Any other row is odd and left to the models, which are slower and know every peculiarity, so that
both together give what the models give for all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rybbit_mcp.analysis.duckdb_relations import VISIT_COLUMNS

_ONLY_FILTERED_BY = frozenset({"screen_height", "timezone", "lat", "lon"})

KEPT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {name: kind for name, kind in VISIT_COLUMNS.items() if name not in _ONLY_FILTERED_BY}
)
"""The columns of `visits` that questions look at; filters were applied before."""

_API_NAMES: Mapping[str, str] = MappingProxyType(
    {"started_at": "session_start", "ended_at": "session_end", "duration_s": "session_duration"}
)
"""What the API calls a column, where that is another name."""

_TEXTS = tuple(
    name for name, kind in KEPT_COLUMNS.items() if kind == "VARCHAR" and name != "session_id"
)
_COUNTS = tuple(name for name, kind in KEPT_COLUMNS.items() if kind == "BIGINT")

_TIME = (
    r"[12][0-9]{3}-[01][0-9]-[0-3][0-9] (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{3})?"
)
_PLAIN_NUMBERS = (
    rf"^{_TIME}\x01{_TIME}"
    rf"(?:\x01(?:0|[1-9][0-9]{{0,8}})){{{len(_COUNTS)}}}\x01(?:0|[1-9][0-9]{{0,4}})$"
)
"""All counts, none of them unknown, and a screen that can be one."""
_NUMBER = r"-?[0-9]+(?:[.][0-9]*)?(?:[eE][-+]?[0-9]+)?"
_NO_NUMBER = r"-?(?i:nan|inf|infinity)"
_ODD_ID = rf"{_NUMBER}|{_NO_NUMBER}|true|false|[{{\[][^\x01]*|\x00*"
"""What is not surely a text: numbers, `true`, objects and lists are no ids."""
_ODD_TEXT = "|".join(
    (
        r"-?[0-9]+(?:[.][0-9]*)?[eE][-+]?[0-9]+",  # 1e21, which Python writes another way
        r"-?[0-9]+[.][0-9]*0",  # 7.0 is 7 if it was a number, and stays if it was a text
        r"-?0[.]0000[0-9]*",  # Python writes an exponent
        r"-?[0-9.]{16,}",  # more digits than a number keeps
        r"-0",
        _NO_NUMBER,
        r"[{\[][^\x01]*",  # an object or a list, or a text that looks like one
        r"\x00[^\x01]*",
    )
)
_ODD_TEXTS = rf"^(?:{_ODD_ID})\x01|\x01(?:{_ODD_TEXT})(?:\x01|$)"
_UNKNOWN_COUNTRY = "chr(0) || chr(0)"


def page_query() -> str:
    """The query that takes pages apart; parameters are their texts, and a number for each.

    Shape: `page` (the number), `place` (from 0), the kept columns, NULL for what is unknown, and
    `is_odd`: whether the models must read the row, then the other columns mean nothing.
    """
    shape = ", ".join(f'"{_API_NAMES.get(name, name)}": "VARCHAR"' for name in KEPT_COLUMNS)
    cells = ", ".join(f'cell."{_API_NAMES.get(name, name)}" AS "{name}"' for name in KEPT_COLUMNS)
    values = ", ".join(f'{_value(name)} AS "{name}"' for name in KEPT_COLUMNS)
    return f"""
        WITH page AS (
            SELECT page, from_json(body, '{{"data": [{{{shape}}}]}}').data AS listed
            FROM (SELECT unnest(?::VARCHAR[]) AS body, unnest(?::INTEGER[]) AS page)
        ),
        listed AS (
            SELECT page, unnest(listed) AS cell, generate_subscripts(listed, 1) - 1 AS place
            FROM page
        ),
        cells AS (SELECT page, place, {cells} FROM listed)
        SELECT page, place, {values}, {_is_odd()} AS is_odd FROM cells
    """  # noqa: S608 - made of our own names alone


def known(name: str) -> str:
    """A kept column with what is unknown as the models have it."""
    kind = KEPT_COLUMNS[name]
    if kind == "TIMESTAMP":
        return name
    if kind != "VARCHAR":
        return f"coalesce({name}, 0)"
    if name == "country":
        return f"CASE WHEN country = {_UNKNOWN_COUNTRY} THEN '' ELSE coalesce(country, '') END"
    return f"coalesce({name}, '')"


def odd_rows_query() -> str:
    """The query for the JSON of single rows of a page; parameters are its text and the places."""
    return """
        WITH page AS (
            SELECT json_extract(body, '$.data[*]') AS listed FROM (SELECT unnest([?]) AS body)
        ),
        listed AS (
            SELECT unnest(listed) AS row_json, generate_subscripts(listed, 1) - 1 AS place FROM page
        )
        SELECT place, row_json FROM listed WHERE list_contains(?::INTEGER[], place) ORDER BY place
    """


def _value(name: str) -> str:
    kind = KEPT_COLUMNS[name]
    if kind == "TIMESTAMP":
        return f"TRY_CAST({name} AS TIMESTAMP)"
    if kind != "VARCHAR":
        return f"TRY_CAST({name} AS INTEGER)"
    return name


def _is_odd() -> str:
    """Whether a row is not plain; each expression is a pass over all rows, so they are few."""
    texts = ", ".join(name for name in _TEXTS if name != "country")
    country = f"nullif(country, {_UNKNOWN_COUNTRY})"
    screen = "coalesce(screen_width, '0')"
    # Unknown as soon as one of them is: a row without a count is none of these.
    numbers = " || chr(1) || ".join(("started_at", "ended_at", *_COUNTS, screen))
    all_texts = f"concat_ws(chr(1), session_id, {texts}, {country}, '')"
    plain = (
        "session_id IS NOT NULL",
        "TRY_CAST(started_at AS TIMESTAMP) IS NOT NULL",
        "TRY_CAST(ended_at AS TIMESTAMP) IS NOT NULL",
        f"regexp_matches({numbers}, {_literal(_PLAIN_NUMBERS)})",
        f"NOT regexp_matches({all_texts}, {_literal(_ODD_TEXTS)}, 's')",
    )
    return f"NOT coalesce({' AND '.join(plain)}, false)"


def _literal(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"
