"""Questions that would tell what a level of privacy keeps out of answers, and are refused.

A filter is compared with what the server holds. Asked letter by letter, or threshold by threshold,
it would spell out an id or a place that no answer shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from rybbit_mcp.answers.privacy import FIELDS, PrivacyLevel, Treatment
from rybbit_mcp.answers.sensitive import kind_of_key
from rybbit_mcp.api.errors import BadRequestError

if TYPE_CHECKING:
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.filters import Filter

_FINER_PLACES = frozenset({"region", "city", "timezone"})
_COORDINATES = frozenset({"lat", "lon"})
_DECIMALS = MappingProxyType({Treatment.TENTH: 1, Treatment.HUNDREDTH: 2})
_WHOLE = frozenset({"equals", "not_equals"})


def unlisted_parameters(level: PrivacyLevel) -> frozenset[str]:
    """The filter parameters of which an answer names no values but the caller's own."""
    coordinates = frozenset[str]() if level == "open" else _COORDINATES
    return _hidden(level) | coordinates | {"user_id"}


def check_filters(filters: Iterable[Filter], level: PrivacyLevel) -> None:
    """Raises BadRequestError: a filter would tell what this level hides."""
    for item in filters:
        if item.parameter in _hidden(level):
            raise BadRequestError(
                f"filters: {item.parameter} is never shown at RYBBIT_PRIVACY={level}, "
                "so it cannot be asked about either.",
                "Filter by country." if item.parameter in _FINER_PLACES else "Leave it out.",
            )
        if item.parameter in _COORDINATES:
            _check_decimals(item, level)
        if item.parameter == "user_id" and level != "open":
            _check_whole(item, level)


def check_visitor(user_id: str, privacy: Privacy) -> None:
    """Raises BadRequestError: at `strict`, an id that no answer printed."""
    if privacy.level == "strict" and user_id and not privacy.is_name(user_id):
        raise BadRequestError(
            "user_id: at RYBBIT_PRIVACY=strict visitors are known by printed names alone.",
            "Give a name as answers print it, such as u482910375.",
        )


def check_amounts(properties: Iterable[str], level: PrivacyLevel) -> None:
    """Raises BadRequestError: below `open`, numbers of a property that points at a person.

    Of a group with a single visit, a sum is the number itself.
    """
    for name in properties:
        if level != "open" and kind_of_key(name, of_person=False) is not None:
            raise BadRequestError(
                f"metrics: {name[:40]!r} reads like something that points at a person, whose "
                f"numbers are not told at RYBBIT_PRIVACY={level}.",
                f"Count the visits with it instead: group_by prop:{name[:40]}.",
            )


def _hidden(level: PrivacyLevel) -> frozenset[str]:
    """The parameters of fields that the level never shows."""
    hidden = frozenset[str]()
    if _treatment("place", level) is Treatment.COUNTRY:
        hidden |= _FINER_PLACES
    if _treatment("coordinates", level) is Treatment.HIDDEN:
        hidden |= _COORDINATES
    if _treatment("query string", level) is Treatment.HIDDEN:
        hidden |= {"querystring"}
    return hidden


def _treatment(name: str, level: PrivacyLevel) -> Treatment:
    field = next(field for field in FIELDS if field.name == name)
    treatment: Treatment = getattr(field, level)
    return treatment


def _check_decimals(item: Filter, level: PrivacyLevel) -> None:
    most = _DECIMALS[_treatment("coordinates", level)]
    for value in item.value:
        if Decimal(value) != round(Decimal(value), most):
            raise BadRequestError(
                f"filters: at RYBBIT_PRIVACY={level} {item.parameter} is told to {most} "
                f"decimal{'s' if most > 1 else ''}, and asked about no finer.",
                f"Round it, as in {item.parameter} greater_than 50.1.",
            )


def _check_whole(item: Filter, level: PrivacyLevel) -> None:
    if item.type not in _WHOLE:
        raise BadRequestError(
            f"filters: user_id {item.type} would spell out an id, which RYBBIT_PRIVACY={level} "
            "keeps back.",
            "Use user_id equals with a name as answers print it, such as u482910375.",
        )
