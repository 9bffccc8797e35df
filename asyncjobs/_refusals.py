"""From a reply that says no to a typed error: one tolerant parser for every service's error body."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs._kinds import Refused
from asyncjobs._texts import LONGEST_TEXT, clean
from asyncjobs.errors import ERROR_BY_STATUS, APIError, PaymentRequired, RateLimited, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from asyncjobs._kinds import Refusal
    from asyncjobs._wire import Reply, Request

#: A larger body is no message: what it begins with is taken as text.
_LARGEST: Final = 256 * 1024
#: How many of a body's details are read; the message is cut long before.
_MOST_DETAILS: Final = 50
_MARKUP: Final = re.compile(rb"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@attrs.frozen
class ErrorBody:
    """What an error body says: *message* is never empty, *tag* and *request_id* may be ``None``."""

    message: str
    tag: str | None = None
    request_id: str | None = None


def _text(value: Any) -> str | None:
    return clean(value) or None if isinstance(value, str) else None


def _flatten(errors: Any, path: str = "") -> Iterator[str]:
    """Turn ``{"search_options": {"depth": ["…"]}}`` into ``search_options.depth: …``."""
    if isinstance(errors, dict):
        for key, value in errors.items():
            # Each detail repeats its path, so that a long one would be there many times over.
            yield from _flatten(value, f"{path}.{key}"[:LONGEST_TEXT] if path else key[:LONGEST_TEXT])
    elif isinstance(errors, list):
        for value in errors:
            yield from _flatten(value, path)
    elif isinstance(errors, str):
        yield f"{path}: {errors[:LONGEST_TEXT]}" if path else errors[:LONGEST_TEXT]


def _from_object(payload: dict[str, Any]) -> ErrorBody | None:
    error, message = payload.get("error"), payload.get("message")
    request_id = _text(payload.get("requestId"))
    if isinstance(error, dict):
        # Exa agent: {"error": {"type", "code", "message"}}
        tag = _text(error.get("code")) or _text(error.get("type"))
        return ErrorBody(_text(error.get("message")) or tag or "no message", tag, request_id)
    if isinstance(message, dict):
        # WaterCrawl, wrong kind of token: {"code", "errors", "message": {"detail", "code", …}}
        tag = _text(message.get("code"))
        return ErrorBody(_text(message.get("detail")) or tag or "no message", tag, request_id)
    # Exa: {"requestId", "error", "tag"} or {"error", "message", "statusCode", …}; WaterCrawl: {"code", "errors",
    # "message"}
    texts = [text for text in (_text(error), _text(message)) if text]
    try:
        details = clean("; ".join(islice(_flatten(payload.get("errors")), _MOST_DETAILS)))
    except RecursionError:
        details = ""
    if not texts and not details:
        return None
    whole = ": ".join(texts)
    return ErrorBody(
        f"{whole} ({details})" if whole and details else whole or details, _text(payload.get("tag")), request_id
    )


def parse_error_body(body: bytes) -> ErrorBody:
    """Return what an error body says: one of the known shapes, other JSON, HTML, text or nothing."""
    try:
        payload = json.loads(body) if len(body) <= _LARGEST else None
    except (ValueError, RecursionError):
        payload = None
    if isinstance(payload, dict) and (known := _from_object(payload)):
        return known
    text = clean(_MARKUP.sub(b" ", body[: 16 * LONGEST_TEXT]).decode("utf-8", "replace"))
    return ErrorBody(text or "no message")


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the hint in seconds, from whole seconds or an HTTP date; ``None`` if there is none that lies ahead."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except (ValueError, IndexError, TypeError, OverflowError):
            return None
        # A date with the zone "-0000" comes out naive and means UTC.
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _error_class(status: int, refused: Refused | None) -> type[APIError]:
    if refused is Refused.NO_SLOT:
        return RateLimited
    if refused is Refused.QUOTA:
        return PaymentRequired
    return ERROR_BY_STATUS.get(status, ServerError if status >= 500 else APIError)  # noqa: PLR2004


def error_from(reply: Reply, request: Request, refusals: Iterable[Refusal]) -> APIError:
    """Return the error that *reply* is; the first of *refusals* that matches says what it means."""
    said = parse_error_body(reply.body)
    refused = next(
        (refusal.means for refusal in refusals if refusal.matches(request.verb, reply.status, said.tag, said.message)),
        None,
    )
    message = said.message
    if 300 <= reply.status < 400:  # noqa: PLR2004
        # The target may hold a signature; that it exists is enough.
        why = "which could not be followed" if request.method == "GET" else "and a write is not sent after it"
        message = f"the service redirects elsewhere, {why}; is base_url right?"
    return _error_class(reply.status, refused)(
        message,
        status=reply.status,
        tag=said.tag,
        request_id=reply.request_id or said.request_id,
        retry_after=parse_retry_after(reply.headers.get("retry-after"), reply.received_at),
        refused=refused,
        method=request.method,
        url=reply.url,
    )
