"""What ``show``, ``wait`` and ``cancel`` write, and with which code they end: in memory and in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import shlex

import pytest
from rich.console import Console

from asyncjobs import Exa, JobState, WaterCrawl, cancel_all
from asyncjobs._cli_run import Log
from asyncjobs._cli_screen import Screen, as_dict
from asyncjobs._cli_services import SETTINGS, UsageProblem, connect, opened, read_refs
from asyncjobs._cli_verbs import cancel, show, wait
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client
from asyncjobs.sandbox import Answer, Drop, Fault, Life, Sandbox

KINDS = ("exa.search", "exa.enrichment", "exa.agent_run", "watercrawl.search")
KEY = "the-key-that-nobody-may-see"


def console(*, terminal=False):
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, height=30, color_system=None)


class Desk:
    """A sandbox with jobs, and a screen whose streams can be read."""

    def __init__(self, sandbox, session, clients):
        self.sandbox = sandbox
        self.exa, self.watercrawl = clients
        self.lives = {kind: Life.ordinary(kind, works=1.0) for kind in KINDS}
        self._session = session
        self.screen = Screen(as_json=False, out=console(), err=console())

    def use(self, *, terminal=False, as_json=False):
        self.screen = Screen(as_json=as_json, out=console(terminal=terminal), err=console(terminal=terminal))

    async def create(self, *kinds):
        """Start a job of each of *kinds* and return their refs as text."""
        webset = await self.exa.websets.create()
        ways = {
            "exa.search": lambda: self.exa.websets.searches.create(webset.id, query="q", count=5),
            "exa.enrichment": lambda: self.exa.websets.enrichments.create(webset.id, description="d"),
            "exa.agent_run": lambda: self.exa.agent.runs.create(query="q"),
            "watercrawl.search": lambda: self.watercrawl.searches.create("q"),
        }
        for kind in kinds:
            self.sandbox.script(kind, self.lives[kind])
        return [str((await ways[kind]()).ref) for kind in kinds]

    async def run(self, verb, refs, **options):
        """Run a command as a process of its own would, and return its exit code."""

        def make(provider):
            return Client(provider, KEY, base_url=self.sandbox.url, settings=SETTINGS, session=self._session)

        async with opened(read_refs(refs), make) as jobs:
            return await verb(jobs, self.screen, **options)

    @property
    def out(self):
        return self.screen.out.file.getvalue()

    @property
    def err(self):
        return self.screen.err.file.getvalue()

    @property
    def objects(self):
        return [json.loads(line) for line in self.out.splitlines()]


@contextlib.asynccontextmanager
async def desk(**options):
    async with (
        Sandbox(sockets=False, **options) as sandbox,
        sandbox.session() as session,
        Exa(KEY, base_url=sandbox.url, session=session) as exa,
        WaterCrawl(KEY, base_url=sandbox.url, session=session) as watercrawl,
    ):
        yield Desk(sandbox, session, (exa, watercrawl))


def command_in(text):
    """Return the words of the command that cancels what is left."""
    (line,) = [line for line in text.splitlines() if line.startswith("asyncjobs cancel")]
    return shlex.split(line)


# -- show ----------------------------------------------------------------------


async def test_show_looks_once_at_each_job_of_each_service():
    """One line each with kind, id, state, the service's word, progress and reason, in the order given."""
    async with desk() as at:
        refs = await at.create(*KINDS)
        await asyncio.sleep(2)

        assert await at.run(show, [*refs, refs[0]]) == 0

        lines = [line.split() for line in at.out.splitlines()]
        assert [f"{line[0]}:{line[1]}" for line in lines] == refs
        assert [line[2] for line in lines] == ["completed"] * 4
        assert [line[3] for line in lines] == ["completed", "completed", "completed", "finished"]
        assert "100 %, 5 found" in at.out
        assert lines[2][4] == "schema_satisfied"
        assert at.err == ""
        assert all(at.sandbox.ledger.count("look", kind) == 1 for kind in KINDS)


async def test_show_of_a_job_that_is_not_there_still_shows_the_others():
    """What could not be looked at is a message and exit code 1."""
    async with desk() as at:
        (ref,) = await at.create("exa.agent_run")

        assert await at.run(show, ["exa.agent_run:nobody", ref]) == 1
        assert at.out.count("\n") == 1
        assert ref.partition(":")[2] in at.out
        assert at.err.startswith("asyncjobs: exa.agent_run:nobody: 404 ")
        assert at.err.count("\n") == 1


async def test_a_terminal_cuts_no_id_off():
    """An id is there to be copied."""
    async with desk() as at:
        refs = await at.create(*KINDS)
        at.use(terminal=True)

        assert await at.run(show, refs) == 0
        columns = [line.split() for line in at.out.splitlines()]
        together = "".join(column for line in columns for column in line)
        assert "kind" in columns[0]
        assert "…" not in together
        assert all(kind in at.out for kind in KINDS)


# -- JSON ----------------------------------------------------------------------


@pytest.mark.parametrize("verb", [show, wait, cancel])
async def test_json_is_one_object_per_job_and_nothing_else(verb):
    """Whatever the command and whatever becomes of the job, the keys are the same."""
    async with desk() as at:
        refs = [*await at.create(*KINDS), "exa.agent_run:nobody"]
        at.use(as_json=True)

        assert await at.run(verb, refs) == 1
        assert sorted(found["ref"] for found in at.objects) == sorted(refs)
        for found in at.objects:
            assert list(found) == list(as_dict(at.exa.job("exa.agent_run:any")))
            assert found["state"] in list(JobState)
            assert (found["error"] is None) == (found["id"] != "nobody")
        (error,) = [found["error"] for found in at.objects if found["error"]]
        assert error["type"] == "NotFound"
        assert error["http_status"] == 404
        assert "nobody" in at.err


async def test_json_of_a_wait_comes_when_a_job_has_ended():
    """A script can go on with the first while the others still run; people see them on standard error."""
    async with desk() as at:
        at.lives["exa.agent_run"] = Life.ordinary("exa.agent_run", works=60.0)
        slow, quick = await at.create("exa.agent_run", "watercrawl.search")
        at.use(as_json=True)
        task = asyncio.create_task(at.run(wait, [slow, quick]))
        await asyncio.sleep(10)

        assert [found["ref"] for found in at.objects] == [quick]
        assert re.search(r"watercrawl\.search .* completed$", at.err, re.MULTILINE)
        assert await task == 0
        assert [found["state"] for found in at.objects] == ["completed", "completed"]


async def test_objects_and_a_table_do_not_meet_on_one_terminal():
    """With --json by hand progress comes in lines, among which the objects stay whole."""
    async with desk() as at:
        refs = await at.create(*KINDS)
        at.use(terminal=True, as_json=True)

        assert await at.run(wait, refs) == 0
        assert len(at.objects) == 4
        assert "\x1b" not in at.err


# -- wait ----------------------------------------------------------------------


async def test_wait_ends_well_if_all_completed():
    """In a pipe each change is a line, and no job is mentioned before anything is known of it."""
    async with desk() as at:
        refs = await at.create(*KINDS)

        assert await at.run(wait, refs) == 0
        assert len(re.findall(r" completed( |$)", at.out, re.MULTILINE)) == 4
        assert "unknown" not in at.out
        assert "\x1b" not in at.out
        assert at.err == ""


@pytest.mark.parametrize(("kind", "ends"), [("exa.agent_run", "failed"), ("watercrawl.search", "canceled")])
async def test_wait_for_a_job_that_does_not_complete(kind, ends):
    """Exit code 1, and its state."""
    async with desk() as at:
        at.lives[kind] = Life.ordinary(kind, works=1.0, ends=ends)
        refs = [*await at.create(kind), *await at.create("exa.search")]

        assert await at.run(wait, refs) == 1
        assert re.search(rf"{re.escape(kind)} .* {ends}", at.out)


async def test_a_terminal_tells_the_reasons_at_the_end():
    """The live table has no room for them."""
    async with desk() as at:
        at.lives["exa.agent_run"] = Life.ordinary("exa.agent_run", ends="failed")
        refs = await at.create("exa.agent_run", "exa.search")
        at.use(terminal=True)

        assert await at.run(wait, refs) == 1
        assert " error " in at.out[at.out.rindex("2 jobs: ") :]


async def test_a_wait_that_is_over_says_how_to_cancel_what_goes_on():
    """With --timeout: exit code 1, and the command for those that have not ended."""
    async with desk() as at:
        at.lives["exa.search"] = Life.ordinary("exa.search", works=None)
        slow, quick = await at.create("exa.search", "watercrawl.search")
        began = asyncio.get_running_loop().time()

        assert await at.run(wait, [slow, quick], timeout=5.0) == 1
        assert asyncio.get_running_loop().time() - began == pytest.approx(5.0, abs=0.5)
        assert command_in(at.err) == ["asyncjobs", "cancel", slow]
        assert at.sandbox.ledger.active() != []


async def test_a_wait_without_time_looks_once():
    """Zero is a question: is it over?"""
    async with desk() as at:
        refs = await at.create("exa.search")
        assert await at.run(wait, refs, timeout=0.0) == 1
        await asyncio.sleep(5)
        at.use()
        assert await at.run(wait, refs, timeout=0.0) == 0
        assert at.sandbox.ledger.count("look", "exa.search") == 2


@pytest.mark.parametrize("as_json", [False, True])
async def test_an_interrupted_wait_leaves_the_jobs_and_says_how_to_cancel_them(as_json):
    """The command names just those that had not ended, and each job still has its object."""
    async with desk() as at:
        for kind in ("exa.search", "exa.agent_run"):
            at.lives[kind] = Life.ordinary(kind, works=None)
        refs = await at.create(*KINDS)
        at.use(as_json=as_json)
        task = asyncio.create_task(at.run(wait, refs))
        await asyncio.sleep(10)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert command_in(at.err) == ["asyncjobs", "cancel", refs[0], refs[2]]
        assert not any(at.sandbox.ledger.count("cancel", kind) for kind in KINDS)
        if as_json:
            interrupted = {found["ref"] for found in at.objects if found["error"]}
            assert len(at.objects) == 4
            assert interrupted == {refs[0], refs[2]}


# -- cancel --------------------------------------------------------------------


async def test_cancel_reports_on_each_job():
    """Jobs that ended first are no error: all have ended."""
    async with desk() as at:
        for kind in KINDS[:3]:
            at.lives[kind] = Life.ordinary(kind, works=None)
        refs = await at.create(*KINDS)
        await asyncio.sleep(5)

        assert await at.run(cancel, refs) == 0
        assert [line.split()[2:] for line in at.out.splitlines()] == [
            *[["canceled", "canceled"]] * 3,
            ["already", "done", "completed"],
        ]
        assert at.err == ""
        assert not at.sandbox.ledger.active()


async def test_cancel_reports_a_failure_beside_the_others():
    """One that may still be running is a message with the reason, and exit code 1."""
    async with desk() as at:
        for kind in KINDS:
            at.lives[kind] = Life.ordinary(kind, works=None)
        refs = await at.create(*KINDS)
        at.sandbox.fault(Fault(Answer(402), verb="cancel", kind="exa.agent_run", times=None))

        assert await at.run(cancel, refs) == 1
        assert at.out.count("canceled  canceled") == 3
        assert at.err.startswith(f"asyncjobs: {refs[2]}: 402 ")
        assert at.err.count("\n") == 1


async def test_a_cancel_that_has_no_effect_is_not_called_a_success():
    """Within its time the job was not seen to end: exit code 1, and the command to try again."""
    async with desk() as at:
        at.lives["exa.search"] = Life([(0, "running")], after_cancel=[])
        refs = await at.create("exa.search")

        assert await at.run(cancel, refs, timeout=5.0) == 1
        assert command_in(at.err) == ["asyncjobs", "cancel", *refs]


async def test_a_service_that_says_later_is_asked_later():
    """A pause longer than a retry's patience does not leave jobs running, as long as --timeout allows for it."""
    async with desk() as at:
        at.lives["exa.search"] = Life.ordinary("exa.search", works=None)
        refs = await at.create("exa.search")
        at.sandbox.fault(Fault(Answer(429, headers={"Retry-After": "30"}), verb="cancel"))

        assert await at.run(cancel, refs) == 0
        assert not at.sandbox.ledger.active()


async def test_a_service_that_says_much_later_is_not_waited_for():
    """A pause beyond --timeout ends it at once."""
    async with desk() as at:
        at.lives["exa.search"] = Life.ordinary("exa.search", works=None)
        refs = await at.create("exa.search")
        at.sandbox.fault(Fault(Answer(429, headers={"Retry-After": "30"}), verb="cancel"))
        began = asyncio.get_running_loop().time()

        assert await at.run(cancel, refs, timeout=20.0) == 1
        assert asyncio.get_running_loop().time() - began <= 20
        assert "429" in at.err


async def test_without_confirmation_it_waits_until_the_request_was_taken():
    """WaterCrawl refuses to cancel what is still new: leaving before that would leave it running."""
    async with desk() as at:
        at.lives["watercrawl.search"] = Life.ordinary("watercrawl.search", waits=40.0, works=None)
        at.lives["exa.search"] = Life([(0, "running")], after_cancel=[])
        refs = await at.create("watercrawl.search", "exa.search")

        assert await at.run(cancel, refs, confirm=False) == 0
        assert [line.split()[2] for line in at.out.splitlines()] == ["requested", "requested"]
        assert at.sandbox.status(refs[0]) == "canceled"


async def test_without_confirmation_time_is_bounded_too():
    """What a service does not take in time is reported."""
    async with desk() as at:
        at.lives["watercrawl.search"] = Life.ordinary("watercrawl.search", waits=None)
        refs = await at.create("watercrawl.search")

        assert await at.run(cancel, refs, confirm=False, timeout=5.0) == 1
        assert command_in(at.err) == ["asyncjobs", "cancel", *refs]


async def test_an_interrupted_cancel_names_what_it_did_not_see_end():
    """The others have their outcome."""
    async with desk() as at:
        at.lives["exa.search"] = Life([(0, "running")], after_cancel=[])
        stuck, other = await at.create("exa.search", "exa.agent_run")
        at.use(as_json=True)
        task = asyncio.create_task(at.run(cancel, [stuck, other]))
        await asyncio.sleep(3)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert command_in(at.err) == ["asyncjobs", "cancel", stuck]
        assert {found["ref"]: found["outcome"] for found in at.objects} == {stuck: None, other: "canceled"}


async def test_a_terminal_shows_the_cancels_while_they_last():
    """A table during, the report after."""
    async with desk() as at:
        at.lives["watercrawl.search"] = Life.ordinary("watercrawl.search", waits=5.0, works=None)
        refs = await at.create("watercrawl.search")
        at.use(terminal=True)

        assert await at.run(cancel, refs) == 0
        assert "1 job: 1 queued" in at.out
        assert "outcome" in at.out[at.out.rindex("1 job: ") :]


# -- services that misbehave ---------------------------------------------------


@pytest.mark.parametrize("verb", [show, wait, cancel])
async def test_a_service_that_is_not_there_is_given_up_soon(verb):
    """A message after some seconds, an end after about ten, and exit code 1."""
    async with desk() as at:
        refs = await at.create("exa.agent_run")
        at.sandbox.fault(Fault(Drop(), times=None))
        clock = asyncio.get_running_loop().time
        began = clock()
        task = asyncio.create_task(at.run(verb, refs))
        await asyncio.sleep(3)
        assert "no usable answer from exa" in at.err

        assert await task == 1
        assert 3 < clock() - began < 12
        assert at.err.count("\n") == 2
        assert refs[0] in at.err


async def test_a_service_that_falls_silent_is_waited_for():
    """A wait survives an outage, and says so; so does it of the next one."""
    async with desk() as at:
        at.lives["exa.agent_run"] = Life.ordinary("exa.agent_run", works=300.0)
        refs = await at.create("exa.agent_run")
        task = asyncio.create_task(at.run(wait, refs))
        await asyncio.sleep(20)
        assert at.err == ""
        for times in (1, 2):
            at.sandbox.fault(Fault(Drop(), times=None))
            await asyncio.sleep(60)
            assert at.err.count("no usable answer") == times
            at.sandbox.clear_faults()
            await asyncio.sleep(60)

        assert await task == 0


@pytest.mark.parametrize("verb", [show, wait, cancel])
async def test_a_wrong_key_is_said_to_be_one(verb):
    """The variable is named, the key is not shown, even if the service repeats it."""
    async with desk() as at:
        refs = await at.create("exa.agent_run")
        echo = json.dumps({"error": f"who is {KEY}?", "tag": "INVALID_API_KEY"})
        at.sandbox.fault(Fault(Answer(401, body=echo), times=None))

        assert await at.run(verb, refs) == 1
        assert "exa does not accept the key in EXA_API_KEY" in at.err
        assert KEY not in at.err + at.out


EVIL = "\x1b]0;title\x07\x1b[31mred\r\u202eright to left\u2066\x9b2J\n"


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("verb", [show, wait, cancel])
async def test_what_a_service_writes_is_data(verb, terminal, as_json):
    """Escape sequences, control characters and marks of direction reach no terminal, from whatever field."""
    async with desk() as at:
        refs = await at.create("exa.agent_run", "exa.search", "exa.agent_run")
        at.sandbox.end(refs[0], EVIL)
        at.sandbox.end(refs[1], "canceled", reason=EVIL)
        body = json.dumps({"error": EVIL, "tag": EVIL})
        at.sandbox.fault(Fault(Answer(403, body=body), path=refs[2].partition(":")[2], times=None))
        at.use(terminal=terminal, as_json=as_json)
        options = {} if verb is show else {"timeout": 5.0}

        assert await at.run(verb, refs, **options) == 1
        for text in (at.out, at.err):
            # What a live table needs is not the service's.
            assert "\x1b]" not in text
            assert "\x1b[31m" not in text
            assert not set(text) & set("\x07\x9b\u202e\u2066")
        if as_json and verb is show:
            assert at.objects[0]["status"] == EVIL
            assert at.objects[1]["reason"] == EVIL


def test_a_warning_of_the_library_is_a_message():
    """It is written like all others, and as clean."""
    screen = Screen(as_json=False, out=console(), err=console())
    Log(screen).handle(logging.makeLogRecord({"msg": "odd\x1b[2J", "levelno": 30}))

    assert screen.err.file.getvalue() == "asyncjobs: odd\N{REPLACEMENT CHARACTER}[2J\n"


# -- the command line ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "exa.search", "exa.search:", "exa.search:s_1", "exa.agent_run:a/b", "exa.search:a/%1b", "x.y:z"],
)
def test_a_wrong_ref_is_explained_in_one_line(text):
    """The message shows it, and what would be right."""
    with pytest.raises(UsageProblem) as caught:
        read_refs(["exa.agent_run:good", text])

    said = str(caught.value)
    assert "\n" not in said
    assert repr(text) in said or text.partition(":")[0] in said
    assert re.search(r"str\(job\.ref\)|expected exa\.\w+:[A-Z/]+$|known are exa\.search, ", said)


@pytest.mark.parametrize(
    ("key", "url", "named"),
    [
        (None, None, "EXA_API_KEY"),
        ("", None, "EXA_API_KEY"),
        ("a\nb", None, "EXA_API_KEY"),
        ("key", "ftp://x", "EXA_BASE_URL"),
        ("key", "http://user:hunter2@x", "EXA_BASE_URL"),
    ],
)
def test_an_environment_that_cannot_be_used_is_explained(monkeypatch, key, url, named):
    """The message names the variable, and shows no value."""
    for name, value in (("EXA_API_KEY", key), ("EXA_BASE_URL", url)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)

    with pytest.raises(UsageProblem, match=named) as caught:
        connect(EXA)
    assert "hunter2" not in str(caught.value)


async def test_nothing_is_sent_if_one_key_is_missing(monkeypatch):
    """All services are made ready before the first request."""
    monkeypatch.setenv("EXA_API_KEY", "any")
    monkeypatch.delenv("WATERCRAWL_API_KEY", raising=False)
    refs = read_refs(["exa.agent_run:a", "watercrawl.search:b"])

    with pytest.raises(UsageProblem, match="WATERCRAWL_API_KEY"):
        async with opened(refs):
            pytest.fail("it went on")


async def test_cancel_keeps_to_its_concurrency():
    """At most so many requests wait for their answer at the same time, with and without confirmation."""
    for confirm in (True, False):
        async with desk(latency=1.0) as at:
            at.lives["exa.agent_run"] = Life.ordinary("exa.agent_run", works=None)
            refs = await at.create(*["exa.agent_run"] * 12)
            began = asyncio.get_running_loop().time()

            assert await at.run(cancel, refs, confirm=confirm, concurrency=3) == 0
            assert asyncio.get_running_loop().time() - began >= 4
            await cancel_all([])
