"""The library with one of its protections taken away, so that a campaign can show that it would see the loss."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from asyncjobs import _creating, _engine, _finding, _ownership, _retry, _settling, _trust, _uploads
from asyncjobs._finding import Found
from asyncjobs._retry import Failure
from asyncjobs.exa import WEBSET, _deliveries

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from asyncjobs._refs import JobRef
    from asyncjobs.errors import AsyncJobsError


def _sends(failure: Failure, again: bool) -> Any:  # noqa: FBT001
    return mock.patch.dict(_retry.SEND_AGAIN, {failure: again})


def _no_window() -> Any:
    real = _settling.Settling.__init__

    def without(self: _settling.Settling, window: float) -> None:
        del window
        real(self, 0.0)

    return mock.patch.object(_settling.Settling, "__init__", without)


async def _see_nothing(*_: object) -> Found[Any]:
    return Found()


async def _hurry(*_: object, **__: object) -> None:
    """Wait for nothing."""


def _no_shield() -> Any:
    real = _ownership.outlast

    async def without(tasks: Iterable[asyncio.Task[Any]], **options: Any) -> None:
        tasks = tuple(tasks)
        # Closing has to wait for its own end all the same.
        if any("close" in task.get_name() for task in tasks):
            await real(tasks, **options)

    stack = contextlib.ExitStack()
    for name, module in list(sys.modules.items()):
        if name.startswith("asyncjobs.") and getattr(module, "outlast", None) is real:
            stack.enter_context(mock.patch.object(module, "outlast", without))
    return stack


def _no_clean_up() -> Any:
    def without(self: _engine.Engine, core: object, **options: object) -> asyncio.Task[None]:
        del core, options
        return self.tasks.start_cleanup(_hurry(), "nothing")

    return mock.patch.object(_engine.Engine, "clean_up", without)


@contextlib.contextmanager
def _word_alone() -> Iterator[None]:
    judge = WEBSET.judge
    # It is frozen, and in the hands of many.
    object.__setattr__(WEBSET, "judge", None)
    try:
        yield
    finally:
        object.__setattr__(WEBSET, "judge", judge)


def _believe(*_: object, **__: object) -> None:
    """Check nothing."""


class _OneTry(_retry.Retries):
    def after(self, error: AsyncJobsError, *, took: float, spread: float) -> float | None:
        del error, took, spread
        return None


def _no_backstop() -> Any:
    real = _trust.Trust.backstop

    def without(self: _trust.Trust, ref: JobRef, now: float, *, followed: bool = False) -> float | None:
        return None if real(self, ref, now, followed=followed) is None else 1e6

    return mock.patch.object(_trust.Trust, "backstop", without)


#: By name: the column that shows it, and what takes it away.
WITHOUT: Final[Mapping[str, tuple[str, Callable[[], Any]]]] = {
    "outcome-unknown": ("doubled", lambda: _sends(Failure.OUTCOME_UNKNOWN, again=True)),
    "never-sent": ("impatient", lambda: _sends(Failure.NEVER_SENT, again=False)),
    "refused": ("impatient", lambda: _sends(Failure.REFUSED, again=False)),
    "repeatable": ("impatient", lambda: _sends(Failure.REPEATABLE, again=False)),
    "settle": ("wrong", _no_window),
    "shield": ("deserted", _no_shield),
    "clean-up": ("orphaned", _no_clean_up),
    "reconciliation": ("unnamed", lambda: mock.patch.object(_finding.Finder, "look", _see_nothing)),
    "signatures": ("wrong", lambda: mock.patch.object(_deliveries, "verify", _believe)),
    "backstop": ("hung", _no_backstop),
    "derived-end": ("wrong", _word_alone),
    "uploads": ("impatient", lambda: mock.patch.object(_uploads, "Retries", _OneTry)),
    "adoption": ("lost", lambda: mock.patch.object(_creating.Create, "abandon", _hurry)),
}


@contextlib.contextmanager
def without(name: str | None) -> Iterator[None]:
    """Take the protection called *name* away; ``None`` takes nothing."""
    with contextlib.nullcontext() if name is None else WITHOUT[name][1]():
        yield
