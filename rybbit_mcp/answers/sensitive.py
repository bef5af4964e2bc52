"""Which keys of traits and event properties hold something that points at a person."""

from __future__ import annotations

import re
from itertools import pairwise

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")

# Masked whatever stands next to them.
_ALWAYS = {
    "email": frozenset({"email", "emails", "mail", "recipient", "sender"}),
    "token": frozenset(
        {"password", "passwd", "pwd", "secret", "token", "credential", "otp", "jwt", "apikey"}
    ),
}
# Masked unless a word next to them says that a thing is meant: `plan_name`, `buttonName`.
_USUALLY = {
    "phone": frozenset(
        {"phone", "tel", "telephone", "mobile", "cell", "fax", "whatsapp", "msisdn"}
    ),
    "address": frozenset(
        {"address", "street", "zip", "zipcode", "postal", "postcode"}
        | {"latitude", "longitude", "lat", "lng", "lon", "ip"}
    ),
    "birth": frozenset({"birth", "birthday", "birthdate", "dob", "born"}),
    "secret": frozenset({"auth", "authorization", "cookie", "pin", "signature"}),
    "card": frozenset({"card", "iban", "bic", "cvc", "cvv", "ssn", "passport", "bank"}),
    "name": frozenset(
        {"name", "firstname", "lastname", "fullname", "username", "nickname", "displayname"}
        | {"surname", "forename", "login", "handle", "nick", "alias"}
    ),
    "profile": frozenset(
        {"avatar", "photo", "picture", "twitter", "facebook", "linkedin", "instagram", "github"}
        | {"gender", "sex", "religion", "ethnicity", "nationality", "bio", "website", "homepage"}
    ),
}
_PEOPLE = frozenset(
    {"user", "customer", "member", "person", "contact", "visitor", "subscriber"}
    | {"patient", "student", "employee"}
)
_HOLDERS = _PEOPLE | {"client", "account", "device", "session", "profile", "lead"}
_IDENTIFIERS = frozenset({"id", "uid", "uuid", "guid", "number", "key", "ref", "hash"})
_JOINED_IDENTIFIERS = frozenset({f"{holder}id" for holder in _HOLDERS})
_THINGS = frozenset(
    {"plan", "product", "event", "page", "file", "campaign", "list", "item", "form", "button"}
    | {"field", "variant", "category", "tag", "tier", "role", "theme", "function", "class"}
    | {"app", "browser", "os", "feature", "experiment", "segment", "template", "section"}
    | {"column", "widget", "component", "step", "goal", "coupon", "sku", "brand", "type"}
    | {"count", "song", "game", "level", "course", "video", "article", "error", "screen"}
    | {"route", "test", "method"}
)
# A short text under one of these, or about a thing, describes a group of visitors.
_GROUPS = frozenset(
    {"plan", "tier", "role", "status", "state", "cohort", "group", "groups", "stage", "tags"}
    | {"lifecycle", "language", "lang", "locale", "country", "region", "currency", "timezone"}
    | {"version", "source", "channel", "medium", "industry", "department", "size", "interests"}
    | {"subscription", "interval", "billing", "license", "edition", "frequency", "platform"}
    | {"vip", "beta", "trial", "paid", "active", "verified", "features", "products", "segments"}
)


def describes_group(key: str) -> bool:
    """Whether a key such as `plan` or `billingInterval` holds what many visitors share."""
    words = {word.casefold() for word in _WORDS.findall(key)}
    return not words.isdisjoint(_GROUPS | _THINGS)


def kind_of_key(key: str, *, of_person: bool) -> str | None:
    """What a key such as `firstName` or `user_id` says its value is, None if nothing personal.

    `of_person` is True for the traits of a visitor, where a bare `id` is the visitor's.
    """
    words = [word.casefold() for word in _WORDS.findall(key)]
    known = {*words, *(first + second for first, second in pairwise(words))}
    about_thing = not known.isdisjoint(_THINGS)
    for kinds in (_ALWAYS,) if about_thing else (_ALWAYS, _USUALLY):
        for kind, members in kinds.items():
            if not known.isdisjoint(members):
                return kind
    return "id" if _is_identifier(words, known, of_person and not about_thing) else None


def _is_identifier(words: list[str], known: set[str], of_person: bool) -> bool:
    if len(words) == 1 and words[0] in _PEOPLE:
        return True
    if not known.isdisjoint(_JOINED_IDENTIFIERS):
        return True
    return not known.isdisjoint(_IDENTIFIERS) and (of_person or not known.isdisjoint(_HOLDERS))
