"""The transition table, whole."""

from __future__ import annotations

import pytest
from strategies import repickled

from asyncjobs import JobState
from asyncjobs._states import FINAL, TRANSITIONS, WORDS, advance


def test_four_states_are_final():
    """The final states are those without a way out."""
    assert {JobState.COMPLETED, JobState.FAILED, JobState.CANCELED, JobState.GONE} == FINAL
    assert [state for state in JobState if state.final] == [state for state in JobState if state in FINAL]


def test_the_table_is_total():
    """Every state has a row."""
    assert set(JobState) == set(TRANSITIONS)


@pytest.mark.parametrize("held", list(JobState))
@pytest.mark.parametrize("seen", list(JobState))
def test_what_follows_what(held, seen):
    """A live state gives way to what is seen, CANCELING only to an end, and an end to nothing."""
    if held.final:
        expected = held
    elif held is JobState.CANCELING:
        expected = seen if seen.final else JobState.CANCELING
    else:
        expected = seen
    assert expected is advance(held, seen)


def test_the_table_cannot_be_changed():
    """The one table is read-only."""
    with pytest.raises(TypeError):
        TRANSITIONS[JobState.GONE] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        WORDS["done"] = JobState.COMPLETED  # type: ignore[index]


@pytest.mark.parametrize("state", list(JobState))
def test_a_state_equals_its_own_string(state):
    """States compare with strings and can be made from them."""
    assert state == state.value == str(state)
    assert JobState(state.value) is state
    assert repickled(state) is state


def test_both_spellings_of_canceled_are_one_state():
    """The British spelling is an alias."""
    assert JobState.CANCELLED is JobState.CANCELED
    assert JobState("cancelled") is JobState.CANCELED
    assert JobState("cancelling") is JobState.CANCELING


@pytest.mark.parametrize("value", ["", "CANCELED", "done", None, 3, ["canceled"], {}])
def test_what_is_no_state_is_a_value_error(value):
    """No other value becomes a state."""
    with pytest.raises(ValueError, match="JobState"):
        JobState(value)


def test_words_of_the_services():
    """The words on the wire mean what the design's table says."""
    assert WORDS == {
        "created": "created",
        "pending": "pending",
        "queued": "queued",
        "new": "queued",
        "running": "running",
        "processing": "running",
        "paused": "paused",
        "canceling": "canceling",
        "cancelling": "canceling",
        "completed": "completed",
        "finished": "completed",
        "failed": "failed",
        "canceled": "canceled",
        "cancelled": "canceled",
    }
