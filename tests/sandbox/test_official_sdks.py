"""The services' own SDKs work against the sandbox unchanged; these tests run where the SDKs are installed."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from asyncjobs.sandbox import Life, Sandbox

with warnings.catch_warnings():
    # What they warn of while they are imported is theirs.
    warnings.simplefilter("ignore")
    exa_py = pytest.importorskip("exa_py")
    watercrawl = pytest.importorskip("watercrawl")


@pytest.mark.real_time
async def test_exa_py_runs_a_webset_from_create_to_delete():
    """Every reply passes the models of the SDK."""

    def use(url):
        websets = exa_py.Exa("key", base_url=url).websets
        enrichment = {"description": "year", "format": "number"}
        webset = websets.create(params={"search": {"query": "cats", "count": 3}, "enrichments": [enrichment]})
        search = websets.searches.create(webset.id, params={"query": "dogs", "count": 2})
        assert websets.searches.cancel(webset.id, search.id).status == "canceled"
        assert websets.enrichments.get(webset.id, webset.enrichments[0].id).title == "year"
        assert websets.wait_until_idle(webset.id, poll_interval=1).status == "idle"
        assert len(list(websets.items.list_all(webset.id, limit=2))) >= 3
        assert websets.get(webset.id, expand=["items"]).items
        assert websets.cancel(webset.id).status == "idle"
        assert [entry.id for entry in websets.list().data] == [webset.id]
        assert websets.delete(webset.id).id == webset.id

    async with Sandbox(speed=20) as sandbox:
        await asyncio.to_thread(use, sandbox.url)


@pytest.mark.real_time
async def test_exa_py_runs_an_agent():
    """Create, poll, stream, stop, cancel, list, delete."""

    def use(url):
        runs = exa_py.Exa("key", base_url=url).agent.runs
        run = runs.create(query="cats", metadata={"a": "b"})
        assert runs.poll_until_finished(run.id, poll_interval=50).status == "completed"
        assert [event.event for event in runs.create(query="cats", stream=True)][-1] == "agent_run.completed"
        ultra = runs.create(query="cats", effort="ultra")
        assert runs.stop(ultra.id).id == ultra.id
        assert runs.cancel(runs.create(query="cats").id).status == "cancelled"
        assert len(runs.get_all(limit=2)) == 4
        assert runs.events.list(run.id, limit=2).has_more
        assert runs.delete(run.id).deleted

    async with Sandbox(speed=20) as sandbox:
        await asyncio.to_thread(use, sandbox.url)


@pytest.mark.real_time
async def test_watercrawl_py_searches_and_stops():
    """The blocking search reads the event stream to its end."""

    def use(url):
        client = watercrawl.WaterCrawlAPIClient("key", base_url=url)
        assert len(client.create_search_request("cats", result_limit=3)["result"]) == 3
        uuid = client.create_search_request("stuck", sync=False)["uuid"]
        assert client.stop_search_request(uuid) is None
        states = [event["data"]["status"] for event in client.monitor_search_request(uuid)]
        assert states == ["canceled", "canceled"]
        assert client.get_search_requests_list(1, 10)["count"] == 2
        client.session.close()

    async with Sandbox(speed=20) as sandbox:
        life = Life.ordinary("watercrawl.search", works=None)
        sandbox.script("watercrawl.search", life, when=lambda body: body["query"] == "stuck")
        await asyncio.to_thread(use, sandbox.url)
