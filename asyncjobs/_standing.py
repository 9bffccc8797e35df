"""
Rows that stand in a list as they stood there before: they say what is known already, and need not be decoded again.

Of thousands of jobs that somebody waits for, few change from one look to the next, and decoding them is most of what
looking costs. The text of a job's last look is kept anyway. Where a row bears the job's id and goes on as that text
does, to its last brace, it is the same row, because an object of JSON ends where it ends, whatever follows.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from asyncjobs._models import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asyncjobs._kinds import JobKind
    from asyncjobs._models import Snapshot
    from asyncjobs._record import Record


T = TypeVar("T")


@functools.cache
def _beginning(key: str) -> re.Pattern[str]:
    """Return what a row begins with whose id stands first, under *key*."""
    return re.compile(rf"""\{{\s*"{re.escape(key)}"\s*:\s*"([^"\\]+)\"""")


def repeatable(record: Record[Any]) -> Snapshot[Any] | None:
    """Return what a list showed of a job last, if the same text would mean the same now; else ``None``."""
    snapshot, kind = record.snapshot, record.kind
    if snapshot is None or snapshot.source != "survey" or record.requested_by_us or record.final:
        return None
    # What was made of the word may depend on what was known before: only if it did not, it is made of it again.
    return snapshot if kind.judge is None and kind.words.get(snapshot.status) is snapshot.state else None


class Standing(Generic[T]):
    """
    Those of the jobs *wanted* in a list that stand there as before; *kinds* are those of the rows, by path.

    Each job comes as what stands for it, and its record.
    """

    def __init__(self, wanted: Iterable[tuple[T, Record[Any]]], kinds: Mapping[str, Sequence[JobKind[Any]]]) -> None:
        self._wanted = {each[1].ref.id: each for each in wanted}
        self._kinds = kinds

    def find(self, path: str, text: str, at: int) -> tuple[tuple[T, Snapshot[Any]], int] | None:
        """
        Return whose row stands at an index of *text* as it did before, with what it says, and where it ends.

        ``None`` if none does.
        """
        kind, *others = self._kinds[path]
        begins = None if others else _beginning([*kind.identity.values()][-1]).match(text, at)
        found = None if begins is None else self._wanted.get(begins[1])
        if found is None or found[1].kind is not kind or (snapshot := repeatable(found[1])) is None:
            return None
        row = text_of(snapshot)
        return ((found[0], snapshot), at + len(row)) if text.startswith(row, at) else None
