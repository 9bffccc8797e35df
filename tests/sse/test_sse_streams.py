"""Streams: read as they come, bounded by silence, and never left open."""

from __future__ import annotations

import asyncio
import gzip
import traceback

import pytest
from aiohttp import web
from loops import now
from services import URL, serving
from sse_world import GET, KEY, Script, events, streaming

from asyncjobs import (
    AuthenticationError,
    ClientClosed,
    Exa,
    ProtocolError,
    RateLimited,
    Settings,
    TransportError,
)


def frame(number, data="{}"):
    return f"id: {number}\ndata: {data}\n\n".encode()


async def test_events_come_as_they_are_sent():
    """Not at the end of the reply, and however long that takes."""
    script = Script(frame(1), 50, b": still here\n\n", 50, frame(2))
    async with streaming(script, request_timeout=10) as (streams, _):
        reader = await streams.open(GET)
        times = []
        while (event := await reader.next()) is not None:
            times.append((event.id, now()))
    (asked,) = script.seen
    began = times[0][1]
    assert [(number, at - began) for number, at in times] == [("1", 0), ("2", 100)]
    assert (asked.headers["Accept"], asked.headers["x-api-key"]) == ("text/event-stream", KEY)
    assert asked.headers["Accept-Encoding"] == "identity"


async def test_silence_ends_a_stream():
    """A service that says nothing, not even a comment, has gone; the error says how the stream was asked for."""
    script = Script(frame(1), 100, frame(2))
    async with streaming(script, idle_timeout=30) as (streams, _):
        reader = await streams.open(GET)
        assert (await reader.next()).id == "1"
        began = now()
        with pytest.raises(TransportError, match=r"GET http://service\.test/things/t1/events") as caught:
            await reader.next()
        assert now() - began == 30
        assert caught.value.__context__ is None
        assert reader.stream.over
        await asyncio.sleep(0)
    assert script.left == 1


async def test_a_reader_who_pauses_has_missed_nothing():
    """What came meanwhile is there, although more than the bound on silence went by."""
    async with streaming(Script(frame(1), 1, frame(2), 1, frame(3)), idle_timeout=30) as (streams, _):
        reader = await streams.open(GET)
        assert (await reader.next()).id == "1"
        await asyncio.sleep(100)
        assert [event.id for event in await events(reader)] == ["2", "3"]


async def test_the_head_of_a_reply_is_bounded_as_a_whole_reply_is():
    """Until the stream has begun it is a request as any other."""

    async def silent(_):
        await asyncio.sleep(1000)

    async with streaming(silent, request_timeout=10) as (streams, _):
        began = now()
        with pytest.raises(TransportError):
            await streams.open(GET, retry=False)
        assert now() - began == 10


async def test_a_stream_that_is_cut_off_has_not_ended():
    """An error, not the end."""
    async with streaming(Script(frame(1), b"id: 2\ndata", 1, ValueError)) as (streams, _):
        reader = await streams.open(GET)
        assert (await reader.next()).id == "1"
        with pytest.raises(TransportError):
            await reader.next()


async def test_a_refusal_is_read_and_told_as_of_any_request():
    """Its class, its words and its id, without the key that it repeats."""
    body = b'{"error": "unknown key %s", "tag": "INVALID_API_KEY"}' % KEY.encode()
    script = Script(body, status=401, content_type="application/json", X_Request_Id="r1")
    async with streaming(script) as (streams, _):
        with pytest.raises(AuthenticationError, match="unknown key") as caught:
            await streams.open(GET)
    error = caught.value
    assert (error.status, error.tag, error.request_id) == (401, "INVALID_API_KEY", "r1")
    assert KEY not in "".join([str(error), *traceback.format_exception(error)])


async def test_what_is_harmless_is_asked_again():
    """A busy service is asked once more, unless the caller has other ways."""
    busy = Script(b"{}", status=429, content_type="application/json", Retry_After="2")
    calm = Script(frame(1))

    async def service(request):
        return await (calm if len(busy.seen) == 1 else busy)(request)

    async with streaming(service) as (streams, _):
        assert [event.id for event in await events(await streams.open(GET))] == ["1"]
    busy.seen.clear()
    async with streaming(busy) as (streams, _):
        with pytest.raises(RateLimited):
            await streams.open(GET, retry=False)


async def test_an_open_stream_takes_no_place_from_other_requests():
    """It passes the lanes as any request, and leaves them when its head has come."""
    async with streaming(Script(frame(1), 1000), connections=1) as (streams, exa):
        readers = [await streams.open(GET) for _ in range(5)]
        assert exa._engine._lanes._admission.in_flight == 0
        for reader in readers:
            reader.close()


async def test_the_key_stays_at_home():
    """A stream is redirected as a read is, without the key."""
    seen = []

    async def service(request):
        seen.append(request)
        if request.host == "service.test":
            return web.Response(status=302, headers={"Location": "http://elsewhere.test/x"})
        return web.Response(body=frame(1), content_type="text/event-stream")

    async with streaming(service) as (streams, _):
        assert len(await events(await streams.open(GET, headers={"Last-Event-ID": "1"}))) == 1
    home, away = seen
    assert home.headers["x-api-key"] == KEY
    assert KEY not in str(away.headers)
    assert "Last-Event-ID" in home.headers
    assert "Last-Event-ID" not in away.headers


async def test_an_event_that_repeats_the_key_is_blotted_out():
    """Also if it comes in two pieces."""
    half = len(KEY) // 2
    pieces = frame(1, KEY)[: 12 + half], 1, frame(1, KEY)[12 + half :]
    async with streaming(Script(*pieces)) as (streams, _):
        assert [event.data for event in await events(await streams.open(GET))] == ["***"]


async def test_a_packed_stream_is_unpacked_within_bounds():
    """Although nobody asked for it; a small piece must not become a large one."""
    packed = gzip.compress(frame(1))
    async with streaming(Script(packed[:12], 1, packed[12:], Content_Encoding="gzip")) as (streams, _):
        assert [event.id for event in await events(await streams.open(GET))] == ["1"]
    bomb = gzip.compress(b":" + b"a" * 100_000)
    async with streaming(Script(bomb, Content_Encoding="gzip"), max_body_bytes=1000) as (streams, _):
        reader = await streams.open(GET)
        with pytest.raises(ProtocolError, match="max_body_bytes"):
            await reader.next()


async def test_an_event_is_bounded_and_a_stream_is_not():
    """A stream may bring any number of events, each within the bound on a body."""
    async with streaming(Script(*([frame(1, "a" * 500)] * 50)), max_body_bytes=1000) as (streams, _):
        assert len(await events(await streams.open(GET))) == 50
    async with streaming(Script(frame(1), frame(2, "a" * 1000), frame(3)), max_body_bytes=1000) as (streams, _):
        reader = await streams.open(GET)
        assert (await reader.next()).id == "1"
        with pytest.raises(ProtocolError, match="more than 1000 bytes"):
            await reader.next()
        assert reader.stream.over


async def test_reading_until_a_time_goes_on_afterwards():
    """No event by then is no end."""
    async with streaming(Script(frame(1), 20, frame(2))) as (streams, _):
        reader = await streams.open(GET)
        assert (await reader.next(until=now())).id == "1"
        assert await reader.next(until=now() + 10) is None
        assert not reader.over
        assert (await reader.next(until=now() + 11)).id == "2"
        assert await reader.next() is None
        assert reader.over


async def test_a_cancelled_reader_may_read_on():
    """Giving up one read loses nothing."""
    async with streaming(Script(frame(1), 20, frame(2)[:7], 20, frame(2)[7:])) as (streams, _):
        reader = await streams.open(GET)
        await reader.next()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10):
                    await reader.next()
        assert (await reader.next()).id == "2"


async def test_a_stream_that_does_not_come_to_the_point_is_bounded():
    """What comes before the event that is wanted is kept, and there is an end to it: in number and in size."""
    for pieces, what in (((frame(1) * 1000,), "does not say"), ([frame(1, "a" * 900)] * 5, "more than 2000 bytes")):
        async with streaming(Script(*pieces), max_body_bytes=2000) as (streams, _):
            reader = await streams.open(GET)
            with pytest.raises(ProtocolError, match=what):
                await reader.peek(lambda _: False)
            reader.close()


async def test_a_closed_client_ends_its_streams():
    """Who reads hears why, at once, and so does who reads later."""
    script = Script(frame(1), 1000)
    async with serving(script) as session:
        exa = Exa(KEY, base_url=URL, session=session, settings=Settings())
        exa._engine.enter()
        reader = await exa._engine.streams.open(GET)
        await reader.next()
        reading = asyncio.create_task(reader.next())
        await asyncio.sleep(1)
        began = now()
        await exa.aclose()
        with pytest.raises(ClientClosed):
            await reading
        assert now() == began
        with pytest.raises(ClientClosed):
            await reader.next()
    assert script.left == 1


async def test_a_reader_that_is_closed_by_another_task_has_come_to_its_end():
    """Closing is no accident."""
    async with streaming(Script(frame(1), 1000)) as (streams, _):
        reader = await streams.open(GET)
        await reader.next()
        reading = asyncio.create_task(reader.next())
        await asyncio.sleep(1)
        reader.close()
        reader.close()
        assert await reading is None


@pytest.mark.parametrize("first", [None, lambda data: b"2" in data], ids=["head", "first event"])
async def test_cancelled_anywhere_it_gives_its_connection_back(first):
    """Step by step through opening and reading: after a cancel at any of them, no connection is in use."""
    finished = False
    for step in range(200):
        script = Script(b"", 0, frame(1, "1"), 0, frame(2, "2"), 0, frame(3, "3"), 0)
        async with serving(script) as session, Exa(KEY, base_url=URL, session=session) as exa:
            exa._engine.enter()
            task = asyncio.create_task(_use(exa._engine.streams, first))
            for _ in range(step):
                await asyncio.sleep(0)
            finished = task.done()
            task.cancel()
            await asyncio.wait((task,))
            await asyncio.sleep(0)
            assert not session.connector._acquired, f"cancelled at step {step}"
            assert len(exa._engine.tasks) == 0
        if finished:
            break
    assert finished
    assert step > 10


async def _use(streams, first):
    reader = await streams.open(GET) if first is None else await _opened_at(streams, first)
    try:
        await events(reader)
    finally:
        reader.close()


async def _opened_at(streams, first):
    reader = await streams.open(GET)
    try:
        await reader.peek(first)
    except BaseException:
        reader.close()
        raise
    return reader
