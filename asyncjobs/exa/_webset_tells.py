"""What the events of Websets say about jobs, as data."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from asyncjobs.exa._calls import LONG_PAGES, websets
from asyncjobs.kinds import Feed, Tells

_IN_A_WEBSET: Final = (("exa.search", "searches"), ("exa.enrichment", "enrichments"), ("exa.import", "imports"))
_SEARCH: Final = Tells(shows="exa.search")
_WEBSET: Final = Tells(shows="exa.webset", parts=_IN_A_WEBSET, within="id")
#: Cancels of a whole webset need not tell each job; enrichments have no events of their own.
_IDLE: Final = evolve(_WEBSET, hints=("exa.search", "exa.enrichment", "exa.webset"))
#: What it was says nothing of what has become of it.
_DELETED: Final = Tells(hints=_IDLE.hints, within="id")
_IMPORT: Final = Tells(shows="exa.import")
_MONITOR: Final = Tells(parts=(("exa.monitor_run", "lastRun"),), within="id")
_RUN: Final = Tells(shows="exa.monitor_run")
_NOTHING: Final = Tells()

FEED: Final = Feed(
    call=websets("GET", "events"),
    paging=LONG_PAGES,
    since="createdAfter",
    types="types",
    tells={
        "webset.created": _WEBSET,
        "webset.deleted": _DELETED,
        "webset.paused": _WEBSET,
        "webset.idle": _IDLE,
        "webset.search.created": _SEARCH,
        "webset.search.updated": _SEARCH,
        "webset.search.completed": _SEARCH,
        "webset.search.canceled": _SEARCH,
        "webset.item.created": _NOTHING,
        "webset.item.enriched": Tells(hints=("exa.enrichment",), within="websetId"),
        "webset.export.created": _NOTHING,
        "webset.export.completed": _NOTHING,
        "import.created": _IMPORT,
        "import.completed": _IMPORT,
        "monitor.created": _MONITOR,
        "monitor.updated": _MONITOR,
        "monitor.deleted": _MONITOR,
        "monitor.run.created": _RUN,
        "monitor.run.completed": _RUN,
    },
    # Imports and runs of monitors may fail untold.
    ends={
        "exa.search": frozenset({"webset.search.completed", "webset.search.canceled"}),
        "exa.enrichment": frozenset({"webset.idle", "webset.item.enriched"}),
        "exa.webset": frozenset({"webset.idle"}),
    },
    # Each item that is enriched is an event: to read these costs more than looking.
    asks=(
        "webset.search.completed",
        "webset.search.canceled",
        "webset.idle",
        "webset.deleted",
        "import.completed",
        "monitor.run.completed",
    ),
)
