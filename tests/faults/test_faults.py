"""Every fault, every tool, over a real socket: the right answer or one clear error, in time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp import Client

from rybbit_mcp.api.http import TOTAL_TIMEOUT_S as REQUEST_TIMEOUT_S
from rybbit_mcp.server import SPARE_S, create_server
from rybbit_mcp.tools.toolbox import TOTAL_TIMEOUT_S
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.harness import (
    NOW,
    TOOLS,
    Outcome,
    arguments_of,
    outcomes,
    right_answer,
    settings_for,
    text_of,
)
from tests.faults.matrix import cells_of, documented
from tests.faults.server import KEY, Exchange, FaultyRybbit, running
from tests.figures import Tell

MOST_S = 25.0
MOST_GROWTH_MB = 150
LONGEST_ERROR = 600


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.anyio
async def test_every_tool_gives_the_right_answer_or_one_clear_error(
    fault: Fault, figure: Tell
) -> None:
    found = await outcomes(fault)
    rights = {tool: await right_answer(tool, fault.generation) for tool in TOOLS}

    assert cells_of(found, rights) == documented()[fault.name][:-1]
    for (tool, stage), outcome in found.items():
        where = f"{fault.name}, {tool}, {stage}: {outcome}"
        right = rights[tool]
        assert outcome.seconds < MOST_S, where
        assert outcome.busy_connection_count == 0, where
        assert KEY not in outcome.text, where
        if fault.expected == "answer":
            assert (outcome.error, outcome.text) == (right.error, right.text), where
        elif fault.expected == "error":
            assert outcome.error, where
        if outcome.error:
            _check_error(outcome, where)
        is_kept = fault.is_kept and tool == "summarize_sessions"
        is_misread = fault.looks_older and stage == "at first" and tool == "list_sites"
        if outcome.later_text and not is_kept and not is_misread:
            assert (outcome.later_error, outcome.later_text) == (right.error, right.text), where
    figure("faulty_cases", len(found))
    figure("faulty_slowest_s", max(outcome.seconds for outcome in found.values()))
    figure("faulty_busy", sum(outcome.busy_connection_count for outcome in found.values()))


def _check_error(outcome: Outcome, where: str) -> None:
    assert "defect" not in outcome.error + outcome.text, where
    assert "\n" not in outcome.text, where
    assert 30 < len(outcome.text) < LONGEST_ERROR, where
    for foreign in ("evil.example", "<h1>", "SELECT", "127.0.0.1", "localhost", "Traceback"):
        assert foreign not in outcome.text, where


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.alone], ids=lambda f: f.name)
def test_memory_stays_bounded(fault: Fault, figure: Tell) -> None:
    """By the peak of a process of its own: the suite's other tests may have needed more."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.matrix", "memory", fault.name],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < MOST_GROWTH_MB
    figure("faulty_growth_mb", float(done.stdout))


def test_the_documented_matrix_names_every_fault() -> None:
    assert [fault.name for fault in FAULTS] == list(documented())


def test_no_question_may_take_longer_than_hosts_wait() -> None:
    server = create_server(settings_for("http://127.0.0.1:1"))

    assert TOTAL_TIMEOUT_S == REQUEST_TIMEOUT_S == server._toolbox.total_timeout_s
    assert server._toolbox.client._http._total_timeout_s == TOTAL_TIMEOUT_S
    assert TOTAL_TIMEOUT_S + SPARE_S < MOST_S


@pytest.mark.anyio
@pytest.mark.parametrize("tool", TOOLS)
async def test_many_slow_answers_together_take_no_longer_than_one(tool: str) -> None:
    """Each single request is answered in time, all together would not be."""

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.4)
        await exchange.good()

    async with running(FaultyRybbit(NOW, slow)) as rybbit:
        settings = settings_for(rybbit.url)
        server = create_server(settings, clock=lambda: NOW, total_timeout_s=0.7)
        async with Client(server) as client:
            began_at = time.perf_counter()
            result = await client.call_tool(tool, arguments_of(tool))
            seconds = time.perf_counter() - began_at

    assert seconds < 0.7 + SPARE_S + 0.5
    assert result.is_error == ("within" in text_of(result))
