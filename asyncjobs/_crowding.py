"""How many looks are under way, and whether the rate allows those that are due: counted, without a clock."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_log = logging.getLogger("asyncjobs")

#: So many looks may queue for their turn at a time. The others stay on the agenda: what is more urgent overtakes them.
_QUEUE: Final = 10


class Crowd:
    """The looks under way, at most *connections* of them; *on_room* is called when one leaves the queue."""

    def __init__(self, connections: int, on_room: Callable[[], object]) -> None:
        self._connections = connections
        self._on_room = on_room
        self._under_way: set[Hashable] = set()
        self._queued: set[Hashable] = set()
        self._hidden_until = float("-inf")
        self._told = False

    @property
    def room(self) -> int:
        """How many more may begin."""
        return min(self._connections - len(self._under_way), _QUEUE - len(self._queued))

    def begin(self, look: Hashable) -> None:
        """Take in that *look* queues for its turn."""
        self._under_way.add(look)
        self._queued.add(look)

    def sent(self, look: Hashable) -> None:
        """Take in that a request of *look* has left its lane."""
        self._queued.discard(look)
        self._on_room()

    def end(self, look: Hashable) -> None:
        """Take in that *look* has ended, or was dropped; twice is harmless."""
        self._under_way.discard(look)
        self._queued.discard(look)

    def hide(self, now: float) -> None:
        """Take in that looks are held for another reason: what is due until *now* comes late because of that."""
        self._hidden_until = now

    def note(self, kind: str, *, due: float, now: float, allowed: float, waiting: int) -> None:
        """
        Say, once, that looks come too late: one at a job of *kind* goes *now* that was *due* long before.

        *allowed* are so many seconds; *waiting* is how many jobs are waited for.
        """
        if self._told or due <= self._hidden_until or now - due <= allowed:
            return
        self._told = True
        _log.warning(
            "looks at %s come later than planned: one that was due goes after %.0f s, and %d jobs are waited for; "
            "the requests that are allowed do not suffice for more",
            kind,
            now - due,
            waiting,
        )
