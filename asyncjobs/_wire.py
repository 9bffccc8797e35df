"""From calls to requests and from replies to snapshots: values in, values out, nothing is sent here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlencode

import attrs

from asyncjobs._bodies import encode_body, is_encodable, read_json
from asyncjobs._figures import pick, progress_of
from asyncjobs._kinds import JobKind, Lane
from asyncjobs._models import Snapshot, Source
from asyncjobs._refs import JobRef, check_id, segment
from asyncjobs._states import JobState
from asyncjobs._texts import clean
from asyncjobs.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from asyncjobs._calls import Call, Verb

R = TypeVar("R")

LANES: Final[Mapping[Verb, Lane]] = {
    "create": Lane.CREATE,
    "look": Lane.LOOK,
    "cancel": Lane.CANCEL,
    "stop": Lane.CANCEL,
    "result": Lane.LOOK,
}


# Nobody changes a request or a reply; but to freeze one costs twice as much as all else about making it, and each of
# thousands of jobs has its own.
@attrs.define(kw_only=True)
class Request:
    """One request, without the service's address and without credentials."""

    method: str
    target: str
    lane: Lane
    repeatable: bool
    verb: Verb | None = None
    costs: Mapping[str, int] = attrs.field(factory=dict[str, int])
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)


@attrs.define(kw_only=True)
class Reply:
    """
    One reply, read to its end.

    *headers* are asked for by lower-case names. *began* is the monotonic time at which the request was sent,
    *received_at* the aware UTC time at which the reply had arrived.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)  # Cookies are secrets, too.
    body: bytes = attrs.field(repr=False)
    url: str
    began: float
    received_at: datetime

    @property
    def request_id(self) -> str | None:
        """The service's id of the request, from the header."""
        told = self.headers.get("x-request-id")
        return (clean(told) or None) if told else None


def fill(call: Call, ids: Sequence[str]) -> str:
    """Return the path of *call* with each id as one encoded segment."""
    fields = call.fields
    if len(ids) != len(fields):
        raise InvalidArgument("ref", f"expected {len(fields)} ids ({', '.join(fields)}), got {len(ids)}")
    path = call.texts[0]
    for value, field, text in zip(ids, fields, call.texts[1:], strict=True):
        path += segment(value, field) + text
    return path


def build(
    call: Call,
    ids: Sequence[str] = (),
    *,
    verb: Verb | None = None,
    query: Sequence[tuple[str, str]] = (),
    body: Mapping[str, Any] | None = None,
) -> Request:
    """
    Return the request that *call* makes of these values. *verb* decides the lane; without one the method does.

    Raises:
        InvalidArgument: An id cannot be a path segment, a value in *query* is no text, or *body* is no JSON.
    """
    target = fill(call, ids)
    if call.query or query:
        pairs = [*call.query.items(), *query]
        for name, value in pairs:
            if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
                raise InvalidArgument(name, f"expected str, got {type(value).__name__}")
            if not is_encodable(value):
                raise InvalidArgument(name, "has lone surrogates, which cannot be sent")
        target = f"{target}?{urlencode(pairs)}"
    return Request(
        method=call.method,
        target=target,
        lane=_lane(call) if verb is None else LANES[verb],
        repeatable=call.repeatable,
        verb=verb,
        costs=call.costs,
        headers=call.headers,
        body=None if body is None else encode_body(body),
    )


def _lane(call: Call) -> Lane:
    # A write that may be repeated is a cancel, a delete or an update: it does not wait behind creates.
    return Lane.LOOK if call.method == "GET" else Lane.CANCEL if call.repeatable else Lane.CREATE


def decode(reply: Reply, *, token: bool = False) -> dict[str, Any]:
    """
    Return the JSON object of a reply, without the tokens of our creates unless *token* asks for them.

    Raises:
        ProtocolError: The body is empty, no JSON, or JSON of another shape.
    """
    try:
        payload = read_json(reply.body, token=token)
    except (ValueError, RecursionError):
        kind = clean(reply.headers.get("content-type", "no content type"), 100)
        problem = "empty" if not reply.body.strip() else f"not JSON ({len(reply.body)} bytes, {kind})"
        raise ProtocolError(f"{reply.url}: the body is {problem}", request_id=reply.request_id) from None
    if not isinstance(payload, dict):
        message = f"{reply.url}: expected a JSON object, got {type(payload).__name__}"
        raise ProtocolError(message, request_id=reply.request_id)
    return payload


def ids_of(kind: JobKind[Any], payload: Mapping[str, Any], known: Sequence[str] = ()) -> tuple[Any, ...]:
    """Return what *payload* has for ids of its job; *known* are the leading ids, for payloads that leave them out."""
    ids: list[Any] = []
    for index, key in enumerate(kind.identity.values()):
        value = payload.get(key)
        ids.append(known[index] if value is None and index < len(known) else value)
    return tuple(ids)


def identify(kind: JobKind[Any], payload: Mapping[str, Any], known: Sequence[str] = ()) -> JobRef:
    """
    Return the ref of the job that *payload* describes; *known* are the leading ids, for payloads that leave them out.

    Raises:
        ProtocolError: An id is neither in the payload nor known.
    """
    try:
        pairs = zip(kind.identity.values(), ids_of(kind, payload, known), strict=True)
        return JobRef(kind.name, tuple(check_id(value, key) for key, value in pairs))
    except InvalidArgument as error:
        raise ProtocolError(f"{kind.name}: the payload's {error}") from None


def read_row(
    kind: JobKind[R],
    ref: JobRef,
    payload: Mapping[str, Any],
    reply: Reply,
    source: Source,
    body: bytes | None = None,
) -> Snapshot[R]:
    """
    Return what one object within *reply* says about a job. Only the state, progress and reason are read now.

    *body* is its text, if that is at hand.

    Raises:
        ProtocolError: The status is missing or no string.
    """
    if body is None:
        try:
            body = json.dumps(payload, separators=(",", ":")).encode()
        except RecursionError:
            raise ProtocolError(f"{reply.url}: a row is nested too deeply", request_id=reply.request_id) from None
    return _snapshot(kind, ref, payload, reply, source, body)


def read_snapshot(kind: JobKind[R], ref: JobRef, reply: Reply, source: Source) -> Snapshot[R]:
    """
    Return what *reply* as a whole says about a job. Only the state, progress and reason are read now.

    Raises:
        ProtocolError: It is no JSON object, names another job (a connection out of step), or has no string as status.
    """
    payload = decode(reply)
    shown = payload.get([*kind.identity.values()][-1])
    if isinstance(shown, str) and shown.casefold() != ref.id.casefold():
        raise ProtocolError(f"{reply.url}: the reply is about another job", request_id=reply.request_id, ref=ref)
    return _snapshot(kind, ref, payload, reply, source, reply.body)


def read_answer(kind: JobKind[R], ref: JobRef, reply: Reply, source: Source) -> Snapshot[R] | None:
    """
    Return what the answer to a cancel or a stop says about the job, ``None`` if that must be looked at.

    It may be empty, or speak of the request rather than of the job: it counts only if it bears the job's id.
    """
    *_, own = kind.identity.values()
    try:
        payload = decode(reply)
        return _snapshot(kind, ref, payload, reply, source, reply.body) if payload.get(own) == ref.id else None
    except ProtocolError:
        return None


def _snapshot(
    kind: JobKind[R], ref: JobRef, payload: Mapping[str, Any], reply: Reply, source: Source, body: bytes
) -> Snapshot[R]:
    status = payload.get(kind.status)
    if not isinstance(status, str):
        problem = "is missing" if kind.status not in payload else f"expected str, got {type(status).__name__}"
        raise ProtocolError(f"{reply.url}: {kind.status}: {problem}", request_id=reply.request_id, ref=ref)
    state = kind.words.get(status, JobState.UNKNOWN)
    reason = pick(payload, kind.reason) if kind.reason else None
    if kind.judge is not None:
        state, reason = kind.judge(state, payload, source == "cancel")
    return Snapshot(
        ref=ref,
        state=state,
        status=status,
        progress=progress_of(kind, payload),
        reason=reason if isinstance(reason, str) else None,
        observed_at=reply.received_at,
        source=source,
        request_id=reply.request_id,
        body=body,
        resource_type=kind.resource,
        keys=kind.keys,
    )
