"""What a client tells of jobs as it happens: creating one with its events, and following one that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._bodies import read_json
from asyncjobs._creation import StreamedCreation
from asyncjobs._events import EventStream
from asyncjobs._following import check_event_id
from asyncjobs._making import Making
from asyncjobs._streams import Opener
from asyncjobs._wire import identify
from asyncjobs.errors import NotSupported, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs._kinds import JobKind
    from asyncjobs._sse import ServerEvent

R = TypeVar("R")
E = TypeVar("E")


class Telling(Making):
    """What a client can tell of jobs as it happens."""

    def stream(
        self,
        kind: JobKind[R],
        body: Mapping[str, Any],
        *ids: str,
        make: Callable[[ServerEvent, dict[str, Any]], E],
    ) -> StreamedCreation[R, E]:
        """
        Return the creation of a job of *kind* together with its events; the rest is that of :meth:`create`.

        *make* makes of an event, and the object that its data is (an empty one if it is none), what users get. If the
        connection breaks before the service has named the job, that is a create whose outcome is unknown.

        Raises:
            NotSupported: Jobs of this kind do not tell their events from the start.
        """
        if kind.events is None or not kind.events.live:
            raise NotSupported("stream", kind.name)
        return StreamedCreation(lambda owned: self._stream(kind, body, ids, make, owned=owned))

    async def _stream(
        self,
        kind: JobKind[R],
        body: Mapping[str, Any],
        ids: Sequence[str],
        make: Callable[[ServerEvent, dict[str, Any]], E],
        *,
        owned: bool,
    ) -> EventStream[R, E]:
        def names_the_job(data: bytes) -> bool:
            try:
                payload = read_json(data)
                identify(kind, payload, ids)
            except (ValueError, RecursionError, AttributeError, ProtocolError):
                return False
            return isinstance(payload.get(kind.status), str)

        opener = Opener(self._engine.streams, first=names_the_job)
        try:
            job = await self._create(kind, body, ids, owned=owned, caller=self._engine.caller.over(opener))
        except BaseException:
            # The create may still be on its way: what it opens then is closed, too.
            opener.close()
            raise
        return EventStream(job, make, opener.take())

    def follow(
        self,
        kind: JobKind[R],
        *ids: str,
        make: Callable[[ServerEvent, dict[str, Any]], E],
        after: str | None = None,
        once: bool = False,
    ) -> EventStream[R, E]:
        """
        Return the events of a job that exists, from the first, or from what follows the event with the id *after*.

        Nothing is sent before the first is asked for. With *once* it gives what the service has stored by then, and
        ends; else it goes on until the job was seen to end. *make* is that of :meth:`stream`.

        Raises:
            NotSupported: The service does not store events of such jobs.
            InvalidArgument: An id cannot be one.
        """
        if kind.events is None or kind.events.replay is None:
            raise NotSupported("events", kind.name)
        return EventStream(self.job_of(kind, *ids), make, after=check_event_id(after), once=once)
