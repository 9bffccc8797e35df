"""Which lists are asked, for whom and when: pure rules."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._agenda import Agenda, Errand
from asyncjobs._rounds import PAGE, WEIGHT, WHOLE, Group, Route, Tally
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


def tally(*pages, left=100):
    """Return what came of a reading of such pages, each bytes and how many of ours it showed."""
    made = Tally()
    for size, shown in pages:
        made.page(size, shown=shown, useful=shown, left=left)
    return made


USEFUL = tally((0, 5))
USELESS = tally((0, 0))


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
    made.surveyed(errand.route, 0.1, USEFUL)
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
    made.schedule("a1", 0.0)
    assert made.take(5.0, 10) == []
    assert made.next_due() is None
    made.surveyed(one("a"), 5.0, USEFUL)
    assert told(made.take(5.0, 10)) == {("a",): 2}


def test_a_list_that_is_not_worth_it_is_tried_more_and_more_rarely():
    """A page of many large sets may hold thousands of rows: it is no use to fetch it each minute."""
    made = agenda(**dict.fromkeys("abcdef", 2))
    asked, now = [], 0.0
    while now < 3 * 3600:
        for errand in made.take(now, 100):
            assert errand.route is not None
            if errand.route == EVERY:
                asked.append(now)
            size = 2_000_000 if errand.route == EVERY else 0
            made.surveyed(errand.route, now, tally((size, len(errand.keys))))
            for key in errand.keys:
                made.schedule(key, now + 10)
        now += 10
    assert asked == [0, 60, 180, 420, 900, 1860, 3780, 7380]


def test_who_is_in_a_hurry_alone_is_looked_at_alone():
    """For one of a hundred the list is too much."""
    made = agenda(a=5)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, USEFUL)
    made.schedule("a0", 0.25, urgent=True)
    assert told(made.take(0.25, 10)) == {"a0": 1}


def test_many_in_a_hurry_are_one_request():
    """Sooner than the list's ordinary turn."""
    made = agenda(a=5)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, USEFUL)
    for key in errand.keys:
        made.schedule(key, 0.25, urgent=True)
    assert told(made.take(0.25, 10)) == {("a",): 5}


def test_who_was_missing_is_looked_at_alone():
    """Absence proves nothing; and it is not looked for there again for a while."""
    made = agenda(a=3)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, USEFUL, missing=["a0"])
    made.schedule("a0", 0.0, alone=True)
    assert told(made.take(0.0, 10)) == {"a0": 1}
    made.schedule("a0", 5.0)
    assert told(made.take(5.0, 10)) == {"a0": 1}
    made.schedule("a0", 100.0)
    made.schedule("a1", 100.0)
    assert told(made.take(100.0, 10)) == {("a",): 2}


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


def test_a_list_that_shows_none_of_ours_rests_as_well():
    """They may be far down in it."""
    made = agenda(a=3)
    made.take(0.0, 10)
    made.surveyed(one("a"), 0.0, USELESS)
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
    assert not len(made._routes)


def test_who_waits_for_a_list_is_not_swept_into_another():
    """However often the heap is swept meanwhile, and whatever other lists become worth it."""
    made = agenda(a=2)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, USEFUL)
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
                made.surveyed(errand.route, now, USEFUL)
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
    made.surveyed(errand.route, 0.0, tally(*[(1.5 * WEIGHT, 2)] * 10))
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
                made.surveyed(errand.route, now, USEFUL)
        due = made.next_due()
        assert (due is None) == (not len(made))
        now = max(now, due if due is not None else now)
        assert now < math.inf
    assert sorted(taken) == sorted(keys)


# -- what a list costs -------------------------------------------------------------


def test_a_page_costs_a_request_and_its_bytes():
    """Pages carry much else."""
    assert tally((0, 5)).cost == 1
    assert tally((WEIGHT, 5), (2 * WEIGHT, 5)).cost == 5


def test_what_comes_after_the_last_useful_page_is_no_cost_of_the_list():
    """It need not be read again."""
    assert tally((0, 5), (0, 0), (0, 0)).cost == 1
    assert tally((0, 0), (0, 5)).cost == 2


def test_fruitless_pages_are_read_as_long_as_single_looks_are_no_cheaper():
    """Never more than twice what was best is spent, wherever the jobs are."""
    made = Tally()
    for _ in range(9):
        assert made.page(0, shown=0, useful=0, left=10)
    assert not made.page(0, shown=0, useful=0, left=10)
    assert Tally().page(8 * WEIGHT, shown=0, useful=0, left=10)
    assert not Tally().page(9 * WEIGHT, shown=0, useful=0, left=10)


def test_a_page_that_pays_lets_the_reading_go_on():
    """However much was fruitless before."""
    made = Tally()
    for _ in range(9):
        made.page(0, shown=0, useful=0, left=10)
    assert made.page(0, shown=1, useful=1, left=9)
    assert made.page(0, shown=0, useful=0, left=9)


def test_when_nobody_is_left_the_reading_ends():
    """What follows is of no interest."""
    assert not Tally().page(0, shown=5, useful=5, left=0)


@given(st.integers(1, 60), st.integers(1, 40))
def test_the_heavier_the_pages_the_more_jobs_they_need(count, weight):
    """A few jobs among many that have ended and carry their outputs are looked at one by one."""
    made = agenda(a=count)
    errands = made.take(0.0, 100)
    assert len(errands) == 1
    if errands[0].route is not None:
        made.surveyed(one("a"), 0.0, tally((weight * WEIGHT, count)))
        for number in range(count):
            made.schedule(f"a{number}", 1.0)
        asked = made.take(1.0, 100)
        assert (asked[0].route is not None) == (count >= 1 + weight)


# -- who waits for which list ----------------------------------------------------------


def test_who_would_be_due_before_the_lists_next_turn_is_expected_now():
    """Else it would be shown one turn late."""
    made = agenda(a=3)
    made.schedule("a1", 0.9)
    made.schedule("a2", 1.1)
    (errand,) = made.take(0.0, 10)
    assert set(errand.keys) == {"a0", "a1"}
    assert made.keys() == ["a2"]


def test_those_who_are_to_be_looked_at_alone_are_not_expected():
    """Nor those whom the list did not show last."""
    made = agenda(a=5)
    made.schedule("a1", 0.5, alone=True)
    (errand,) = made.take(0.0, 10)
    assert set(errand.keys) == {"a0", "a2", "a3", "a4"}
    made.surveyed(errand.route, 0.1, USEFUL, missing=["a0"])
    for key in ("a0", "a2", "a3"):
        made.schedule(key, 1.0)
    assert {frozenset(errand.keys) for errand in made.take(1.0, 10)} == {
        frozenset({"a0"}),
        frozenset({"a1"}),
        frozenset({"a2", "a3"}),
    }


def test_a_list_of_lists_is_judged_by_the_lists_that_it_saves():
    """One job that it did not show, of a set that has others, takes nothing off what it saves."""
    made = agenda(**dict.fromkeys("abcde", 3))
    (errand,) = made.take(0.0, 10)
    assert (errand.route, len(errand.keys)) == (EVERY, 15)
    made.surveyed(EVERY, 0.0, tally((4 * WEIGHT, 15)), missing=["a0", "b0", "b1"])
    for key in sorted(errand.keys):
        made.schedule(key, 1.0)
    # Five sets are still five requests, and the page costs as much.
    assert told(made.take(1.0, 10)) == {("a",): 3, ("b",): 2, (): 10}


def test_a_set_that_is_not_shown_at_all_is_not_saved():
    """Four sets are fewer requests than a page that costs five."""
    made = agenda(**dict.fromkeys("abcde", 2))
    made.take(0.0, 10)
    made.surveyed(EVERY, 0.0, tally((4 * WEIGHT, 8)), missing=["a0", "a1"])
    for name in "abcde":
        for number in range(2):
            made.schedule(f"{name}{number}", 1.0)
    assert told(made.take(1.0, 10)) == {(name,): 2 for name in "abcde"}


def test_those_ahead_go_first_and_nobody_starves():
    """Of five errands one is the oldest, however many go ahead."""
    made = Agenda()
    for number in range(100):
        made.schedule(f"old{number}", 0.0)
        made.schedule(f"ahead{number}", 5.0, ahead=True)
    order = [key for _ in range(50) for errand in made.take(10.0, 1) for key in errand.keys]
    assert order[:4] == ["ahead0", "ahead1", "ahead2", "ahead3"]
    assert sum(key.startswith("old") for key in order) == 10


def test_those_ahead_go_before_lists_too():
    """The list of a thousand others may come after."""
    made = agenda(a=10)
    made.schedule("ahead", 0.0, urgent=True, ahead=True)
    assert told(made.take(0.0, 1)) == {"ahead": 1}
    assert told(made.take(0.0, 1)) == {("a",): 10}


def test_a_list_whose_waiters_have_left_and_come_again_has_its_turn():
    """Its old turn is void."""
    made = agenda(a=3)
    (errand,) = made.take(0.0, 10)
    made.surveyed(errand.route, 0.0, USEFUL)
    for _ in range(3):
        made.schedule("a0", 0.5)
        assert made.take(0.5, 10) == []
        made.discard("a0")
        assert made.next_due() is None
    made.schedule("a0", 0.5)
    assert made.take(0.5, 10) == []
    assert made.next_due() == 1.0
    assert told(made.take(1.0, 10)) == {("a",): 1}


def test_a_list_is_asked_for_one_alone_only_if_it_is_light():
    """Then it shows the others, who are not due for long, for nothing."""
    for weight, expected in ((0.1, {("a",): 1}), (0.5, {"a0": 1})):
        made = agenda(a=5)
        made.take(0.0, 10)
        made.surveyed(one("a"), 0.0, tally((weight * WEIGHT, 5)))
        for number in range(5):
            made.schedule(f"a{number}", 1.0 if number == 0 else 10.0)
        assert told(made.take(1.0, 10)) == expected


def test_narrow_and_wide_kinds_share_a_list():
    """What has no narrower list counts for itself."""
    made = agenda(a=2, b=2)
    for number in range(3):
        made.join(f"w{number}", (EVERY,), 1.0)
        made.schedule(f"w{number}", 0.0)
    # Two lists and three single looks are five requests, and so is a page.
    assert told(made.take(0.0, 10)) == {(): 7}


_SETS = {"a": 4, "b": 3, "c": 1, "d": 1, "e": 1, "f": 1}
_KEYS = st.sampled_from([f"{name}{number}" for name, count in _SETS.items() for number in range(count)])
_DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("schedule"), _KEYS, st.floats(0, 3), st.sampled_from(["", "urgent", "ahead", "alone"])),
        st.tuples(st.just("discard"), _KEYS, st.just(0.0), st.just("")),
        st.tuples(st.just("take"), st.integers(1, 12), st.floats(0, 1), st.just("")),
        st.tuples(st.sampled_from(["ended", "missing", "failed"]), st.integers(0, 3), st.floats(0, 1), st.just("")),
    ),
    max_size=80,
)


@given(_DEEDS)
def test_an_errand_is_always_for_somebody_and_nobody_is_in_two(deeds):
    """Whatever is due, in a hurry, shown by two lists or missing in one: each errand has keys, and each key one."""
    made = agenda(**_SETS)
    now, running = 0.0, []
    for deed, what, number, how in deeds:
        if deed == "schedule":
            made.schedule(
                what, now + number, urgent=how in {"urgent", "ahead"}, ahead=how == "ahead", alone=how == "alone"
            )
        elif deed == "discard":
            made.discard(what)
        elif deed == "take":
            now += number
            errands = made.take(now, what)
            found = keys_of(errands)
            assert all(errand.keys for errand in errands)
            assert len(found) == len(set(found))
            assert not any(key in made for key in found)
            running += [errand for errand in errands if errand.route]
        elif running:
            errand = running.pop(what % len(running))
            missing = errand.keys[:1] if deed == "missing" else ()
            if deed == "failed":
                made.failed(errand.route, now, refused=number > 0.5)
            else:
                made.surveyed(errand.route, now, USEFUL, missing=missing)
            for key in errand.keys:
                made.schedule(key, now + number, alone=key in missing)


def keys_of(errands):
    return [key for errand in errands for key in errand.keys]
