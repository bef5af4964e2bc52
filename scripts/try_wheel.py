"""Builds the wheel twice, installs it into an empty environment, and asks it: `make wheel`.

Runtime dependencies are installed from requirements.lock with their hashes checked. Exits with 1
if the wheels differ, or if what was installed does not serve tools, prompts and demo data.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import TextContent

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Say what was built and what it answered."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = [_built(Path(folder, name)) for name in ("first", "second")]
        digests = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
        if len(set(digests)) > 1:
            print(f"Two builds differ: {digests}")
            return 1
        print(f"{wheels[0].name}, twice the same: sha256 {digests[0]}")
        environment = Path(folder, "environment")
        _install(wheels[0], environment)
        print(anyio.run(_asked, environment))
    return 0


def _built(target: Path) -> Path:
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target))
    (wheel,) = target.glob("*.whl")
    return wheel


def _install(wheel: Path, environment: Path) -> None:
    venv.create(environment, with_pip=True)
    pip = (_program(environment, "python"), "-m", "pip", "install", "--quiet")
    _run(*pip, "--require-hashes", "--requirement", "requirements.lock")
    _run(*pip, "--no-deps", str(wheel))


async def _asked(environment: Path) -> str:
    """What the installed server serves, far away from the source."""
    server = StdioServerParameters(
        command=_program(environment, "rybbit-mcp"), args=["--demo"], cwd=environment
    )
    async with Client(server, read_timeout_seconds=30) as client:
        tools = (await client.list_tools()).tools
        prompts = (await client.list_prompts()).prompts
        answer = await client.call_tool("list_sites", {})
    content = answer.content[0]
    assert isinstance(content, TextContent)
    assert not answer.is_error, content.text
    assert prompts
    return (
        f"installed alone, it serves {len(tools)} tools and {len(prompts)} prompts: "
        f"{content.text.splitlines()[0]}"
    )


def _program(environment: Path, name: str) -> str:
    return str(environment / ("Scripts" if os.name == "nt" else "bin") / name)


def _run(*command: str) -> None:
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise SystemExit(ended.stdout + ended.stderr)


if __name__ == "__main__":
    sys.exit(main())
