"""Any command can be the model; here one that follows a script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evals import model
from evals.questions import load
from evals.scoring import Score

SCRIPT = Path(__file__).with_name("scripted_model.py")

pytestmark = pytest.mark.anyio


async def ask(mode: str, question_id: str = "visits-today") -> Score:
    questions = [question for question in load() if question.id == question_id]
    [score] = await model.ask([sys.executable, str(SCRIPT), mode], questions)
    return score


async def test_model_calls_a_tool_and_is_scored_by_its_own_words() -> None:
    score = await ask("asks")

    assert score.holds
    assert score.call_count == 1
    assert score.token_count > 50


async def test_model_that_leaks_or_does_not_know_does_not_hold() -> None:
    score = await ask("leaks")

    assert score.missing == score.question.facts
    assert len(score.intruders) == 1
    assert not score.holds


async def test_model_that_calls_what_is_not_there_reads_the_refusal() -> None:
    score = await ask("invents")

    assert (score.call_count, score.problem) == (1, "")
    assert not score.holds


async def test_failing_silent_and_endless_models_are_told_apart() -> None:
    assert (await ask("fails")).problem == "the command ended with 3"
    assert (await ask("silent")).problem == "the command wrote nothing"
    assert (await ask("loops")).problem == f"no answer in {model.MOST_TURNS} turns"


def test_nobody_is_asked_without_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(model.VARIABLE, raising=False)

    assert model.main([]) == 2
    assert model.VARIABLE in capsys.readouterr().out


def test_output_is_a_call_only_if_a_line_is_one() -> None:
    assert model.called('{"tool": "list_sites"}') == ("list_sites", {})
    assert model.called('Thinking.\n{"tool": "list_sessions", "arguments": {"site": "1"}}') == (
        "list_sessions",
        {"site": "1"},
    )
    assert model.called('There were 193 visits. {"a": 1}\n[1]\n193') is None
