"""Imports, and the store that takes their rows."""

from __future__ import annotations

import csv
import hashlib
import io
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _checks_websets as checks
from . import _exa
from ._http import Call, Reply, Route, Stream
from ._lives import Life

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._jobs import RemoteJob
    from ._world import World

KIND = "exa.import"
_ROOT = "/websets/v0/imports"
# There is none for an import that failed.
_EVENTS = {"": "import.created", "completed": "import.completed"}
_VALID = 3600.0
_MESSAGES = {
    "invalid_format": "The file is not a valid CSV file",
    "invalid_file_content": "The file is not what was announced",
    "missing_identifier": "The column of the identifier is missing",
}


def shape(world: World, job: RemoteJob, now: float) -> dict[str, Any]:
    """Return an Import."""
    body = job.body
    since, word = job.present(now)
    failed = word == "failed"
    reason = (job.why or "invalid_file_content") if failed else None
    return {
        "id": job.id,
        "object": "import",
        "status": word,
        "format": "csv",
        "entity": body["entity"],
        "title": body.get("title") or "Untitled import",
        "count": body["count"],
        "metadata": body.get("metadata", {}),
        "failedReason": reason,
        "failedAt": world.stamp(since) if failed else None,
        "failedMessage": _MESSAGES.get(reason, reason) if reason is not None else None,
        "createdAt": world.stamp(job.created),
        "updatedAt": world.stamp(max(since, job.updated)),
    }


class Imports:
    """The calls about imports; *planned* is how each will live once its rows are there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs: list[RemoteJob] = []
        self.planned: dict[str, Life] = {}
        one = _ROOT + "/{}"
        self.routes = (
            Route("POST", _ROOT, KIND, "create", self._create),
            Route("GET", _ROOT, KIND, "list", self._list),
            Route("GET", one, KIND, "look", lambda call: self._show(self._job(call), call)),
            Route("PATCH", one, KIND, "update", self._update),
            Route("DELETE", one, KIND, "delete", self._delete),
        )

    def find(self, import_id: str, now: float) -> RemoteJob | None:
        """Return an import that exists."""
        job = self._world.find(KIND, (import_id,))
        return None if job is None or job.refusal(now) is not None else job

    def _create(self, call: Call) -> Reply:
        body = _exa.checked(call, checks.CREATE_IMPORT)
        job = self._world.create(KIND, (self._world.cuid(),), body, call.now)
        self.planned[job.id] = job.life
        job.life = Life([(0.0, "pending")])
        self._jobs.append(job)
        self._world.chronicle.follow(job, partial(shape, self._world, job), _EVENTS)
        reply = self._show(job, call)
        reply.status = 201
        reply.body["uploadUrl"] = f"{call.origin}/storage/exa-imports/{job.id}?X-Amz-Signature={signature(job)}"
        reply.body["uploadValidUntil"] = self._world.stamp(call.now + _VALID)
        return reply

    def _list(self, call: Call) -> Reply:
        rows = ((job.number, job) for job in reversed(self._jobs) if job.refusal(call.now) is None)
        jobs, position = _exa.listing(call, rows, 25, 200)
        return _exa.page([shape(self._world, job, call.now) for job in jobs], position)

    def _update(self, call: Call) -> Reply:
        job = self._job(call)
        job.body.update(_exa.checked(call, checks.UPDATE_IMPORT))
        job.updated = call.now
        return self._show(job, call)

    def _delete(self, call: Call) -> Reply:
        job = self._job(call)
        reply = self._show(job, call)
        job.gone = (call.now, 404)
        return reply

    def _job(self, call: Call) -> RemoteJob:
        return self._world.known(KIND, call.ids, call.now, partial(_exa.refuse, call, text="Import not found"))

    def _show(self, job: RemoteJob, call: Call) -> Reply:
        return Reply(200, shape(self._world, job, call.now))


class Storage:
    """Where the rows go: an S3 of a kind, to which an API key is nothing."""

    def __init__(self, world: World, imports: Imports) -> None:
        self._world = world
        self._imports = imports
        self.routes = (Route("PUT", "/storage/exa-imports/{}", KIND, "upload", self._put),)

    def admit(self, call: Call) -> None:
        """Let everybody come: the address is the permission."""

    def refuse(self, call: Call, status: int) -> Reply:
        """Return the store's own error body."""
        del call
        return _xml(status, "InternalError" if status >= 500 else "AccessDenied")  # noqa: PLR2004

    def unknown(self, call: Call, methods: Iterable[str]) -> Reply:
        """Deny that there is anything."""
        del call, methods
        return _xml(403, "AccessDenied")

    def finish(self, call: Call, reply: Reply | Stream) -> None:
        """Add nothing."""

    def _put(self, call: Call) -> Reply:
        job = self._imports.find(call.ids[0], call.now)
        if job is None or call.query.get("X-Amz-Signature") != signature(job):
            return _xml(403, "SignatureDoesNotMatch")
        if call.now > job.created + _VALID:
            return _xml(403, "AccessDenied")
        if call.headers.get("Content-Type") != "text/csv":
            return _xml(403, "SignatureDoesNotMatch")
        if job.id in self._imports.planned:
            # Once: a repeated upload changes nothing.
            planned = self._imports.planned.pop(job.id)
            wrong = _wrong(job.body, call.body)
            if wrong is not None:
                planned = Life([(0.0, "processing"), (0.5, "failed")], reason=wrong)
            job.reopen(call.now, planned)
        return Reply(200)


def signature(job: RemoteJob) -> str:
    """Return what makes the address of an upload valid."""
    return hashlib.sha256(f"upload {job.id}".encode()).hexdigest()


def _xml(status: int, code: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
    return Reply(status, body.encode(), content_type="application/xml")


def _wrong(announced: dict[str, Any], data: bytes) -> str | None:
    """Return why the rows cannot be taken."""
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if row]
    except (UnicodeDecodeError, csv.Error):
        return "invalid_format"
    if len(data) != announced["size"] or announced["count"] not in {len(rows), len(rows) - 1}:
        return "invalid_file_content"
    column = announced.get("csv", {}).get("identifier", 0)
    return "missing_identifier" if any(column >= len(row) for row in rows) else None
