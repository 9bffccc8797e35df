"""When the events of a service are read, from when on, and which of them count: pure decisions."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import JobRef
from asyncjobs._feeds import Hinted, Shown, read_event
from asyncjobs._tails import Crowd, Tail
from asyncjobs.exa import EXA
from asyncjobs.kinds import Call, Feed, Paging, Tells

TOLD, UNTOLD, OTHER = "tests.thing", "tests.part", "tests.else"
FEED = Feed(
    call=Call("GET", "/events", repeatable=True),
    paging=Paging(),
    since="after",
    types="types",
    tells={
        "ended": Tells(shows=TOLD),
        "idle": Tells(parts=((TOLD, "things"), (UNTOLD, "last")), hints=(UNTOLD,), within="id"),
    },
    ends={TOLD: frozenset({"ended"}), UNTOLD: frozenset({"idle", "part.ended"})},
    asks=("ended", "idle"),
)
NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def ref(box, name="t", kind=TOLD):
    return JobRef(kind, (f"box{box}", name))


def crowd(worth=4):
    return Crowd([TOLD], [TOLD, UNTOLD], worth)


# -- when -------------------------------------------------------------------------


def test_events_are_worth_reading_for_many_containers_and_not_for_many_jobs():
    """One list shows all jobs of a container."""
    made = crowd()
    for number in range(100):
        made.join(ref(0, f"t{number}"))
    for box in range(1, 3):
        made.join(ref(box))
    assert not made.worth(reading=False)
    made.join(ref(3))
    assert made.worth(reading=False)


def test_reading_does_not_begin_and_end_with_every_job():
    """What has begun goes on with half as many."""
    made = crowd()
    for box in range(4):
        made.join(ref(box))
    made.leave(ref(0))
    made.leave(ref(1))
    assert made.worth(reading=True)
    assert not made.worth(reading=False)
    made.leave(ref(2))
    assert not made.worth(reading=True)


def test_where_lists_are_read_anyway_events_are_not():
    """Of some kinds events tell no end: who waits for many of those has the others shown by their lists."""
    made = crowd()
    for box in range(8):
        made.join(ref(box))
    for box in range(4):
        assert made.worth(reading=False)
        made.join(ref(box, kind=UNTOLD))
    assert not made.worth(reading=False)


def test_kinds_that_the_events_do_not_know_do_not_count():
    """Neither for nor against."""
    made = crowd()
    for box in range(10):
        made.join(ref(box, kind=OTHER))
        made.leave(ref(box, kind=OTHER))
    assert not made.worth(reading=True)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), max_size=60))
def test_the_count_is_that_of_who_is_there(steps):
    """However often somebody comes or goes."""
    made, here = crowd(), set()
    for comes, box, name in steps:
        each = ref(box, f"t{name}")
        (made.join if comes else made.leave)(each)
        (here.add if comes else here.discard)(each)
        assert made.worth(reading=False) is (len({one.parts[0] for one in here}) >= 4)


# -- from when on --------------------------------------------------------------------


def test_windows_overlap():
    """Events may turn up late: each window begins before the end of the one before."""
    tail = Tail(FEED)
    assert tail.query(NOON) == [("after", "2026-01-01T11:59:50.000Z"), ("types", "ended"), ("types", "idle")]
    tail.succeeded(100.0, NOON + timedelta(seconds=30))
    assert tail.query(NOON + timedelta(hours=1))[0] == ("after", "2026-01-01T12:00:20.000Z")
    assert tail.next_at == 102.0


def test_what_could_not_be_read_is_read_the_next_time():
    """The window begins where the last good one ended."""
    tail = Tail(FEED)
    tail.succeeded(100.0, NOON)
    assert [tail.failed(second, refused=False) for second in (102.0, 104.0, 106.0)] == [False, False, True]
    assert tail.query(NOON + timedelta(seconds=300))[0] == ("after", "2026-01-01T11:59:50.000Z")
    assert tail.next_at == 166.0


def test_a_refusal_ends_the_reading_at_once():
    """For a while."""
    tail = Tail(FEED)
    assert tail.failed(10.0, refused=True)
    assert tail.next_at == 70.0


def test_after_a_pause_one_begins_anew():
    """What happened meanwhile is seen by looks."""
    tail = Tail(FEED)
    tail.succeeded(100.0, NOON)
    tail.start()
    assert tail.query(NOON + timedelta(hours=1))[0] == ("after", "2026-01-01T12:59:50.000Z")


# -- which of them ---------------------------------------------------------------------


def row(number, second=0):
    return {"id": f"ev{number:03}", "createdAt": (NOON + timedelta(seconds=second)).isoformat()}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=60), st.integers(1, 5), st.randoms())
def test_every_event_counts_once_and_in_its_order(events, windows, dice):
    """However the windows overlap, and in whatever order they list it."""
    rows = [row(number, second) for number, second in dict(events).items()]
    tail, given_out = Tail(FEED), []
    for _ in range(windows):
        shown = rows * 2
        dice.shuffle(shown)
        given_out.append(tail.sort(shown))
    assert given_out[0] == sorted(rows, key=lambda each: (each["createdAt"], each["id"]))
    assert not any(given_out[1:])


def test_rows_that_are_no_events_are_left_out():
    """And those without a time come first."""
    rows = [None, 3, [], {}, {"id": 7}, row(1), {"id": "x"}, {"id": "y", "createdAt": "never"}]
    assert [each["id"] for each in Tail(FEED).sort(rows)] == ["x", "y", "ev001"]


def test_the_memory_of_events_is_bounded():
    """And holds more than a window shows."""
    tail = Tail(FEED)
    for start in range(0, 60_000, 1000):
        tail.sort([row(number) for number in range(start, start + 1000)])
    assert len(tail._known) <= 22_000
    assert not tail.sort([row(number) for number in range(50_000, 60_000)])


# -- what they mean ----------------------------------------------------------------------


def test_the_kinds_whose_ends_are_told_follow_from_the_types():
    """All that are needed must be there."""
    assert FEED.told_by(["ended"]) == [TOLD]
    assert FEED.told_by(["idle", "ended", "part.ended", "more"]) == [TOLD, UNTOLD]
    assert FEED.told_by([]) == []


def test_an_event_says_what_the_table_says():
    """A whole object, the objects within it, and who deserves a look."""
    data = {"id": "box1", "things": [{"id": "t1"}, {"id": "t2"}], "last": {"id": "p1"}}
    assert list(read_event(FEED.tells["idle"], data)) == [
        Shown(TOLD, {"id": "t1"}, ("box1",)),
        Shown(TOLD, {"id": "t2"}, ("box1",)),
        Shown(UNTOLD, {"id": "p1"}, ("box1",)),
        Hinted(UNTOLD, ("box1",)),
    ]
    assert list(read_event(FEED.tells["ended"], data)) == [Shown(TOLD, data)]
    assert not [found for found in read_event(FEED.tells["idle"], {}) if isinstance(found, Hinted)]


def test_all_nineteen_types_of_the_service_are_in_the_table():
    """With the two that no schema describes."""
    assert EXA.feed is not None
    assert len(EXA.feed.tells) == 19
    assert set(EXA.feed.asks) <= EXA.feed.tells.keys()
    known = {kind.name for kind in EXA.kinds}
    for tells in EXA.feed.tells.values():
        assert tells.names <= known
    assert set(EXA.feed.ends) <= known
    assert set().union(*EXA.feed.ends.values()) <= EXA.feed.tells.keys()


def test_a_feed_is_data():
    """Another service's has other names."""
    tail = Tail(attrs.evolve(FEED, key="uuid", time="at"))
    rows = [{"uuid": f"e{number}", "at": f"2026-01-01T12:00:0{number}Z"} for number in range(5)]
    shuffled = random.Random(1).sample(rows, 5)
    assert tail.sort(shuffled) == rows
