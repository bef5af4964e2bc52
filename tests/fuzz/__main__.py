"""Runs one target under atheris: `python -m tests.fuzz TARGET [SECONDS]`.

New inputs that reach new code are kept in .fuzz/TARGET; what fails is written there too, as
`crash-…`. The kept corpus is tests/fuzz/corpus/TARGET: `python -m tests.fuzz TARGET --keep` adds
to it the smallest set of inputs that reaches all the code that .fuzz/TARGET reaches.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from pathlib import Path

TARGETS = ("wire", "asking", "cleaning")
KEPT = Path(__file__).with_name("corpus")
FOUND = Path(".fuzz")
LONGEST_INPUT = 2_000
SEED = 1
"""With it `make fuzz` tries the same inputs in the same order: a faster machine comes farther."""


def main() -> None:
    """Fuzz for some seconds; does not return."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed (there are wheels for Linux on x86-64 alone); no fuzzing")
        raise SystemExit(0) from None
    target, *rest = sys.argv[1:]
    if target not in TARGETS:
        raise SystemExit(f"Targets: {', '.join(TARGETS)}.")
    found = FOUND / target
    found.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.redirect_stderr(io.StringIO()),  # it names every module
        atheris.instrument_imports(include=["rybbit_mcp"]),
    ):
        check = importlib.import_module(f"tests.fuzz.{target}").check
    command = sys.argv[0]
    if "--keep" in rest:
        command = f"{sys.executable} -m tests.fuzz {target} --keep"  # it runs itself for each step
        options = rest[1:] or ["-set_cover_merge=1", str(KEPT / target), str(found)]
    else:
        options = [
            f"-seed={SEED}",
            "-reload=0",  # what comes from the clock is not the same every time
            f"-max_total_time={rest[0] if rest else 20}",
            f"-max_len={LONGEST_INPUT}",
            f"-dict={_words(target)}",
            f"-artifact_prefix={found}/",
            "-verbosity=0",
            "-print_final_stats=1",
            str(found),
            str(KEPT / target),
        ]
    atheris.Setup([command, *options], check)
    atheris.Fuzz()


def _words(target: str) -> Path:
    """A dictionary for the fuzzer: the names that the code compares with."""
    from rybbit_mcp.api import filters, models

    words = {"wire": _field_names(models), "asking": [*filters.PARAMETERS, *filters.OPERATORS]}
    path = FOUND / f"{target}.dict"
    lines = [f'"{word}"' for word in words.get(target, ["@", "://", "www.", "eyJ", "token="])]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _field_names(models: object) -> list[str]:
    names = set()
    for model in vars(models).values():
        for name, field in getattr(model, "model_fields", {}).items():
            alias = field.validation_alias
            names.add(alias if isinstance(alias, str) else name)
    return sorted(names)


if __name__ == "__main__":
    main()
