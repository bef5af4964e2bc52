"""Everything that fuzzing has kept, once more, without the fuzzer."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

CORPUS = Path(__file__).with_name("corpus")


@pytest.mark.parametrize("target", ["wire", "asking", "cleaning"])
def test_the_kept_corpus_holds_every_property(target, figure):
    check = importlib.import_module(f"tests.fuzz.{target}").check
    kept = sorted((CORPUS / target).iterdir())
    for path in kept:
        check(path.read_bytes())

    assert kept
    figure("corpus", len(kept))
