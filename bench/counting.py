"""Tokens (o200k_base), counted offline."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

PIECE = 100_000
"""Characters counted at a time."""


@cache
def _encoding() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

    return bpe_openai.get_encoding("o200k_base")


def count_tokens(text: str) -> int:
    """How many tokens the text costs; long ones are counted in pieces, as the tokenizer demands."""
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    return sum(len(_encoding().encode_ordinary(piece)) for piece in pieces)
