"""What the calls of Websets have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal

import attrs

from asyncjobs.errors import InvalidArgument
from asyncjobs.kinds import Call, Paging, Refusal, Refused, Trace

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How Exa pages its lists.
PAGING: Final = Paging(size="limit", most=100, cursor="cursor", following="nextCursor", more="hasMore")
#: Of imports, monitors and events it gives more at once.
LONG_PAGES: Final = attrs.evolve(PAGING, most=200)
#: Exa knows no key of idempotency, but keeps strings for its callers.
TRACE: Final = Trace(carrier="metadata", created="createdAt")

#: Undocumented for what has ended; a 4xx there is a matter of state, not of permission.
ENDED: Final = (Refusal("cancel", 400, Refused.NOT_IN_STATE), Refusal("cancel", 409, Refused.NOT_IN_STATE))

#: Every request of Websets counts twice: for the account, and for Websets.
_COSTS: Final[Mapping[str, int]] = {"account": 1, "websets": 1}

_PRIORITIES: Final = ("low", "medium", "high")


def websets(method: Literal["GET", "POST", "PATCH", "DELETE"], path: str, *, repeatable: bool = True) -> Call:
    """Return a call of Websets; *path* is what follows the version."""
    return Call(method, f"/websets/v0/{path}", repeatable=repeatable, costs=_COSTS)


ONE_WEBSET: Final = websets("GET", "websets/{webset}")
ALL_WEBSETS: Final = websets("GET", "websets")
ALL_IMPORTS: Final = websets("GET", "imports")
ALL_MONITORS: Final = websets("GET", "monitors")


def several(events: Iterable[str], field: str) -> list[str]:
    """
    Return types of events as a list.

    Raises:
        InvalidArgument: There are not several; one text would be several letters.
    """
    if isinstance(events, str) or not isinstance(events, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(field, f"expected several types of events, got {type(events).__name__}")
    return list(events)


def prioritized(call: Call, priority: str | None) -> Call:
    """
    Return a create of paid work with this *priority*; ``None`` leaves it to the service.

    Raises:
        InvalidArgument: There is no such priority.
    """
    if priority is None:
        return call
    if priority not in _PRIORITIES:
        raise InvalidArgument("priority", f"expected one of {', '.join(_PRIORITIES)}")
    return attrs.evolve(call, headers={"x-exa-websets-priority": priority})
