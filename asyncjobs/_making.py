"""Making things at a service: jobs and their containers, each once; the middle of a client."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from asyncjobs._asking import Asking
from asyncjobs._convert import KeyStyle, read_key, structure
from asyncjobs._creation import Creation
from asyncjobs._finding import Finder, Found, distinct
from asyncjobs._plans import Orphans, Plan
from asyncjobs._tracing import Intent, mark
from asyncjobs._wire import build, decode, identify, read_row, read_snapshot
from asyncjobs.errors import CreateUncertain, InvalidArgument, NotSupported, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs._caller import Caller
    from asyncjobs._calls import Call, Survey, Trace
    from asyncjobs._job import Job
    from asyncjobs._kinds import JobKind
    from asyncjobs._refs import JobRef
    from asyncjobs._wire import Reply

R = TypeVar("R")
T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Making(Asking):
    """What a client can make."""

    #: Jobs whose creating task was cancelled before it could take them. They run and nobody owns them: they are yours
    #: to take or to cancel.
    adopted: list[Job[Any]]
    #: Creates of cancelled tasks whose outcome stayed unknown: what :meth:`reconcile` takes.
    uncertain: list[CreateUncertain]

    def create(self, kind: JobKind[R], body: Mapping[str, Any], *ids: str) -> Creation[R]:
        """
        Return the creation of a job of *kind* from *body*; *ids* fill the path.

        Nothing is sent before it is awaited or entered. It is sent once: if the outcome is unknown, the job is
        looked for where the service has a list of its jobs (``kind.trace``).

        Awaiting it raises:
            CreateUncertain: The outcome is unknown and the job was not found; it may exist.
            InvalidArgument: An id cannot be one, or *body* is no JSON.
            APIError, TransportError: The service refused, or could not be reached at all.
        """
        return Creation(lambda owned: self._create(kind, body, ids, owned=owned))

    async def reconcile(self, uncertain: CreateUncertain) -> Any:
        """
        Look again for what a create made whose outcome was unknown, and return what the create would have: a job.

        Raises:
            CreateUncertain: It was not found, or the service cannot tell it from others: see its ``candidates``.
            NotSupported: Jobs of this kind cannot be found in this way.
            InvalidArgument: It is about something else, or about another service.
            APIError, TransportError, ProtocolError: The service could not be asked, retries included.
        """
        if not isinstance(uncertain, CreateUncertain):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
            raise InvalidArgument("uncertain", f"expected CreateUncertain, got {type(uncertain).__name__}")
        kind = self._engine.provider.kind(uncertain.kind)
        if kind.trace is None:
            raise NotSupported("reconcile", kind.name)
        finder = self._job_finder(kind, kind.trace, _intent_of(uncertain))
        return await self._find_again(uncertain, finder, lambda job: job, self._adopt)

    async def make(
        self,
        call: Call,
        *ids: str,
        kind: str,
        into: type[T],
        keys: KeyStyle = KeyStyle.CAMEL,
        body: Mapping[str, Any],
        trace: Trace | None = None,
        roll: Survey | None = None,
        name: str | None = None,
        adopt: Callable[[T], object] | None = None,
    ) -> T:
        """
        Make what is no job, a container say, and return it as *into*, an attrs class with an ``id``.

        *kind* is what errors call it. If the outcome is unknown it is looked for by *trace* in the list *roll*. *name*
        is a unique name of the user's own in the body, which keeps the call from taking effect twice: it is then
        sent again, and *roll* takes the name for its id. *adopt* takes what was made for a caller who was cancelled.

        Raises:
            CreateUncertain: The outcome is unknown.
            Conflict: *name* is taken.
            APIError, TransportError, ProtocolError: The service refused, or could not be reached at all.
            InvalidArgument: An id cannot be one, or *body* is no JSON.
        """

        def adopted(made: T) -> None:
            _log.warning("one %s was created and nobody has taken it", kind)
            if adopt is not None:
                adopt(made)

        intent = _intent(kind, ids, body, trace)
        request = attrs.evolve(build(call, ids, body=mark(intent, trace)), repeatable=name is not None)
        plan = Plan(
            intent=intent,
            request=request,
            parse=lambda reply: structure(decode(reply), into, keys),
            tell=lambda made: read_key(made, "id", keys),
            orphans=Orphans(adopted, self.uncertain),
            finder=self._thing_finder(intent, into, keys, trace, roll, name),
            refusals=self._engine.provider.refusals,
        )
        return await self._engine.create(plan, owned=False)

    async def remake(
        self,
        uncertain: CreateUncertain,
        *,
        into: type[T],
        keys: KeyStyle = KeyStyle.CAMEL,
        trace: Trace,
        roll: Survey,
        name: str | None = None,
        adopt: Callable[[T], object] | None = None,
    ) -> T:
        """
        Look again for what :meth:`make` may have made; the arguments are those of then.

        Raises:
            CreateUncertain: It was not found.
            APIError, TransportError, ProtocolError: The service could not be asked, retries included.
        """
        finder = self._thing_finder(_intent_of(uncertain), into, keys, trace, roll, name)
        assert finder is not None
        return await self._find_again(uncertain, finder, lambda made: read_key(made, "id", keys), adopt)

    async def _create(
        self,
        kind: JobKind[R],
        body: Mapping[str, Any],
        ids: Sequence[str],
        *,
        owned: bool,
        caller: Caller | None = None,
    ) -> Job[R]:
        if kind.create is None:
            raise NotSupported("create", kind.name)
        if owned and kind.cancel is None:
            raise NotSupported("cancel", kind.name)
        engine = self._engine
        intent = _intent(kind.name, ids, body, kind.trace)

        def parse(reply: Reply) -> Job[R]:
            ref = identify(kind, decode(reply), ids)
            try:
                job = self._sighted(kind, read_snapshot(kind, ref, reply, "create"), reply)
            except ProtocolError as error:
                # It exists, which is what matters; what it is will be looked at.
                _log.warning("%s was created, and the reply makes no sense otherwise: %s", ref, error)
                job = self._handle(kind, ref)
            engine.claim(ref)
            return job

        plan = Plan(
            intent=intent,
            request=build(kind.create, ids, verb="create", body=mark(intent, kind.trace)),
            parse=parse,
            tell=lambda job: job,
            orphans=Orphans(self._adopt, self.uncertain, lambda job: engine.clean_up(engine.core(kind, job.ref))),
            finder=None if kind.trace is None else self._job_finder(kind, kind.trace, intent),
            refusals=kind.refusals + engine.provider.refusals,
        )
        return await engine.create(plan, owned=owned, caller=caller)

    def _adopt(self, job: Job[Any]) -> None:
        """Keep a job that was created for a caller who has gone in :attr:`adopted`, and log it."""
        _log.warning("%s was created and nobody has taken it; it runs, and is kept in client.adopted", job.ref)
        self.adopted.append(job)

    # -- finding what was made ------------------------------------------------

    def _job_finder(self, kind: JobKind[R], trace: Trace, intent: Intent) -> Finder[Job[R]]:
        roll = kind.roll
        assert roll is not None, "a kind with a trace has a roll"

        def read(row: dict[str, Any], reply: Reply) -> Job[R]:
            ref = identify(kind, row, intent.parents)
            try:
                return self._sighted(kind, read_row(kind, ref, row, reply, "survey"), reply)
            except ProtocolError:
                return self._handle(kind, ref)

        def name(row: dict[str, Any]) -> JobRef:
            return identify(kind, row, intent.parents)

        ids = intent.parents if roll.call.fields else ()
        listing = self._engine.listings.get(roll, ids, trace, kind.refusals)
        return Finder(listing, trace, intent, read, name, self._engine.claims)

    def _thing_finder(
        self,
        intent: Intent,
        into: type[T],
        keys: KeyStyle,
        trace: Trace | None,
        roll: Survey | None,
        name: str | None,
    ) -> Finder[T] | None:
        if trace is None or roll is None:
            return None
        listing = self._engine.listings.get(roll, intent.parents if name is None else (name,), trace)
        return Finder(listing, trace, intent, lambda row, _: structure(row, into, keys), None, self._engine.claims)

    async def _find_again(
        self,
        uncertain: CreateUncertain,
        finder: Finder[T],
        tell: Callable[[T], object],
        adopt: Callable[[T], object] | None,
    ) -> T:
        self._engine.enter()
        found: Found[T] = await finder.look(lambda: uncertain.sent_at)
        if found.made:
            first, *others = found.made
            for each in distinct(others, first, tell):
                if adopt is not None:
                    adopt(each)
            return first
        raise uncertain.with_candidates(found.candidates)


def _intent(kind: str, parents: Sequence[str], sent: Mapping[str, Any], trace: Trace | None) -> Intent:
    """Return the intent to create, with a new token where the service keeps one."""
    token = secrets.token_hex(16) if trace is not None and trace.carrier is not None else None
    return Intent(kind=kind, parents=tuple(parents), sent=sent, token=token)


def _intent_of(uncertain: CreateUncertain) -> Intent:
    return Intent(kind=uncertain.kind, parents=uncertain.parents, sent=uncertain.sent, token=uncertain.token)
