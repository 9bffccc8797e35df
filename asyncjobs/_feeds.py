"""What a service tells by itself, as data: its events, what each says about jobs, and the list of what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asyncjobs._calls import Call, Paging


@attrs.frozen(kw_only=True)
class Tells:
    """
    What events of one type say, by the names of kinds.

    Their data is a whole job of the kind *shows* (``None``: of none), and has others as its *parts*: the kind, and the
    key of one object or of a list. After it the jobs of the kinds *hints* deserve a look, those in the container whose
    id is at the key *within*.
    """

    shows: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    hints: tuple[str, ...] = ()
    within: str | None = None

    @property
    def names(self) -> set[str]:
        """The names of all kinds that it says something about."""
        return {name for name in (self.shows, *(kind for kind, _ in self.parts), *self.hints) if name is not None}


@attrs.frozen(kw_only=True)
class Feed:
    """
    The list of what has happened at a service, and what its events say.

    *call* asks for it, *rows* is the path of the events in a page, *paging* how it comes in pages; in no order.
    *since* is the query parameter of the earliest time of an event (itself included), *types* the one of a type that
    is wanted, which can be given several times. *key*, *name*, *time* and *data* are the keys of an event's id, type,
    time and data. *tells* says what the events of each type mean, and *ends* by the name of a kind which types there
    must be for the end of no such job to stay untold. *asks* are the types that are worth reading for jobs.

    It is read every *every* seconds, each time from *overlap* seconds before the last time, because events may turn up
    late. *most* is how many pages are read at a time: more would not be cheaper than looking.
    """

    call: Call
    rows: str = "data"
    paging: Paging
    since: str
    types: str
    key: str = "id"
    name: str = "type"
    time: str = "createdAt"
    data: str = "data"
    tells: Mapping[str, Tells]
    ends: Mapping[str, frozenset[str]]
    asks: tuple[str, ...]
    every: float = 2.0
    overlap: float = 10.0
    most: int = 10

    def told_by(self, types: Iterable[str]) -> list[str]:
        """Return the names of the kinds whose ends are told by events of these *types*."""
        known = frozenset(types)
        return [kind for kind, needed in self.ends.items() if needed <= known]


@attrs.frozen
class Shown:
    """A whole object within an event, a job of this *kind*; *ids* are those of its containers."""

    kind: str
    payload: Any
    ids: tuple[str, ...] = ()


@attrs.frozen
class Hinted:
    """Jobs of which an event says only that something may have happened to them: all with these leading *ids*."""

    kind: str
    ids: tuple[str, ...]


def read_event(tells: Tells, data: Mapping[str, Any]) -> Iterator[Shown | Hinted]:
    """Return what an event with this *data* says about jobs, whole objects first."""
    container = data.get(tells.within) if tells.within is not None else None
    ids = (container,) if isinstance(container, str) and container else ()
    if tells.shows is not None:
        yield Shown(tells.shows, data)
    for kind, key in tells.parts:
        part = data.get(key)
        yield from (Shown(kind, each, ids) for each in (part if isinstance(part, list) else [part]))
    if ids:
        yield from (Hinted(kind, ids) for kind in tells.hints)
