"""The server that follows from a :class:`Service`: it keeps to the truth, whatever the kind believes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from ._company import PLACES, kept, put
from ._remote import Fault, Remote
from ._routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs.kinds import Trace

    from ._company import Roll
    from ._service import Service

#: Seconds that a life takes from one word to the next.
STRIDE: Final = 10.0
_MIDNIGHT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def _json(payload: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(payload).encode(), content_type="application/json")


class Server:
    """A service in this process; each reply takes *latency* seconds, half of it on the way there."""

    def __init__(self, service: Service, latency: float, roll: Roll | None = None, trace: Trace | None = None) -> None:
        self._service = service
        #: Seconds that each reply takes.
        self.latency: float = latency
        self._roll = roll
        self._trace = trace
        self._routes = Routes(({} if roll is None else {"roll": roll.request}) | service.requests())
        self._faults: dict[str, list[Fault]] = {}
        self.jobs: list[Remote] = []
        #: The jobs that only make a list longer; requests about them count for nothing and never fail.
        self.others: list[Remote] = []
        #: How the next job that is created will live.
        self.next_life: tuple[Sequence[tuple[float, str]], Sequence[tuple[float, str]]] | None = None
        #: How many requests have come in, by verb; what is no request of the service is ``unknown``.
        self.sent: Counter[str] = Counter()
        self._do: dict[str, Callable[[Remote], web.Response]] = {
            "look": self._look,
            "cancel": self._cancel,
            "stop": self._stop,
            "result": self._result,
            "deletion": self._delete,
        }

    def now(self) -> float:
        """Return the service's time."""
        return asyncio.get_running_loop().time()

    def clock(self) -> datetime:
        """Return the time of day at the service."""
        return _MIDNIGHT + timedelta(seconds=self.now())

    def parents(self) -> tuple[str, ...]:
        """Return the ids of what contains the jobs, as the sample has them."""
        shown = self._service.sample(self._service.words.working[0])
        return tuple(shown[key] for key in self._service.ids[:-1])

    def fresh_id(self) -> str:
        """Return an id that no job has, as the sample's in length and beginning."""
        shown = self._service.sample(self._service.words.working[0])[self._service.ids[-1]]
        number = f"{len(self.jobs) + 1:04x}"
        return f"{shown[: -len(number)]}{number}"

    def add(
        self, steps: Sequence[tuple[float, str]], after_cancel: Sequence[tuple[float, str]], own_id: str | None = None
    ) -> Remote:
        """Begin a job that lives so."""
        remote = Remote((*self.parents(), own_id or self.fresh_id()), [], after_cancel)
        remote.goes_on(self.now(), steps)
        self.jobs.append(remote)
        return remote

    def add_others(self, count: int) -> list[Remote]:
        """Begin so many jobs that work for ever, in several places if the list shows all; return them."""
        for number in range(count):
            *places, place = ("", *self.parents())
            if places and self._roll is not None and self._roll.wide:
                place = f"{place[:-1]}{number % PLACES}"
            own_id = self.fresh_id()[:-4] + f"{0xC000 + number:x}"
            other = Remote((*places, place, own_id)[1:], [], ())
            other.goes_on(self.now(), [(0.0, self._service.words.working[0])])
            self.others.append(other)
        return self.others

    def fault(self, verb: str, fault: Fault) -> None:
        """Put a fault in force, after those that there are."""
        self._faults.setdefault(verb, []).append(fault)

    def heal(self) -> None:
        """Let everything go well again."""
        self._faults.clear()

    def job(self, ids: Sequence[str]) -> Remote | None:
        """Return the job with these ids, ``None`` if there is none."""
        return next((remote for remote in (*self.jobs, *self.others) if remote.ids == tuple(ids)), None)

    def payload(self, remote: Remote) -> dict[str, Any]:
        """Return what the service shows of a job."""
        shown = dict(self._service.sample(remote.word(self.now())))
        for path, value in remote.kept.items():
            put(shown, path, value)
        return shown | dict(zip(self._service.ids, remote.ids, strict=True))

    # -- answering ------------------------------------------------------------

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        found = self._routes.find(request.method, request.rel_url.raw_path, request.query)
        verb, ids = found or ("unknown", ())
        mine = not any(other.ids == ids for other in self.others)
        self.sent[verb] += mine
        fault = self._strike(verb if mine else "")
        await asyncio.sleep(self.latency / 2)
        if fault.seconds is None:
            await asyncio.Event().wait()
        await asyncio.sleep(fault.seconds or 0.0)
        response = (
            self._answer(verb, ids, request.query, body) if fault.processed or fault.status == 0 else web.Response()
        )
        await asyncio.sleep(self.latency / 2)
        if fault.status is None:
            if request.transport is not None:
                request.transport.close()
        elif fault.status:
            response = web.Response(
                status=fault.status, body=fault.body, headers=fault.headers, content_type="application/json"
            )
        response.headers["Date"] = format_datetime(self.clock(), usegmt=True)
        return response

    def _strike(self, verb: str) -> Fault:
        # A service that does not tell of a job does so in no list.
        faults = self._faults.get("look" if verb == "roll" else verb)
        if not faults:
            return Fault()
        if faults[0].times is not None:
            faults[0].times -= 1
            if not faults[0].times:
                return faults.pop(0)
        return faults[0]

    def _answer(self, verb: str, ids: tuple[str, ...], query: Mapping[str, str], body: bytes) -> web.Response:
        if verb == "create":
            return self._create(ids, body)
        if verb == "roll":
            return self._show_roll(ids, query)
        if verb == "listing":
            return self._listing(ids)
        remote = self.job(ids)
        if verb == "unknown" or remote is None or remote.denied is not None:
            status = 404 if remote is None or remote.denied is None else remote.denied
            return _json({"error": "there is no such thing"}, status)
        return self._do[verb](remote)

    def _create(self, ids: tuple[str, ...], body: bytes) -> web.Response:
        if ids != self.parents():
            return _json({"error": "there is no such place"}, 404)
        words = self._service.words
        steps, after_cancel = self.next_life or ([(0.0, words.live[0])], [])
        self.next_life = None
        remote = self.add(steps, after_cancel)
        if self._trace is not None:
            remote.kept = kept(self._trace, json.loads(body), self.clock())
        return _json(self.payload(remote), 201)

    def _show_roll(self, ids: tuple[str, ...], query: Mapping[str, str]) -> web.Response:
        assert self._roll is not None
        there = [remote for remote in (*self.others, *self.jobs) if remote.denied is None]
        return _json(self._roll.page([(remote.ids, self.payload(remote)) for remote in there], ids, query))

    def _listing(self, ids: tuple[str, ...]) -> web.Response:
        return _json({self._service.rows: [self.payload(job) for job in self.jobs if job.ids[: len(ids)] == ids]})

    def _look(self, remote: Remote) -> web.Response:
        return _json(self.payload(remote))

    def _cancel(self, remote: Remote) -> web.Response:
        cancel = self._service.cancel
        assert cancel is not None
        word = remote.word(self.now())
        if word in self._service.accepts():
            remote.goes_on(self.now(), remote.after_cancel)
            remote.accepted.set()
        elif cancel.refuses is not None:
            return _json({"error": {"code": cancel.code, "message": cancel.text}}, cancel.refuses)
        return web.Response(status=204) if cancel.answers == 204 else _json(self.payload(remote), cancel.answers)  # noqa: PLR2004

    def _stop(self, remote: Remote) -> web.Response:
        if remote.word(self.now()) in self._service.words.live:
            remote.goes_on(self.now(), [(0.0, self._service.words.completed[0])])
        return _json(self.payload(remote))

    def _result(self, remote: Remote) -> web.Response:
        return _json(self.payload(remote) | dict(self._service.brings))

    def _delete(self, remote: Remote) -> web.Response:
        remote.denied = 404
        return web.Response(status=204)
