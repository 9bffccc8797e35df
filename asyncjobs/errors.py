"""
Every error that this library raises, in one tree.

::

    AsyncJobsError
    ├── APIError                 the service answered with an error
    │   ├── InvalidRequest           400, 422
    │   ├── AuthenticationError      401
    │   ├── PaymentRequired          402, or a plan's limit
    │   ├── PermissionDenied         403 that the kind does not explain
    │   ├── NotFound                 404
    │   ├── Conflict                 409
    │   ├── RateLimited              429, or no slot for one more job
    │   └── ServerError              5xx
    ├── TransportError           no answer at all
    ├── ProtocolError            an answer that makes no sense
    ├── CreateUncertain          a create whose outcome is unknown
    ├── JobError
    │   ├── JobFailed                the service gave the job up
    │   ├── JobCanceled              somebody cancelled the job
    │   ├── JobGone                  the service no longer knows the job
    │   ├── JobUnreachable           no look succeeded for too long
    │   └── UnknownStatus            the service kept saying a word that we do not know
    ├── WaitTimeout              also TimeoutError
    ├── CancelUnconfirmed        also TimeoutError
    ├── NotSupported             this kind of job has no such verb
    ├── InvalidArgument          also ValueError
    ├── ClientClosed             also RuntimeError
    └── WrongLoop                also RuntimeError

All of them can be pickled. Where there is a job, ``ref`` names it and ``snapshot``
is what was last seen of it; an error never holds a :class:`~asyncjobs.Job`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from asyncjobs import _texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from asyncjobs._models import Snapshot
    from asyncjobs._refs import JobRef

__all__ = [
    "APIError",
    "AsyncJobsError",
    "AuthenticationError",
    "CancelUnconfirmed",
    "ClientClosed",
    "Conflict",
    "CreateUncertain",
    "InvalidArgument",
    "InvalidRequest",
    "JobCanceled",
    "JobError",
    "JobFailed",
    "JobGone",
    "JobUnreachable",
    "NotFound",
    "NotSupported",
    "PaymentRequired",
    "PermissionDenied",
    "ProtocolError",
    "RateLimited",
    "ServerError",
    "TransportError",
    "UnknownStatus",
    "WaitTimeout",
    "WrongLoop",
]


def _rebuild(cls: Any, message: Any, state: Any) -> AsyncJobsError:
    """
    Return what a pickle holds, if that is an error of ours.

    Raises:
        InvalidArgument: It is something else, or replaces methods. Only what this library writes is read.
    """
    if not (isinstance(cls, type) and issubclass(cls, AsyncJobsError)):
        raise InvalidArgument("pickle", "expected an error of asyncjobs")
    if not isinstance(message, str) or type(state) is not dict:
        raise InvalidArgument("pickle", "expected the message of an error and its fields")
    for name in state:
        if not isinstance(name, str) or callable(getattr(cls, name, None)):
            raise InvalidArgument("pickle", "has fields that no error has")
        if name.startswith("__") and name != "__notes__":
            raise InvalidArgument("pickle", "has fields that no error has")
    return _twin(cls, message, state)


def _twin(cls: type[AsyncJobsError], message: str, state: dict[str, Any]) -> AsyncJobsError:
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    if notes := state.get("__notes__"):
        # A note for one waiter is none of the others' business.
        error.__dict__["__notes__"] = list(notes)
    return error


class AsyncJobsError(Exception):
    """
    The root of all errors of this library.

    *ref* and *snapshot* are ``None`` where no single job is concerned or nothing was seen of it.
    """

    ref: JobRef | None = None
    snapshot: Snapshot[Any] | None = None

    def __init__(self, message: str, *, ref: JobRef | None = None, snapshot: Snapshot[Any] | None = None) -> None:
        super().__init__(message)
        self.ref = ref
        self.snapshot = snapshot

    @property
    def message(self) -> str:
        """What went wrong, for people."""
        return str(self.args[0])

    def __str__(self) -> str:
        return self.message

    def copy(self) -> Self:
        """
        Return a copy of this error, cause included.

        One failed look ends many waits; each waiter raises a copy of its own, because a
        raised exception collects the traceback of every task that it passes through.
        """
        twin = _twin(type(self), self.message, self.__dict__)
        twin.__cause__ = self.__cause__
        assert isinstance(twin, type(self))
        return twin

    def about(self, ref: JobRef, snapshot: Snapshot[Any] | None) -> Self:
        """Return a copy of this error that names the job which it ended the look at."""
        twin = self.copy()
        twin.ref, twin.snapshot = ref, snapshot
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__.copy())

    def __setstate__(self, state: object) -> NoReturn:
        raise InvalidArgument("pickle", "is no error of asyncjobs")


class APIError(AsyncJobsError):
    """
    The service answered with an error status.

    *status* is the HTTP status, *tag* the service's own error code (``None`` if it gave none;
    an open set), *request_id* what support asks for, *retry_after* the service's hint in
    seconds, *method* and *url* what was asked (no secrets: keys travel in headers). *refused* is what
    a refusal means where the service's data explains it: ``not_in_state``, ``no_slot``, ``quota`` or ``overloaded``.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        tag: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        refused: str | None = None,
        method: str = "",
        url: str = "",
        ref: JobRef | None = None,
        snapshot: Snapshot[Any] | None = None,
    ) -> None:
        super().__init__(message, ref=ref, snapshot=snapshot)
        self.status = status
        self.tag = tag
        self.request_id = request_id
        self.retry_after = retry_after
        self.refused = refused
        self.method = method
        self.url = url

    def __str__(self) -> str:
        tag = f" {self.tag}" if self.tag else ""
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.status}{tag} for {self.method} {self.url}: {self.message}{request}"


class InvalidRequest(APIError):
    """The service refused what was sent (400, 422)."""


class AuthenticationError(APIError):
    """The service does not know the key (401)."""


class PaymentRequired(APIError):
    """Credits, a budget or a plan are exhausted (402, or a refusal that the kind knows to mean that)."""


class PermissionDenied(APIError):
    """The service forbids this, and the kind of job knows no other meaning of the reply (403)."""


class NotFound(APIError):
    """The service does not know that id, and nothing was ever seen under it (404)."""


class Conflict(APIError):
    """The name is taken (409)."""


class RateLimited(APIError):
    """
    Too many requests, or no slot for one more job, until the retry budget was spent.

    A 429, or a refusal that the kind knows to mean that.
    """


class ServerError(APIError):
    """The service failed, until the retry budget was spent (5xx)."""


class TransportError(AsyncJobsError):
    """
    No reply arrived: refused, reset, cut off or timed out.

    *sent* is ``False`` when the request provably never left, so that it cannot have had an effect.
    """

    def __init__(
        self,
        message: str,
        *,
        sent: bool = True,
        method: str = "",
        url: str = "",
        ref: JobRef | None = None,
        snapshot: Snapshot[Any] | None = None,
    ) -> None:
        super().__init__(message, ref=ref, snapshot=snapshot)
        self.sent = sent
        self.method = method
        self.url = url

    def __str__(self) -> str:
        return f"no reply to {self.method} {self.url}: {self.message}"


class ProtocolError(AsyncJobsError):
    """
    A reply that says success and cannot be understood, or a payload that does not fit its class.

    *request_id* is ``None`` if the reply carried none.
    """

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        ref: JobRef | None = None,
        snapshot: Snapshot[Any] | None = None,
    ) -> None:
        super().__init__(message, ref=ref, snapshot=snapshot)
        self.request_id = request_id


class CreateUncertain(AsyncJobsError):
    """
    A create was sent and its outcome is unknown: the job may exist, or may yet begin to.

    It was looked for, and nothing was sent again, because a second create could be a second bill. *kind* names what
    was to be created, *parents* are the ids in its path, *sent* is the body as you gave it, *token* what it carried
    besides to tell it apart (``None`` where the service keeps no data for its callers), *sent_at* the time of
    sending by the service's clock as far as that is known, else by ours. *candidates* are the service's jobs that are
    alike and show no token, one of which may be it.

    It can be looked for again, later or elsewhere: ``await client.reconcile(error)``.
    """

    def __init__(
        self,
        kind: str,
        sent: Mapping[str, Any],
        candidates: tuple[JobRef, ...] = (),
        *,
        parents: tuple[str, ...] = (),
        token: str | None = None,
        sent_at: datetime,
    ) -> None:
        maybe = f", perhaps as {' or '.join(map(str, candidates[:3]))}" if candidates else ""
        super().__init__(f"the outcome of creating one {kind} is unknown; it may exist{maybe} and be paid for")
        self.kind = kind
        self.sent: dict[str, Any] = dict(sent)
        self.candidates = candidates
        self.parents = parents
        self.token = token
        self.sent_at = sent_at

    def with_candidates(self, candidates: tuple[JobRef, ...]) -> CreateUncertain:
        """Return a new error of the same create with other *candidates*."""
        return CreateUncertain(
            self.kind, self.sent, candidates, parents=self.parents, token=self.token, sent_at=self.sent_at
        )


class JobError(AsyncJobsError):
    """A job did not give a result."""

    ref: JobRef  # pyright: ignore[reportIncompatibleVariableOverride] - here there always is one

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None, message: str) -> None:
        super().__init__(f"{ref} {message}", ref=ref, snapshot=snapshot)

    @property
    def reason(self) -> str | None:
        """Why, in the service's own words; ``None`` if it gave no reason."""
        return self.snapshot.reason if self.snapshot is not None else None


#: Reasons that only repeat the state.
_SAID_ALREADY: Final = {"", "canceled", "cancelled", "failed"}


def _why(snapshot: Snapshot[Any] | None) -> str:
    reason = snapshot.reason if snapshot is not None else None
    return "" if reason is None or reason in _SAID_ALREADY else f": {_texts.clean(reason)}"


class JobFailed(JobError):
    """The service gave the job up; asking again will not change that."""

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None) -> None:
        super().__init__(ref, snapshot, f"failed{_why(snapshot)}")


class JobCanceled(JobError):
    """
    The job was cancelled, by us (*requested_by_us*) or by someone else, the service included.

    An ordinary exception, never an :class:`asyncio.CancelledError`: a cancelled job must not look like a cancelled
    task.
    """

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None, *, requested_by_us: bool) -> None:
        who = "by us" if requested_by_us else "by someone else"
        super().__init__(ref, snapshot, f"was cancelled {who}{_why(snapshot)}")
        self.requested_by_us = requested_by_us


class JobGone(JobError):
    """The service no longer knows the job."""

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None) -> None:
        super().__init__(ref, snapshot, "is no longer known to the service")


class JobUnreachable(JobError):
    """No look at the job succeeded for *seconds*; the job itself may well go on."""

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None, *, seconds: float) -> None:
        super().__init__(ref, snapshot, f"could not be looked at for {seconds:.0f} s")
        self.seconds = seconds


class UnknownStatus(JobError):
    """For *seconds* the service said a word (*status*) whose meaning this version does not know."""

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None, *, status: str, seconds: float) -> None:
        super().__init__(ref, snapshot, f"has had the unknown status {_texts.clean(status, 100)!r} for {seconds:.0f} s")
        self.status = status
        self.seconds = seconds


class WaitTimeout(AsyncJobsError, TimeoutError):
    """The job had not ended within *timeout* seconds; it goes on at the service."""

    ref: JobRef  # pyright: ignore[reportIncompatibleVariableOverride] - here there always is one

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None, *, timeout: float) -> None:
        super().__init__(
            f"{ref} had not ended within {timeout:g} s; it goes on at the service", ref=ref, snapshot=snapshot
        )
        self.timeout = timeout


class CancelUnconfirmed(AsyncJobsError, TimeoutError):
    """The job was not seen to end within *timeout* seconds of our cancel request; it may still run and cost money."""

    ref: JobRef  # pyright: ignore[reportIncompatibleVariableOverride] - here there always is one

    def __init__(self, ref: JobRef, snapshot: Snapshot[Any] | None, *, timeout: float) -> None:
        message = f"{ref} was not seen to end within {timeout:g} s of the cancel request; it may still be running"
        super().__init__(message, ref=ref, snapshot=snapshot)
        self.timeout = timeout


class NotSupported(AsyncJobsError):
    """*kind* has no such *verb*; nothing was sent."""

    def __init__(self, verb: str, kind: str, *, ref: JobRef | None = None) -> None:
        super().__init__(f"{kind} has no {verb}", ref=ref)
        self.verb = verb
        self.kind = kind


class InvalidArgument(AsyncJobsError, ValueError):
    """An argument cannot be used; *field* says which. Nothing was sent."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class ClientClosed(AsyncJobsError, RuntimeError):
    """The client was closed; what it watched goes on at the service."""


class WrongLoop(AsyncJobsError, RuntimeError):
    """A client and its handles were used on another event loop than the one that they belong to."""


ERROR_BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    400: InvalidRequest,
    401: AuthenticationError,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    422: InvalidRequest,
    429: RateLimited,
}
