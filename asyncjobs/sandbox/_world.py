"""What the services of one sandbox share: time, chance, jobs and their scripts."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

import attrs

from ._chronicle import Chronicle, cuid
from ._jobs import RemoteJob
from ._ledger import Ledger
from ._lives import WORDS, Life, default_life

if TYPE_CHECKING:
    from collections.abc import Callable

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


@attrs.frozen
class Limits:
    """What the services allow; ``None`` is no limit."""

    api_keys: frozenset[str] | None
    strict_beta: bool
    agent_slots: int | None
    watercrawl_slots: int | None
    rate: float | None
    cancel_ended: int


@attrs.define
class _Script:
    life: Life
    times: int | None
    when: Callable[[dict[str, Any]], bool] | None


class World:
    """Time, chance, jobs and their scripts."""

    def __init__(
        self, *, clock: Callable[[], float], seed: int, speed: float, limits: Limits, skew: float = 0.0
    ) -> None:
        self.now = clock
        self.limits = limits
        self.ledger = Ledger(clock)
        self.chronicle = Chronicle(self)
        self.rng = random.Random(seed)  # noqa: S311  (repeatable on purpose)
        # Streams that wait for a change, and whether they are to end.
        self.wakers: set[Callable[[], None]] = set()
        self.closing = False
        self._by_ids: dict[tuple[str, ...], RemoteJob] = {}
        self._speed = speed
        self._scripts: dict[str, list[_Script]] = {}
        self._offset = dt.datetime.now(dt.UTC).timestamp() + skew - clock()

    def close(self) -> None:
        """End the streams that are open."""
        self.closing = True
        for wake in tuple(self.wakers):
            wake()

    # Time, as the payloads tell it.

    def wall(self, at: float) -> dt.datetime:
        """Return the time of day at a clock reading."""
        return dt.datetime.fromtimestamp(self._offset + at, dt.UTC)

    def reading(self, moment: dt.datetime) -> float:
        """Return the clock reading at a time of day."""
        return moment.timestamp() - self._offset

    def stamp(self, at: float) -> str:
        """Return the time in Exa's manner: milliseconds and a Z."""
        return self.wall(at).isoformat(timespec="milliseconds")[:-6] + "Z"

    def micro_stamp(self, at: float) -> str:
        """Return the time in WaterCrawl's manner: microseconds, and none when they are zero."""
        return self.wall(at).isoformat()[:-6] + "Z"

    # Ids.

    def cuid(self) -> str:
        """Return an id in the manner of Websets."""
        return cuid(self.rng)

    def run_id(self) -> str:
        """Return an id of an agent run."""
        return "agent_run_01" + "".join(self.rng.choices(_CROCKFORD, k=24))

    def uuid(self) -> str:
        """Return an id in the manner of WaterCrawl."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    # Jobs.

    def script(self, kind: str, life: Life, times: int | None, when: Callable[[dict[str, Any]], bool] | None) -> None:
        """Give the next jobs of *kind* this life."""
        if kind not in WORDS:
            raise ValueError(f"no such kind: {kind!r}; there are {', '.join(WORDS)}")
        self._scripts.setdefault(kind, []).append(_Script(life, times, when))

    def create(self, kind: str, ids: tuple[str, ...], body: dict[str, Any], now: float) -> RemoteJob:
        """Start a job."""
        job = RemoteJob(kind, ids, body, self._life(kind, body).of(kind), now, len(self._by_ids), now, now)
        self._by_ids[kind, *ids] = job
        self.ledger.enter(job)
        return job

    def find(self, kind: str, ids: tuple[str, ...]) -> RemoteJob | None:
        """Return a job by its ids, ``None`` if there never was one."""
        return self._by_ids.get((kind, *ids))

    def known(self, kind: str, ids: tuple[str, ...], now: float, refuse: Callable[[int], NoReturn]) -> RemoteJob:
        """Return a job by its ids; if the service denies it at *now*, *refuse* the request with the status for that."""
        job = self.find(kind, ids)
        status = 404 if job is None else job.refusal(now)
        if job is None or status is not None:
            refuse(status or 404)
        return job

    def by_ref(self, ref: str) -> RemoteJob:
        """Return a job by its ref as text.

        Raises:
            KeyError: There never was one.
        """
        kind, _, parts = ref.partition(":")
        return self._by_ids[kind, *(unquote(part) for part in parts.split("/"))]

    def fresh_life(self, kind: str) -> Life:
        """Return a life as unscripted jobs have it."""
        life = default_life(kind, self.rng)
        return life if self._speed == 1.0 else life.faster(self._speed)

    def _life(self, kind: str, body: dict[str, Any]) -> Life:
        scripts = self._scripts.get(kind, [])
        for script in scripts:
            if script.when is not None and not script.when(body):
                continue
            if script.times is not None:
                script.times -= 1
                if script.times <= 0:
                    scripts.remove(script)
            return script.life
        return self.fresh_life(kind)


class Roll:
    """The jobs that may still be alive, so that counting them does not mean counting all that ever were."""

    def __init__(self) -> None:
        self._jobs: list[RemoteJob] = []

    def add(self, job: RemoteJob) -> None:
        """Enter a new job."""
        self._jobs.append(job)

    def alive(self, now: float) -> list[RemoteJob]:
        """Return those that have not ended."""
        self._jobs = [job for job in self._jobs if job.ended(now) is None and job.refusal(now) is None]
        return self._jobs
