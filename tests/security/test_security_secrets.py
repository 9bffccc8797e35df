"""No secret in anything that can be read: reprs, logs, errors with their frames, pickles."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import html
import json
import logging
import pickle
from urllib.parse import quote, quote_plus

import aiohttp
import pytest
import yarl
from security_world import HOME, KEY, RUN, http, net, own_sessions, saying, speaking, told
from services import answer, scripted, serving

from asyncjobs import (
    APIError,
    AsyncJobsError,
    Exa,
    InvalidArgument,
    Settings,
    TransportError,
    WaterCrawl,
)
from asyncjobs._addresses import check_base_url
from asyncjobs._middlewares import Credentials
from asyncjobs._wire import build
from asyncjobs.kinds import Call, Client
from asyncjobs.watercrawl import WATERCRAWL

#: What stands for a key with characters that services write in more ways than one.
ODD = 'k3y/with+"odd"&<marks>=='


def written(key):
    """Return the ways in which a service may write *key*."""
    in_json = json.dumps(key)[1:-1]
    return {
        key,
        in_json,
        in_json.replace("/", r"\/"),
        quote(key),
        quote(key, safe=""),
        quote_plus(key),
        html.escape(key),
    }


def echo(key, status=200, **headers):
    """Return a handler that repeats the key wherever it can."""
    row = {
        "id": "r1",
        "object": "agent_run",
        "status": "failed",
        "stopReason": f"bad key {key}",
        "error": key,
        "tag": key,
    }
    return saying(row | {"message": key, "errors": {key: [key]}, "requestId": key}, status, X_Request_Id=key, **headers)


def client(session, key=KEY, **settings):
    return Exa(key, base_url=HOME, session=session, settings=Settings(**{"retry_budget": 0} | settings))


WORKS = {
    "look": lambda exa: exa.agent.runs.get("r1"),
    "wait": lambda exa: exa.job("exa.agent_run:r1").wait(timeout=5),
    "result": lambda exa: exa.job("exa.agent_run:r1").result(timeout=5),
    "refresh": lambda exa: exa.job("exa.agent_run:r1").refresh(),
    "cancel": lambda exa: exa.job("exa.agent_run:r1").cancel(timeout=5),
    "create": lambda exa: exa.agent.runs.create(query="x"),
    "webset": lambda exa: exa.websets.create(metadata={}),
    "fetch": lambda exa: exa.websets.get("w"),
    "list": lambda exa: anext(exa.agent.runs.list()),
    "items": lambda exa: anext(exa.websets.items.list("w")),
}


async def cut(request):
    request.transport.abort()
    return answer({})


def redirecting(location):
    async def handler(request):
        return answer(KEY.encode(), 302, Location=location)

    return handler


FAILURES = {
    "echo 200": echo(KEY),
    "echo 400": echo(KEY, 400),
    "echo 401": echo(KEY, 401),
    "echo 403": echo(KEY, 403),
    "echo 404": echo(KEY, 404),
    "echo 409": echo(KEY, 409),
    "echo 429": echo(KEY, 429, Retry_After=KEY),
    "echo 500": echo(KEY, 500),
    "text 500": saying(f"<html>{KEY}</html>".encode(), 500),
    "text 200": saying(f"<html>{KEY}</html>".encode(), 200, Content_Type=f"text/{KEY}"),
    "no status": saying({"id": KEY, "status": None}),
    "odd status": saying({"id": "r1", "status": KEY}),
    "large": saying(b"x" * 100_000 + KEY.encode(), 200, X_Request_Id=KEY),
    "redirect": redirecting(f"{HOME}/{KEY}?key={KEY}#{KEY}"),
    "redirect away": redirecting(f"https://evil.test/{KEY}?key={KEY}#{KEY}"),
    "redirect nowhere": redirecting(f"http://[{KEY}"),
    "cut": cut,
}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("name", FAILURES)
async def test_nothing_that_goes_wrong_shows_the_key(name, work, own, caplog):
    """
    Whatever a service repeats and however a verb fails, over the application's session and over the client's own.

    Searched are the error, its causes and contexts, the local variables of all our frames on the way, its pickle, and
    the log.
    """
    stranger = saying({"error": "not here"}, 404)
    async with (
        net({HOME: FAILURES[name], "https://evil.test": stranger}) as (_, session),
        client(None if own else session, max_body_bytes=50_000, unknown_after=1.0) as exa,
    ):
        with own_sessions(session), caplog.at_level(logging.DEBUG):
            try:
                got = await WORKS[work](exa)
            except AsyncJobsError as error:
                assert KEY not in told(error)  # noqa: PT017
                assert KEY.encode() not in pickle.dumps(error)  # noqa: PT017
            else:
                assert KEY not in repr(got)
                assert KEY not in repr(getattr(got, "snapshot", None))
    for record in caplog.records:
        assert KEY not in record.getMessage() + repr(vars(record))
        if record.exc_info:
            assert KEY not in told(record.exc_info[1])


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_request_that_is_broken_off_shows_the_key_in_no_frame(method, own):
    """Who cancels a request gets an exception that has passed through all frames, ours and aiohttp's."""
    arrived, over = asyncio.Event(), asyncio.Event()

    async def silent(_):
        arrived.set()
        await over.wait()
        return answer({})

    request = build(Call(method, "/x", repeatable=False), ())
    async with net({HOME: silent}) as (wires, session), client(None if own else session) as exa:
        with own_sessions(session):
            sending = asyncio.create_task(exa._engine.caller._transport.send(request))
            await arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError) as broken:
            await sending
        over.set()
        assert wires.seen[0][1].headers["x-api-key"] == KEY
    assert "client.py" in told(broken.value)
    assert KEY not in told(broken.value)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("key", [KEY, ODD, f"Bearer {KEY}"])
async def test_a_key_is_known_in_every_spelling(key, status):
    """As it is, within JSON, an address or HTML, and without the word before it."""
    for spelling in written(key) | {key.rsplit(maxsplit=1)[-1]}:
        body = b'{"error":"a %s b"}' % spelling.encode()
        with contextlib.suppress(ValueError):
            json.loads(body)
            async with net({HOME: saying(body, status)}) as (_, session), client(session, key) as exa:
                raw = (
                    await exa._send(build(Call("GET", "/x", repeatable=True)), lambda reply: reply.body)
                    if status == 200
                    else None
                )
                if raw is None:
                    with pytest.raises(APIError) as caught:
                        await exa.websets.get("w")
                    raw = str(caught.value).encode()
            assert b"a *** b" in raw


async def test_a_payload_that_repeats_the_key_is_blotted_out():
    """In ``raw`` and in the resource, too: what a program stores must not hold the key by accident."""
    async with net({HOME: saying({**RUN, "stopReason": f"by {KEY}"})}) as (_, session), client(session) as exa:
        job = await exa.agent.runs.get("r1")
    assert job.snapshot.raw["stopReason"] == "by ***"
    assert KEY not in repr(job.snapshot.resource)


async def test_a_short_key_is_no_word_of_a_payload():
    """A key of a test, "fox" or "any-key", must not eat words of the user's own data."""
    for key in ("fox", "any-key", "fifteen-letters"):
        run = {**RUN, "stopReason": f"the {key} jumps"}
        async with net({HOME: saying(run)}) as (_, session), client(session, key) as exa:
            job = await exa.agent.runs.get("r1")
        assert job.snapshot.raw["stopReason"] == f"the {key} jumps"


@pytest.mark.parametrize(("key", "shown"), [("fox", "the fox jumps"), ("any-key", "the *** jumps")])
async def test_a_very_short_key_is_no_secret(key, shown):
    """Of fewer than six characters it is not even taken out of errors, where it would blot out ordinary words."""
    async with net({HOME: saying({"error": f"the {key} jumps"}, 400)}) as (_, session), client(session, key) as exa:
        with pytest.raises(APIError) as caught:
            await exa.websets.get("w")
    assert caught.value.message == shown


# -- objects -----------------------------------------------------------------


def reachable(root, *, limit=20_000):
    """Return the objects of ours that can be reached from *root*."""
    seen, left, found = {}, [root], []
    while left and len(seen) < limit:
        each = left.pop()
        if id(each) in seen or isinstance(each, (type, str, bytes)) or type(each).__name__ in {"module", "function"}:
            continue
        seen[id(each)] = each
        if type(each).__module__.partition(".")[0] in {"asyncjobs", "aiohttp"}:
            found.append(each)
        left += gc.get_referents(each)
    return found


async def test_no_object_shows_the_key():
    """Not the client, its settings, its transport, its session, nor anything else that it holds."""
    settings = Settings(headers={"X-Team": "t0p-s3cret"})
    async with net({HOME: saying(RUN)}) as (_, session):
        for make in (Exa, WaterCrawl, lambda *a, **o: Client(WATERCRAWL, *a, **o)):
            async with make(KEY, base_url=HOME, session=session, settings=settings) as held:
                if isinstance(held, Exa):
                    await held.job("exa.agent_run:r1").refresh()
                ours = [each for each in reachable(held) if type(each).__module__.startswith("asyncjobs")]
                assert {"Credentials", "AiohttpTransport", "Settings"} <= {type(each).__name__ for each in ours}
                for each in ours:
                    for way in (repr, str, "{}".format):
                        shown = way(each)
                        assert KEY not in shown
                        assert "t0p-s3cret" not in shown


@pytest.mark.real_time
async def test_an_own_session_shows_no_key():
    """The one that the client opens by itself knows no key at all."""
    async with Exa(KEY, base_url="http://127.0.0.1:9", settings=Settings(retry_budget=0)) as exa:
        with pytest.raises(TransportError):
            await exa.agent.runs.get("r1")
        own = exa._engine.caller._transport._session
        assert KEY not in repr(own) + repr(vars(own)) + repr(dict(own.headers))


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
async def test_credentials_are_not_copied(way):
    """Neither they nor what holds them: a key must not end in a file because an object did."""
    with pytest.raises(TypeError):
        way(Credentials(yarl.URL(HOME), "x-api-key", KEY))
    async with Exa(KEY) as exa:
        if way is not copy.copy:
            with pytest.raises(TypeError):
                way(exa)
        with pytest.raises(TypeError):
            pickle.dumps(exa._engine.caller._transport)


# -- where no client is made -------------------------------------------------


@pytest.mark.parametrize("bad", [f"{KEY}\n", f"{KEY}\x1b", f"{KEY}é"])
def test_a_key_of_the_environment_that_cannot_be_one_is_not_shown(bad, monkeypatch):
    """A key that was read from a file with its line's end is still one; none of our frames holds it."""
    monkeypatch.setenv("EXA_API_KEY", bad)
    with pytest.raises(InvalidArgument) as caught:
        Exa()
    assert KEY not in told(caught.value)


@pytest.mark.parametrize(
    "options", [{"base_url": 3}, {"settings": 3}, {"session": 3}, {"settings": Settings(rates={"x": 1})}]
)
def test_a_good_key_beside_a_bad_argument_is_not_shown(options, monkeypatch):
    """The environment's key is in none of the frames of another argument's error."""
    monkeypatch.setenv("EXA_API_KEY", KEY)
    with pytest.raises(InvalidArgument) as caught:
        Exa(**options)
    assert KEY not in told(caught.value)


@pytest.mark.parametrize(
    "address", ["http://user:p4ssw0rd@h", "http://h?key=p4ssw0rd", "http://h#p4ssw0rd", "http://[p4ssw0rd"]
)
def test_an_address_that_is_refused_is_not_shown(address, monkeypatch):
    """It may hold a password; none of our frames has it where the environment gave it."""
    monkeypatch.setenv("EXA_BASE_URL", address)
    monkeypatch.setenv("EXA_API_KEY", KEY)
    with pytest.raises(InvalidArgument) as caught:
        Exa()
    assert "p4ssw0rd" not in told(caught.value)
    with pytest.raises(InvalidArgument) as caught:
        check_base_url(address)
    assert "p4ssw0rd" not in told(caught.value)


async def test_a_session_that_is_refused_is_not_shown():
    """Its default credentials are the application's."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer s3ss10n"}) as session:
        with pytest.raises(InvalidArgument) as caught:
            Exa(KEY, session=session)
    assert "s3ss10n" not in told(caught.value)


# -- the log ------------------------------------------------------------------


async def test_no_log_shows_the_key_whatever_its_level(caplog):
    """Ours, aiohttp's and asyncio's, with the loop in debug mode."""
    asyncio.get_running_loop().set_debug(True)
    settings = Settings(retry_budget=5)
    handler, _ = scripted(answer({"error": KEY}, 500), answer({"error": KEY}, 429), answer(RUN))
    with caplog.at_level(1):
        async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session, settings=settings) as exa:
            await exa.job("exa.agent_run:r1").wait()
            task = asyncio.ensure_future(exa.agent.runs.create(query="x"))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert len(caplog.records) > 3
    for record in caplog.records:
        assert KEY not in record.getMessage() + repr(vars(record))


async def test_the_log_of_a_redirect_shows_neither_query_nor_fragment(caplog):
    """The address of a redirect may be signed."""
    away = saying(RUN)
    target = "https://evil.test/x?sig=s1gnature#t0ken"
    with caplog.at_level(logging.DEBUG):
        async with net({HOME: redirecting(target), "https://evil.test": away}) as (_, session), client(session) as exa:
            await exa.job("exa.agent_run:r1").refresh()
    lines = [record.getMessage() for record in caplog.records if record.name == "asyncjobs.http"]
    assert lines == [f"GET {HOME}/agent/runs/r1 -> 302", "GET https://evil.test/x -> 200"]


async def test_cookies_of_a_service_are_in_no_frame():
    """What it sets for its own use is a secret of its own."""
    reply = http(b"{}", "Set-Cookie: session=c00kie-s3cret", status="500 No")
    async with speaking(reply) as session, client(session) as exa:
        with pytest.raises(AsyncJobsError) as caught:
            await exa.websets.get("w")
    assert "c00kie-s3cret" not in told(caught.value)
