"""Whoever moves over from watercrawl-py finds every call of it in a table, and what stands there instead works."""

from __future__ import annotations

import ast
import textwrap

import pytest
from sdk_moving_watercrawl import PLUMBING, ROWS
from sdk_world import watercrawl as sdk

from asyncjobs import CancelOutcome, Job, WaterCrawl
from asyncjobs.sandbox import Sandbox
from asyncjobs.watercrawl import CrawledPage, SearchResult, SitemapPage

SITE = "https://example.com"
#: What each name in the table is afterwards.
MADE = {
    "job": lambda value: isinstance(value, Job),
    "rows": lambda value: isinstance(value[0], SearchResult),
    "pages": lambda value: isinstance(value[0], SitemapPage),
    "page": lambda value: isinstance(value.page, CrawledPage),
    "tree": lambda value: "example.com" in value,
    "text": lambda value: value.startswith("- ["),
    "size": lambda value: value > 0,
    "outcome": lambda value: value is CancelOutcome.ALREADY_DONE,
    "result": lambda value: value.url == SITE,
    "event": lambda value: value.request.status == "finished",
}


def name_of(call):
    return call.partition("(")[0]


def test_sdk_moving_knows_every_method():
    """But for what the others go through, which a user does not call."""
    methods = {name for name in dir(sdk.WaterCrawlAPIClient) if not name.startswith("_")}

    assert {name_of(call) for call, _ in ROWS} == methods - set(PLUMBING)
    assert set(PLUMBING) <= methods


@pytest.mark.parametrize(("call", "ours"), ROWS, ids=[call for call, _ in ROWS])
async def test_sdk_moving_call_by_call(tmp_path, call, ours):
    """Each line runs, and gives what it says."""
    async with (
        Sandbox(sockets=False) as sandbox,
        WaterCrawl("key", base_url=sandbox.url, session=sandbox.session()) as watercrawl,
    ):
        jobs = {
            "searches": await watercrawl.searches.create("cats"),
            "crawls": await watercrawl.crawls.create(SITE),
            "sitemaps": await watercrawl.sitemaps.create(SITE),
        }
        for job in jobs.values():
            await job.wait()
        about = next((job for part, job in jobs.items() if f"watercrawl.{part}." in ours), jobs["crawls"])
        known = {"watercrawl": watercrawl, "uuid": about.id, "path": tmp_path / "a", "url": SITE, "urls": [SITE]}
        known |= {"query": "cats", "result": await anext(watercrawl.crawls.results(jobs["crawls"].id))}
        body = textwrap.indent(ours, "    ")
        code = f"async def run({', '.join(known)}):\n{body}\n    return locals()"
        scope: dict[str, object] = {}
        exec(compile(code, call, "exec"), scope)  # noqa: S102  (the table is ours)
        seen = await scope["run"](**known)

        names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)} & MADE.keys()
        assert names, "the line gives nothing that is known here"
        assert all(MADE[name](seen[name]) for name in names)
