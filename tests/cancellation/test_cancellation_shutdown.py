"""A program that ends without closing its client: nothing is destroyed while pending, and owners are told."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from cancellation_sweep import reports
from cancellation_world import RUN
from clients import exa_on
from loops import start, turns

from asyncjobs import Exa
from asyncjobs.sandbox import Fault, Sandbox, Stall
from asyncjobs.testing import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from asyncjobs.sandbox import RequestRow
    from asyncjobs.sandbox._jobs import RemoteJob


class Ended:
    """What was seen of a program that ended."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.warnings: list[str] = []
        self.logged = ""
        self.uncertain = 0
        self.requests: list[RequestRow] = []
        self.jobs: list[RemoteJob] = []

    def hear(self, raised: sys.UnraisableHookArgs) -> None:
        """Take what cannot be raised anywhere."""
        self.complaints.append(repr(raised.exc_value))


def _run(program: Coroutine[Any, Any, None], ended: Ended) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: ended.complaints.append(str(context)))
        runner.run(program)


def run_out(main: Callable[[Sandbox, Ended], Coroutine[Any, Any, None]]) -> Ended:
    """Run *main* as ``asyncio.run`` does, let the loop end with whatever is pending, and collect the complaints."""
    ended = Ended()
    hook, sys.unraisablehook = sys.unraisablehook, ended.hear
    try:
        with reports() as logged, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")

            async def program() -> None:
                # Not closed: the loop ends first.
                sandbox = Sandbox(sockets=False)
                await sandbox.__aenter__()
                sandbox.script("exa.agent_run", RUN, times=None)
                ended.jobs = sandbox.ledger._jobs
                ended.requests = sandbox.ledger.requests
                await main(sandbox, ended)

            _run(program(), ended)
            ended.logged, ended.uncertain = logged.text(), logged.uncertain()
            # What was logged holds errors, and they hold the client.
            logged.records.clear()
            gc.collect()
            ended.warnings = [str(each.message) for each in caught if "Unclosed c" not in str(each.message)]
            # A warning holds what it is about, which warns in its turn when it is let go: let it, while nobody minds.
            for _ in range(3):
                caught.clear()
                gc.collect()
    finally:
        sys.unraisablehook = hook
    # The session is the application's own business.
    ended.complaints = [each for each in ended.complaints if "Unclosed c" not in each]
    return ended


async def hold(creation: Any) -> None:
    async with creation as job:
        await job.wait()


async def everything(sandbox: Sandbox, ended: Ended) -> None:
    exa = exa_on(sandbox)
    job = await exa.agent.runs.create(query="q", effort="ultra")
    other = await exa.agent.runs.create(query="q")

    async def follow() -> None:
        async for _ in job:
            pass

    for work in (job.wait(), job.result(), job.refresh(), job.stop(), other.cancel(), follow()):
        start(work)


@pytest.mark.parametrize("later", [0, 1, 2, 3, 5, 8, 13, 21, 34])
def test_a_loop_that_ends_with_waits_pending_has_nothing_to_complain_of(later: int) -> None:
    """No task is destroyed while pending, and no exception is left unretrieved."""

    async def main(sandbox: Sandbox, ended: Ended) -> None:
        await everything(sandbox, ended)
        await turns(later)

    ended = run_out(main)
    assert ended.complaints == []
    assert ended.warnings == ["a client of exa was not closed"]


@pytest.mark.parametrize("later", [0, 1, 2, 3, 5, 8, 13, 21, 34])
def test_a_loop_that_ends_with_an_owner_waiting_still_cleans_up(later: int) -> None:
    """The block is left by the cancellation that the loop's end is: its job is cancelled or named in the log."""

    async def main(sandbox: Sandbox, ended: Ended) -> None:
        exa = exa_on(sandbox)
        start(hold(exa.agent.runs.create(query="q")))
        await turns(later)

    ended = run_out(main)
    assert ended.complaints == []
    for job in ended.jobs:
        assert job.canceled is not None or job.ref in ended.logged or ended.uncertain


def test_a_client_that_is_dropped_unclosed_names_the_jobs_that_it_owns() -> None:
    """Somebody pays for them."""

    async def main(sandbox: Sandbox, ended: Ended) -> None:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        await job.__aenter__()

    ended = run_out(main)
    assert ended.complaints == []
    assert len(ended.warnings) == 1
    assert ended.jobs[0].ref in ended.warnings[0]
    assert [row for row in ended.requests if row.verb == "cancel"] == []


@pytest.mark.parametrize("owned", [False, True])
def test_a_create_that_the_end_of_the_loop_breaks_off_is_reported(owned: bool) -> None:
    """The request was sent and its reply will never be read: the job may exist."""

    async def main(sandbox: Sandbox, ended: Ended) -> None:
        exa = exa_on(sandbox)
        sandbox.fault(Fault(Stall(5.0, processed=True), verb="create"))
        creation = exa.agent.runs.create(query="q")
        start(hold(creation) if owned else creation)
        await asyncio.sleep(1)

    ended = run_out(main)
    assert ended.complaints == []
    assert len(ended.jobs) == 1
    assert ended.uncertain == 1


def test_a_loop_that_ends_while_a_client_closes_names_what_was_not_cancelled() -> None:
    """The clean-up is broken off with everything else; the log says what may still be running."""

    async def main(sandbox: Sandbox, ended: Ended) -> None:
        exa = exa_on(sandbox)
        sandbox.fault(Fault(Stall(50.0), verb="cancel", times=None))
        start(hold(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        start(exa.aclose())
        await asyncio.sleep(1)

    ended = run_out(main)
    assert [each for each in ended.complaints if "ClientClosed" not in each] == []
    assert ended.jobs[0].ref in ended.logged


def test_a_client_that_was_never_used_needs_no_closing() -> None:
    """Nothing was opened."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Exa("key")
        gc.collect()
    assert [str(each.message) for each in caught if "client of" in str(each.message)] == []


def test_a_creation_that_nobody_awaits_is_warned_of() -> None:
    """Nothing was created, and that is hardly what was meant."""

    async def main(sandbox: Sandbox, ended: Ended) -> None:
        exa = exa_on(sandbox)
        with pytest.warns(RuntimeWarning, match="never awaited"):
            exa.agent.runs.create(query="q")
        assert sandbox.ledger.count("create") == 0
        await exa.aclose()

    assert run_out(main).complaints == []
