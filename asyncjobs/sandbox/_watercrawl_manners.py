"""What all of WaterCrawl's requests have in common: who may come in, errors, bodies and pages."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import parse_qsl, urlencode

from ._http import HTML, Call, RefusalError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._jobs import RemoteJob

_PAGE, _LARGEST_PAGE = 25, 100
_TRUE: Final = frozenset({"true", "1", "t"})
_ACCEPTED: Final = frozenset({"application/json", "text/html", "*/*", "application/*", "text/*"})
_WORDS: Final = frozenset({"new", "running", "finished", "failed", "canceling", "canceled"})
MESSAGES: Final = {
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


def admit(call: Call, api_keys: frozenset[str] | None) -> None:
    """Look at the Accept header, then at the key, as the framework does; *api_keys* ``None`` takes any."""
    accept = call.headers.get("Accept", "*/*")
    if not any(part.partition(";")[0].strip().lower() in _ACCEPTED for part in accept.split(",")):
        refuse(406, "Could not satisfy the request Accept header.")
    scheme = call.headers.get("Authorization", "").partition(" ")[0]
    if scheme.lower() == "bearer":
        # A dashboard login; it is tried first and fails the request, whatever the key is.
        refuse(401, _BAD_TOKEN)
    key = call.headers.get("X-API-Key", "").strip()
    if not key:
        refuse(401, "Authentication credentials were not provided.")
    if api_keys is not None and key not in api_keys:
        refuse(401, "Invalid API key")


def triple(status: int, message: Any, errors: Any = None) -> Reply:
    """Return the one body of all errors."""
    return Reply(status, {"code": status, "errors": errors, "message": message})


def refuse(status: int, message: Any = None, errors: Any = None) -> NoReturn:
    """Refuse a request; a *message* of ``None`` is the usual one for *status*."""
    raise RefusalError(triple(status, MESSAGES[status] if message is None else message, errors))


def nowhere() -> Reply:
    """Return the framework's page for an address where nothing is."""
    return Reply(404, _NOT_FOUND_PAGE, {}, HTML)


def is_true(call: Call, name: str) -> bool:
    """Tell whether a flag of the query is set."""
    return call.query.get(name, "").lower() in _TRUE


def read_uuid(text: str) -> str | None:
    """Return an id as the framework reads it: upper case, no dashes, braces and ``urn:uuid:`` are all right."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def data(call: Call) -> Any:
    """Return what a request's body says."""
    if not call.body:
        return {}
    header = call.headers.get("Content-Type", "")
    media_type = header.partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))
    if media_type != "application/json":
        refuse(415, f'Unsupported media type "{header}" in request.')
    try:
        return json.loads(call.body)
    except (ValueError, RecursionError) as error:
        refuse(400, f"JSON parse error - {error}")


# Lists.


def page(call: Call, rows: Sequence[Any], show: Callable[[Any], Any]) -> Reply:
    """Return the page of *rows* that is asked for, each as *show* shows it."""
    size = _page_size(call.query.get("page_size"))
    pages = max(1, -(-len(rows) // size))
    wanted = call.query.get("page") or "1"
    number = pages if wanted == "last" else int(wanted) if wanted.strip().isdecimal() else 0
    if not 1 <= number <= pages:
        refuse(404, "Invalid page.")
    start = (number - 1) * size
    body = {
        "count": len(rows),
        "next": _page_link(call, number + 1) if number < pages else None,
        "previous": _page_link(call, number - 1) if number > 1 else None,
        "results": [show(row) for row in rows[start : start + size]],
    }
    return Reply(200, body)


def keep(call: Call, jobs: Sequence[RemoteJob], stamp: Callable[[float], str]) -> list[RemoteJob]:
    """Return those of *jobs* that the query's filters want: one exact value of each, the last one given."""
    wanted = {name: call.query.getall(name)[-1] for name in ("uuid", "status", "created_at") if name in call.query}
    wanted = {name: value for name, value in wanted.items() if value}
    errors: dict[str, list[str]] = {}
    if "uuid" in wanted and read_uuid(wanted["uuid"]) is None:
        errors["uuid"] = ["Enter a valid UUID."]
    if "status" in wanted and wanted["status"] not in _WORDS:
        errors["status"] = [f"Select a valid choice. {wanted['status']} is not one of the available choices."]
    if errors:
        refuse(400, None, errors)
    one = read_uuid(wanted["uuid"]) if "uuid" in wanted else None
    return [
        job
        for job in jobs
        if (one is None or job.id == one)
        and ("status" not in wanted or job.word(call.now) == wanted["status"])
        and ("created_at" not in wanted or stamp(job.created) == wanted["created_at"])
    ]


def _page_size(value: str | None) -> int:
    if value is None or not value.strip().isdecimal():
        return _PAGE
    return min(int(value), _LARGEST_PAGE) or _PAGE


def _page_link(call: Call, number: int) -> str:
    query = [(key, value) for key, value in call.query.items() if key != "page"]
    text = urlencode(([("page", str(number))] if number > 1 else []) + query)
    return f"{call.origin}{call.path}{'?' + text if text else ''}"
