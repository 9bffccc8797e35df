"""Exa agent runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from . import _agent_shapes as shapes
from . import _checks, _exa
from ._http import Call, RefusalError, Reply, Route, Stream
from ._lives import FINAL
from ._streams import Follower
from ._world import Roll

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ._jobs import RemoteJob
    from ._world import World

KIND = "exa.agent_run"
_ROOT = "/agent/runs"
_STOPPABLE: Final = frozenset({"ultra", "max"})
_BETAS: Final = frozenset({"agent-2026-05-07", "agent-max-effort-2026-07-27"})
_TYPES: Final = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_ERROR",
    404: "NOT_FOUND",
    429: "RATE_LIMIT_ERROR",
    500: "SERVER_ERROR",
}


class Agent:
    """The service."""

    def __init__(self, world: World, meter: _exa.Meter) -> None:
        self._world = world
        self._meter = meter
        self._runs: list[RemoteJob] = []
        self._roll = Roll()
        one = _ROOT + "/{}"
        self.routes = (
            Route("POST", _ROOT, KIND, "create", self._create),
            Route("GET", _ROOT, KIND, "list", self._list),
            Route("GET", one, KIND, "look", self._look),
            Route("POST", one + "/cancel", KIND, "cancel", self._cancel),
            Route("POST", one + "/stop", KIND, "stop", self._stop),
            Route("DELETE", one, KIND, "delete", self._delete),
            Route("GET", one + "/events", KIND, "events", self._events),
        )

    # Manners.

    def admit(self, call: Call) -> None:
        """Ask for the key, the rate (reads are free, a start weighs double) and, in strict times, the beta header."""
        _exa.admit(self._world, call)
        if call.method != "GET":
            self._meter.count(call, 2 if call.path == _ROOT else 1)
        if not self._world.limits.strict_beta:
            return
        tokens = {token.strip() for token in call.headers.get("Exa-Beta", "").split(",")} - {""}
        if not tokens:
            _refuse(400, "MISSING_BETA_HEADER", "The Exa-Beta header is required.")
        if not tokens <= _BETAS:
            _refuse(400, "INVALID_BETA_HEADER", "The Exa-Beta header names no known beta.")

    def refuse(self, call: Call, status: int) -> Reply:
        """Return the gateway's flat body, except for what only the agent itself says."""
        if status in {404, 500}:
            return _nested(status, "RUN_NOT_FOUND" if status == 404 else "SERVER_ERROR", "It did not work out.")  # noqa: PLR2004
        return _exa.flat(call, status)

    def unknown(self, call: Call, methods: Iterable[str]) -> Reply:
        """Answer a path or a method that does not exist."""
        del methods
        return _exa.flat(call, 404, f"Cannot {call.method} {call.path}")

    def finish(self, call: Call, reply: Reply | Stream) -> None:
        """Add the request's id."""
        _exa.stamp_request_id(call, reply)

    # Calls.

    def _create(self, call: Call) -> Reply | Stream:
        body = _exa.read_json(call)
        wrong = _checks.problems(_checks.CREATE_RUN, body)
        if wrong:
            code = "INVALID_OUTPUT_SCHEMA" if wrong.startswith("outputSchema") else "INVALID_REQUEST"
            _refuse(400, "INVALID_DATA_SOURCE" if wrong.startswith("dataSources") else code, wrong)
        self._check_budget(body)
        self._check_previous(body, call.now)
        slots = self._world.limits.agent_slots
        if slots is not None and len(self._roll.alive(call.now)) >= slots:
            _refuse(429, "CONCURRENCY_LIMIT_REACHED", "Too many active agent runs for this team.")
        request = {key: value for key, value in body.items() if value is not None} | {
            "effort": body.get("effort", "auto")
        }
        run = self._world.create(KIND, (self._world.run_id(),), request, call.now)
        self._runs.append(run)
        self._roll.add(run)
        return Stream(self._live(run)) if _wants_events(call) else self._show(run, call.now)

    def _check_budget(self, body: dict[str, Any]) -> None:
        budget: dict[str, Any] = body.get("budget") or {}
        effort = body.get("effort", "auto")
        if budget and effort not in _checks.METERED:
            _refuse(400, "INVALID_REQUEST", f"budget is not accepted with effort {effort}")
        if "maxDurationSeconds" in budget and effort not in _STOPPABLE:
            _refuse(400, "INVALID_REQUEST", "budget.maxDurationSeconds is accepted with effort ultra only")

    def _check_previous(self, body: dict[str, Any], now: float) -> None:
        previous = body.get("previousRunId")
        if previous is None:
            return
        run = self._world.find(KIND, (previous,))
        if run is None or run.refusal(now) is not None:
            _refuse(404, "PREVIOUS_RUN_NOT_FOUND", f"No run with id {previous}.")
        if run.word(now) != "completed":
            _refuse(400, "PREVIOUS_RUN_NOT_COMPLETED", f"The run {previous} is {run.word(now)}.")

    def _list(self, call: Call) -> Reply:
        size, cursor = _exa.page_size(call, 20, 100), call.query.get("cursor")
        if size is None:
            _refuse(400, "INVALID_REQUEST", "limit must be between 1 and 100")
        last = len(self._runs)
        if cursor is not None:
            after = self._world.find(KIND, (cursor,))
            if after is None:
                _refuse(400, "INVALID_REQUEST", "cursor is not the id of a run")
            last = self._place(after)
        older = (self._runs[place] for place in range(last - 1, -1, -1))
        page, more = _exa.take((run for run in older if run.refusal(call.now) is None), size)
        data = [shapes.run(self._world, run, call.now) for run in page]
        body = {"object": "list", "data": data, "hasMore": more, "nextCursor": page[-1].id if more else None}
        return Reply(200, body)

    def _place(self, run: RemoteJob) -> int:
        # Numbers count all kinds, so a run's place among the runs is never beyond its own.
        low, high = 0, len(self._runs)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._runs[middle].number < run.number else (low, middle)
        return low

    def _look(self, call: Call) -> Reply:
        return self._show(self._run(call), call.now)

    def _cancel(self, call: Call) -> Reply:
        run = self._run(call)
        run.cancel(call.now)
        return self._show(run, call.now)

    def _stop(self, call: Call) -> Reply:
        run = self._run(call)
        if run.word(call.now) not in FINAL:
            if run.body["effort"] not in _STOPPABLE:
                _refuse(400, "INVALID_REQUEST", "Only runs with effort ultra can be stopped.")
            run.stop(call.now)
        return self._show(run, call.now)

    def _delete(self, call: Call) -> Reply:
        run = self._run(call)
        run.cancel(call.now)
        run.gone = (call.now, 404)
        return Reply(200, {"id": run.id, "object": "agent_run.deleted", "deleted": True})

    def _events(self, call: Call) -> Reply | Stream:
        events = shapes.events(self._world, self._run(call), call.now)
        if _wants_events(call):
            last = call.headers.get("Last-Event-ID", "0")
            if not last.isdecimal():
                _refuse(400, "INVALID_REQUEST", "Last-Event-ID is not a number")
            return Stream(_replay([event for event in events if int(event["id"]) > int(last)]))
        size, cursor = _exa.page_size(call, 20, 100), call.query.get("cursor")
        start = 0 if cursor is None else _exa.from_cursor(cursor)
        if size is None or start is None:
            _refuse(400, "INVALID_REQUEST", "limit must be between 1 and 100" if size is None else "Invalid cursor")
        more = start + size < len(events)
        body = {
            "object": "list",
            "data": events[start : start + size],
            "hasMore": more,
            "nextCursor": _exa.to_cursor(start + size) if more else None,
        }
        return Reply(200, body)

    def _run(self, call: Call) -> RemoteJob:
        if not re.fullmatch(_checks.RUN_ID, call.ids[0]):
            _refuse(400, "INVALID_REQUEST", "The run id is malformed.")
        text = f"No run with id {call.ids[0]}."
        return self._world.known(KIND, call.ids, call.now, lambda status: _refuse(status, "RUN_NOT_FOUND", text))

    def _show(self, run: RemoteJob, now: float) -> Reply:
        return Reply(200, shapes.run(self._world, run, now))

    async def _live(self, run: RemoteJob) -> AsyncIterator[bytes]:
        sent = 0
        with Follower(self._world, run) as follower:
            while True:
                now = self._world.now()
                events = shapes.events(self._world, run, now)
                for event in events[sent:]:
                    yield shapes.frame(event)
                if run.streams_end(now):
                    return
                if len(events) == sent:
                    yield b": keep-alive\n\n"
                sent = len(events)
                if not await follower.change():
                    return


async def _replay(events: list[dict[str, Any]]) -> AsyncIterator[bytes]:
    for event in events:
        yield shapes.frame(event)


def _wants_events(call: Call) -> bool:
    return "text/event-stream" in call.headers.get("Accept", "")


def _nested(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"type": _TYPES.get(status, "NOT_FOUND"), "code": code, "message": message}})


def _refuse(status: int, code: str, message: str) -> NoReturn:
    raise RefusalError(_nested(status, code, message))
