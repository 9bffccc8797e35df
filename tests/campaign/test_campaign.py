"""A short campaign of faults, and proof that it would see a protection go missing; see `benchmarks.faults`."""

from __future__ import annotations

import importlib
import json
import pkgutil

import attrs
import pytest

import asyncjobs
from asyncjobs.kinds import JobKind
from benchmarks import faults
from benchmarks._faults_audit import BAD
from benchmarks._faults_clients import SOURCES, Setup
from benchmarks._faults_making import MAKERS
from benchmarks._faults_run import run
from benchmarks._faults_truth import KINDS
from benchmarks._faults_without import WITHOUT

#: Where the loss shows sooner: only WaterCrawl overwrites an end that it has shown, and only Websets delivers anything.
WHERE = {
    "settle": {"kinds": ("watercrawl.search",), "jobs": 200},
    "signatures": {"sources": ("webhooks",)},
    "backstop": {"kinds": ("exa.search",), "sources": ("webhooks", "events")},
    "derived-end": {"kinds": ("exa.webset",)},
    "uploads": {"kinds": ("exa.import",)},
}
#: What shows with the kinds that take several calls, and with what is told by itself.
SEEN = [
    ("outcome-unknown", {"kinds": ("exa.webset",)}),
    ("outcome-unknown", {"kinds": ("exa.import",)}),
    ("reconciliation", {"kinds": ("exa.webset",)}),
    ("reconciliation", {"kinds": ("exa.import",)}),
    ("clean-up", {"kinds": ("exa.webset",)}),
    ("shield", {"kinds": ("exa.webset",)}),
    ("repeatable", {"kinds": ("exa.monitor_run",)}),
    ("adoption", {"kinds": ("exa.webset",)}),
    ("adoption", {"kinds": ("exa.import",)}),
    ("signatures", {"kinds": ("exa.import",), "sources": ("webhooks",)}),
    ("signatures", {"kinds": ("exa.monitor_run",), "sources": ("webhooks",)}),
    ("backstop", {"kinds": ("exa.webset",), "sources": ("webhooks",)}),
]


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_bad_happens_in_a_campaign(seed):
    """A fifth of all requests is struck, and every bad column stays zero."""
    result = run(Setup(seed, jobs=80, rate=0.2))

    assert result.cases == []
    assert result.counts["struck"] > 20
    assert result.counts["created"] > 40


def test_every_kind_of_the_library_is_in_the_campaign():
    """Whatever kind a package of the library shows: one that comes later cannot be forgotten."""
    packages = [each.name for each in pkgutil.iter_modules(asyncjobs.__path__, "asyncjobs.") if each.ispkg]
    shown = [value for name in packages for value in vars(importlib.import_module(name)).values()]

    assert {value.name for value in shown if isinstance(value, JobKind)} == set(KINDS) == set(MAKERS)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_bad_happens_to_any_kind(kind):
    """Each kind by itself, where nothing else takes the faults upon itself."""
    result = run(Setup(2, jobs=40, rate=0.2, kinds=(kind,)))

    assert result.cases == []
    assert result.counts["created"] > 15


@pytest.mark.parametrize(("source", "shows"), [("looks", "survey"), ("webhooks", "webhook"), ("events", "event")])
def test_nothing_bad_happens_wherever_news_comes_from(source, shows):
    """Deliveries are late, repeated, forged and lost, lists of events fail: every wait ends, and ends rightly."""
    result = run(Setup(7, jobs=60, rate=0.2, kinds=("exa.search", "exa.webset"), sources=(source,)))

    assert result.cases == []
    assert set(SOURCES) == {"looks", "webhooks", "events"}
    assert result.shown[shows] > 3


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


@pytest.mark.parametrize(("name", "where"), SEEN, ids=lambda value: str(value).strip("{}"))
def test_the_campaign_sees_the_loss_with_each_kind(name, where):
    """The same, where jobs of one kind are all there is."""
    column, _ = WITHOUT[name]
    setup = Setup(0, jobs=80, rate=0.2, without=name, **where)

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
