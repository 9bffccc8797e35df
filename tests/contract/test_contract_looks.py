"""DESIGN sections 2 and 3: finality, the order of looks, and what a snapshot holds."""

from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from contract_world import FAILING, KINDS, REASONING, SHEETS, TELLING, World, figure, later, start

from asyncjobs import AuthenticationError, ClientClosed, JobCanceled, JobState, NotFound, ProtocolError

SILENT = [name for name in KINDS if name not in TELLING]


# -- finality -------------------------------------------------------------


async def test_final_is_final(kind):
    """A later look that shows life again does not change the state."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.revive(job)
        snapshot = await job.refresh()
        assert snapshot.state is job.state is JobState.COMPLETED
        assert job.done


async def test_what_contradicts_the_end_is_kept(kind):
    """The contradicting look is job.contradiction; until then there is none."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        assert job.contradiction is None
        world.end(job, world.canceled)
        await job.refresh()
        assert job.contradiction is not None
        assert job.contradiction.state is JobState.CANCELED
        assert job.snapshot.state is JobState.COMPLETED


async def test_what_contradicts_the_end_is_logged(kind, caplog):
    """The log names the job and both words."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.end(job, world.canceled)
        await job.refresh()
    (said,) = [record.getMessage() for record in caplog.records]
    assert str(job.ref) in said
    assert "completed" in said
    assert world.canceled in said


async def test_a_look_that_repeats_the_end_contradicts_nothing(kind):
    """The same end seen again is no news."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        await job.refresh()
        assert job.contradiction is None


async def test_every_handle_of_the_job_knows_its_end(kind):
    """Final is final inside the core that all handles share."""
    async with World(kind) as world:
        job = await world.create(works=1)
        twin = world.client.job(job.ref)
        await job.wait()
        world.revive(job)
        assert (await twin.wait()).state is JobState.COMPLETED


async def test_reopening_takes_the_job_back_to_life(kind):
    """refresh(reopen=True) is the way out of an end that the service took back."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.revive(job)
        snapshot = await job.refresh(reopen=True)
        assert snapshot.status == world.working
        assert not job.done
        assert job.contradiction is None


async def test_reopening_without_a_reason_changes_nothing(kind):
    """If the service still shows the same end, it stays."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        assert (await job.refresh(reopen=True)).state is JobState.COMPLETED


async def test_reopening_may_show_another_end(kind):
    """The end that the service shows now replaces the one that was held."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.end(job, world.canceled)
        assert (await job.refresh(reopen=True)).state is JobState.CANCELED


async def test_reopening_may_show_that_the_job_is_gone(kind):
    """A job that has ended and was forgotten since can be seen to be gone."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.forget(job)
        assert (await job.refresh()).state is JobState.COMPLETED
        assert job.contradiction.state is JobState.GONE
        assert (await job.refresh(reopen=True)).state is JobState.GONE


async def test_reopening_a_gone_job_that_came_back(kind):
    """A job that the service knows again leaves GONE."""
    async with World(kind) as world:
        job = await world.create()
        await job.refresh()
        world.answer("look", 410)
        await job.wait()
        assert job.state is JobState.GONE
        assert (await job.refresh(reopen=True)).status == world.working


async def test_later_waiters_wait_for_the_new_end(kind):
    """A wait that begins after the reopening belongs to the new epoch."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.revive(job, works=50)
        await job.refresh(reopen=True)
        began = world.elapsed
        assert (await job.wait()).state is JobState.COMPLETED
        assert 50 <= world.elapsed - began < 60


async def test_earlier_waiters_keep_the_end_that_they_were_given(kind):
    """What a wait has returned is not taken back."""
    async with World(kind) as world:
        job = await world.create(works=1)
        first = await job.wait()
        world.revive(job)
        await job.refresh(reopen=True)
        assert first.state is JobState.COMPLETED


async def test_a_cancel_belongs_to_its_epoch(kind):
    """Whether we asked for a cancel is told of the present epoch."""
    async with World(kind) as world:
        job = await world.create()
        await job.cancel()
        world.revive(job)
        await job.refresh(reopen=True)
        assert not job.requested_by_us
        world.end(job, world.canceled)
        with pytest.raises(JobCanceled) as caught:
            await job.result()
        assert not caught.value.requested_by_us


async def test_a_reopened_job_can_be_cancelled_again(kind):
    """The new epoch needs a request of its own."""
    async with World(kind) as world:
        job = await world.create()
        assert await job.cancel() == "canceled"
        world.revive(job)
        await job.refresh(reopen=True)
        assert await job.cancel() == "canceled"
        assert world.sent("cancel") == 2


# -- order ----------------------------------------------------------------


async def test_a_late_reply_to_an_early_look_is_dropped(kind):
    """Looks are ordered by when their requests started: the older one has nothing to say any more."""
    async with World(kind) as world:
        job = await world.unseen(steps=[(0, "simmering"), (1, world.working)])
        world.hang("look", 5, processed=True)
        early = start(job.refresh())
        await later(2)
        assert (await job.refresh()).status == world.working
        assert (await early).status == world.working
        assert job.snapshot.status == world.working


async def test_a_late_end_is_never_dropped(kind):
    """A final word counts however late it arrives."""
    async with World(kind) as world:
        job = await world.unseen(works=0)
        world.hang("look", 5, processed=True)
        early = start(job.refresh())
        await later(1)
        world.revive(job)
        assert (await job.refresh()).status == world.working
        await early
        assert job.state is JobState.COMPLETED


async def test_a_late_reply_after_the_end_is_no_contradiction(kind):
    """A look that began before the one that saw the end is only late."""
    async with World(kind) as world:
        job = await world.create(works=1)
        world.hang("look", 5, processed=True)
        early = start(job.refresh())
        await later(2)
        assert (await job.refresh()).state is JobState.COMPLETED
        await early
        assert job.contradiction is None


async def test_a_late_reply_reopens_nothing(kind):
    """What was so before the end was seen is no reason to take the end back."""
    async with World(kind) as world:
        job = await world.create(works=1)
        world.hang("look", 5, processed=True)
        early = start(job.refresh(reopen=True))
        await later(2)
        assert (await job.refresh()).state is JobState.COMPLETED
        assert (await early).state is JobState.COMPLETED
        assert job.done


async def test_a_late_reply_to_a_cancel_does_not_undo_it(kind):
    """The cancel's own reply is ordered like any look; that it was accepted counts whenever it arrives."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(20, world.canceled)])
        world.hang("cancel", 5, processed=True)
        canceling = start(job.cancel())
        await later(1)
        await job.refresh()
        await later(5)
        assert job.state is JobState.CANCELING
        assert await canceling == "canceled"


async def test_refresh_is_one_look(kind):
    """One call asks the service once."""
    async with World(kind) as world:
        job = await world.create()
        await job.refresh()
        assert (world.sent("look"), world.asked_anything() - world.sent("create")) == (1, world.asked_anything() - 1)


async def test_refreshing_together_is_one_look(kind):
    """Callers join a look that begins after their call."""
    async with World(kind, latency=1) as world:
        job = await world.create()
        snapshots = await asyncio.gather(*(job.refresh() for _ in range(5)))
        assert world.sent("look") == 1
        assert all(snapshot is snapshots[0] for snapshot in snapshots)


async def test_refresh_does_not_join_a_look_that_began_before(kind):
    """What a look under way will show may be older than the call."""
    async with World(kind, latency=1) as world:
        job = await world.create()
        early = start(job.refresh())
        await later(0.5)
        await job.refresh()
        await early
        assert world.sent("look") == 2


async def test_a_cancelled_refresh_disturbs_no_other(kind):
    """The look goes on for those who still want it."""
    async with World(kind, latency=1) as world:
        job = await world.create()
        first, second = start(job.refresh()), start(job.refresh())
        await later(0.2)
        first.cancel()
        assert (await second).state is not None
        assert first.cancelled()
        assert world.sent("look") == 1


async def test_a_look_after_one_that_was_given_up_is_a_new_one(kind):
    """Nobody joins a look that queued and was dropped with its last caller."""
    async with World(kind) as world:
        job, other = await world.create(), await world.create()
        world.answer("look", 429, retry_after=30, job=other)
        await asyncio.gather(other.wait(0), return_exceptions=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await job.refresh()
        assert (await job.refresh()).status == world.working
        assert world.elapsed == pytest.approx(30)


async def test_refresh_of_a_job_that_never_was_raises_not_found(kind):
    """One look has no grace to give."""
    async with World(kind) as world:
        with pytest.raises(NotFound) as caught:
            await world.nobody().refresh()
        assert caught.value.status == 404
        assert caught.value.snapshot is None


async def test_refresh_after_close_raises_client_closed(kind):
    """A closed client looks at nothing."""
    async with World(kind) as world:
        job = await world.create()
        await world.client.aclose()
        with pytest.raises(ClientClosed):
            await job.refresh()


# -- before the first look --------------------------------------------------


async def test_before_the_first_look_nothing_is_known(kind):
    """The state is UNKNOWN, there is no snapshot and no progress, and the job is not done."""
    async with World(kind) as world:
        job = await world.unseen()
        assert (job.state, job.snapshot, job.progress, job.done) == (JobState.UNKNOWN, None, None, False)
        assert (job.requested_by_us, job.contradiction) == (False, None)


async def test_a_created_job_has_been_seen(kind):
    """The reply to the create is the first snapshot."""
    async with World(kind) as world:
        job = await world.create()
        assert job.snapshot.source == "create"
        assert job.snapshot.status == world.working
        assert world.sent("look") == 0


# -- snapshots ----------------------------------------------------------------


async def test_a_snapshot_says_when_it_was_observed(kind):
    """observed_at is an aware time in UTC, of this moment."""
    async with World(kind) as world:
        snapshot = await (await world.create()).refresh()
    assert snapshot.observed_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - snapshot.observed_at) < timedelta(minutes=1)


async def test_a_snapshot_says_where_it_came_from(kind):
    """A look is a poll; the state that follows a cancel came from the cancel or from a look."""
    async with World(kind) as world:
        job = await world.create()
        assert (await job.refresh()).source == "poll"
        await job.cancel()
        assert job.snapshot.source in {"cancel", "poll"}


async def test_a_snapshot_names_its_request_if_the_service_does(kind):
    """request_id is the service's own, None if it gave none."""
    async with World(kind) as world:
        first, second = [await (await world.create()).refresh() for _ in range(2)]
    if first.request_id is None:
        assert second.request_id is None
    else:
        assert first.request_id != second.request_id


async def test_a_snapshot_has_the_resource_of_its_kind(kind):
    """R is the attrs class of the service's resource."""
    async with World(kind) as world:
        job = await world.create()
        snapshot = await job.refresh()
        assert type(snapshot.resource) is SHEETS[kind].resource
        assert snapshot.resource.status == world.working


async def test_the_resource_is_structured_once(kind):
    """It is made on first access and kept."""
    async with World(kind) as world:
        snapshot = await (await world.create()).refresh()
        assert snapshot.resource is snapshot.resource


async def test_the_raw_payload_keeps_keys_that_nobody_knows(kind):
    """New fields of a service are never lost, at any depth."""
    async with World(kind) as world:
        job = await world.create()
        payload = job.snapshot.raw | {"mood": {"deep": [1, None]}, "x-new": 2.5}
        world.reply("look", payload)
        snapshot = await job.refresh()
        assert snapshot.raw == payload
        assert type(snapshot.resource) is SHEETS[kind].resource


async def test_changing_the_raw_payload_changes_nothing_here(kind):
    """A snapshot is plain frozen data."""
    async with World(kind) as world:
        snapshot = await (await world.create()).refresh()
        snapshot.raw.clear()
        assert snapshot.raw


async def test_a_payload_that_does_not_fit_raises_at_the_resource(kind):
    """The wait is not disturbed by it; the resource names job, request and what does not fit."""
    async with World(kind) as world:
        job = await world.create(works=5)
        created = "createdAt" if "createdAt" in job.snapshot.raw else "created_at"
        await later(6)
        payload = job.snapshot.raw | {"status": world.completed, created: {"not": "a date"}}
        world.reply("look", payload)
        snapshot = await job.wait()
        assert snapshot.state is JobState.COMPLETED
        with pytest.raises(ProtocolError, match=created) as caught:
            snapshot.resource  # noqa: B018 - the access is what is tested
        assert caught.value.ref == job.ref
        assert snapshot.raw == payload


async def test_a_snapshot_travels(kind):
    """Snapshots can be pickled and come back equal."""
    async with World(kind) as world:
        snapshot = await (await world.create()).refresh()
    twin = pickle.loads(pickle.dumps(snapshot))
    assert twin == snapshot
    assert twin.resource == snapshot.resource


@pytest.mark.parametrize("kind", TELLING)
async def test_progress_is_told_where_the_kind_has_it(kind):
    """Job and snapshot tell how far the work is."""
    async with World(kind) as world:
        job = await world.create(works=100)
        await later(50)
        snapshot = await job.refresh()
        assert figure(snapshot.progress) == pytest.approx(50, abs=1)
        assert job.progress == snapshot.progress


@pytest.mark.parametrize("kind", SILENT)
async def test_progress_is_none_where_the_kind_has_none(kind):
    """Nothing is made up."""
    async with World(kind) as world:
        job = await world.create(works=100)
        assert (await job.refresh()).progress is None
        assert job.progress is None


@pytest.mark.parametrize("kind", [name for name in REASONING if name not in FAILING])
async def test_the_reason_of_an_end_is_the_services_word(kind):
    """A search that ran out of credits says so."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled, "out_of_credits")
        assert (await job.wait()).reason == "out_of_credits"


@pytest.mark.parametrize("kind", [name for name in REASONING if name in FAILING])
async def test_budget_and_time_limits_are_completed_with_a_reason(kind):
    """A run that ended by its budget is COMPLETED; the reason tells."""
    async with World(kind) as world:
        job = await world.create(works=1, reason="budget_reached")
        snapshot = await job.wait()
        assert (snapshot.state, snapshot.reason) == (JobState.COMPLETED, "budget_reached")


async def test_a_look_that_fails_after_the_end_says_so(kind):
    """refresh is a look, also at a job that has ended: it does not pass off what is held as new."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        world.answer("look", 401)
        with pytest.raises(AuthenticationError):
            await job.refresh()
        assert job.state is JobState.COMPLETED
