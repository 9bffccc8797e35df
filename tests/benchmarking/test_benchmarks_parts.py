"""Each part of the benchmarks measures what it says, at a tiny scale; how fast anything was is not judged."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import _peers, decode, growth, import_time, lanes, memory, storm, wait, wakeup
from benchmarks._harness import Row, measure, percentile, ratio, serving

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(120)]

_STORM = ["--jobs", "30", "--latency", "1", "--repeats", "1", "--batches", "2"]
PARTS = {
    "decode": (decode, ["--times", "1"], 12),
    "growth": (growth, ["--jobs", "40", "--agenda", "100", "1000", "--repeats", "1", "--spare", "2"], 7),
    "import_time": (import_time, ["--rounds", "1"], 7),
    "lanes": (lanes, ["--jobs", "30", "--cancels", "1"], 3),
    "memory": (memory, ["--jobs", "40", "--rounds", "1", "--spare", "2"], 4),
    "storm": (storm, [*_STORM, "--warm", "--no-hardships", "--no-peers"], 24),
    "wait": (wait, ["agent runs", "--jobs", "20", "--seconds", "1", "--interval", "0.3", "--no-peers"], 14),
    "wait, limited": (wait, ["searches in 10 websets", "--jobs", "20", "--seconds", "1", "--limited"], 9),
    "wakeup": (wakeup, ["--jobs", "60", "--ending", "20", "--repeats", "1", "--pause", "1"], 6),
}


@pytest.fixture(scope="module")
def server():
    """Run one server for all."""
    if not _peers.installed():
        pytest.skip("the SDKs are not installed; the extra `bench` has them")
    with serving() as running:
        yield running


@pytest.mark.parametrize("part", PARTS)
def test_a_part_measures_and_keeps_its_figures(part, tmp_path, capsys):
    """A measurement that is none (a job cancelled twice, a wait that ended early) fails inside the part."""
    module, arguments, rows = PARTS[part]
    file = tmp_path / "figures.json"
    assert module.main([*arguments, "--json", str(file)]) in {0, 1}
    (kept,) = json.loads(file.read_text(encoding="utf-8"))["parts"].values()
    assert len(kept) == len(capsys.readouterr().out.splitlines()) == rows
    assert all(row["value"] >= 0 or row["figure"] == "  growth" for row in kept), kept


@pytest.mark.parametrize(
    ("who", "options"),
    [
        ("_peers:exa", {"workers": 0, "warm": True}),
        ("_peers:exa", {"workers": 2, "warm": False}),
        ("_peers:httpx", {}),
        ("_peers:watercrawl", {"workers": 2}),
        ("_storms:ours", {"service": "watercrawl", "workers": 0, "warm": True, "confirm": False}),
        ("_storms:ours", {"service": "exa", "workers": 0, "warm": False, "deadline": 2.0, "descriptors": 256}),
    ],
)
def test_everybody_cancels_each_job_with_one_request(server, who, options):
    """What is compared does the same work."""
    figures = measure(f"benchmarks.{who}", url=server.url, jobs=20, latency=0.0, **options)
    assert figures["requests"] == 1


@pytest.mark.parametrize("what", ["agent runs", "searches in as many websets"])
def test_exa_py_waits_for_the_same_jobs(server, what):
    """It asks for each job at least once, and nothing else."""
    figures = measure(
        "benchmarks._waits:exa", url=server.url, what=what, jobs=5, seconds=0.5, latency=0.0, interval=0.3
    )
    assert figures["looks"] == figures["requests"] >= 5


def test_importing_the_library_does_not_load_aiohttp():
    """What a program pays that has the import at its top is small."""
    _, loaded = import_time.measure("import asyncjobs")
    assert not loaded


def test_a_promise_is_kept_up_to_its_bound():
    """Bounds count as kept; without one nothing is promised."""
    assert [Row("c", "f", value, least=2).met for value in (1, 2)] == [False, True]
    assert [Row("c", "f", value, most=2).met for value in (2, 3)] == [True, False]
    assert Row("c", "f", 1).met is None


def test_ratios_are_taken_within_a_repeat():
    """A slow repeat changes no ratio."""
    ours = [{"rate": 1.0}, {"rate": 10.0}, {"rate": 3.0}]
    theirs = [{"rate": 2.0}, {"rate": 20.0}, {"rate": 3.0}]
    assert ratio(ours, theirs, "rate") == 0.5


def test_a_percentile_is_one_of_the_values():
    """Of a hundred values, the 95th in order is p95."""
    assert percentile(range(100), 0.95) == 95
    assert percentile([7.0], 0.99) == 7.0


_GOES_ON = """
import signal
import sys
print("measuring", file=sys.stderr, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no signal.pause")
def test_a_measurement_ends_with_whoever_wanted_it(tmp_path):
    """What is killed leaves nothing behind that would take the processor from the next measurement."""
    script = tmp_path / "goes_on.py"
    script.write_text(_GOES_ON, encoding="utf-8")
    program = f"from benchmarks._harness import measure; measure('runpy:run_path', path_name={str(script)!r})"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        assert process.stderr.readline() == "measuring\n"
        process.kill()
        assert process.stderr.read() == ""  # Until all who hold it have ended.
