"""What a look costs the agenda, counted in operations: time says nothing on a busy machine."""

from __future__ import annotations

import itertools
import math

import pytest

from asyncjobs._agenda import Agenda
from asyncjobs._rounds import Route, Tally
from asyncjobs.kinds import Call, Survey

SET = Survey(Call("GET", "/sets/{set}", repeatable=True), rows="jobs", scope=("set",))


class Counted(float):
    """A time that counts how often it is compared."""

    compared = 0

    def __lt__(self, other):
        Counted.compared += 1
        return float.__lt__(self, other)

    def __eq__(self, other):
        Counted.compared += 1
        return float.__eq__(self, other)

    __hash__ = float.__hash__


class Key:
    """A job that counts how often any of its sort is looked up."""

    looked_up = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        Key.looked_up += 1
        return self.number


def operations(work):
    """Return how often times were compared and keys looked up in the course of *work*."""
    before = Counted.compared, Key.looked_up
    work()
    return Counted.compared - before[0], Key.looked_up - before[1]


def filled(count, *, every=0):
    """Return an agenda of so many keys, due one after the other; with *every* in sets of so many."""
    made = Agenda()
    for number in range(count):
        key = Key(number)
        if every:
            made.join(key, (Route(SET, (str(number // every),)),), 1.0)
        made.schedule(key, Counted(number // every if every else number))
    return made


def cost(count, *, every=0):
    """Return what a hundred errands cost on average, each key being scheduled anew after it."""
    made, looks = filled(count, every=every), 100
    later = itertools.count(count)

    def work():
        for now in range(looks):
            for errand in made.take(float(now), 1):
                if errand.route is not None:
                    tally = Tally()
                    tally.page(0, shown=len(errand.keys), useful=len(errand.keys), left=0)
                    made.surveyed(errand.route, float(now), tally)
                for key in errand.keys:
                    made.schedule(key, Counted(next(later)))
            made.next_due()

    compared, looked_up = operations(work)
    return compared / looks, looked_up / looks


@pytest.mark.parametrize("every", [0, 4])
def test_a_look_costs_the_logarithm_of_how_many_are_waited_for(every):
    """From a thousand to sixty-four thousand jobs, alone or by lists that show four each."""
    few, many = cost(1_000, every=every), cost(64_000, every=every)
    assert many[0] <= few[0] * math.log2(64_000) / math.log2(1_000) + 2
    assert many[1] <= few[1] + 1


def test_who_leaves_costs_nothing_of_the_others():
    """However many there are."""
    figures = []
    for count in (1_000, 64_000):
        made = filled(count, every=4)
        figures.append(operations(lambda made=made: [made.leave(key) for key in made.keys()[:100]])[1])
    assert figures[1] <= figures[0] + 100
