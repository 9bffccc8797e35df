"""DESIGN section 3: refusals that mean "not in a state to be cancelled", and the time that a cancel needs to settle."""

from __future__ import annotations

import asyncio

import pytest
from contract_world import KINDS, LATE, NEVER, PROMPT, SETTLING, SHEETS, World, later, start, stop_tasks

from asyncjobs import AuthenticationError, CancelOutcome, CancelUnconfirmed, JobState, PermissionDenied

#: The kinds with each status by which they say that a job is not in a state to be cancelled.
REFUSALS = [
    (name, refusal.status) for name in KINDS for refusal in SHEETS[name].refusals if refusal.means == "not_in_state"
]


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
async def test_a_refusal_for_an_ended_job_is_its_outcome(kind, status):
    """After the refusal a look tells: it had ended."""
    async with World(kind) as world:
        job = await world.unseen(works=0)
        world.answer("cancel", status)
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert (world.sent("cancel"), world.sent("look")) == (1, 1)
        assert world.elapsed == 0


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
async def test_a_refusal_for_a_live_job_is_asked_again(kind, status):
    """After the refusal a look tells: it runs, so the cancel is sent again."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status, times=2)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert world.sent("cancel") == 3


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
async def test_a_refusal_that_stays_is_unconfirmed(kind, status):
    """At a pace, until the bound; the refusal is the cause."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status, times=None)
        with pytest.raises(CancelUnconfirmed) as caught:
            await job.cancel()
        assert world.elapsed == pytest.approx(30)
        assert world.sent("cancel") <= world.sent("look") + 1
        assert caught.value.__cause__.status == status


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
async def test_timeout_zero_takes_a_refusal_for_an_answer(kind, status):
    """The first reply did not settle it."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status, times=None)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=0)
        assert world.sent("cancel") == 1


@pytest.mark.parametrize("kind", [name for name in KINDS if (name, 403) not in REFUSALS])
async def test_a_refusal_that_the_kind_does_not_list_is_raised(kind):
    """403 is about permission where nothing else is known of it."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", 403, times=None)
        with pytest.raises(PermissionDenied):
            await job.cancel()
        assert world.sent("cancel") == 1


@pytest.mark.parametrize("kind", LATE)
async def test_a_cancel_that_comes_too_early_is_kept_until_the_job_runs(kind):
    """The intent is kept; between refusal and running no request is wasted."""
    async with World(kind) as world:
        job = await world.create(waits=12)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert 12 <= world.elapsed < 18
        assert world.sent("cancel") == 2


@pytest.mark.parametrize("kind", LATE)
async def test_an_early_cancel_of_a_job_that_ends_first_is_already_done(kind):
    """It ran and ended between two looks, wherever chance puts these."""
    async with World(kind) as world:
        job = await world.create(waits=12, works=0.0)
        assert await job.cancel() is CancelOutcome.ALREADY_DONE


@pytest.mark.parametrize("kind", LATE)
async def test_an_early_cancel_lasts_as_long_as_its_caller_waits(kind):
    """When the bound passes, the intent is dropped with it."""
    async with World(kind) as world:
        job = await world.create(waits=12)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=5)
        await later(100)
        assert world.word(job) == world.working
        assert world.sent("cancel") == 1


@pytest.mark.parametrize("kind", LATE)
async def test_an_early_cancel_has_no_end_without_a_bound(kind):
    """timeout=None waits for the job to start, however long that takes."""
    async with World(kind) as world:
        job = await world.create(waits=300)
        assert await job.cancel(timeout=None) is CancelOutcome.CANCELED
        assert world.sent("cancel") == 2


@pytest.mark.parametrize("kind", LATE)
async def test_an_unconfirmed_early_cancel_is_requested(kind):
    """The caller need not wait for the job to start."""
    async with World(kind) as world:
        job = await world.create(waits=12)
        assert await job.cancel(confirm=False) is CancelOutcome.REQUESTED
        assert world.elapsed < 1
        await later(20)
        assert world.word(job) == world.canceled


@pytest.mark.parametrize("kind", LATE)
async def test_an_unconfirmed_early_cancel_is_kept_for_half_a_minute(kind):
    """After 30 s the intent is forgotten."""
    async with World(kind) as world:
        early, late = await world.create(waits=25), await world.create(waits=40)
        await asyncio.gather(early.cancel(confirm=False), late.cancel(confirm=False))
        await later(60)
        assert world.word(early) == world.canceled
        assert world.word(late) == world.working
        looks = world.sent("look")
        await later(60)
        assert world.sent("look") == looks


@pytest.mark.parametrize("kind", LATE)
async def test_an_unconfirmed_early_cancel_survives_other_callers(kind):
    """One who waits for the end and gives up does not take back what another asked for."""
    async with World(kind) as world:
        job = await world.create(waits=12)
        patient = start(job.cancel())
        assert await job.cancel(confirm=False) is CancelOutcome.REQUESTED
        await later(2)
        await stop_tasks(patient)
        await later(20)
        assert world.word(job) == world.canceled


@pytest.mark.parametrize("kind", LATE)
async def test_a_canceller_joins_an_intent_that_is_kept(kind):
    """It gets the outcome."""
    async with World(kind) as world:
        job = await world.create(waits=12)
        await job.cancel(confirm=False)
        await later(2)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert world.sent("cancel") == 2


@pytest.mark.parametrize("kind", LATE)
async def test_closing_the_client_forgets_an_intent_that_is_kept(kind):
    """Nothing of it outlives the client."""
    async with World(kind) as world:
        job = await world.create(waits=12)
        await job.cancel(confirm=False)
        await world.client.aclose()
        await later(20)
        assert world.word(job) == world.working


# -- what a 2xx says --------------------------------------------------------------


@pytest.mark.parametrize("kind", PROMPT)
async def test_a_reply_with_a_state_needs_no_look(kind):
    """The body of a 2xx is used if it shows the end."""
    async with World(kind) as world:
        job = await world.create()
        assert await job.cancel() is CancelOutcome.CANCELED
        assert (world.sent("cancel"), world.sent("look")) == (1, 0)
        assert job.snapshot.source == "cancel"


@pytest.mark.parametrize("kind", SETTLING)
async def test_a_reply_without_a_state_is_followed_by_a_look(kind):
    """A 204 has nothing to tell: one look does, made once the job has had time to settle."""
    async with World(kind) as world:
        job = await world.create()
        assert await job.cancel() is CancelOutcome.CANCELED
        assert (world.sent("cancel"), world.sent("look")) == (1, 1)
        assert world.elapsed == pytest.approx(SHEETS[kind].settle)


# -- settling ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SETTLING)
@pytest.mark.parametrize("ends", ["completed", "failed"])
@pytest.mark.parametrize("after", [0.005, 0.03, 0.3])
async def test_a_cancel_that_the_end_overtakes_is_already_done(kind, ends, after):
    """The measured race: canceled first, then the end that the job had reached by itself."""
    async with World(kind) as world:
        end = getattr(world, ends)
        job = await world.create(after_cancel=[(0, world.canceled), (after, end)])
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert job.state is JobState(ends)
        assert job.contradiction is None


@pytest.mark.parametrize("kind", SETTLING)
async def test_a_young_canceled_is_held_as_canceling(kind):
    """While our cancel is under way, with the service's word kept."""
    async with World(kind) as world:
        job = await world.create()
        canceling = start(job.cancel())
        await later(0.1)
        snapshot = await job.refresh()
        assert (snapshot.state, snapshot.status) == (JobState.CANCELING, world.canceled)
        assert not job.done
        assert await canceling is CancelOutcome.CANCELED


@pytest.mark.parametrize("kind", SETTLING)
async def test_waiters_do_not_believe_a_young_canceled_either(kind):
    """A wait in another task gets the end that stands."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(0, world.canceled), (0.3, world.completed)])
        waiting = start(job.wait())
        await later(3)
        await job.cancel()
        assert (await waiting).state is JobState.COMPLETED


@pytest.mark.parametrize("kind", SETTLING)
async def test_a_look_that_began_too_early_confirms_nothing(kind):
    """It is the start of the look that counts, not its reply."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(0, world.canceled), (0.4, world.completed)])
        canceling = start(job.cancel())
        await later(0.1)
        world.hang("look", 5, processed=True)
        early = start(job.refresh())
        assert await canceling is CancelOutcome.ALREADY_DONE
        await early
        assert job.state is JobState.COMPLETED
        assert job.contradiction is None


@pytest.mark.parametrize("kind", SETTLING)
async def test_a_lost_reply_settles_too(kind):
    """The second request is refused, a look shows canceled, and a later one confirms it."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(0, world.canceled), (0.3, world.completed)])
        world.lose("cancel")
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.COMPLETED


@pytest.mark.parametrize("kind", SETTLING)
async def test_a_cancel_by_others_needs_no_settling(kind):
    """Nothing of ours is under way: the first look that shows canceled is believed."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled)
        assert (await job.wait(timeout=0)).state is JobState.CANCELED


@pytest.mark.parametrize("kind", SETTLING)
async def test_looks_that_fail_while_a_cancel_settles_keep_the_pace(kind):
    """An outage is no reason to look without end."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        world.cut("look", times=None)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel()
        assert world.sent("look") < 20


@pytest.mark.parametrize("kind", SETTLING)
async def test_an_end_that_changes_after_it_settled_is_a_contradiction(kind):
    """Final is final once it was believed."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(0, world.canceled), (5, world.completed)])
        assert await job.cancel() is CancelOutcome.CANCELED
        await later(10)
        await job.refresh()
        assert job.state is JobState.CANCELED
        assert job.contradiction.state is JobState.COMPLETED


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
async def test_a_refusal_followed_by_a_look_that_is_refused_is_raised(kind, status):
    """A look that says nothing of the job cannot decide, and one that never will ends the cancel."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status, times=None)
        world.answer("look", 401, times=None)
        with pytest.raises(AuthenticationError):
            await job.cancel()
        assert (world.sent("cancel"), world.sent("look")) == (1, 1)


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
async def test_a_look_that_fails_after_a_refusal_decides_nothing(kind, status):
    """The cancel is sent again only after a look that showed the job."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status)
        world.cut("look", times=4)
        canceling = start(job.cancel())
        await later(1)
        assert world.sent("cancel") == 1
        assert await canceling is CancelOutcome.CANCELED
        assert world.sent("cancel") == 2
