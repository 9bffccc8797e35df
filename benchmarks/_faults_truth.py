"""What the service has in truth: the jobs of its ledger, and the websets that some of them make up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs.exa import EXA
from asyncjobs.watercrawl import WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncjobs.sandbox import JobRow

TEXT: Final = re.compile(r"job-\d{6}")
#: All kinds of the library, and those that nobody can own, since nothing cancels them.
KINDS: Final = tuple(kind.name for provider in (EXA, WATERCRAWL) for kind in provider.kinds)
UNOWNED: Final = {kind.name for provider in (EXA, WATERCRAWL) for kind in provider.kinds if kind.cancel is None}
WEBSET: Final = "exa.webset"
IMPORT: Final = "exa.import"
RUN: Final = "exa.monitor_run"
AGENT: Final = "exa.agent_run"
#: What more than one call makes.
COMPOSED: Final = {WEBSET, IMPORT, RUN}
_ENDS: Final = {"completed", "finished", "failed", "canceled", "cancelled"}


def text_of(body: Mapping[str, Any]) -> str:
    """Return the text of the create that a job came from."""
    fields = ("query", "description", "url", "title")
    found = TEXT.search(str(next((body[field] for field in fields if body.get(field)), None)))
    return found[0] if found else "nobody"


def whole(words: Iterable[str]) -> str:
    """
    Return what a webset is in one word, from those of the searches and enrichments in it.

    It has no end of its own: it was canceled if all that is in it was, and has completed otherwise.
    """
    found = set(words)
    if not found <= _ENDS:
        return "running"
    return "canceled" if found == {"canceled"} else "completed"


@attrs.frozen
class Row:
    """A job that the service has, or a webset, which is all of its *parts*."""

    ref: str
    status: str
    ended: bool
    parts: frozenset[str]


def rows_of(kind: str, rows: Iterable[JobRow]) -> list[Row]:
    """Return what was created by creates of *kind*, of which the ledger has these *rows*."""
    if kind != WEBSET:
        return [Row(row.ref, row.status, row.ended, frozenset({row.ref})) for row in rows]
    homes: dict[str, list[JobRow]] = {}
    for row in rows:
        homes.setdefault(row.ids[0], []).append(row)
    return [
        Row(
            f"{WEBSET}:{home}",
            whole(row.status for row in inside),
            all(row.ended for row in inside),
            frozenset(row.ref for row in inside),
        )
        for home, inside in homes.items()
    ]
