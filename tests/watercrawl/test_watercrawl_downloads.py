"""Files: written as they come, whole or not at all, bounded, and without the key where the service says to go."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import tracemalloc
import zipfile

import pytest
from aiohttp import web
from services import URL, serving

from asyncjobs import (
    APIError,
    ClientClosed,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ProtocolError,
    Settings,
    TransportError,
    WaterCrawl,
)
from asyncjobs.sandbox import Answer, Cut, Fault, Redirect, Replace, Sandbox, Stall
from asyncjobs.watercrawl import SitemapPage

SITE = "https://example.com"
STORE = "http://storage.example"
KEY = "a-key-that-nobody-else-may-see"


@contextlib.asynccontextmanager
async def crawled(**settings):
    """Give a sandbox, a client, and a crawl of three pages that has ended."""
    async with (
        Sandbox(sockets=False) as sandbox,
        WaterCrawl(KEY, base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings)) as watercrawl,
    ):
        job = await watercrawl.crawls.create(
            SITE, spider_options={"page_limit": 3}, page_options={"actions": [{"type": "pdf"}]}
        )
        await job.wait()
        sandbox.ledger.clear()
        yield sandbox, watercrawl, job


@contextlib.asynccontextmanager
async def serving_file(handler, **settings):
    """Give a client of a service that answers everything with *handler*."""
    async with (
        serving(handler) as session,
        WaterCrawl(KEY, base_url=URL, session=session, settings=Settings(**settings)) as watercrawl,
    ):
        yield watercrawl


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("output_format", "suffix"), [("json", "json"), ("markdown", "md")])
async def test_an_archive_is_a_file(tmp_path, output_format, suffix):
    """As the service packed it; nothing else is left beside it."""
    async with crawled() as (_, watercrawl, job):
        path = tmp_path / "pages.zip"
        size = await watercrawl.crawls.download(job.id, path, output_format=output_format)

        assert size == path.stat().st_size
        assert zipfile.ZipFile(io.BytesIO(path.read_bytes())).namelist()[0] == f"example.com.{suffix}"
        assert left(tmp_path) == ["pages.zip"]


async def test_a_file_has_the_rights_that_files_have(tmp_path):
    """Those of any other that the program makes."""
    async with crawled() as (_, watercrawl, job):
        await watercrawl.crawls.download(job.id, tmp_path / "a")
        (tmp_path / "b").touch()

        assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("home", [True, False], ids=["at home", "elsewhere"])
async def test_files_are_read_without_the_key(tmp_path, home):
    """Contents, attachments and sitemaps: who has the address needs none, and the store must not have it."""
    async with crawled() as (sandbox, watercrawl, job):
        result = await anext(watercrawl.crawls.results(job.id))
        crawl = await job.result()
        sandbox.ledger.clear()
        for number, address in enumerate((result.result_url, result.attachments[0].attachment, crawl.sitemap)):
            where = address if home else address.replace(sandbox.url, STORE)
            await watercrawl.download(where, tmp_path / str(number))

        assert json.loads((tmp_path / "0").read_text())["markdown"].startswith("# ")
        assert (tmp_path / "1").read_bytes() == b"this is page.pdf"
        assert len(json.loads((tmp_path / "2").read_text())) == 3
        rows = sandbox.ledger.requests
        assert [row.key_sent for row in rows] == [False] * 3
        assert all("X-Amz-Signature" in row.query for row in rows)
        assert ({row.host for row in rows} == {"storage.example"}) is not home


async def test_a_store_sees_nothing_of_the_caller(tmp_path):
    """No header but what a request needs, and no cookie, whatever the session has."""
    seen = []

    async def handler(request):
        seen.append({name.lower() for name in request.headers})
        return web.Response(body=b"content")

    async with serving(handler) as session:
        session.headers["X-Secret"] = "1"
        session.cookie_jar.update_cookies({"a": "b"})
        watercrawl = WaterCrawl(KEY, base_url=URL, session=session, settings=Settings(headers={"X-Team-ID": "7"}))
        await watercrawl.download(f"{STORE}/a?sig=1", tmp_path / "a")
        await watercrawl.aclose()

    assert seen == [{"host", "accept", "accept-encoding", "user-agent"}]


async def test_an_archive_that_is_elsewhere_is_followed_without_the_key(tmp_path):
    """A service may send to its store."""
    async with crawled() as (sandbox, watercrawl, job):
        address = (await anext(watercrawl.crawls.results(job.id))).result_url.replace(sandbox.url, STORE)
        sandbox.ledger.clear()
        sandbox.fault(Fault(Redirect(address), path="download"))
        await watercrawl.crawls.download(job.id, tmp_path / "a")

        assert [(row.host, row.key_sent) for row in sandbox.ledger.requests] == [
            (sandbox.url.partition("://")[2], True),
            ("storage.example", False),
        ]


async def test_an_address_may_be_a_path():
    """Some servers give one in their streams."""
    async with crawled() as (sandbox, watercrawl, job):
        address = (await job.result()).sitemap.removeprefix(sandbox.url)

        assert len(await watercrawl.read_from(address, into=list)) == 3


async def test_the_sitemap_of_a_crawl_is_read_without_the_key():
    """Two requests, one of them at the store."""
    async with crawled() as (sandbox, watercrawl, job):
        pages = await watercrawl.crawls.sitemap(job.id)

        assert pages[0] == SitemapPage(url=SITE, title="Page 0 of example.com")
        assert [row.key_sent for row in sandbox.ledger.requests] == [True, False]
        sandbox.fault(Fault(Replace(b'["https://a.example"]'), path="media"))
        assert await watercrawl.crawls.sitemap(job.id) == (SitemapPage(url="https://a.example"),)
        new = await watercrawl.crawls.create(SITE)
        with pytest.raises(NotFound, match="Sitemap for this crawl request does not exist"):
            await watercrawl.crawls.sitemap(new.id)


@pytest.mark.parametrize(("body", "what"), [(b"{}", "expected list, got dict"), (b"x", "no JSON"), (b"[7]", "fit")])
async def test_a_sitemap_that_is_none_is_an_error_of_the_service(body, what):
    """And says nothing of what stood there."""
    async with crawled(retry_budget=0.0) as (sandbox, watercrawl, job):
        sandbox.fault(Fault(Replace(body), path="media"))
        with pytest.raises(ProtocolError, match=what):
            await watercrawl.crawls.sitemap(job.id)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_not_kept(tmp_path, announced):
    """Whether its size is announced or not; what was there before stays; and it is not tried again."""
    asked = []

    async def handler(request):
        asked.append(request.path)
        if announced:
            return web.Response(body=b"x" * 1001)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(11):
            await response.write(b"x" * 100)
        return response

    path = tmp_path / "a"
    path.write_text("before")
    async with serving_file(handler) as watercrawl:
        with pytest.raises(ProtocolError, match=r"more than max_bytes \(1000\)"):
            await watercrawl.download(f"{STORE}/a", path, max_bytes=1000)
        with pytest.raises(ProtocolError, match="max_bytes"):
            await watercrawl.crawls.download("u", path, max_bytes=1000)

    assert (path.read_text(), left(tmp_path), len(asked)) == ("before", ["a"], 2)


async def test_a_large_file_is_never_in_memory(tmp_path):
    """Sixty-four megabytes leave no more than a few at a time."""
    piece = b"x" * 65536

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1024):
            await response.write(piece)
        return response

    async with serving_file(handler, max_body_bytes=100_000) as watercrawl:
        tracemalloc.start()
        try:
            size = await watercrawl.crawls.download("u", tmp_path / "a")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert size == (tmp_path / "a").stat().st_size == 64 * 1024 * 1024
    assert peak < 8_000_000


@pytest.mark.parametrize("fault", [Cut(0.7), Cut(0.1), Answer(503), Answer(500, "<html>")], ids=str)
async def test_what_breaks_off_is_begun_again(tmp_path, fault):
    """From its beginning, since no half is of use; the file is whole in the end."""
    async with crawled() as (sandbox, watercrawl, job):
        await watercrawl.crawls.download(job.id, tmp_path / "whole")
        sandbox.ledger.clear()
        sandbox.fault(Fault(fault, path="download", times=2))
        await watercrawl.crawls.download(job.id, tmp_path / "again")

        assert sandbox.ledger.count("result") == 3
        assert zipfile.ZipFile(tmp_path / "again").testzip() is None
        assert left(tmp_path) == ["again", "whole"]


async def test_what_always_breaks_off_is_an_error(tmp_path):
    """Within the retry budget, and without a half file."""
    async with crawled(retry_budget=5.0) as (sandbox, watercrawl, job):
        sandbox.fault(Fault(Cut(0.9), path="download", times=None))
        with pytest.raises(TransportError):
            await watercrawl.crawls.download(job.id, tmp_path / "a")

        assert 2 < sandbox.ledger.count("result") < 20
        assert left(tmp_path) == []


@pytest.mark.real_time
async def test_what_falls_silent_is_an_error(tmp_path):
    """After the settings' idle timeout; how long the whole takes is not bounded."""

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        await asyncio.sleep(50)
        return response

    async with serving_file(handler, idle_timeout=0.3, retry_budget=0.0) as watercrawl:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TransportError, match="Timeout"):
            await watercrawl.download(f"{STORE}/a", tmp_path / "a")
        assert asyncio.get_running_loop().time() - began > 0.6
        assert left(tmp_path) == []


@pytest.mark.real_time
async def test_who_is_cancelled_leaves_nothing(tmp_path):
    """Neither a file nor a connection."""

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await asyncio.sleep(50)
        return response

    async with (
        serving(handler) as session,
        WaterCrawl(KEY, base_url=URL, session=session) as watercrawl,
    ):
        saving = asyncio.create_task(watercrawl.download(f"{STORE}/a", tmp_path / "a"))
        await asyncio.sleep(0.5)
        assert len(left(tmp_path)) == 1
        saving.cancel()
        await asyncio.wait((saving,))
        await asyncio.sleep(0.5)

        assert saving.cancelled()
        assert (left(tmp_path), len(session.connector._acquired)) == ([], 0)


async def test_a_client_that_closes_leaves_nothing(tmp_path):
    """Whoever saves hears of it."""
    async with crawled() as (sandbox, watercrawl, job):
        sandbox.fault(Fault(Stall(), path="download"))
        saving = asyncio.create_task(watercrawl.crawls.download(job.id, tmp_path / "a"))
        await asyncio.sleep(1)
        await watercrawl.aclose()

        with pytest.raises(ClientClosed):
            await saving
        with pytest.raises(ClientClosed):
            await watercrawl.crawls.download(job.id, tmp_path / "a")
        assert left(tmp_path) == []


async def test_the_services_refusals_are_errors(tmp_path):
    """No such crawl, no such format; of a store an expired signature."""
    async with crawled() as (sandbox, watercrawl, job):
        with pytest.raises(NotFound):
            await watercrawl.crawls.download("7d0a5f0e-93b3-4c0c-9d0e-0f4c2f1f7a61", tmp_path / "a")
        with pytest.raises(PermissionDenied, match="Invalid output format"):
            await watercrawl.crawls.download(job.id, tmp_path / "a", output_format="pdf")
        sandbox.fault(Fault(Answer(403, "<Error><Code>AccessDenied</Code></Error>"), path="media"))
        with pytest.raises(APIError, match="403"):
            await watercrawl.download((await job.result()).sitemap, tmp_path / "a")
        assert left(tmp_path) == []


@pytest.mark.parametrize(
    "address",
    [
        *(
            "ftp://a.example/x",
            "http://user:pass@a.example/x",
            "http://",
            "http://[x",
            "javascript:x",
            "//a.example",
            "",
        ),
        *(None, 7, b"http://a.example"),
    ],
)
async def test_an_address_that_is_none_is_refused(tmp_path, address):
    """A secret in it is not repeated."""
    async with crawled() as (sandbox, watercrawl, _):
        with pytest.raises(InvalidArgument, match="address: ") as caught:
            await watercrawl.download(address, tmp_path / "a")
        assert "pass" not in str(caught.value)
        assert not sandbox.ledger.requests


async def test_a_secure_service_has_no_files_that_anybody_can_read(tmp_path):
    """Nothing is sent."""
    watercrawl = WaterCrawl(KEY, base_url="https://watercrawl.example")
    with pytest.raises(InvalidArgument, match="not secure"):
        await watercrawl.download(f"{STORE}/a", tmp_path / "a")
    await watercrawl.aclose()


@pytest.mark.parametrize(
    ("path", "most", "field"),
    [
        (None, 1, "path"),
        (b"a", 1, "path"),
        ("", 1, "path"),
        ("a\0b", 1, "path"),
        ("a", 0, "max_bytes"),
        ("a", 1.5, "max_bytes"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(path, most, field):
    """By name."""
    async with crawled() as (sandbox, watercrawl, job):
        with pytest.raises(InvalidArgument) as caught:
            await watercrawl.crawls.download(job.id, path, max_bytes=most)
        assert caught.value.field == field
        assert not sandbox.ledger.requests


async def test_a_file_that_cannot_be_written_is_the_systems_error(tmp_path):
    """As everywhere in Python."""
    async with crawled() as (_, watercrawl, job):
        with pytest.raises(FileNotFoundError):
            await watercrawl.crawls.download(job.id, tmp_path / "no" / "such" / "folder")
        with pytest.raises(IsADirectoryError):
            await watercrawl.crawls.download(job.id, tmp_path)


async def test_one_page_by_its_id():
    """With or without its content."""
    async with crawled() as (_, watercrawl, job):
        result = await anext(watercrawl.crawls.results(job.id))

        assert await watercrawl.crawls.result(job.id, result.uuid) == result
        assert (await watercrawl.crawls.result(job.id, result.uuid, download=True)).page.markdown
        with pytest.raises(NotFound):
            await watercrawl.crawls.result(job.id, job.id)
