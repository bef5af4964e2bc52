"""The pins: complete, in agreement with each other, with hashes, and naming no index."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.utils import canonicalize_name

from scripts.sbom import needed_by

ROOT = Path(__file__).parents[2]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def pins(text: str) -> dict[str, str]:
    """Versions by name."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def test_everything_that_development_installs_is_pinned():
    needed = needed_by("rybbit-mcp", "dev").keys() - {"rybbit-mcp"}

    assert needed <= pins(CONSTRAINTS).keys(), "add the missing ones to constraints.txt"


def test_everything_that_a_user_installs_is_locked_at_the_version_that_is_tested():
    locked, pinned = pins(LOCK), pins(CONSTRAINTS)
    needed = needed_by("rybbit-mcp").keys() - {"rybbit-mcp"}

    assert needed <= locked.keys(), "run `make lock`"
    for name in needed:
        assert locked[name] == pinned[name], f"{name}: run `make lock`"


def test_every_locked_version_has_hashes():
    for requirement in re.split(r"\n(?=[a-z])", LOCK.strip()):
        assert re.search(r"\s--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_no_pin_names_an_index_or_an_address():
    for text in (CONSTRAINTS, LOCK):
        assert "://" not in text
        assert not re.search(r"^\s*-(?!-hash)", text, re.MULTILINE)
        assert " @ " not in text
