"""
From exa-py to this library, call by call: what to write for each method of ``exa.agent.runs``.

*exa* is the client, *id* the id of a run; the right side is run by ``test_exa_agent_moving.py``.
"""

from __future__ import annotations

MOVING: tuple[tuple[str, str], ...] = (
    ("await exa.agent.runs.create(query=q)", "job = await exa.agent.runs.create(query=q)"),
    ("await exa.agent.runs.create_and_wait(query=q)", "run = await (await exa.agent.runs.create(query=q))"),
    (
        "async for event in await exa.agent.runs.create(query=q, stream=True): …",
        "async with exa.agent.runs.stream(query=q) as events:\n    async for event in events: …",
    ),
    ("await exa.agent.runs.get(id)", "run = (await exa.agent.runs.get(id)).snapshot.resource"),
    ("await exa.agent.runs.list(limit=50)", "async for job in exa.agent.runs.list(page_size=50): …"),
    ("async for run in exa.agent.runs.list_all(): …", "async for job in exa.agent.runs.list(): …"),
    ("await exa.agent.runs.get_all()", "jobs = [job async for job in exa.agent.runs.list()]"),
    (
        "await exa.agent.runs.poll_until_finished(id, timeout_ms=60_000)",
        'run = await exa.job(f"exa.agent_run:{id}").result(timeout=60)',
    ),
    ("await exa.agent.runs.cancel(id)", "outcome = await exa.agent.runs.cancel(id)"),
    ("await exa.agent.runs.stop(id)", "snapshot = await exa.agent.runs.stop(id)"),
    ("await exa.agent.runs.delete(id)", "deleted = await exa.agent.runs.delete(id)"),
    ("await exa.agent.runs.events.list(id, limit=50)", "async for event in exa.agent.runs.events(id, page_size=50): …"),
    ("(none)", 'async for event in exa.agent.runs.replay(id, after="3"): …'),
    ("(none)", "async for event in exa.agent.runs.follow(id): …"),
)
