"""A webset as a job: all the work in it, with one handle."""

from __future__ import annotations

import asyncio

import pytest
from clients import open_exa
from services import URL, answer, serving

from asyncjobs import CancelOutcome, Exa, JobCanceled, JobState, NotSupported
from asyncjobs.exa import WEBSET
from asyncjobs.exa._webset_kinds import judge
from asyncjobs.sandbox import Fault, Life, Lose

SEARCH = {"query": "cats", "count": 3}


def shown(searches=(), enrichments=(), imports=()):
    """Return what is in a webset, by the words that each shows."""
    return {
        "searches": [{"status": word, "canceledReason": "out_of_credits"} for word in searches],
        "enrichments": [{"status": word} for word in enrichments],
        "imports": [{"status": word, "failedReason": "invalid_format"} for word in imports],
    }


@pytest.mark.parametrize(
    ("payload", "state", "reason"),
    [
        (shown(["completed"], ["completed"]), JobState.COMPLETED, None),
        (shown(["completed", "canceled"]), JobState.COMPLETED, None),
        (shown(["canceled"], ["completed"]), JobState.COMPLETED, None),
        (shown(["canceled"], ["canceled"]), JobState.CANCELED, "out_of_credits"),
        (shown(["cancelled"]), JobState.CANCELED, "out_of_credits"),
        (shown([], ["canceled"]), JobState.CANCELED, None),
        (shown(["canceled"], imports=["completed"]), JobState.CANCELED, "out_of_credits"),
        (shown(imports=["completed", "failed"]), JobState.COMPLETED, None),
        (shown(imports=["failed"]), JobState.FAILED, "invalid_format"),
        (shown(["completed"], imports=["failed"]), JobState.COMPLETED, None),
        (shown(["created"]), JobState.PENDING, None),
        (shown(["running", "completed"]), JobState.RUNNING, None),
        (shown(["completed"], ["pending"]), JobState.PENDING, None),
        (shown(imports=["processing"]), JobState.RUNNING, None),
        (shown(["meditating"]), JobState.COMPLETED, None),
        (shown(), JobState.CREATED, None),
        ({"searches": None, "enrichments": 7, "imports": ["x", None]}, JobState.CREATED, None),
        ({"searches": [{"status": 7}]}, JobState.COMPLETED, None),
    ],
    ids=str,
)
def test_an_idle_webset_is_as_far_as_the_work_in_it(payload, state, reason):
    """All canceled is canceled, all else is completed; work that goes on, or that never was, is no end."""
    assert judge(JobState.COMPLETED, payload, False) == (state, reason)


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PENDING, JobState.PAUSED, JobState.UNKNOWN])
def test_a_webset_that_is_not_idle_has_not_ended(state):
    """Whatever is in it."""
    assert judge(state, shown(["completed"]), False) == (state, None)


def test_an_empty_webset_that_answers_our_cancel_has_nothing_left_to_cancel():
    """Or else nobody could ever leave it."""
    assert judge(JobState.COMPLETED, shown(), True) == (JobState.CANCELED, None)


async def test_a_webset_ends_when_all_in_it_has_ended():
    """One handle for what its create has started."""
    async with open_exa() as (_, exa):
        webset = await exa.websets.create(search=SEARCH, enrichments=[{"description": "age"}])
        job = exa.job(webset)
        assert (str(job.ref), job.kind) == (f"exa.webset:{webset.id}", WEBSET.name)
        done = await job
        assert {search.status for search in done.searches} == {"completed"}
        assert {enrichment.status for enrichment in done.enrichments} == {"completed"}
        assert job.snapshot.status == "idle"


async def test_an_empty_webset_is_waited_for_until_it_was_given_work():
    """Idle is no end before."""
    async with open_exa() as (_, exa):
        webset = await exa.websets.create(metadata={})
        waiting = asyncio.create_task(exa.job(webset).wait())
        await asyncio.sleep(60)
        assert not waiting.done()
        search = await exa.websets.searches.create(webset.id, query="cats", count=3)
        assert (await waiting).state is JobState.COMPLETED
        assert (await search.wait(timeout=0)).state is JobState.COMPLETED


async def test_cancelling_a_webset_cancels_all_in_it():
    """With one request, which each job's own handle sees at its next look."""
    async with open_exa() as (sandbox, exa):
        sandbox.script("exa.search", Life.ordinary("exa.search", works=None), times=None)
        webset = await exa.websets.create(search=SEARCH, enrichments=[{"description": "age"}])
        job, parts = exa.job(webset), exa.jobs(webset)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert (await job.cancel()) is CancelOutcome.CANCELED
        with pytest.raises(JobCanceled) as caught:
            await job
        assert (caught.value.snapshot.reason, caught.value.requested_by_us) == ("webset_canceled", True)
        assert {(await part.wait()).state for part in parts} == {JobState.CANCELED}
        assert sandbox.ledger.count("cancel") == 1


async def test_a_block_owns_all_that_a_webset_does():
    """Leaving it cancels, also an empty one, at which nothing can be seen to end."""
    async with open_exa() as (sandbox, exa):
        sandbox.script("exa.search", Life.ordinary("exa.search", works=None), times=None)
        async with exa.job(await exa.websets.create(search=SEARCH)):
            pass
        empty = await exa.websets.create(metadata={})
        began = asyncio.get_running_loop().time()
        async with exa.job(empty):
            pass
        assert asyncio.get_running_loop().time() - began < 5
        assert sandbox.ledger.active() == []


async def test_a_cancel_whose_reply_was_lost_is_sent_again():
    """It does no harm twice."""
    async with open_exa() as (sandbox, exa):
        sandbox.script("exa.search", Life.ordinary("exa.search", works=None), times=None)
        job = exa.job(await exa.websets.create(search=SEARCH))
        sandbox.fault(Fault(Lose(), verb="cancel", kind="exa.webset"))
        assert await job.cancel() is CancelOutcome.CANCELED


async def test_new_work_is_a_contradiction_until_it_is_asked_for():
    """Final is final; ``refresh(reopen=True)`` begins anew."""
    async with open_exa() as (_, exa):
        webset = await exa.websets.create(search=SEARCH)
        job = exa.job(webset)
        await job
        await exa.websets.searches.create(webset.id, query="dogs", count=3)
        await job.refresh()
        assert (job.state, job.contradiction.state) == (JobState.COMPLETED, JobState.RUNNING)
        await job.refresh(reopen=True)
        assert job.state is JobState.RUNNING
        assert len((await job).searches) == 2


async def test_a_webset_cannot_be_created_as_a_job():
    """``exa.websets.create`` gives the webset, and ``exa.job`` makes a handle of it."""
    async with open_exa() as (_, exa):
        with pytest.raises(NotSupported):
            await exa.create(WEBSET, {})


async def test_many_websets_are_looked_at_with_one_list():
    """A hundred in one request."""
    async with open_exa() as (sandbox, exa):
        jobs = [exa.job(await exa.websets.create(search=SEARCH)) for _ in range(30)]
        await asyncio.gather(*jobs)
        assert sandbox.ledger.count("look", "exa.webset") < 30
        assert sandbox.ledger.count("list", "exa.webset") > 0


async def test_a_webset_without_its_parts_is_as_far_as_its_word():
    """A service that leaves them out is believed as far as that goes: idle without any work is no end."""

    async def service(_):
        return answer({"id": "w", "object": "webset", "status": "idle"})

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        job = exa.job("exa.webset:w")
        await job.refresh()
        assert (job.state, job.snapshot.resource.searches) == (JobState.CREATED, ())
