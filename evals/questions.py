"""The questions of `evals/questions/`, as they are written there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.facts import Fact

FOLDER = Path(__file__).parent / "questions"

_KEYS = frozenset({"id", "text", "plan", "truth", "facts", "never", "gap"})
_CALL_KEYS = frozenset({"tool", "arguments", "take"})


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of a plan.

    `take` names texts that later calls use as `{name}`: each is the first group of a regular
    expression's first match in this call's answer.
    """

    tool: str
    arguments: Mapping[str, Any]
    take: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What an owner asks, how tools are asked for it, and what a right answer contains.

    `truth` is the SQL that the facts were computed by; `never` must not be in an answer; `gap`
    says why the tools cannot answer, "" where they can.
    """

    id: str
    topic: str
    text: str
    plan: tuple[Call, ...]
    truth: str
    facts: tuple[Fact, ...]
    never: tuple[str, ...]
    gap: str


def load(folder: Path = FOLDER) -> tuple[Question, ...]:
    """All questions, by the names of their files.

    Raises:
        ValueError: a question lacks something, has what nobody reads, or shares its id.
    """
    questions: list[Question] = []
    for path in sorted(folder.glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
        questions += [_question(table, path.stem) for table in tables]
    ids = [question.id for question in questions]
    if doubled := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"several questions are called {', '.join(doubled)}")
    return tuple(questions)


def _question(table: dict[str, Any], topic: str) -> Question:
    name = table.get("id", "")
    if unknown := set(table) - _KEYS:
        raise ValueError(f"{topic}, {name}: nobody reads {', '.join(sorted(unknown))}")
    facts = tuple(tuple(fact) for fact in table.get("facts", ()))
    if not (name and table.get("text") and facts and all(facts) and table.get("truth")):
        raise ValueError(f"{topic}, {name}: a question has id, text, truth and facts")
    plan = tuple(_call(call, name) for call in table.get("plan", ()))
    gap = table.get("gap", "")
    if not plan and not gap:
        raise ValueError(f"{topic}, {name}: without a plan it needs a gap")
    return Question(
        name, topic, table["text"], plan, table["truth"], facts, tuple(table.get("never", ())), gap
    )


def _call(table: dict[str, Any], name: str) -> Call:
    if unknown := set(table) - _CALL_KEYS:
        raise ValueError(f"{name}: nobody reads {', '.join(sorted(unknown))} of a call")
    return Call(table["tool"], table.get("arguments", {}), table.get("take", {}))
