"""Certificates are verified, and nothing in our own options turns that off."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import subprocess

import aiohttp
import attrs
import pytest
from aiohttp import web
from security_world import KEY, RUN

from asyncjobs import CreateUncertain, Exa, Settings, TransportError

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=elsewhere.test"
    )
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)  # noqa: S603
    return folder


@pytest.fixture
def serve(certificate):
    """Return a context manager that serves over TLS and gives the port and what arrived."""

    @contextlib.asynccontextmanager
    async def serve():
        seen = []

        async def handler(request):
            seen.append(request)
            return web.json_response(RUN)

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        runner = web.ServerRunner(web.Server(handler), handle_signals=False)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        try:
            yield f"https://127.0.0.1:{site._server.sockets[0].getsockname()[1]}", seen
        finally:
            await runner.cleanup()

    return serve


async def test_a_certificate_that_nobody_signed_gets_no_request(serve):
    """It is a TransportError which says that nothing was sent: no key, no body."""
    async with serve() as (url, seen), Exa(KEY, base_url=url, settings=Settings(retry_budget=0)) as exa:
        for work in (exa.agent.runs.get("r1"), exa.agent.runs.create(query="x"), exa.websets.create(metadata={})):
            with pytest.raises(TransportError) as caught:
                await work
            assert not caught.value.sent
            assert "Certificate" in str(caught.value)
            assert not isinstance(caught.value, CreateUncertain)
    assert not seen


async def test_a_certificate_for_another_name_gets_no_request(serve, certificate):
    """Even if its signer is trusted, the name must be the one that was asked for."""
    async with serve() as (url, seen):
        context = ssl.create_default_context(cafile=certificate / "cert.pem")
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
            Exa(
                KEY, base_url=url.replace("127.0.0.1", "localhost"), session=session, settings=Settings(retry_budget=0)
            ) as exa,
        ):
            with pytest.raises(TransportError) as caught:
                await exa.agent.runs.get("r1")
            assert not caught.value.sent
        assert not seen


async def test_a_session_may_trust_a_certificate_of_its_own(serve, certificate):
    """The application's connector is the application's decision, in both directions."""
    async with serve() as (url, seen):
        trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
        for decision in (trusting, False):
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=decision)) as session,
                Exa(KEY, base_url=url, session=session) as exa,
            ):
                assert (await exa.agent.runs.get("r1")).done
        assert len(seen) == 2


def test_no_setting_speaks_of_certificates():
    """There is nothing to switch off by mistake."""
    words = ("ssl", "tls", "verify", "insecure", "cert")
    assert not [field.name for field in attrs.fields(Settings) if any(word in field.name for word in words)]
