"""The output schema of the structured mode; apart, so that text answers never import it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from rybbit_mcp.answers.answer import Answer, structured


class StructuredTable(BaseModel):
    """Rows under columns."""

    model_config = ConfigDict(extra="forbid")

    name: str
    columns: list[str] = Field(description="Column names, with units")
    rows: list[list[str | int | float | None]] = Field(
        description="One list of cells a row; null is an empty cell"
    )


class StructuredAnswer(BaseModel):
    """What the text answer says, as columns and rows."""

    model_config = ConfigDict(extra="forbid")

    notes: list[str] = Field(description="What is shown, for which time, and how much of it")
    tables: list[StructuredTable]
    next: list[str] = Field(description="Complete calls that are valid now")

    @classmethod
    def of(cls, answer: Answer) -> StructuredAnswer:
        """The structured form of an answer."""
        return cls.model_validate(structured(answer))
