"""Demonstrations: imports, monitors, webhooks and events."""

from __future__ import annotations

import asyncio

from sdk_table import works

ROWS = "name,url\nOne,https://one.example\nTwo,https://two.example\n"
IMPORT = {"format": "csv", "entity": {"type": "company"}, "title": "CRM"}
SIZED = {**IMPORT, "size": len(ROWS), "count": 2}
SEARCH = {"type": "search", "config": {"query": "new cats", "count": 3}}
DAILY = {"cron": "0 6 * * *", "timezone": "Europe/Paris"}
HOOK = {"events": ["webset.created", "webset.deleted"]}


async def imported(sdk):
    return await sdk(sdk.client.websets.imports.create, SIZED, csv_data=ROWS)


async def monitored(sdk, **params):
    webset = await sdk(sdk.client.websets.create, {"metadata": {}})
    return await sdk(
        sdk.client.websets.monitors.create, {"websetId": webset.id, "cadence": DAILY, "behavior": SEARCH} | params
    )


async def hooked(sdk, **params):
    return await sdk(sdk.client.websets.webhooks.create, HOOK | {"url": sdk.sandbox.url + "/nowhere"} | params)


# Imports.


@works("websets.imports.create")
async def create_import(sdk, it):
    """With an address to upload to; or with the rows, which the SDK counts and uploads without its key."""
    made = await sdk(it.create, {**SIZED, "csv": {"identifier": 1}, "metadata": {"a": "b"}})
    assert (made.status, made.title, made.metadata) == ("pending", "CRM", {"a": "b"})
    assert made.upload_url.startswith(sdk.sandbox.url)
    done = await sdk(it.create, dict(SIZED), csv_data=ROWS)
    assert (done.count, done.status) == (2, "pending")
    [put] = [row for row in sdk.sandbox.ledger.requests if row.verb == "upload"]
    assert (put.body, put.key_sent) == (ROWS.encode(), False)


@works("websets.imports.wait_until_completed")
async def wait_import(sdk, it):
    """It polls until the rows were read, or could not be."""
    made = await imported(sdk)
    assert (await sdk(it.wait_until_completed, made.id, poll_interval=0.02)).status == "completed"
    wrong = await sdk(it.create, {**SIZED, "count": 9}, csv_data=ROWS)
    failed = await sdk(it.wait_until_completed, wrong.id, poll_interval=0.02)
    assert (failed.status, failed.failed_reason) == ("failed", "invalid_file_content")


@works("websets.imports.get")
async def get_import(sdk, it):
    """As it is now."""
    made = await imported(sdk)
    assert (await sdk(it.get, made.id)).title == "CRM"


@works("websets.imports.list", "websets.imports.list_all", "websets.imports.get_all")
async def list_imports(sdk, it):
    """Page by page, newest first."""
    made = [await imported(sdk) for _ in range(3)]
    page = await sdk(it.list, limit=2)
    rest = await sdk(it.list, limit=2, cursor=page.next_cursor)
    newest_first = [each.id for each in reversed(made)]
    assert [each.id for each in (*page.data, *rest.data)] == newest_first
    assert [each.id for each in await sdk(it.list_all, limit=2)] == newest_first
    assert [each.id for each in await sdk(it.get_all, limit=1)] == newest_first


@works("websets.imports.update")
async def update_import(sdk, it):
    """Its title and metadata."""
    made = await imported(sdk)
    assert (await sdk(it.update, made.id, {"title": "new", "metadata": {"a": "b"}})).title == "new"


@works("websets.imports.delete")
async def delete_import(sdk, it):
    """It is no longer listed."""
    made = await imported(sdk)
    assert (await sdk(it.delete, made.id)).id == made.id
    assert (await sdk(it.list)).data == []


# Monitors.


@works("websets.monitors.create")
async def create_monitor(sdk, it):
    """Switched on, with the time of its first run."""
    del it
    monitor = await monitored(sdk, metadata={"a": "b"})
    assert (monitor.status, monitor.cadence.cron, monitor.last_run) == ("enabled", "0 6 * * *", None)
    assert monitor.next_run_at is not None
    assert monitor.behavior.config.count == 3


@works("websets.monitors.get")
async def get_monitor(sdk, it):
    """With its latest run."""
    monitor = await monitored(sdk)
    sdk.sandbox.run_monitor(monitor.id)
    assert (await sdk(it.get, monitor.id)).last_run.monitor_id == monitor.id


@works("websets.monitors.list", "websets.monitors.list_all", "websets.monitors.get_all")
async def list_monitors(sdk, it):
    """All, or those of a webset."""
    one, other = await monitored(sdk), await monitored(sdk)
    assert [each.id for each in (await sdk(it.list, limit=5)).data] == [other.id, one.id]
    assert [each.id for each in (await sdk(it.list, webset_id=one.webset_id)).data] == [one.id]
    assert [each.id for each in await sdk(it.list_all, limit=1)] == [other.id, one.id]
    assert [each.id for each in await sdk(it.get_all, webset_id=other.webset_id)] == [other.id]


@works("websets.monitors.update")
async def update_monitor(sdk, it):
    """Switched off, it has no next run."""
    monitor = await monitored(sdk)
    updated = await sdk(it.update, monitor.id, {"status": "disabled", "metadata": {"a": "b"}})
    assert (updated.status, updated.next_run_at, updated.metadata) == ("disabled", None, {"a": "b"})


@works("websets.monitors.delete")
async def delete_monitor(sdk, it):
    """It is no longer listed."""
    monitor = await monitored(sdk)
    assert (await sdk(it.delete, monitor.id)).id == monitor.id
    assert (await sdk(it.list)).data == []


@works("websets.monitors.runs.list", "websets.monitors.runs.get")
async def monitor_runs(sdk, it):
    """A run is made by the clock, or by a lever of the sandbox."""
    monitor = await monitored(sdk)
    sdk.sandbox.run_monitor(monitor.id)
    [run] = (await sdk(it.list, monitor.id)).data
    assert (run.status, run.type) == ("created", "search")
    await asyncio.sleep(0.15)
    assert (await sdk(it.get, monitor.id, run.id)).completed_at is not None


# Webhooks.


@works("websets.webhooks.create", "websets.webhooks.get")
async def create_webhook(sdk, it):
    """The secret is in this one reply."""
    made = await hooked(sdk, metadata={"a": "b"})
    assert made.secret.startswith("whsec_")
    again = await sdk(it.get, made.id)
    assert (again.secret, again.status, again.metadata) == (None, "active", {"a": "b"})


@works("websets.webhooks.list", "websets.webhooks.list_all", "websets.webhooks.get_all")
async def list_webhooks(sdk, it):
    """Page by page, without secrets."""
    made = {(await hooked(sdk)).id for _ in range(3)}
    page = await sdk(it.list, limit=2)
    assert ([each.secret for each in page.data], page.has_more) == ([None, None], True)
    assert {each.id for each in await sdk(it.list_all, limit=2)} == made
    assert {each.id for each in await sdk(it.get_all, limit=2)} == made


@works("websets.webhooks.update")
async def update_webhook(sdk, it):
    """Other events, another address."""
    made = await hooked(sdk)
    url = "https://hooks.example.com/new"
    updated = await sdk(it.update, made.id, {"events": ["webset.idle"], "url": url, "metadata": {"a": "b"}})
    assert (updated.events, str(updated.url)) == (["webset.idle"], url)


@works("websets.webhooks.delete")
async def delete_webhook(sdk, it):
    """It is no longer listed."""
    made = await hooked(sdk)
    assert (await sdk(it.delete, made.id)).id == made.id
    assert (await sdk(it.list)).data == []


async def tried(sdk):
    """Return a webhook to which a delivery was tried in vain."""
    made = await hooked(sdk)
    await sdk(sdk.client.websets.create, {"metadata": {}})
    await asyncio.sleep(0.3)
    return made


@works("websets.webhooks.attempts.list")
async def list_attempts(sdk, it):
    """Newest first; by type, and by whether they were answered."""
    made = await tried(sdk)
    [attempt] = (await sdk(it.list, made.id, limit=5, event_type="webset.created", successful=False)).data
    assert (attempt.webhook_id, attempt.successful, attempt.response_status_code) == (made.id, False, 404)
    assert (await sdk(it.list, made.id, successful=True)).data == []


@works("websets.webhooks.list_all_attempts", "websets.webhooks.get_all_attempts")
async def list_all_attempts(sdk, it):
    """Page by page."""
    made = await tried(sdk)
    assert [each.attempt for each in await sdk(it.list_all_attempts, made.id, limit=1)] == [1]
    assert [each.attempt for each in await sdk(it.get_all_attempts, made.id, limit=1)] == [1]


# Events.


@works("websets.events.list", "websets.events.list_all", "websets.events.get_all", "websets.events.get")
async def events(sdk, it):
    """Everything that has a type of its own, and the types that have no endpoint yet."""
    webset = await sdk(sdk.client.websets.create, {"search": {"query": "cats", "count": 2}})
    await sdk(sdk.client.websets.wait_until_idle, webset.id, poll_interval=0.02)
    monitor = await monitored(sdk)
    sdk.sandbox.run_monitor(monitor.id)
    await imported(sdk)
    await sdk(sdk.client.websets.monitors.update, monitor.id, {"status": "disabled"})
    await sdk(sdk.client.websets.monitors.delete, monitor.id)
    await sdk(sdk.client.websets.delete, webset.id)
    await asyncio.sleep(0.2)
    page = await sdk(it.list, limit=200)
    assert {event.type for event in page.data} == {
        *("webset.created", "webset.deleted", "webset.idle", "webset.search.created", "webset.search.updated"),
        *("webset.search.completed", "webset.item.created", "import.created", "import.completed"),
        *("monitor.created", "monitor.updated", "monitor.deleted", "monitor.run.created", "monitor.run.completed"),
    }
    everything = [event.id for event in page.data]
    assert [event.id for event in await sdk(it.list_all, limit=3)] == everything
    assert [event.id for event in await sdk(it.get_all, limit=5)] == everything
    idle = (await sdk(it.list, types=["webset.idle"])).data
    assert webset.id in {(await sdk(it.get, event.id)).data.id for event in idle}
    sdk.sandbox.announce("webset.export.created", {"object": "webset_export", "id": "x"})
    assert [event.type for event in (await sdk(it.list, types=["webset.export.created"])).data] == [
        "webset.export.created"
    ]
