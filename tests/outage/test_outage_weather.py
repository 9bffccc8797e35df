"""Whether a service is away, and who may ask while it is: a table, and rules without a clock."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import (
    APIError,
    AuthenticationError,
    ClientClosed,
    NotFound,
    ProtocolError,
    RateLimited,
    ServerError,
    TransportError,
)
from asyncjobs._kinds import Refused
from asyncjobs._retry import LONGEST_DELAY, is_outage
from asyncjobs._weather import ENOUGH, NEXT, PER_GOOD, News, Sky, Weather

LOST = TransportError("lost")


def bad(weather, things=ENOUGH, *, error=LOST, began=1.0, now=1.0):
    """Let requests for so many things fail, and return whether one of them made the service away."""
    number = range(things) if isinstance(things, int) else things
    outcomes = [weather.bad(error, thing=thing, began=began, now=now, spread=1.0) for thing in number]
    return any(outcomes)


def away(**options):
    weather = Weather()
    assert bad(weather, **options)
    return weather


# -- the table ------------------------------------------------------------------


def test_the_table_is_total():
    """Every weather has an answer to all news."""
    assert set(NEXT) == set(itertools.product(Sky, News))


@pytest.mark.parametrize("sky", list(Sky))
def test_enough_of_the_same_news_decides(sky):
    """Whatever it was before: after enough bad news it is away, after enough good ones fair."""
    assert NEXT[sky, News.ENOUGH_BAD] is Sky.AWAY
    assert NEXT[sky, News.ENOUGH_GOOD] is Sky.FAIR


@pytest.mark.parametrize(("before", "after"), [("FAIR", "FAIR"), ("AWAY", "MENDING"), ("MENDING", "MENDING")])
def test_the_first_good_reply_opens(before, after):
    """It is mended step by step from there."""
    assert NEXT[Sky[before], News.GOOD] is Sky[after]


# -- what counts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (LOST, True),
        (TransportError("refused", sent=False), True),
        (ServerError("x", status=500), True),
        (ServerError("x", status=503, retry_after=5.0), True),
        (APIError("x", status=408), True),
        (ServerError("x", status=503, refused=Refused.OVERLOADED), True),
        (RateLimited("x", status=503, refused=Refused.NO_SLOT), False),
        (RateLimited("x", status=429), False),
        (AuthenticationError("x", status=401), False),
        (NotFound("x", status=404), False),
        (ProtocolError("x"), False),
        (ClientClosed("x"), False),
    ],
)
def test_what_a_service_says_that_is_away(error, counts):
    """Nothing, or that it cannot; a refusal with a reason is the word of one that works."""
    assert is_outage(error) is counts
    assert bad(Weather(), error=error) is counts


def test_a_few_failures_hold_nobody():
    """One fewer than enough changes nothing."""
    weather = Weather()
    assert not bad(weather, ENOUGH - 1)
    assert (weather.sky, weather.room(1.0, 80)) == (Sky.FAIR, 80)


def test_one_thing_that_fails_holds_nobody():
    """However often: it is one thing."""
    weather = Weather()
    assert not bad(weather, ["a", "b"] * 1000)
    assert weather.fair


def test_a_good_reply_between_them_begins_the_count_anew():
    """Only failures in a row count."""
    weather = Weather()
    bad(weather, ENOUGH - 1)
    assert not weather.good(2.0)
    assert not bad(weather, ENOUGH - 1, began=3.0)
    assert weather.fair


def test_a_failure_that_began_before_the_last_good_reply_is_old_news():
    """Stalled requests time out long after the service is back."""
    weather = Weather()
    weather.good(5.0)
    assert not bad(weather, 100, began=4.9, now=60.0)
    assert weather.since is None


def test_a_service_of_which_every_second_reply_fails_is_not_away():
    """It is slow going, but it goes."""
    weather = Weather()
    for number in range(1000):
        bad(weather, [number], began=float(number), now=float(number))
        weather.good(number + 0.5)
        assert weather.fair


def test_it_is_told_once():
    """More failures make nobody more away."""
    weather = away()
    assert not bad(weather, range(100, 200))


def test_the_cause_is_the_latest_and_holds_no_traceback():
    """A traceback would keep a request and its reply alive."""
    weather = Weather()
    try:
        raise LOST
    except TransportError as error:
        bad(weather, error=error)
    assert "lost" in str(weather.cause)
    assert weather.cause.__traceback__ is None
    weather.good(2.0)
    assert weather.cause is None


# -- probes -----------------------------------------------------------------------


def probes(weather, until, now=1.0, spread=1.0):
    """Return when probes go while looks are due all the time and nothing comes back."""
    times = []
    while (now := weather.next_time(now)) < until:
        assert weather.room(now, 80) == 1
        weather.began(1, now, spread)
        times.append(now)
        assert weather.room(now, 80) == 0
    return times


def test_probes_grow_rarer():
    """One at a time, each step twice as long up to 20 s."""
    steps = [later - earlier for earlier, later in itertools.pairwise([1.0, *probes(away(), 100.0)])]
    assert steps == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]


@given(st.floats(0, 1))
def test_probes_are_jittered(spread):
    """By up to half, so that clients that lost the service together do not come back together."""
    times = probes(away(), 1000.0, spread=spread)
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(0.25 <= step <= LONGEST_DELAY + 0.001 for step in steps)
    assert len(times) <= 110


def test_without_room_there_is_no_probe():
    """All connections are in use."""
    assert away().room(100.0, 0) == 0


def test_failures_do_not_put_probes_off():
    """Whoever asks again and again on their own account takes no probe away from the others."""
    weather = away()
    before = weather.probe_at
    bad(weather, 100, now=1.2)
    assert weather.probe_at == before


def test_a_pause_puts_probes_off():
    """A service that says for how long it will be away is not probed before."""
    weather = away(error=ServerError("x", status=503, retry_after=30.0))
    assert weather.next_time(2.0) == 31.0
    bad(weather, 1, error=ServerError("x", status=503, retry_after=3600.0), now=31.0)
    assert weather.next_time(32.0) == 91.0


def test_what_was_known_long_ago_is_not_held_against_the_service():
    """After a time without looks the probes begin anew with short steps."""
    weather = away()
    last = probes(weather, 200.0)[-1]
    weather.began(1, last + 500.0, 1.0)
    assert weather.probe_at == last + 500.5


# -- mending -----------------------------------------------------------------------


def test_each_good_reply_lets_a_few_go():
    """A service that has just come back is not run over."""
    weather = away()
    assert weather.good(2.0)
    assert weather.room(2.0, 80) == PER_GOOD
    weather.began(PER_GOOD, 2.0, 1.0)
    assert weather.room(1.1, 80) == 0
    weather.good(2.1)
    assert weather.room(1.1, 80) == PER_GOOD


def test_after_enough_good_replies_nothing_is_held():
    """And nobody asks any more."""
    weather = away()
    assert [weather.good(float(number)) for number in range(2, 2 + ENOUGH)] == [True] * ENOUGH
    assert weather.fair
    assert not weather.good(99.0)
    assert weather.room(99.0, 80) == 80


def test_while_it_mends_there_is_always_a_next_probe():
    """Replies that never come do not stop the looking."""
    weather = away()
    weather.good(2.0)
    weather.began(PER_GOOD, 2.0, 1.0)
    assert weather.next_time(2.0) == max(2.0, weather.probe_at)
    assert weather.room(weather.probe_at, 80) == 1


def test_a_relapse_goes_on_where_it_was():
    """A service that breaks down under the first few is probed as rarely as before."""
    weather = away()
    probes(weather, 30.0)
    weather.good(40.0)
    weather.began(PER_GOOD, 40.0, 1.0)
    assert bad(weather, began=40.0, now=41.0)
    assert weather.probe_at == 41.0 + 20.0


def test_a_complete_recovery_is_forgotten():
    """The next outage begins with short steps again."""
    weather = away()
    probes(weather, 30.0)
    for _ in range(ENOUGH):
        weather.good(40.0)
    bad(weather, began=50.0, now=50.0)
    assert weather.probe_at == 50.5


# -- the time for which a look is held ---------------------------------------------------


def held(weather, due, marked, now):
    """Return the seconds, where the watcher had meant to wake at *now*."""
    weather.probe_at = max(weather.probe_at, now)
    return weather.held_for(due, marked, now)


@pytest.mark.parametrize(
    ("due", "marked", "seconds"),
    [
        (0.0, None, 50.0),  # It was due when the outage began: from there.
        (20.0, None, 31.0),  # It became due in its midst.
        (51.0, None, 0.0),
        (5.0, 3.0, 48.0),  # It had failed itself: from there.
        (5.0, 40.0, 11.0),  # It was counted up to there.
    ],
)
def test_a_held_look_counts_from_its_failure_or_from_when_it_was_due(due, marked, seconds):
    """Not from before the outage, and no second twice."""
    assert held(away(), due, marked, 51.0) == seconds


def test_a_pause_does_not_count():
    """The service has asked for it."""
    weather = away(error=ServerError("x", status=503, retry_after=30.0))
    assert held(weather, 0.0, None, 51.0) == 20.0


def test_a_machine_that_slept_was_not_held():
    """What counts ends when the next probe was meant to go."""
    weather = away()
    assert weather.held_for(0.0, None, 30_000.0) == weather.probe_at - 1.0


def test_what_waits_while_it_mends_is_not_held():
    """It queues, and that is nobody's failure."""
    weather = away()
    weather.good(2.0)
    assert held(weather, 0.0, None, 51.0) == 0.0


# -- whatever happens --------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from(["good", "bad", "looks"]), st.integers(0, 30), st.floats(0, 30), st.floats(0, 1)),
        max_size=80,
    )
)
def test_looks_are_never_held_for_ever(steps):
    """In any weather there is a time, at most one step away, at which a look may go."""
    weather, now = Weather(), 100.0
    for what, number, seconds, spread in steps:
        now += seconds
        if what == "good":
            weather.good(now)
        elif what == "bad":
            bad(weather, range(number), began=now, now=now)
        elif room := weather.room(now, number):
            weather.began(room, now, spread)
        assert weather.room(max(now, weather.next_time(now)), 80) >= 1
        assert weather.next_time(now) <= now + LONGEST_DELAY
        assert weather.fair == (weather.room(now, 1000) == 1000)
        assert weather.away <= (weather.since is not None)
