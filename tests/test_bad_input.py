"""Bad input: a typed error that says what and where, before anything is sent, and everything stays usable."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import math
import pickle
import threading
import traceback

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from services import URL, answer, scripted, serving

from asyncjobs import (
    APIError,
    AsyncJobsError,
    AuthenticationError,
    ClientClosed,
    CreateUncertain,
    Exa,
    InvalidArgument,
    InvalidRequest,
    Job,
    JobRef,
    JobState,
    NotFound,
    Progress,
    ProtocolError,
    Settings,
    WaitTimeout,
    WaterCrawl,
    WrongLoop,
    as_completed,
    cancel_all,
    wait_all,
)
from asyncjobs.exa import verify_webhook
from asyncjobs.sandbox import Answer, Fault, Redirect, Sandbox
from asyncjobs.testing import VirtualLoop

KEY = "s3cret-k3y"


@contextlib.asynccontextmanager
async def opened(*, settings=None, key=KEY, **options):
    """Give a sandbox and a client of each service; afterwards both must still work."""
    async with Sandbox(sockets=False, **options) as sandbox:
        session = sandbox.session()
        with_key = {"base_url": sandbox.url, "session": session, "settings": settings}
        async with Exa(key, **with_key) as exa, WaterCrawl(key, **with_key) as watercrawl:
            yield sandbox, exa, watercrawl
            sandbox.clear_faults()
            if not exa._engine.closed and options.get("api_keys") is None:
                assert await (await exa.agent.runs.create(query="still usable")) is not None


def texts(error):
    """Return everything that can be read off an error."""
    parts = [*traceback.format_exception(error)]
    while error is not None:
        parts += [repr(error), str(error), repr(error.args), repr(vars(error)), repr(pickle.dumps(error))]
        error = error.__cause__ or error.__context__
    return "".join(parts)


# -- keys --------------------------------------------------------------------


@pytest.mark.parametrize("client", [Exa, WaterCrawl])
@pytest.mark.parametrize(
    "key", ["", " ", "\t\n", "k3y\n", "a\nb", "a\r\nX-Evil: 1", "a\x00b", "schlüssel", 3, b"k3y", ["k"]]
)
def test_a_key_that_cannot_be_one(client, key):
    """Refused where the client is made, and never shown."""
    with pytest.raises(InvalidArgument) as caught:
        client(key)
    assert caught.value.field == "api_key"
    if isinstance(key, str) and key.strip():
        assert key.strip() not in texts(caught.value)


@pytest.mark.parametrize(("client", "name"), [(Exa, "EXA_API_KEY"), (WaterCrawl, "WATERCRAWL_API_KEY")])
def test_without_a_key_the_error_says_where_it_could_be(client, name, monkeypatch):
    """The environment variable is named; an empty one is no key either."""
    monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidArgument, match=name):
        client()
    monkeypatch.setenv(name, "")
    with pytest.raises(InvalidArgument, match="api_key"):
        client()


@pytest.mark.parametrize("verb", ["create", "look", "cancel", "list"])
async def test_a_wrong_key_is_an_authentication_error(verb):
    """From every verb, at once, with the service's words and without the key."""
    async with opened(api_keys=["right"], key="wr0ng-k3y") as (sandbox, exa, _):
        job = exa.job("exa.agent_run:r1")
        with pytest.raises(AuthenticationError) as caught:
            match verb:
                case "create":
                    await exa.agent.runs.create(query="x")
                case "look":
                    await job.wait()
                case "cancel":
                    await job.cancel()
                case "list":
                    await anext(exa.agent.runs.list())
        assert caught.value.status == 401
        assert caught.value.url.startswith(sandbox.url)
        assert "wr0ng-k3y" not in texts(caught.value)
        assert len(sandbox.ledger.requests) == 1
        assert not sandbox.ledger.created()


async def test_the_key_is_nowhere_to_be_read(caplog):
    """Not in a repr, a log record, an error, its causes or a pickle, whatever goes wrong."""
    faults = [
        Answer(401, {"error": f"bad key {KEY}", "tag": KEY}),
        Answer(500, f"<html>{KEY}</html>"),
        Answer(400, {"message": "x", "errors": {KEY: [KEY]}}),
        Answer(403, {"error": {"message": KEY}}, headers={"X-Request-Id": KEY}),
        Redirect("http://[", 302),
        Answer(200, "<html>"),
    ]
    told = []
    with caplog.at_level(logging.DEBUG):
        async with opened(settings=Settings(retry_budget=0)) as (sandbox, exa, watercrawl):
            job = await exa.agent.runs.create(query="x")
            told += map(repr, (exa, watercrawl, exa._engine, exa._engine.settings, job, exa.agent.runs, exa.websets))
            for fault in faults:
                for work in (lambda: exa.agent.runs.create(query="x"), job.refresh, lambda: exa.websets.get("w")):
                    sandbox.fault(Fault(fault))
                    with pytest.raises(AsyncJobsError) as caught:
                        await work()
                    told.append(texts(caught.value))
                    sandbox.clear_faults()
    told += [repr(vars(record)) + record.getMessage() for record in caplog.records]
    assert len(told) > 30
    assert KEY not in "".join(told)


@pytest.mark.real_time
async def test_the_key_reaches_no_other_origin():
    """A read that is redirected arrives there without the key; a write is not sent on at all."""
    stolen, other = [], web.Application()

    async def take(request):
        stolen.append(request)
        return web.json_response({"id": "r1", "object": "agent_run", "status": "completed"})

    other.router.add_route("*", "/{path:.*}", take)
    front = web.Application()
    async with TestServer(other) as thief:

        async def redirect(request):
            assert request.headers["x-api-key"] == KEY
            raise web.HTTPTemporaryRedirect(thief.make_url("/stolen"))

        front.router.add_route("*", "/{path:.*}", redirect)
        async with TestServer(front) as server, Exa(KEY, base_url=str(server.make_url("/"))) as exa:
            job = exa.job("exa.agent_run:r1")
            await job.refresh()
            assert len(stolen) == 1
            assert KEY not in repr(dict(stolen[0].headers)) + str(stolen[0].url)
            for write in (
                exa.agent.runs.create(query="x"),
                exa.agent.runs.delete("r1"),
                exa.job("exa.agent_run:r2").cancel(),
            ):
                with pytest.raises(APIError, match="redirect") as caught:
                    await write
                assert caught.value.status == 307
            assert len(stolen) == 1


# -- sessions ----------------------------------------------------------------


async def test_a_session_with_credentials_is_refused():
    """They would travel beside the key."""
    async with Sandbox(sockets=False) as sandbox:
        session = sandbox.session(headers={"Authorization": "Bearer s3cret"})
        with pytest.raises(InvalidArgument) as caught:
            Exa("key", base_url=sandbox.url, session=session)
        assert caught.value.field == "session"
        assert "s3cret" not in str(caught.value)


async def test_a_session_is_used_as_it_is_and_left_open():
    """Its middlewares do not run for us, and closing the client does not close it."""
    ran = []

    async def middleware(request, handler):
        ran.append(request)
        return await handler(request)

    async with Sandbox(sockets=False) as sandbox:
        session = sandbox.session(middlewares=(middleware,))
        async with Exa("key", base_url=sandbox.url, session=session) as exa:
            await (await exa.agent.runs.create(query="x"))
        assert not ran
        assert not session.closed


async def test_a_session_that_was_closed_ends_every_verb():
    """A wait for a session that will not open again would be for ever."""
    async with Sandbox(sockets=False) as sandbox:
        session = sandbox.session()
        async with Exa("key", base_url=sandbox.url, session=session) as exa:
            job = await exa.agent.runs.create(query="x")
            await session.close()
            for work in (job.wait, job.refresh, job.cancel, lambda: exa.agent.runs.create(query="x")):
                async with asyncio.timeout(3600):
                    with pytest.raises(ClientClosed, match="session"):
                        await work()


# -- arguments ---------------------------------------------------------------


@pytest.mark.parametrize("base_url", ["", " ", "api.exa.ai", "ftp://x", "http://u:p@x", 3])
def test_an_address_that_is_none(base_url):
    """An empty one does not mean the real service."""
    with pytest.raises(InvalidArgument) as caught:
        Exa("key", base_url=base_url)
    assert caught.value.field == "base_url"


@pytest.mark.parametrize("settings", [3, {}, "x", Settings])
def test_settings_that_are_none(settings):
    """The error names the type."""
    with pytest.raises(InvalidArgument, match=f"settings: .*{type(settings).__name__}"):
        Exa("key", settings=settings)


BAD_IDS = [".", "..", "", "a\nb", "a\x00", "\x7f", "\ud800", "x" * 301, None, 3, b"x", ["x"], True]


@pytest.mark.parametrize("bad", BAD_IDS, ids=lambda value: repr(value)[:12])
async def test_an_id_that_cannot_be_one(bad):
    """Refused before anything is sent, wherever an id is taken, with the name of the argument."""
    async with opened() as (sandbox, exa, watercrawl):
        works = {
            "webset": lambda: exa.websets.get(bad),
            "id": lambda: exa.websets.searches.get("ws", bad),
            "uuid": lambda: watercrawl.searches.get(bad),
        }
        for field, work in works.items():
            with pytest.raises(InvalidArgument) as caught:
                await work()
            assert caught.value.field == field
        for work in (
            lambda: exa.agent.runs.cancel(bad),
            lambda: exa.agent.runs.delete(bad),
            lambda: exa.websets.enrichments.update("ws", bad),
            lambda: exa.websets.searches.create(bad, query="x", count=1),
        ):
            with pytest.raises(InvalidArgument):
                await work()
        for rows in (exa.websets.items.list(bad), exa.agent.runs.events(bad)):
            with pytest.raises(InvalidArgument):
                await anext(rows)
        assert not sandbox.ledger.requests


@pytest.mark.parametrize(
    "odd", ["a/b", "../agent/runs", "a%2Fb", "%2e%2e", "a?b", "a#b", "a b", "é", "a;b", "{id}", "\\"]
)
async def test_an_odd_id_reaches_no_other_path(odd):
    """It travels as one encoded segment, so that the service does not know it."""
    async with opened() as (sandbox, exa, _):
        with pytest.raises(NotFound):
            await exa.websets.get(odd)
        with pytest.raises(APIError):
            await exa.websets.searches.get("ws", odd)
        first, second = sandbox.ledger.requests
        assert (first.kind, second.kind) == ("exa.webset", "exa.search")
        assert (first.path.count("/"), second.path.count("/")) == (4, 6)
        assert (first.query, second.query) == ("", "")


@pytest.mark.parametrize(
    "timeout", [-1, -0.1, math.nan, -math.inf, True, "5", [1], object(), 10**400], ids=lambda v: repr(v)[:9]
)
async def test_a_timeout_that_is_none(timeout):
    """Every verb that has one refuses it before anything is sent."""
    async with opened() as (sandbox, exa, _):
        job = exa.job("exa.agent_run:r1")
        for verb in (job.wait, job.result, job.cancel):
            with pytest.raises(InvalidArgument) as caught:
                await verb(timeout=timeout)
            assert caught.value.field == "timeout"
        assert not sandbox.ledger.requests


@pytest.mark.parametrize("timeout", [0, 0.0, 1e-9, 1, 2.5])
async def test_a_timeout_that_is_one(timeout):
    """Whole and fractional seconds, and none at all."""
    async with opened() as (_, exa, _):
        job = await exa.agent.runs.create(query="x")
        with pytest.raises(WaitTimeout) as caught:
            await job.wait(timeout * 0.1)
        assert caught.value.ref == job.ref
        assert (await job.wait(math.inf)).state is JobState.COMPLETED


async def test_an_unknown_keyword_is_named():
    """A misspelt option is not sent, and not ignored."""
    async with opened() as (sandbox, exa, watercrawl):
        for make in (
            lambda: exa.agent.runs.create(query="x", efort="low"),
            lambda: exa.websets.create(efort="low"),
            lambda: watercrawl.searches.create("x", efort="low"),
            lambda: Exa("key", efort="low"),
        ):
            with pytest.raises(TypeError, match="efort"):
                make()
        assert not sandbox.ledger.requests


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("", "ref"),
        ("r1", "ref"),
        ("exa.agent_run", "ref"),
        ("exa.agent_run:", "ref"),
        ("exa.agent_run:a/b", "ids"),
        ("exa.search:only", "ids"),
        ("exa.nothing:a", "kind"),
        ("watercrawl.search:u1", "kind"),
        (JobRef("watercrawl.search", ("u1",)), "kind"),
        (None, "target"),
        (3, "target"),
        (b"exa.agent_run:r1", "target"),
        (Progress(percent=1.0), "target"),
    ],
)
async def test_what_names_no_job_of_this_client(target, field):
    """Texts that are no ref, refs of another service, and other values."""
    async with opened() as (sandbox, exa, _):
        with pytest.raises(InvalidArgument) as caught:
            exa.job(target)
        assert caught.value.field == field
        assert not sandbox.ledger.requests


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"metadata": {"a": {1, 2}}}, "metadata.a"),
        ({"input": {"data": [{"x": math.nan}]}}, "input.data[0].x"),
        ({"output_schema": {"a": [b"x"]}}, "outputSchema.a[0]"),
        ({"query": object()}, "query"),
        ({"metadata": {1: "x"}}, "metadata"),
    ],
)
async def test_a_body_that_cannot_be_sent(options, field):
    """The path of what is wrong, before anything is sent; awaited or owned."""
    async with opened() as (sandbox, exa, _):
        with pytest.raises(InvalidArgument) as caught:
            await exa.agent.runs.create(**{"query": "x"} | options)
        assert caught.value.field == field
        with pytest.raises(InvalidArgument):
            async with exa.agent.runs.create(**{"query": "x"} | options):
                pytest.fail("entered")
        assert not sandbox.ledger.requests


#: What is given in place of something else, and the argument that the error names, as the service spells it.
TAKEN_FOR_ANOTHER = {
    "jobs of an id": (lambda exa, _: exa.jobs("ws_1"), "webset"),
    "items of a number": (lambda exa, _: anext(exa.websets.items.list("ws_1", source_id=5)), "sourceId"),
    "monitors of a number": (lambda exa, _: anext(exa.websets.monitors.list(webset=5)), "websetId"),
    "crawls of a number": (lambda _, watercrawl: anext(watercrawl.crawls.list(status=5)), "status"),
    "a batch of nothing": (lambda _, watercrawl: watercrawl.crawls.create_batch(None), "urls"),
    "a batch of a text": (lambda _, watercrawl: watercrawl.crawls.create_batch("https://example.com"), "urls"),
    "one job": (lambda exa, _: wait_all(exa.job("exa.agent_run:r")), "jobs"),
    "one job to cancel": (lambda exa, _: cancel_all(exa.job("exa.agent_run:r")), "jobs"),
    "one job at last": (lambda exa, _: as_completed(exa.job("exa.agent_run:r")), "jobs"),
    "a list to stream": (lambda _, watercrawl: watercrawl.streaming([watercrawl.job("watercrawl.crawl:u")]), "jobs[0]"),
    "a time in words": (lambda *_: verify_webhook(b"", "t=1,v1=00", "secret", now="noon"), "now"),
}


@pytest.mark.parametrize("mistake", TAKEN_FOR_ANOTHER)
async def test_what_was_taken_for_something_else_is_named(mistake):
    """With the type that it has, before anything is sent."""
    work, field = TAKEN_FOR_ANOTHER[mistake]
    async with opened() as (sandbox, exa, watercrawl):
        with pytest.raises(InvalidArgument, match=r"expected .*got ") as caught:
            given = work(exa, watercrawl)
            if inspect.isawaitable(given):
                await given
        assert caught.value.field == field
        assert not sandbox.ledger.requests


async def test_what_the_service_refuses():
    """Its own validation, in its own words."""
    async with opened() as (_, exa, watercrawl):
        with pytest.raises(InvalidRequest) as caught:
            await exa.agent.runs.create(query="")
        assert caught.value.status in {400, 422}
        with pytest.raises(InvalidRequest, match="result_limit"):
            await watercrawl.searches.create("x", result_limit=99)


# -- replies -----------------------------------------------------------------

RUN = {"id": "r1", "object": "agent_run", "status": "running"}
NO_SENSE = {
    "html": answer(b"<html>busy</html>", Content_Type="text/html"),
    "empty": answer(b""),
    "truncated": answer(b'{"id": "r1", "sta'),
    "a list": answer([RUN]),
    "null": answer(None),
    "text": answer("completed"),
    "no status": answer({"id": "r1"}),
    "a null status": answer({**RUN, "status": None}),
    "a numeric status": answer({**RUN, "status": 3}),
    "204": answer(b"", 204),
    "too long": answer({**RUN, "x": "x" * 300_000}),
    "too deep": answer(b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
}


@contextlib.asynccontextmanager
async def faked(*replies):
    """Give a client of a service that answers so, and the requests that it has seen."""
    handler, seen = scripted(*replies)
    async with serving(handler) as session:
        settings = Settings(max_body_bytes=200_000)
        async with Exa("key", base_url=URL, session=session, settings=settings) as exa:
            yield exa, seen


@pytest.mark.parametrize("name", NO_SENSE)
async def test_a_look_that_makes_no_sense(name):
    """Three in a row end a wait and a refresh; sense in between goes on."""
    async with faked(NO_SENSE[name]) as (exa, seen):
        job = exa.job("exa.agent_run:r1")
        for verb in (job.wait, job.refresh):
            seen.clear()
            with pytest.raises(ProtocolError) as caught:
                await verb()
            assert len(seen) == 3
            assert caught.value.ref == job.ref
    async with faked(answer(RUN), NO_SENSE[name], NO_SENSE[name], answer({**RUN, "status": "completed"})) as (exa, _):
        assert (await exa.job("exa.agent_run:r1").wait()).state is JobState.COMPLETED


NAMES_THE_JOB = {"no status", "a null status", "a numeric status"}


def posts(seen):
    return sum(request.method == "POST" for request in seen)


@pytest.mark.parametrize("name", sorted(NO_SENSE.keys() - NAMES_THE_JOB))
async def test_a_create_whose_reply_makes_no_sense(name):
    """The job may exist: it is looked for, nothing is sent again, and the error has what was sent."""
    async with faked(NO_SENSE[name]) as (exa, seen):
        with pytest.raises(CreateUncertain) as caught:
            await exa.agent.runs.create(query="x")
        assert (caught.value.kind, caught.value.sent) == ("exa.agent_run", {"query": "x"})
        assert isinstance(caught.value.__cause__, ProtocolError)
        with pytest.raises(CreateUncertain):
            await exa.websets.create(search={"query": "x"})
        assert posts(seen) == 2


@pytest.mark.parametrize("name", sorted(NAMES_THE_JOB))
async def test_a_create_whose_reply_names_the_job_and_makes_no_sense_otherwise(name, caplog):
    """That it exists is what matters: the handle is given, and has seen nothing yet."""
    async with faked(NO_SENSE[name]) as (exa, seen):
        job = await exa.agent.runs.create(query="x")
        assert (job.id, job.state, job.snapshot) == ("r1", JobState.UNKNOWN, None)
        assert len(seen) == 1
    assert "exa.agent_run:r1 was created" in caplog.text


@pytest.mark.parametrize("name", NO_SENSE)
async def test_a_cancel_whose_reply_makes_no_sense(name):
    """It was taken; a look tells what became of the job."""
    async with faked(NO_SENSE[name], answer({**RUN, "status": "cancelled"})) as (exa, seen):
        assert await exa.job("exa.agent_run:r1").cancel() == "canceled"
        assert [request.method for request in seen] == ["POST", "POST" if name == "too long" else "GET"]


@pytest.mark.parametrize("name", NO_SENSE)
async def test_a_container_whose_reply_makes_no_sense(name):
    """Asked for three times, then a typed error."""
    async with faked(NO_SENSE[name]) as (exa, seen):
        with pytest.raises(ProtocolError):
            await exa.websets.get("w")
        with pytest.raises(ProtocolError):
            await anext(exa.websets.list())
        assert len(seen) == 6


async def test_a_naive_time_does_not_disturb_a_wait():
    """It is an error of the resource; the end was seen."""
    async with faked(answer({**RUN, "status": "completed", "createdAt": "2026-01-02T03:04:05"})) as (exa, _):
        job = exa.job("exa.agent_run:r1")
        snapshot = await job.wait()
        assert snapshot.state is JobState.COMPLETED
        with pytest.raises(ProtocolError, match="createdAt") as caught:
            await job
        assert caught.value.ref == job.ref
        assert snapshot.raw["createdAt"] == "2026-01-02T03:04:05"
        assert await job.cancel() == "already_done"


async def test_an_unknown_word_is_polled_on():
    """A word that this version does not know is no end and no error."""
    async with faked(answer({**RUN, "status": "tired"}), answer({**RUN, "status": "completed"})) as (exa, seen):
        job = exa.job("exa.agent_run:r1")
        assert (await job.refresh()).state is JobState.UNKNOWN
        assert job.snapshot.status == "tired"
        assert (await job.wait()).state is JobState.COMPLETED
        assert len(seen) == 2


# -- after the end, and elsewhere --------------------------------------------


async def test_a_client_that_was_closed_says_so():
    """Every verb that would ask the service; what is known stays readable."""
    async with opened() as (sandbox, exa, _):
        job = await exa.agent.runs.create(query="x")
        done = await exa.agent.runs.create(query="y")
        result = await done
        await exa.aclose()
        before = len(sandbox.ledger.requests)
        for work in (
            job.wait,
            job.result,
            job.refresh,
            job.cancel,
            lambda: anext(aiter(job)),
            lambda: exa.agent.runs.create(query="x"),
            lambda: exa.websets.get("w"),
            lambda: anext(exa.agent.runs.list()),
            lambda: exa.agent.runs.delete("r1"),
            lambda: exa.agent.runs.get("r1"),
        ):
            with pytest.raises(ClientClosed):
                await work()
        with pytest.raises(ClientClosed):
            async with job:
                pytest.fail("entered")
        with pytest.raises(ClientClosed):
            async with exa.agent.runs.create(query="x"):
                pytest.fail("entered")
        assert await done == result
        assert await done.cancel() == "already_done"
        assert exa.job(job.ref).ref == job.ref
        await exa.aclose()
        assert before == len(sandbox.ledger.requests)


async def test_a_client_on_another_loop_says_so():
    """Nothing is sent from there, and here it goes on."""
    async with opened() as (sandbox, exa, _):
        job = await exa.agent.runs.create(query="x")
        before = len(sandbox.ledger.requests)
        caught = []

        async def elsewhere():
            for work in (job.wait, job.refresh, job.cancel, lambda: exa.websets.get("w"), exa.aclose):
                try:
                    await work()
                except WrongLoop as error:
                    caught.append(error)

        thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
        thread.start()
        thread.join()
        assert len(caught) == 5
        assert before == len(sandbox.ledger.requests)
        assert (await job.wait()).state is JobState.COMPLETED


async def test_a_handle_does_not_travel():
    """Its ref does: the error says so."""
    async with opened() as (_, exa, _):
        job = exa.job("exa.agent_run:r1")
        with pytest.raises(TypeError, match=r"job\.ref .*exa\.agent_run:r1"):
            pickle.dumps(job)
        assert isinstance(job, Job)


# -- mistakes of our own -----------------------------------------------------


@pytest.mark.parametrize("verb", ["wait", "result", "cancel", "refresh", "stop"])
async def test_a_mistake_does_not_become_a_wait_without_end(verb, caplog):
    """Whatever a request ends in, those who wait hear of it."""

    async def broken(*_, **__):
        raise ZeroDivisionError("a mistake")

    async with opened() as (_, exa, _):
        job = exa.job("exa.agent_run:r1")
        transport = exa._engine.caller._transport
        original, transport.send = transport.send, broken
        async with asyncio.timeout(3600):
            with pytest.raises((AsyncJobsError, ZeroDivisionError)) as caught:
                await getattr(job, verb)()
        if isinstance(caught.value, AsyncJobsError):
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
            assert "a mistake" in caplog.text
        transport.send = original


def test_a_session_of_another_loop_ends_every_verb():
    """It cannot work here, and nobody waits for ever to find out."""

    async def make():
        return aiohttp.ClientSession()

    async def use(session):
        async with Exa("key", base_url="http://127.0.0.1:9", session=session, settings=Settings(retry_budget=0)) as exa:
            job = exa.job("exa.agent_run:r1")
            for work in (job.wait, job.cancel, job.refresh, lambda: exa.websets.get("w")):
                with pytest.raises((AsyncJobsError, RuntimeError)):
                    await work()

    with asyncio.Runner(loop_factory=VirtualLoop) as here, asyncio.Runner(loop_factory=VirtualLoop) as there:
        session = there.run(make())
        here.run(use(session))
        there.run(session.close())
