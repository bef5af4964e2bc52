"""The wheel: the same bytes from the same source, and everything that the server reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ("pyproject.toml", "README.md", "LICENSE", "rybbit_mcp", "prompts")


def built(folder: Path, *, modified_at: int, umask: int) -> Path:
    """The wheel of a copy of the source whose files were made at that time, with that umask."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name in SOURCE:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    for path in source.rglob("*"):
        os.utime(path, (modified_at, modified_at))
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        env={"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    return [
        built(folder / "first", modified_at=1_600_000_000, umask=0o022),
        built(folder / "second", modified_at=1_750_000_000, umask=0o077),
    ]


def test_two_builds_give_the_same_bytes(wheels):
    first, second = wheels

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_the_wheel_holds_all_modules_prompts_and_queries_and_nothing_else(wheels):
    with zipfile.ZipFile(wheels[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "rybbit_mcp").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    prompts = {f"rybbit_mcp/prompt_files/{path.name}" for path in (ROOT / "prompts").iterdir()}

    assert names == package | prompts
    assert any(name.endswith(".sql") for name in names)
    assert {name.rpartition(".")[2] for name in names} <= {"py", "typed", "sql", "md"}
