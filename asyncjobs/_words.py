"""Complaining of status words that nobody knows here: of each once, however many jobs show it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncjobs._refs import JobRef

_log = logging.getLogger("asyncjobs")

#: A service that invents words without end does not fill memory and logs.
_MOST_WORDS: Final = 100


class UnknownWords:
    """The unknown words that the jobs of one client have shown, by kind."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def shown(self, ref: JobRef, status: str) -> None:
        """Take in that the job shows *status*, which is unknown."""
        word = ref.kind, status[:100]
        if word not in self._seen and len(self._seen) < _MOST_WORDS:
            self._seen.add(word)
            _log.warning("%s has the unknown status %.100r; looking on", ref, status)
