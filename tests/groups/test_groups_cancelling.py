"""``cancel_all``: one call, one report."""

from __future__ import annotations

import asyncio
import pickle

import pytest
from mixed_world import mixed

from asyncjobs import CancelOutcome, CancelReport, CancelUnconfirmed, InvalidArgument, JobState, ServerError, cancel_all
from asyncjobs.sandbox import Answer, Fault, Stall


async def test_every_job_is_reported_once_and_in_order():
    """The report has an outcome for each job, whatever had become of it before."""
    async with mixed() as world:
        running = await world.many(4)
        ended = await world.create("exa.search", works=0.1)
        await ended.wait()

        report = await cancel_all([*running, ended, running[0]])

        assert [*(job.ref for job in running), ended.ref] == [ref for ref, _ in report.entries]
        assert report.counts == {"canceled": 4, "already_done": 1}
        assert report.ok
        assert world.active() == 0


async def test_five_hundred_jobs_of_which_a_tenth_fail_to_cancel():
    """Each one is reported, none raises, and no more requests than allowed are under way."""
    async with mixed(retry_budget=0) as world:
        jobs = await world.many(500)
        stubborn = jobs[::10]
        for job in stubborn:
            world.sandbox.fault(Fault(Answer(500, "{}", {}), verb="cancel", path=job.id, times=None))
        world.sandbox.fault(Fault(Stall(0.05), verb="cancel", times=None))
        most = 0

        async def count():
            nonlocal most
            while True:
                await asyncio.sleep(0.01)
                most = max(most, world.sandbox.connections)

        counter = asyncio.create_task(count())
        report = await cancel_all(jobs, concurrency=7)
        counter.cancel()

        assert report.counts == {"canceled": 450, "ServerError": 50}
        assert {job.ref for job in stubborn} == set(report.errors)
        assert all(isinstance(error, ServerError) and error.ref == ref for ref, error in report.errors.items())
        assert not report.ok
        assert world.active() == 50
        assert most > 0


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_it_keeps_to_its_concurrency(concurrency):
    """At no time do more cancel requests wait for their first answer."""
    async with mixed() as world:
        jobs = [await world.create("exa.search") for _ in range(30)]
        world.sandbox.fault(Fault(Stall(1.0), verb="cancel", times=None))
        before = asyncio.get_running_loop().time()

        await cancel_all(jobs, concurrency=concurrency)

        # Each request takes a second.
        assert asyncio.get_running_loop().time() - before >= 30 / concurrency - 0.001


async def test_the_timeout_bounds_the_whole():
    """Jobs that had not ended when time was up are reported as unconfirmed."""
    async with mixed() as world:
        jobs = await world.many(4)
        world.sandbox.fault(Fault(Stall(None), verb="cancel", times=None))
        before = asyncio.get_running_loop().time()

        report = await cancel_all(jobs, timeout=5)

        assert pytest.approx(asyncio.get_running_loop().time() - before) == 5
        assert report.counts == {"CancelUnconfirmed": 4}
        assert all(isinstance(error, CancelUnconfirmed) for error in report.errors.values())


async def test_it_can_be_cancelled():
    """Cancelling the call ends it at once; what only queued is not sent."""
    async with mixed() as world:
        jobs = [await world.create("exa.search") for _ in range(20)]
        world.sandbox.fault(Fault(Stall(1.0), verb="cancel", times=None))
        cancelling = asyncio.create_task(cancel_all(jobs, concurrency=2))
        await asyncio.sleep(0.5)

        cancelling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelling
        await asyncio.sleep(10)

        assert world.sandbox.ledger.count("cancel") == 2


async def test_jobs_that_cannot_be_cancelled_yet_are_waited_for():
    """A job that is still new is asked again when it runs."""
    async with mixed() as world:
        jobs = [await world.create("watercrawl.search", waits=3) for _ in range(5)]

        report = await cancel_all(jobs)

        assert report.counts == {"canceled": 5}
        assert all(job.state is JobState.CANCELED for job in jobs)


async def test_no_jobs_give_an_empty_report():
    """Nothing to do is no error."""
    report = await cancel_all([])
    assert CancelReport() == report
    assert str(report) == "no jobs"


async def test_a_report_travels():
    """It holds refs and errors, no handles, and can be pickled."""
    async with mixed(retry_budget=0) as world:
        good, bad = await world.create("exa.search"), await world.create("exa.search")
        world.sandbox.fault(Fault(Answer(500, "{}", {}), verb="cancel", path=bad.id, times=None))

        report = await cancel_all([good, bad])
        twin = pickle.loads(pickle.dumps(report))

        assert CancelOutcome.CANCELED is dict(twin.entries)[good.ref]
        assert report.counts == twin.counts


async def test_a_closed_client_is_reported():
    """A handle whose client was closed is an entry of the report, not an exception."""
    async with mixed() as world:
        jobs = await world.many(4)
        await world.exa.aclose()

        report = await cancel_all(jobs)

        assert report.counts == {"ClientClosed": 3, "canceled": 1}


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "4"])
async def test_a_bad_concurrency_is_refused(concurrency):
    """It is a whole number of at least 1."""
    with pytest.raises(InvalidArgument, match="concurrency"):
        await cancel_all([], concurrency=concurrency)
