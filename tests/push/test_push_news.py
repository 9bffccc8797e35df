"""What a push is worth, and how long one relies on pushes: tables and counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import REF, THING, snapshot, states

from asyncjobs import JobRef, JobState
from asyncjobs._news import Worth, weigh
from asyncjobs._record import Record
from asyncjobs._settings import Settings
from asyncjobs._states import FINAL
from asyncjobs._trust import Trust

S = JobState
DATED = attrs.evolve(THING, updated="updatedAt")
LIVE = sorted(set(S) - FINAL)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PUSHED = ("event", "webhook", "stream")
others = st.sampled_from(["event", "webhook"])


def at(state, seconds, source="webhook", **payload):
    """Return a snapshot that the service dated so many seconds after midnight (``None``: did not date)."""
    dated = {} if seconds is None else {"updatedAt": (EPOCH + timedelta(seconds=seconds)).isoformat()}
    return snapshot(state, kind=DATED, source=source, **dated, **payload)


def worth(held, pushed, *, kind=DATED, doubtful=False):
    return weigh(kind, held, pushed, doubtful=doubtful)


# -- what a push is worth ------------------------------------------------------


@given(states, st.none() | st.integers(0, 9), st.sampled_from(PUSHED))
def test_anything_is_news_of_a_job_of_which_nothing_is_known(state, second, source):
    """There is nothing that it could be older than."""
    assert worth(None, at(state, second, source)) is Worth.NEWS


@given(st.sampled_from(LIVE), st.sampled_from(LIVE), st.integers(0, 9), st.integers(0, 9), st.sampled_from(PUSHED))
def test_live_pushes_are_ordered_by_the_time_that_the_service_gives(held, pushed, before, after, source):
    """Only the later one counts, in whatever order they come."""
    expected = Worth.NEWS if after > before else Worth.NOTHING
    assert worth(at(held, before, "poll"), at(pushed, after, source)) is expected


@given(st.sampled_from(LIVE), st.sampled_from(sorted(FINAL)), st.integers(0, 9), st.integers(0, 9))
def test_an_end_is_never_dropped_while_the_job_goes_on(held, end, before, after):
    """What is older than something live may be of an earlier epoch: a look decides."""
    expected = Worth.NEWS if after >= before else Worth.LOOK
    assert worth(at(held, before, "poll"), at(end, after)) is expected


@given(st.sampled_from(LIVE), st.sampled_from(sorted(FINAL)), st.booleans(), others)
def test_an_end_without_a_time_is_believed(held, end, dated, source):
    """Nothing speaks against it."""
    assert worth(at(held, 3 if dated else None), at(end, None, source)) is Worth.NEWS
    assert worth(at(held, 3), at(end, 3, source), kind=THING) is Worth.NEWS


@given(states, st.sampled_from(sorted(FINAL)), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9))
def test_an_end_that_our_cancel_may_still_change_is_looked_at(held, end, before, after):
    """An end that is seen while a service writes another one is not believed from hearsay."""
    if held not in FINAL:
        assert worth(at(held, before), at(end, after), doubtful=True) is Worth.LOOK
    assert worth(None, at(end, after), doubtful=True) is Worth.LOOK


@given(st.sampled_from(LIVE), st.sampled_from(LIVE), others)
def test_without_a_time_a_look_decides(held, pushed, source):
    """A webhook may be hours late."""
    assert worth(at(held, None, "poll"), at(pushed, None, source)) is Worth.LOOK
    assert worth(at(held, 1, "poll"), at(pushed, None, source)) is Worth.LOOK
    assert worth(at(held, 1, "poll"), at(pushed, 2, source), kind=THING) is Worth.LOOK


@given(st.sampled_from(LIVE), st.sampled_from(LIVE))
def test_a_stream_keeps_its_order(held, pushed):
    """Its frames are news although they have no time."""
    assert worth(at(held, None, "poll"), at(pushed, None, "stream")) is Worth.NEWS


@given(st.sampled_from(sorted(FINAL)), states, st.integers(0, 9), st.integers(0, 9))
def test_after_the_end_only_what_is_newer_counts(end, pushed, before, after):
    """A repeated or late push is no contradiction; one that is newer than the end is."""
    expected = Worth.NEWS if after > before and pushed is not end else Worth.NOTHING
    assert worth(at(end, before, "poll"), at(pushed, after)) is expected


@pytest.mark.parametrize("value", [None, 3, "yesterday", "2026-01-01T00:00:00", {}, "9" * 5000])
def test_a_time_that_is_none_is_no_time(value):
    """It does not stop anything."""
    held = snapshot(S.RUNNING, kind=DATED, updatedAt="2026-01-01T00:00:00Z")
    assert worth(held, snapshot(S.RUNNING, kind=DATED, source="webhook", updatedAt=value)) is Worth.LOOK


def test_of_a_job_that_is_gone_there_may_be_no_payload():
    """A late push about it is worth nothing."""
    gone = attrs.evolve(snapshot(S.GONE), body=b"")
    assert worth(gone, at(S.RUNNING, 5)) is Worth.NOTHING


# -- how long one relies on pushes -----------------------------------------------


def test_nobody_is_relied_on_unasked():
    """Looks go on as usual."""
    trust = Trust(60.0)
    trust.told("tests.thing")
    assert trust.backstop(REF, 0.0) is None


def test_a_kind_and_a_single_job_can_be_expected():
    """Only theirs is the slow pace."""
    trust = Trust(60.0)
    other = JobRef("tests.thing", ("t2",))
    trust.expect(REF)
    assert (trust.backstop(REF, 0.0), trust.backstop(other, 0.0)) == (60.0, None)
    trust.expect("tests.thing")
    assert trust.backstop(other, 0.0) == 60.0
    assert trust.backstop(JobRef("tests.else", ("t1",)), 0.0) is None


def test_the_last_who_feeds_news_ends_the_reliance():
    """And is told so."""
    trust = Trust(60.0)
    trust.expect("tests.thing")
    trust.expect("tests.thing")
    assert not trust.release("tests.thing")
    assert trust.backstop(REF, 0.0) == 60.0
    assert trust.release("tests.thing")
    assert trust.backstop(REF, 0.0) is None


def test_ends_of_which_nothing_was_told_end_the_reliance():
    """After another backstop without a word, until the next push."""
    trust = Trust(60.0)
    trust.expect("tests.thing")
    trust.missed("tests.thing", 100.0)
    trust.missed("tests.thing", 150.0)
    assert trust.backstop(REF, 159.0) == 60.0
    assert trust.backstop(REF, 160.0) is None
    trust.told("tests.thing")
    assert trust.backstop(REF, 161.0) == 60.0


def test_an_end_that_is_seen_before_its_push_comes_ends_nothing():
    """A push may be a second late."""
    trust = Trust(60.0)
    trust.expect("tests.thing")
    trust.missed("tests.thing", 100.0)
    trust.told("tests.thing")
    assert trust.backstop(REF, 1000.0) == 60.0


# -- the pace ------------------------------------------------------------------------


def look(record, at):
    record.see(snapshot(S.RUNNING), began=at, now=at)
    return record.next_look(at, 0.5, 60.0) - at


def test_a_job_whose_news_comes_by_itself_is_looked_at_rarely():
    """Every backstop."""
    record = Record(THING, REF, Settings())
    assert [look(record, second) for second in range(4)] == [60, 60, 60, 60]
    assert record.next_look(3.0, 0.5) - 3.0 == 8


def test_a_hint_is_followed_up():
    """A service may answer behind its own events: some looks of the ordinary pace, counted from the last look."""
    record = Record(THING, REF, Settings())
    look(record, 0.0)
    record.hint()
    assert record.next_look(0.25, 0.5, 60.0) == 1.0
    assert [look(record, second) for second in (1.0, 3.0, 7.0, 15.0)] == [2, 4, 8, 60]


def test_pushes_do_not_use_up_a_hint():
    """Only looks do."""
    record = Record(THING, REF, Settings())
    look(record, 0.0)
    record.hint()
    for second in range(10):
        record.see(snapshot(S.RUNNING, source="webhook"), began=float(second), now=float(second))
    assert record.next_look(10.0, 0.5, 60.0) < 20.0


def test_our_own_cancel_and_failures_have_their_own_pace():
    """Neither waits for a push."""
    record = Record(THING, REF, Settings())
    look(record, 0.0)
    record.cancel_sent()
    assert record.next_look(0.0, 0.5, 60.0) == 0.25
