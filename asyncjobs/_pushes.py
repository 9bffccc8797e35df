"""Feeding a client with what came from outside: webhooks, events and streams. They bring news, or hasten a look."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._feeds import Shown, read_event
from asyncjobs._news import Worth, weigh
from asyncjobs._refs import JobRef
from asyncjobs._wire import Reply, identify, read_row
from asyncjobs.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from asyncjobs._core import Core
    from asyncjobs._feeds import Feed
    from asyncjobs._kinds import JobKind
    from asyncjobs._models import Source
    from asyncjobs._trust import Trust
    from asyncjobs._watcher import Watcher

Scope = tuple[str, tuple[str, ...]]

#: Scopes that are remembered although nobody holds a job in them any more.
_MOST_EMPTY: Final = 1000


class Pushes:
    """
    The door for news of the jobs that one client holds.

    *kinds* are those of the service, *cores* those jobs. A push about any other one costs a look into a table.
    """

    def __init__(
        self,
        kinds: Iterable[JobKind[Any]],
        cores: weakref.WeakValueDictionary[JobRef, Core[Any]],
        watcher: Watcher,
        trust: Trust,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._cores = cores
        self._watcher = watcher
        self._trust = trust
        #: Who shares a container, made when first asked for: most clients never need it.
        self._scopes: dict[Scope, weakref.WeakSet[Core[Any]]] | None = None
        self._sweep_at = _MOST_EMPTY

    def made(self, core: Core[Any]) -> None:
        """Take in that somebody holds one more job."""
        if self._scopes is None:
            return
        ref = core.record.ref
        self._scopes.setdefault((ref.kind, ref.parts[:-1]), weakref.WeakSet()).add(core)
        if len(self._scopes) > self._sweep_at:
            self._scopes = {scope: cores for scope, cores in self._scopes.items() if cores}
            self._sweep_at = 2 * len(self._scopes) + _MOST_EMPTY

    def take(self, kind: JobKind[Any], payload: Any, ids: Sequence[str], source: Source) -> None:
        """Take in a whole object of the service's; *ids* are the leading ids, for payloads that leave them out."""
        self._trust.told(kind.name)
        if not isinstance(payload, dict):
            return
        try:
            core = self._cores.get(identify(kind, payload, ids))
        except ProtocolError:
            return  # Whoever it is about: the next slow look will see it.
        if core is not None:
            self._take(core, payload, source)

    def _take(self, core: Core[Any], payload: Mapping[str, Any], source: Source) -> None:
        record, now = core.record, asyncio.get_running_loop().time()
        reply = Reply(status=200, headers={}, body=b"", url=f"a {source}", began=now, received_at=datetime.now(UTC))
        try:
            pushed = read_row(record.kind, record.ref, payload, reply, source)
        except ProtocolError:
            self._hint((core,))
            return
        doubtful = record.requested_by_us and record.kind.settle > 0
        worth = weigh(record.kind, record.snapshot, pushed, doubtful=doubtful)
        if worth is Worth.NEWS:
            # Looks that began before it came may be older than it.
            record.see(pushed, began=now, now=now)
            core.publish(began=float("-inf"), error=record.verdict(now))
            self._watcher.hasten(core)
        elif worth is Worth.LOOK:
            self._hint((core,))

    def tell(self, feed: Feed, name: Any, data: Any, source: Source) -> None:
        """Take in an event of the type *name*; what it means stands in *feed*."""
        tells = feed.tells.get(name) if isinstance(name, str) else None
        if tells is None or not isinstance(data, dict):
            return
        for found in read_event(tells, data):
            kind = self._kinds.get(found.kind)
            if kind is None:
                continue
            if isinstance(found, Shown):
                self.take(kind, found.payload, found.ids, source)
                continue
            # What can be no id names no job.
            with contextlib.suppress(InvalidArgument):
                self.hint(kind, found.ids)

    def hint(self, kind: JobKind[Any], ids: Sequence[str]) -> None:
        """Look soon at the job with these *ids*; if they are fewer than its own, at all jobs in that container."""
        self._trust.told(kind.name)
        parts = tuple(ids)
        if len(parts) == len(kind.identity):
            core = self._cores.get(JobRef(kind.name, parts))
            self._hint(() if core is None else (core,))
        elif len(parts) == len(kind.identity) - 1:
            self._hint(self._in_scope((kind.name, parts)))
        else:
            refs = [ref for ref in self._cores if ref.kind == kind.name and ref.parts[: len(parts)] == parts]
            self._hint(core for ref in refs if (core := self._cores.get(ref)) is not None)

    def _in_scope(self, scope: Scope) -> list[Core[Any]]:
        if self._scopes is None:
            self._scopes = {}
            for core in list(self._cores.values()):
                self.made(core)
        return list(self._scopes.get(scope, ()))

    def _hint(self, cores: Iterable[Core[Any]]) -> None:
        for core in cores:
            if not core.record.final:
                core.record.hint()
                self._watcher.hasten(core)

    @contextlib.contextmanager
    def expect(self, whose: Iterable[str | JobRef]) -> Generator[None]:
        """Count on the news of these kinds and jobs while the block runs; afterwards they are looked at as usual."""
        expected = list(whose)
        for each in expected:
            self._trust.expect(each)
        try:
            yield
        finally:
            last = {each for each in expected if self._trust.release(each)}
            cores = [self._cores.get(each) for each in last if isinstance(each, JobRef)]
            if any(isinstance(each, str) for each in last):
                cores += [core for core in self._cores.values() if core.record.ref.kind in last]
            self._hasten(core for core in cores if core is not None)

    def wake(self) -> None:
        """Let the watcher see whether there is something to do."""
        self._watcher.wake()

    def _hasten(self, cores: Iterable[Core[Any]]) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return  # Whoever feeds may end after the event loop, and then nobody waits.
        for core in list(cores):
            self._watcher.hasten(core)
