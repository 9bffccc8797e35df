"""When a create is sent again after all: protected by a name, or because the user asked for it."""

from __future__ import annotations

import asyncio

import pytest
from creating_world import LOST, TOKENED, UNKEPT, Lose, Stall, shop_of, stop
from loops import start

from asyncjobs import Conflict, CreateUncertain, Exa, InvalidArgument, Settings
from asyncjobs.sandbox import Answer, Drop, Fault, Sandbox


def fault(sandbox, action, verb="create", **options):
    sandbox.fault(Fault(action, verb=verb, kind="exa.webset", **options))


def opened(sandbox, **settings):
    return Exa("k", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings))


SEARCH = {"query": "cats", "count": 5}


# -- websets ------------------------------------------------------------------------


@pytest.mark.parametrize("action", LOST.values(), ids=LOST)
async def test_a_named_webset_is_created_once_whatever_is_lost(action):
    """It is sent again, the name is taken, and the token tells that it was us who took it."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        fault(sandbox, action)
        webset = await exa.websets.create(search=SEARCH, external_id="mine")
        assert webset.external_id == "mine"
        assert len(sandbox.ledger.created("exa.search")) == 1
        assert sandbox.ledger.count("create", "exa.webset") == 2


async def test_a_named_webset_that_was_not_created_is_created():
    """A request that was dropped is sent again: the name protects it."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        fault(sandbox, Drop(), times=3)
        webset = await exa.websets.create(external_id="mine")
        assert (await exa.websets.get("mine")).id == webset.id


async def test_a_name_that_another_took_is_a_conflict():
    """Also if our first reply was lost."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        await exa.websets.create(external_id="mine", metadata={"a": "b"})
        with pytest.raises(Conflict):
            await exa.websets.create(external_id="mine")
        fault(sandbox, Drop())
        with pytest.raises(Conflict):
            await exa.websets.create(external_id="mine")


@pytest.mark.parametrize("action", LOST.values(), ids=LOST)
async def test_a_webset_without_a_name_is_found_among_all(action):
    """By its token; it is sent once."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        await exa.websets.create(search=SEARCH)
        fault(sandbox, action)
        webset = await exa.websets.create(search=SEARCH, metadata={"mine": "1"})
        assert webset.metadata == {"mine": "1"}
        assert webset.searches[0].id == sandbox.ledger.created("exa.search")[1].ids[1]
        assert sandbox.ledger.count("create", "exa.webset") == 2


async def test_a_webset_that_cannot_be_found_is_uncertain_and_can_be_looked_for_later():
    """``exa.websets.reconcile`` gives the webset."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox, request_timeout=5.0) as exa:
        fault(sandbox, Stall(30.0))
        with pytest.raises(CreateUncertain) as caught:
            await exa.websets.create(search=SEARCH)
        assert (caught.value.kind, caught.value.sent) == ("exa.webset", {"search": SEARCH})
        with pytest.raises(CreateUncertain):
            await exa.websets.reconcile(caught.value)
        await asyncio.sleep(30)
        webset = await exa.websets.reconcile(caught.value)
        assert webset.searches[0].query == "cats"
        assert (await exa.reconcile(caught.value)).id == webset.id


async def test_a_named_webset_that_is_uncertain_is_looked_for_by_its_name():
    """After the retry budget nothing is known; later it is."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox, retry_budget=5.0) as exa:
        fault(sandbox, Lose(), times=None)
        fault(sandbox, Answer(500), verb="look", times=None)
        with pytest.raises(CreateUncertain) as caught:
            await exa.websets.create(external_id="mine/x")
        sandbox.clear_faults()
        assert (await exa.websets.reconcile(caught.value)).external_id == "mine/x"


@pytest.mark.parametrize("other", [None, ValueError("x"), "exa.webset"])
async def test_only_an_uncertain_webset_can_be_reconciled(other):
    """Anything else is a mistake."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        with pytest.raises(InvalidArgument, match=r"exa\.webset"):
            await exa.websets.reconcile(other)


async def test_metadata_that_are_no_object_are_refused_before_anything_is_sent():
    """There is no place for a token in them, and the service would refuse them as well."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        with pytest.raises(InvalidArgument, match="metadata: expected dict, got list"):
            await exa.websets.create(metadata=["a"])
        with pytest.raises(InvalidArgument, match="metadata: expected dict, got str"):
            await exa.agent.runs.create(query="x", metadata="a")
        assert not sandbox.ledger.requests


async def test_a_named_create_of_a_cancelled_caller_is_not_sent_again():
    """What is lost then is looked for by its name, and adopted if it is there."""
    async with Sandbox(sockets=False, latency=1.0) as sandbox, opened(sandbox) as exa:
        fault(sandbox, Lose())
        task = start(exa.websets.create(search=SEARCH, external_id="mine"))
        await asyncio.sleep(0.4)
        await stop(task)
        await asyncio.sleep(30)
        assert sandbox.ledger.count("create", "exa.webset") == 1
        assert [str(job.ref) for job in exa.adopted] == [row.ref for row in sandbox.ledger.created()]


# -- by the user's own choice -------------------------------------------------------


async def test_who_would_rather_pay_twice_has_it_sent_again(kind):
    """After ``resend_after`` seconds in which it was not found."""
    async with shop_of(kind, resend_after=3.0) as shop:
        shop.fault(Drop(), times=2)
        before = asyncio.get_running_loop().time()
        job = await shop.creation()
        assert 6.0 <= asyncio.get_running_loop().time() - before <= 8.0
        assert ([str(job.ref)], shop.sent()) == (shop.created(), 3)


@pytest.mark.parametrize("kind", TOKENED)
async def test_what_is_found_is_not_sent_again(kind):
    """The choice is for what cannot be found."""
    async with shop_of(kind, resend_after=3.0) as shop:
        shop.fault(Lose())
        await shop.creation()
        assert (shop.sent(), len(shop.created())) == (1, 1)


async def test_with_candidates_nothing_is_sent_again():
    """It has probably been created."""
    async with shop_of(UNKEPT, resend_after=3.0) as shop:
        shop.fault(Lose())
        with pytest.raises(CreateUncertain) as caught:
            await shop.creation()
        assert (shop.sent(), len(caught.value.candidates)) == (1, 1)


async def test_sending_again_ends_with_the_retry_budget(kind):
    """As any retry does."""
    async with shop_of(kind, resend_after=1.0, retry_budget=20.0) as shop:
        shop.fault(Drop(), times=None)
        with pytest.raises(CreateUncertain):
            await shop.creation()
        assert 2 <= shop.sent() <= 21


@pytest.mark.parametrize("kind", TOKENED)
async def test_a_first_attempt_that_ran_late_is_adopted(kind, caplog):
    """Then there are two: one is returned, the other kept, and the log says so."""
    async with shop_of(kind, resend_after=1.0, request_timeout=5.0) as shop:
        shop.fault(Stall(8.0))
        shop.fault(Stall(4.0, processed=True))
        job = await shop.creation()
        assert len(shop.created()) == 2
        assert {str(job.ref), *(str(other.ref) for other in shop.client.adopted)} == set(shop.created())
        assert "created twice" in caplog.text


@pytest.mark.parametrize("kind", TOKENED)
async def test_a_first_attempt_of_an_owner_that_ran_late_is_cancelled(kind):
    """Owned is owned."""
    async with shop_of(kind, resend_after=1.0, request_timeout=5.0) as shop:
        shop.fault(Stall(8.0))
        shop.fault(Stall(4.0, processed=True))
        async with shop.creation() as job:
            await asyncio.sleep(5)
            assert shop.active() == [str(job.ref)]
        assert (len(shop.created()), shop.active()) == (2, [])


@pytest.mark.parametrize("value", [-1, float("nan"), "3", True])
def test_resend_after_is_seconds(value):
    """Or None, for never."""
    with pytest.raises(InvalidArgument, match="resend_after"):
        Settings(resend_after=value)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_sending_again_is_not_dense(kind, seconds):
    """Pauses grow, as between any retries."""
    async with shop_of(kind, resend_after=seconds, retry_budget=60.0) as shop:
        shop.fault(Answer(500), times=None)
        with pytest.raises(CreateUncertain):
            await shop.creation()
        assert 2 <= shop.sent() <= 14


async def test_a_name_that_is_taken_and_not_shown_yet_is_no_conflict():
    """Our own webset may be late to appear: absence is no proof that the name is another's."""
    async with Sandbox(sockets=False) as sandbox, opened(sandbox) as exa:
        fault(sandbox, Lose())
        fault(sandbox, Answer(404), verb="look", times=None)
        with pytest.raises(CreateUncertain) as caught:
            await exa.websets.create(search=SEARCH, external_id="mine")
        sandbox.clear_faults()
        assert (await exa.reconcile(caught.value)).external_id == "mine"
