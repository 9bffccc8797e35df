"""From exa-py to asyncjobs, call by call: what the README's table shows, and what the tests run."""

from __future__ import annotations

import attrs


@attrs.frozen
class Move:
    """
    What is called in exa-py (*before*) and here (*after*), and the methods of exa-py that this is instead of.

    *methods* are named without ``websets.``, as far as they belong there.
    """

    before: str
    after: str
    methods: tuple[str, ...]


def move(before: str, after: str, *methods: str) -> Move:
    """Return a row; methods that begin with a dot belong to websets."""
    named = tuple(f"websets{name}" if name.startswith(".") else name for name in methods)
    return Move(before, after, named)


MOVES = (
    # Websets.
    move(
        'websets.create({"search": {…}}, options={"priority": "high"})',
        'webset = await exa.websets.create(search={"query": "cats", "count": 3}, priority="high")',
        ".create",
    ),
    move("websets.wait_until_idle(id)", "webset = await exa.job(webset)", ".wait_until_idle"),
    move('websets.get(id, expand=["items"])', "await exa.websets.get(webset.id, expand_items=True)", ".get"),
    move(
        "websets.list(), list_all(), get_all()",
        "[each async for each in exa.websets.list()]",
        ".list",
        ".list_all",
        ".get_all",
    ),
    move(
        'websets.update(id, {"metadata": {…}})', 'await exa.websets.update(webset.id, metadata={"a": "b"})', ".update"
    ),
    move("websets.cancel(id)", "await exa.job(webset).cancel()", ".cancel"),
    move("websets.delete(id)", "await exa.websets.delete(webset.id)", ".delete"),
    move('websets.preview({"search": {"query": "cats"}})', 'await exa.websets.preview(query="cats")', ".preview"),
    # What runs in them.
    move(
        'websets.searches.create(id, {"query": "cats", "count": 3})',
        'job = await exa.websets.searches.create(webset.id, query="cats", count=3)',
        ".searches.create",
    ),
    move("websets.searches.get(id, search)", "await exa.websets.searches.get(webset.id, job.id)", ".searches.get"),
    move("websets.searches.cancel(id, search)", "await job.cancel()", ".searches.cancel"),
    move(
        'websets.enrichments.create(id, {"description": "age"})',
        'job = await exa.websets.enrichments.create(webset.id, description="age")',
        ".enrichments.create",
    ),
    move(
        "websets.enrichments.get(id, enrichment)",
        "await exa.websets.enrichments.get(webset.id, job.id)",
        ".enrichments.get",
    ),
    move(
        "websets.enrichments.update(id, enrichment, {…})",
        'await exa.websets.enrichments.update(webset.id, job.id, description="year")',
        ".enrichments.update",
    ),
    move("websets.enrichments.cancel(id, enrichment)", "await job.cancel()", ".enrichments.cancel"),
    move(
        "websets.enrichments.delete(id, enrichment)",
        "await exa.websets.enrichments.delete(webset.id, job.id)",
        ".enrichments.delete",
    ),
    move(
        "websets.items.list(id), list_all(id), get_all(id)",
        "items = [each async for each in exa.websets.items.list(webset.id)]",
        ".items.list",
        ".items.list_all",
        ".items.get_all",
    ),
    move("websets.items.get(id, item)", "await exa.websets.items.get(webset.id, items[0].id)", ".items.get"),
    move("websets.items.delete(id, item)", "await exa.websets.items.delete(webset.id, items[0].id)", ".items.delete"),
    # Imports.
    move(
        "websets.imports.create({…}, csv_data=rows)",
        'job = await exa.websets.imports.send("name\\nOne\\n", entity={"type": "company"})',
        ".imports.create",
    ),
    move("websets.imports.wait_until_completed(id)", "await job", ".imports.wait_until_completed"),
    move("websets.imports.get(id)", "await exa.websets.imports.get(job.id)", ".imports.get"),
    move("websets.imports.list()", "[each async for each in exa.websets.imports.list()]", ".imports.list"),
    move(
        'websets.imports.update(id, {"title": "new"})',
        'await exa.websets.imports.update(job.id, title="new")',
        ".imports.update",
    ),
    move("websets.imports.delete(id)", "await exa.websets.imports.delete(job.id)", ".imports.delete"),
    # Monitors.
    move(
        'websets.monitors.create({"websetId": id, "cadence": {"cron": "0 6 * * 1"}, "behavior": {…}})',
        'monitor = await exa.websets.monitors.create(webset.id, cron="0 6 * * 1", behavior=behavior)',
        ".monitors.create",
    ),
    move("websets.monitors.get(id)", "await exa.websets.monitors.get(monitor.id)", ".monitors.get"),
    move(
        "websets.monitors.list(webset_id=id)",
        "[each async for each in exa.websets.monitors.list(webset=webset.id)]",
        ".monitors.list",
    ),
    move(
        'websets.monitors.update(id, {"status": "disabled"})',
        'await exa.websets.monitors.update(monitor.id, status="disabled")',
        ".monitors.update",
    ),
    move(
        "websets.monitors.runs.list(id)",
        "runs = [each async for each in exa.websets.monitors.runs.list(monitor.id)]",
        ".monitors.runs.list",
    ),
    move(
        "websets.monitors.runs.get(id, run)",
        "await exa.websets.monitors.runs.get(monitor.id, runs[0].id)",
        ".monitors.runs.get",
    ),
    move("websets.monitors.delete(id)", "await exa.websets.monitors.delete(monitor.id)", ".monitors.delete"),
    # Webhooks and events.
    move(
        'websets.webhooks.create({"events": […], "url": url})',
        'hook = await exa.websets.webhooks.create(events=["webset.idle"], url=url)',
        ".webhooks.create",
    ),
    move("websets.webhooks.get(id)", "await exa.websets.webhooks.get(hook.id)", ".webhooks.get"),
    move(
        "websets.webhooks.list(), list_all(), get_all()",
        "[each async for each in exa.websets.webhooks.list()]",
        ".webhooks.list",
        ".webhooks.list_all",
        ".webhooks.get_all",
    ),
    move(
        'websets.webhooks.update(id, {"events": […]})',
        'await exa.websets.webhooks.update(hook.id, events=["webset.created"])',
        ".webhooks.update",
    ),
    move(
        "websets.webhooks.attempts.list(id), list_all_attempts(id), get_all_attempts(id)",
        "[each async for each in exa.websets.webhooks.attempts.list(hook.id, successful=False)]",
        ".webhooks.attempts.list",
        ".webhooks.list_all_attempts",
        ".webhooks.get_all_attempts",
    ),
    move("websets.webhooks.delete(id)", "await exa.websets.webhooks.delete(hook.id)", ".webhooks.delete"),
    move(
        'websets.events.list(types=["webset.created"])',
        'events = [each async for each in exa.websets.events.list(types=["webset.created"])]',
        ".events.list",
    ),
    move("websets.events.get(id)", "await exa.websets.events.get(events[0].id)", ".events.get"),
    # The agent.
    move(
        'agent.runs.create(query="cats", effort="low")',
        'job = await exa.agent.runs.create(query="cats", effort="low")',
        "agent.runs.create",
    ),
    move("agent.runs.poll_until_finished(id)", "run = await job", "agent.runs.poll_until_finished"),
    move(
        'agent.runs.create_and_wait(query="cats")',
        'run = await (await exa.agent.runs.create(query="cats"))',
        "agent.runs.create_and_wait",
    ),
    move("agent.runs.get(id)", "await exa.agent.runs.get(job.id)", "agent.runs.get"),
    move(
        "agent.runs.list(), list_all(), get_all()",
        "[each async for each in exa.agent.runs.list()]",
        "agent.runs.list",
        "agent.runs.list_all",
        "agent.runs.get_all",
    ),
    move(
        "agent.runs.events.list(id)", "[each async for each in exa.agent.runs.events(job.id)]", "agent.runs.events.list"
    ),
    move("agent.runs.stop(id)", "await job.stop()", "agent.runs.stop"),
    move("agent.runs.cancel(id)", "await job.cancel()", "agent.runs.cancel"),
    move("agent.runs.delete(id)", "await exa.agent.runs.delete(job.id)", "agent.runs.delete"),
)


def table() -> str:
    """Return the rows as the README shows them."""
    rows = "".join(f"| `{each.before}` | `{each.after}` |\n" for each in MOVES)
    return "| exa-py | asyncjobs |\n|---|---|\n" + rows
