"""What the security pages name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["SECURITY.md", "docs/security.md", "docs/reliability.md"]


def named(page: str, pattern: str) -> list[str]:
    return re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page):
    for path, test in named(page, r"`(tests/[\w/.-]+)(?:::(\w+))?`"):
        assert (ROOT / path).exists(), path
        if test:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), test


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_that_a_page_names_is_in_the_makefile(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for verb in named(page, r"`make ([a-z]+)"):
        assert re.search(rf"^{verb}:", makefile, re.MULTILINE), verb


def test_the_threat_model_is_one_page_that_names_tests():
    words = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split()

    assert len(words) < 900
    assert len(named("SECURITY.md", r"`tests/[\w/.-]+::\w+`")) >= 15


def test_the_number_of_dependencies_is_true():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", pyproject, re.MULTILINE | re.DOTALL)

    assert listed is not None
    assert listed[1].count('"') // 2 == 10  # said in docs/security.md
