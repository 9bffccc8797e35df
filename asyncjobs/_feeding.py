"""Reading the events of a service for all the jobs that somebody waits for, as long as that is cheaper than lists."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from asyncjobs._lists import next_cursor, page_query, read_rows
from asyncjobs._retry import is_transient
from asyncjobs._tails import Crowd, Tail
from asyncjobs._wire import build, decode
from asyncjobs.errors import AsyncJobsError, ProtocolError

if TYPE_CHECKING:
    from asyncjobs._caller import Caller
    from asyncjobs._feeds import Feed
    from asyncjobs._kinds import Provider
    from asyncjobs._pushes import Pushes
    from asyncjobs._refs import JobRef
    from asyncjobs._settings import Settings
    from asyncjobs._tasks import Tasks

_log = logging.getLogger("asyncjobs")


def feeder_for(provider: Provider, settings: Settings, caller: Caller, tasks: Tasks, pushes: Pushes) -> Feeder | None:
    """Return who reads the feed of *provider*, ``None`` if there is none or it is not wanted."""
    if provider.feed is None or settings.feed_from is None:
        return None
    return Feeder(provider.feed, provider, settings.feed_from, caller, tasks, pushes)


class Feeder:
    """
    Reads the feed of one service while that is worth it, and relies on it.

    *worth* is over how many containers the jobs must be spread that are waited for.
    """

    def __init__(
        self, feed: Feed, provider: Provider, worth: int, caller: Caller, tasks: Tasks, pushes: Pushes
    ) -> None:
        told = feed.told_by(feed.asks)
        self._told = [kind.name for kind in provider.kinds if kind.name in told]
        self._feed = feed
        self._refusals = provider.refusals
        self._crowd = Crowd(self._told, set().union(*(tells.names for tells in feed.tells.values())), worth)
        self._tail = Tail(feed)
        self._caller = caller
        self._tasks = tasks
        self._pushes = pushes
        self._relied: contextlib.ExitStack | None = None
        self._reading: asyncio.Task[None] | None = None

    def watch(self, ref: JobRef) -> None:
        """Take in that somebody waits for this job."""
        self._crowd.join(ref)

    def unwatch(self, ref: JobRef) -> None:
        """Take in that nobody waits for this job any more."""
        self._crowd.leave(ref)
        if not self._crowd.worth(reading=True):
            if self._relied is not None:
                self._stop()
            if self._reading is not None and not self._reading.get_loop().is_closed():
                self._reading.cancel()

    def begin(self, now: float, due: float | None) -> float | None:
        """Read the feed if it is time; return when there is something to do next, which without it would be *due*."""
        if self._reading is not None or not self._crowd.worth(reading=self._relied is not None):
            return due
        if self._tail.next_at <= now:
            self._reading = self._tasks.start_errand(self._read(), "read the feed")
            return due
        return self._tail.next_at if due is None else min(due, self._tail.next_at)

    async def _read(self) -> None:
        try:
            await self._read_window()
        except AsyncJobsError as error:
            refused = not is_transient(error) or isinstance(error, ProtocolError)
            self._failed(error, refused=refused)
        except Exception as error:  # noqa: BLE001 - the jobs are looked at all the same
            _log.exception("reading a feed failed in an unforeseen way")
            self._failed(error, refused=True)
        finally:
            self._reading = None
            self._pushes.wake()

    async def _read_window(self) -> None:
        loop, feed = asyncio.get_running_loop(), self._feed
        time = self._caller.time_of(loop.time())
        query, cursor = self._tail.query(time), None
        rows: list[Any] = []
        for _ in range(feed.most):
            pages = page_query(feed.paging, feed.paging.most, cursor)
            reply = await self._caller.attempt(build(feed.call, query=[*query, *pages]), self._refusals)
            payload = decode(reply, token=True)
            rows += read_rows(payload, feed.rows)
            cursor = next_cursor(payload, feed.paging)
            if cursor is None:
                break
        else:
            raise ProtocolError(f"{feed.call.path}: more has happened than {feed.most} pages hold")
        if self._relied is None and self._crowd.worth(reading=False):
            # Only now: it can be read, and what happened before is seen by the looks that are planned.
            self._relied = contextlib.ExitStack()
            self._relied.enter_context(self._pushes.expect(self._told))
        self._tail.succeeded(loop.time(), time)
        for row in self._tail.sort(rows):
            self._pushes.tell(feed, row.get(feed.name), row.get(feed.data), "event")

    def _failed(self, error: Exception, *, refused: bool) -> None:
        if self._tail.failed(asyncio.get_running_loop().time(), refused=refused):
            _log.info("%s is left alone for a while: %s", self._feed.call.path, error)
            self._stop()

    def _stop(self) -> None:
        """Rely on the feed no longer, and begin anew when it is worth it."""
        relied, self._relied = self._relied, None
        self._tail.start()
        if relied is not None:
            relied.close()
