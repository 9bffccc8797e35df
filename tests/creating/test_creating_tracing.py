"""Which row is the job that a create made: pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import InvalidArgument, JobRef
from asyncjobs._bodies import MARK_KEY
from asyncjobs._service_clock import ServiceClock
from asyncjobs._tracing import Claims, Intent, Match, mark, match, pause
from asyncjobs.exa import AGENT_RUN
from asyncjobs.kinds import Trace
from asyncjobs.watercrawl import SEARCH

SENT_AT = datetime(2026, 8, 11, 12, 0, 0, tzinfo=UTC)
KEPT = Trace(carrier="metadata", shown="request.metadata", created="createdAt")
ALIKE = SEARCH.trace
QUERY = {"query": "cats", "search_options": {"depth": "basic", "time_range": "day"}, "result_limit": 5}
ROW = {
    "uuid": "u1",
    "query": "cats",
    "search_options": {"depth": "basic", "language": None, "time_renge": "any"},
    "result_limit": 5,
    "created_at": "2026-08-11T12:00:01.5Z",
}


def intent(token=None, **sent):
    return Intent(kind="tests.thing", parents=(), sent=sent, token=token)


def test_the_token_goes_among_the_users_own_data():
    """Their keys stay, and the body that they gave is not touched."""
    body = {"query": "x", "metadata": {"mine": "1"}}
    sent = mark(intent("t0ken", **body), KEPT)
    assert sent == {"query": "x", "metadata": {"mine": "1", MARK_KEY: "t0ken"}}
    assert body == {"query": "x", "metadata": {"mine": "1"}}


def test_a_body_without_data_gets_some():
    """The token alone."""
    assert mark(intent("t0ken", query="x"), KEPT)["metadata"] == {MARK_KEY: "t0ken"}


@pytest.mark.parametrize("data", ["text", [1], 3])
def test_data_that_are_no_object_are_refused(data):
    """The error names the field and the type."""
    with pytest.raises(InvalidArgument, match=rf"^metadata: expected dict, got {type(data).__name__}$"):
        mark(intent("t0ken", metadata=data), KEPT)


def test_where_nothing_is_kept_nothing_is_added():
    """The body goes out as it is."""
    assert mark(intent(**QUERY), ALIKE) == QUERY
    assert mark(intent(**QUERY), None) == QUERY


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"request": {"metadata": {MARK_KEY: "t0ken"}}}, Match.YES),
        ({"request": {"metadata": {MARK_KEY: "other"}}}, Match.NO),
        ({"request": {"metadata": {}}}, Match.NO),
        ({"request": {}}, Match.NO),
        ({"metadata": {MARK_KEY: "t0ken"}}, Match.NO),
        ({"request": {"metadata": {MARK_KEY: None}}}, Match.NO),
    ],
)
def test_a_token_is_proof_and_nothing_else_is(row, verdict):
    """Whatever else the row says."""
    assert match(KEPT, row, intent("t0ken"), SENT_AT) is verdict


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"request": {"query": "cats"}}, Match.MAYBE),
        ({"request": {"query": "cats", "metadata": {"mine": "1"}}}, Match.MAYBE),
        ({"request": {"query": "dogs"}}, Match.NO),
        ({"request": {"query": "cats"}, "createdAt": "2026-08-11T11:00:00Z"}, Match.NO),
        ({"request": {"query": "cats", "metadata": {MARK_KEY: "other"}}}, Match.NO),
        ({"request": {"query": "dogs", "metadata": {MARK_KEY: "t0ken"}}}, Match.YES),
    ],
)
def test_what_shows_no_token_may_be_it_if_it_is_alike(row, verdict):
    """The service may not have kept the token after all."""
    assert match(AGENT_RUN.trace, row, intent("t0ken", query="cats"), SENT_AT) is verdict


def test_without_a_token_of_ours_no_row_is_ours():
    """Not even one that has none either."""
    assert match(KEPT, {"request": {"metadata": {MARK_KEY: None}}}, intent(None), SENT_AT) is Match.NO


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Match.MAYBE),
        ({"query": "dogs"}, Match.NO),
        ({"result_limit": 6}, Match.NO),
        ({"search_options": {"depth": "ultimate"}}, Match.NO),
        ({"search_options": {}}, Match.MAYBE),
        ({"created_at": "2026-08-11T11:59:58Z"}, Match.MAYBE),
        ({"created_at": "2026-08-11T11:59:54Z"}, Match.NO),
        ({"created_at": None}, Match.MAYBE),
    ],
)
def test_what_is_alike_may_be_it(change, verdict):
    """Query, options and time of creation; what the service dropped or filled in is no difference."""
    assert match(ALIKE, {**ROW, **change}, intent(**QUERY), SENT_AT) is verdict


def test_what_was_left_open_is_no_difference():
    """The service chose the limit."""
    sent = {"query": "cats", "search_options": {}}
    assert match(ALIKE, ROW, intent(**sent), SENT_AT) is Match.MAYBE


@given(row=st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_row_can_be_judged(row):
    """No row breaks the search for another one."""
    row = row if isinstance(row, dict) else {"request": row, "created_at": row}
    assert match(KEPT, row, intent("t0ken"), SENT_AT) in Match
    assert match(ALIKE, row, intent(**QUERY), SENT_AT) in Match


def test_the_pauses_between_looks_grow():
    """And stay at the last one."""
    pauses = [pause(attempt) for attempt in range(1, 9)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2]
    assert min(pauses) > 0


def test_claims_are_forgotten_after_a_while():
    """A client that creates for months does not remember all of it."""
    claims = Claims()
    first, second = JobRef("tests.thing", ("1",)), JobRef("tests.thing", ("2",))
    claims.add(first, 0.0)
    claims.add(second, 599.0)
    assert (first in claims, second in claims) == (True, True)
    claims.add(JobRef("tests.thing", ("3",)), 601.0)
    assert (first in claims, second in claims) == (False, True)


def test_a_trace_needs_something_to_go_by():
    """Else any job would do."""
    with pytest.raises(InvalidArgument, match="trace"):
        Trace(created="createdAt")


def test_the_service_s_clock_goes_on_from_its_last_date():
    """Whatever our own wall clock says."""
    clock = ServiceClock()
    clock.heard("Tue, 11 Aug 2026 12:00:00 GMT", at=100.0)
    wall = datetime(1999, 1, 1, tzinfo=UTC)
    assert clock.time_of(97.0, now=130.0, wall=wall) == SENT_AT - timedelta(seconds=3)
    clock.heard(None, at=120.0)
    assert clock.time_of(130.0, now=130.0, wall=wall) == SENT_AT + timedelta(seconds=30)


@pytest.mark.parametrize("date", [None, "soon", ""])
def test_without_a_date_our_own_clock_serves(date):
    """It is the best guess that there is."""
    clock = ServiceClock()
    clock.heard(date, at=1.0)
    assert clock.time_of(10.0, now=14.0, wall=SENT_AT) == SENT_AT - timedelta(seconds=4)


def test_the_kinds_say_where_their_token_goes():
    """An agent's payload shows it elsewhere than the body has it."""
    assert (AGENT_RUN.trace.carrier, AGENT_RUN.trace.shown) == ("metadata", "request.metadata")
    assert SEARCH.trace.carrier is None


def test_what_a_service_trims_is_no_difference():
    """A query that was read from a line of a file ends in a break."""
    assert match(ALIKE, ROW, intent(**{**QUERY, "query": " cats\n"}), SENT_AT) is Match.MAYBE
