"""DESIGN section 3: what ends a wait without an end of the job, and what never does."""

from __future__ import annotations

import asyncio

import pytest
from contract_world import World, later, start

from asyncjobs import (
    APIError,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    JobState,
    JobUnreachable,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    ProtocolError,
    TransportError,
)

AT_ONCE = {
    400: InvalidRequest,
    401: AuthenticationError,
    402: PaymentRequired,
    403: PermissionDenied,
    405: APIError,
    409: Conflict,
    422: InvalidRequest,
    451: APIError,
}
UNUSABLE = {
    "no JSON": b"<html>oops</html>",
    "empty": b"",
    "a list": b"[]",
    "no status": b"{}",
    "a status that is no word": b'{"status": 5}',
}


# -- never ends a wait ---------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_passing_error_never_ends_a_wait(kind, status):
    """A 408, a 429 and a 5xx only slow looking down."""
    async with World(kind) as world:
        job = await world.create(works=20)
        world.answer("look", status, times=6)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_a_broken_connection_never_ends_a_wait(kind):
    """Looking begins anew."""
    async with World(kind) as world:
        job = await world.create(works=20)
        world.cut("look", times=6)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_a_reply_that_never_comes_does_not_end_a_wait(kind):
    """The look is given up after request_timeout, the wait is not."""
    async with World(kind, request_timeout=15) as world:
        job = await world.create(works=20)
        world.hang("look", times=3)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_failing_looks_come_more_slowly(kind):
    """Errors slow looking down: 200 s of them cost fewer looks than 200 s of good replies."""
    async with World(kind) as world:
        good, bad = await world.create(), await world.create()
        await asyncio.gather(good.wait(200), return_exceptions=True)
        looks = world.sent("look")
        world.answer("look", 500, times=None)
        await asyncio.gather(bad.wait(200), return_exceptions=True)
        assert world.sent("look") - looks < looks / 2


async def test_after_a_429_the_hint_is_kept(kind):
    """A pause holds back all looks of the client, and they go on after it."""
    async with World(kind, lists=False) as world:
        job, other = await world.create(works=10), await world.create(works=10)
        world.answer("look", 429, retry_after=40, job=job)
        await asyncio.gather(job.wait(), other.wait())
        assert 40 <= world.elapsed < 50
        assert world.sent("look") <= 6


async def test_a_hint_of_a_day_is_not_believed(kind):
    """Hints are capped at a minute."""
    async with World(kind) as world:
        job = await world.create(works=10)
        world.answer("look", 429, retry_after=86_400)
        await job.wait()
        assert world.elapsed < 70


# -- unreachable --------------------------------------------------------------


async def test_a_job_that_cannot_be_looked_at_is_unreachable(kind):
    """After unreachable_after seconds from the first failed look, with ref, snapshot, seconds and cause."""
    async with World(kind, unreachable_after=100) as world:
        job = await world.create()
        world.cut("look", times=None)
        with pytest.raises(JobUnreachable) as caught:
            await job.wait()
        assert 100 <= world.elapsed < 140
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, job.snapshot)
        assert caught.value.seconds >= 100
        assert isinstance(caught.value.__cause__, TransportError)


async def test_unreachable_after_is_five_minutes(kind):
    """The default bound is 300 s."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("look", 500, times=None)
        with pytest.raises(JobUnreachable):
            await job.wait()
        assert 300 <= world.elapsed < 340


async def test_a_success_between_starts_the_count_anew(kind):
    """Unreachable is counted from a failed look to the next success."""
    async with World(kind, unreachable_after=100) as world:
        job = await world.create(works=250)
        waiting = start(job.wait())
        for _ in range(2):
            world.cut("look", times=None)
            await later(90)
            world.heal()
            await later(35)
        assert (await waiting).state is JobState.COMPLETED


async def test_a_pause_does_not_count_as_unreachable(kind):
    """A service that answers 429 with a hint is there, however long it does."""
    async with World(kind, unreachable_after=100) as world:
        job = await world.create(works=1000)
        world.answer("look", 429, retry_after=50, times=15)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_queueing_does_not_count_as_unreachable(kind):
    """A look that failed and then waited for its turn is not held against the job."""
    async with World(kind, connections=1, request_timeout=1000) as world:
        job, other = await world.create(works=350), await world.create()
        world.cut("look", job=job, times=1)
        waiting = start(job.wait())
        await later(1.3)
        world.hang("look", 400, job=other)
        busy = start(other.refresh())
        await later(100)
        world.cut("look", job=job, times=2)
        assert (await waiting).state is JobState.COMPLETED
        await busy


async def test_an_outage_that_nobody_watched_is_not_held_against_a_later_wait(kind):
    """Between two waits nobody looked, so nobody knows."""
    async with World(kind, unreachable_after=100) as world:
        job = await world.create(works=1000)
        world.cut("look", times=None)
        await asyncio.gather(job.wait(50), return_exceptions=True)
        await later(500)
        waiting = start(job.wait())
        await later(30)
        world.heal()
        assert (await waiting).state is JobState.COMPLETED


async def test_an_unreachable_job_can_be_waited_for_again(kind):
    """The error ends a wait, not the handle."""
    async with World(kind, unreachable_after=100) as world:
        job = await world.create(works=200)
        world.cut("look", times=None)
        with pytest.raises(JobUnreachable):
            await job.wait()
        world.heal()
        assert (await job.wait()).state is JobState.COMPLETED


# -- replies that make no sense ------------------------------------------------------


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
async def test_three_unusable_replies_in_a_row_end_a_wait(kind, body):
    """The fourth would not be better; the error names the job."""
    async with World(kind) as world:
        job = await world.create()
        world.reply("look", body, times=None)
        with pytest.raises(ProtocolError) as caught:
            await job.wait()
        assert world.sent("look") == 3
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, job.snapshot)


async def test_two_unusable_replies_do_not_end_a_wait(kind):
    """Two in a row are bad luck."""
    async with World(kind) as world:
        job = await world.create(works=30)
        world.reply("look", b"<html>", times=2)
        waiting = start(job.wait())
        await later(20)
        world.reply("look", b"<html>", times=2)
        assert (await waiting).state is JobState.COMPLETED


async def test_a_missing_status_is_no_unknown_word(kind):
    """A 2xx without a status is an unusable reply; what was known before stays."""
    async with World(kind) as world:
        job = await world.create(works=5)
        world.reply("look", b"{}", times=1)
        await job.wait()
        assert job.snapshot.status == world.completed


# -- not found --------------------------------------------------------------------


async def test_a_job_that_never_appears_is_not_found(kind):
    """404 before anything was ever seen raises NotFound once appear_grace has passed."""
    async with World(kind) as world:
        job = world.nobody()
        with pytest.raises(NotFound) as caught:
            await job.wait()
        assert 10 <= world.elapsed < 20
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, None)


async def test_a_job_that_appears_late_is_waited_for(kind):
    """A replica that lags for less than the grace does no harm."""
    async with World(kind) as world:
        job = await world.unseen(works=20)
        world.answer("look", 404, times=3)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_the_grace_can_be_set(kind):
    """appear_grace is a setting."""
    async with World(kind, appear_grace=60) as world:
        with pytest.raises(NotFound):
            await world.nobody().wait()
        assert 60 <= world.elapsed < 95


async def test_a_created_job_that_does_not_appear_yet_is_waited_for(kind):
    """The service has just made it: a 404 right after is a replica that lags."""
    async with World(kind) as world:
        job = await world.create(works=20)
        world.answer("look", 404, times=2)
        assert (await job.wait()).state is JobState.COMPLETED


# -- refusals -------------------------------------------------------------------


@pytest.mark.parametrize("status", AT_ONCE)
async def test_any_other_4xx_ends_a_wait_at_once(kind, status):
    """The same look would get the same answer; the error has the status and names the job."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("look", status, times=None)
        with pytest.raises(AT_ONCE[status]) as caught:
            await job.wait()
        assert world.sent("look") == 1
        assert (caught.value.status, caught.value.ref, caught.value.snapshot) == (status, job.ref, job.snapshot)


async def test_a_refused_look_ends_all_waits(kind):
    """Each waiter raises an error of its own."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("look", 401, times=None)
        first, second = await asyncio.gather(job.wait(), job.wait(), return_exceptions=True)
        assert isinstance(first, AuthenticationError)
        assert isinstance(second, AuthenticationError)
        assert first is not second
        assert world.sent("look") == 1
