"""Bytes as what a visitor wrote: through the privacy masks and the gate.

Whatever was written comes out as one clean line within the limit, without an address of a person
or a machine. The first byte says the level and the way, the rest is the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from ipaddress import IPv4Address

from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.privacy import Privacy
from tests.fuzz.properties import check_cell

PRIVACY = [Privacy(level, b"k" * 32) for level in ("strict", "standard", "open")]
LIMIT = 80

_EMAIL = re.compile(r"[A-Za-z0-9_]+@[A-Za-z0-9]{1,63}\.[A-Za-z]{2,63}(?![\w-])", re.ASCII)
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", re.ASCII)


def check(data: bytes) -> None:
    """Raises AssertionError, or what should not be raised, where a property does not hold."""
    if len(data) < 2:
        return
    privacy = PRIVACY[data[0] % 3]
    text = data[1:].decode("utf-8", "surrogateescape")
    ways: tuple[Callable[[str], str] | None, ...] = (
        *(privacy.text, privacy.path, privacy.url, privacy.query),
        None,
    )
    for way in ways:
        gate = Gate()
        shown = gate.text(text, limit=LIMIT, mask=way)
        assert len(shown) <= LIMIT
        check_cell(shown)
        assert gate.removed_count <= len(text)
    whole = Gate().text(text, limit=100_000, mask=privacy.text)
    assert not any(_is_ipv4(found) for found in _IPV4.findall(whole))
    if privacy.level != "open":
        assert not _EMAIL.search(whole)
    for key, value in _pairs(privacy, text):
        check_cell(key)
        check_cell(value)


def _pairs(privacy: Privacy, text: str) -> list[tuple[str, str]]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = {text[:20]: text}
    if not isinstance(record, dict):
        record = {"value": record}
    return privacy.traits(record) + privacy.properties(record)


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
