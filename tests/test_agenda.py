"""Who is looked at when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._agenda import Agenda, Errand


def keys(errands):
    return [key for errand in errands for key in errand.keys]


def filled(**due):
    agenda = Agenda()
    for key, at in due.items():
        agenda.schedule(key, at)
    return agenda


def test_the_oldest_is_served_first():
    """Whoever has been due for longest goes first, so that nobody starves."""
    assert keys(filled(a=3.0, b=1.0, c=2.0).take(5.0, 10)) == ["b", "c", "a"]


def test_who_is_due_at_once_goes_in_the_order_of_asking():
    """Equal times keep their order."""
    assert keys(filled(c=1.0, a=1.0, b=1.0).take(1.0, 10)) == ["c", "a", "b"]


def test_only_who_is_due_is_taken():
    """The others stay, and the next time is theirs."""
    agenda = filled(a=1.0, b=2.0)
    assert keys(agenda.take(1.5, 10)) == ["a"]
    assert "a" not in agenda
    assert "b" in agenda
    assert agenda.next_due() == 2.0


def test_the_limit_holds():
    """No more errands than there is room for; the rest remain due."""
    agenda = filled(a=1.0, b=2.0, c=3.0)
    assert keys(agenda.take(9.0, 2)) == ["a", "b"]
    assert keys(agenda.take(9.0, 0)) == []
    assert len(agenda) == 1


def test_a_new_time_replaces_the_old():
    """Earlier or later: the last word counts, once."""
    agenda = filled(a=1.0, b=2.0)
    agenda.schedule("a", 3.0)
    agenda.schedule("b", 0.5)
    assert agenda.next_due() == 0.5
    assert keys(agenda.take(9.0, 10)) == ["b", "a"]
    assert agenda.next_due() is None


def test_who_is_discarded_is_forgotten():
    """Also one that was never there."""
    agenda = filled(a=1.0)
    agenda.discard("a")
    agenda.discard("z")
    assert len(agenda) == 0
    assert agenda.next_due() is None
    assert agenda.take(9.0, 10) == []


def test_an_errand_names_the_jobs_that_it_covers():
    """Single looks for now: one key, no survey."""
    assert filled(a=1.0).take(1.0, 1) == [Errand(("a",))]


@given(
    st.lists(
        st.tuples(st.just("schedule"), st.integers(0, 5), st.floats(0, 100))
        | st.tuples(st.just("discard"), st.integers(0, 5), st.just(0.0))
        | st.tuples(st.just("take"), st.integers(0, 3), st.floats(0, 100))
    )
)
def test_it_behaves_like_a_dict_sorted_by_time(steps):
    """Whatever happens in whatever order, the heap knows what a plain dict of times knows."""
    agenda, model = Agenda(), {}
    for verb, number, at in steps:
        if verb == "schedule":
            agenda.schedule(number, at)
            model.pop(number, None)
            model[number] = at
        elif verb == "discard":
            agenda.discard(number)
            model.pop(number, None)
        else:
            due = [key for key, when in sorted(model.items(), key=lambda item: item[1]) if when <= at][:number]
            assert keys(agenda.take(at, number)) == due
            for key in due:
                del model[key]
        assert set(agenda.keys()) == set(model)
        assert agenda.next_due() == min(model.values(), default=None)


def test_what_was_replaced_is_swept_out():
    """Ten thousand reschedulings of ten jobs do not leave ten thousand entries behind."""
    agenda = Agenda()
    for turn in range(10_000):
        agenda.schedule(turn % 10, float(turn))
    assert len(agenda._turns) <= 2 * 10 + 64
    assert keys(agenda.take(1e9, 100)) == list(range(10))
