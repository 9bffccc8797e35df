"""Every public method of the SDKs for the sandbox's endpoints, with a demonstration that uses it.

Each looks at what comes back. `test_sdk_table.py` holds the table against the installed SDKs and runs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_OUT_OF_SCOPE = "of the agent only its runs are jobs of this library"

#: The rows of the table; the demonstrations fill in those that work.
EXA: dict[str, Callable[..., Any]] = {}

#: Parts of the Exa clients of which nothing is served.
EXA_NAMESPACES: Mapping[str, str] = {
    "beta.agent.monitors": _OUT_OF_SCOPE,
}

#: The same for WaterCrawl; all its methods work.
WATERCRAWL: dict[str, Callable[..., Any]] = {}


def works(*paths: str, table: dict[str, Callable[..., Any]] = EXA) -> Callable[[Any], Any]:
    """Enter a demonstration: `async def (sdk, it)`, *it* being the part of the client that has the method."""

    def enter(demonstration: Callable[..., Any]) -> Callable[..., Any]:
        for path in paths:
            assert path not in table, f"{path} is in the table twice"
            table[path] = demonstration
        return demonstration

    return enter
