"""MCP Inspector's command line, as a second opinion on the protocol.

`make inspector` installs it (npm); without it these tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.loopback import ROOT
from tests.protocol.questions import A_VISIT, EVERY_TOOL, NAMES, about, first_session_id

INSPECTOR = ROOT / ".node" / "node_modules" / ".bin" / "mcp-inspector"
COMMAND = Path(sys.executable).parent / "rybbit-mcp"
DEMO = [str(COMMAND), "--demo"]
TOOL_ERROR = 5

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(not INSPECTOR.exists(), reason="run `make inspector` first"),
]


@pytest.fixture
def inspect(tmp_path):
    """Runs the Inspector and returns its exit status, its result and its standard error."""

    def run(*arguments: str) -> tuple[int, Any, str]:
        ended = subprocess.run(
            [str(INSPECTOR), "--cli", *arguments, "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},  # it keeps notes there
        )
        result = json.loads(ended.stdout)["result"] if ended.stdout else None
        return ended.returncode, result, ended.stderr

    return run


def call(tool: str, arguments: dict[str, Any]) -> list[str]:
    return [
        "--method",
        "tools/call",
        "--tool-name",
        tool,
        "--tool-args-json",
        json.dumps(arguments),
    ]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_every_tool_is_listed_and_its_schema_is_portable(inspect, era, figure):
    status, result, report = inspect(
        *DEMO, "--protocol-era", era, "--method", "tools/list", "--strict"
    )

    assert status == 0, report
    assert [tool["name"] for tool in result["tools"]] == NAMES
    assert "Path:" not in report
    assert "Warning" not in report
    figure("inspector_problems", report.count("Path:"))


@pytest.mark.parametrize("question", EVERY_TOOL, ids=NAMES)
def test_every_tool_answers_over_the_demo(inspect, question):
    visit = ""
    if A_VISIT in question[1].values():
        _, visits, _ = inspect(*DEMO, *call("list_sessions", {"site": "1", "limit": 1}))
        visit = first_session_id(visits["content"][0]["text"])
    status, result, report = inspect(*DEMO, *call(*about(visit, question)))

    assert status == 0, report
    assert result["isError"] is False
    assert result["content"][0]["text"].startswith("# DEMO DATA · ")


def test_a_wrong_argument_is_a_tool_error(inspect):
    status, result, _ = inspect(*DEMO, *call("list_sessions", {"sit": 1}))

    assert status == TOOL_ERROR
    assert "Did you mean site?" in result["content"][0]["text"]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_prompts_are_listed_and_filled_in(inspect, era):
    target = [*DEMO, "--protocol-era", era]
    _, listed, _ = inspect(*target, "--method", "prompts/list")
    names = [prompt["name"] for prompt in listed["prompts"]]
    status, prompt, report = inspect(
        *target,
        "--method",
        "prompts/get",
        "--prompt-name",
        "weekly_review",
        "--prompt-args",
        "site=shop.example.com",
    )

    assert sorted(names) == sorted(path.stem for path in (ROOT / "prompts").glob("*.md"))
    assert status == 0, report
    assert "shop.example.com" in prompt["messages"][0]["content"]["text"]


def test_the_example_of_a_host_configuration_starts_the_demo(inspect, tmp_path):
    example = ROOT / "claude_desktop_config.example.json"
    config = json.loads(example.read_text(encoding="utf-8"))
    for entry in config["mcpServers"].values():
        entry["command"] = str(COMMAND)
    path = tmp_path / "claude_desktop_config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    status, result, report = inspect(
        "--config", str(path), "--server", "rybbit-demo", "--method", "tools/list"
    )

    assert status == 0, report
    assert [tool["name"] for tool in result["tools"]] == NAMES


def test_five_hundred_calls_over_http_all_succeed(inspect, http_url, figure):
    question = call("get_session_locations", {"site": "1", "period": "24h"})
    status, report, errors = inspect(http_url, *question, "--load", "--load-requests", "500")

    assert status == 0, errors
    assert (report["requests"], report["ok"]) == (500, 500)
    assert (report["errors"], report["toolErrors"]) == (0, 0)
    figure("inspector_calls", report["requests"])
    figure("inspector_errors", report["errors"] + report["toolErrors"])
