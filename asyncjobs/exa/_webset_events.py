"""What Websets tells by itself, in webhooks and in its feed: events, and what each says about jobs."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from asyncjobs._convert import KeyStyle, structure
from asyncjobs.errors import InvalidArgument
from asyncjobs.exa._items import WebsetItem
from asyncjobs.exa._models import Webset, WebsetSearch
from asyncjobs.exa._monitors import Import, Monitor, MonitorRun
from asyncjobs.exa._provider import EXA
from asyncjobs.kinds import Client, JobKind

__all__ = ["WebsetEvent"]

#: The classes of what events carry, by the service's names for them.
_CARRIED: Final[Mapping[str, type[Any]]] = {
    "webset": Webset,
    "webset_search": WebsetSearch,
    "webset_item": WebsetItem,
    "import": Import,
    "monitor": Monitor,
    "monitor_run": MonitorRun,
}


@frozen(kw_only=True)
class WebsetEvent:
    """One event of Websets. Source: Exa Websets reference, events."""

    id: str
    """The service's id of the event, the same in every delivery of it."""
    type: str
    """What happened, such as ``webset.search.completed``; new ones appear over time."""
    data: dict[str, Any] = field(factory=dict[str, Any], repr=False)
    """The whole resource as it was at that moment, as received."""
    created_at: datetime | None = None
    """When it happened, in UTC; ``None`` if the event does not say."""
    object: str = "event"
    """The service's name for this class."""

    @property
    def resource(self) -> Webset | WebsetSearch | WebsetItem | Import | Monitor | MonitorRun | None:
        """
        What *data* is, as the class for it; ``None`` for what is not known here.

        Raises:
            ProtocolError: It does not fit its class.
        """
        name = self.data.get("object")
        cls = _CARRIED.get(name) if isinstance(name, str) else None
        return None if cls is None else structure(self.data, cls, KeyStyle.CAMEL)


@frozen
class Shown:
    """A whole object within an event, a job of this *kind*; *ids* are those of its containers."""

    kind: str
    payload: Any
    ids: tuple[str, ...] = ()


@frozen
class Hinted:
    """Jobs of which an event says only that something may have happened to them: all with these leading *ids*."""

    kind: str
    ids: tuple[str, ...]


@frozen
class _Tells:
    """
    What events of one type say, by the names of kinds.

    Their data is a job of the kind *shows*, and has others as its *parts*: the kind, and the key of one object or of a
    list. After it the jobs of the kinds *hints* deserve a look, those in the container whose id is at the key *within*.
    """

    shows: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    hints: tuple[str, ...] = ()
    within: str = "websetId"


_IN_A_WEBSET: Final = (("exa.search", "searches"), ("exa.enrichment", "enrichments"), ("exa.import", "imports"))
_SEARCH: Final = _Tells(shows="exa.search")
_WEBSET: Final = _Tells(parts=_IN_A_WEBSET, hints=("exa.webset",), within="id")
#: Cancels of a whole webset, and its deletion, need not tell each job; enrichments have no events of their own.
_WHOLE_WEBSET: Final = evolve(_WEBSET, hints=("exa.search", "exa.enrichment", "exa.webset"))
_IMPORT: Final = _Tells(shows="exa.import")
_MONITOR: Final = _Tells(parts=(("exa.monitor_run", "lastRun"),))
_RUN: Final = _Tells(shows="exa.monitor_run", within="monitorId")
_NOTHING: Final = _Tells()

#: All types that there are; what comes besides says nothing about jobs.
TELLS: Final[Mapping[str, _Tells]] = {
    "webset.created": _WEBSET,
    "webset.deleted": _WHOLE_WEBSET,
    "webset.paused": _WEBSET,
    "webset.idle": _WHOLE_WEBSET,
    "webset.search.created": _SEARCH,
    "webset.search.updated": _SEARCH,
    "webset.search.completed": _SEARCH,
    "webset.search.canceled": _SEARCH,
    "webset.item.created": _NOTHING,
    "webset.item.enriched": _Tells(hints=("exa.enrichment",)),
    "webset.export.created": _NOTHING,
    "webset.export.completed": _NOTHING,
    "import.created": _IMPORT,
    "import.completed": _IMPORT,
    "monitor.created": _MONITOR,
    "monitor.updated": _MONITOR,
    "monitor.deleted": _MONITOR,
    "monitor.run.created": _RUN,
    "monitor.run.completed": _RUN,
}

#: The events without which the end of a job of a kind may stay untold. Imports and runs of monitors may fail untold.
_ENDS: Final[Mapping[str, frozenset[str]]] = {
    "exa.search": frozenset({"webset.search.completed", "webset.search.canceled"}),
    "exa.enrichment": frozenset({"webset.idle", "webset.item.enriched"}),
    "exa.webset": frozenset({"webset.idle"}),
}
_KINDS: Final[Mapping[str, JobKind[Any]]] = {kind.name: kind for kind in EXA.kinds}


def told_by(types: Iterable[str]) -> list[JobKind[Any]]:
    """Return the kinds whose ends are told by events of these *types*."""
    known = frozenset(types)
    return [_KINDS[name] for name, needed in _ENDS.items() if needed <= known and name in _KINDS]


def read(event: WebsetEvent) -> Iterator[Shown | Hinted]:
    """Return what *event* says about jobs, whole objects first."""
    tells = TELLS.get(event.type, _NOTHING)
    container = event.data.get(tells.within)
    ids = (container,) if isinstance(container, str) and container else ()
    if tells.shows is not None:
        yield Shown(tells.shows, event.data)
    for kind, key in tells.parts:
        part = event.data.get(key)
        yield from (Shown(kind, each, ids) for each in (part if isinstance(part, list) else [part]))
    if ids:
        yield from (Hinted(kind, ids) for kind in tells.hints)


def feed(client: Client, event: WebsetEvent, source: Any) -> None:
    """
    Tell *client* what *event* says; *source* is how it came.

    Raises:
        ClientClosed, WrongLoop: The client is closed, or belongs to another event loop.
    """
    for found in read(event):
        kind = _KINDS.get(found.kind)
        if kind is None:
            continue
        if isinstance(found, Shown):
            client.push(kind, found.payload, *found.ids, source=source)
            continue
        # What can be no id names no job.
        with contextlib.suppress(InvalidArgument):
            client.hint(kind, *found.ids)
