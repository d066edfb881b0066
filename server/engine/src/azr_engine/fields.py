"""Typed reading of JSON bodies: a wrong or missing field becomes an error that names it."""

from __future__ import annotations

import math
from typing import Any

from azr_engine.errors import invalid_request

LARGEST_SEED = 2**63 - 1


class Fields:
    """One JSON object, called `path` in messages."""

    def __init__(self, value: object, path: str = "the request") -> None:
        if not isinstance(value, dict):
            raise invalid_request(f"{path} must be a JSON object.")
        self._values: dict[str, Any] = value
        self._path = path

    def _read(self, name: str) -> Any:
        value: Any = self._values.get(name)
        return value

    def _wrong(self, name: str, expected: str) -> Exception:
        return invalid_request(f"Field {name!r} of {self._path} must be {expected}.")

    def has(self, name: str) -> bool:
        return self._read(name) is not None

    def text(self, name: str) -> str:
        value = self._read(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a non-empty string")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else None

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self._read(name)
        if value is None and default is not None:
            return default
        if type(value) is not int or not low <= value <= high:
            raise self._wrong(name, f"an integer from {low} to {high}")
        return value

    def optional_integer(self, name: str, low: int, high: int) -> int | None:
        return self.integer(name, low, high) if self.has(name) else None

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        value = self._read(name)
        if value is None and default is not None:
            return default
        if type(value) is int:
            value = float(value)
        if type(value) is not float or not low <= value <= high:
            raise self._wrong(name, f"a number from {low} to {high}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._read(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def object(self, name: str) -> Fields:
        return Fields(self._read(name), f"{name!r} of {self._path}")

    def optional_object(self, name: str) -> Fields | None:
        return self.object(name) if self.has(name) else None

    def objects(self, name: str) -> list[Fields]:
        value = self._read(name)
        if not isinstance(value, list) or not value:
            raise self._wrong(name, "a non-empty list")
        return [
            Fields(item, f"{name}[{index}] of {self._path}") for index, item in enumerate(value)
        ]

    def integers(self, name: str) -> list[int]:
        value = self._read(name)
        # A set of exact types excludes booleans, and is fast for long lists.
        if not isinstance(value, list) or not set(map(type, value)) <= {int}:
            raise self._wrong(name, "a list of integers")
        return value

    def numbers(self, name: str) -> list[float]:
        value = self._read(name)
        if not isinstance(value, list):
            raise self._wrong(name, "a list of numbers")
        if not set(map(type, value)) <= {int, float} or not _all_finite(value):
            raise self._wrong(name, "a list of finite numbers")
        return value

    def number_map(self, name: str) -> dict[str, float]:
        value = self._read(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(type(v) in (int, float) for v in value.values()):
            raise self._wrong(name, "an object of numbers")
        return {str(key): float(number) for key, number in value.items()}


def _all_finite(numbers: list[float]) -> bool:
    try:
        return all(map(math.isfinite, numbers))
    except OverflowError:
        # JSON integers may be larger than any float.
        return False
