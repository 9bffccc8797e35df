"""Every public method of the SDKs for the sandbox's endpoints, with what becomes of it.

A method works, and then a demonstration here uses it and looks at what comes back; or it is not emulated, for a
reason. `test_sdk_table.py` holds the table against the installed SDKs and runs the demonstrations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@attrs.frozen
class NotEmulated:
    """A method that the sandbox does not serve, and why; with *args* the service's 404 is what a caller gets."""

    why: str
    args: tuple[Any, ...] | None = None


_OUT_OF_SCOPE = "of the agent only its runs are jobs of this library"

#: The rows of the table; the demonstrations fill in those that work.
EXA: dict[str, Callable[..., Any] | NotEmulated] = {}

#: Parts of the Exa clients of which nothing is served.
EXA_NAMESPACES: Mapping[str, str] = {
    "beta.agent.monitors": _OUT_OF_SCOPE,
}

#: The same for WaterCrawl; all its methods work.
WATERCRAWL: dict[str, Callable[..., Any] | NotEmulated] = {}


def works(*paths: str, table: dict[str, Callable[..., Any] | NotEmulated] = EXA) -> Callable[[Any], Any]:
    """Enter a demonstration: `async def (sdk, it)`, *it* being the part of the client that has the method."""

    def enter(demonstration: Callable[..., Any]) -> Callable[..., Any]:
        for path in paths:
            assert path not in table, f"{path} is in the table twice"
            table[path] = demonstration
        return demonstration

    return enter
