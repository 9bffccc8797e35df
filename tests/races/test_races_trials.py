"""After a cancel the handle's state is the server's, whoever had the last word: in two hundred trials of each race."""

from __future__ import annotations

import pytest
from races_world import trials

from asyncjobs import JobState
from asyncjobs.sandbox import races
from asyncjobs.watercrawl._provider import SEARCH

NUMBER = 200
#: Those that are over within the kind's `settle`.
SETTLING = [name for name, race in races.RACES.items() if race.settles is not None and race.settles <= SEARCH.settle]
#: Those in which a "canceled" is not the last word.
OVERRULED = {"finishes_after_cancel": JobState.COMPLETED, "fails_after_cancel": JobState.FAILED}
#: Those in which a cancel overrules another end, which was there to be seen for some milliseconds.
OVERRULING = ["finishes_before_cancel"]


def test_races_that_settle_are_most_of_them():
    """The trials below leave out only those that were seen to last longer, or for ever."""
    assert set(races.RACES) - set(SETTLING) == {
        "delivers_after_cancel",
        "loses_the_revoke",
        "sticks_and_finishes",
        "sticks_in_canceling",
        "never_starts",
    }


@pytest.mark.parametrize("race", SETTLING)
async def test_races_end_for_the_client_as_for_the_server(race):
    """Whoever cancels holds the server's last word, and the outcome that belongs to it."""
    wrong = [ended for ended in await trials(races.RACES[race].draw, NUMBER) if not ended.right]

    assert wrong == []


@pytest.mark.parametrize("race", SETTLING)
async def test_races_end_right_although_others_look_in_that_moment(race):
    """A look that finds an end before its time is believed by nobody who shares the handle."""
    wrong = [ended for ended in await trials(races.RACES[race].draw, NUMBER, watched=True) if not ended.right]

    assert wrong == []


@pytest.mark.parametrize("race", OVERRULING)
async def test_ends_that_are_taken_back_are_believed_without_settle(race):
    """Who looked in the very milliseconds of the other end holds on to it; the next look shows the contradiction."""
    results = await trials(races.RACES[race].draw, NUMBER, settle=0.0, watched=True)

    assert all(ended.server is JobState.CANCELED for ended in results)
    assert any(not ended.right for ended in results)
    assert all(ended.right or ended.contradicts is JobState.CANCELED for ended in results)


@pytest.mark.parametrize("race", OVERRULED)
async def test_races_end_wrong_without_settle(race):
    """With a kind that is the same but for `settle`, some of the very same trials believe what does not last."""
    results = await trials(races.RACES[race].draw, NUMBER, settle=0.0, watched=True)

    assert all(ended.server is OVERRULED[race] for ended in results)
    assert any(not ended.right for ended in results)
    assert all(ended.right or ended.contradicts is OVERRULED[race] for ended in results)


@pytest.mark.parametrize(("settle", "all_right"), [(None, True), (0.0, False)], ids=["settle", "no-settle"])
@pytest.mark.parametrize("life", [races.finishes_after_cancel, races.fails_after_cancel])
async def test_races_that_take_nearly_as_long_as_settle(life, settle, all_right):
    """Far slower than any that was measured, and still right, with nobody looking; without `settle` they are not."""
    results = await trials(lambda rng: life(rng.uniform(0.001, 0.499)), NUMBER, settle=settle)

    assert all(ended.right for ended in results) is all_right
