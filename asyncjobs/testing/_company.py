"""A list of the service as a survey of the kind describes it, and the jobs that make it worth reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import attrs

from asyncjobs._figures import pick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from asyncjobs.kinds import JobKind, Survey, Trace

#: How many others wait with each job of a sentence: enough for three pages.
MANY: Final = 12
#: How many rows a page has, fewer than any client asks for.
_ROWS: Final = 6
#: Over how many places (websets, say) they are spread where a list shows all places.
PLACES: Final = 3


def reading(kind: JobKind[Any], survey: Survey | None) -> JobKind[Any]:
    """
    Return *kind* as it is with this one *survey*.

    Without any, each job is looked at alone, and a create that was lost stays lost.
    """
    if survey is None:
        return attrs.evolve(kind, surveys=(), trace=None) if kind.surveys else kind
    fits = kind.create is not None and survey.call.fields in {(), kind.create.fields}
    return attrs.evolve(kind, surveys=(survey,), trace=kind.trace if fits else None)


class Roll:
    """One list of a service: which request asks for it, and what its pages are."""

    def __init__(self, survey: Survey, kind: JobKind[Any], address: str) -> None:
        call = survey.call
        self.request: str = f"{call.method} {call.path}" + (f"?{urlencode(call.query)}" if call.query else "")
        self._survey = survey
        self._address = address
        self._places = [list(kind.identity).index(field) for field in call.fields]
        #: What a query of the list asks the rows to show, where it names a status.
        self._only = {name: word for name, word in call.query.items() if name == kind.status}

    @property
    def wide(self) -> bool:
        """Whether it shows jobs of all places."""
        return not self._places

    def page(
        self, jobs: Sequence[tuple[tuple[str, ...], dict[str, Any]]], ids: Sequence[str], query: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the page that *query* asks for, of *jobs* (ids and payload, the oldest first) in the place *ids*."""
        survey, paging = self._survey, self._survey.paging
        rows = [
            (own, payload)
            for own, payload in jobs
            if [own[place] for place in self._places] == list(ids) and self._only.items() <= payload.items()
        ]
        if survey.newest_first:
            rows.reverse()
        first, *inner = survey.rows.split(".")
        shown: list[Any] = [payload for _, payload in rows]
        if inner:
            places: dict[tuple[str, ...], list[Any]] = {}
            for own, payload in rows:
                places.setdefault(own[:-1], []).append(payload)
            shown = list(places.values())
            for key in reversed(inner):
                shown = [{key: each} for each in shown]
        if paging is None:
            return {first: shown}
        begin = int(query.get(paging.cursor, "0"))
        end = begin + min(_ROWS, int(query.get(paging.size, str(_ROWS))))
        page: dict[str, Any] = {first: shown[begin:end]}
        following: str | None = str(end) if end < len(shown) else None
        if following is not None and paging.address:
            following = f"{self._address}?{urlencode({paging.cursor: following})}"
        put(page, paging.following, following)
        if paging.more is not None:
            put(page, paging.more, end < len(shown))
        return page


def put(payload: dict[str, Any], path: str, value: object) -> None:
    """Let *value* stand at a dotted *path*."""
    *way, last = path.split(".")
    for key in way:
        inner = payload.get(key)
        payload[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        payload = inner
    payload[last] = value


def kept(trace: Trace, body: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return what a service keeps of a create's *body*, by the paths at which it shows that; it was made *at*."""
    shown: dict[str, Any] = {trace.created: at.isoformat().replace("+00:00", "Z")}
    shown |= {there: value for here, there in trace.alike.items() if (value := pick(body, here)) is not None}
    if trace.carrier is not None and (value := body.get(trace.carrier)) is not None:
        shown[trace.shown or trace.carrier] = value
    return shown
