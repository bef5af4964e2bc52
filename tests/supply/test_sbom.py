"""The software bill of materials: complete, true, and the same each time."""

from __future__ import annotations

from importlib.metadata import version

from scripts.sbom import bill_of_materials, needed_by


def test_the_bill_names_everything_that_the_server_needs_at_its_installed_version():
    bill = bill_of_materials()
    components = {item["name"]: item for item in bill["components"]}

    assert components.keys() == needed_by("rybbit-mcp").keys() - {"rybbit-mcp"}
    assert {"mcp", "httpx", "pydantic", "pydantic-core", "duckdb", "anyio"} <= components.keys()
    assert "pytest" not in components
    for name, item in components.items():
        assert item["version"] == version(name)
        assert item["purl"] == f"pkg:pypi/{name}@{version(name)}"
        assert item["licenses"], f"{name} states no licence"


def test_every_dependency_refers_to_a_component():
    bill = bill_of_materials()
    known = {item["bom-ref"] for item in (*bill["components"], bill["metadata"]["component"])}
    stated = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}

    assert stated.keys() == known
    assert all(known >= set(others) for others in stated.values())


def test_the_same_installation_gives_the_same_bill(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first, second = bill_of_materials(), bill_of_materials()

    assert first == second
    assert first["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert first["serialNumber"].startswith("urn:uuid:")
