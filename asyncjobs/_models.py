"""What one look at a job tells: plain frozen data, free to travel between tasks and processes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import attrs

from asyncjobs._bodies import read_json
from asyncjobs._convert import KeyStyle, structure
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from datetime import datetime

    from asyncjobs._refs import JobRef
    from asyncjobs._states import JobState

R_co = TypeVar("R_co", covariant=True)

Source = Literal["create", "poll", "survey", "stream", "event", "webhook", "cancel"]


class CancelOutcome(StrEnum):
    """How a cancel ended."""

    CANCELED = "canceled"
    """The job was seen cancelled, whoever asked for it."""
    ALREADY_DONE = "already_done"
    """The job completed or failed first."""
    GONE = "gone"
    """The service no longer knows the job."""
    REQUESTED = "requested"
    """The service was asked and the end was not waited for; only with ``confirm=False``."""


@attrs.frozen(kw_only=True)
class Progress:
    """
    How far a job is, as far as its service tells; every figure that it does not give is ``None``.

    *percent* runs from 0 to 100, *time_left* is the service's estimate in seconds.
    """

    percent: float | None = None
    found: int | None = None
    analyzed: int | None = None
    time_left: float | None = None


@attrs.frozen(kw_only=True)
class Snapshot(Generic[R_co]):
    """
    What was known of a job at one moment.

    *status* is the service's own word (empty if it gave none), *state* what it means here.
    *progress* is ``None`` where the kind has none, *reason* is the service's word for why the job ended.
    *observed_at* is the aware UTC time at which the reply arrived, *source* what kind of message it
    was, *request_id* the service's id for that reply (``None`` if it gave none).
    """

    ref: JobRef
    state: JobState
    status: str
    progress: Progress | None = None
    reason: str | None = None
    observed_at: datetime
    source: Source
    request_id: str | None = None
    _body: bytes = attrs.field(repr=False, alias="body")
    _resource_type: type[R_co] = attrs.field(repr=False, eq=False, alias="resource_type")
    _keys: KeyStyle = attrs.field(default=KeyStyle.CAMEL, repr=False, eq=False, alias="keys")
    _resource: R_co | None = attrs.field(default=None, init=False, repr=False, eq=False)

    @property
    def raw(self) -> dict[str, Any]:
        """The whole payload as the service sent it, decoded anew on each access: changing it changes nothing here."""
        payload: dict[str, Any] = read_json(self._body)
        return payload

    @property
    def resource(self) -> R_co:
        """
        The payload as the kind's class, structured on first access.

        Raises:
            ProtocolError: The payload does not fit; the message names what and where, and :attr:`raw` still has it all.
        """
        if self._resource is None:
            try:
                resource = structure(self.raw, self._resource_type, self._keys)
            except ProtocolError as error:
                error.ref, error.request_id = self.ref, self.request_id
                raise
            # Frozen for its readers; the cache is the one thing that is filled in late.
            object.__setattr__(self, "_resource", resource)
            return resource
        return self._resource
