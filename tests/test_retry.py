"""The failure classes of a request, and what is sent again when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import (
    APIError,
    ClientClosed,
    InvalidArgument,
    NotSupported,
    ProtocolError,
    RateLimited,
    ServerError,
    TransportError,
)
from asyncjobs._kinds import Refused
from asyncjobs._retry import (
    LONGEST_HINT,
    SEND_AGAIN,
    UNUSABLE_REPLIES,
    Failure,
    backoff,
    capped,
    classify,
    is_transient,
    next_delay,
)

NEVER_SENT, REFUSED, REPEATABLE, UNKNOWN, FINAL = Failure
STATUSES = [
    301,
    304,
    400,
    401,
    402,
    403,
    404,
    405,
    406,
    408,
    409,
    410,
    418,
    422,
    425,
    429,
    451,
    500,
    501,
    502,
    503,
    504,
]


def api(status, refused=None, retry_after=None):
    return APIError("no", status=status, refused=refused, retry_after=retry_after)


def test_what_is_sent_again():
    """Only what cannot cost twice."""
    assert dict(SEND_AGAIN) == {NEVER_SENT: True, REFUSED: True, REPEATABLE: True, UNKNOWN: False, FINAL: False}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("repeatable", [True, False])
def test_the_class_of_a_status(status, repeatable):
    """Without the service's word a 429 is refused, a 408 or 5xx says nothing, the rest is final."""
    if status == 429:
        expected = REFUSED
    elif status == 408 or status >= 500:
        expected = REPEATABLE if repeatable else UNKNOWN
    else:
        expected = FINAL
    assert expected is classify(api(status), repeatable=repeatable)


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("status", [403, 429, 500, 503])
@pytest.mark.parametrize("refused", list(Refused))
def test_the_class_of_an_explained_refusal(status, refused, repeatable):
    """Overloaded and without a slot mean that nothing was begun, whatever the status."""
    classified = classify(api(status, refused), repeatable=repeatable)
    if refused in {Refused.OVERLOADED, Refused.NO_SLOT} or status == 429:
        assert classified is REFUSED
    elif status >= 500:
        assert classified is (REPEATABLE if repeatable else UNKNOWN)
    else:
        assert classified is FINAL


@pytest.mark.parametrize(
    ("error", "repeatable", "expected"),
    [
        (TransportError("x", sent=False), True, NEVER_SENT),
        (TransportError("x", sent=False), False, NEVER_SENT),
        (TransportError("x"), True, REPEATABLE),
        (TransportError("x"), False, UNKNOWN),
        (ProtocolError("x"), True, REPEATABLE),
        (ProtocolError("x"), False, UNKNOWN),
        (InvalidArgument("x", "y"), True, FINAL),
        (NotSupported("x", "y"), False, FINAL),
        (ClientClosed("x"), True, FINAL),
    ],
)
def test_the_class_of_other_errors(error, repeatable, expected):
    """A lost or unreadable reply leaves the outcome of a create open."""
    assert expected is classify(error, repeatable=repeatable)


@given(st.integers(300, 599), st.none() | st.sampled_from(list(Refused)), st.booleans())
def test_a_create_of_unknown_outcome_is_never_resent(status, refused, repeatable):
    """Whatever the reply: sent again only if it is repeatable or was not begun."""
    error = api(status, refused)
    delay = next_delay(error, repeatable=repeatable, attempt=1, elapsed=0, budget=1000, spread=0.5)
    unstarted = status == 429 or refused in {Refused.OVERLOADED, Refused.NO_SLOT}
    assert (delay is not None) == (unstarted or (repeatable and is_transient(error)))


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_delay_is_bounded(attempt, spread):
    """At least a quarter of a second, at most twenty."""
    assert 0.25 <= backoff(attempt, spread) <= 20


def test_delays_double():
    """Without chance: half a second, then twice as long each time, up to 20 s."""
    assert [backoff(attempt, 1.0) for attempt in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 20, 20]


@pytest.mark.parametrize(("hint", "seconds"), [(None, None), (0.5, 0.5), (60, 60), (61, 60), (1e9, 60)])
def test_hints_are_capped(hint, seconds):
    """Nobody sends us to sleep for a day."""
    assert seconds == capped(hint)
    assert LONGEST_HINT == 60


@pytest.mark.parametrize("hint", [1.0, 5.0, 1e9])
def test_a_hint_is_followed(hint):
    """Not less, and no more than the cap."""
    error = RateLimited("no", status=429, retry_after=hint)
    assert capped(hint) == next_delay(error, repeatable=False, attempt=1, elapsed=0, budget=100, spread=0.0)


@pytest.mark.parametrize("hint", [5e-324, 1e-9, 0.01])
def test_a_hint_of_next_to_nothing_is_no_licence_to_hammer(hint):
    """Between two attempts there is at least half of the first backoff."""
    error = RateLimited("no", status=429, retry_after=hint)
    assert next_delay(error, repeatable=False, attempt=9, elapsed=0, budget=100, spread=0.0) == 0.25


@given(st.floats(0, 200), st.floats(0, 200), st.integers(1, 20), st.floats(0, 1), st.none() | st.floats(0.1, 100))
def test_retries_stay_within_the_budget(elapsed, budget, attempt, spread, hint):
    """A retry that would begin after the budget is not made."""
    error = ServerError("no", status=500, retry_after=hint)
    delay = next_delay(error, repeatable=True, attempt=attempt, elapsed=elapsed, budget=budget, spread=spread)
    assert delay is None or elapsed + delay <= budget


def test_without_a_budget_nothing_is_tried_again():
    """A budget of 0 switches retries off."""
    assert next_delay(TransportError("x"), repeatable=True, attempt=1, elapsed=0, budget=0, spread=0.5) is None


def test_nonsense_is_asked_for_three_times():
    """A third reply that makes no sense is not followed by a fourth."""
    delays = [
        next_delay(ProtocolError("x"), repeatable=True, attempt=attempt, elapsed=0, budget=60, spread=0.5)
        for attempt in range(1, UNUSABLE_REPLIES + 1)
    ]
    assert [delay is None for delay in delays] == [False, False, True]


@pytest.mark.parametrize("status", STATUSES)
def test_what_ends_a_wait(status):
    """A 408, a 429 and a 5xx say nothing about the job; everything else does."""
    assert is_transient(api(status)) == (status in {408, 429} or status >= 500)
