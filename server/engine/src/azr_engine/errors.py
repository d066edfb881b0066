"""Errors that a client is meant to see: what happened, and what to do about it."""

from __future__ import annotations

from typing import Any

# Messages quote text from elsewhere: names in a model's files, answers of a package index.
MOST_CHARACTERS = 600
CUT = "… (shortened)"


class EngineError(Exception):
    """An expected failure. `code` is stable for programs; `remedy` tells a person what to do."""

    def __init__(self, code: str, message: str, remedy: str, status: int = 400) -> None:
        super().__init__(short_line(message))
        self.code = code
        self.message = short_line(message)
        self.remedy = short_line(remedy)
        self.status = status

    def payload(self) -> dict[str, Any]:
        """The error as the dialect sends it; `category` is Tinker's field."""
        category = "server" if self.status >= 500 else "user"
        return {
            "error": self.message,
            "category": category,
            "code": self.code,
            "remedy": self.remedy,
        }


class DoesNotFitError(EngineError):
    """`needs` are the numbers, which a client may put into words of its own."""

    def __init__(self, message: str, remedy: str, needs: dict[str, Any]) -> None:
        super().__init__("does_not_fit", message, remedy)
        self._needs = needs

    def payload(self) -> dict[str, Any]:
        return {**super().payload(), "details": self._needs}


def short_line(text: str) -> str:
    """The text on one line of at most MOST_CHARACTERS, with a mark at its end where it was cut."""
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - len(CUT)] + CUT
    return " ".join(part.strip() for part in text.splitlines())


def invalid_request(message: str) -> EngineError:
    """A request that is wrong whatever the state of the server."""
    return EngineError(
        "invalid_request", message, "Correct the request; see server/engine/README.md."
    )


def cancelled() -> EngineError:
    return EngineError(
        "cancelled", "The request was cancelled.", "Send it again if it is still wanted."
    )
