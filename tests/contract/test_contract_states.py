"""DESIGN section 2: the states and the words of the services."""

from __future__ import annotations

import logging

import pytest
from contract_world import FAILING, SHEETS, World, later, start

from asyncjobs import JobState, UnknownStatus
from asyncjobs._states import FINAL, TRANSITIONS, WORDS, advance

STATES = [state for state in JobState if state is not JobState.GONE]
TABLE = {
    "created": JobState.CREATED,
    "pending": JobState.PENDING,
    "queued": JobState.QUEUED,
    "new": JobState.QUEUED,
    "running": JobState.RUNNING,
    "processing": JobState.RUNNING,
    "paused": JobState.PAUSED,
    "canceling": JobState.CANCELING,
    "cancelling": JobState.CANCELING,
    "completed": JobState.COMPLETED,
    "finished": JobState.COMPLETED,
    "failed": JobState.FAILED,
    "canceled": JobState.CANCELED,
    "cancelled": JobState.CANCELED,
}


def test_the_words_on_the_wire_mean_what_the_table_says():
    """Each documented word stands for one state."""
    assert dict(WORDS) == TABLE


def test_a_kind_reads_its_words_as_the_table_says(kind):
    """A kind picks its words from the table and gives none of them another meaning."""
    words = SHEETS[kind].words
    assert words
    assert {word: TABLE[word] for word in words} == dict(words)


def test_both_spellings_name_the_same_state():
    """The other spelling of canceled and canceling is understood, and CANCELLED is an alias."""
    assert JobState("cancelled") is JobState.CANCELED
    assert JobState.CANCELLED is JobState.CANCELED
    assert JobState("cancelling") is JobState.CANCELING


def test_a_word_that_is_no_state_is_a_value_error():
    """JobState does not guess."""
    with pytest.raises(ValueError, match="cancelt"):
        JobState("cancelt")


@pytest.mark.parametrize("state", JobState)
def test_a_state_compares_with_its_own_string(state):
    """A state is its string."""
    assert state == str(state) == state.value
    assert JobState(state.value) is state


def test_the_transition_table_is_total():
    """Every state has a row; those of the four final states are empty."""
    assert set(TRANSITIONS) == set(JobState)
    assert {JobState.COMPLETED, JobState.FAILED, JobState.CANCELED, JobState.GONE} == FINAL
    assert all(state.final == (not TRANSITIONS[state]) for state in JobState)


@pytest.mark.parametrize("held", sorted(set(JobState) - FINAL - {JobState.CANCELING}))
@pytest.mark.parametrize("seen", JobState)
def test_a_live_state_accepts_every_state(held, seen):
    """The service may say anything at any time."""
    assert advance(held, seen) is seen


@pytest.mark.parametrize("seen", JobState)
def test_canceling_stays_until_a_final_word(seen):
    """A service that still says "running" after our cancel has not refused it."""
    assert advance(JobState.CANCELING, seen) is (seen if seen.final else JobState.CANCELING)


@pytest.mark.parametrize("held", sorted(FINAL))
@pytest.mark.parametrize("seen", JobState)
def test_a_final_state_accepts_nothing(held, seen):
    """Final is final."""
    assert advance(held, seen) is held


async def test_the_words_of_a_life_are_shown_as_their_states(kind):
    """Each word of the service is held as its state, and kept as it was said."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, world.waiting), (5, world.working), (10, world.completed)])
        shown = [(snapshot.status, snapshot.state) async for snapshot in job]
    assert list(dict.fromkeys(shown)) == [
        (word, TABLE[word]) for word in dict.fromkeys((world.waiting, world.working, world.completed))
    ]


@pytest.mark.parametrize("kind", FAILING)
async def test_a_failed_job_is_failed(kind):
    """The service's word for giving up is the state FAILED."""
    async with World(kind) as world:
        job = await world.create(works=3, ends=world.failed)
        assert (await job.wait()).state is JobState.FAILED


async def test_a_word_that_nobody_knows_is_unknown_and_kept(kind):
    """An unmapped word is the state UNKNOWN; the word itself is in the snapshot."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering")])
        snapshot = await job.refresh()
        assert (snapshot.state, snapshot.status) == (JobState.UNKNOWN, "simmering")
        assert job.state is JobState.UNKNOWN
        assert not job.done


async def test_an_unknown_word_is_logged_once(kind, caplog):
    """Many looks that show the same unmapped word make one warning that names job and word."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering"), (60, world.completed)])
        await job.wait()
        assert world.sent("look") > 5
    said = [record.getMessage() for record in caplog.records if "simmering" in record.getMessage()]
    assert len(said) == 1
    assert caplog.records[0].levelno == logging.WARNING
    assert str(job.ref) in said[0]


async def test_each_unknown_word_is_logged(kind, caplog):
    """A second unmapped word is not hidden by the first one."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering"), (30, "stewing"), (60, world.completed)])
        await job.wait()
    assert [word for word in ("simmering", "stewing") if word in caplog.text] == ["simmering", "stewing"]


async def test_an_unknown_word_is_polled_on(kind):
    """A wait goes through an unmapped word to the end."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering"), (500, world.completed)])
        assert (await job.wait()).state is JobState.COMPLETED


async def test_a_word_that_stays_unknown_ends_the_wait(kind):
    """After unknown_after seconds of it the wait raises UnknownStatus with the word."""
    async with World(kind, unknown_after=100) as world:
        job = await world.create(steps=[(0, "simmering")])
        with pytest.raises(UnknownStatus) as caught:
            await job.wait()
        assert 100 <= world.elapsed < 110
        assert caught.value.status == "simmering"
        assert caught.value.ref == job.ref
        assert caught.value.snapshot == job.snapshot


async def test_unknown_after_is_ten_minutes(kind):
    """The default bound is 600 s."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering")])
        with pytest.raises(UnknownStatus):
            await job.wait()
        assert 600 <= world.elapsed < 610


async def test_a_known_word_between_starts_the_count_anew(kind):
    """Two spells of unknown words are not added up."""
    async with World(kind, unknown_after=100) as world:
        steps = [(0, "simmering"), (80, world.working), (100, "stewing"), (180, world.completed)]
        job = await world.create(steps=steps)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_canceling_is_not_final(kind):
    """After our cancel was accepted the job is CANCELING, and the wait goes on to a final word."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(20, world.canceled)])
        waiting = start(job.wait())
        await later(1)
        canceling = start(job.cancel())
        await later(5)
        assert job.state is JobState.CANCELING
        assert not job.done
        assert (await waiting).state is JobState.CANCELED
        await canceling


async def test_canceling_outlasts_a_service_that_still_says_running(kind):
    """Looks that still show the old word leave CANCELING in place, with the service's word kept."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(20, world.canceled)])
        canceling = start(job.cancel())
        await later(5)
        snapshot = await job.refresh()
        assert (snapshot.state, snapshot.status) == (JobState.CANCELING, world.working)
        await canceling


@pytest.mark.parametrize("status", [404, 410])
async def test_a_job_that_the_service_forgets_is_gone(kind, status):
    """404 after the job was seen, or 410, is the final state GONE."""
    async with World(kind) as world:
        job = await world.create()
        await job.refresh()
        world.forget(job, status=status)
        assert (await job.wait()).state is JobState.GONE
        assert job.done


async def test_410_is_gone_even_if_the_job_was_never_seen(kind):
    """Nobody says 410 of a job that is yet to appear."""
    async with World(kind) as world:
        job = await world.unseen()
        world.forget(job, status=410)
        assert (await job.wait()).state is JobState.GONE
        assert world.elapsed == 0


async def test_a_gone_job_keeps_what_was_last_seen(kind):
    """The last payload outlives the job."""
    async with World(kind) as world:
        job = await world.create()
        before = await job.refresh()
        world.forget(job)
        gone = await job.wait()
        assert gone.raw == before.raw
        assert gone.status == before.status
