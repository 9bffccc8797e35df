"""What is known about one job, and what news changes in it."""

from __future__ import annotations

import logging

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import NOW, REF, THING, snapshot, states

from asyncjobs import (
    APIError,
    AuthenticationError,
    JobState,
    JobUnreachable,
    NotFound,
    ProtocolError,
    RateLimited,
    ServerError,
    Settings,
    TransportError,
    UnknownStatus,
)
from asyncjobs._news import news
from asyncjobs._record import Record
from asyncjobs._states import FINAL, advance
from asyncjobs.kinds import Pace

S = JobState
SETTLING = attrs.evolve(THING, settle=0.5)
ENDS = sorted(FINAL - {S.GONE})


def record(kind=THING, **settings):
    return Record(kind, REF, Settings(**settings))


def seen(*states_seen, kind=THING, **settings):
    """Return a record that saw these states, one a second."""
    made = record(kind, **settings)
    for second, state in enumerate(states_seen):
        see(made, state, second)
    return made


def see(made, state, began, now=None, **options):
    made.see(snapshot(state, **options), began=float(began), now=float(began if now is None else now))


def fail(made, error, now, queued=0.0):
    return made.fail(error, now=float(now), queued=queued, observed_at=NOW)


def gone(status=404):
    return (NotFound if status == 404 else APIError)("no", status=status, request_id="r404")


# -- news --------------------------------------------------------------------


def test_at_first_nothing_is_known():
    """Before the first look."""
    made = record()
    assert (made.state, made.snapshot, made.final, made.contradiction) == (S.UNKNOWN, None, False, None)
    assert news(made.snapshot) is None


@given(st.lists(states, min_size=1, max_size=12))
def test_looks_in_order_follow_the_table(sequence):
    """One look after another gives what the transition table gives."""
    made, expected = seen(*sequence), S.UNKNOWN
    for state in sequence:
        expected = advance(expected, state)
    assert made.state is expected
    assert made.snapshot is not None
    assert made.snapshot.state is expected


@given(
    st.permutations(range(5)), st.lists(st.sampled_from(sorted(set(S) - FINAL - {S.CANCELING})), min_size=5, max_size=5)
)
def test_of_live_looks_the_latest_counts(order, sequence):
    """In whatever order the replies arrive, what was asked for last is held."""
    made = record()
    for index in order:
        see(made, sequence[index], index, now=100)
    assert made.state is sequence[4]


@pytest.mark.parametrize("end", ENDS)
def test_an_end_is_believed_however_old(end):
    """A final reply is never dropped as stale."""
    made = seen(S.RUNNING, S.RUNNING, S.RUNNING)
    see(made, end, 0.5, now=3)
    assert made.state is end


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("later", list(S))
def test_what_contradicts_an_end_is_kept_beside_it(end, later, caplog):
    """Final is final; the contradiction is there to be read, and logged."""
    made = seen(S.RUNNING, end)
    with caplog.at_level(logging.WARNING, "asyncjobs"):
        see(made, later, 5)
    assert made.state is made.snapshot.state is end
    if later is end:
        assert made.contradiction is None
        assert not caplog.records
    else:
        assert made.contradiction.state is later
        assert str(REF) in caplog.text


def test_a_look_that_began_before_the_end_is_no_contradiction():
    """It is only late."""
    made = seen(S.RUNNING, S.COMPLETED)
    see(made, S.RUNNING, 0.5, now=9)
    assert made.contradiction is None


def test_a_later_look_at_the_same_end_refreshes_it():
    """The payload may have grown."""
    made = seen(S.COMPLETED)
    see(made, S.COMPLETED, 5, extra=1)
    assert made.snapshot.raw["extra"] == 1


def test_what_is_not_new_is_no_news():
    """State, word, progress and reason make the difference; the time does not."""
    first = snapshot(S.RUNNING)
    assert news(first) == news(attrs.evolve(first, request_id="other", source="survey"))
    assert news(first) != news(attrs.evolve(first, status="processing"))
    assert news(first) != news(attrs.evolve(first, reason="x"))


# -- reopening ---------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(set(S) - {S.COMPLETED}))
def test_reopening_begins_a_new_epoch(state):
    """What was ended is what the look showed, and has no contradiction any more."""
    made = seen(S.RUNNING, S.COMPLETED, S.RUNNING)
    made.cancel_sent()
    made.reopen(snapshot(state), began=9.0, now=9.0)
    assert (made.epoch, made.state, made.contradiction, made.requested_by_us) == (1, state, None, False)


def test_nothing_is_reopened_without_a_reason():
    """Neither a live job nor one that shows the same end."""
    live, ended = seen(S.RUNNING), seen(S.COMPLETED)
    live.reopen(snapshot(S.PENDING), began=9.0, now=9.0)
    ended.reopen(snapshot(S.COMPLETED), began=9.0, now=9.0)
    assert (live.epoch, live.state) == (0, S.RUNNING)
    assert (ended.epoch, ended.state) == (0, S.COMPLETED)


def test_a_reopened_job_can_end_again():
    """The new epoch ends as the first did."""
    made = seen(S.COMPLETED)
    made.reopen(snapshot(S.PENDING), began=5.0, now=5.0)
    see(made, S.FAILED, 6)
    assert (made.state, made.epoch) == (S.FAILED, 1)


# -- our cancel --------------------------------------------------------------


def test_an_accepted_cancel_shows():
    """CANCELING until the end, whatever the service still says."""
    made = seen(S.RUNNING)
    made.cancel_sent()
    made.cancel_accepted(1.0)
    assert made.state is made.snapshot.state is S.CANCELING
    see(made, S.RUNNING, 2)
    assert made.state is S.CANCELING
    see(made, S.COMPLETED, 3)
    assert made.state is S.COMPLETED


def test_a_late_acceptance_does_not_undo_an_end():
    """The job had ended meanwhile."""
    made = seen(S.RUNNING, S.COMPLETED)
    made.cancel_accepted(9.0)
    assert made.state is S.COMPLETED


def test_a_young_cancelled_is_held_back():
    """While our cancel is under way it is believed only when a look that began later says it again."""
    made = seen(S.RUNNING, kind=SETTLING)
    made.cancel_sent()
    made.cancel_accepted(10.0)
    see(made, S.CANCELED, 10.1, kind=SETTLING)
    assert made.state is S.CANCELING
    assert made.next_look(10.1, 0.5) == 10.5
    see(made, S.CANCELED, 10.4, now=12.0, kind=SETTLING)
    assert made.state is S.CANCELING
    see(made, S.CANCELED, 10.5, now=12.1, kind=SETTLING)
    assert made.state is S.CANCELED


@pytest.mark.parametrize("end", [S.COMPLETED, S.FAILED])
def test_another_end_settles_it_at_once(end):
    """A race that the job won."""
    made = seen(S.RUNNING, kind=SETTLING)
    made.cancel_sent()
    made.cancel_accepted(10.0)
    see(made, S.CANCELED, 10.1)
    see(made, end, 10.2)
    assert made.state is end


@pytest.mark.parametrize("end", [S.COMPLETED, S.FAILED])
def test_an_end_seen_while_our_cancel_is_on_its_way_is_held_back(end):
    """The service may be writing "cancelled" over it; a look that began after the answer decides."""
    made = seen(S.RUNNING, kind=SETTLING)
    made.cancel_sent()
    see(made, end, 9.9)
    assert made.state is S.CANCELING
    made.cancel_answered(10.0)
    see(made, end, 9.95, now=10.1)
    assert made.state is S.CANCELING
    see(made, end, 10.6)
    assert made.state is end


def test_a_cancelled_that_we_did_not_ask_for_is_believed():
    """Without a cancel of ours there is nothing to settle, nor for kinds without a settling time."""
    assert seen(S.RUNNING, S.CANCELED, kind=SETTLING).state is S.CANCELED
    made = seen(S.RUNNING)
    made.cancel_sent()
    see(made, S.CANCELED, 2)
    assert made.state is S.CANCELED


# -- the pace ----------------------------------------------------------------


def test_the_first_look_is_due_at_once():
    """Nothing is known yet."""
    assert record().next_look(7.0, 0.5) == 7.0


def test_looks_grow_rarer_while_nothing_changes():
    """And begin anew with every change."""
    made = record()
    due = []
    for second in range(5):
        see(made, S.RUNNING, second)
        due.append(made.next_look(0.0, 0.5) - second)
    assert due == [1, 2, 4, 8, 8]
    see(made, S.PAUSED, 9)
    assert made.next_look(0.0, 0.5) == 10


def test_after_our_cancel_looks_are_urgent():
    """The caller waits and pays."""
    made = seen(S.RUNNING)
    made.cancel_sent()
    made.cancel_accepted(10.0)
    assert made.next_look(10.0, 0.5) == 10.25


def test_a_rush_is_one_look():
    """Due now; the look that follows ends it."""
    made = seen(S.RUNNING)
    made.rush(5.0)
    assert made.next_look(0.5, 0.5) == 0.5
    fail(made, TransportError("x"), 1)
    assert made.next_look(1.0, 0.5) > 1.0


def test_the_settings_pace_wins():
    """A pace for this kind replaces its own."""
    made = record(paces={"tests.thing": Pace(first=3.0, ceiling=3.0)})
    see(made, S.RUNNING, 0)
    assert made.next_look(0.0, 0.5) == 3.0


def test_failed_looks_grow_rarer():
    """An outage is not hammered."""
    made = seen(S.RUNNING)
    due = []
    for second in range(1, 5):
        fail(made, TransportError("x"), second)
        due.append(made.next_look(0.0, 0.5) - second)
    assert due == [1, 2, 4, 8]


_NEWS = st.lists(
    st.tuples(st.just("see"), st.sampled_from(list(S)))
    | st.tuples(st.just("fail"), st.sampled_from([404, 429, 503, "lost", "nonsense"]))
    | st.tuples(st.just("accepted"), st.none()),
    max_size=15,
)


@given(_NEWS, st.sampled_from([THING, SETTLING]), st.floats(0, 1))
def test_looks_never_follow_each_other_without_a_pause(sequence, kind, spread):
    """Whatever a look showed or met, the next one comes later: nothing may spin."""
    made, now = record(kind), 100.0
    for verb, what in sequence:
        if verb == "see":
            see(made, what, now)
        elif verb == "fail":
            errors = {"lost": TransportError("x"), "nonsense": ProtocolError("x"), 404: gone()}
            fail(made, errors.get(what) or ServerError("x", status=what), now)
        else:
            made.cancel_sent()
            made.cancel_accepted(now)
        if made.final:
            return
        due = made.next_look(now, spread)
        assert due > now
        assert due < now + 40
        now = due


# -- guards ------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [AuthenticationError("x", status=401), APIError("x", status=405), APIError("x", status=302)]
)
def test_a_refusal_ends_the_waits(error):
    """The service refuses to tell; asking again will not help."""
    made = seen(S.RUNNING)
    assert fail(made, error, 1) is error
    assert made.state is S.RUNNING


@pytest.mark.parametrize("error", [TransportError("x"), RateLimited("x", status=429), ServerError("x", status=503)])
def test_an_outage_ends_the_waits_after_long(error):
    """From the first failed look on; the verdict names the seconds and what failed."""
    made = seen(S.RUNNING, unreachable_after=300)
    assert [fail(made, error, now) for now in (10, 100, 200, 309)] == [None] * 4
    verdict = fail(made, error, 310)
    assert isinstance(verdict, JobUnreachable)
    assert (verdict.ref, verdict.seconds, verdict.__cause__) == (REF, 300, error)
    assert verdict.snapshot.state is S.RUNNING


def test_queueing_is_nobodys_failure():
    """Seconds in the queue do not count as an outage."""
    made = seen(S.RUNNING, unreachable_after=300)
    fail(made, TransportError("x"), 0)
    assert fail(made, TransportError("x"), 400, queued=350.0) is None
    assert isinstance(fail(made, TransportError("x"), 651), JobUnreachable)


def test_a_success_ends_the_outage():
    """Only an unbroken row of failures counts."""
    made = seen(S.RUNNING, unreachable_after=300)
    fail(made, TransportError("x"), 10)
    see(made, S.RUNNING, 200)
    fail(made, TransportError("x"), 210)
    assert fail(made, TransportError("x"), 500) is None


def test_an_outage_that_nobody_watched_does_not_count():
    """Whoever comes later has a time of their own."""
    made = seen(S.RUNNING, unreachable_after=300)
    fail(made, TransportError("x"), 10)
    made.guards.unwatched()
    assert fail(made, TransportError("x"), 5000) is None


def test_three_replies_without_sense_end_the_waits():
    """Three in a row, no matter how soon."""
    made = seen(S.RUNNING)
    error = ProtocolError("x")
    assert [fail(made, error, now) for now in (1, 2)] == [None, None]
    assert fail(made, error, 3) is error


def test_the_row_of_nonsense_can_be_broken():
    """By sense, or by another kind of failure."""
    made = seen(S.RUNNING)
    for breaker in (lambda: see(made, S.RUNNING, 3), lambda: fail(made, TransportError("x"), 3)):
        fail(made, ProtocolError("x"), 1)
        fail(made, ProtocolError("x"), 2)
        breaker()
        assert fail(made, ProtocolError("x"), 4) is None
        see(made, S.RUNNING, 5)


def test_404_after_a_look_is_gone():
    """What was seen and is no longer known; what was last seen is kept."""
    made = seen(S.RUNNING)
    assert fail(made, gone(), 12) is None
    assert made.state is made.snapshot.state is S.GONE
    assert (made.snapshot.status, made.snapshot.request_id) == ("running", "r404")


def test_404_after_a_look_at_a_new_job_is_no_proof():
    """One server has heard of it and another has not: until a new job would have appeared everywhere."""
    made = record(appear_grace=10)
    see(made, S.RUNNING, 1)
    assert [fail(made, gone(), now) for now in (2, 5, 10.9)] == [None] * 3
    assert made.state is S.RUNNING
    assert fail(made, gone(), 11) is None
    assert made.state is S.GONE


def test_410_is_gone_at_once():
    """Even if nothing was ever seen."""
    made = record()
    assert fail(made, gone(410), 1) is None
    assert (made.state, made.snapshot.status, made.snapshot.raw) == (S.GONE, "", {})


def test_404_before_anything_was_seen_is_not_found_after_a_grace():
    """A replica may not have heard of it yet."""
    made = record(appear_grace=10)
    error = gone()
    assert [fail(made, error, now) for now in (0, 5, 9.9)] == [None] * 3
    assert fail(made, error, 10) is error
    assert made.state is S.UNKNOWN


def test_404_of_a_fresh_create_is_gone_after_a_grace():
    """The create's reply was seen, a look never was."""
    made = record(appear_grace=10)
    see(made, S.CREATED, 0, source="create")
    assert [fail(made, gone(), now) for now in (1, 5)] == [None] * 2
    assert made.state is S.CREATED
    assert fail(made, gone(), 11) is None
    assert made.state is S.GONE


def test_without_grace_404_is_believed_at_once():
    """A grace of 0 switches it off."""
    error = gone()
    assert fail(record(appear_grace=0), error, 0) is error


def test_404_after_the_end_contradicts_it():
    """Final is final here too."""
    made = seen(S.COMPLETED)
    fail(made, gone(), 12)
    assert (made.state, made.contradiction.state) == (S.COMPLETED, S.GONE)


def test_an_unknown_word_ends_the_waits_after_long(caplog):
    """Polled on, complained of once per word, and given up after a while."""
    made = record(unknown_after=600)
    with caplog.at_level(logging.WARNING, "asyncjobs"):
        for now in (0, 300, 599):
            see(made, S.UNKNOWN, now)
            assert made.verdict(float(now)) is None
    assert len(caplog.records) == 1
    verdict = made.verdict(600.0)
    assert isinstance(verdict, UnknownStatus)
    assert (verdict.ref, verdict.status, verdict.seconds) == (REF, "unknown", 600)


def test_a_known_word_forgives_the_unknown_one():
    """Only an unbroken row counts."""
    made = record(unknown_after=600)
    see(made, S.UNKNOWN, 0)
    see(made, S.RUNNING, 500)
    see(made, S.UNKNOWN, 550)
    assert made.verdict(700.0) is None
