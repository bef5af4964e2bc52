"""Writes the software bill of materials: what `pip install rybbit-mcp` brought here.

    python -m scripts.sbom > rybbit-mcp.cdx.json

Shape: CycloneDX 1.6 as JSON; one component for each distribution that the server needs at run
time, found by following what installed metadata requires, and who requires whom. The same
installation gives the same bytes: with SOURCE_DATE_EPOCH a timestamp too.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = "rybbit-mcp"

Json = dict[str, Any]


def bill_of_materials(root: str = ROOT) -> Json:
    """The bill of an installed distribution and of everything it needs."""
    needed = needed_by(root)
    components = {name: _component(distribution(name)) for name in sorted(needed)}
    main = components.pop(root) | {"type": "application"}
    bill: Json = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main},
        "components": list(components.values()),
        "dependencies": [
            {"ref": _reference(name), "dependsOn": [_reference(other) for other in sorted(others)]}
            for name, others in sorted(needed.items())
        ],
    }
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        moment = datetime.fromtimestamp(int(epoch), UTC)
        bill["metadata"]["timestamp"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    content = json.dumps(bill, sort_keys=True)
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, content).urn
    return bill


def needed_by(root: str, *extras: str) -> dict[str, set[str]]:
    """The names of everything that a distribution needs here, each with what it needs itself."""
    found: dict[str, set[str]] = {}
    waiting = [(root, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        name, wanted_extras = waiting.pop()
        others = found.setdefault(name, set())
        for requirement in _requirements(distribution(name), wanted_extras):
            other = canonicalize_name(requirement.name)
            try:
                distribution(other)
            except PackageNotFoundError:
                raise SystemExit(f"{other}, which {name} needs, is not installed.") from None
            others.add(other)
            wanted = (other, frozenset(requirement.extras))
            if wanted not in seen:
                seen.add(wanted)
                waiting.append(wanted)
    return found


def _requirements(of: Distribution, extras: frozenset[str]) -> list[Requirement]:
    """What a distribution requires on this platform, with these of its extras."""
    listed = [Requirement(line) for line in of.requires or ()]
    return [
        item
        for item in listed
        if item.marker is None
        or any(item.marker.evaluate({"extra": extra}) for extra in extras | {""})
    ]


def _component(of: Distribution) -> Json:
    name = canonicalize_name(of.metadata["Name"])
    component: Json = {
        "type": "library",
        "bom-ref": _reference(name),
        "name": name,
        "version": of.version,
        "purl": _reference(name),
    }
    if licence := _licence(of):
        component["licenses"] = [licence]
    return component


def _reference(name: str) -> str:
    return f"pkg:pypi/{name}@{distribution(name).version}"


def _licence(of: Distribution) -> Json | None:
    """The licence as an SPDX expression where the metadata has one, else as the words it uses."""
    for field in ("License-Expression", "License"):
        stated = _stated(of, field)
        try:
            return {"expression": canonicalize_license_expression(stated)}
        except InvalidLicenseExpression:
            pass
    classified = [
        line.rpartition(" :: ")[2]
        for line in of.metadata.get_all("Classifier") or ()
        if line.startswith("License :: ")
    ]
    first_line = _stated(of, "License").strip().partition("\n")[0]
    name = classified[0] if classified else first_line
    return {"license": {"name": name}} if name else None


def _stated(of: Distribution, field: str) -> str:
    return next(iter(of.metadata.get_all(field) or ()), "")


if __name__ == "__main__":
    json.dump(bill_of_materials(), sys.stdout, indent=2)
    sys.stdout.write("\n")
