"""Client and sandbox have every operation of Websets: the list is data, and each of its rows is used."""

from __future__ import annotations

import re

import pytest
from sdk_operations import COMPANY, OPERATIONS, ROWS, Made

from asyncjobs import Exa
from asyncjobs.sandbox import Sandbox


async def made(sandbox, exa):
    """Make one of everything."""
    webset = await exa.websets.create(search={"query": "cats", "count": 2}, enrichments=[{"description": "age"}])
    await exa.job(webset)
    monitor = await exa.websets.monitors.create(
        webset.id, cron="0 6 * * *", behavior={"type": "search", "config": {"query": "new cats", "count": 2}}
    )
    hook = await exa.websets.webhooks.create(events=["webset.created"], url="https://hooks.example.com/x")
    return Made(
        webset=webset.id,
        search=webset.searches[0].id,
        enrichment=webset.enrichments[0].id,
        item=(await anext(exa.websets.items.list(webset.id))).id,
        imported=(await exa.websets.imports.send(ROWS, entity=COMPANY)).id,
        monitor=monitor.id,
        run=sandbox.run_monitor(monitor.id).rpartition("/")[2],
        webhook=hook.id,
        event=(await anext(exa.websets.events.list())).id,
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_an_operation_of_websets_is_used_by_the_client_and_served_by_the_sandbox(operation):
    """The client sends it, by the method and to the path that are documented, and the sandbox answers well."""
    async with (
        Sandbox(sockets=False) as sandbox,
        Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa,
    ):
        at = await made(sandbox, exa)
        sandbox.ledger.clear()
        await operation.use(exa, at)

        path = re.compile("/websets" + re.sub(r"\{\w+\}", "[^/]+", operation.path))
        rows = sandbox.ledger.requests
        if "cancel" in operation.path:
            # What has ended is not cancelled: the client has only looked. On something that runs it is sent.
            fresh = await exa.websets.create(search={"query": "dogs"}, enrichments=[{"description": "age"}])
            for job in (*exa.jobs(fresh), exa.job(await exa.websets.create(search={"query": "dogs"}))):
                await job.cancel()
        assert any(row.method == operation.method and path.fullmatch(row.path) for row in rows)
        assert all(row.status is not None and row.status < 300 for row in rows)


def test_no_operation_is_listed_twice():
    """A list that repeats itself hides that something is missing."""
    assert len({str(operation) for operation in OPERATIONS}) == len(OPERATIONS)
