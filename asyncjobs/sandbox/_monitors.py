"""Monitors of websets: they run by the clock, and each run starts a search."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from . import _checks_websets as checks
from . import _exa
from ._cron import Cron
from ._http import Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._jobs import RemoteJob
    from ._webset_shapes import Webset
    from ._world import World

# There is none for a run that failed or was canceled.
_EVENTS = {"": "monitor.run.created", "completed": "monitor.run.completed"}
KIND, RUN = "exa.monitor", "exa.monitor_run"
_ROOT = "/websets/v0/monitors"


class Home(Protocol):
    """What monitors need of the websets."""

    def find(self, name: str, now: float) -> Webset | None:
        """Return a webset that exists, by its id or external id."""
        ...

    def search(self, webset: Webset, body: dict[str, Any], now: float) -> RemoteJob:
        """Start a search."""
        ...


@attrs.define(eq=False)
class Monitor:
    """What the service keeps of one monitor; times are readings of the sandbox's clock."""

    id: str
    number: int
    webset: Webset
    cron: Cron
    cadence: dict[str, Any]
    behavior: dict[str, Any]
    metadata: dict[str, str]
    created: float
    updated: float
    # Until when its schedule has been carried out.
    done: float
    enabled: bool = True
    deleted: float | None = None
    runs: list[RemoteJob] = attrs.field(factory=list["RemoteJob"])

    def exists(self, now: float) -> bool:
        """Tell whether the service knows it."""
        return self.created <= now and (self.deleted is None or now < self.deleted)


def shape_run(world: World, job: RemoteJob, now: float) -> dict[str, Any]:
    """Return a MonitorRun."""
    since, word = job.present(now)
    at = world.stamp(since)
    return {
        "id": job.id,
        "object": "monitor_run",
        "status": word,
        "monitorId": job.ids[0],
        "type": job.body["type"],
        "completedAt": at if word == "completed" else None,
        "failedAt": at if word == "failed" else None,
        "failedReason": (job.why or "internal_error") if word == "failed" else None,
        "canceledAt": at if word == "canceled" else None,
        "createdAt": world.stamp(job.created),
        "updatedAt": world.stamp(max(since, job.updated)),
    }


def shape(world: World, kept: Monitor, now: float) -> dict[str, Any]:
    """Return a Monitor."""
    runs = [run for run in kept.runs if run.refusal(now) is None]
    following = kept.cron.after(world.wall(max(kept.done, now))) if kept.enabled else None
    return {
        "id": kept.id,
        "object": "monitor",
        "status": "enabled" if kept.enabled else "disabled",
        "websetId": kept.webset.id,
        "cadence": kept.cadence,
        "behavior": kept.behavior,
        "lastRun": shape_run(world, runs[-1], now) if runs else None,
        "nextRunAt": world.stamp(world.reading(following)) if following is not None else None,
        "metadata": kept.metadata,
        "createdAt": world.stamp(kept.created),
        "updatedAt": world.stamp(kept.updated),
    }


class Monitors:
    """The calls about monitors and their runs."""

    def __init__(self, world: World, home: Home) -> None:
        self._world = world
        self._home = home
        self._tell = world.chronicle.tell
        self._monitors: list[Monitor] = []
        one = _ROOT + "/{}"
        self.routes = (
            Route("POST", _ROOT, KIND, "create", self._create),
            Route("GET", _ROOT, KIND, "list", self._list),
            Route("GET", one, KIND, "look", lambda call: self._show(self._monitor(call), call)),
            Route("PATCH", one, KIND, "update", self._update),
            Route("DELETE", one, KIND, "delete", self._delete),
            Route("GET", one + "/runs", RUN, "list", self._list_runs),
            Route("GET", one + "/runs/{}", RUN, "look", self._look_run),
        )

    def catch_up(self, now: float) -> None:
        """Make all runs that have become due."""
        for kept in self._monitors:
            while kept.enabled and kept.deleted is None and (due := self._due(kept)) is not None and due <= now:
                kept.done = due
                self._run(kept, due)

    def next_due(self) -> float | None:
        """Return when the next run begins, ``None`` if none will."""
        alive = (kept for kept in self._monitors if kept.enabled and kept.deleted is None)
        return min((due for kept in alive if (due := self._due(kept)) is not None), default=None)

    def run(self, monitor_id: str) -> RemoteJob:
        """Run a monitor now, whatever its schedule says.

        Raises:
            KeyError: There is none of that id.
        """
        now = self._world.now()
        for kept in self._alive(now):
            if kept.id == monitor_id:
                return self._run(kept, now)
        raise KeyError(monitor_id)

    def drop(self, webset: Webset, now: float) -> None:
        """Delete the monitors of a webset."""
        for kept in self._alive(now):
            if kept.webset is webset:
                kept.deleted = now

    def _due(self, kept: Monitor) -> float | None:
        following = kept.cron.after(self._world.wall(kept.done))
        return None if following is None else self._world.reading(following)

    def _run(self, kept: Monitor, now: float) -> RemoteJob:
        run = self._world.create(RUN, (kept.id, self._world.cuid()), {"type": kept.behavior["type"]}, now)
        kept.runs.append(run)
        self._world.chronicle.follow(run, partial(shape_run, self._world, run), _EVENTS)
        if kept.behavior["type"] == "search" and kept.webset.deleted is None:
            before = kept.webset.searches[-1].body if kept.webset.searches else {"query": "anything new"}
            known = {name: before[name] for name in ("query", "criteria", "entity") if name in before}
            self._home.search(kept.webset, {**known, "behavior": "append", **kept.behavior["config"]}, now)
        return run

    # Calls.

    def _create(self, call: Call) -> Reply:
        body = _exa.checked(call, checks.CREATE_MONITOR)
        webset = self._home.find(body["websetId"], call.now)
        if webset is None:
            _exa.refuse(call, 404, "Webset not found")
        cadence = {"timezone": "Etc/UTC", **body["cadence"]}
        kept = Monitor(
            self._world.cuid(),
            len(self._monitors),
            webset,
            self._cron(call, cadence),
            cadence,
            body["behavior"],
            body.get("metadata", {}),
            call.now,
            call.now,
            call.now,
        )
        self._monitors.append(kept)
        webset.monitors.append(kept)
        self._tell("monitor.created", shape(self._world, kept, call.now), call.now)
        return Reply(201, shape(self._world, kept, call.now))

    def _list(self, call: Call) -> Reply:
        wanted = call.query.get("websetId")
        alive = sorted(self._alive(call.now), key=lambda kept: -kept.number)
        rows = ((kept.number, kept) for kept in alive if wanted in {None, kept.webset.id, kept.webset.external_id})
        found, position = _exa.listing(call, rows, 25, 200)
        return _exa.page([shape(self._world, kept, call.now) for kept in found], position)

    def _update(self, call: Call) -> Reply:
        kept = self._monitor(call)
        body = _exa.checked(call, checks.UPDATE_MONITOR)
        if "cadence" in body:
            cadence = {"timezone": "Etc/UTC", **body["cadence"]}
            kept.cron, kept.cadence = self._cron(call, cadence), cadence
        kept.behavior = body.get("behavior", kept.behavior)
        kept.metadata = body.get("metadata", kept.metadata) or {}
        # What was not made before is not made up for.
        kept.enabled, kept.done = body.get("status", "enabled" if kept.enabled else "") == "enabled", call.now
        kept.updated = call.now
        self._tell("monitor.updated", shape(self._world, kept, call.now), call.now)
        return self._show(kept, call)

    def _delete(self, call: Call) -> Reply:
        kept = self._monitor(call)
        reply = self._show(kept, call)
        kept.deleted = call.now
        self._tell("monitor.deleted", reply.body, call.now)
        return reply

    def _list_runs(self, call: Call) -> Reply:
        kept = self._monitor(call)
        rows = ((run.number, run) for run in reversed(kept.runs) if run.refusal(call.now) is None)
        runs, position = _exa.listing(call, rows, 25, 200)
        return _exa.page([shape_run(self._world, run, call.now) for run in runs], position)

    def _look_run(self, call: Call) -> Reply:
        ids, refuse = (self._monitor(call).id, call.ids[1]), partial(_exa.refuse, call, text="Monitor run not found")
        job = self._world.known(RUN, ids, call.now, refuse)
        return Reply(200, shape_run(self._world, job, call.now))

    def _alive(self, now: float) -> Iterator[Monitor]:
        return (kept for kept in self._monitors if kept.exists(now))

    def _monitor(self, call: Call) -> Monitor:
        found = next((kept for kept in self._alive(call.now) if kept.id == call.ids[0]), None)
        return found if found is not None else _exa.refuse(call, 404, "Monitor not found")

    def _show(self, kept: Monitor, call: Call) -> Reply:
        return Reply(200, shape(self._world, kept, call.now))

    def _cron(self, call: Call, cadence: dict[str, Any]) -> Cron:
        try:
            return Cron.parse(cadence["cron"], cadence["timezone"])
        except ValueError as error:
            _exa.refuse(call, 400, f"Invalid cadence: {error}")
