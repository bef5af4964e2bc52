"""How a Rybbit server refuses."""

from __future__ import annotations

from typing import TypeAlias

Body: TypeAlias = dict[str, object]


class RefusalError(Exception):
    """The answer is this status and body."""

    def __init__(self, status: int, body: Body) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class ValidatorError(Exception):
    """The filters have the wrong shape; `issues` is what the validator lists."""

    def __init__(self, issues: list[Body]) -> None:
        super().__init__(issues)
        self.issues = issues


class BuilderError(Exception):
    """The server's own code throws while it writes the query."""


class EngineError(Exception):
    """The server's database refuses the query."""

    def __init__(self, message: str, code: str = "62") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def simple(error: str) -> Body:
    """Return the body of Rybbit's own errors."""
    return {"error": error}


def framework(message: str, code: str | None = None) -> Body:
    """Return the body that the web framework writes for an error nobody caught."""
    coded: Body = {} if code is None else {"code": code}
    return {"statusCode": 500, **coded, "error": "Internal Server Error", "message": message}


def unknown_route(method: str, address: str) -> RefusalError:
    """Return the framework's answer to a route it does not know."""
    return RefusalError(
        404,
        {
            "message": f"Route {method}:{address} not found",
            "error": "Not Found",
            "statusCode": 404,
        },
    )
