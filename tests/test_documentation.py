"""What README and examples say is true: generated parts, commands, configuration."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench.samples import PAGES, filled, parts
from rybbit_mcp.demo.show import host_entry
from rybbit_mcp.settings import PREFIX, Settings
from tests import figures

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.anyio
async def test_the_generated_parts_of_the_pages_are_up_to_date():
    generated = await parts()
    pages = {page.name: page.read_text(encoding="utf-8") for page in PAGES}

    assert {name: filled(text, generated) for name, text in pages.items()} == pages, (
        "run make samples"
    )
    for name in generated:
        assert any(f"<!-- {name} -->" in text for text in pages.values())


def test_the_first_commands_of_the_readme_are_demo_and_test():
    commands = re.search(r"```sh\n(.*?)```", README, re.DOTALL)[1].split("\n")

    assert commands[:2] == ["make demo", "make test"]


def test_ci_calls_the_readme_s_test_command():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "make test" in script.splitlines()


def test_the_example_configuration_has_entries_for_demo_cloud_and_own_server():
    config = json.loads((ROOT / "claude_desktop_config.example.json").read_text(encoding="utf-8"))

    servers = config["mcpServers"]
    assert servers["rybbit-demo"]["args"] == ["--demo"]
    assert "RYBBIT_URL" not in servers["rybbit-cloud"]["env"]
    assert servers["rybbit-self-hosted"]["env"]["RYBBIT_URL"].startswith("https://")
    names = {name for entry in servers.values() for name in entry.get("env", {})}
    assert names <= {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("entry", ["rybbit-cloud", "rybbit-self-hosted"])
def test_the_example_entries_are_settings_that_the_server_accepts(entry, monkeypatch, tmp_path):
    config = json.loads((ROOT / "claude_desktop_config.example.json").read_text(encoding="utf-8"))
    (tmp_path / "key").write_text("a-key", encoding="utf-8")
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    for name, value in config["mcpServers"][entry]["env"].items():
        monkeypatch.setenv(name, str(tmp_path / "key") if name.endswith("_FILE") else value)

    assert Settings().key()


def test_the_demo_s_entry_for_a_host_starts_this_python():
    entry = host_entry()["mcpServers"]["rybbit-demo"]

    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-1] == "--demo"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_to_files_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#)([^)]+)\)", text)

    assert all((ROOT / target).exists() for target in targets)


def test_the_figures_of_security_are_the_ones_that_tests_say():
    assert figures.documented() == [figure.words for figure in figures.FIGURES]
