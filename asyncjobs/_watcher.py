"""
One task that looks at all jobs that somebody waits for.

It is started by the first waiter and ends with the last one. Each look, and each reading of a list that shows many
jobs, is a short task of its own, at most *connections* of them; the agenda says who is due, and what covers them.
While the service is away, the weather says how many of those may go: the others stay due, told how long they are held.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import random
from typing import TYPE_CHECKING, Any

from asyncjobs._agenda import Agenda
from asyncjobs._crowding import Crowd
from asyncjobs._pace import LISTED, soonest
from asyncjobs._retry import is_transient
from asyncjobs._surveying import Round
from asyncjobs._waiters import Look
from asyncjobs.errors import AsyncJobsError, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._core import Core
    from asyncjobs._feeding import Feeder
    from asyncjobs._outage import Outage
    from asyncjobs._rounds import Route
    from asyncjobs._surveying import Surveyor
    from asyncjobs._tasks import Tasks

_log = logging.getLogger("asyncjobs")


class Watcher:
    """Looks at the jobs on its agenda when they are due."""

    def __init__(self, connections: int, tasks: Tasks, outage: Outage, surveyor: Surveyor) -> None:
        self._tasks = tasks
        self._surveyor = surveyor
        self._weather = outage.weather
        self._agenda: Agenda[Core[Any]] = Agenda()
        self._looking: dict[Core[Any], Look | Round] = {}
        self._wake = asyncio.Event()
        self._crowd = Crowd(connections, self._wake.set)
        self._task: asyncio.Task[None] | None = None
        outage.on_good = self._wake.set
        #: Who reads what the service tells by itself, if it has a list of that.
        self.feeder: Feeder | None = None

    def __len__(self) -> int:
        return len(self._agenda) + len(self._looking)

    def watch(self, core: Core[Any]) -> None:
        """Look at *core* from now on, when it is due."""
        if core not in self._looking and core not in self._agenda:
            record = core.record
            self._agenda.join(core, self._surveyor.routes(record.kind, record.ref), soonest(record.pace))
            self._schedule(core)
            if self.feeder is not None:
                self.feeder.watch(record.ref)
        # The end of the loop cancels it while waits of others are left, and a clean-up begins after that.
        if self._task is None or self._task.done() or self._task.cancelling():
            self._task = self._tasks.start(self._run(), "watcher")

    def hasten(self, core: Core[Any]) -> None:
        """Ask *core* again when it is due: its record has changed."""
        if core in self._agenda:
            self._schedule(core)

    def unwatch(self, core: Core[Any]) -> None:
        """Stop looking at *core*; a look that only we wanted is dropped."""
        self._agenda.leave(core)
        if self.feeder is not None:
            self.feeder.unwatch(core.record.ref)
        under_way = self._looking.pop(core, None)
        if isinstance(under_way, Look):
            self._crowd.end(under_way)
            under_way.shared.release()
        elif under_way is not None:
            under_way.wanted.discard(core)
            if not under_way.wanted and not under_way.task.get_loop().is_closed():
                under_way.task.cancel()
        if self._task is not None and not self._task.get_loop().is_closed():
            self._wake.set()

    def wake(self) -> None:
        """See whether there is something to do."""
        self._wake.set()

    async def aclose(self) -> None:
        """Stop, and wait until it has stopped."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _schedule(self, core: Core[Any], *, alone: bool = False, this: Round | None = None) -> None:
        due = now = asyncio.get_running_loop().time()
        if not alone:
            dice = random.random()  # noqa: S311 - jitter is no secret
            due = core.next_look(now, dice) if this is None else this.next_look(core, now)
        record = core.record
        # Somebody waits for what comes of a cancel: that is more urgent than looks at other jobs.
        ahead = record.urgent and (record.requested_by_us or record.snapshot is not None)
        # What was due while nobody waited is due now, and was not held till now.
        self._agenda.schedule(core, max(due, now), urgent=record.urgent, ahead=ahead, alone=alone)
        self._wake.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._agenda or self._looking:
                self._wake.clear()
                self._begin(loop.time())
                # Without room a look that is sent, or ends, is what wakes us; without anything due, a new waiter.
                due = self._agenda.next_due() if self._crowd.room > 0 else None
                due = None if due is None else self._weather.next_time(due)
                if self.feeder is not None and not self._weather.away:
                    due = self.feeder.begin(loop.time(), due)
                timer = None if due is None else loop.call_at(due, self._wake.set)
                try:
                    await self._wake.wait()
                finally:
                    if timer is not None:
                        timer.cancel()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            # Neither a mistake of ours nor what a signal's handler raised may become a wait without end.
            _log.exception("the watcher failed")
            for core in [*self._looking, *self._agenda.keys()]:
                self._give_up(core, "the watcher failed", error)
            raise

    def _begin(self, now: float) -> None:
        """Begin as many looks as there is room for."""
        if not self._weather.fair:
            self._crowd.hide(now)
        room = self._weather.room(now, self._crowd.room)
        due = self._agenda.next_due()
        if room < 1 or due is None or due > now:
            return
        if self._weather.away:
            self._choose_probe(now)
        waiting = len(self)  # Before those who are served now are taken out.
        errands = self._agenda.take(now, room, lists=not self._weather.away)
        self._weather.began(len(errands), now, random.random())  # noqa: S311 - jitter is no secret
        for errand in errands:
            first = errand.keys[0].record
            self._crowd.note(first.kind.name, due=errand.due, now=now, allowed=2 * first.pace.ceiling, waiting=waiting)
            if errand.route is None:
                self._look(*errand.keys)
            else:
                self._survey(errand.route, errand.keys)

    def _choose_probe(self, now: float) -> None:
        """Tell all that are due that they are held, and put the one in front that has failed least often."""
        overdue = self._agenda.overdue(now)
        for core, due in overdue:
            core.held(self._weather, due=due, now=now)
        # One that fails for itself would tell nothing, however often it is asked.
        probe, _ = min(overdue, key=lambda entry: (entry[0].record.guards.failures, entry[1]))
        self._agenda.schedule(probe, float("-inf"), ahead=True)

    def _look(self, core: Core[Any]) -> None:
        look = core.begin_look()
        look.shared.hold()
        self._under_way(look, (core,))
        look.shared.task.add_done_callback(lambda _: self._looked(core, look))

    def _under_way(self, look: Look | Round, cores: Iterable[Core[Any]]) -> None:
        self._looking.update(dict.fromkeys(cores, look))
        self._crowd.begin(look)
        look.on_sent = functools.partial(self._crowd.sent, look)

    def _looked(self, core: Core[Any], look: Look) -> None:
        if self._looking.get(core) is not look:
            return  # It was dropped meanwhile.
        del self._looking[core]
        self._crowd.end(look)
        look.shared.release()
        task = look.shared.task
        mistake = None if task.cancelled() else task.exception()
        if mistake is not None and not isinstance(mistake, AsyncJobsError):
            # Of ours, and it would only be repeated: whoever waits must hear of it.
            _log.error("a look at %s failed in an unforeseen way", core.record.ref, exc_info=mistake)
            self._give_up(core, "the look failed in an unforeseen way", mistake)
        elif core.watched:
            self._schedule(core)
        self._wake.set()

    def _survey(self, route: Route, keys: Iterable[Core[Any]]) -> None:
        this = Round(route, set(keys), random.uniform(*LISTED))  # noqa: S311 - jitter is no secret
        self._under_way(this, this.wanted)
        this.task = self._tasks.start_errand(
            self._surveyor.read(this, lambda core: self._shown(core, this)), f"survey {route.survey.call.path}"
        )
        this.task.add_done_callback(lambda _: self._surveyed(this))

    def _shown(self, core: Core[Any], this: Round) -> bool:
        """Take in that a list showed *core*, whether or not it was expected; return whether it was."""
        wanted = core in this.wanted
        if wanted:
            this.wanted.discard(core)
            self._looking.pop(core, None)
        if not core.watched:
            self._agenda.discard(core)  # It has ended: those who waited are about to leave.
        elif wanted or core in self._agenda:
            self._schedule(core, this=this)
        return wanted

    def _surveyed(self, this: Round) -> None:
        now = asyncio.get_running_loop().time()
        self._crowd.end(this)
        # Whoever holds a reading that is over must not hold what it has shown until the garbage collector comes.
        this.on_sent = this.standing = None
        for core in this.wanted:
            self._looking.pop(core, None)
        error = None if this.task.cancelled() else this.task.exception()
        if this.task.cancelled():
            # Nobody wanted it any more, or the client closes, and then cancels may still wait for ends.
            self._agenda.dropped(this.route)
        elif error is None:
            old = [core for core in this.wanted if not core.record.guards.young(now)]
            self._agenda.surveyed(this.route, now, this.task.result(), missing=old)
        else:
            self._not_surveyed(this, error, now)
        for core in this.wanted:
            # Absence proves nothing: a look at each alone decides.
            self._schedule(core, alone=error is None and not this.task.cancelled())
        self._wake.set()

    def _not_surveyed(self, this: Round, error: BaseException, now: float) -> None:
        if not isinstance(error, AsyncJobsError):
            _log.error("reading %s failed in an unforeseen way", this.route.survey.call.path, exc_info=error)
            self._agenda.failed(this.route, now, refused=True)
            return
        passing = is_transient(error) and not isinstance(error, ProtocolError)
        # A list that hangs says nothing of the jobs: each is looked at alone next.
        hung = isinstance(error, TransportError) and error.sent
        self._agenda.failed(this.route, now, refused=hung or not passing)
        if passing:
            for core in this.wanted:
                core.take_failure(error, asked=this.asked, began=this.began)

    def _give_up(self, core: Core[Any], what: str, cause: BaseException) -> None:
        failure = AsyncJobsError(what)
        failure.__cause__ = cause
        core.fail(failure)
