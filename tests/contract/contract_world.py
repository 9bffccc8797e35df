"""
What the tests of the contract talk to: one kind of job, a service that keeps it, and a client.

The tests know nothing else. They say which life a job lives, what goes wrong next, and ask how many requests
were made; so the same tests can be run against any kind for which somebody writes another such world.
"""

from __future__ import annotations

import asyncio
import functools
import json
from typing import TYPE_CHECKING, Any, Self

import attrs

from asyncjobs import Exa, JobState, Settings, WaterCrawl
from asyncjobs.exa._provider import EXA
from asyncjobs.kinds import Client, JobKind, Refused
from asyncjobs.sandbox import Answer, Drop, Fault, Life, Lose, Replace, Sandbox, Stall
from asyncjobs.watercrawl._provider import WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncjobs import Job, Progress
    from asyncjobs._creation import Creation

_BODIES: dict[str, dict[str, Any]] = {
    "exa.search": {"query": "cats", "count": 10},
    "exa.enrichment": {"description": "How old is it?"},
    "exa.agent_run": {"query": "cats", "effort": "ultra"},
    "watercrawl.search": {"query": "cats", "search_options": {}, "result_limit": 2},
    # So many pages that in the middle of an ordinary life about fifty are found.
    "watercrawl.crawl": {
        "url": "https://example.com",
        "options": {"spider_options": {"page_limit": 99}, "page_options": {}},
    },
    "watercrawl.sitemap": {"url": "https://example.com", "options": {}},
}
#: The kinds that can be created and cancelled without more ado. The kit holds all to the contract: no body makes a
#: webset's job, an import lives only when its rows were sent, a monitor makes its runs, and nothing cancels these two.
SHEETS: dict[str, JobKind[Any]] = {
    kind.name: kind for provider in (EXA, WATERCRAWL) for kind in provider.kinds if kind.name in _BODIES
}

#: All kinds, and those that have a word, a verb or a manner that not all have.
KINDS = list(SHEETS)
FAILING = [name for name, kind in SHEETS.items() if JobState.FAILED in kind.words.values()]
STOPPABLE = [name for name, kind in SHEETS.items() if kind.stop is not None]
UNSTOPPABLE = [name for name, kind in SHEETS.items() if kind.stop is None]
FETCHING = [name for name, kind in SHEETS.items() if kind.result is not None]
TELLING = [name for name, kind in SHEETS.items() if kind.progress]
REASONING = [name for name, kind in SHEETS.items() if kind.reason is not None]
SETTLING = [name for name, kind in SHEETS.items() if kind.settle]
PROMPT = [name for name, kind in SHEETS.items() if not kind.settle]
#: Kinds that take a cancel only once the job runs.
LATE = [name for name, kind in SHEETS.items() if JobState.QUEUED not in kind.cancelable]

#: A cancel that is accepted and forgotten.
NEVER: tuple[tuple[float, str], ...] = ()


def figure(progress: Progress | None) -> float | None:
    """Return the figure that grows with the work: a percentage, or how much was found."""
    assert progress is not None
    return progress.found if progress.percent is None else progress.percent


class World:
    """
    One kind of job, a service and a client; an async context manager.

    *latency* is in seconds, *settings* are those of the client, *without* names verbs that the kind
    is to lack; without *lists* each job is looked at by itself.
    """

    def __init__(
        self, kind: str, *, latency: float = 0.0, without: Iterable[str] = (), lists: bool = True, **settings: Any
    ) -> None:
        provider, self._client_class = (EXA, Exa) if SHEETS[kind] in EXA.kinds else (WATERCRAWL, WaterCrawl)
        self.kind = attrs.evolve(SHEETS[kind], **dict.fromkeys(without))
        if not lists:
            self.kind = attrs.evolve(self.kind, surveys=(), trace=None)
        self._provider = attrs.evolve(
            provider, kinds=tuple(self.kind if sheet.name == kind else sheet for sheet in provider.kinds)
        )
        self._plain = lists and not without
        self._settings = Settings(**settings)
        self._sandbox = Sandbox(sockets=False, latency=latency)
        self._ids: tuple[str, ...] = ()
        words = {state: word for word, state in reversed(self.kind.words.items())}
        #: The service's own words for the stations of a life; *failed* is ``None`` where there is none.
        self.waiting = next(iter(self.kind.words))
        self.working = words.get(JobState.RUNNING, self.waiting)
        self.completed = words[JobState.COMPLETED]
        self.canceled = words[JobState.CANCELED]
        self.failed = words.get(JobState.FAILED)

    async def __aenter__(self) -> Self:
        await self._sandbox.__aenter__()
        self.client = self.another_client()
        if self.kind.name in {"exa.search", "exa.enrichment"}:
            async with Exa("key", base_url=self._sandbox.url, session=self._sandbox.session()) as helper:
                self._ids = ((await helper.websets.create(metadata={})).id,)
        self._began = self.now()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.heal()
        await self.client.aclose()
        await self._sandbox.__aexit__(*exc_info)

    def another_client(self, **settings: Any) -> Any:
        """Return one more client of the same service, with other *settings* if any are given."""
        chosen = Settings(**settings) if settings else self._settings
        make: Any = self._client_class if self._plain else functools.partial(Client, self._provider)
        return make("key", base_url=self._sandbox.url, settings=chosen, session=self._sandbox.session())

    # -- time ----------------------------------------------------------------

    def now(self) -> float:
        """Return the time of the client and the service."""
        return asyncio.get_running_loop().time()

    @property
    def elapsed(self) -> float:
        """How many seconds have passed since the world began."""
        return self.now() - self._began

    # -- jobs ----------------------------------------------------------------

    def creation(
        self,
        *,
        waits: float = 0.0,
        works: float | None = None,
        ends: str | None = None,
        steps: Sequence[tuple[float, str]] | None = None,
        after_cancel: Sequence[tuple[float, str]] | None = None,
        after_stop: Sequence[tuple[float, str]] | None = None,
        reason: str | None = None,
        client: Client | None = None,
    ) -> Creation[Any]:
        """
        Return the creation of a job that waits, works (``None``: for ever) and *ends* with a word (``None``: well).

        *steps* replace these by words with the seconds at which they come. After the service took a cancel or a stop,
        *after_cancel* or *after_stop* goes on.
        """
        life = self._life(waits=waits, works=works, ends=ends, steps=steps)
        changes: dict[str, Any] = {"after_cancel": after_cancel, "after_stop": after_stop, "reason": reason}
        life = attrs.evolve(life, **{name: value for name, value in changes.items() if value is not None})
        self._sandbox.script(self.kind.name, life)
        return (client or self.client).create(self.kind, _BODIES[self.kind.name], *self._ids)

    async def create(self, **life: Any) -> Job[Any]:
        """Return a new job that lives so; see :meth:`creation`."""
        return await self.creation(**life)

    async def unseen(self, **life: Any) -> Job[Any]:
        """Return a handle of a job of which this client knows nothing but the ref."""
        async with self.another_client() as other:
            ref = (await self.creation(client=other, **life)).ref
        return self.client.job(ref)

    def nobody(self) -> Job[Any]:
        """Return a handle of a job that the service has never had."""
        names = {"exa.agent_run": "agent_run_01j0000000000000000000000x"}
        own = names.get(self.kind.name, "00000000-0000-4000-8000-000000000000")
        return self.client.job_of(self.kind, *self._ids, own)

    def _life(
        self,
        *,
        waits: float = 0.0,
        works: float | None = None,
        ends: str | None = None,
        steps: Sequence[tuple[float, str]] | None = None,
    ) -> Life:
        if steps is None:
            return Life.ordinary(self.kind.name, waits=waits, works=works, ends=ends)
        return Life(tuple(steps), after_cancel=((0.0, self.canceled),))

    # -- the service's side --------------------------------------------------

    def word(self, job: Job[Any]) -> str:
        """Return the service's present word for a job."""
        return self._sandbox.status(str(job.ref))

    def active(self) -> int:
        """Return how many jobs of the kind run at the service."""
        return len(self._sandbox.ledger.active(self.kind.name))

    def end(self, job: Job[Any], word: str, reason: str | None = None) -> None:
        """Let somebody else end a job with *word*."""
        self._sandbox.end(str(job.ref), word, reason=reason)

    def forget(self, job: Job[Any], *, status: int = 404) -> None:
        """Let the service deny a job from now on, with 404 or 410."""
        self._sandbox.forget(str(job.ref), gone=status == 410)

    def revive(self, job: Job[Any], **life: Any) -> None:
        """Begin a new life of a job."""
        self._sandbox.reopen(str(job.ref), self._life(**life))

    def sent(self, verb: str, *, since: float = 0.0) -> int:
        """Return how many requests of *verb* (create, look, cancel, stop, result) for the kind have come in."""
        return self._sandbox.ledger.count(verb, self.kind.name, since=since)

    def asked_anything(self) -> int:
        """Return how many requests of any sort have reached the service."""
        return self._sandbox.ledger.count()

    @property
    def connections(self) -> int:
        """How many connections to the service are open."""
        return self._sandbox.connections

    # -- what goes wrong -----------------------------------------------------

    def answer(
        self,
        verb: str,
        status: int,
        *,
        times: int | None = 1,
        retry_after: float | None = None,
        processed: bool = False,
        body: Any = None,
        job: Job[Any] | None = None,
    ) -> None:
        """Answer the next requests with an error *status*; *processed*: after they took effect."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        self._add(Answer(status, body, headers, processed), verb, times, job)

    def cut(self, verb: str, *, times: int | None = 1, job: Job[Any] | None = None) -> None:
        """Close the connection of the next requests, before they take effect."""
        self._add(Drop(), verb, times, job)

    def lose(self, verb: str, *, times: int | None = 1) -> None:
        """Lose the replies of the next requests, after they took effect."""
        self._add(Lose(), verb, times)

    def hang(
        self,
        verb: str,
        seconds: float | None = None,
        *,
        times: int | None = 1,
        processed: bool = False,
        job: Job[Any] | None = None,
    ) -> None:
        """Hold the next requests for *seconds* (``None``: for ever); *processed*: their replies are made first."""
        self._add(Stall(seconds, processed), verb, times, job)

    def reply(self, verb: str, payload: Any, *, times: int | None = 1) -> None:
        """Replace the next replies that say success by *payload*: JSON, or bytes as they are."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._add(Replace(body), verb, times)

    def heal(self) -> None:
        """Let everything go well again."""
        self._sandbox.clear_faults()

    def _add(self, action: Any, verb: str, times: int | None, job: Job[Any] | None = None) -> None:
        path = None if job is None else job.id
        self._sandbox.fault(Fault(action, verb=verb, kind=self.kind.name, times=times, path=path))

    def not_in_state(self) -> list[int]:
        """Return the statuses by which this kind refuses a cancel for the job's state."""
        return [
            refusal.status
            for refusal in self.kind.refusals
            if refusal.verb == "cancel" and refusal.means is Refused.NOT_IN_STATE
        ]


async def later(seconds: float) -> None:
    """Let time pass."""
    await asyncio.sleep(seconds)


def start(work: Any) -> asyncio.Task[Any]:
    """Begin *work* in a task of its own."""
    return asyncio.ensure_future(work)


async def stop_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel *tasks* and wait for them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
