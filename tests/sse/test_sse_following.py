"""What a follower of events does next: a table, without a connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import InvalidArgument, ProtocolError, TransportError
from asyncjobs._following import Following, Step, check_event_id, goes_on_from, payload_of
from asyncjobs._sse import ServerEvent

CUT, NONSENSE = TransportError("cut"), ProtocolError("nonsense")


def event(number, data="{}"):
    return ServerEvent("x", data, number, number or "")


def follower(*, last=False, asked=None, looked=False, **options):
    """Return a follower to whom this has happened: whether it saw the last event, asked (at the job's end or not)."""
    following = Following(**({"stored": True} | options))
    if asked is not None:
        following.asked(final=asked)
    if last:
        following.saw(event("1"), last=True)
    if looked:
        following.looked()
    return following


@pytest.mark.parametrize(
    ("following", "reading", "final", "step"),
    [
        # While a stream is open it is read, whatever a look has shown.
        (follower(), True, False, Step.READ),
        (follower(), True, True, Step.READ),
        # After the last event only the job's own end is missing.
        (follower(last=True), True, False, Step.LOOK),
        (follower(last=True), False, False, Step.LOOK),
        (follower(last=True), True, True, Step.END),
        # What is stored comes first, and again after each look.
        (follower(), False, False, Step.REPLAY),
        (follower(), False, True, Step.REPLAY),
        (follower(asked=False), False, False, Step.LOOK),
        (follower(asked=False, looked=True), False, False, Step.REPLAY),
        # What was read before the end may not be all.
        (follower(asked=False), False, True, Step.REPLAY),
        # Where nothing is stored, the job's end is the end.
        (follower(stored=False), False, False, Step.LOOK),
        (follower(stored=False), False, True, Step.END),
        # Who wants only what is stored asks once.
        (follower(once=True), False, False, Step.REPLAY),
        (follower(once=True), True, False, Step.READ),
        (follower(once=True, asked=False), False, False, Step.END),
        (follower(once=True, last=True), False, False, Step.END),
    ],
)
def test_the_next_step(following, reading, final, step):
    """One row for each situation."""
    assert following.next(reading=reading, final=final) is step


def test_stored_events_may_be_late():
    """After the end they are asked for three times in vain; any new one begins that anew."""
    following = follower(asked=True)
    assert (following.next(reading=False, final=True), following.again) == (Step.REPLAY, 1)
    following.asked(final=True)
    following.saw(event("1"), last=False)
    for _ in range(3):
        assert following.next(reading=False, final=True) is Step.REPLAY
        following.asked(final=True)
    assert following.next(reading=False, final=True) is Step.END


def test_a_live_stream_that_ends_early_has_more_to_tell():
    """A replay that ends has not."""
    following = follower(asked=False)
    following.ended(live=False)
    assert following.next(reading=False, final=False) is Step.LOOK
    following.ended(live=True)
    assert following.next(reading=False, final=False) is Step.REPLAY


def test_what_makes_no_sense_three_times_in_a_row_is_an_error():
    """With something new in between it is not in a row."""
    following = follower()
    assert following.broke(NONSENSE, live=True, final=False) is None
    assert following.broke(NONSENSE, live=False, final=False) is None
    following.saw(event("1"), last=False)
    assert following.broke(NONSENSE, live=False, final=False) is None
    assert following.broke(NONSENSE, live=False, final=False) is None
    assert following.broke(NONSENSE, live=False, final=False) is NONSENSE


def test_breaks_are_endured_while_looks_come_in_between():
    """The guards of a look end what does not get better; without looks the third is an error."""
    following = follower()
    assert [following.broke(CUT, live=False, final=False) for _ in range(50)] == [None] * 50
    for options, final in (({}, True), ({"once": True}, False)):
        following = follower(**options)
        assert [following.broke(CUT, live=False, final=final) for _ in range(3)] == [None, None, CUT]


def test_a_replay_that_broke_without_news_waits_for_a_look():
    """One that brought something is gone on with at once."""
    following = follower(asked=False)
    following.broke(CUT, live=False, final=False)
    assert following.next(reading=False, final=False) is Step.LOOK
    following.asked(final=False)
    following.saw(event("1"), last=False)
    following.broke(CUT, live=False, final=False)
    assert following.next(reading=False, final=False) is Step.REPLAY


@given(st.lists(st.integers(1, 30)))
def test_numbered_events_ascend(numbers):
    """Whatever is repeated, each is new once, in order, and the place to go on from never moves back."""
    following = follower()
    told = [number for number in numbers if following.saw(event(str(number)), last=False)]
    assert told == sorted(set(told))
    assert following.last_id == (str(max(numbers)) if numbers else None)


@pytest.mark.parametrize(
    ("after", "seen", "new"),
    [
        ("3", ["3", "2", "4"], [False, False, True]),
        ("10", ["9", "11"], [False, True]),
        (None, ["a", "b", "a"], [True, True, False]),
        ("a", ["a", "b"], [False, True]),
        (None, [None, None], [True, True]),
        (None, ["", ""], [True, True]),
        ("3", ["ping", "3", "4"], [True, False, True]),
        (None, ["9" * 400, "9" * 400], [True, False]),
    ],
)
def test_repeats_are_known_by_their_ids(after, seen, new):
    """Numbers by their order, others by being the same; what has no id is always new."""
    following = follower(after=after)
    assert [following.saw(event(each), last=False) for each in seen] == new


@pytest.mark.parametrize(
    ("last_id", "header"),
    [
        (None, {}),
        ("3", {"Last-Event-ID": "3"}),
        ("01J-x", {"Last-Event-ID": "01J-x"}),
        ("ü", {}),
        ("a\nb", {}),
        (" ", {}),
    ],
)
def test_only_what_can_be_sent_is_sent(last_id, header):
    """A service's id goes back into a header."""
    assert goes_on_from(last_id) == header


def test_an_event_to_go_on_from():
    """A user's is refused if it cannot be sent."""
    assert (check_event_id(None), check_event_id("3")) == (None, "3")
    with pytest.raises(InvalidArgument, match="after"):
        check_event_id("a\nb")


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", {}),
        ("", {}),
        ("{", {}),
        ('{"a": NaN}', {}),
        ("[" * 100_000, {}),
        ('{"metadata": {"asyncjobs_token": "x", "a": "b"}}', {"metadata": {"a": "b"}}),
    ],
)
def test_the_data_of_an_event(data, payload):
    """An object, without our tokens; anything else is none."""
    assert payload_of(event("1", data)) == payload
