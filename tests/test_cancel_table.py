"""What to do next about a cancel: the table, whole."""

from __future__ import annotations

import itertools

import attrs
import pytest
from strategies import THING

from asyncjobs import APIError, CancelOutcome, JobState, NotFound, PermissionDenied, TransportError
from asyncjobs._cancel import NEXT, OUTCOMES, Phase, Stage, Step, is_refusal, next_step, stage
from asyncjobs._kinds import Refused
from asyncjobs._states import FINAL

PICKY = attrs.evolve(THING, cancelable=frozenset({JobState.RUNNING}))


def test_the_table_is_total():
    """Every answer of the service meets every place of the job."""
    assert set(itertools.product(Phase, Stage)) == set(NEXT)


@pytest.mark.parametrize("phase", list(Phase))
def test_an_ended_job_ends_the_cancel(phase):
    """Whatever was answered, an end that was seen is the end."""
    assert NEXT[phase, Stage.ENDED] is Step.END


def test_what_was_accepted_is_not_sent_again():
    """An accepted cancel is watched until the end."""
    assert NEXT[Phase.ACCEPTED, Stage.OPEN] is NEXT[Phase.ACCEPTED, Stage.SHUT] is Step.WATCH


def test_the_service_is_asked_first():
    """What we hold may be old, so the first request is always sent."""
    assert NEXT[Phase.ASKING, Stage.OPEN] is NEXT[Phase.ASKING, Stage.SHUT] is Step.SEND


def test_a_refused_cancel_is_sent_again_when_it_can_be_taken():
    """Too early: wait until the job has come so far."""
    assert NEXT[Phase.REFUSED, Stage.SHUT] is Step.WATCH
    assert NEXT[Phase.REFUSED, Stage.OPEN] is Step.SEND


@pytest.mark.parametrize("state", list(JobState))
def test_where_a_job_stands(state):
    """Ended, open to a cancel, or not."""
    expected = Stage.ENDED if state in FINAL else Stage.SHUT if state is JobState.CANCELING else Stage.OPEN
    assert expected is stage(THING, state)
    expected = Stage.ENDED if state in FINAL else Stage.OPEN if state is JobState.RUNNING else Stage.SHUT
    assert expected is stage(PICKY, state)


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("phase", list(Phase))
def test_next_step_reads_the_table(phase, state):
    """There is no rule beside the table."""
    assert NEXT[phase, stage(PICKY, state)] is next_step(phase, PICKY, state)


def test_every_end_has_an_outcome():
    """The four final states, and only they."""
    assert dict(OUTCOMES) == {
        JobState.CANCELED: CancelOutcome.CANCELED,
        JobState.COMPLETED: CancelOutcome.ALREADY_DONE,
        JobState.FAILED: CancelOutcome.ALREADY_DONE,
        JobState.GONE: CancelOutcome.GONE,
    }


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionDenied("no", status=403, refused=Refused.NOT_IN_STATE), True),
        (PermissionDenied("no", status=403), False),
        (NotFound("no", status=404), True),
        (APIError("no", status=410), True),
        (APIError("no", status=500, refused=Refused.OVERLOADED), False),
        (APIError("no", status=409), False),
        (TransportError("no"), False),
    ],
)
def test_which_refusals_a_look_decides(error, expected):
    """Too early, too late, or no longer known; nothing else."""
    assert expected is is_refusal(error)
