"""When to look again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import Progress
from asyncjobs._pace import JITTER, LISTED, after_failure, interval, soonest
from asyncjobs.kinds import Pace

PACE = Pace(first=1.0, factor=2.0, ceiling=8.0, urgent=0.25)
paces = st.builds(
    lambda first, more, factor, urgent: Pace(first=first, factor=factor, ceiling=first + more, urgent=urgent * first),
    st.floats(0.01, 10),
    st.floats(0, 100),
    st.floats(1, 100),
    st.floats(0.01, 1),
)
spreads = st.floats(0, 1)
quiets = st.integers(0, 10**6)


def plain(quiet, *, urgent=False, progress=None):
    return interval(PACE, quiet, urgent=urgent, progress=progress, spread=0.5)


def test_looks_grow_rarer_up_to_the_ceiling():
    """Each quiet look makes the next one *factor* times later."""
    assert [plain(quiet) for quiet in range(6)] == [1, 2, 4, 8, 8, 8]


def test_our_own_cancel_is_urgent():
    """After our cancel looks begin anew, faster."""
    assert [plain(quiet, urgent=True) for quiet in range(7)] == [0.25, 0.5, 1, 2, 4, 8, 8]


@pytest.mark.parametrize(("time_left", "seconds"), [(100.0, 8), (3.0, 3), (0.5, 1), (0.0, 1), (-5.0, 1), (None, 8)])
def test_the_time_left_only_shortens(time_left, seconds):
    """The service's estimate brings a look forward, no further than the first interval, and never delays it."""
    assert plain(9, progress=Progress(time_left=time_left)) == seconds


def test_the_time_left_says_nothing_of_our_cancel():
    """An urgent look comes as it comes."""
    assert plain(0, urgent=True, progress=Progress(time_left=0.01)) == 0.25


@given(paces, quiets, st.booleans(), st.none() | st.builds(Progress, time_left=st.floats(-10, 1e6)), spreads)
def test_an_interval_is_bounded(pace, quiet, urgent, progress, spread):
    """It is positive and within the jitter of the ceiling."""
    seconds = interval(pace, quiet, urgent=urgent, progress=progress, spread=spread)
    assert min(pace.first, pace.urgent) * (1 - JITTER) <= seconds <= pace.ceiling * (1 + JITTER)


@given(paces, quiets, spreads)
def test_intervals_never_shrink_while_nothing_happens(pace, quiet, spread):
    """A quieter job is looked at no more often."""
    shorter = interval(pace, quiet, urgent=False, progress=None, spread=spread)
    assert shorter <= interval(pace, quiet + 1, urgent=False, progress=None, spread=spread)


@given(spreads)
def test_the_jitter_is_a_fifth_in_all(spread):
    """Looks are spread around their time by at most a tenth each way."""
    assert 0.9 <= interval(PACE, 0, urgent=False, progress=None, spread=spread) <= 1.1


@pytest.mark.parametrize("spread", LISTED)
def test_lists_come_a_little_sooner_than_looks_at_one_alone(spread):
    """Nobody hears of an end later for being in a list, and lists cost hardly more for that."""
    assert 0.95 <= interval(PACE, 0, urgent=False, progress=None, spread=spread) < 1.0
    assert 0.97 <= interval(PACE, 0, urgent=False, progress=None, spread=sum(LISTED) / 2) <= 0.98


@given(paces, quiets, st.floats(*LISTED))
def test_no_list_is_due_before_it_may_be_asked_again(pace, quiet, spread):
    """Else those who are due would wait for it: it would come later than planned each time."""
    assert interval(pace, quiet, urgent=False, progress=None, spread=spread) >= soonest(pace) * (1 - 1e-9)


def test_an_outage_is_looked_into_ever_more_rarely():
    """Delays double from the first interval to half a minute."""
    assert [after_failure(PACE, failures, 0.5) for failures in range(7)] == [1, 2, 4, 8, 16, 30, 30]


@given(paces, quiets, spreads)
def test_a_delay_after_failures_is_bounded(pace, failures, spread):
    """It is positive, and neither overflows nor passes half a minute or the ceiling."""
    seconds = after_failure(pace, failures, spread)
    assert 0 < seconds <= max(30.0, pace.ceiling) * (1 + JITTER)
