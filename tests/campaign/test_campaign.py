"""A short campaign of faults, and proof that it would see a protection go missing; see `benchmarks.faults`."""

from __future__ import annotations

import json

import attrs
import pytest

from benchmarks import faults
from benchmarks._faults_audit import BAD
from benchmarks._faults_plans import Setup
from benchmarks._faults_run import run
from benchmarks._faults_without import WITHOUT

#: Where the loss shows sooner: only WaterCrawl overwrites an end that it has shown.
WHERE = {"settle": {"kinds": ("watercrawl.search",), "jobs": 200}}


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_bad_happens_in_a_campaign(seed):
    """A fifth of all requests is struck, and every bad column stays zero."""
    result = run(Setup(seed, jobs=80, rate=0.2))

    assert result.cases == []
    assert result.counts["struck"] > 20
    assert result.counts["created"] > 40


def test_nothing_goes_wrong_in_good_weather():
    """Without faults nothing is uncertain either."""
    result = run(Setup(7, jobs=80, rate=0.0))

    assert result.cases == []
    assert result.faults.total() == result.counts["uncertain"] == result.counts["unconfirmed"] == 0


@pytest.mark.parametrize("name", WITHOUT)
def test_the_campaign_sees_the_loss_of_a_protection(name):
    """Without it, the column that it is for is not zero, in one of a few short runs at the latest."""
    column, _ = WITHOUT[name]
    setup = Setup(0, **{"jobs": 80, "rate": 0.2, "without": name} | WHERE.get(name, {}))

    assert any(run(attrs.evolve(setup, seed=seed)).counts[column] for seed in range(1, 7))


def test_a_run_can_be_repeated():
    """The same seed gives the same run."""
    first, second = (run(Setup(3, jobs=40, rate=0.2)) for _ in range(2))

    assert first == second


def test_the_report_says_it_all(capsys):
    """The table names every column, JSON has the same figures, and the exit code tells whether all is well."""
    arguments = ["--jobs", "10", "--seeds", "1", "--rate", "0"]

    assert faults.main(arguments) == 0
    table = capsys.readouterr().out
    assert all(column in table for column in BAD)
    assert faults.main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["counts"]["jobs"] >= 10, told["cases"]) == (True, True, [])
    assert all(f"\n{column} " in faults.__doc__ for column in BAD)
