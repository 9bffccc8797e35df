"""
Rows that stand in a list as they stood there before: they say what is known already, and need not be decoded again.

Of thousands of jobs that somebody waits for, few change from one look to the next, and decoding them is most of what
looking costs. The text of a job's last look is kept anyway. Where a row begins with the job's id and goes on as that
text does, to its last brace, it says the same, because an object of JSON ends where it ends, whatever follows. It is
about the same job if the ids of what that lies in are the list's own, or stand in the row.
"""

from __future__ import annotations

import functools
import itertools
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
    Those of the jobs *wanted* in a list that stand there as before.

    Each job comes as what stands for it, and its record. *kinds* are those of the rows, by path, and *ids* the leading
    ids of all that the list shows.
    """

    def __init__(
        self,
        wanted: Iterable[tuple[T, Record[Any]]],
        kinds: Mapping[str, Sequence[JobKind[Any]]],
        ids: tuple[str, ...] = (),
    ) -> None:
        self._wanted = {each[1].ref.id: each for each in wanted if each[1].ref.parts[: len(ids)] == ids}
        # A row that may be of two kinds must be decoded.
        self._rows = {path: (each[0], _beginning(_keys(each[0])[-1])) for path, each in kinds.items() if len(each) == 1}
        self._known = len(ids)

    def find(self, path: str, text: str, at: int) -> tuple[tuple[T, Snapshot[Any]], int] | None:
        """
        Return whose row stands at an index of *text* as it did before, with what it says, and where it ends.

        ``None`` if none does.
        """
        kind, beginning = self._rows.get(path, (None, None))
        begins = beginning.match(text, at) if beginning is not None else None
        found = None if begins is None else self._wanted.get(begins[1])
        if found is None or found[1].kind is not kind or (snapshot := repeatable(found[1])) is None:
            return None
        row = text_of(snapshot)
        if not text.startswith(row, at) or not self._spelled(found[1], row):
            return None
        return (found[0], snapshot), at + len(row)

    def _spelled(self, record: Record[Any], row: str) -> bool:
        """Whether *row* itself names what its job lies in, as far as the list does not."""
        names = zip(_keys(record.kind), record.ref.parts, strict=True)
        return all(
            f'"{key}":"{part}"' in row or f'"{key}": "{part}"' in row
            for key, part in itertools.islice(names, self._known, len(record.ref.parts) - 1)
        )


def _keys(kind: JobKind[Any]) -> tuple[str, ...]:
    return tuple(kind.identity.values())
