"""Which row of a list is the job that a create made: by the token that it carried, or by what is alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs._bodies import MARK_KEY
from asyncjobs._figures import pick
from asyncjobs._scalars import Misfit, moment
from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs._calls import Trace
    from asyncjobs._refs import JobRef

#: Clocks show whole seconds, and two servers of one service are not in step.
_SLACK: Final = timedelta(seconds=5)
#: The pauses between looks for a job that may have been created, in seconds; the last one repeats.
_PAUSES: Final = (0.25, 0.5, 1.0, 2.0)
#: For how long a claim is remembered, in seconds: longer than anyone looks for a create.
_CLAIMED: Final = 600.0


class Match(Enum):
    """Whether a row is the job that was asked for."""

    YES = auto()
    MAYBE = auto()
    NO = auto()


@attrs.frozen(kw_only=True)
class Intent:
    """A create as it was meant: its *kind*, the ids in its path, its body as the user gave it, and its *token*."""

    kind: str
    parents: tuple[str, ...]
    sent: Mapping[str, Any] = attrs.field(repr=False)
    token: str | None = attrs.field(default=None, repr=False)


def mark(intent: Intent, trace: Trace | None) -> Mapping[str, Any]:
    """
    Return the body to send: the user's, with the token among the user's own data.

    Raises:
        InvalidArgument: The user's data are no object.
    """
    if trace is None or trace.carrier is None or intent.token is None:
        return intent.sent
    data = intent.sent.get(trace.carrier)
    if data is not None and not isinstance(data, dict):
        raise InvalidArgument(trace.carrier, f"expected dict, got {type(data).__name__}")
    return {**intent.sent, trace.carrier: {**(data or {}), MARK_KEY: intent.token}}


def match(trace: Trace, row: Mapping[str, Any], intent: Intent, since: datetime) -> Match:
    """Return whether *row* is the job of *intent*, which was sent no earlier than *since* by the service's clock."""
    if trace.carrier is not None:
        kept = pick(row, f"{trace.shown or trace.carrier}.{MARK_KEY}")
        if kept is not None:
            return Match.YES if kept == intent.token else Match.NO
    # It shows no token: nobody's, or the service did not keep it after all.
    if not trace.alike or older(trace, row, since):
        return Match.NO
    alike = all(_like(pick(intent.sent, sent), pick(row, shown)) for sent, shown in trace.alike.items())
    return Match.MAYBE if alike else Match.NO


def _like(sent: Any, shown: Any) -> bool:
    if sent is None:
        return True  # Not asked for: whatever the service chose.
    if isinstance(sent, dict) and isinstance(shown, dict):
        # A service drops what it does not understand and fills in what was left open.
        return all(_like(value, shown[key]) for key, value in sent.items() if key in shown)
    if isinstance(sent, str) and isinstance(shown, str):
        return sent.strip() == shown.strip()  # Services trim.
    return bool(sent == shown)


def older(trace: Trace, row: Mapping[str, Any], since: datetime) -> bool:
    """Whether *row* was created before *since*, by more than the clocks explain; ``False`` if it does not say."""
    try:
        created: datetime = moment(pick(row, trace.created))
    except Misfit:
        return False
    return created < since - _SLACK


def pause(attempt: int) -> float:
    """Return the seconds between look *attempt* (from 1) for a job and the next."""
    return _PAUSES[min(attempt, len(_PAUSES)) - 1]


class Claims:
    """The jobs that creates of this client have made for certain, as long as that can matter."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[JobRef, float] = {}

    def __contains__(self, ref: JobRef) -> bool:
        return ref in self._made

    def add(self, ref: JobRef, now: float) -> None:
        """Take in that *ref* was made at *now*."""
        self._made[ref] = now
        while (oldest := next(iter(self._made))) != ref and self._made[oldest] < now - _CLAIMED:
            del self._made[oldest]
