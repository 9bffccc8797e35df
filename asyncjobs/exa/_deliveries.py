"""What to make of a delivery: bytes, a header and the time in, an event or a refusal out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from asyncjobs._bodies import read_json
from asyncjobs._settings import check_count
from asyncjobs.exa._signatures import InvalidSignature, SigningSecrets, verify
from asyncjobs.exa._webset_events import WebsetEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Delivery"]

_LONGEST_ID: Final = 300


@frozen(kw_only=True)
class Delivery:
    """What became of one delivery, and the HTTP status to answer it with."""

    status: int
    """200 if it is genuine, 400 or 401 if it is not, 500 if it was not taken in and should come again."""
    event: WebsetEvent | None = None
    """The event that it brought; ``None`` if it was refused, says nothing, or came before."""
    problem: str | None = None
    """Why there is no event; ``None`` if there is one. It shows nothing of the delivery."""


class Memory:
    """The ids of the last *most* events, so that each counts once."""

    __slots__ = ("_ids", "_most")

    def __init__(self, most: int) -> None:
        self._most = check_count(most, "remember")
        self._ids: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, event: str) -> bool:
        """Remember an event; return whether it is new."""
        if event in self._ids:
            return False
        self._ids[event] = None
        if len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]
        return True

    def forget(self, event: str) -> None:
        """Let it count when it comes again."""
        self._ids.pop(event, None)


def read_event(payload: Any) -> WebsetEvent | None:
    """Return the event that *payload* is, ``None`` if it is none."""
    if not isinstance(payload, dict):
        return None
    name, kind, data = payload.get("id"), payload.get("type"), payload.get("data")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID or not isinstance(kind, str):
        return None
    return WebsetEvent(
        id=name,
        type=kind,
        data=data if isinstance(data, dict) else {},
        created_at=_moment(payload.get("createdAt")),
    )


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


@frozen
class Judge:
    """How deliveries are judged: by whose secrets, how far from their time, and which events came before."""

    secrets: SigningSecrets
    tolerance: float
    memory: Memory

    def judge(self, body: bytes | bytearray, signatures: Iterable[Any], now: float) -> Delivery:
        """
        Return what to make of *body* with these *signatures* (one header each) at *now*, in Unix seconds.

        An event that is accepted is remembered.

        Raises:
            InvalidArgument: *body* is no bytes.
        """
        given = list(signatures)
        if len(given) > 1:
            # Which of them another server on the way has checked nobody knows.
            return Delivery(status=400, problem=f"the delivery has {len(given)} signature headers")
        try:
            verify(body, given[0] if given else None, self.secrets, now=now, tolerance=self.tolerance)
        except InvalidSignature as error:
            return Delivery(status=401 if error.readable else 400, problem=error.message)
        # From here on it is the service that speaks: what is not understood is new, and would not improve by coming
        # again.
        try:
            event = read_event(read_json(bytes(body)))
        except (ValueError, RecursionError):
            event = None
        if event is None:
            return Delivery(status=200, problem="the delivery is genuine and no event")
        if not self.memory.add(event.id):
            return Delivery(status=200, problem="the event came before")
        return Delivery(status=200, event=event)
