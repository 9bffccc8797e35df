"""WaterCrawl searches, as the server of version 0.12 was seen to behave."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import parse_qsl, urlencode

from . import _watercrawl_shapes as shapes
from ._http import HTML, Call, RefusalError, Reply, Route, Router, Stream
from ._serializer import InvalidFieldError, read_search
from ._streams import Follower
from ._world import Roll

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ._jobs import RemoteJob
    from ._world import World

KIND = "watercrawl.search"
_ROOT = "/api/v1/core/search/"
_PAGE, _LARGEST_PAGE = 25, 100
# Jobs that are older than this, in seconds, no longer hold a slot.
_SLOT_AGE = 7200.0
_TRUE: Final = frozenset({"true", "1", "t"})
_ACCEPTED: Final = frozenset({"application/json", "text/html", "*/*", "application/*", "text/*"})
_SSE_HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_MESSAGES: Final = {
    400: "Invalid input data.",
    401: "Invalid API key",
    403: "You do not have permission to perform this action.",
    404: "Not found.",
    500: "An unexpected error occurred.",
}
_BAD_TOKEN: Final = {
    "detail": "Given token not valid for any token type",
    "code": "token_not_valid",
    "messages": [{"token_class": "AccessToken", "token_type": "access", "message": "Token is invalid"}],
}
_NOT_FOUND_PAGE = (
    b'\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n'
    b"  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n"
)


class WaterCrawl:
    """The service."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._searches: list[RemoteJob] = []
        self._roll = Roll()
        one = _ROOT + "{}/"
        self.routes = (
            Route("POST", _ROOT, KIND, "create", self._create),
            Route("GET", _ROOT, KIND, "list", self._list),
            Route("GET", one, KIND, "look", self._look),
            Route("DELETE", one, KIND, "cancel", self._cancel),
            Route("GET", one + "status/", KIND, "events", self._status),
            Route("GET", "/media/search/{}/result.json", KIND, "result", self._file),
        )
        self._router = Router(self.routes)

    # Manners.

    def admit(self, call: Call) -> None:
        """Look at the Accept header, then at the key, as the framework does."""
        if call.path.startswith("/media/"):
            return
        accept = call.headers.get("Accept", "*/*")
        if not any(part.partition(";")[0].strip().lower() in _ACCEPTED for part in accept.split(",")):
            _refuse(406, "Could not satisfy the request Accept header.")
        scheme = call.headers.get("Authorization", "").partition(" ")[0]
        if scheme.lower() == "bearer":
            # A dashboard login; it is tried first and fails the request, whatever the key is.
            _refuse(401, _BAD_TOKEN)
        key = call.headers.get("X-API-Key", "").strip()
        if not key:
            _refuse(401, "Authentication credentials were not provided.")
        if self._world.limits.api_keys is not None and key not in self._world.limits.api_keys:
            _refuse(401, "Invalid API key")

    def refuse(self, call: Call, status: int) -> Reply:
        """Return the triple."""
        del call
        return _triple(status, _MESSAGES.get(status, "An unexpected error occurred."))

    def unknown(self, call: Call, methods: Iterable[str]) -> Reply:
        """Add a missing slash; name a wrong method; else the framework's page."""
        if methods:
            self.admit(call)
            allowed = ", ".join([*methods, "HEAD", "OPTIONS"])
            if call.method == "OPTIONS":
                return Reply(200, {"name": "Search Request", "renders": ["application/json"]}, {"Allow": allowed})
            reply = _triple(405, f'Method "{call.method}" not allowed.')
            reply.headers["Allow"] = allowed
            return reply
        if not call.path.endswith("/") and self._router.find(call.path + "/")[0]:
            query = urlencode(list(call.query.items()))
            return Reply(301, b"", {"Location": f"{call.path}/{'?' + query if query else ''}"}, HTML)
        return Reply(404, _NOT_FOUND_PAGE, {}, HTML)

    def finish(self, call: Call, reply: Reply | Stream) -> None:
        """Add nothing: this service names no request."""

    # Calls.

    def _create(self, call: Call) -> Reply:
        try:
            fields = read_search(_data(call))
        except InvalidFieldError as error:
            _refuse(400, _MESSAGES[400], error.errors)
        slots = self._world.limits.watercrawl_slots
        if slots is not None and self._slots_taken(call.now) >= slots:
            _refuse(403, f"Your plan does not support more than {slots} concurrent searches. Wait for them to finish.")
        job = self._world.create(KIND, (self._world.uuid(),), fields, call.now)
        self._searches.append(job)
        self._roll.add(job)
        return Reply(201, self._show(job, call))

    def _slots_taken(self, now: float) -> int:
        alive = self._roll.alive(now)
        return sum(job.word(now) in {"new", "running"} and now - job.created < _SLOT_AGE for job in alive)

    def _list(self, call: Call) -> Reply:
        jobs = [job for job in self._searches if job.refusal(call.now) is None]
        size = _page_size(call.query.get("page_size"))
        pages = max(1, -(-len(jobs) // size))
        wanted = call.query.get("page") or "1"
        number = pages if wanted == "last" else int(wanted) if wanted.strip().isdecimal() else 0
        if not 1 <= number <= pages:
            _refuse(404, "Invalid page.")
        start = len(jobs) - (number - 1) * size
        body = {
            "count": len(jobs),
            "next": _page_link(call, number + 1) if number < pages else None,
            "previous": _page_link(call, number - 1) if number > 1 else None,
            "results": [self._show(job, call) for job in reversed(jobs[max(0, start - size) : start])],
        }
        return Reply(200, body)

    def _look(self, call: Call) -> Reply:
        return Reply(200, self._show(self._search(call), call))

    def _cancel(self, call: Call) -> Reply:
        job = self._search(call)
        if job.word(call.now) != "running":
            _refuse(403, "Only running search requests can be deleted")
        job.cancel(call.now)
        return Reply(204)

    def _file(self, call: Call) -> Reply:
        job = self._search(call)
        return Reply(200, shapes.rows(job)) if job.has_results(call.now) else Reply(404, _NOT_FOUND_PAGE, {}, HTML)

    def _status(self, call: Call) -> Stream:
        return Stream(self._follow(self._search(call), call), dict(_SSE_HEADERS))

    def _search(self, call: Call) -> RemoteJob:
        try:
            # The framework's own reading: upper case, no dashes, braces and `urn:uuid:` are all right.
            key = str(uuid.UUID(call.ids[0].removesuffix(".json")))
        except ValueError:
            _refuse(404, _MESSAGES[404])
        job = self._world.find(KIND, (key,))
        status = 404 if job is None else job.refusal(call.now)
        if job is None or status is not None:
            _refuse(status or 404, _MESSAGES[404])
        return job

    def _show(self, job: RemoteJob, call: Call) -> dict[str, Any]:
        prefetched = call.query.get("prefetched", "").lower() in _TRUE
        return shapes.search(self._world, job, call.now, call.origin, prefetched=prefetched)

    async def _follow(self, job: RemoteJob, call: Call) -> AsyncIterator[bytes]:
        shown = None
        with Follower(self._world, job) as follower:
            while True:
                call.now = now = self._world.now()
                word = job.word(now)
                yield shapes.frame("state", self._show(job, call)) if word != shown else b""
                if job.streams_end(now):
                    # The last state usually comes twice, and then the end, without a mark; it need not be a final one.
                    yield shapes.frame("state", self._show(job, call))
                    return
                if word == "running" and word != shown:
                    yield shapes.frame("feed", shapes.feed(self._world, job, now))
                shown = word
                if not await follower.change():
                    return


def _page_size(value: str | None) -> int:
    if value is None or not value.strip().isdecimal():
        return _PAGE
    return min(int(value), _LARGEST_PAGE) or _PAGE


def _page_link(call: Call, number: int) -> str:
    query = [(key, value) for key, value in call.query.items() if key != "page"]
    text = urlencode(([("page", str(number))] if number > 1 else []) + query)
    return f"{call.origin}{call.path}{'?' + text if text else ''}"


def _data(call: Call) -> Any:
    if not call.body:
        return {}
    header = call.headers.get("Content-Type", "")
    media_type = header.partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))
    if media_type != "application/json":
        _refuse(415, f'Unsupported media type "{header}" in request.')
    try:
        return json.loads(call.body)
    except (ValueError, RecursionError) as error:
        _refuse(400, f"JSON parse error - {error}")


def _triple(status: int, message: Any, errors: Any = None) -> Reply:
    return Reply(status, {"code": status, "errors": errors, "message": message})


def _refuse(status: int, message: Any, errors: Any = None) -> NoReturn:
    raise RefusalError(_triple(status, message, errors))
