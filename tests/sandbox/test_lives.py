"""A life is data; what it shows follows from the time alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs.sandbox import Life
from asyncjobs.sandbox._lives import FINAL, WORDS, default_life

KINDS = sorted(WORDS)
times = st.floats(min_value=0, max_value=100, allow_nan=False)
lines = st.lists(st.tuples(times, st.sampled_from(["new", "running", "finished", "canceled"])), max_size=5).map(sorted)
lives = st.builds(
    lambda first, rest, cancel: Life([(0.0, first), *rest], after_cancel=cancel),
    st.sampled_from(["new", "running"]),
    lines,
    lines,
)


@given(lives, times, times)
def test_the_past_stays_as_it_was(life, earlier, later):
    """What was shown at one time is how every later history begins, as long as nobody cancels."""
    earlier, later = sorted((earlier, later))

    history = life.history(later)

    assert history[: len(life.history(earlier))] == life.history(earlier)


@given(lives, times, times)
def test_a_history_is_in_order_and_never_empty(life, now, canceled):
    """Cancelled or not, steps are sorted and none lies in the future."""
    history = life.history(now, canceled=canceled)

    assert history
    assert [at for at, _ in history] == sorted(at for at, _ in history)
    assert history[-1][0] <= now + 1e-3


@given(lives, times, times)
def test_a_cancel_that_is_still_to_come_changes_nothing(life, now, later):
    """A look does not know the future."""
    if later > now + 1e-3:
        assert life.history(now, canceled=later) == life.history(now)


@given(lives, times)
def test_progress_is_a_share_that_only_grows(life, age):
    """Progress lies between 0 and 1 and never goes back."""
    assert 0 <= life.fraction(age) <= life.fraction(age + 1) <= 1


@given(st.sampled_from(KINDS), st.integers())
def test_default_lives_end_well_within_their_span(kind, seed):
    """An unscripted job of each kind works as long as documented, and ends well."""
    words = WORDS[kind]
    life = default_life(kind, random.Random(seed))

    assert life.before[-1][1] == words.success
    assert words.works[0] <= life.end() - words.waits <= words.works[1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_ordinary_life_waits_works_and_ends(kind):
    """The words are the kind's own, each at its time."""
    words = WORDS[kind]
    life = Life.ordinary(kind, waits=1, works=2)

    assert [life.history(age)[-1][1] for age in (0, 1, 3)] == [words.waiting, words.working, words.success]
    assert life.history(1.5, canceled=1.2)[-1][1] == words.canceled


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"waits": None}, "new"),
        ({"works": None}, "running"),
        ({"works": 1, "ends": "failed"}, "failed"),
    ],
)
def test_a_life_may_get_stuck_or_end_badly(options, word):
    """`None` is for ever; the end may be any word."""
    assert Life.ordinary("watercrawl.search", **options).history(1e9)[-1][1] == word


def test_a_cancel_without_steps_is_forgotten():
    """An accepted cancel may have no effect."""
    life = Life.ordinary("exa.search", works=5)

    assert Life(life.before, after_cancel=()).history(6, canceled=1)[-1][1] == "completed"


def test_a_slow_cancel_loses_to_the_end():
    """A job that ends before its cancel takes effect keeps its end."""
    life = Life([(0, "running"), (1, "completed")], after_cancel=[(0.5, "canceled")])

    assert life.history(2, canceled=0.7)[-1] == (1, "completed")
    assert life.history(2, canceled=0.4)[-1] == (0.9, "canceled")


def test_canceled_may_turn_into_finished():
    """The races of WaterCrawl: canceling, canceled, and then finished all the same."""
    life = Life([(0, "running")], after_cancel=[(0, "canceling"), (0.004, "canceled"), (0.03, "finished")])

    seen = [life.history(1 + after, canceled=1)[-1][1] for after in (0, 0.004, 0.029, 0.03, 300)]

    assert seen == ["canceling", "canceled", "canceled", "finished", "finished"]


def test_faster_lives_pass_faster():
    """Twice the speed is half of every time."""
    life = Life([(0, "new"), (2, "running")], after_cancel=[(4, "canceled")], after_stop=[(6, "completed")]).faster(2)
    assert Life([(0, "new")]).faster(2).after_cancel is None

    assert (life.before[1][0], life.after_cancel[0][0], life.after_stop[0][0]) == (1, 2, 3)


@pytest.mark.parametrize(
    "steps", [[], [(1, "new")], [(0, "new"), (2, "running"), (1, "finished")]], ids=["empty", "late", "disorder"]
)
def test_impossible_lives_are_refused(steps):
    """A life begins at 0 and goes forward."""
    with pytest.raises(ValueError, match="step"):
        Life(steps)


@pytest.mark.parametrize("kind", KINDS)
def test_a_life_without_words_for_a_cancel_takes_the_kinds(kind):
    """A plain line of steps is cancelled in the kind's spelling, at once."""
    assert Life([(0, "x")]).of(kind).history(2, canceled=1)[-1] == (1, WORDS[kind].canceled)


def test_every_kind_knows_its_last_words():
    """No ordinary life ends in a word that is not final."""
    assert {words.success for words in WORDS.values()} | {words.canceled for words in WORDS.values()} <= FINAL
