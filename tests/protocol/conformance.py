"""Runs the official conformance suite against the server on loopback, and prints its summary.

Exits with 1 when a scenario fails that the baseline does not name, or when a named one passes.
`make conformance` installs the suite, and a Node that is new enough.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.protocol.loopback import ROOT, http_server

MODULES = ROOT / ".node" / "node_modules"
SUITE = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
BASELINE = Path(__file__).with_name("conformance-baseline.yml")
OLDEST_NODE = 22


def node() -> str:
    """The system's Node where it is new enough, else the one that npm brought."""
    brought = MODULES / ".bin" / "node"
    for command in (shutil.which("node"), str(brought) if brought.exists() else None):
        if command and _major(command) >= OLDEST_NODE:
            return command
    raise SystemExit(f"The conformance suite needs Node {OLDEST_NODE} or newer.")


def _major(command: str) -> int:
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.strip().removeprefix("v").partition(".")[0])


def main() -> int:
    """Run all scenarios, the pending ones too."""
    with http_server() as url, tempfile.TemporaryDirectory() as results:
        ended = subprocess.run(
            [
                node(),
                str(SUITE),
                "server",
                "--url",
                url,
                "--suite",
                "all",
                "--expected-failures",
                str(BASELINE),
                "--output-dir",
                results,
            ],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=300,
        )
    summary = ended.stdout.partition("=== SUMMARY ===")[2]
    scenarios = [line for line in summary.splitlines() if line[:2] in {"✓ ", "✗ "}]
    passed = [line[2:].partition(":")[0] for line in scenarios if line.startswith("✓")]
    print(f"Scenarios that pass: {', '.join(passed)}.")
    print(f"{len(passed)} of {len(scenarios)} pass, {_baseline_count()} are in the baseline.")
    if ended.returncode != 0:
        print(summary or ended.stdout)
    return ended.returncode


def _baseline_count() -> int:
    lines = BASELINE.read_text(encoding="utf-8").splitlines()
    return sum(line.startswith("  - ") for line in lines)


if __name__ == "__main__":
    sys.exit(main())
