"""Which seconds count against a service, and which against a retry budget."""

from __future__ import annotations

import pytest

from asyncjobs import ServerError, Settings, TransportError
from asyncjobs._guards import Guards
from asyncjobs._retry import Retries


def guards(*, unreachable_after=10.0, request_timeout=60.0):
    return Guards(Settings(unreachable_after=unreachable_after, request_timeout=request_timeout))


def failed(made, now, *, queued=0.0, took=0.0, pause=0.0):
    made.failed(now=now, queued=queued, took=took, pause=pause, unusable=False)
    return made.unreachable_for()


@pytest.mark.parametrize(
    ("due", "now", "queued", "took", "pause", "seconds"),
    [
        (None, 100.0, 0.0, 0.0, 0.0, 100.0),  # Nobody had planned the second look: all of it counts.
        (30.0, 30.0, 0.0, 0.0, 0.0, 30.0),  # It came when it was meant to.
        (30.0, 45.0, 0.0, 15.0, 0.0, 45.0),  # Its own time counts.
        (30.0, 80.0, 35.0, 15.0, 0.0, 45.0),  # Its time in the queue does not.
        (30.0, 80.0, 0.0, 15.0, 0.0, 45.0),  # Nor does what made it late otherwise: a busy loop, a machine that slept.
        (30.0, 30_000.0, 0.0, 29_970.0, 0.0, 90.0),  # Under way it waits for its timeout, and no longer.
        (30.0, 80.0, 35.0, 15.0, 20.0, 25.0),  # A pause is the service's wish.
        (30.0, 80.0, 35.0, 15.0, 50.0, 15.0),
        (30.0, 20.0, 0.0, 0.0, 0.0, 20.0),  # Somebody looked before it was due.
        (30.0, 70.0, 0.0, 90.0, 0.0, 60.0),  # It began before the first failure was known: no second twice.
    ],
)
def test_which_seconds_between_two_failed_looks_count(due, now, queued, took, pause, seconds):
    """Those that were planned and those that the look itself took."""
    made = guards()
    assert failed(made, 0.0, pause=pause) is None
    if due is not None:
        made.planned(due)
    assert failed(made, now, queued=queued, took=took) == seconds


def test_seconds_for_which_a_look_was_held_count():
    """As if it had failed."""
    made = guards()
    assert made.marked is None
    made.held(seconds=4.0, now=5.0)
    assert made.marked == 5.0
    made.held(seconds=5.0, now=10.0)
    assert made.unreachable_for() is None
    made.planned(11.0)
    assert failed(made, 12.0) == 10.0


def test_a_look_that_succeeds_forgives_what_was_held():
    """The count begins anew."""
    made = guards()
    made.held(seconds=9.0, now=9.0)
    made.heard(9.5, looked=True)
    assert made.marked is None
    made.held(seconds=9.0, now=19.0)
    assert made.unreachable_for() is None


def test_nobody_who_comes_later_pays_for_what_was_held():
    """With the last waiter the count ends."""
    made = guards()
    made.held(seconds=9.0, now=9.0)
    made.unwatched()
    assert made.marked is None
    assert failed(made, 100.0) is None


def test_resting_counts_against_the_retry_budget():
    """Waiting for a sign of life is waiting."""
    retries = Retries(10.0, repeatable=True)
    assert retries.after(TransportError("x"), took=1.0, spread=1.0) == 0.5
    assert retries.left == 8.5
    retries.rested(8.0)
    assert retries.left == 0.5
    assert retries.after(TransportError("x"), took=0.0, spread=1.0) is None


def test_a_hint_is_part_of_the_retry_budget():
    """A service that asks for more than is left is not asked again."""
    retries = Retries(100.0, repeatable=True)
    busy = ServerError("x", status=503, retry_after=60.0)
    assert retries.after(busy, took=0.0, spread=0.5) == 60.0
    assert retries.after(busy, took=0.0, spread=0.5) is None
