"""One sort of WaterCrawl's requests, as the server of version 0.12 was seen to keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from . import _watercrawl_manners as manners
from . import _watercrawl_shapes as shapes
from . import _watercrawl_sites as sites
from ._http import Call, Reply, Route, Stream
from ._serializer import InvalidFieldError, read
from ._streams import Follower
from ._world import Roll

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ._jobs import RemoteJob
    from ._world import World

# Jobs that are older than this, in seconds, no longer hold a slot.
_SLOT_AGE = 7200.0
_SSE_HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def _nothing(job: RemoteJob, call: Call) -> list[dict[str, Any]]:
    del job, call
    return []


def _never(job: RemoteJob, now: float) -> float | None:
    del job, now
    return None


@attrs.frozen(kw_only=True)
class Sort:
    """What one sort of requests has of its own.

    *noun* and *nouns* are its names in messages, *fields* its create body, *show* its object. *filters* tells whether
    its list can be filtered. Streams repeat the state every *heartbeat* seconds (``None``: never), tell of
    ``canceling`` if they are *frank*, begin with the line *greeting* of the log, and carry *parts* of the result, of
    which *next_part* says when there will be more.
    """

    kind: str
    root: str
    noun: str
    nouns: str
    fields: Any
    show: Callable[..., dict[str, Any]]
    filters: bool
    heartbeat: float | None
    frank: bool
    greeting: Callable[[RemoteJob], str]
    parts: Callable[[RemoteJob, Call], list[dict[str, Any]]] = _nothing
    next_part: Callable[[RemoteJob, float], float | None] = _never


class Requests:
    """The requests of one sort: create, list, look, cancel, and the stream of states."""

    def __init__(self, world: World, sort: Sort) -> None:
        self.world = world
        self.sort = sort
        self._jobs: list[RemoteJob] = []
        self._roll = Roll()
        kind, root = sort.kind, sort.root
        self.routes: tuple[Route, ...] = (
            Route("POST", root, kind, "create", self.create),
            Route("GET", root, kind, "list", self._list),
            Route("GET", f"{root}{{}}/", kind, "look", self._look),
            Route("DELETE", f"{root}{{}}/", kind, "cancel", self._cancel),
            Route("GET", f"{root}{{}}/status/", kind, "events", self._status),
        )

    def create(self, call: Call) -> Reply:
        """Start a job."""
        return Reply(201, self.show(self.begin(call, self.read(call, self.sort.fields)), call))

    def read(self, call: Call, fields: Any) -> dict[str, Any]:
        """Return the *fields* of a request's body."""
        try:
            return read(manners.data(call), fields)
        except InvalidFieldError as error:
            manners.refuse(400, None, error.errors)

    def begin(self, call: Call, body: dict[str, Any]) -> RemoteJob:
        """Start a job with this body, if there is a slot for it."""
        slots = self.world.limits.watercrawl_slots
        if slots is not None and self._slots_taken(call.now) >= slots:
            nouns = self.sort.nouns
            text = f"Your plan does not support more than {slots} concurrent {nouns}. Wait for them to finish."
            manners.refuse(403, text)
        job = self.world.create(self.sort.kind, (self.world.uuid(),), body, call.now)
        self._jobs.append(job)
        self._roll.add(job)
        return job

    def _slots_taken(self, now: float) -> int:
        alive = self._roll.alive(now)
        return sum(job.word(now) in {"new", "running"} and now - job.created < _SLOT_AGE for job in alive)

    def _list(self, call: Call) -> Reply:
        jobs = [job for job in reversed(self._jobs) if job.refusal(call.now) is None]
        if self.sort.filters:
            jobs = manners.keep(call, jobs, self.world.micro_stamp)
        return manners.page(call, jobs, lambda job: self.show(job, call))

    def _look(self, call: Call) -> Reply:
        return Reply(200, self.show(self.find(call), call))

    def _cancel(self, call: Call) -> Reply:
        job = self.find(call)
        if job.word(call.now) != "running":
            manners.refuse(403, f"Only running {self.sort.noun} requests can be deleted")
        job.cancel(call.now)
        return Reply(204)

    def _status(self, call: Call) -> Stream:
        return Stream(self._follow(self.find(call), call), dict(_SSE_HEADERS))

    def find(self, call: Call) -> RemoteJob:
        """Return the job that a request is about."""
        key = manners.read_uuid(call.ids[0].removesuffix(".json")) or ""
        return self.world.known(
            self.sort.kind, (key,), call.now, lambda status: manners.refuse(status, manners.MESSAGES[404])
        )

    def show(self, job: RemoteJob, call: Call) -> dict[str, Any]:
        """Return a job as the request wants it."""
        prefetched = manners.is_true(call, "prefetched")
        return self.sort.show(self.world, job, call.now, call.origin, prefetched=prefetched)

    async def _follow(self, job: RemoteJob, call: Call) -> AsyncIterator[bytes]:
        sort, shown, said = self.sort, None, 0.0
        told: set[str] = set()

        def next_frame(now: float) -> float | None:
            beat = None if sort.heartbeat is None else said + sort.heartbeat
            return min((at for at in (beat, sort.next_part(job, now)) if at is not None), default=None)

        with Follower(self.world, job, next_frame) as follower:
            while True:
                call.now = now = self.world.now()
                frames: list[bytes] = []
                for part in sort.parts(job, call):
                    if part["uuid"] not in told:
                        told.add(part["uuid"])
                        frames.append(shapes.frame("result", part))
                word = job.word(now)
                news = word != shown and (sort.frank or word != "canceling")
                if news or (sort.heartbeat is not None and now - said >= sort.heartbeat):
                    frames.append(shapes.frame("state", self.show(job, call)))
                    said = now
                if word == "running" and word != shown:
                    frames.append(shapes.frame("feed", shapes.feed(self.world, now, sort.greeting(job))))
                ends = job.streams_end(now)
                if ends:
                    # The last state usually comes twice, and then the end, without a mark; it need not be a final one.
                    frames.append(shapes.frame("state", self.show(job, call)))
                # Something goes out each time: that is how it is noticed that nobody listens any more.
                for frame in frames or (b"",):
                    yield frame
                shown = word
                if ends or not await follower.change():
                    return


class SiteRequests(Requests):
    """Requests that come to the pages of a site, which *pages* returns: they are shown as a graph and as markdown.

    *maps* is the path of these below a job's own, *file* that of the file with the pages, *missing* what is said while
    there are none.
    """

    def __init__(
        self,
        world: World,
        sort: Sort,
        pages: Callable[[RemoteJob, float], list[dict[str, str]]],
        *,
        maps: str = "",
        file: str,
        missing: str,
    ) -> None:
        super().__init__(world, sort)
        self._pages = pages
        self._missing = missing
        one, kind = f"{sort.root}{{}}/{maps}", sort.kind
        self.routes += (
            Route("GET", f"{one}graph/", kind, "result", lambda call: self._map(call, sites.graph)),
            # JSON text, whatever the server means to send.
            Route("GET", f"{one}markdown/", kind, "result", lambda call: self._map(call, sites.markdown)),
            Route("GET", file, kind, "result", self._file),
        )

    def create(self, call: Call) -> Reply:
        """Start a job. The framework takes the address of its site for that of what was created."""
        reply = super().create(call)
        reply.headers["Location"] = reply.body["url"]
        return reply

    def _map(self, call: Call, draw: Callable[[list[dict[str, str]]], Any]) -> Reply:
        job = self.find(call)
        if not job.has_results(call.now):
            manners.refuse(404, self._missing)
        return Reply(200, draw(self._pages(job, call.now)))

    def _file(self, call: Call) -> Reply:
        # A signature in its address opens it to everybody.
        job = self.find(call)
        return Reply(200, self._pages(job, call.now)) if job.has_results(call.now) else manners.nowhere()
