"""Asking a service for what is no job: containers, rows and pages; the lower half of a client."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from asyncjobs._convert import KeyStyle, structure
from asyncjobs._creating import Create
from asyncjobs._job import Job
from asyncjobs._pages import Pages
from asyncjobs._refs import JobRef, check_id
from asyncjobs._wire import build, decode, identify, read_row
from asyncjobs.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from asyncjobs._engine import Engine
    from asyncjobs._kinds import Call, JobKind, Refusal
    from asyncjobs._models import Snapshot
    from asyncjobs._wire import Reply, Request

Query: TypeAlias = "Sequence[tuple[str, str]]"
ReadPage: TypeAlias = "Callable[[dict[str, Any]], tuple[list[Any], str | None]]"

R = TypeVar("R")
T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Asking:
    """What a client can ask for besides single jobs."""

    _engine: Engine

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
        orphaned: Callable[[T], object] | None = None,
    ) -> T:
        """
        Send *call* and return its reply as *into*, an attrs class whose keys are spelled in the style *keys*.

        A *call* that is not repeatable is a create: its unknown outcome is ``CreateUncertain``, and a caller who is
        cancelled does not abort it; *orphaned* then takes what was made (``None``: it is only logged).

        Raises:
            APIError, TransportError, ProtocolError: It failed, retries included.
            CreateUncertain: *call* is not repeatable and its outcome is unknown.
            InvalidArgument: An id cannot be one, or *body* is no JSON.
        """

        def parse(reply: Reply) -> T:
            return structure(decode(reply), into, keys)

        async def made_for_nobody(made: T, _: bool) -> None:  # noqa: FBT001 - the signature that Create calls
            _log.warning("one %s was created after its caller was cancelled", into.__name__)
            if orphaned is not None:
                orphaned(made)

        self._engine.enter()
        request = build(call, ids, query=query, body=body)
        if call.repeatable:
            return await self._send(request, parse)
        what = f"{self._engine.provider.name}.{into.__name__.lower()}"
        return await self._run_create(what, request, body or {}, parse, made_for_nobody)

    def rows(
        self,
        call: Call,
        *ids: str,
        into: type[T],
        keys: KeyStyle = KeyStyle.CAMEL,
        read_page: ReadPage,
        query: Callable[[str | None], Query],
    ) -> Pages[T]:
        """
        Return the rows of a list as *into*, page by page.

        *query* gives the parameters for a cursor (``None`` at first), *read_page* the rows of a
        decoded page and the next cursor (``None`` at the end).
        """

        def parse(reply: Reply) -> tuple[list[T], str | None]:
            found, cursor = read_page(decode(reply))
            return [structure(row, into, keys) for row in found], cursor

        return self._pages(call, ids, parse, query)

    def list_jobs(
        self, kind: JobKind[R], call: Call, *ids: str, read_page: ReadPage, query: Callable[[str | None], Query]
    ) -> Pages[Job[R]]:
        """
        Return the jobs of a list, page by page, each with what its row shows.

        *read_page* and *query* are those of :meth:`rows`. A job that stands on two pages, because the list moved
        meanwhile, is given once.
        """
        given: set[JobRef] = set()

        def parse(reply: Reply) -> tuple[list[Job[R]], str | None]:
            found, cursor = read_page(decode(reply))
            jobs: dict[JobRef, Job[R]] = {}
            for row in found:
                if not isinstance(row, dict):
                    raise ProtocolError(f"{reply.url}: expected rows of objects, got {type(row).__name__}")
                ref = identify(kind, row, ids)
                if ref not in given and ref not in jobs:
                    jobs[ref] = self._sighted(kind, read_row(kind, ref, row, reply, "survey"), reply)
            # Only now: a page that turns out to be broken is read again, as a whole.
            given.update(jobs)
            return list(jobs.values()), cursor

        return self._pages(call, ids, parse, query)

    def _pages(
        self,
        call: Call,
        ids: Sequence[str],
        parse: Callable[[Reply], tuple[list[T], str | None]],
        query: Callable[[str | None], Query],
    ) -> Pages[T]:
        async def fetch(cursor: str | None) -> tuple[list[T], str | None]:
            self._engine.enter()
            request = build(call, ids, query=query(cursor))
            return await self._send(request, parse)

        return Pages(fetch)

    async def _send(self, request: Request, parse: Callable[[Reply], T], refusals: tuple[Refusal, ...] = ()) -> T:
        engine = self._engine
        sending = engine.caller.send(request, parse, refusals + engine.provider.refusals)
        return await engine.tasks.run(sending, f"{request.method} {request.target.partition('?')[0]}")

    async def _run_create(
        self,
        what: str,
        request: Request,
        body: Mapping[str, Any],
        parse: Callable[[Reply], T],
        orphaned: Callable[[T, bool], Awaitable[object]],
        refusals: tuple[Refusal, ...] = (),
        *,
        owned: bool = False,
    ) -> T:
        create = Create(
            self._engine.caller, what, request, body, parse, orphaned, refusals + self._engine.provider.refusals
        )
        return await self._engine.create(create, owned=owned)

    def _sighted(self, kind: JobKind[R], snapshot: Snapshot[R], reply: Reply) -> Job[R]:
        job = self._handle(kind, snapshot.ref)
        self._engine.core(kind, snapshot.ref).take_in(snapshot, began=reply.began)
        return job
