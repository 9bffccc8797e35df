"""The truth about a service, as its documentation tells it: what the contract holds a kind of job against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs.errors import InvalidArgument
from asyncjobs.kinds import JobKind, JobState, Provider

from ._routes import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: What a word in each role may mean. A service that has one word for waiting and working says "pending".
ROLES: Final[Mapping[str, frozenset[JobState]]] = {
    "waiting": frozenset({JobState.CREATED, JobState.PENDING, JobState.QUEUED, JobState.PAUSED}),
    "working": frozenset({JobState.RUNNING, JobState.PENDING}),
    "canceling": frozenset({JobState.CANCELING}),
    "completed": frozenset({JobState.COMPLETED}),
    "failed": frozenset({JobState.FAILED}),
    "canceled": frozenset({JobState.CANCELED}),
}


def _words(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _refuses(cancel: Cancel, _: object, value: int | None) -> None:
    if cancel.accepts and value is None:
        raise InvalidArgument("refuses", "is needed where a cancel is accepted in some words only")


@attrs.frozen(kw_only=True)
class Words:
    """
    The status words of a service by the part that they play, each one word or some, in the order of a life.

    *working* and *completed* are needed; a word for both waiting and working is *working*. The others are empty where
    the service has none.
    """

    waiting: tuple[str, ...] = attrs.field(default=(), converter=_words)
    working: tuple[str, ...] = attrs.field(converter=_words, validator=attrs.validators.min_len(1))
    canceling: tuple[str, ...] = attrs.field(default=(), converter=_words)
    completed: tuple[str, ...] = attrs.field(converter=_words, validator=attrs.validators.min_len(1))
    failed: tuple[str, ...] = attrs.field(default=(), converter=_words)
    canceled: tuple[str, ...] = attrs.field(default=(), converter=_words)

    @property
    def live(self) -> tuple[str, ...]:
        """The words of a life that has not ended and is not being cancelled, in order."""
        return (*self.waiting, *self.working)

    @property
    def final(self) -> tuple[str, ...]:
        """The words after which nothing comes."""
        return (*self.completed, *self.failed, *self.canceled)

    def roles(self) -> dict[str, str]:
        """Return the role of each word."""
        return {word: role for role in ROLES for word in getattr(self, role)}


@attrs.frozen
class Cancel:
    """
    How a service cancels.

    *request* is its method and path, such as ``POST /renders/{id}/abort``. *accepts* are the words in which it does
    so; empty: all words of waiting and working. It *answers* with this status: 204 has no body, any other shows the
    job. It *refuses* in other words with this status, *code* and *text*; ``None``: it shows the job, unchanged.

    *flips* is for how many seconds after an accepted cancel the job may still turn from canceled to completed.
    """

    request: str = attrs.field(validator=Route.check)
    accepts: tuple[str, ...] = attrs.field(default=(), converter=_words, kw_only=True)
    answers: int = attrs.field(default=200, kw_only=True)
    refuses: int | None = attrs.field(default=None, kw_only=True, validator=_refuses)
    code: str | None = attrs.field(default=None, kw_only=True)
    text: str = attrs.field(default="this job cannot be cancelled now", kw_only=True)
    flips: float = attrs.field(default=0.0, kw_only=True)


_optional_request: Final = attrs.validators.optional(Route.check)


@attrs.frozen(kw_only=True)
class Service:
    """
    A kind of job to test, and the truth about its service.

    *sample* makes the service's payload of a job for a status word, ids included; the tests put other ids in their
    place. All requests are written as ``METHOD /path``, and what stands in braces in a path is **the payload's key**
    of that id: ``GET /albums/{albumId}/photos/{id}``. ``None`` says that the service has no such request.

    *create* takes the JSON object *body* and answers with the job; *look* shows it; *cancel* is a :class:`Cancel`;
    *stop* makes it complete early; *result* shows it with what it made, *brings*, added. *listing* answers with an
    object that has the payloads under *rows*, *deletion* makes the service forget the job: no kind needs the two,
    they are there to be mistaken for others. The lists of the kind's surveys need no truth of their own, the service
    gives them as the kind describes them; but one of all jobs must be the *listing*, if there is one.

    *spelled* says what the service writes for a word that it does not write itself: that of an end which only other
    parts of the payload tell apart (``{"canceled": "idle"}``).

    *progress* is what a sample shows in its first working word, by the names of :class:`~asyncjobs.Progress`,
    *reason* what it gives as the reason of its last final word (failed or canceled).

    Raises:
        InvalidArgument: The truth contradicts itself.
    """

    provider: Provider
    kind: JobKind[Any]
    sample: Callable[[str], Mapping[str, Any]]
    words: Words
    create: str | None = attrs.field(default=None, validator=_optional_request)
    look: str = attrs.field(validator=Route.check)
    cancel: Cancel | None = None
    stop: str | None = attrs.field(default=None, validator=_optional_request)
    result: str | None = attrs.field(default=None, validator=_optional_request)
    listing: str | None = attrs.field(default=None, validator=_optional_request)
    deletion: str | None = attrs.field(default=None, validator=_optional_request)
    body: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    brings: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    rows: str = "data"
    spelled: Mapping[str, str] = attrs.field(factory=dict[str, str])
    progress: Mapping[str, float] = attrs.field(factory=dict[str, float])
    reason: str | None = None

    def __attrs_post_init__(self) -> None:
        for word in self.words.roles():
            shown = self.sample(word)
            if self.spelling(word) not in shown.values():
                raise InvalidArgument("sample", f"was asked for {word!r} and shows no such status")
            for key in self.ids:
                if not isinstance(shown.get(key), str):
                    raise InvalidArgument("sample", f"has no text under {key!r}, which is an id in {self.look!r}")
        if not self.ids:
            raise InvalidArgument("look", f"expected an id in braces in {self.look!r}")
        if self.cancel is not None and not self.words.canceled:
            raise InvalidArgument("words", "a service that cancels has a word for canceled")

    def spelling(self, word: str) -> str:
        """Return what the service writes for *word*."""
        return self.spelled.get(word, word)

    @property
    def ids(self) -> tuple[str, ...]:
        """The payload's keys of the ids, in the order of the path."""
        return Route(self.look).fields

    def requests(self) -> dict[str, str]:
        """Return all requests that the service has, by verb."""
        named = {
            "create": self.create,
            "look": self.look,
            "cancel": None if self.cancel is None else self.cancel.request,
            "stop": self.stop,
            "result": self.result,
            "listing": self.listing,
            "deletion": self.deletion,
        }
        return {verb: request for verb, request in named.items() if request is not None}

    def accepts(self) -> tuple[str, ...]:
        """Return the words in which the service takes a cancel; empty if it takes none at all."""
        return () if self.cancel is None else self.cancel.accepts or self.words.live
