"""A thousand waits, and a thousand cancels, through an outage of a minute."""

from __future__ import annotations

import pytest

from asyncjobs.testing import run_virtual
from benchmarks import outage


@pytest.mark.parametrize("way", outage.WAYS)
def test_a_thousand_waits_outlast_an_outage_without_a_storm(way):
    """At most 2 % of the ordinary looks are sent, the return is noticed in one step, and every wait ends well."""
    figures = run_virtual(outage.drill(way))
    assert figures.results == {"completed": 1000}
    assert figures.sent <= 0.02 * figures.ordinary
    assert figures.noticed <= outage.LONGEST_STEP + 1
    assert figures.done <= figures.noticed + 5
    # No stampede: never more at once than looks have places, and one look at each job, besides those that still hang.
    hanging = figures.sent if way == "stalled" else 0
    assert figures.peak <= 80 + hanging
    assert figures.after <= 1000 + 2 * figures.sent


@pytest.mark.parametrize("way", ["refused", "503 with HTML"])
def test_a_thousand_cancels_against_a_dead_service_are_bounded(way):
    """One request for each job at once, which nothing delays; after that, one in a second for all of them together."""
    figures = run_virtual(outage.cancels(way, seconds=60.0))
    assert figures.results == {"canceled": 1000}
    assert 1000 <= figures.sent <= 1000 + 2 * 60
    assert figures.noticed <= 2.0


def test_cancels_give_up_when_their_budget_is_over():
    """A service that stays away: each raises the last error after retry_budget, and the requests stay bounded."""
    figures = run_virtual(outage.cancels("refused", jobs=300, seconds=400.0))
    assert figures.results == {"TransportError": 300}
    assert figures.sent <= 300 + 2 * 120
