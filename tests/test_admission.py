"""Whose request may go next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._admission import Admission, Ticket
from asyncjobs._kinds import Lane
from asyncjobs.kinds import Limit

CANCEL, CREATE, LOOK = Lane


def ask(admission, lane, **costs):
    ticket = Ticket(lane, costs)
    admission.ask(ticket)
    return ticket


def lanes(tickets):
    return [ticket.lane for ticket in tickets]


def busy(slots=1, limits=()):
    """Return an admission whose places are all taken, and the tickets that hold them."""
    admission = Admission(limits, slots)
    held = [ask(admission, CREATE) for _ in range(slots)]
    assert admission.admit(0.0) == held
    return admission, held


# -- places and priorities ---------------------------------------------------


def test_with_room_everything_goes_at_once():
    """Nobody waits for nothing."""
    admission = Admission((), 10)
    tickets = [ask(admission, lane) for lane in (LOOK, CREATE, CANCEL)]
    assert set(admission.admit(0.0)) == set(tickets)
    assert (admission.in_flight, admission.waiting) == (3, 0)


def test_a_cancel_goes_before_a_create_before_a_look():
    """The order of asking matters within a lane only."""
    admission, held = busy(1)
    asked = [ask(admission, lane) for lane in (LOOK, CREATE, CANCEL, CANCEL)]
    admitted = []
    while admission.waiting:
        admission.release(held.pop(0))
        held += (now := admission.admit(0.0))
        admitted += now
    assert [asked.index(ticket) for ticket in admitted] == [2, 3, 1, 0]


def test_looks_keep_a_fifth():
    """Of five admissions one is a look while looks wait, however many cancels do."""
    admission, held = busy(1)
    for _ in range(40):
        ask(admission, CANCEL)
    for _ in range(10):
        ask(admission, LOOK)
    order = []
    while admission.waiting:
        admission.release(held.pop())
        held = admission.admit(0.0)
        order += lanes(held)
    assert len(order) == 50
    for start in range(46):
        assert LOOK in order[start : start + 5]
    assert order.count(LOOK) == 10


@pytest.mark.parametrize(("slots", "most"), [(1, 1), (4, 4), (5, 4), (10, 8), (20, 16), (100, 80)])
def test_looks_never_take_the_last_fifth_of_the_places(slots, most):
    """However many looks wait, a cancel finds a place."""
    admission = Admission((), slots)
    for _ in range(2 * slots):
        ask(admission, LOOK)
    assert len(admission.admit(0.0)) == most
    assert admission.next_time is None
    if most < slots:
        cancel = ask(admission, CANCEL)
        assert admission.admit(0.0) == [cancel]


def test_a_place_is_given_back():
    """A release lets the next one through."""
    admission, held = busy(2)
    look = ask(admission, LOOK)
    assert admission.admit(0.0) == []
    admission.release(held[0])
    assert admission.admit(0.0) == [look]
    assert admission.in_flight == 2


def test_who_withdrew_is_passed_over():
    """A withdrawn ticket costs nothing, wherever it stands in the queue."""
    admission, held = busy(1)
    tickets = [ask(admission, CREATE) for _ in range(4)]
    for ticket in (tickets[0], tickets[2]):
        admission.withdraw(ticket)
    assert admission.waiting == 2
    served = []
    while admission.waiting:
        admission.release(held.pop())
        held = admission.admit(0.0)
        served += held
    assert served == [tickets[1], tickets[3]]
    assert not tickets[0].admitted


# -- pauses ------------------------------------------------------------------


def test_a_pause_holds_everybody():
    """Until its end, and no longer; a shorter pause does not shorten it."""
    admission = Admission((), 10)
    admission.pause(5.0)
    admission.pause(3.0)
    tickets = [ask(admission, lane) for lane in Lane]
    assert admission.admit(4.9) == []
    assert admission.next_time == 5.0
    assert set(admission.admit(5.0)) == set(tickets)


def test_a_pause_of_one_lane_holds_only_that():
    """Without a slot nothing can be created, but cancelled and looked at it can."""
    admission = Admission((), 10)
    admission.pause(5.0, CREATE)
    create, cancel, look = (ask(admission, lane) for lane in (CREATE, CANCEL, LOOK))
    assert set(admission.admit(0.0)) == {cancel, look}
    assert admission.next_time == 5.0
    assert admission.admit(5.0) == [create]


def test_looks_that_are_paused_do_not_hold_up_the_others():
    """The share of the looks is for looks that can go."""
    admission = Admission((), 10)
    admission.pause(5.0, LOOK)
    ask(admission, LOOK)
    cancels = [ask(admission, CANCEL) for _ in range(8)]
    assert admission.admit(0.0) == cancels


# -- rates -------------------------------------------------------------------


def test_a_window_holds_so_many():
    """The eleventh waits until the first is a second old."""
    admission = Admission([Limit("account", 10)], 100)
    for _ in range(15):
        ask(admission, CREATE, account=1)
    assert len(admission.admit(0.0)) == 10
    assert admission.next_time == 1.0
    assert admission.admit(0.99) == []
    assert len(admission.admit(1.0)) == 5
    assert admission.next_time is None


def _looking(limit, seconds):
    """Return an admission that has let looks through as fast as it may for so long, and how many went."""
    admission = Admission((limit,), 100)
    now, count = 0.0, 0
    ask(admission, LOOK, r=1)
    while now < seconds:
        admitted = admission.admit(now)
        count += len(admitted)
        for ticket in admitted:
            admission.release(ticket)
            ask(admission, LOOK, r=1)
        if not admitted:
            now = admission.next_time
    return admission, count


@pytest.mark.parametrize("count", [5, 10, 20])
@pytest.mark.parametrize("seconds", [0.05, 1.0, 1.3, 1.95, 7.77, 9.9])
def test_looks_leave_a_cancel_room_in_a_rate(count, seconds):
    """Whenever it comes, it goes at once or within a tenth of the limit's time, though looks use all of the rate."""
    admission, _ = _looking(Limit("r", count), seconds)
    cancel, now = ask(admission, CANCEL, r=1), seconds
    while admission.admit(now) and not cancel.admitted:
        pass
    while not cancel.admitted:
        now = admission.next_time
        admission.admit(now)
    assert now - seconds <= 0.1 + 1e-9


@pytest.mark.parametrize("count", [1, 2, 5, 10, 20])
def test_looks_may_use_the_whole_rate(count):
    """While nobody else asks."""
    _, went = _looking(Limit("r", count), 20.0)
    assert went >= 0.9 * 20 * count


def test_looks_have_their_share_of_a_rate_beside_cancels():
    """The room that they leave does not cost them their fifth."""
    admission = Admission((Limit("r", 10),), 100)
    for lane in (CANCEL, LOOK):
        for _ in range(200):
            ask(admission, lane, r=1)
    now, looks, went = 0.0, 0, 0
    while now < 10:
        admitted = admission.admit(now)
        looks += lanes(admitted).count(LOOK)
        went += len(admitted)
        for ticket in admitted:
            admission.release(ticket)
        now = admission.next_time
    assert went >= 100
    assert looks >= 19


def test_a_dear_request_takes_more():
    """A create that weighs two leaves room for half as many."""
    admission = Admission([Limit("account", 10)], 100)
    for _ in range(10):
        ask(admission, CREATE, account=2)
    assert len(admission.admit(0.0)) == 5


def test_what_costs_more_than_the_limit_takes_all_of_it():
    """Or it would wait for ever."""
    admission = Admission([Limit("account", 3)], 100)
    dear = ask(admission, CREATE, account=7)
    assert admission.admit(0.0) == [dear]
    cheap = ask(admission, CREATE, account=1)
    assert admission.admit(0.5) == []
    assert admission.admit(1.0) == [cheap]


def test_all_limits_must_pass():
    """The account and the endpoint, whichever is smaller."""
    admission = Admission([Limit("account", 10), Limit("agent", 5)], 100)
    for _ in range(10):
        ask(admission, CREATE, account=1, agent=1)
    assert len(admission.admit(0.0)) == 5


def test_what_counts_nowhere_is_not_held_up():
    """Looks at agent runs pass by a queue of creates, also under limits that this service does not have."""
    admission = Admission([Limit("account", 1)], 100)
    for _ in range(5):
        ask(admission, CREATE, account=1)
    looks = [ask(admission, LOOK), ask(admission, LOOK, other=99)]
    assert set(looks) <= set(admission.admit(0.0))


def test_cheap_requests_do_not_starve_a_dear_one():
    """What the earlier one waits for is not given to later ones."""
    admission = Admission([Limit("account", 4)], 100)
    for _ in range(3):
        ask(admission, CREATE, account=1)
    assert len(admission.admit(0.0)) == 3
    dear = ask(admission, CREATE, account=4)
    now = 0.0
    for _ in range(40):
        now += 0.1
        ask(admission, CREATE, account=1)
        if dear in admission.admit(now):
            break
    assert now < 1.2


def test_the_next_time_lies_ahead():
    """Whoever waits for a limit that another one has reserved does not make the timer spin."""
    admission = Admission([Limit("account", 10), Limit("agent", 5)], 100)
    for _ in range(9):
        ask(admission, CREATE, account=1)
    assert len(admission.admit(0.0)) == 9
    ask(admission, CREATE, account=2, agent=1)
    ask(admission, CREATE, account=1)
    assert admission.admit(0.5) == []
    assert admission.next_time == 1.0


# -- whatever happens --------------------------------------------------------

_LIMITS = [Limit("a", 4), Limit("b", 3, 0.5), Limit("c", 2, 2.0)]
_STEPS = st.lists(
    st.tuples(
        st.just("ask"),
        st.sampled_from(list(Lane)),
        st.dictionaries(st.sampled_from("abcz"), st.integers(1, 5), max_size=3),
    )
    | st.tuples(st.just("wait"), st.sampled_from([0.125, 0.25, 0.5, 1.0]), st.none())
    | st.tuples(st.just("release"), st.integers(0, 10), st.none())
    | st.tuples(st.just("withdraw"), st.integers(0, 10), st.none())
    | st.tuples(st.just("pause"), st.none() | st.sampled_from(list(Lane)), st.sampled_from([0.25, 1.0])),
    max_size=60,
)


class Model:
    """What must hold after every step."""

    def __init__(self, slots, limits=_LIMITS):
        self.admission = Admission(limits, slots)
        self.slots = slots
        self.now = 0.0
        self.log, self.asked, self.flying = [], [], []
        self.paused = dict.fromkeys(Lane, -1.0)

    def ask(self, lane, costs):
        self.asked.append(ask(self.admission, lane, **costs))

    def wait(self, seconds, _):
        self.now += seconds

    def release(self, index, _):
        if index < len(self.flying):
            self.admission.release(self.flying.pop(index))

    def withdraw(self, index, _):
        waiting = [ticket for ticket in self.asked if not ticket.admitted]
        if index < len(waiting):
            self.admission.withdraw(waiting[index])

    def pause(self, lane, seconds):
        for each in Lane if lane is None else (lane,):
            self.paused[each] = max(self.paused[each], self.now + seconds)
        self.admission.pause(self.now + seconds, lane)

    def admit(self):
        for ticket in self.admission.admit(self.now):
            assert not ticket.withdrawn
            assert self.paused[ticket.lane] <= self.now
            self.log.append((self.now, dict(ticket.costs)))
            self.flying.append(ticket)
        assert self.admission.in_flight == len(self.flying) <= self.slots
        assert sum(ticket.lane is LOOK for ticket in self.flying) <= max(1, self.slots - self.slots // 5)
        assert self.admission.next_time is None or self.admission.next_time > self.now

    def serve(self):
        """Let time pass until nobody waits."""
        while self.admission.waiting:
            while self.flying:
                self.release(0, None)
            self.admit()
            if not self.flying:
                assert self.admission.next_time is not None
                self.now = self.admission.next_time


@given(_STEPS, st.integers(1, 12))
def test_no_rule_is_ever_broken(steps, slots):
    """No window holds more than its limit, no place is given twice, no timer spins, and all are served in the end."""
    model = Model(slots)
    for verb, what, more in steps:
        getattr(model, verb)(what, more)
        model.admit()
    model.serve()
    assert all(ticket.admitted or ticket.withdrawn for ticket in model.asked)
    for limit in _LIMITS:
        for start, _ in model.log:
            end = start + limit.seconds
            costs = [min(costs.get(limit.name, 0), limit.count) for at, costs in model.log if start <= at < end]
            assert sum(costs) <= limit.count


class Shortcut(Model):
    """The same, where requests pass by the queue if they may."""

    def ask(self, lane, costs):
        ticket = Ticket(lane, costs)
        if self.admission.pass_by(ticket, self.now):
            self.flying.append(ticket)
        else:
            self.admission.ask(ticket)
        self.asked.append(ticket)


@pytest.mark.parametrize("limits", [(), _LIMITS], ids=["no rates", "rates"])
@given(steps=_STEPS, slots=st.integers(1, 12))
def test_who_passes_by_the_queue_would_have_been_let_through_at_once(limits, steps, slots):
    """Whatever came before, a request is let through in the same moment with the shortcut as without."""
    short, plain = Shortcut(slots, limits), Model(slots, limits)
    for verb, what, more in steps:
        for model in (short, plain):
            getattr(model, verb)(what, more)
            if verb != "wait":  # Time alone lets nobody through: somebody must ask, or look.
                model.admit()
        assert [ticket.admitted for ticket in short.asked] == [ticket.admitted for ticket in plain.asked]
        if verb != "wait":
            assert short.admission.next_time == plain.admission.next_time


def test_without_rates_and_queue_a_request_passes_by():
    """The shortcut is taken where nothing stands in the way."""
    admission = Admission((), 2)
    assert [admission.pass_by(Ticket(CANCEL, {"account": 1}), 0.0) for _ in range(3)] == [True, True, False]
    assert admission.idle


def test_looks_that_pass_by_leave_the_last_fifth_of_the_places():
    """A cancel finds a place among them as well."""
    admission = Admission((), 10)
    passed = [admission.pass_by(Ticket(LOOK, {}), 0.0) for _ in range(10)]
    assert passed == [True] * 8 + [False] * 2
    assert admission.pass_by(Ticket(CANCEL, {}), 0.0)


def test_nobody_passes_by_those_who_wait():
    """When a pause is over, who came later does not go first because nobody has looked yet."""
    admission = Admission((), 1)
    admission.pause(1.0)
    first = ask(admission, CANCEL)
    assert admission.admit(0.0) == []
    assert not admission.pass_by(Ticket(CANCEL, {}), 2.0)
    assert admission.admit(2.0) == [first]
