"""The sandbox's memory of what was asked of it, for assertions and for bills."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ._jobs import RemoteJob


@attrs.define(eq=False)
class RequestRow:
    """One request, as it arrived *at* a reading of the sandbox's clock.

    *status* is ``None`` until it was answered, and stays so when the reply was dropped; *fault* is the name of the one
    that struck it; *key_sent* tells whether it carried credentials, *body* is what it carried besides.
    """

    at: float
    method: str
    path: str
    query: str
    kind: str
    verb: str
    host: str
    key_sent: bool
    status: int | None = None
    fault: str | None = None
    body: bytes = b""


@attrs.frozen
class JobRow:
    """
    One job that was created, from *body*.

    *created_at* is a reading of the sandbox's clock, *status* the service's word at the moment of asking; a job that is
    *ended* or denied costs nothing more.
    """

    ref: str
    kind: str
    ids: tuple[str, ...]
    created_at: float
    status: str
    ended: bool
    body: Mapping[str, Any]


class Ledger:
    """Every request and every job that a sandbox has seen.

    Kinds are ``exa.search``, ``exa.enrichment``, ``exa.import``, ``exa.monitor_run``, ``exa.agent_run``,
    ``watercrawl.search``, ``watercrawl.crawl`` and ``watercrawl.sitemap``, besides ``exa.webset``, ``exa.item``,
    ``exa.monitor``, ``exa.webhook``, ``exa.event`` and ``exa.team``; verbs are ``create look list cancel stop delete
    update events result upload preview``. A request for a path that does not exist has the kind and the verb
    ``unknown``.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.requests: list[RequestRow] = []
        self.in_flight: int = 0
        self.peak: int = 0
        self._clock = clock
        self._jobs: list[RemoteJob] = []
        self._asked: Counter[tuple[str, str]] = Counter()

    def arrived(self, row: RequestRow) -> None:
        """Enter a request; for the server."""
        self.requests.append(row)
        self._asked[row.kind, row.verb] += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def left(self) -> None:
        """Enter the end of a request; for the server."""
        self.in_flight -= 1

    def enter(self, job: RemoteJob) -> None:
        """Enter a job that was created; for the server."""
        self._jobs.append(job)

    def count(
        self, verb: str | None = None, kind: str | None = None, *, status: int | None = None, since: float = 0.0
    ) -> int:
        """
        Return how many requests were of *verb* and *kind*, got *status* and came at *since* or later.

        ``None`` is any of them; *since* is a reading of the sandbox's clock.
        """
        if status is None and not since:
            return sum(
                number
                for (asked_kind, asked_verb), number in self._asked.items()
                if verb in {None, asked_verb} and kind in {None, asked_kind}
            )
        return sum(
            verb in {None, row.verb} and kind in {None, row.kind} and status in {None, row.status} and row.at >= since
            for row in self.requests
        )

    def created(self, kind: str | None = None) -> list[JobRow]:
        """Return the jobs that were created, oldest first, all or those of *kind*."""
        now = self._clock()
        return [_row(job, now) for job in self._jobs if kind in {None, job.kind}]

    def active(self, kind: str | None = None) -> list[JobRow]:
        """Return the jobs that have not ended, all or those of *kind*."""
        return [row for row in self.created(kind) if not row.ended]

    def billed(self, kind: str | None = None) -> int:
        """Return how many jobs were started at the customer's cost: each that was created, whoever knows of it."""
        return sum(kind in {None, job.kind} for job in self._jobs)

    def table(self) -> dict[str, dict[str, int]]:
        """Return the number of requests by kind and verb."""
        table: dict[str, dict[str, int]] = {}
        for (kind, verb), number in sorted(self._asked.items()):
            table.setdefault(kind, {})[verb] = number
        return table

    def __str__(self) -> str:
        """Return :meth:`table` as aligned text."""
        return "\n".join(_lines(self.table()))

    def clear(self) -> None:
        """Forget the requests, not the jobs."""
        self.requests.clear()
        self._asked.clear()
        self.peak = self.in_flight


def _row(job: RemoteJob, now: float) -> JobRow:
    gone = job.refusal(now) is not None
    return JobRow(job.ref, job.kind, job.ids, job.created, job.word(now), gone or job.ended(now) is not None, job.body)


def _lines(table: dict[str, dict[str, int]]) -> Iterable[str]:
    verbs = sorted({verb for row in table.values() for verb in row})
    width = max([len(kind) for kind in table], default=0)
    yield " ".join([" " * width, *(f"{verb:>8}" for verb in verbs)])
    for kind, row in table.items():
        yield " ".join([f"{kind:<{width}}", *(f"{row.get(verb, 0):>8}" for verb in verbs)])
