"""What every text that reaches a model must be like."""

from __future__ import annotations

from tests.answers.test_clean import assert_clean


def check_cell(text: str) -> None:
    """One clean line: visible characters, no markup."""
    assert "\t" not in text
    assert "\n" not in text
    assert_clean(text)


def check_answer(text: str, *, max_chars: int) -> None:
    """A whole answer: bounded, and every cell of it clean."""
    assert len(text) <= max_chars
    for line in text.split("\n"):
        for cell in line.split("\t"):
            check_cell(cell)
