"""Where a sentence of the contract is played: the service, a client of it, and words for what happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiohttp
import attrs
from aiohttp import web

from asyncjobs import Settings, wait_all
from asyncjobs.kinds import Client, JobState, Pace
from asyncjobs.sandbox._memory import MemoryConnector

from ._company import MANY, Roll, reading
from ._remote import Fault
from ._server import STRIDE, Server
from ._service import ROLES

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Sequence

    from asyncjobs import Job
    from asyncjobs.kinds import Survey

    from ._remote import Remote
    from ._service import Service

T = TypeVar("T")

_URL = "http://service.test"
_LATENCY = 0.02
#: So that a wait which goes wrong ends soon in the time of these tests, too.
SETTINGS = Settings(unreachable_after=60.0, unknown_after=60.0, appear_grace=10.0, request_timeout=20.0)


class Scene:
    """
    A service in this process and a client of it; an async context manager.

    All is looked at with the library's own pace, unless the kind's *own_pace* is what matters. With a *survey* the
    client waits for other jobs all the time, so that the list shows the sentence's own, too; else each is looked at
    alone.
    """

    def __init__(self, service: Service, *, own_pace: bool = False, survey: Survey | None = None) -> None:
        self.service: Service = service
        self.words = service.words
        self.kind = reading(service.kind, survey)
        self._provider = attrs.evolve(service.provider, kinds=(self.kind,), limits=())
        self._settings = SETTINGS if own_pace else attrs.evolve(SETTINGS, paces={self.kind.name: Pace()})
        flips = 0.0 if service.cancel is None else service.cancel.flips
        latency = min(_LATENCY, flips / 3) if flips else _LATENCY
        self._roll = None if survey is None else Roll(survey, self.kind, _URL)
        self.server = Server(service, latency, self._roll, self.kind.trace)
        self._company: asyncio.Task[Any] | None = None
        #: The words that play their parts when any will do.
        self.working: str = self.words.working[0]
        self.completed: str = self.words.completed[0]
        self.failed: str = self.words.failed[0] if self.words.failed else ""
        self.canceled: str = self.words.canceled[0] if self.words.canceled else ""

    async def __aenter__(self) -> Self:
        self._web = web.Server(self.server, access_log=None, handler_cancellation=True)
        self._session = aiohttp.ClientSession(connector=MemoryConnector(self._web))
        self.client = self.another_client()
        if self._roll is not None:
            others = [self.client.job_of(self.kind, *other.ids) for other in self.server.add_others(MANY)]
            self._company = start(wait_all(others, return_exceptions=True))
            await asyncio.sleep(1)  # All of them have been seen.
            self.server.sent.clear()
        self._began = self.server.now()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.heal()
        if self._company is not None:
            await stop_tasks(self._company)
        await self.client.aclose()
        await self._session.close()
        await self._web.shutdown(1.0)

    def another_client(self) -> Client:
        """Return one more client of the same service."""
        return Client(self._provider, "key", base_url=_URL, settings=self._settings, session=self._session)

    @property
    def elapsed(self) -> float:
        """Seconds since the scene began."""
        return self.server.now() - self._began

    # -- jobs ------------------------------------------------------------------

    def steps(self, works: float | None, ends: str | None) -> list[tuple[float, str]]:
        """Return a life that works for so many seconds (``None``: for ever) and *ends* so (``None``: well)."""
        return [(0.0, self.working)] + ([] if works is None else [(works, ends or self.completed)])

    def put(
        self,
        *,
        works: float | None = None,
        ends: str | None = None,
        steps: Sequence[tuple[float, str]] | None = None,
        after_cancel: Sequence[tuple[float, str]] | None = None,
        own_id: str | None = None,
        client: Client | None = None,
    ) -> Job[Any]:
        """Begin a job at the service and return a handle that knows no more of it than its ids."""
        remote = self.server.add(
            self.steps(works, ends) if steps is None else steps,
            [(0.0, self.canceled)] if after_cancel is None else after_cancel,
            own_id,
        )
        return (client or self.client).job_of(self.kind, *remote.ids)

    async def seen(self, **life: Any) -> Job[Any]:
        """Begin a job as :meth:`put` does and look at it once."""
        job = self.put(**life)
        await job.refresh()
        return job

    def walk(self) -> list[tuple[float, str]]:
        """Return a life through all live words to its good end, one word every so many seconds."""
        return [(STRIDE * number, word) for number, word in enumerate((*self.words.live, self.completed))]

    def create(self, *, works: float | None = None) -> Any:
        """Return the creation of a job that works for so many seconds (``None``: until it is cancelled)."""
        self.server.next_life = (self.steps(works, None), [(0.0, self.canceled)])
        return self.client.create(self.kind, self.service.body, *self.server.parents())

    def nobody(self) -> Job[Any]:
        """Return a handle of a job that never was."""
        return self.client.job_of(self.kind, *self.server.parents(), self.server.fresh_id())

    def word(self, job: Job[Any]) -> str:
        """Return the service's present word for a job."""
        return self.remote(job).word(self.server.now())

    def remote(self, job: Job[Any]) -> Remote:
        """
        Return the job itself, at the service.

        Raises:
            AssertionError: The handle has ids that the service does not know.
        """
        remote = self.server.job(job.ref.parts)
        if remote is None:
            raise AssertionError(f"{job.ref} is no job that the service has")
        return remote

    def becomes(self, job: Job[Any], word: str) -> None:
        """Let somebody else do something to a job."""
        self.remote(job).goes_on(self.server.now(), [(0.0, word)])

    def forget(self, job: Job[Any], status: int = 404) -> None:
        """Let the service deny a job from now on."""
        self.remote(job).denied = status

    def spelled(self, job: Job[Any], word: str) -> bytes:
        """Return what the service would show of a job if its word were *word*."""
        remote = self.remote(job)
        present = self.service.spelling(remote.word(self.server.now()))
        shown = self.server.payload(remote)
        return json.dumps({key: word if value == present else value for key, value in shown.items()}).encode()

    def asked(self) -> int:
        """Return how many requests of any sort have come in, lists not counted: they are read for others, too."""
        return self.server.sent.total() - self.server.sent["roll"]

    # -- judging ---------------------------------------------------------------

    def may_be(self, word: str) -> frozenset[JobState]:
        """Return the states that a word may mean."""
        return ROLES[self.words.roles()[word]]


def check(ok: object, what: str) -> None:
    """
    Demand that *what* holds.

    Raises:
        AssertionError: It does not.
    """
    if not ok:
        raise AssertionError(what)


def same(what: str, seen: object, promised: object) -> None:
    """
    Demand that *what* is as promised.

    Raises:
        AssertionError: It is not; the message shows both.
    """
    if seen != promised:
        raise AssertionError(f"{what}: promised {promised!s}, seen {seen!s}")


class Raised:
    """What a block raised."""

    error: Any = None


@contextlib.contextmanager
def raising(error_class: type[BaseException], what: str) -> Generator[Raised]:
    """
    Demand that *what* raises an error of this class.

    Raises:
        AssertionError: It raises none, or one of another class.
    """
    raised = Raised()
    try:
        yield raised
    except error_class as error:
        raised.error = error
        return
    except Exception as error:
        message = f"{what}: promised {error_class.__name__}, seen {type(error).__name__}: {error}"
        raise AssertionError(message) from error
    raise AssertionError(f"{what}: promised {error_class.__name__}, and nothing was raised")


def start(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin *work* in a task of its own."""
    return asyncio.get_running_loop().create_task(work)


async def stop_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel *tasks* and wait for them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def lost() -> Fault:
    """Take effect, and lose the reply."""
    return Fault(None, processed=True)


def cut(times: int | None = 1) -> Fault:
    """Close the connection before anything takes effect."""
    return Fault(None, times=times)
