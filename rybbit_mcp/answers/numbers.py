"""Finds the numbers of cards, accounts and phones in a folded text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A year, a hyphen and a name's nine digits are too few for any of these; so are dates.
_DASH = r"\u2010-\u2015\u2212-"
_CARD = re.compile(r"(?<![\w.-])[2-6][0-9](?:[ -]?[0-9]){11,17}(?![\w-])")
_CARD_IN_GROUPS = re.compile(
    rf"(?<![0-9])(?<![0-9]\.)(?:[2-6][0-9]{{3}}(?P<gap> [{_DASH}] |[ ._/{_DASH}]?)"
    r"[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}"
    rf"|3[47][0-9]{{2}}(?P<gap2> [{_DASH}] |[ ._/{_DASH}]?)[0-9]{{6}}(?P=gap2)[0-9]{{5}})(?![0-9])"
)
_BRAND = re.compile(
    r"4[0-9]{15}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|(?:6|35)[0-9]{14,15}"
)
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![A-Za-z0-9])"
)

_GAP = rf"[ ()./{_DASH}]{{0,3}}"
_DATE = (
    r"(?:(?:19|20)[0-9]{2}[-./ ][0-9]{1,2}[-./ ]|[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ](?:19|20)[0-9]{2})"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w+])\+ ?(?!{_DATE})[0-9](?:{_GAP}[0-9]){{7,14}}(?![0-9])"
    rf"|(?<![\w.,:/+-])00 ?[1-9](?:[ ()/{_DASH}]{{0,3}}[0-9]){{7,13}}(?![0-9])"
)
_NATIONAL = re.compile(
    # (555) 123-4567, (030) 123 45 67
    rf"(?<![\w(])\(0?[0-9]{{2,4}}\) ?[0-9]{{2,8}}(?:[ .{_DASH}][0-9]{{2,5}}){{0,3}}"
    r"(?![\w-]|[.,:][0-9])"
    # 555-123-4567
    rf"|(?<![\w.+-])[2-9][0-9]{{2}}(?P<gap>[ .{_DASH}])(?!000)[0-9]{{3}}(?P=gap)[0-9]{{4}}"
    r"(?![\w-]|[.,:][0-9])"
    # 0171 2345678, 030/123 45 67
    rf"|(?<![\w.,:/+-])0[1-9][0-9]{{1,4}} ?[ /{_DASH}] ?[0-9]{{3,8}}"
    rf"(?:[ {_DASH}][0-9]{{2,6}}){{0,2}}(?![\w-]|[.,:/][0-9])"
    # 01 23 45 67 89
    rf"|(?<![\w.,:/+-])0[1-9](?P<gap2>[ .{_DASH}])[0-9]{{2}}(?:(?P=gap2)[0-9]{{2}}){{3}}"
    r"(?![\w-]|[.,:/][0-9])"
)
_NAMED = re.compile(
    r"(?P<before>(?<![A-Za-z])(?i:tel|telephone|phone|telefon|mobile?|fax|sms|callto|whatsapp)"
    r"(?:[\"']?\s?[:=]\s?[\"']?|\. ?)|(?i:\bwa\.me/))"
    rf"(?P<number>\+?[0-9](?:{_GAP}[0-9]){{6,14}})(?![0-9])"
)


def without_numbers(text: str, name: Callable[[str, str], str]) -> str:
    """The text with names for the numbers of cards, bank accounts and phones."""

    def card(match: re.Match[str]) -> str:
        digits = re.sub(r"[^0-9]", "", match[0])
        return name("card", digits) if _passes_luhn(digits) else match[0]

    def card_in_groups(match: re.Match[str]) -> str:
        return card(match) if _BRAND.fullmatch(re.sub(r"[^0-9]", "", match[0])) else match[0]

    def account(match: re.Match[str]) -> str:
        plain = match[0].replace(" ", "")
        return name("card", plain) if _is_iban(plain) else match[0]

    def phone(match: re.Match[str]) -> str:
        # Numbers that are added up are shorter.
        is_sum = match[0].startswith("+ ") and not re.search("[0-9]{3}", match[0])
        return match[0] if is_sum else name("phone", phone_digits(match[0]))

    def national_phone(match: re.Match[str]) -> str:
        return phone(match) if 9 <= len(phone_digits(match[0])) <= 12 else match[0]

    text = _IBAN.sub(account, text)
    text = _CARD_IN_GROUPS.sub(card_in_groups, _CARD.sub(card, text))
    text = _NAMED.sub(
        lambda found: found["before"] + name("phone", phone_digits(found["number"])), text
    )
    return _NATIONAL.sub(national_phone, _INTERNATIONAL.sub(phone, text))


def phone_digits(number: str) -> str:
    """The digits of a phone number, without the zeros that stand for `+`."""
    return re.sub(r"^00(?=[1-9])", "", re.sub(r"[^0-9]", "", number))


def _passes_luhn(digits: str) -> bool:
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_iban(plain: str) -> bool:
    """Whether the check digits of an international bank account number are right."""
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1
