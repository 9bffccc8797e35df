"""Where the service keeps nothing for its callers, a lost create is one of those that are alike: nobody guesses."""

from __future__ import annotations

import asyncio
import pickle

import attrs
import pytest
from creating_world import LOST, UNKEPT, Lose, Stall, shop_of
from loops import start

from asyncjobs import CreateUncertain, InvalidArgument, NotSupported
from asyncjobs.kinds import Client, JobKind
from asyncjobs.sandbox import Drop, Life, Stale


@pytest.mark.parametrize("action", LOST.values(), ids=LOST)
async def test_a_lost_reply_gives_candidates(action):
    """The job is among them; which one is the user's to say."""
    async with shop_of(UNKEPT) as shop:
        shop.fault(action)
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert [str(ref) for ref in caught.value.candidates] == shop.created()
        assert shop.created()[0] in str(caught.value)
        assert shop.sent() == 1


async def test_a_candidate_leads_to_a_job():
    """A ref makes a handle, and the handle can cancel."""
    async with shop_of(UNKEPT) as shop:
        shop.sandbox.script(UNKEPT, Life.ordinary(UNKEPT, works=None), times=None)
        shop.fault(Lose())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        (ref,) = caught.value.candidates
        assert await shop.client.job(ref).cancel() == "canceled"


async def test_nothing_is_adopted_by_likeness():
    """Nobody is handed a job that may be another's."""
    async with shop_of(UNKEPT) as shop:
        shop.fault(Lose())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        with pytest.raises(CreateUncertain) as again:
            await shop.client.reconcile(caught.value)
        assert again.value.candidates == caught.value.candidates
        assert shop.client.adopted == []


async def test_what_another_create_of_ours_has_made_is_no_candidate():
    """It has its caller."""
    async with shop_of(UNKEPT) as shop:
        known = await shop.creation()
        shop.fault(Lose())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert known.ref not in caught.value.candidates
        assert {str(known.ref), *map(str, caught.value.candidates)} == set(shop.created())


async def test_concurrent_identical_creates_are_each_others_candidates():
    """Three alike, all replies lost: each error has all three, and none of them is left out."""
    async with shop_of(UNKEPT) as shop:
        shop.fault(Lose(), times=3)
        errors = await asyncio.gather(*(shop.creation() for _ in range(3)), return_exceptions=True)
        for error in errors:
            assert isinstance(error, CreateUncertain)
            assert sorted(map(str, error.candidates)) == sorted(shop.created())


@pytest.mark.parametrize(
    "change",
    [{"query": "dogs"}, {"result_limit": 3}, {"search_options": {"depth": "basic"}}],
    ids=["query", "limit", "options"],
)
async def test_what_is_not_alike_is_no_candidate(change):
    """Query, limit and options."""
    async with shop_of(UNKEPT) as shop:
        async with shop.another() as elsewhere:
            await elsewhere.create(shop.sheet, {**shop.body, "result_limit": 4, **change})
        shop.fault(Drop())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation(result_limit=4)
        assert caught.value.candidates == ()


async def test_what_is_older_is_no_candidate():
    """By the service's clock."""
    async with shop_of(UNKEPT) as shop:
        async with shop.another() as elsewhere:
            await elsewhere.create(shop.sheet, shop.body)
        await asyncio.sleep(10)
        shop.fault(Drop())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert caught.value.candidates == ()


async def test_what_another_client_made_in_the_same_moment_is_a_candidate():
    """Nothing tells it from ours."""
    async with shop_of(UNKEPT) as shop:
        shop.fault(Lose(), skip=1)
        async with shop.another() as elsewhere:
            theirs = await elsewhere.create(shop.sheet, shop.body)
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert theirs.ref in caught.value.candidates
        assert len(caught.value.candidates) == 2


async def test_a_late_job_is_waited_for_although_another_is_alike():
    """A candidate that is seen at once may be another's."""
    async with shop_of(UNKEPT) as shop:
        async with shop.another() as elsewhere:
            await elsewhere.create(shop.sheet, shop.body)
        await asyncio.sleep(3)
        shop.fault(Lose())
        shop.fault(Stale(2.0), verb="list", times=None)
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert shop.created()[-1] in map(str, caught.value.candidates)


async def test_a_far_list_is_not_read_to_its_end():
    """Newest first: what is older than the create ends the reading."""
    async with shop_of(UNKEPT) as shop:
        async with shop.another() as elsewhere:
            await asyncio.gather(*(elsewhere.create(shop.sheet, {**shop.body, "query": str(n)}) for n in range(350)))
        await asyncio.sleep(60)
        await shop.creation()
        shop.sandbox.ledger.clear()
        shop.fault(Lose())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert len(caught.value.candidates) == 1
        assert shop.listed() <= 8


async def test_a_job_that_ran_late_can_be_found_later():
    """A request that timed out may run after all, and the time of sending is in the error."""
    async with shop_of(UNKEPT, request_timeout=5.0) as shop:
        shop.fault(Stall(30.0))
        task = start(shop.creation())
        with pytest.raises(CreateUncertain) as caught:
            await task
        assert caught.value.candidates == ()
        await asyncio.sleep(30)
        error = pickle.loads(pickle.dumps(caught.value))
        async with shop.another() as elsewhere:
            with pytest.raises(CreateUncertain) as later:
                await elsewhere.reconcile(error)
        assert [str(ref) for ref in later.value.candidates] == shop.created()


# -- what cannot be reconciled ------------------------------------------------------


async def test_only_an_uncertain_create_can_be_reconciled():
    """Anything else is a mistake, named with its type."""
    async with shop_of(UNKEPT) as shop:
        with pytest.raises(InvalidArgument, match="uncertain: expected CreateUncertain, got ValueError"):
            await shop.client.reconcile(ValueError("x"))


async def test_an_uncertain_create_of_another_service_is_refused():
    """Nothing is sent."""
    async with shop_of("exa.agent_run") as exa, shop_of(UNKEPT) as shop:
        shop.fault(Drop())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        with pytest.raises(InvalidArgument, match=r"exa has no 'watercrawl\.search'"):
            await exa.client.reconcile(caught.value)
        assert not exa.sandbox.ledger.requests


async def test_a_kind_without_a_trace_cannot_be_reconciled():
    """Its create is uncertain at once, and nothing is looked for."""
    async with shop_of(UNKEPT) as shop:
        bare: JobKind = JobKind(
            name=UNKEPT,
            resource=shop.sheet.resource,
            identity={"uuid": "uuid"},
            create=shop.sheet.create,
            look=shop.sheet.look,
            words=shop.sheet.words,
        )
        provider = attrs.evolve(shop.client._engine.provider, kinds=(bare,))
        session = shop.sandbox.session()
        async with Client(provider, "key", base_url=shop.sandbox.url, session=session) as client:
            shop.fault(Lose())
            with pytest.raises(CreateUncertain) as caught:
                await client.create(bare, shop.body)
            assert (caught.value.candidates, shop.listed()) == ((), 0)
            with pytest.raises(NotSupported):
                await client.reconcile(caught.value)


async def test_the_ids_of_an_error_are_checked_again():
    """An error may come from elsewhere: what it names cannot lead out of the path."""
    async with shop_of("exa.search") as shop:
        shop.fault(Drop())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        caught.value.parents = ("../../x",)
        shop.sandbox.ledger.clear()
        with pytest.raises((CreateUncertain, InvalidArgument)):
            await shop.client.reconcile(caught.value)
        assert all("/../" not in row.path for row in shop.sandbox.ledger.requests)
