"""The questions parse, their facts are true, and plans call what there is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from mcp import Client

from evals.facts import missing
from evals.questions import Question, load
from evals.replay import LEAST_HELD, demo_server, replay
from evals.truth import NOW, computed, differing, open_events, written

CHEAP = (
    "visits-today",
    "newest-visits",
    "visits-by-day",
    "loyal-customer-last-order",
    "unknown-places",
    "campaign-ads",
    "checkout-broken-browser",
    "sites",
    "mobile-in-lower-case",
    "hostile-title",
    "private-data",
)


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    return load()


def test_questions_are_many_of_many_kinds_and_few_cannot_be_answered(
    questions: tuple[Question, ...],
) -> None:
    topics = Counter(question.topic for question in questions)

    assert len(questions) >= 44
    assert len(topics) >= 10
    assert min(topics.values()) >= 3
    assert len([question for question in questions if question.gap]) <= 6
    assert len(questions) * 0.85 < LEAST_HELD <= len(questions)


def test_facts_are_what_the_events_say(questions: tuple[Question, ...]) -> None:
    found = differing(questions, open_events(NOW))

    assert found == {}, "\n".join(f"{name}: {written(facts)}" for name, facts in found.items())


def test_other_events_make_other_facts(questions: tuple[Question, ...]) -> None:
    question = next(question for question in questions if question.id == "visits-today")
    database = open_events(NOW)
    database.execute("DELETE FROM events WHERE event_no % 2 = 0")

    assert computed(question, database) != question.facts


def test_no_fact_is_in_an_answer_that_says_nothing(questions: tuple[Question, ...]) -> None:
    silent = "# DEMO DATA · visits of Acme Shop (site 1) · 2026-11-24 (today until 13:05) UTC"

    for question in questions:
        assert len(missing(question.facts, silent)) == len(question.facts), question.id


@pytest.mark.anyio
async def test_plans_call_tools_with_arguments_that_they_have(
    questions: tuple[Question, ...],
) -> None:
    async with Client(demo_server()) as client:
        tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}

    for question in questions:
        for call in question.plan:
            unknown = set(call.arguments) - set(tools[call.tool]["properties"])
            assert not unknown, question.id


@pytest.mark.anyio
async def test_replayed_plans_bring_every_fact_at_their_cost(
    questions: tuple[Question, ...],
) -> None:
    cheap = [question for question in questions if question.id in CHEAP]

    scores = await replay(cheap)

    assert len(scores) == len(CHEAP)
    assert [
        (score.question.id, score.missing, score.problem) for score in scores if not score.holds
    ] == []
    assert all(score.call_count == len(score.question.plan) for score in scores)
    assert all(0 < score.token_count < 1500 for score in scores)


@pytest.mark.anyio
async def test_missing_tools_refusals_and_gaps_do_not_hold(tmp_path: Path) -> None:
    table = """
        [[question]]
        id = "{name}"
        text = "How many?"
        plan = [{{ tool = "{tool}", arguments = {{ site = "{site}" }} }}]
        truth = "SELECT 1"
        facts = [["Acme Shop"]]
    """
    cases = [("absent", "summarise", "1"), ("refused", "list_sessions", "nowhere")]
    text = "\n".join(table.format(name=name, tool=tool, site=site) for name, tool, site in cases)
    (tmp_path / "made.toml").write_text(text)
    gap = next(question for question in load() if question.gap)

    absent, refused, unanswerable = await replay([*load(tmp_path), gap])

    assert absent.problem == "tool missing: summarise"
    assert absent.call_count == 0
    assert refused.problem.startswith("list_sessions refused: ")
    assert unanswerable.problem.startswith("cannot be answered: ")
    assert not any(score.holds for score in (absent, refused, unanswerable))


def test_questions_that_nobody_could_read_are_refused(tmp_path: Path) -> None:
    whole = '[[question]]\nid = "a"\ntext = "?"\ntruth = "SELECT 1"\nfacts = [["1"]]\ngap = "no"\n'
    for text, message in (
        (whole + whole, "several questions are called a"),
        (whole + 'fact = "1"\n', "nobody reads fact"),
        (whole.replace('[["1"]]', "[]"), "a question has id, text, truth and facts"),
        (whole.replace('gap = "no"\n', ""), "without a plan it needs a gap"),
    ):
        (tmp_path / "made.toml").write_text(text)
        with pytest.raises(ValueError, match=message):
            load(tmp_path)
