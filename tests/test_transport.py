"""The seam to the network: what is sent, what comes back, and what becomes of failures."""

from __future__ import annotations

import asyncio
import gzip
import logging
import math
import os
import pickle
import platform
import subprocess
import sys
import traceback
import warnings

import aiohttp
import pytest
import yarl
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from services import URL, answer, scripted, serving

from asyncjobs import AsyncJobsError, ClientClosed, InvalidArgument, ProtocolError, Settings, TransportError
from asyncjobs._addresses import check_base_url
from asyncjobs._kinds import Lane
from asyncjobs._middlewares import Credentials, check_session
from asyncjobs._transport import AiohttpTransport
from asyncjobs._wire import Request

KEY = "s3cret-key"


def request(method="GET", target="/things/t1", body=None):
    return Request(method=method, target=target, lane=Lane.LOOK, repeatable=method == "GET", body=body)


def transport(session, *, base=URL, **settings):
    return AiohttpTransport(
        yarl.URL(base),
        key_header="x-api-key",
        key=KEY,
        headers={"Accept": "application/json"},
        settings=Settings(**settings),
        session=session,
    )


async def failure(session, what=None, **settings):
    """Return the error that a request ends in; it must be one of ours and hold no trace of the key."""
    with pytest.raises(AsyncJobsError) as caught:
        await transport(session, **settings).send(what or request())
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    told = [repr(error), str(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
    assert KEY not in "".join(told)
    assert KEY.encode() not in pickle.dumps(error)
    return error


# -- what is sent ------------------------------------------------------------


async def test_a_request_carries_the_key_and_the_headers():
    """The key under the service's header, JSON with its type, and the body byte for byte."""
    handler, seen = scripted(answer({}))
    async with serving(handler) as session:
        await transport(session).send(request("POST", "/things?a=1", b'{"x":1}'))
    (got,) = seen
    assert (got.method, got.path_qs) == ("POST", "/things?a=1")
    assert got.headers["x-api-key"] == KEY
    assert (got.headers["Accept"], got.headers["Content-Type"]) == ("application/json", "application/json")
    assert await got.read() == b'{"x":1}'


async def test_an_encoded_target_stays_encoded():
    """An encoded slash, dot or per cent sign must not become a path of another meaning."""
    handler, seen = scripted(answer({}))
    async with serving(handler) as session:
        await transport(session, base=f"{URL}/prefix").send(request(target="/things/a%2F..%2Fb%25c"))
    assert seen[0].raw_path == "/prefix/things/a%2F..%2Fb%25c"


async def test_a_reply_is_read_whole():
    """Status, headers in lower case, body, address without the query, and when it was sent."""
    handler, _ = scripted(answer({"a": 1}, 201, X_Request_Id="r1"))
    async with serving(handler) as session:
        got = await transport(session).send(request(target="/things?token=x"))
    assert (got.status, got.body, got.request_id) == (201, b'{"a": 1}', "r1")
    assert got.url == f"{URL}/things"
    assert got.began == asyncio.get_running_loop().time()
    assert got.received_at.utcoffset().total_seconds() == 0


async def test_compressed_bodies_are_unpacked():
    """Also on a session that would not."""
    packed = gzip.compress(b'{"a": 1}')
    handler, _ = scripted(answer(packed, Content_Encoding="gzip"))
    for options in ({}, {"auto_decompress": False}):
        async with serving(handler, **options) as session:
            assert (await transport(session).send(request())).body == b'{"a": 1}'


async def test_a_reply_that_repeats_the_key_is_blotted_out():
    """Some services put into their errors what they were sent."""
    handler, _ = scripted(answer({"error": f"unknown key {KEY}"}, 401))
    async with serving(handler) as session:
        got = await transport(session).send(request())
    assert KEY.encode() not in got.body


async def test_the_sessions_own_habits_do_not_matter():
    """Its middlewares do not run, and its way to raise for a status does not apply."""
    ran = []

    async def middleware(request, handler):
        ran.append(request)
        return await handler(request)

    handler, _ = scripted(answer({}, 500))
    async with serving(handler, middlewares=(middleware,), raise_for_status=True) as session:
        assert (await transport(session).send(request())).status == 500
        assert not ran
        async with session.get(f"{URL}/", raise_for_status=False):
            assert len(ran) == 1


async def test_a_session_that_was_given_is_left_open():
    """Whoever opened it closes it."""
    handler, _ = scripted(answer({}))
    async with serving(handler) as session:
        wire = transport(session)
        await wire.send(request())
        await wire.aclose()
        assert not session.closed


# -- what goes wrong ---------------------------------------------------------


async def cut(request):
    request.transport.abort()
    return web.Response()


async def cut_body(request):
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"{")
    request.transport.close()
    return response


async def stall(request):
    await asyncio.sleep(1e6)
    return web.Response()


async def stream(request):
    response = web.StreamResponse(headers={"X-Request-Id": "r1"})
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"x" * 1000)
    return response


@pytest.mark.parametrize("handler", [cut, cut_body])
async def test_a_connection_that_breaks_is_a_transport_error(handler):
    """Before a reply or within one; it was sent, so its effect is open."""
    async with serving(handler) as session:
        error = await failure(session, request("POST", body=b"{}"))
    assert isinstance(error, TransportError)
    assert (error.sent, error.method, error.url) == (True, "POST", f"{URL}/things/t1")


async def test_a_reply_that_does_not_come_is_a_transport_error():
    """After the bound of one attempt."""
    async with serving(stall) as session:
        begun = asyncio.get_running_loop().time()
        error = await failure(session, request_timeout=7.5)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(7.5, abs=1.1)
    assert isinstance(error, TransportError)
    assert error.sent


async def test_without_a_bound_a_reply_may_take_long():
    """Infinity is no bound."""

    async def slow(request):
        await asyncio.sleep(1e5)
        return answer({})

    async with serving(slow) as session:
        got = await transport(session, request_timeout=math.inf, connect_timeout=math.inf).send(request())
    assert got.status == 200


async def test_what_was_never_sent_says_so():
    """Without a connection nothing can have had an effect."""

    class Nowhere(aiohttp.BaseConnector):
        async def _create_connection(self, req, traces, timeout):
            raise aiohttp.ClientConnectorError(req.connection_key, OSError(111, "Connection refused"))

    async with aiohttp.ClientSession(connector=Nowhere()) as session:
        error = await failure(session, request("POST", body=b"{}"))
    assert isinstance(error, TransportError)
    assert not error.sent
    assert "Connection refused" in str(error)


@pytest.mark.parametrize("handler", [stream, scripted(answer(b"x" * 100_000, X_Request_Id="r1"))[0]])
async def test_a_body_over_the_bound_is_a_protocol_error(handler):
    """With and without its length announced; the error has the request's id."""
    async with serving(handler) as session:
        error = await failure(session, max_body_bytes=50_000)
    assert isinstance(error, ProtocolError)
    assert "max_body_bytes (50000)" in str(error)
    assert error.request_id == "r1"


@pytest.mark.parametrize("handler", [stream, scripted(answer(b"x" * 100_000))[0]])
async def test_a_body_of_exactly_the_bound_is_taken(handler):
    """The bound is what still fits."""
    async with serving(handler) as session:
        assert len((await transport(session, max_body_bytes=100_000).send(request())).body) == 100_000


async def test_a_packed_body_is_measured_unpacked():
    """A small reply must not become a large one in memory."""
    handler, _ = scripted(answer(gzip.compress(b"x" * 1_000_000), Content_Encoding="gzip"))
    async with serving(handler) as session:
        assert isinstance(await failure(session, max_body_bytes=50_000), ProtocolError)


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b"x" * 10_000)[:-30] + b"?" * 30], ids=["no gzip", "broken gzip"]
)
async def test_a_body_that_cannot_be_unpacked_is_a_transport_error(body):
    """It is a broken reply, not a broken program."""
    handler, _ = scripted(answer(body, Content_Encoding="gzip"))
    async with serving(handler) as session:
        assert isinstance(await failure(session), TransportError)


async def test_a_session_that_was_closed_is_named():
    """It will not open again, so that waiting for better times is pointless."""
    handler, _ = scripted(answer({}))
    async with serving(handler) as session:
        pass
    error = await failure(session)
    assert isinstance(error, ClientClosed)
    assert "session" in str(error)


async def test_a_write_is_not_redirected():
    """The reply says where it should go; nothing follows."""
    handler, seen = scripted(answer(b"", 307, Location=f"{URL}/elsewhere"), answer({}))
    async with serving(handler) as session:
        got = await transport(session).send(request("POST", body=b"{}"))
    assert got.status == 307
    assert len(seen) == 1


async def test_a_read_follows_a_few_redirects():
    """But not for ever."""
    handler, seen = scripted(answer(b"", 302, Location=f"{URL}/elsewhere"), answer({"a": 1}))
    async with serving(handler) as session:
        assert (await transport(session).send(request())).body == b'{"a": 1}'
    assert [got.path for got in seen] == ["/things/t1", "/elsewhere"]
    handler, seen = scripted(answer(b"", 302, Location=f"{URL}/elsewhere"))
    async with serving(handler) as session:
        assert isinstance(await failure(session), TransportError)
    assert len(seen) == 5


@pytest.mark.parametrize("location", ["http://[", "file:///etc/passwd", "http://", "//", "\x7f", "mailto:x"])
async def test_a_redirect_to_nowhere_is_an_error(location):
    """Whatever the header says."""
    handler, _ = scripted(answer(b"", 302, Location=location))
    async with serving(handler) as session:
        await failure(session)


async def test_the_log_has_no_secrets(caplog):
    """Method, address without query and status; no header, no body."""
    handler, _ = scripted(answer({"secret": "in body"}))
    with caplog.at_level(logging.DEBUG):
        async with serving(handler) as session:
            await transport(session).send(request("POST", "/things?token=in-query", b'{"x": "in body"}'))
    line = next(record.getMessage() for record in caplog.records if record.name == "asyncjobs.http")
    assert line == f"POST {URL}/things -> 200"
    for secret in (KEY, "in-query", "in body"):
        assert secret not in caplog.text


# -- addresses and sessions --------------------------------------------------


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://api.test", "https://api.test"),
        ("https://api.test/", "https://api.test"),
        ("http://127.0.0.1:8080/prefix/", "http://127.0.0.1:8080/prefix"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_of_a_service(value, address):
    """Without a slash at its end."""
    assert str(check_base_url(value)).rstrip("/") == address


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "/",
        "api.test",
        "//api.test",
        "ftp://api.test",
        "http://",
        "http:///path",
        "http://api.test:99999",
        "http://api.test:x",
        "http://[::1",
        "http://user@api.test",
        "http://user:s3cret@api.test",
        "http://:s3cret@api.test",
        "http://api.test?key=s3cret",
        "http://api.test#s3cret",
        None,
        3,
        b"http://api.test",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(value):
    """An address may hold a password."""
    with pytest.raises(InvalidArgument) as caught:
        check_base_url(value)
    assert caught.value.field == "base_url"
    assert "s3cret" not in str(caught.value)


@given(st.text() | st.text().map("http://".__add__) | st.text().map("https://api.test/".__add__))
def test_any_text_is_an_address_or_an_invalid_argument(value):
    """Nothing else can come out."""
    try:
        url = check_base_url(value)
    except InvalidArgument:
        return
    assert url.origin()


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Authorization": "Bearer s3cret"}},
        {"headers": {"X-API-Key": "s3cret"}},
        {"headers": {"x-token": "s3cret"}},
        {"headers": {"Cookie": "a=s3cret"}},
        {"headers": {"Proxy-Authorization": "s3cret"}},
    ],
)
async def test_default_credentials_of_a_session_are_refused(options):
    """They would go to the service beside the key."""
    async with aiohttp.ClientSession(**options) as session:
        with pytest.raises(InvalidArgument) as caught:
            check_session(session, "X-Token")
    assert caught.value.field == "session"
    assert "s3cret" not in str(caught.value)


async def test_default_authentication_of_a_session_is_refused():
    """The same in the older spelling."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        session = aiohttp.ClientSession(auth=aiohttp.BasicAuth("user", "s3cret"))
    async with session:
        with pytest.raises(InvalidArgument, match="credentials"):
            check_session(session, "x-api-key")


async def test_a_session_without_credentials_is_taken():
    """Other default headers are the application's business."""
    async with aiohttp.ClientSession(headers={"X-Trace": "1"}) as session:
        assert check_session(session, "x-api-key") is session


@pytest.mark.parametrize("value", ["session", 3, aiohttp.ClientSession])
def test_what_is_no_session_is_refused(value):
    """The error names the type."""
    with pytest.raises(InvalidArgument, match=type(value).__name__):
        check_session(value, "x-api-key")


def test_credentials_do_not_show_the_key():
    """Not even to a debugger that prints them."""
    assert KEY not in repr(Credentials(yarl.URL(URL), "x-api-key", KEY))


#: How often memory is brought in for 200 pieces that are received, before it is to be kept and after.
_RECEIVING = """
import resource, socket

sender, receiver = socket.socketpair()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(200):
        sender.send(bytes(500))
        receiver.recv(256 * 1024)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = faults()
from asyncjobs._buffers import keep_memory
keep_memory()
print(before, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep memory in other ways")
def test_memory_to_receive_into_is_kept():
    """In a fresh process, what a reply is received into is not brought in anew for each."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", _RECEIVING]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    before, after = map(int, ran.stdout.split())
    if before < 200:
        pytest.skip("here Python has freed as large a block before anybody imports anything")
    assert after < 20


async def test_whoever_sends_lets_memory_be_kept(monkeypatch):
    """It is seen to before the first reply comes."""
    asked = []
    monkeypatch.setattr("asyncjobs._transport.keep_memory", lambda: asked.append(True))
    transport(None)
    assert asked == [True]
