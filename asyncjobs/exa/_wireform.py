"""How Exa spells requests."""

from __future__ import annotations

from typing import Any


def body(**fields: Any) -> dict[str, Any]:
    """Return the fields that were given, with camelCase keys; ``None`` is "not given"."""
    return {_camel(name): value for name, value in fields.items() if value is not None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
