"""What a service sends is bounded: bodies, what they unpack to, headers, nesting, numbers and texts."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import math
import tracemalloc
import zlib

import pytest
import yarl
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from security_world import HOME, KEY, RUN, http, net, speaking
from services import answer, scripted, serving

from asyncjobs import (
    APIError,
    AsyncJobsError,
    Exa,
    JobFailed,
    JobState,
    ProtocolError,
    Settings,
    TransportError,
    UnknownStatus,
    WaterCrawl,
)
from asyncjobs._kinds import Lane
from asyncjobs._transport import AiohttpTransport
from asyncjobs._wire import Request

OK = b'{"a":1}'
BOUND = 1_000_000
LONG = "x" * 1_000_000
#: What a line of a log, a terminal or a mail would take for something else.
FORGED = "all well\r\nERROR root: forged\x1b[2J\x00\u202e\u2028"


def transport(session, **settings):
    return AiohttpTransport(
        yarl.URL("http://api.service.test"),
        key_header="x-api-key",
        key=KEY,
        headers={},
        settings=Settings(**{"max_body_bytes": BOUND, "request_timeout": 60.0} | settings),
        session=session,
    )


async def ask(session, **settings):
    """Send one look."""
    look = Request(method="GET", target="/x", lane=Lane.LOOK, repeatable=True)
    return await transport(session, **settings).send(look)


# -- bodies ------------------------------------------------------------------


def deflated(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


#: A hundred times the bound, in a hundredth of it.
HUGE = b"x" * (100 * BOUND)
BOMBS = {"gzip": gzip.compress(HUGE), "deflate": zlib.compress(HUGE), "deflate raw": deflated(HUGE)}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_stopped_at_the_bound(name):
    """What a small body unpacks to is counted as it comes, so that memory holds no more than a few times the bound."""
    encoding = name.partition(" ")[0]
    async with speaking(http(BOMBS[name], f"Content-Encoding: {encoding}")) as session:
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolError, match="max_body_bytes"):
                await ask(session)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5 * BOUND


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 No"])
async def test_a_bomb_in_an_error_is_stopped_too(status):
    """Nobody promises that an error is short."""
    reply = http(BOMBS["gzip"], "Content-Encoding: gzip", status=status)
    async with speaking(reply) as session:
        with pytest.raises(ProtocolError, match="max_body_bytes"):
            await ask(session)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "odd", "gzip, gzip"])
async def test_an_encoding_that_nobody_asked_for_is_left_alone(encoding):
    """Whatever is installed beside this library: what it is then, the bound and the reader of JSON decide."""
    async with speaking(http(b"\x00\x01", f"Content-Encoding: {encoding}")) as session:
        assert (await ask(session)).body == b"\x00\x01"
    async with speaking(http(b"x" * (BOUND + 1), f"Content-Encoding: {encoding}")) as session:
        with pytest.raises(ProtocolError, match="max_body_bytes"):
            await ask(session)


async def test_only_what_can_be_unpacked_is_asked_for():
    """A session and settings with other wishes change nothing in that."""
    handler, seen = scripted(answer(RUN))
    settings = Settings(headers={"accept-encoding": "zstd", "content-type": "text/plain", "user-agent": "mine"})
    async with (
        serving(handler, headers={"Accept-Encoding": "br"}) as session,
        Exa(KEY, base_url=HOME, session=session, settings=settings) as exa,
    ):
        await exa.agent.runs.create(query="x")
    assert seen[0].headers.getall("Accept-Encoding") == ["gzip, deflate"]
    assert seen[0].headers.getall("Content-Type") == ["application/json"]
    assert seen[0].headers.getall("User-Agent") == ["mine"]


PACKED = {
    "gzip": gzip.compress(OK * 1_000),
    "x-gzip": gzip.compress(OK * 1_000),
    "GZip": gzip.compress(OK * 500) + gzip.compress(OK * 500),
    "deflate": zlib.compress(OK * 1_000),
    "Deflate": deflated(OK * 1_000),
}


@pytest.mark.parametrize("encoding", PACKED)
async def test_what_is_packed_is_unpacked(encoding):
    """In every form, and in whatever pieces it comes."""
    body = PACKED[encoding]
    start = http(b"", f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}", length=False)
    for size in (1, 7, len(body)):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        async with speaking(start, *pieces) as session:
            assert (await ask(session)).body == OK * 1_000


@pytest.mark.parametrize("encoding", PACKED)
async def test_what_is_cut_off_or_followed_by_something_else_is_typed(encoding):
    """Half a body is none, also where its end only holds the checksum."""
    body = PACKED[encoding]
    for broken in (body[:-1], body[:-4], body[:10], body[:1], body + b"more", b"no" + body):
        async with speaking(http(broken, f"Content-Encoding: {encoding}")) as session:
            with pytest.raises(TransportError):
                await ask(session)


async def test_a_packed_body_of_nothing_is_nothing():
    """Some servers name an encoding even then."""
    async with speaking(http(b"", "Content-Encoding: gzip")) as session:
        assert (await ask(session)).body == b""


async def test_a_packed_body_that_never_holds_anything_is_stopped():
    """What comes over the wire is bounded as well."""
    begun = gzip.compress(b"")[:10]
    start = http(b"", "Content-Encoding: gzip", length=False)
    async with speaking(start, begun, endless=b"\x00\x00\x00\xff\xff" * 10_000) as session:
        with pytest.raises(ProtocolError, match="max_body_bytes"):
            await ask(session)


@pytest.mark.parametrize("size", [BOUND - 1, BOUND, BOUND + 1])
async def test_the_bound_is_that_of_what_is_unpacked(size):
    """To the byte."""
    async with speaking(http(gzip.compress(b"x" * size), "Content-Encoding: gzip")) as session:
        if size > BOUND:
            with pytest.raises(ProtocolError, match="max_body_bytes"):
                await ask(session)
        else:
            assert len((await ask(session)).body) == size


async def test_many_small_members_are_typed():
    """A body of thousands of packed nothings is refused: each costs more than it holds."""
    async with speaking(http(gzip.compress(b"") * 5_000, "Content-Encoding: gzip")) as session:
        with pytest.raises(TransportError):
            await ask(session)


async def test_a_body_without_end_is_stopped():
    """In chunks, or until the connection closes."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    for start, endless in (
        (http(b"", "Transfer-Encoding: chunked", length=False), chunk),
        (http(b"", length=False), b"x" * 0x10000),
    ):
        async with speaking(start, endless=endless) as session:
            with pytest.raises(ProtocolError, match="max_body_bytes"):
                await ask(session)


async def test_a_body_that_drips_is_stopped():
    """By the bound of one attempt, even if something always comes."""

    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(1)

    async with serving(drip) as session:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(TransportError):
            await ask(session, request_timeout=20.0)
        assert asyncio.get_running_loop().time() - begun < 25


@pytest.mark.parametrize(
    "length",
    ["100", "3", "-5", "abc", "+7", "0x7", "1_0", "7, 7", "", "7.0", "9" * 400, "9" * 5_000, "\u0667"],
    ids=lambda length: repr(length)[:12],
)
async def test_a_length_that_lies_is_typed(length):
    """Too large, too small, negative, or no number."""
    async with speaking(http(OK, f"Content-Length: {length}", length=False)) as session:
        with pytest.raises(TransportError):
            await ask(session)


async def test_a_length_over_the_bound_is_not_waited_for():
    """The body need not begin."""
    async with speaking(http(b"", "Content-Length: 1000001", length=False), close=False) as session:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(ProtocolError, match="max_body_bytes"):
            await ask(session)
        assert asyncio.get_running_loop().time() == begun


async def test_two_lengths_are_typed():
    """Whoever believes the one and whoever believes the other read two different replies."""
    for lines in (
        ["Content-Length: 7", "Content-Length: 8"],
        ["Content-Length: 7", "Transfer-Encoding: chunked"],
    ):
        async with speaking(http(OK, *lines, length=False)) as session:
            with pytest.raises(TransportError):
                await ask(session)


async def test_what_follows_a_reply_answers_no_other_request():
    """Bytes beyond the body are not taken for the reply to the next request on the connection."""
    forged = http(b'{"forged":1}')
    async with speaking(http(OK) + forged, close=False) as session:
        for _ in range(3):
            try:
                assert (await ask(session)).body == OK
            except AsyncJobsError as error:
                assert isinstance(error, TransportError)  # noqa: PT017


@pytest.mark.parametrize("status", ["completed", "failed", "running"])
async def test_a_reply_about_another_job_tells_nothing_of_this_one(status):
    """Where a connection is out of step, a look that got another one's reply is a failed look; the next one counts."""
    handler, seen = scripted(answer({**RUN, "id": "r2", "status": status}), answer({**RUN, "status": "completed"}))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        job = exa.job("exa.agent_run:r1")
        snapshot = await job.wait()
        assert (snapshot.raw["id"], job.state) == ("r1", JobState.COMPLETED)
    assert len(seen) == 2


async def test_an_id_in_other_capitals_is_the_same():
    """Some services write ids, such as UUIDs, in small letters whatever they were asked by."""
    handler, _ = scripted(answer({"uuid": "ab-12", "status": "finished"}))
    async with serving(handler) as session, WaterCrawl(KEY, base_url=HOME, session=session) as watercrawl:
        assert (await watercrawl.job("watercrawl.search:AB-12").wait()).state is JobState.COMPLETED


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: http(OK)[:-5] + tail))
async def test_any_bytes_are_a_reply_or_a_typed_error(data):
    """Whatever comes instead of a reply."""
    async with speaking(data) as session:
        try:
            assert (await ask(session)).status >= 0
        except AsyncJobsError as error:
            assert isinstance(error, (TransportError, ProtocolError))  # noqa: PT017


# -- headers -----------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ["X: " + "y" * 20_000],
        ["X" * 20_000 + ": y"],
        [f"X{number}: y" for number in range(100_000)],
        ["Set-Cookie: a=" + "b" * 20_000],
        [b"X: a\x00b"],
        [b"X: a\rFake: b"],
        ["no colon"],
    ],
    ids=["value", "name", "number", "cookie", "nul", "return", "colon"],
)
async def test_headers_are_bounded_by_aiohttp(lines):
    """Large ones, many of them, and broken ones are a typed error."""
    async with speaking(http(OK, *lines)) as session:
        with pytest.raises(TransportError):
            await ask(session)


@pytest.mark.real_time
async def test_replies_before_the_reply_are_bounded_by_the_timeout():
    """A service that says "continue" for ever is not listened to for ever."""
    async with speaking(endless=b"HTTP/1.1 100 Continue\r\n\r\n" * 100) as session:
        with pytest.raises(TransportError):
            await ask(session, request_timeout=0.3)


@pytest.mark.parametrize("status", [200, 500])
async def test_ids_of_requests_are_short_and_in_one_line(status):
    """They come from the service and go into messages."""
    hostile = b"X-Request-Id: r1\x1b[2J\x7f\xff" + b"x" * 5_000
    reply = http(
        b"" if status == 200 else b"{}", hostile, b"Content-Type: \x1b[2J" + b"y" * 5_000, status=f"{status} X"
    )
    async with (
        speaking(reply) as session,
        Exa(KEY, base_url="http://api.service.test", session=session, settings=Settings(retry_budget=0)) as exa,
    ):
        with pytest.raises(AsyncJobsError) as caught:
            await exa.agent.runs.get("r1")
    assert caught.value.request_id.startswith("r1 [2J")
    assert len(caught.value.request_id) <= 501
    assert len(str(caught.value)) < 1_000
    assert str(caught.value).isprintable()


# -- JSON --------------------------------------------------------------------


DEEP = {
    "lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "unclosed": b"[" * 100_000,
    "lists below": b'{"id":"r1","status":"completed","output":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
WORK = {
    "look": lambda exa: exa.agent.runs.get("r1"),
    "webset": lambda exa: exa.websets.get("w"),
    "list": lambda exa: anext(exa.agent.runs.list()),
    "items": lambda exa: anext(exa.websets.items.list("w")),
}


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("name", DEEP)
async def test_deep_nesting_is_a_protocol_error(name, work):
    """A hundred thousand levels are no reply, and no RecursionError."""
    handler, _ = scripted(answer(DEEP[name]))
    async with (
        serving(handler) as session,
        Exa(KEY, base_url=HOME, session=session, settings=Settings(retry_budget=0)) as exa,
    ):
        with pytest.raises(ProtocolError) as caught:
            await WORK[work](exa)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("status", [400, 404, 429, 500])
async def test_deep_nesting_in_an_error_is_that_error(name, status):
    """The status says enough."""
    handler, _ = scripted(answer(b'{"errors":' + DEEP[name] + b"}", status))
    async with (
        serving(handler) as session,
        Exa(KEY, base_url=HOME, session=session, settings=Settings(retry_budget=0)) as exa,
    ):
        with pytest.raises(APIError) as caught:
            await exa.websets.get("w")
    assert caught.value.status == status
    assert len(str(caught.value)) < 1_000


async def test_nesting_that_just_fits_is_no_recursion_error():
    """However deep the caller stands when the payload is read again."""
    depth = 100

    def at_depth(work, levels):
        return at_depth(work, levels - 1) if levels else work()

    while depth < 10_000:
        body = b'{"id":"r1","object":"agent_run","status":"completed","x":' + b"[" * depth + b"]" * depth + b"}"
        handler, _ = scripted(answer(body))
        settings = Settings(retry_budget=0)
        async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session, settings=settings) as exa:
            try:
                job = await exa.agent.runs.get("r1")
            except ProtocolError:
                return
            for read in (lambda job=job: job.snapshot.raw, lambda job=job: job.snapshot.resource):
                for levels in (0, 100, 300):
                    try:
                        at_depth(read, levels)
                    except ProtocolError as error:
                        assert len(str(error)) < 1_000  # noqa: PT017
            page = b'{"data":[' + body + b'],"hasMore":false}'
            handler, _ = scripted(answer(page))
            async with serving(handler) as other, Exa(KEY, base_url=HOME, session=other, settings=settings) as lister:
                try:
                    assert (await anext(lister.agent.runs.list())).id == "r1"
                except ProtocolError as error:
                    assert len(str(error)) < 1_000  # noqa: PT017
        depth = depth + 50 if depth < 1_200 else depth * 2


@pytest.mark.parametrize(
    "value", [b"1" * 5_000, b"-" + b"1" * 5_000, b"NaN", b"Infinity", b"-Infinity", b"01", b"1e", b"'a'", b'"\x01"']
)
async def test_what_is_no_json_is_a_protocol_error(value):
    """Numbers of thousands of digits and NaN among it."""
    handler, _ = scripted(answer(b'{"id":"r1","status":"completed","x":' + value + b"}"))
    async with (
        serving(handler) as session,
        Exa(KEY, base_url=HOME, session=session, settings=Settings(retry_budget=0)) as exa,
    ):
        with pytest.raises(ProtocolError):
            await exa.agent.runs.get("r1")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 4_000, "1e-999", "0." + "1" * 10_000, "1E400"])
async def test_figures_that_no_figure_can_be_break_no_look(number):
    """Progress is for people: what is no number is not told."""
    row = {"id": "s1", "object": "webset_search", "status": "running", "websetId": "w", "progress": {"completion": "@"}}
    body = json.dumps(row).replace('"@"', number).encode()
    handler, _ = scripted(answer(body))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        job = await exa.websets.searches.get("w", "s1")
        assert job.state is JobState.RUNNING
        assert job.progress is None or math.isfinite(job.progress.percent)


async def test_of_two_equal_keys_the_last_one_counts():
    """As in every reader of JSON in Python: the same for us and for whoever reads ``raw``."""
    handler, _ = scripted(answer(b'{"id":"r1","id":"r2","status":"running","status":"completed"}'))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        job = await exa.agent.runs.get("r2")
    assert (job.id, job.state) == ("r2", JobState.COMPLETED)
    assert job.snapshot.raw == {"id": "r2", "status": "completed"}


# -- texts -------------------------------------------------------------------


@pytest.mark.parametrize("text", [FORGED, LONG, "\ud800", FORGED * 1_000], ids=["forged", "long", "surrogate", "both"])
@pytest.mark.parametrize(
    "shape",
    [
        lambda text: {"error": text, "tag": text, "requestId": text},
        lambda text: {"error": {"code": text, "type": text, "message": text}},
        lambda text: {"message": {"detail": text, "code": text}},
        lambda text: {"message": text, "errors": {text: [text]}},
        lambda text: text,
    ],
)
async def test_an_error_is_short_and_in_one_line(shape, text, caplog):
    """Whatever the service writes, it can forge no line of a log and fill none; also as bytes that are no text."""
    handler, _ = scripted(answer(shape(text), 500), answer(json.dumps(shape(text), ensure_ascii=True).encode(), 400))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        with caplog.at_level(logging.DEBUG), pytest.raises(APIError) as caught:
            await exa.websets.get("w")
    for told in (str(caught.value), repr(caught.value), *(record.getMessage() for record in caplog.records)):
        assert len(told) < 3_000
        assert told.isprintable()
    assert (caught.value.tag or "").isprintable()


async def test_many_details_with_long_paths_are_not_multiplied():
    """A body of a megabyte whose details share one long path is no message of a terabyte."""
    body = {"errors": {"x" * 100_000: ["y"] * 30_000}}
    handler, _ = scripted(answer(body, 400))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        tracemalloc.start()
        try:
            with pytest.raises(APIError) as caught:
                await exa.websets.get("w")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert len(str(caught.value)) < 1_000
    assert peak < 20_000_000


@pytest.mark.parametrize("text", [FORGED, LONG, "\ud800"], ids=["forged", "long", "surrogate"])
async def test_a_reason_is_short_and_in_one_line(text):
    """In the error; the snapshot has it as it came."""
    run = {**RUN, "status": "failed", "stopReason": text}
    handler, _ = scripted(answer(run))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        with pytest.raises(JobFailed) as caught:
            await exa.job("exa.agent_run:r1").result()
    assert caught.value.reason == text
    assert len(str(caught.value)) < 1_000
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", [FORGED, LONG, "\ud800"], ids=["forged", "long", "surrogate"])
async def test_a_status_is_short_and_in_one_line(text, caplog):
    """In the log and in the error; the snapshot has it as it came."""
    handler, _ = scripted(answer({**RUN, "status": text}))
    async with (
        serving(handler) as session,
        Exa(KEY, base_url=HOME, session=session, settings=Settings(unknown_after=5.0)) as exa,
    ):
        job = exa.job("exa.agent_run:r1")
        with caplog.at_level(logging.DEBUG), pytest.raises(UnknownStatus) as caught:
            await job.wait()
    assert job.snapshot.status == text
    for told in (str(caught.value), *(record.getMessage() for record in caplog.records)):
        assert len(told) < 1_000
        assert told.isprintable()


async def test_a_status_that_contradicts_the_end_is_short_and_in_one_line(caplog):
    """The same where a job that has ended is seen otherwise."""
    handler, _ = scripted(answer(RUN), answer({**RUN, "status": FORGED + LONG}))
    async with serving(handler) as session, Exa(KEY, base_url=HOME, session=session) as exa:
        job = exa.job("exa.agent_run:r1")
        with caplog.at_level(logging.WARNING):
            await job.refresh()
            await job.refresh()
    (record,) = caplog.records
    assert len(record.getMessage()) < 1_000
    assert record.getMessage().isprintable()


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "1 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2000 00:00:00 +9999999999999",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "9" * 400,
        "soon",
    ],
)
async def test_a_date_that_is_none_ends_no_create(date):
    """The time at the service is a help for finding what it made, and nothing else depends on it."""

    async def service(request):
        if request.method == "GET":
            row = {"id": "r1", "uuid": "u1", "status": "new", "createdAt": "2026-01-01T00:00:00Z"}
            return answer({"data": [row], "results": [row], "hasMore": False}, Date=date)
        return answer({"error": "x"}, 500, Date=date)

    async with net({HOME: service}) as (_, session):
        for client, create in (
            (Exa, lambda exa: exa.agent.runs.create(query="x")),
            (WaterCrawl, lambda watercrawl: watercrawl.searches.create("x")),
        ):
            async with client(KEY, base_url=HOME, session=session, settings=Settings(retry_budget=1)) as service:
                with pytest.raises(AsyncJobsError):
                    await create(service)
