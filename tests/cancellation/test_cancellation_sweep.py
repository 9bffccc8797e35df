"""
A task that waits is cancelled at every point where it can wait, in every manner.

A native cancel strikes before each turn of the loop; the other manners strike here and there, each elsewhere, and
before each turn as well with ``ASYNCJOBS_SWEEP=all`` in the environment.
"""

from __future__ import annotations

import os

import pytest
from cancellation_scenarios import ALL
from cancellation_sweep import MODES, Mode, Scenario, sweep

_STEP = 1 if os.environ.get("ASYNCJOBS_SWEEP") == "all" else 11


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_native_cancel_at_any_point_leaves_nothing_behind(scenario: Scenario) -> None:
    """Not a task, a waiter, a place, a connection or a job that nobody knows of; and the client goes on."""
    assert sweep(scenario, Mode) > 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mode", MODES[1:], ids=lambda mode: mode.name)
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_cancellation_of_any_manner_leaves_nothing_behind(scenario: Scenario, mode: type[Mode]) -> None:
    """Twice, by a scope, by both, by a timeout or for a failed sibling: as after a native cancel."""
    sweep(scenario, mode, step=_STEP, offset=3 * MODES.index(mode) % _STEP)
