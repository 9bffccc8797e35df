"""Asking a service for what is no job: containers, rows and pages; the lower half of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from asyncjobs._convert import KeyStyle, structure
from asyncjobs._job import Job
from asyncjobs._lists import next_cursor, page_query, read_rows
from asyncjobs._pages import Pages
from asyncjobs._refs import JobRef, check_id
from asyncjobs._saving import Saving
from asyncjobs._state_block import Streaming
from asyncjobs._state_events import StateEvents
from asyncjobs._wire import build, decode, identify, read_row
from asyncjobs.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs._calls import Call, Paging, Survey
    from asyncjobs._kinds import JobKind
    from asyncjobs._models import Snapshot
    from asyncjobs._wire import Reply

Query: TypeAlias = "Sequence[tuple[str, str]]"

R = TypeVar("R")
T = TypeVar("T")


class Asking(Saving):
    """What a client can ask for besides single jobs."""

    def job_of(self, kind: JobKind[R], *ids: str) -> Job[R]:
        """
        Return the handle of the job of *kind* with these *ids*, without asking the service.

        Raises:
            InvalidArgument: An id cannot be one, or there are too many or too few.
        """
        if len(ids) != len(kind.identity):
            raise InvalidArgument("ids", f"{kind.name} is named by {len(kind.identity)} ids, got {len(ids)}")
        parts = tuple(check_id(value, name) for name, value in zip(kind.identity, ids, strict=True))
        return self._handle(kind, JobRef(kind.name, parts))

    def _handle(self, kind: JobKind[R], ref: JobRef) -> Job[R]:
        return Job(self._engine, self._engine.core(kind, ref))

    async def fetch(
        self,
        call: Call,
        *ids: str,
        into: type[T],
        keys: KeyStyle = KeyStyle.CAMEL,
        query: Query = (),
        body: Mapping[str, Any] | None = None,
    ) -> T:
        """
        Send *call*, which may be repeated, and return its reply as *into*.

        *into* is an attrs class whose keys are spelled in the style *keys*.

        Raises:
            APIError, TransportError, ProtocolError: It failed, retries included.
            InvalidArgument: An id cannot be one, *body* is no JSON, or *call* may not be repeated (see :meth:`make`).
        """

        def parse(reply: Reply) -> T:
            return structure(decode(reply), into, keys)

        if not call.repeatable:
            raise InvalidArgument("call", "is a create, which is never fetched")
        self._engine.enter()
        return await self._send(build(call, ids, query=query, body=body), parse)

    async def upload(self, address: str, data: bytes, *, content_type: str) -> None:
        """
        Put *data* at an *address* elsewhere that the service gave, without the key and without any redirect.

        It is sent again within the retry budget; each attempt has ``Settings.request_timeout`` and one second more for
        each 100 kB.

        Raises:
            ProtocolError: The address cannot be one, or is not secure although the service is.
            APIError, TransportError: It was refused, or there was no answer, retries included.
        """
        self._engine.enter()
        await self._engine.uploads.put(address, data, content_type)

    def rows(
        self,
        call: Call,
        *ids: str,
        into: type[T],
        keys: KeyStyle = KeyStyle.CAMEL,
        at: str,
        paging: Paging,
        page_size: int | None = None,
        query: Query = (),
    ) -> Pages[T]:
        """
        Return the rows of a list as *into*, page by page.

        *at* is the path of the rows in a page, *page_size* how many are fetched at a time (``None``: as the service
        likes), *query* is sent with every page.

        Raises:
            InvalidArgument: *page_size* is no whole number of at least 1, or an id cannot be one.
        """

        def parse(payload: dict[str, Any], _: Reply) -> list[T]:
            return [structure(row, into, keys) for row in read_rows(payload, at)]

        return self._pages(call, ids, parse, paging, page_size, query)

    def list_jobs(
        self, kind: JobKind[R], survey: Survey, *ids: str, page_size: int | None = None, query: Query = ()
    ) -> Pages[Job[R]]:
        """
        Return the jobs that *survey* shows, page by page, each with what its row says.

        *page_size* and *query* are those of :meth:`rows`. A job that stands on two pages, because the list moved
        meanwhile, is given once.
        """
        given: set[JobRef] = set()

        def parse(payload: dict[str, Any], reply: Reply) -> list[Job[R]]:
            jobs: dict[JobRef, Job[R]] = {}
            for row in read_rows(payload, survey.rows):
                if not isinstance(row, dict):
                    raise ProtocolError(f"{reply.url}: expected rows of objects, got {type(row).__name__}")
                ref = identify(kind, row, ids)
                if ref not in given and ref not in jobs:
                    jobs[ref] = self._sighted(kind, read_row(kind, ref, row, reply, "survey"), reply)
            # Only now: a page that turns out to be broken is read again, as a whole.
            given.update(jobs)
            return list(jobs.values())

        return self._pages(survey.call, ids, parse, survey.paging, page_size, query)

    def _pages(
        self,
        call: Call,
        ids: Sequence[str],
        parse: Callable[[dict[str, Any], Reply], list[T]],
        paging: Paging | None,
        page_size: int | None,
        query: Query,
    ) -> Pages[T]:
        page_query(paging, page_size, None)  # What cannot be asked is refused here, not at the first row.

        def read(reply: Reply) -> tuple[list[T], str | None]:
            payload = decode(reply)
            # First: a page that turns out to be broken is read again, and none of its rows may count as given.
            cursor = next_cursor(payload, paging)
            return parse(payload, reply), cursor

        async def fetch(cursor: str | None) -> tuple[list[T], str | None]:
            self._engine.enter()
            request = build(call, ids, query=[*query, *page_query(paging, page_size, cursor)])
            return await self._send(request, read)

        return Pages(fetch)

    def monitor(
        self, kind: JobKind[R], *ids: str, make: Callable[[dict[str, Any]], T], query: Query = ()
    ) -> StateEvents[R, T]:
        """
        Return the events of a job's status stream; nothing is sent before the first is asked for.

        *make* makes of an event what users get, *query* is sent with the request.

        Raises:
            NotSupported: The service does not stream the states of such jobs.
            InvalidArgument: An id cannot be one.
        """
        return StateEvents(self.job_of(kind, *ids), make, query)

    def streaming(self, *jobs: Job[Any]) -> Streaming:
        """
        Follow these jobs by their status streams while the block runs: ``async with client.streaming(job): …``.

        Whoever waits for one then hears of a change as it happens, and looks are made every ``Settings.backstop``
        seconds only. When a stream breaks off, or the block ends, the usual pace is back at once: no wait ends with a
        stream. Each keeps a connection, and a worker at a small server, which may have two of them: it is for a few
        jobs whose end must be known at once. Many are seen in lists at less cost.

        Raises:
            NotSupported: The service does not stream the states of such a job.
            InvalidArgument: They are more than ten, or one is no job.
        """
        return Streaming(jobs)

    def _sighted(self, kind: JobKind[R], snapshot: Snapshot[R], reply: Reply) -> Job[R]:
        job = self._handle(kind, snapshot.ref)
        self._engine.core(kind, snapshot.ref).take_in(snapshot, began=reply.began)
        return job
