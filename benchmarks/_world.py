"""
What the benchmarks' server shows: jobs that need no memory, in the services' own shapes and usual sizes.

A job is a number. Its id can be read from the number and the number from its id; it is running until its time in
``ends`` has come (by the machine's monotonic clock, which all processes share) or until it is cancelled. A test holds
the shapes against those of ``asyncjobs.sandbox``, which keeps far more rules and is too slow to measure clients with.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

_DAY = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=1)

_SEARCH: dict[str, Any] = {
    "id": "%(id)b",
    "object": "webset_search",
    "status": "%(status)b",
    "websetId": "%(webset)b",
    "query": "Companies in Northern Europe that recycle batteries of electric cars and publish their yearly tonnage",
    "entity": {"type": "company"},
    "criteria": [
        {
            "description": "recycles lithium-ion batteries of electric cars on an industrial scale",
            "successRate": 62,
        },
        {"description": "is registered in Norway, Sweden, Finland, Denmark or Iceland", "successRate": 48},
        {"description": "publishes how many tonnes it recycles in a year", "successRate": 17},
    ],
    "count": 100,
    "maxPeoplePerCompany": None,
    "behavior": "override",
    "exclude": [],
    "scope": [],
    "progress": {"found": "%(percent)d#", "analyzed": 400, "completion": "%(percent)d#", "timeLeft": "%(left)b#"},
    "recall": {
        "expected": {"total": 300, "confidence": "medium", "bounds": {"min": 150, "max": 600}},
        "reasoning": "Public registers of the five countries list about three hundred companies of this trade.",
    },
    "metadata": {"batch": "b-17", "row": "204"},
    "canceledAt": "%(canceled_at)b#",
    "canceledReason": "%(canceled_reason)b#",
    "createdAt": "%(created)b",
    "updatedAt": "%(updated)b",
}
_ANSWER = "The company recycles batteries in two plants and reports its tonnage in the yearly report of its owner. " * 8
_RUN: dict[str, Any] = {
    "id": "%(id)b",
    "object": "agent_run",
    "status": "%(status)b",
    "stopReason": "%(reason)b#",
    "createdAt": "%(created)b",
    "completedAt": "%(completed_at)b#",
    "request": {
        "query": "List battery recyclers in the European Union with their plants, capacities and owners",
        "effort": "auto",
        "outputSchema": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("name", "plant", "capacity", "owner")},
        },
        "metadata": {"batch": "b-17", "row": "204"},
    },
    "output": "%(output)b#",
    "usage": {"agentComputeUnits": 0.8, "searches": 4, "emails": 0, "phoneNumbers": 0},
    "costDollars": {"total": 0.1, "agentCompute": 0.08, "search": 0.02, "emails": 0, "phoneNumbers": 0},
}
_OUTPUT: dict[str, Any] = {
    "text": _ANSWER * 2,
    "structured": {"name": "Example Ltd", "plant": "Oslo", "capacity": "12,000 t", "owner": "Example Holding"},
    "grounding": [
        {
            "field": field,
            "citations": [{"url": f"https://example.com/reports/{field}/2025", "title": "A yearly report"}],
            "confidence": "high",
        }
        for field in ("name", "plant", "capacity", "owner")
    ],
}
_FOUND: dict[str, Any] = {
    "uuid": "%(id)b",
    "query": "recycling of electric vehicle batteries in northern europe",
    "search_options": {
        "language": "en",
        "country": "no",
        "time_renge": "any",
        "search_type": "web",
        "depth": "advanced",
    },
    "result_limit": 5,
    "duration": "%(duration)b#",
    "status": "%(status)b",
    "result": "%(result)b#",
    "created_at": "%(created)b",
}
_WEBSET: dict[str, Any] = {
    "id": "%(id)b",
    "object": "webset",
    "status": "%(status)b",
    "dashboardUrl": "https://websets.exa.ai/websets/%(id)b",
    "externalId": None,
    "title": "Battery recyclers",
    "searches": "%(searches)b#",
    "imports": [],
    "enrichments": [],
    "monitors": [],
    "excludes": [],
    "metadata": {},
    "createdAt": "%(created)b",
    "updatedAt": "%(updated)b",
}


def _template(shape: dict[str, Any]) -> bytes:
    # Whatever is marked is no text: its quotes go.
    text = json.dumps(shape, separators=(",", ":"))
    for name in ("percent)d", "left)b", "canceled_at)b", "canceled_reason)b", "reason)b", "completed_at)b", "output)b"):
        text = text.replace(f'"%({name}#"', f"%({name}")
    for name in ("duration)b", "result)b", "searches)b"):
        text = text.replace(f'"%({name}#"', f"%({name}")
    return text.encode()


_SEARCH_ROW, _RUN_ROW, _FOUND_ROW, _WEBSET_ROW = map(_template, (_SEARCH, _RUN, _FOUND, _WEBSET))
_DONE_OUTPUT = json.dumps(_OUTPUT, separators=(",", ":")).encode()
_NO_OUTPUT = b'{"text":"","structured":null,"grounding":[]}'


def search_id(number: int) -> str:
    """Return the id of a webset's search."""
    return f"search_{number:07}"


def webset_id(number: int) -> str:
    """Return the id of a webset."""
    return f"webset_{number:07}"


def run_id(number: int) -> str:
    """Return the id of an agent run."""
    return f"agent_run_{number:07}"


def found_id(number: int) -> str:
    """Return the id of a WaterCrawl search."""
    return f"5e1ec7ed-0000-4000-8000-{number:012}"


def is_id(part: str) -> bool:
    """Whether a part of a path is an id."""
    return "_" in part or part.startswith("5e1ec7ed")


def number_of(name: str) -> int:
    """Return the number of any id."""
    return int(name.rpartition("_")[2] if "_" in name else name.rpartition("-")[2])


def _stamp(number: int) -> str:
    seconds, milli = divmod(number, 1000)
    return f"{_DAY + dt.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{milli:03}Z"


def _quoted(text: str) -> bytes:
    return b'"%b"' % text.encode()


class World:
    """
    The jobs of one measurement.

    There are *jobs* of each kind; job *n* lies in webset *n* modulo *websets*. *ends* are readings of the monotonic
    clock, ``None`` where jobs run for ever. *canceled* tells how many cancels each job was sent.
    """

    def __init__(self, jobs: int, websets: int = 1, ends: list[float] | None = None) -> None:
        self.jobs = jobs
        self.websets = websets
        self.ends = ends
        self.canceled: dict[int, int] = {}
        self._shown: set[int] = set()
        self._fresh: list[int] = []
        self._begun = dt.datetime.now(dt.UTC)

    def cancel(self, number: int) -> None:
        """Take in a cancel."""
        self.canceled[number] = self.canceled.get(number, 0) + 1

    def ended(self, number: int, now: float) -> str | None:
        """Return how a job has ended, ``None`` if it runs."""
        if number in self.canceled:
            word = "canceled"
        elif self.ends is not None and self.ends[number] <= now:
            word = "completed"
        else:
            return None
        if number not in self._shown:
            self._shown.add(number)
            self._fresh.append(number)
        return word

    def take_fresh(self) -> list[int]:
        """Return whose end was asked for the first time since the last call."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def search(self, number: int, now: float) -> bytes:
        """Return a WebsetSearch."""
        word = self.ended(number, now)
        stamp = _quoted(_stamp(number + 60_000))
        canceled = word == "canceled"
        return _SEARCH_ROW % {
            b"id": search_id(number).encode(),
            b"status": (word or "running").encode(),
            b"webset": webset_id(number % self.websets).encode(),
            # It gets on: a client must take in what is new at each look.
            b"percent": 100 if word == "completed" else int(now * 10) % 97,
            b"left": b"0" if word else b"600",
            b"canceled_at": stamp if canceled else b"null",
            b"canceled_reason": b'"api"' if canceled else b"null",
            b"created": _stamp(number).encode(),
            b"updated": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.000Z}".encode(),
        }

    def run(self, number: int, now: float) -> bytes:
        """Return an AgentRun."""
        word = self.ended(number, now)
        reason = {"canceled": b'"cancelled"', "completed": b'"schema_satisfied"', None: b"null"}[word]
        return _RUN_ROW % {
            b"id": run_id(number).encode(),
            b"status": {"canceled": b"cancelled", "completed": b"completed", None: b"running"}[word],
            b"reason": reason,
            b"created": _stamp(number).encode(),
            b"completed_at": _quoted(_stamp(number + 60_000)) if word else b"null",
            b"output": _DONE_OUTPUT if word == "completed" else _NO_OUTPUT,
        }

    def found(self, number: int, now: float, origin: str) -> bytes:
        """Return a WaterCrawl search."""
        word = self.ended(number, now)
        address = f"{origin}/media/search/{found_id(number)}/result.json?X-Amz-Expires=25200&X-Amz-Signature=5e1ec7ed"
        return _FOUND_ROW % {
            b"id": found_id(number).encode(),
            b"duration": b'"00:00:59.120000"' if word else b"null",
            b"status": {"canceled": b"canceled", "completed": b"finished", None: b"running"}[word],
            b"result": _quoted(address) if word == "completed" else b"null",
            b"created": _stamp(number).replace("Z", "000Z").encode(),
        }

    def webset(self, number: int, now: float) -> bytes:
        """Return a Webset with all of its searches."""
        numbers = range(number, self.jobs, self.websets)
        rows = [self.search(each, now) for each in numbers]
        return _WEBSET_ROW % {
            b"id": webset_id(number).encode(),
            b"status": b"idle" if all(self.ended(each, now) for each in numbers) else b"running",
            b"searches": b"[%b]" % b",".join(rows),
            b"created": _stamp(number).encode(),
            b"updated": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.000Z}".encode(),
        }
