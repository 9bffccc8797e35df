"""The server that follows from a :class:`Service`: it keeps to the truth, whatever the kind believes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs
from aiohttp import web

from ._routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._service import Service

#: Seconds that a life takes from one word to the next.
STRIDE: Final = 10.0


@attrs.define(eq=False)
class Remote:
    """One job at the service: its words with the times from which they hold, in order."""

    ids: tuple[str, ...]
    steps: list[tuple[float, str]]
    #: What happens from the moment in which a cancel is accepted.
    after_cancel: Sequence[tuple[float, str]]
    #: The status that denies it, once it is forgotten.
    denied: int | None = None
    #: Set when a cancel is accepted.
    accepted: asyncio.Event = attrs.field(factory=asyncio.Event)

    def word(self, now: float) -> str:
        """Return the word at *now*."""
        return [word for at, word in self.steps if at <= now + 1e-9][-1]

    def goes_on(self, now: float, steps: Sequence[tuple[float, str]]) -> None:
        """Take another way from *now* on."""
        self.steps = [(at, word) for at, word in self.steps if at <= now] + [(now + at, word) for at, word in steps]


@attrs.define(eq=False)
class Fault:
    """
    What happens to the next *times* requests of a verb (``None``: all).

    They wait for *seconds* (``None``: for ever); then they take effect if *processed*; then they get *status* and
    *body*, or are cut off where *status* is ``None``. A status of 0 is the service's own reply after all.
    """

    status: int | None = 0
    body: bytes = b'{"error": "out of order"}'
    processed: bool = False
    seconds: float | None = 0.0
    times: int | None = 1
    headers: dict[str, str] = attrs.field(factory=dict[str, str])


def _json(payload: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(payload).encode(), content_type="application/json")


class Server:
    """A service in this process; each reply takes *latency* seconds, half of it on the way there."""

    def __init__(self, service: Service, latency: float) -> None:
        self._service = service
        #: Seconds that each reply takes.
        self.latency: float = latency
        self._routes = Routes(service.requests())
        self._faults: dict[str, list[Fault]] = {}
        self.jobs: list[Remote] = []
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

    def fault(self, verb: str, fault: Fault) -> None:
        """Put a fault in force, after those that there are."""
        self._faults.setdefault(verb, []).append(fault)

    def heal(self) -> None:
        """Let everything go well again."""
        self._faults.clear()

    def job(self, ids: Sequence[str]) -> Remote | None:
        """Return the job with these ids, ``None`` if there is none."""
        return next((remote for remote in self.jobs if remote.ids == tuple(ids)), None)

    def payload(self, remote: Remote) -> dict[str, Any]:
        """Return what the service shows of a job."""
        shown = dict(self._service.sample(remote.word(self.now())))
        return shown | dict(zip(self._service.ids, remote.ids, strict=True))

    # -- answering ------------------------------------------------------------

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        await request.read()
        found = self._routes.find(request.method, request.rel_url.raw_path, request.query)
        verb, ids = found or ("unknown", ())
        self.sent[verb] += 1
        fault = self._strike(verb)
        await asyncio.sleep(self.latency / 2)
        if fault.seconds is None:
            await asyncio.Event().wait()
        await asyncio.sleep(fault.seconds or 0.0)
        response = self._answer(verb, ids) if fault.processed or fault.status == 0 else web.Response()
        await asyncio.sleep(self.latency / 2)
        if fault.status is None:
            if request.transport is not None:
                request.transport.close()
        elif fault.status:
            response = web.Response(
                status=fault.status, body=fault.body, headers=fault.headers, content_type="application/json"
            )
        return response

    def _strike(self, verb: str) -> Fault:
        faults = self._faults.get(verb)
        if not faults:
            return Fault()
        if faults[0].times is not None:
            faults[0].times -= 1
            if not faults[0].times:
                return faults.pop(0)
        return faults[0]

    def _answer(self, verb: str, ids: tuple[str, ...]) -> web.Response:
        if verb == "create":
            return self._create(ids)
        if verb == "listing":
            return self._listing(ids)
        remote = self.job(ids)
        if verb == "unknown" or remote is None or remote.denied is not None:
            status = 404 if remote is None or remote.denied is None else remote.denied
            return _json({"error": "there is no such thing"}, status)
        return self._do[verb](remote)

    def _create(self, ids: tuple[str, ...]) -> web.Response:
        if ids != self.parents():
            return _json({"error": "there is no such place"}, 404)
        words = self._service.words
        steps, after_cancel = self.next_life or ([(0.0, words.live[0])], [])
        self.next_life = None
        return _json(self.payload(self.add(steps, after_cancel)), 201)

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
