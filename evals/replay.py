"""`make evals`: replays every question's plan and looks for its facts in the answers.

The server is the real one over the demo's data, the clock stands at `evals.truth.NOW`. Names of
questions as arguments replay only these, `--show` prints the answers too. The exit code is 1 if
fewer questions than `LEAST_HELD` have every fact present.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import anyio
from mcp import Client

from bench.counting import count_tokens
from bench.tokens import bench_settings
from evals.questions import Call, Question, load
from evals.scoring import Score, count_held, scored, table
from evals.truth import NOW, SEED
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import RybbitServer

LEAST_HELD = 84


def demo_server() -> RybbitServer:
    """The server that all questions are asked of."""
    return create_demo_server(bench_settings(), clock=lambda: NOW, seed=SEED)


async def replay(questions: Iterable[Question], *, shows: bool = False) -> list[Score]:
    """The scores of the questions, in their order, one server for all."""
    async with Client(demo_server()) as client:
        known = {tool.name for tool in (await client.list_tools()).tools}
        scores = []
        for question in questions:
            answers, problem = await _answers(client, question, known)
            if shows:
                print(f"\n== {question.id}: {question.text}\n", *answers, sep="\n")
            scores.append(
                scored(
                    question,
                    "\n".join(answers),
                    call_count=len(answers),
                    token_count=sum(map(count_tokens, answers)),
                    problem=problem,
                )
            )
        return scores


async def call_tool(client: Client, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
    """An answer's text, and whether it is an error."""
    result = await client.call_tool(tool, arguments)
    text = "\n".join(getattr(part, "text", "") for part in result.content)
    return text, bool(result.is_error)


async def _answers(client: Client, question: Question, known: set[str]) -> tuple[list[str], str]:
    """The answers to the plan as far as it goes, and why it does not go on."""
    if question.gap:
        return [], f"cannot be answered: {question.gap}"
    answers: list[str] = []
    taken: dict[str, str] = {}
    for call in question.plan:
        if call.tool not in known:
            return answers, f"tool missing: {call.tool}"
        text, is_error = await call_tool(client, call.tool, _filled(call, taken))
        answers.append(text)
        if is_error:
            return answers, f"{call.tool} refused: {text.splitlines()[0][:100]}"
        for name, pattern in call.take.items():
            match = re.search(pattern, text)
            if match is None:
                return answers, f"nothing to take as {name} from {call.tool}"
            taken[name] = match[1]
    return answers, ""


def _filled(call: Call, taken: dict[str, str]) -> dict[str, Any]:
    """The arguments with `{name}` replaced by what was taken."""
    written = json.dumps(dict(call.arguments))
    for name, text in taken.items():
        written = written.replace(f"{{{name}}}", json.dumps(text)[1:-1])
    arguments: dict[str, Any] = json.loads(written)
    return arguments


def main(arguments: Sequence[str]) -> int:
    """Replay and print; 1 if too few questions hold."""
    wanted = {argument for argument in arguments if not argument.startswith("-")}
    questions = [question for question in load() if not wanted or question.id in wanted]
    scores = anyio.run(lambda: replay(questions, shows="--show" in arguments))
    print(table(scores))
    return int(count_held(scores) < (len(questions) if wanted else LEAST_HELD))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
