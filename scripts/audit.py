"""Compares the pinned versions with the known advisories: `make audit`.

Exits with 1 if a pinned version has one. Where no advisory service can be reached, it says that
nothing was audited, and exits with 0: that is no finding, and no clearance either.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = (
    *(str(ROOT / ".tools" / "bin" / "pip-audit"), "--disable-pip", "--no-deps"),
    *("--progress-spinner=off", "--format=json"),
)
PINS = ROOT / "constraints.txt"
PROBE = "certifi"
"""Asked about first, alone: if nothing is known of it, nobody is asked about the rest."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the service said of each pinned distribution."""

    audited: tuple[str, ...]
    advisories: tuple[str, ...]
    skipped: tuple[str, ...]


def read_report(output: str) -> Report | None:
    """The report of pip-audit as JSON; None where it wrote none or could audit nothing."""
    try:
        listed = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        return None
    audited = tuple(f"{item['name']} {item['version']}" for item in listed if "vulns" in item)
    if not audited:
        return None
    advisories = tuple(
        f"{item['name']} {item['version']}: {found['id']}, fixed in "
        f"{', '.join(found['fix_versions']) or 'no version yet'}"
        for item in listed
        for found in item.get("vulns", ())
    )
    return Report(audited, advisories, tuple(i["name"] for i in listed if "skip_reason" in i))


def main() -> int:
    """Ask about one distribution, then about all."""
    pins = PINS.read_text(encoding="utf-8").splitlines()
    probe = next(line for line in pins if line.startswith(f"{PROBE}=="))
    report = _ask([probe]) and _ask(pins)
    if report is None:
        print("No advisory service could be reached: nothing was audited.")
        return 0
    for advisory in report.advisories:
        print(advisory)
    print(f"{len(report.audited)} of {len(pins)} pinned versions audited.")
    if report.skipped:
        print(f"Not known to the service: {', '.join(report.skipped)}.")
    return 1 if report.advisories else 0


def _ask(pins: list[str]) -> Report | None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(pins))
        file.flush()
        ended = subprocess.run(
            [*COMMAND, "--requirement", file.name],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    return read_report(ended.stdout)


if __name__ == "__main__":
    sys.exit(main())
