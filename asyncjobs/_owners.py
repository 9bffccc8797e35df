"""Which jobs are owned by blocks, their cancelling when a block is left, and what is left behind without that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from asyncjobs._ownership import report_left, report_second

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable

    from asyncjobs._core import Core
    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome
    from asyncjobs._tasks import Tasks


class Owners:
    """The owned jobs of one client, each with the number of blocks that own it."""

    def __init__(self, tasks: Tasks, cancel: Callable[[Core[Any]], Coroutine[Any, Any, CancelOutcome]]) -> None:
        self._tasks = tasks
        self._cancel = cancel
        self._counts: Counter[Core[Any]] = Counter()

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def live(self) -> list[Core[Any]]:
        """Those that were not seen to end."""
        return [core for core in self._counts if not core.record.final]

    def add(self, core: Core[Any]) -> None:
        """Count one more block that owns the job."""
        self._counts[core] += 1

    def remove(self, core: Core[Any]) -> None:
        """Count one fewer."""
        self._counts[core] -= 1
        if self._counts[core] <= 0:
            del self._counts[core]

    def clean_up(self, core: Core[Any], *, again: bool = False) -> asyncio.Task[CancelOutcome]:
        """Start cancelling an owned job whose block is being left, *again* if the first attempt was broken off."""
        return self._tasks.start_cleanup(self._clean_up(core, again=again), f"clean up {core.record.ref}")

    async def _clean_up(self, core: Core[Any], *, again: bool) -> CancelOutcome:
        try:
            outcome = await self._cancel(core)
        except BaseException as error:
            report_left(core.record.ref, error)
            raise
        if again:
            report_second(core.record.ref)
        return outcome


def describe_left(owned: Iterable[Core[Any]], creates: Iterable[str], adopted: Iterable[Job[Any]]) -> str:
    """Return what a client that is not closed leaves behind, to follow a sentence; empty if that is nothing."""
    parts: list[str] = []
    if refs := ", ".join(sorted(str(core.record.ref) for core in owned)):
        parts.append(f"; these jobs it owned may still be running: {refs}")
    if counts := Counter(creates):
        what = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        parts.append(f"; creates of unknown outcome may have made jobs: {what}")
    if refs := ", ".join(sorted(str(job.ref) for job in adopted if not job.done)):
        parts.append(f"; nobody owns these jobs that it adopted: {refs}")
    return "".join(parts)
