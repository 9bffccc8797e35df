"""The command line knows crawls and sitemaps as it knows all kinds: by their data."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from asyncjobs import WaterCrawl
from asyncjobs._cli_screen import Screen
from asyncjobs._cli_services import opened, read_refs
from asyncjobs._cli_verbs import cancel, show, wait
from asyncjobs.kinds import Client
from asyncjobs.sandbox import Life, Sandbox


@pytest.mark.parametrize(("part", "kind"), [("crawls", "watercrawl.crawl"), ("sitemaps", "watercrawl.sitemap")])
async def test_command_line_knows_crawls_and_sitemaps(part, kind):
    """Look, wait and cancel, by what `str(job.ref)` gave."""
    async with (
        Sandbox(sockets=False) as sandbox,
        WaterCrawl("key", base_url=sandbox.url, session=sandbox.session()) as watercrawl,
    ):
        sandbox.script(kind, Life.ordinary(kind, works=5.0))
        sandbox.script(kind, Life.ordinary(kind, works=None))
        it = getattr(watercrawl, part)
        quick, slow = [str((await it.create("https://example.com")).ref) for _ in range(2)]
        said = io.StringIO()
        screen = Screen(as_json=False, out=Console(file=said, width=120), err=Console(file=said, width=120))

        def connect(provider):
            return Client(provider, "key", base_url=sandbox.url, session=sandbox.session())

        for verb, ref in ((show, quick), (wait, quick), (cancel, slow)):
            async with opened(read_refs([ref]), connect) as jobs:
                assert await verb(jobs, screen) == 0

        assert (sandbox.status(quick), sandbox.status(slow)) == ("finished", "canceled")
        assert kind in said.getvalue()
