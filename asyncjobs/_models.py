"""What one look at a job tells: plain frozen data, free to travel between tasks and processes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Literal, NoReturn, TypeVar

import attrs

from asyncjobs._bodies import read_json
from asyncjobs._convert import KeyStyle, structure
from asyncjobs._refs import JobRef
from asyncjobs._states import JobState
from asyncjobs.errors import InvalidArgument, ProtocolError

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

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {field.alias: getattr(self, field.name) for field in attrs.fields(type(self)) if field.init}
        return _restore, (fields,)

    def __setstate__(self, state: object) -> NoReturn:
        raise InvalidArgument("pickle", "is no snapshot")

    @property
    def raw(self) -> dict[str, Any]:
        """
        The whole payload as the service sent it, decoded anew on each access: changing it changes nothing here.

        Raises:
            ProtocolError: It is nested too deeply for where this is called.
        """
        try:
            payload: dict[str, Any] = read_json(self._body, again=True)
        except RecursionError:
            raise ProtocolError("the payload is nested too deeply", request_id=self.request_id, ref=self.ref) from None
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


def text_of(snapshot: Snapshot[Any]) -> str:
    """Return the text of the payload."""
    return snapshot._body.decode()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module


def seen_again(snapshot: Snapshot[R_co], *, observed_at: datetime, request_id: str | None) -> Snapshot[R_co]:
    """Return what a later reply says that has the same payload."""
    return Snapshot(
        ref=snapshot.ref,
        state=snapshot.state,
        status=snapshot.status,
        progress=snapshot.progress,
        reason=snapshot.reason,
        observed_at=observed_at,
        source=snapshot.source,
        request_id=request_id,
        body=snapshot._body,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module
        resource_type=snapshot._resource_type,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        keys=snapshot._keys,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    )


_PICKLED: dict[str, tuple[type, ...]] = {
    "ref": (JobRef,),
    "state": (JobState,),
    "status": (str,),
    "progress": (Progress, type(None)),
    "reason": (str, type(None)),
    "observed_at": (datetime,),
    "source": (str,),
    "request_id": (str, type(None)),
    "body": (bytes,),
    "resource_type": (type,),
    "keys": (KeyStyle,),
}


def _restore(fields: Any) -> Snapshot[Any]:
    """
    Return the snapshot that a pickle holds.

    Raises:
        InvalidArgument: It holds something else.
    """
    if not isinstance(fields, dict) or fields.keys() != _PICKLED.keys():
        raise InvalidArgument("pickle", "is no snapshot")
    for name, types in _PICKLED.items():
        if not isinstance(fields[name], types):
            raise InvalidArgument("pickle", f"{name}: expected {types[0].__name__}, got {type(fields[name]).__name__}")
    # Its resource will be made of what the service said, so that it must be a class for data.
    if fields["resource_type"] is not dict and not attrs.has(fields["resource_type"]):
        raise InvalidArgument("pickle", f"resource_type: {fields['resource_type'].__name__} is no attrs class")
    return Snapshot(**fields)
