"""Which lists are asked, for whom and when: pure rules."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._agenda import Agenda, Errand
from asyncjobs._rounds import PAGE, WHOLE, Group, Route
from asyncjobs.kinds import Call, Paging, Survey

ONE = Survey(Call("GET", "/sets/{set}", repeatable=True), rows="jobs", scope=("set",))
ALL = Survey(Call("GET", "/sets", repeatable=True), rows="data.jobs", paging=Paging())


def one(name):
    return Route(ONE, (name,))


EVERY = Route(ALL, ())


def agenda(**sets):
    """Return an agenda with so many jobs in each set, all due at 0."""
    made = Agenda()
    for name, count in sets.items():
        for number in range(count):
            made.join(f"{name}{number}", (one(name), EVERY), 1.0)
            made.schedule(f"{name}{number}", 0.0)
    return made


def told(errands):
    return {errand.route.ids if errand.route else errand.keys[0]: len(errand.keys) for errand in errands}


def test_one_job_is_looked_at_singly():
    """A list would show nothing else."""
    assert told(agenda(a=1).take(0.0, 10)) == {"a0": 1}


def test_two_jobs_of_one_set_are_one_request():
    """A list that comes whole saves one."""
    assert WHOLE == 2
    assert told(agenda(a=2, b=1).take(0.0, 10)) == {("a",): 2, "b0": 1}


def test_jobs_that_are_spread_thin_are_a_page_of_all():
    """A page carries much else: it must save some requests."""
    thin = dict.fromkeys("abcde", 1)
    assert PAGE == 5
    assert told(agenda(**thin).take(0.0, 10)) == {(): 5}
    del thin["e"]
    assert told(agenda(**thin).take(0.0, 10)) == {f"{name}0": 1 for name in thin}


def test_what_counts_for_the_wide_list_is_how_many_requests_it_saves():
    """A hundred jobs in four sets are four requests, not one page."""
    assert told(agenda(a=25, b=25, c=25, d=25).take(0.0, 10)) == {(name,): 25 for name in "abcd"}


def test_a_list_is_not_asked_again_at_once():
    """Who becomes due meanwhile waits for its next turn."""
    made = agenda(a=3)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.1, pages=1)
    for key in errand.keys:
        made.schedule(key, 0.2)
    assert made.take(0.5, 10) == []
    assert made.next_due() == 1.0
    assert told(made.take(1.0, 10)) == {("a",): 3}


def test_while_it_is_being_read_nobody_asks_for_it():
    """They may be shown by the reading that is under way."""
    made = agenda(a=3)
    made.take(0.0, 10)
    made.schedule("a0", 0.0)
    assert made.take(5.0, 10) == []
    assert made.next_due() is None
    made.surveyed(one("a"), 5.0, pages=1)
    assert told(made.take(5.0, 10)) == {("a",): 1}


def test_who_is_in_a_hurry_alone_is_looked_at_alone():
    """For one of a hundred the list is too much."""
    made = agenda(a=5)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, pages=1)
    made.schedule("a0", 0.25, urgent=True)
    assert told(made.take(0.25, 10)) == {"a0": 1}


def test_many_in_a_hurry_are_one_request():
    """Sooner than the list's ordinary turn."""
    made = agenda(a=5)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, pages=1)
    for key in errand.keys:
        made.schedule(key, 0.25, urgent=True)
    assert told(made.take(0.25, 10)) == {("a",): 5}


def test_who_was_missing_is_looked_at_alone():
    """Absence proves nothing; and it is not looked for there again for a while."""
    made = agenda(a=3)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, pages=1, missing=["a0"])
    made.schedule("a0", 0.0, alone=True)
    assert told(made.take(0.0, 10)) == {"a0": 1}
    made.schedule("a0", 5.0)
    assert told(made.take(5.0, 10)) == {"a0": 1}
    made.schedule("a0", 100.0)
    assert told(made.take(100.0, 10)) == {("a",): 1}


def test_a_list_that_is_refused_rests_and_single_looks_go_on():
    """Nobody waits for it meanwhile; then it is tried again."""
    made = agenda(a=3)
    made.take(0.0, 10)
    made.failed(one("a"), 0.0, refused=True)
    for now in (0.0, 4.9):
        for key in ("a0", "a1", "a2"):
            made.schedule(key, now)
        assert told(made.take(now, 10)) == {"a0": 1, "a1": 1, "a2": 1}
    for key in ("a0", "a1", "a2"):
        made.schedule(key, 5.0)
    assert told(made.take(5.0, 10)) == {("a",): 3}


def test_a_list_that_is_refused_again_rests_longer():
    """Up to five minutes."""
    group = Group(one("a"))
    rests = []
    for _ in range(10):
        group.failed(0.0, refused=True)
        rests.append(group.next_at)
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (5.0, 300.0)


def test_a_list_that_shows_too_few_rests_as_well():
    """Ours may be far down in it."""
    made = agenda(a=3)
    made.take(0.0, 10)
    made.surveyed(one("a"), 0.0, pages=0)
    for key in ("a0", "a1", "a2"):
        made.schedule(key, 1.0)
    assert told(made.take(1.0, 10)) == {"a0": 1, "a1": 1, "a2": 1}


def test_a_list_that_fails_in_passing_is_asked_again():
    """Its failure is not theirs, and a hundred single looks would not fare better."""
    made = agenda(a=3)
    (errand,) = made.take(0.0, 10)
    made.failed(errand.route, 0.0, refused=False)
    for key in errand.keys:
        made.schedule(key, 0.5)
    assert made.take(0.5, 10) == []
    assert told(made.take(1.0, 10)) == {("a",): 3}


def test_without_lists_all_are_single_looks():
    """While a service is away one request probes it."""
    made = agenda(a=3)
    assert [errand.route for errand in made.take(0.0, 2, lists=False)] == [None, None]
    assert len(made) == 1


def test_lists_go_before_single_looks():
    """They serve more; what there is no room for stays due."""
    made = agenda(b=2, a=1)
    assert told(made.take(0.0, 1)) == {("b",): 2}
    assert made.next_due() == 0.0
    assert told(made.take(0.0, 1)) == {"a0": 1}


def test_who_has_left_is_not_asked_for():
    """Nor does it make a list worth while."""
    made = agenda(a=2)
    made.leave("a0")
    assert told(made.take(0.0, 10)) == {"a1": 1}
    made.leave("a1")
    assert made._groups == {}


def test_who_waits_for_a_list_is_not_swept_into_another():
    """However often the heap is swept meanwhile, and whatever other lists become worth it."""
    made = agenda(a=2)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, pages=1)
    for key in errand.keys:
        made.schedule(key, 0.5)
    assert made.take(0.5, 10) == []
    for _ in range(200):
        made.schedule("other", 50.0)
    for name in "bcdef":
        made.join(f"{name}0", (one(name), EVERY), 1.0)
        made.schedule(f"{name}0", 90.0)
    made.take(0.6, 10)
    for key in ("a0", "a1"):
        made.leave(key)
    assert made.next_due() == 50.0


def test_single_looks_do_not_starve_behind_lists():
    """With little room the oldest goes first, whatever it is."""
    made = Agenda()
    for name, count in {"a": 2, "b": 2, "c": 2, "d": 2, "e": 1}.items():
        for number in range(count):
            made.join(f"{name}{number}", (one(name),), 1.0)
            made.schedule(f"{name}{number}", 0.0)
    looked = 0
    for step in range(100):
        now = step * 0.5
        for errand in made.take(now, 1):
            looked += errand.route is None
            if errand.route is not None:
                made.surveyed(errand.route, now, pages=1)
            for key in errand.keys:
                made.schedule(key, now)
    assert looked >= 10


def test_a_list_that_has_become_shorter_is_worth_it_again():
    """After a while its pages are counted anew."""
    made = Agenda()
    for number in range(20):
        made.join(str(number), (EVERY,), 1.0)
        made.schedule(str(number), 0.0)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, pages=10)
    for key in errand.keys:
        made.schedule(key, 5.0)
    assert {each.route for each in made.take(5.0, 100)} == {None}
    for key in errand.keys:
        made.schedule(key, 100.0)
    assert [each.route for each in made.take(100.0, 100)] == [EVERY]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 20)), max_size=60), st.integers(1, 8))
def test_nobody_is_forgotten(jobs, limit):
    """Whatever there is, and however little room: everybody is taken, once, within a bounded time."""
    made = Agenda()
    keys = {f"{name}{number}": name for name, number in jobs}
    for key, name in keys.items():
        made.join(key, (one(name), EVERY), 1.0)
        made.schedule(key, 0.0)
    taken, now = [], 0.0
    while len(made):
        errands = made.take(now, limit)
        assert len(errands) <= limit
        for errand in errands:
            assert isinstance(errand, Errand)
            taken += errand.keys
            if errand.route is not None:
                made.surveyed(errand.route, now, pages=1)
        due = made.next_due()
        assert (due is None) == (not len(made))
        now = max(now, due if due is not None else now)
        assert now < math.inf
    assert sorted(taken) == sorted(keys)
