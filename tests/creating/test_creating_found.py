"""Where the service keeps data for its callers, a create whose reply was lost is found again."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle

import pytest
from creating_world import LOST, Lose, Stall, shop_of, stop
from loops import start

from asyncjobs import CreateUncertain, TransportError
from asyncjobs._bodies import MARK_KEY
from asyncjobs._finding import distinct
from asyncjobs.sandbox import Answer, Drop, Stale


@pytest.mark.parametrize("action", LOST.values(), ids=LOST)
async def test_a_lost_reply_does_not_lose_the_job(tokened, action):
    """The create goes on as if nothing had happened: one request, one job, its handle."""
    async with shop_of(tokened) as shop:
        shop.fault(action)
        job = await shop.creation()
        assert [str(job.ref)] == shop.created()
        assert shop.sent() == 1
        assert job.snapshot.source == "survey"


async def test_a_job_that_appears_late_is_found(tokened):
    """A replica may not have heard of it yet: it is looked for during some seconds."""
    async with shop_of(tokened) as shop:
        shop.fault(Lose())
        shop.fault(Stale(3.0), verb="list", times=None)
        job = await shop.creation()
        assert [str(job.ref)] == shop.created()


async def test_what_cannot_be_found_is_uncertain(tokened):
    """It may have been created or be late: absence is no proof, and nothing is sent again."""
    async with shop_of(tokened) as shop:
        shop.fault(Drop())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert (caught.value.kind, caught.value.sent, caught.value.parents) == (tokened, shop.body, shop.ids)
        assert caught.value.candidates == ()
        assert isinstance(caught.value.__cause__, TransportError)
        await asyncio.sleep(600)
        assert shop.sent() == 1


async def test_the_search_for_it_is_short_and_not_dense(tokened):
    """A few seconds, a few requests."""
    async with shop_of(tokened) as shop:
        shop.fault(Drop())
        before = asyncio.get_running_loop().time()
        with pytest.raises(CreateUncertain):
            await shop.creation()
        assert 5 <= asyncio.get_running_loop().time() - before <= 10
        assert shop.listed() <= 8


async def test_a_service_that_cannot_be_asked_leaves_it_uncertain(tokened):
    """After the retry budget; the cause is what went wrong with the create."""
    async with shop_of(tokened, retry_budget=20.0) as shop:
        shop.fault(Answer(500, processed=True))
        shop.fault(Answer(500), verb="list", times=None)
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert caught.value.__cause__.status == 500


async def test_an_outage_right_after_the_create_is_waited_for(tokened):
    """The seconds begin when the service first answers again."""
    async with shop_of(tokened) as shop:
        shop.fault(Lose())
        shop.fault(Answer(503), verb="list", times=5)
        job = await shop.creation()
        assert [str(job.ref)] == shop.created()


async def test_it_can_be_looked_for_later(tokened):
    """In another process, too: the error travels, and the handle is that of the job."""
    async with shop_of(tokened) as shop:
        shop.fault(Stall(100, processed=False))
        task = start(shop.creation())
        await asyncio.sleep(61)
        with pytest.raises(CreateUncertain) as caught:
            await task
        error = pickle.loads(pickle.dumps(caught.value))
        with pytest.raises(CreateUncertain):
            await shop.client.reconcile(error)
        await asyncio.sleep(100)
        async with shop.another() as elsewhere:
            job = await elsewhere.reconcile(error)
        assert [str(job.ref)] == shop.created()


async def test_concurrent_identical_creates_never_get_each_others_job(tokened):
    """Ten alike, all replies lost: ten jobs, each with one of the callers."""
    async with shop_of(tokened) as shop:
        shop.fault(Lose(), times=10)
        jobs = await asyncio.gather(*(shop.creation() for _ in range(10)))
        assert sorted(str(job.ref) for job in jobs) == sorted(shop.created())


async def test_many_lost_creates_share_the_reading_of_a_list(tokened):
    """A hundred uncertain creates are not a hundred readings."""
    async with shop_of(tokened, latency=0.1) as shop:
        shop.fault(Lose(), times=100)
        jobs = await asyncio.gather(*(shop.creation() for _ in range(100)))
        assert len(set(jobs)) == 100
        assert shop.listed() <= 12


async def test_one_of_many_that_is_cancelled_disturbs_no_other(tokened):
    """The others share the reading on; what the cancelled one had made is adopted."""
    async with shop_of(tokened, latency=0.5) as shop:
        shop.fault(Lose(), times=3)
        tasks = [start(shop.creation()) for _ in range(3)]
        await asyncio.sleep(0.5)
        await stop(tasks[0])
        assert tasks[0].cancelled()
        jobs = await asyncio.gather(*tasks[1:])
        await asyncio.sleep(10)
        assert sorted(str(job.ref) for job in [*jobs, *shop.client.adopted]) == sorted(shop.created())


async def test_the_token_is_not_shown_back(tokened):
    """Neither in the payload nor in the resource; the user's own data are."""
    async with shop_of(tokened) as shop:
        shop.fault(Lose())
        found, told = await shop.creation(), await shop.creation()
        for job in (found, told, await shop.client.get(shop.sheet, *told.ref.parts)):
            assert MARK_KEY not in json.dumps(job.snapshot.raw)
            assert MARK_KEY not in repr(job.snapshot.resource)
            assert '"mine"' in json.dumps(job.snapshot.raw)
        assert all(MARK_KEY in json.dumps(row.body) for row in shop.sandbox.ledger.created(tokened))


async def test_the_error_has_the_body_as_it_was_given(tokened):
    """Without the token, which is an attribute of its own and in no text."""
    async with shop_of(tokened) as shop:
        shop.fault(Drop())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert caught.value.sent == shop.body
        assert caught.value.token not in str(caught.value) + repr(caught.value)


# -- without its caller -----------------------------------------------------------


async def test_a_lost_create_of_a_cancelled_caller_is_found_and_adopted(tokened):
    """The client goes on looking for nobody."""
    async with shop_of(tokened, latency=1.0) as shop:
        shop.fault(Lose())
        task = start(shop.creation())
        await asyncio.sleep(1.2)
        await stop(task)
        await asyncio.sleep(20)
        assert [str(job.ref) for job in shop.client.adopted] == shop.created()
        assert shop.sent("cancel") == 0


async def test_a_lost_create_of_a_cancelled_owner_is_found_and_cancelled(tokened):
    """Owned from the first byte, whether or not the reply comes."""
    async with shop_of(tokened, latency=1.0) as shop:
        shop.fault(Lose())

        async def own():
            async with shop.creation():
                pytest.fail("the block was entered")

        task = start(own())
        await asyncio.sleep(1.2)
        await stop(task)
        assert (len(shop.created()), shop.active()) == (1, [])


async def test_what_stays_uncertain_for_nobody_is_kept(tokened, caplog):
    """In client.uncertain, and in the log without what was sent."""
    async with shop_of(tokened, latency=1.0) as shop:
        shop.fault(Drop())
        task = start(shop.creation())
        await asyncio.sleep(1.2)
        await stop(task)
        with caplog.at_level(logging.ERROR):
            await asyncio.sleep(30)
        (error,) = shop.client.uncertain
        assert (error.kind, error.sent) == (tokened, shop.body)
        assert "may exist" in caplog.text
        assert "cats" not in "".join(record.getMessage() for record in caplog.records)


async def test_closing_the_client_bounds_the_search(tokened):
    """By the time of a clean-up; the caller hears that it is uncertain."""
    async with shop_of(tokened, cleanup_timeout=2.0) as shop:
        shop.fault(Drop())
        task = start(shop.creation())
        await asyncio.sleep(1)
        before = asyncio.get_running_loop().time()
        await shop.client.aclose()
        assert asyncio.get_running_loop().time() - before <= 2.0
        with pytest.raises(CreateUncertain):
            await task


async def test_closing_the_client_waits_for_a_search_that_succeeds(tokened):
    """The caller gets the job."""
    async with shop_of(tokened) as shop:
        shop.fault(Lose())
        shop.fault(Stale(2.5), verb="list", times=None)
        task = start(shop.creation())
        await asyncio.sleep(1)
        await shop.client.aclose()
        assert [str((await task).ref)] == shop.created()


def test_what_was_found_twice_is_given_once():
    """Whatever stands on two pages."""
    assert distinct(["a", "b", "b", "c"], "a", str) == ["b", "c"]
    assert distinct([], "a", str) == []
