"""Turns a function that returns an `Answer` into an MCP tool that models can use well.

What the SDK does by default is changed in four places: unknown arguments are refused by name,
argument errors are sentences, schemas are small, and the answer goes out once: as text, or, where
the settings ask for it, as columns and rows with a true output schema.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
import typing
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ValidationError

from rybbit_mcp.answers.answer import Answer, render, structured
from rybbit_mcp.answers.clean import outgoing, shorten
from rybbit_mcp.api.errors import RybbitError
from rybbit_mcp.tools.arguments import FilterArgument

LONGEST_ERROR = 1000

AnswerFunction = Callable[..., Awaitable[Answer]]

READ_ONLY = ToolAnnotations(
    read_only_hint=True,
    destructive_hint=False,
    idempotent_hint=True,
    open_world_hint=True,  # one fixed server, but it carries what strangers wrote
)

_logger = logging.getLogger(__name__)


def make_tool(
    function: AnswerFunction,
    *,
    title: str,
    description: str,
    is_structured: bool,
    most_s: float,
) -> Tool:
    """The tool of a function; its name is the function's, its arguments are the parameters.

    After `most_s` seconds there is an error instead of an answer.
    """
    tool = Tool.from_function(
        _sending(function, is_structured=is_structured, most_s=most_s),
        title=title,
        description=description,
        annotations=READ_ONLY,
        structured_output=is_structured,
    )
    model = tool.fn_metadata.arg_model
    model.model_config["extra"] = "forbid"
    model.model_config["coerce_numbers_to_str"] = True  # site=1 is as good as site="1"
    model.model_rebuild(force=True)
    tool.parameters = slim(model.model_json_schema(by_alias=True))
    if tool.fn_metadata.output_schema is not None:
        tool.fn_metadata.output_schema = slim(tool.fn_metadata.output_schema)
    return tool


def argument_error(error: ValidationError, known: Sequence[str]) -> str:
    """What is wrong with the arguments, one sentence each, and what to do."""
    sentences = []
    for item in error.errors(include_url=False, include_context=False):
        path = [str(part) for part in item["loc"]]
        name = ".".join(path)[:60]
        if item["type"] == "extra_forbidden":
            choices = known if len(path) == 1 else list(FilterArgument.model_fields)
            near = difflib.get_close_matches(path[-1], choices, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            sentences.append(f"There is no argument {name!r}. {meant}Known: {', '.join(choices)}.")
        elif item["type"] == "missing":
            sentences.append(f"{name} is missing.")
        else:
            sentences.append(f"{name} {item['msg'].removeprefix('Input ')}.")
    return shorten(outgoing(" ".join(dict.fromkeys(sentences))), LONGEST_ERROR)


def slim(node: Any, *, is_name_map: bool = False) -> Any:  # noqa: ANN401 - JSON schema
    """A JSON schema without titles and without `or null`, which hosts and models do not need."""
    if isinstance(node, list):
        return [slim(item) for item in node]
    if not isinstance(node, dict):
        return node
    if is_name_map:
        return {name: slim(value) for name, value in node.items()}
    return {
        name: slim(value, is_name_map=name in {"properties", "$defs"})
        for name, value in node.items()
        if name != "title" and not (name == "default" and value in ("", 0, False, None, []))
    }


def _sending(
    function: AnswerFunction, *, is_structured: bool, most_s: float
) -> Callable[..., Awaitable[Any]]:
    """The function with its answer rendered and its errors made readable."""

    @functools.wraps(function)
    async def call(**arguments: Any) -> str | CallToolResult:  # noqa: ANN401 - checked by the SDK
        try:
            with anyio.fail_after(most_s):
                answer = await function(**arguments)
        except TimeoutError:
            raise ToolError(
                f"There was no answer within {most_s:.0f} s. Ask for a shorter period or a "
                "smaller limit, or try again later."
            ) from None
        except RybbitError as error:
            # An error may name sites and arguments, which others may have written.
            raise ToolError(shorten(outgoing(str(error)), LONGEST_ERROR)) from None
        except Exception:
            _logger.exception("%s failed", function.__name__)
            raise ToolError(
                "rybbit-mcp itself failed; this is a defect. Other questions may still work; "
                "its log on stderr holds the details."
            ) from None
        return _structured_result(answer) if is_structured else render(answer)

    returns: Any = str
    if is_structured:
        from rybbit_mcp.answers.structured import StructuredAnswer  # only this mode needs it

        returns = Annotated[CallToolResult, StructuredAnswer]
    hints = typing.get_type_hints(function, include_extras=True) | {"return": returns}
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=hints[name])
        for name, parameter in signature.parameters.items()
    ]
    call.__annotations__ = hints
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=parameters, return_annotation=returns
    )
    del call.__wrapped__
    return call


def _structured_result(answer: Answer) -> CallToolResult:
    """Columns and rows for programs; as text the first line only, so that nothing goes twice."""
    content = structured(answer)
    return CallToolResult(
        content=[TextContent(type="text", text=content["notes"][0])],
        structured_content=dict(content),
    )
