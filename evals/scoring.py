"""How well a question was answered, and the table of all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from evals.facts import Fact, missing, present
from evals.questions import Question

NEVER = (
    r"/[^\s@]+@example\.(com|net|org)/",
    r"/\b203\.0\.113\.\d/",
    r"/2001:db8:/",
    r"/[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f]/",
)
"""In no answer: e-mail addresses and IP addresses of visitors, invisible characters."""


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer to a question lacks, what it should not contain, and what it cost.

    `problem` says why there is no answer, or none to the whole plan.
    """

    question: Question
    missing: tuple[Fact, ...]
    intruders: tuple[str, ...]
    call_count: int
    token_count: int
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether every fact is there, and nothing else that must not be."""
        return not (self.missing or self.intruders or self.problem)


def scored(
    question: Question,
    answer: str,
    *,
    shown: Sequence[str] = (),
    call_count: int,
    token_count: int,
    problem: str = "",
) -> Score:
    """The score of an answer; `shown` texts were read on the way and may hold no intruder."""
    banned = (*NEVER, *question.never)
    return Score(
        question,
        tuple(missing(question.facts, answer)),
        tuple(present(banned, _without_echo("\n".join((answer, *shown)), question))),
        call_count,
        token_count,
        problem,
    )


def addresses(question: Question) -> list[str]:
    """The e-mail addresses that the question itself names."""
    return re.findall(r"[^\s@]+@[\w.]+\w", question.text)


def _without_echo(text: str, question: Question) -> str:
    """The text, in whose `#` lines arguments may be repeated, without the question's addresses."""
    lines = text.splitlines()
    for address in addresses(question):
        lines = [line.replace(address, "") if line.startswith("#") else line for line in lines]
    return "\n".join(lines)


def table(scores: Sequence[Score]) -> str:
    """One line a question, then how many hold, and the median costs of those with an answer."""
    width = max(len(score.question.id) for score in scores)
    lines = [f"{'question':{width}}  facts  calls  tokens  "]
    lines += [_line(score, width) for score in scores]
    answered = [score for score in scores if score.call_count]
    lines += ["", f"{count_held(scores)} of {len(scores)} questions with every fact present"]
    if answered:
        calls = median(score.call_count for score in answered)
        tokens = median(score.token_count for score in answered)
        lines.append(f"median of {calls:g} calls and {tokens:g} tokens")
    return "\n".join(lines)


def count_held(scores: Sequence[Score]) -> int:
    """How many questions hold."""
    return sum(score.holds for score in scores)


def _line(score: Score, width: int) -> str:
    fact_count = len(score.question.facts)
    facts = f"{fact_count - len(score.missing)}/{fact_count}"
    costs = (
        f"{score.call_count:5}  {score.token_count:6}"
        if score.call_count
        else f"{'-':>5}  {'-':>6}"
    )
    notes = [score.problem] if score.problem else []
    notes += [f"lacks {' + '.join(fact)}" for fact in score.missing if score.call_count]
    notes += [f"contains {item}" for item in score.intruders]
    return f"{score.question.id:{width}}  {facts:>5}  {costs}  {'; '.join(notes)}".rstrip()
