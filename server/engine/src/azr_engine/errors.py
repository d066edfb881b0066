"""Errors that a client is meant to see: what happened, and what to do about it."""

from __future__ import annotations


class EngineError(Exception):
    """An expected failure. `code` is stable for programs; `remedy` tells a person what to do."""

    def __init__(self, code: str, message: str, remedy: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.status = status

    def payload(self) -> dict[str, str]:
        """The error as the dialect sends it; `category` is Tinker's field."""
        category = "server" if self.status >= 500 else "user"
        return {
            "error": self.message,
            "category": category,
            "code": self.code,
            "remedy": self.remedy,
        }


def invalid_request(message: str) -> EngineError:
    """A request that no server state could make right."""
    return EngineError(
        "invalid_request", message, "Correct the request; see server/engine/README.md."
    )


def cancelled() -> EngineError:
    return EngineError(
        "cancelled", "The request was cancelled.", "Send it again if it is still wanted."
    )
