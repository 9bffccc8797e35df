"""The key goes to one origin: over redirects, addresses in replies, and sessions with habits of their own."""

from __future__ import annotations

import contextlib

import aiohttp
import pytest
import yarl
from aiohttp import web
from aiohttp.test_utils import TestServer
from security_world import HOME, KEY, RUN, net, own_sessions, saying
from services import answer

from asyncjobs import APIError, AsyncJobsError, Exa, InvalidArgument, Settings, TransportError, WaterCrawl
from asyncjobs._wire import build
from asyncjobs.kinds import Call, Client, JobKind, Provider

PROXIES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
ELSEWHERE = [
    "http://api.service.test",
    "https://api.service.test:8443",
    "https://service.test",
    "https://evil.api.service.test",
    "https://api.service.test.evil.test",
    "https://evil.test",
    "https://api.service.test.",
]


def redirecting(location, status=302):
    async def handler(request):
        return answer(b"", status, Location=location)

    return handler


def shown(request):
    """Return all that a server sees of a request."""
    return repr([request.method, str(request.url), *request.headers.items()])


# -- redirects ---------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_a_redirect_takes_no_key_to_another_origin(elsewhere, status):
    """Another scheme, port or host, subdomains included, gets a request without any credentials."""
    handlers = {HOME: redirecting(f"{elsewhere}/x", status), elsewhere: saying(RUN)}
    async with net(handlers) as (wires, session), Exa(KEY, base_url=HOME, session=session) as exa:
        await exa.job("exa.agent_run:r1").refresh()
    (there,) = wires.at(elsewhere)
    assert KEY not in shown(there)
    assert all(KEY in shown(request) for request in wires.at(HOME))


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [301, 307])
async def test_a_session_of_the_client_s_own_sends_the_key_home_and_nowhere_else(method, status):
    """Whatever the method: what may be led away is looked after on its way, and what may not be is not led away."""
    handlers = {HOME: redirecting("https://evil.test/x", status), "https://evil.test": saying(RUN)}
    async with net(handlers) as (wires, session), Exa(KEY, base_url=HOME) as exa:
        with own_sessions(session):
            await exa._engine.caller._transport.send(build(Call(method, "/x", repeatable=False), ()))
    assert [request.headers["x-api-key"] for request in wires.at(HOME)] == [KEY]
    assert len(wires.at("https://evil.test")) == (method == "GET")
    assert all(KEY not in shown(request) for request in wires.at("https://evil.test"))


@pytest.mark.parametrize(
    "location",
    [
        "https://api.service.test@evil.test/x",
        "https://api.service.test:443@evil.test/x",
        "https://user:pass@evil.test/x",
        "//evil.test/x",
        r"https:\\evil.test/x",
        "https://evil.test\\@api.service.test/x",
        "https://evil.test#@api.service.test/x",
        "https://evil.test?@api.service.test/x",
        "https://EVIL.test/x",
    ],
)
async def test_no_spelling_of_an_address_is_taken_for_home(location):
    """User names that look like hosts, missing schemes, backslashes: the key is nowhere but at home."""
    handlers = {HOME: redirecting(location), "https://evil.test": saying(RUN)}
    settings = Settings(retry_budget=0)
    async with (
        net(handlers) as (wires, session),
        Exa(KEY, base_url=HOME, session=session, settings=settings) as exa,
    ):
        with contextlib.suppress(AsyncJobsError):
            await exa.job("exa.agent_run:r1").refresh()
    assert len(wires.at(HOME)) >= 1
    assert all(KEY not in shown(request) for request in wires.at("https://evil.test"))
    assert set(wires.tried) <= {HOME, "https://evil.test"}


async def test_a_redirect_that_comes_back_brings_the_key_home_only():
    """Home, elsewhere, home: the stranger between sees nothing."""
    stranger = "https://evil.test"
    handlers = {HOME: saying(RUN), stranger: redirecting(f"{HOME}/agent/runs/r1")}
    async with net(handlers) as (wires, session), Exa(KEY, base_url=HOME, session=session) as exa:

        async def first_away(request):
            if len(wires.at(HOME)) > 1:
                return answer(RUN)
            return answer(b"", 302, Location=f"{stranger}/x")

        wires.serve(HOME, first_away)
        await exa.job("exa.agent_run:r1").refresh()
    (there,) = wires.at(stranger)
    assert KEY not in shown(there)
    assert [request.headers.get("x-api-key") for request in wires.at(HOME)] == [KEY, KEY]


async def test_a_stranger_gets_no_header_that_it_does_not_need():
    """The user's own headers and those of the session may be confidential, too."""
    stranger = "https://evil.test"
    handlers = {HOME: redirecting(f"{stranger}/x"), stranger: saying(RUN)}
    settings = Settings(headers={"X-Team": "t0p-s3cret"})
    async with (
        net(handlers, headers={"X-Internal": "t0p-s3cret"}) as (wires, session),
        Exa(KEY, base_url=HOME, session=session, settings=settings) as exa,
    ):
        await exa.job("exa.agent_run:r1").refresh()
    (at_home,), (there,) = wires.at(HOME), wires.at(stranger)
    assert (at_home.headers["X-Team"], at_home.headers["X-Internal"]) == ("t0p-s3cret", "t0p-s3cret")
    assert {name.lower() for name in there.headers} <= {"host", "accept", "accept-encoding", "user-agent", "connection"}


async def test_a_redirect_adds_no_credentials_of_its_choice():
    """A user and a password in the address of a redirect do not become an Authorization header."""
    for place in (HOME, "https://evil.test"):
        scheme, _, host = place.partition("://")
        handlers = {"https://evil.test": saying(RUN), HOME: saying(RUN)}
        async with net(handlers) as (wires, session), Exa(KEY, base_url=HOME, session=session) as exa:

            async def once(request, wires=wires, target=f"{scheme}://user:pass@{host}/x"):
                return answer(RUN) if len(wires.at(HOME)) > 1 else answer(b"", 302, Location=target)

            wires.serve(HOME, once)
            await exa.job("exa.agent_run:r1").refresh()
        assert all("Authorization" not in request.headers for _, request in wires.seen)
        assert len(wires.seen) == 2


@pytest.mark.parametrize("location", ["https://" + "a" * 300 + "/", "https://..../", "https://a..b/"])
async def test_a_redirect_to_a_name_that_cannot_be_looked_up_is_typed(location):
    """The look-up of such a name raises a UnicodeError, which must not come out."""
    async with aiohttp.ClientSession() as real, net({HOME: redirecting(location)}) as (wires, session):
        lookup = real.connector

        async def connect(req, traces, timeout):
            if str(req.url.origin()) == HOME:
                return await type(wires)._create_connection(wires, req, traces, timeout)
            # What the resolver's thread does first.
            req.url.raw_host.encode("idna")
            raise AssertionError(lookup)

        wires._create_connection = connect
        async with Exa(KEY, base_url=HOME, session=session, settings=Settings(retry_budget=0)) as exa:
            with pytest.raises(TransportError):
                await exa.job("exa.agent_run:r1").refresh()


@pytest.mark.parametrize("work", ["create", "cancel", "delete", "update"])
async def test_a_write_is_never_sent_on(work):
    """Neither the key nor the body reaches another origin by a redirect of a write."""
    handlers = {HOME: redirecting("https://evil.test/x", 307), "https://evil.test": saying(RUN)}
    async with net(handlers) as (wires, session), Exa(KEY, base_url=HOME, session=session) as exa:
        with pytest.raises(APIError, match="redirect"):
            match work:
                case "create":
                    await exa.agent.runs.create(query="x")
                case "cancel":
                    await exa.job("exa.agent_run:r1").cancel()
                case "delete":
                    await exa.agent.runs.delete("r1")
                case "update":
                    await exa.websets.update("w", metadata={})
    assert set(wires.tried) == {HOME}


# -- addresses in replies ----------------------------------------------------


async def test_an_address_in_a_result_is_handed_over_and_not_fetched():
    """A search whose result is an address on another host: nobody but the user goes there."""
    row = {"uuid": "u1", "status": "finished", "result": "https://evil.test/result?sig=1"}

    async def service(request):
        return answer(row if "u1" in request.path else {"results": [row], "next": None})

    async with (
        net({HOME: service, "https://evil.test": saying([])}) as (wires, session),
        WaterCrawl(KEY, base_url=HOME, session=session) as watercrawl,
    ):
        job = watercrawl.job("watercrawl.search:u1")
        assert (await job.wait()).resource.result_url == row["result"]
        assert (await job.result()).result_url == row["result"]
        assert [each.snapshot.resource.result_url async for each in watercrawl.searches.list()] == [row["result"]]
    assert set(wires.tried) == {HOME}


@pytest.mark.parametrize(
    "following", ["https://evil.test/?page=2", "//evil.test/?page=2", "http://169.254.169.254/?page=2"]
)
async def test_the_address_of_the_next_page_names_no_host(following):
    """Only the number in it is used."""
    async with net({HOME: saying({})}) as (wires, session):

        async def pages(request):
            first = "page" not in request.query
            return answer(
                {
                    "results": [{"uuid": request.query.get("page", "1"), "status": "new"}],
                    "next": following if first else None,
                }
            )

        wires.serve(HOME, pages)
        async with WaterCrawl(KEY, base_url=HOME, session=session) as watercrawl:
            assert [job.id async for job in watercrawl.searches.list()] == ["1", "2"]
    assert set(wires.tried) == {HOME}


@pytest.mark.parametrize("path", ["@evil.test/{id}", ".evil.test/{id}", ":8443/{id}", "", "{id}", "things/{id}"])
def test_a_call_cannot_name_another_host(path):
    """A path goes behind the address of the service, so that it begins with a slash."""
    with pytest.raises(InvalidArgument) as caught:
        Call("GET", path, repeatable=True)
    assert caught.value.field == "path"


@pytest.mark.parametrize("base_url", ["https://" + "a" * 64 + ".test", "https://a..test", "https://...."])
def test_an_address_that_cannot_be_looked_up_is_refused(base_url):
    """Where the client is made, rather than by an error of the resolver at the first request."""
    with pytest.raises(InvalidArgument) as caught:
        Exa(KEY, base_url=base_url)
    assert caught.value.field == "base_url"


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Expect"]
)
def test_settings_take_no_header_of_the_connection(name):
    """One that lies about the body or the host makes two requests of one, or another service of this one."""
    with pytest.raises(InvalidArgument) as caught:
        Settings(headers={name: "x"})
    assert caught.value.field == "headers"


# -- sessions and the environment --------------------------------------------


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    """A file with a password for every host, named by the environment, and no proxies there."""
    file = tmp_path / "netrc"
    file.write_text("default login user password n3trc-s3cret\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.real_time
async def test_a_session_that_trusts_the_environment_sends_no_password_from_there(netrc):
    """What ``.netrc`` has for the host stays there: the service gets the key."""
    handlers = {HOME: saying(RUN)}
    async with (
        net(handlers, trust_env=True) as (wires, session),
        Exa(KEY, base_url=HOME, session=session) as exa,
    ):
        await exa.job("exa.agent_run:r1").refresh()
        # The application itself goes on as ever.
        async with session.get(HOME):
            pass
    ours, own = wires.at(HOME)
    assert ours.headers["x-api-key"] == KEY
    assert "Authorization" not in ours.headers
    assert "Authorization" in own.headers


async def test_cookies_of_a_session_stay_there():
    """Those that the application has for the host, and those that the service sets."""
    handlers = {HOME: saying(RUN, Set_Cookie="theirs=1; Path=/")}
    async with net(handlers) as (wires, session), Exa(KEY, base_url=HOME, session=session) as exa:
        session.cookie_jar.update_cookies({"session": "c00kie-s3cret"}, yarl.URL(HOME))
        for _ in range(2):
            await exa.job("exa.agent_run:r1").refresh()
        # The application itself goes on as ever.
        async with session.get(HOME):
            pass
    first, second, own = wires.at(HOME)
    assert "Cookie" not in first.headers
    assert "Cookie" not in second.headers
    assert "c00kie-s3cret" in own.headers["Cookie"]


@pytest.mark.real_time
async def test_the_key_replaces_a_password_in_the_same_header(netrc):
    """For a service whose key goes into Authorization there is one such header, and it is the key's."""
    kind = JobKind(
        name="studio.render",
        resource=dict,
        identity={"id": "id"},
        look=Call("GET", "/renders/{id}", repeatable=True),
        words={},
    )
    provider = Provider(
        name="studio", base_url=HOME, key_header="Authorization", key_env="X", url_env="Y", kinds=(kind,)
    )
    async with (
        net({HOME: saying(RUN)}, trust_env=True) as (wires, session),
        Client(provider, f"Bearer {KEY}", session=session) as client,
    ):
        await client.job("studio.render:r1").refresh()
    assert wires.at(HOME)[0].headers.getall("Authorization") == [f"Bearer {KEY}"]


@pytest.mark.real_time
async def test_an_own_session_takes_nothing_from_the_environment(netrc, monkeypatch):
    """Neither a proxy nor a password, and it keeps no cookies."""
    for name in PROXIES:
        monkeypatch.setenv(name, "http://user:pr0xy-s3cret@127.0.0.1:9")
    seen = []

    async def handler(request):
        seen.append(request)
        return web.json_response(RUN, headers={"Set-Cookie": "theirs=1; Path=/"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server, Exa(KEY, base_url=str(server.make_url("/"))) as exa:
        for _ in range(2):
            await exa.job("exa.agent_run:r1").refresh()
    assert len(seen) == 2
    for request in seen:
        assert request.headers["x-api-key"] == KEY
        assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(request.headers)


async def test_an_own_session_tells_a_store_nothing_of_who_asks(tmp_path):
    """Neither an upload nor a download elsewhere says what the client says at home, by any header."""
    named = {"User-Agent": "acme/7 alice", "Accept": "application/vnd.acme", "X-Team": "7"}
    created = {"id": "i", "status": "pending", "uploadUrl": "https://store.test/put?sig=1"}
    async with net({HOME: saying(created), "https://store.test": saying({})}) as (wires, session):
        with own_sessions(session):
            settings = Settings(headers=named)
            exa = Exa(KEY, base_url=HOME, settings=settings)
            await exa.websets.imports.send("url\nhttps://a.example\n", entity={"type": "company"})
            watercrawl = WaterCrawl(KEY, base_url=HOME, settings=settings)
            await watercrawl.download("https://store.test/a?sig=1", tmp_path / "a")
            home, store = wires.at(HOME), wires.at("https://store.test")
            await exa.aclose()
            await watercrawl.aclose()
    assert [(request.method, request.headers.getall("Accept")) for request in store] == [
        ("PUT", ["*/*"]),
        ("GET", ["*/*"]),
    ]
    for request in store:
        assert request.headers.keys().isdisjoint({"X-Team", "x-api-key"})
        assert not set(named.values()) & set(request.headers.values())
    assert home
    for request in home:
        assert {name: request.headers.getall(name) for name in named} == {name: [told] for name, told in named.items()}
        assert request.headers.getall("Accept-Encoding") == ["gzip, deflate"]
        assert request.headers.getall("x-api-key") == [KEY]
