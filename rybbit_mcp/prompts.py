"""Serves the Markdown files of `prompts/` as MCP prompts. Adding a file adds a prompt.

A file begins with front matter in TOML between lines of `+++`: `name`, `title`, `description` and
a list `arguments`, each with `name`, `description`, and `required` or `default`. Below it stands
the text, in which `{name}` is replaced by the argument.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver.prompts.base import Prompt, PromptArgument, UserMessage
from mcp.types import INVALID_PARAMS
from pydantic import BaseModel, ConfigDict, Field

LONGEST_ARGUMENT = 200
PERIODS = (
    "today",
    "yesterday",
    "24h",
    "7d",
    "30d",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "all",
)

_FILE = re.compile(r"\A\+\+\+\n(?P<head>.*?)\n\+\+\+\n(?P<body>.*)\Z", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class _Argument(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z_]+$")
    description: str = Field(min_length=1)
    required: bool = False
    default: str = ""


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z_]+$")
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    arguments: list[_Argument] = Field(default_factory=list)


def prompt_folder() -> Path:
    """The folder of prompt files: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    inside = package / "prompt_files"
    return inside if inside.is_dir() else package.parent / "prompts"


def load_prompts(folder: Path) -> Iterator[Prompt]:
    """The prompts of a folder, by file name.

    Raises:
        ValueError: a file without front matter, or one that names an argument it does not have.
    """
    for path in sorted(folder.glob("*.md")):
        yield _prompt(path.name, path.read_text(encoding="utf-8"))


def _prompt(file_name: str, text: str) -> Prompt:
    match = _FILE.match(text.replace("\r\n", "\n"))
    if match is None:
        raise ValueError(f"{file_name}: no front matter between +++ lines")
    head = _Head.model_validate(tomllib.loads(match["head"]))
    body = match["body"].strip()
    names = {argument.name for argument in head.arguments}
    if unknown := set(_PLACEHOLDER.findall(body)) - names:
        raise ValueError(f"{file_name}: {', '.join(sorted(unknown))} is no argument")

    async def render(**given: Any) -> UserMessage:  # noqa: ANN401 - prompt arguments
        try:
            return UserMessage(_filled(body, head.arguments, given))
        except ValueError as error:
            raise MCPError(INVALID_PARAMS, f"{head.name}: {error}") from None

    return Prompt(
        name=head.name,
        title=head.title,
        description=head.description,
        arguments=[
            PromptArgument(
                name=argument.name, description=argument.description, required=argument.required
            )
            for argument in head.arguments
        ],
        fn=render,
        icons=None,
        context_kwarg=None,
    )


def _filled(body: str, arguments: list[_Argument], given: dict[str, Any]) -> str:
    from rybbit_mcp.answers.characters import visible  # only filling in needs it
    from rybbit_mcp.answers.clean import shorten

    known = {argument.name: argument.default for argument in arguments}
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"no argument {unknown[0]!r}; known: {', '.join(known) or 'none'}")
    # What a host fills in may be copied from a page: unseen characters could carry orders.
    seen = {
        name: shorten(visible(str(value))[0], LONGEST_ARGUMENT) for name, value in given.items()
    }
    values = known | {name: value for name, value in seen.items() if value}
    if missing := [a.name for a in arguments if a.required and not values[a.name]]:
        raise ValueError(f"{missing[0]} is missing")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], body)
