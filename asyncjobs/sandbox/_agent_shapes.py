"""Agent runs and their events as Exa shows them; pure functions of a job and a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ._checks import is_list, is_object
from ._lives import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._jobs import RemoteJob
    from ._world import World

_REASONS: Final = {"completed": "schema_satisfied", "failed": "error", "cancelled": "cancelled"}
_ERROR: Final = {"type": "SERVER_ERROR", "code": "SERVER_ERROR", "message": "The run failed."}
_PRICES: Final = {"minimal": 0.012, "low": 0.025, "medium": 0.10, "high": 0.50, "xhigh": 1.00}
_SEARCH_PRICE = 0.005
_UNIT_PRICE = 0.10
_DEPTH = 8

_SAMPLES: Final[Mapping[str, Any]] = {"string": "example", "number": 1.5, "integer": 1, "boolean": True, "null": None}


def run(world: World, job: RemoteJob, now: float) -> dict[str, Any]:
    """Return an AgentRun."""
    since, word = job.present(now)
    ended = word in FINAL
    shown = {
        "id": job.id,
        "object": "agent_run",
        "status": word,
        "stopReason": _reason(job, word) if ended else None,
        "createdAt": world.stamp(job.created),
        "completedAt": world.stamp(since) if ended else None,
        "request": job.body,
        "output": _output(job, now),
        **_bill(job, now, ended=ended),
    }
    if word == "failed":
        shown["error"] = _ERROR
    return shown


def _reason(job: RemoteJob, word: str) -> str:
    if word == "completed":
        return job.why or ("stopped" if job.stopped is not None else _REASONS[word])
    return _REASONS.get(word, "error")


def _output(job: RemoteJob, now: float) -> dict[str, Any]:
    if not job.has_results(now) or job.life.results is False:
        return {"text": "", "structured": None, "grounding": []}
    schema = job.body.get("outputSchema")
    citation = {"url": f"https://example.com/{job.id}", "title": "An example"}
    return {
        "text": f"Found what was asked for: {job.body['query'][:200]}",
        "structured": None if schema is None else sample(schema),
        "grounding": [{"field": "text", "citations": [citation], "confidence": "high"}],
    }


def _bill(job: RemoteJob, now: float, *, ended: bool) -> dict[str, Any]:
    done = job.fraction(now) if ended else 0
    searches = round(4 * done)
    effort = job.body.get("effort", "auto")
    units = 0.8 * done
    compute = units * _UNIT_PRICE
    if effort in _PRICES:
        # A fixed price is what the request costs, whatever it took.
        compute = max(0.0, _PRICES[effort] - searches * _SEARCH_PRICE) if ended else 0
    search = searches * _SEARCH_PRICE
    return {
        "usage": {
            "agentComputeUnits": round(units, 3) or 0,
            "searches": searches,
            "emails": 0,
            "phoneNumbers": 0,
        },
        "costDollars": {
            "total": round(compute + search, 6) or 0,
            "agentCompute": round(compute, 6) or 0,
            "search": round(search, 6) or 0,
            "emails": 0,
            "phoneNumbers": 0,
        },
    }


def sample(schema: Any, depth: int = 0) -> Any:
    """Return something that a plain JSON Schema accepts."""
    return _sample(schema, depth) if is_object(schema) and depth <= _DEPTH else None


def _sample(schema: dict[str, Any], depth: int) -> Any:
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    kind: Any = schema.get("type")
    if is_list(kind):
        kind = kind[0] if kind else None
    if kind == "array":
        return [sample(schema.get("items", {}), depth + 1) for _ in range(max(1, schema.get("minItems", 1)))]
    if kind == "object" or "properties" in schema:
        return {name: sample(inner, depth + 1) for name, inner in schema.get("properties", {}).items()}
    return _SAMPLES.get(str(kind))


def events(world: World, job: RemoteJob, now: float) -> list[dict[str, Any]]:
    """Return what has happened to a run, oldest first."""
    return [
        {"id": str(number), "event": f"agent_run.{name}", "data": data, "createdAt": world.stamp(at)}
        for number, (at, name, data) in enumerate(_happened(world, job, now), 1)
    ]


def _happened(world: World, job: RemoteJob, now: float) -> Iterator[tuple[float, str, dict[str, Any]]]:
    yield job.created, "created", {"id": job.id, "status": "queued", "createdAt": world.stamp(job.created)}
    for at, word in job.steps(now):
        if word == "running":
            yield at, "started", {"id": job.id, "status": word}
            yield at, "search_trace", {"tool": "search", "callId": "call_1", "text": job.body["query"][:100]}
    at, word = job.present(now)
    if word == "completed":
        yield at, word, run(world, job, now)
    elif word in FINAL:
        yield at, word, {"id": job.id, "status": word} | ({"error": _ERROR} if word == "failed" else {})


def frame(event: dict[str, Any]) -> bytes:
    """Return an event as server-sent text."""
    data = json.dumps(event["data"], separators=(",", ":"))
    return f"id: {event['id']}\nevent: {event['event']}\ndata: {data}\n\n".encode()
