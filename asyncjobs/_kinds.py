"""
What the engine must know about a service and one kind of job on it: frozen data.

The engine asks these values and never the name of a service. If it would need to, a field is missing here.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum, auto
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

import attrs

from asyncjobs._convert import KeyStyle
from asyncjobs._refs import is_kind_name
from asyncjobs._states import FINAL, JobState
from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asyncjobs._calls import Call, EventSource, StateStream, Survey, Trace, Verb
    from asyncjobs._feeds import Feed

R_co = TypeVar("R_co", covariant=True)

#: Where a service takes a cancel unless its kind says otherwise.
ANY_LIVE_STATE: Final = frozenset(JobState) - FINAL - {JobState.CANCELING}


class Lane(IntEnum):
    """Who goes first when requests must queue: the smaller value."""

    CANCEL = 0
    CREATE = 1
    LOOK = 2


class Refused(StrEnum):
    """What a refusal means, once the service's way of saying it is stripped off."""

    NOT_IN_STATE = auto()
    """The job is not in a state in which it can be cancelled: look, then decide."""
    NO_SLOT = auto()
    """Too many jobs run already: creating must wait."""
    QUOTA = auto()
    """Credits or a plan's limit are exhausted."""
    OVERLOADED = auto()
    """The service did not even begin: whatever it was may be sent again."""


@attrs.frozen
class Refusal:
    """
    One way in which a service says no.

    It applies to *verb* (``None``: to every request) when a reply has this *status* and, where they are
    given, this error *code* and this *text* within its message (compared without regard to case).
    """

    verb: Verb | None
    status: int
    means: Refused
    code: str | None = attrs.field(default=None, kw_only=True)
    text: str | None = attrs.field(default=None, kw_only=True)

    def matches(self, verb: Verb | None, status: int, tag: str | None, message: str) -> bool:
        """Whether a reply to *verb* with this *status*, *tag* and *message* is this refusal."""
        return (
            self.status == status
            and self.verb in {None, verb}
            and (self.code is None or self.code == tag)
            and (self.text is None or self.text.casefold() in message.casefold())
        )


@attrs.frozen(kw_only=True)
class Pace:
    """
    When to look again, in seconds.

    The first look comes *first* seconds after the last news, each further one *factor* times later
    than the one before, at most *ceiling*. After our own cancel looks begin anew at *urgent*.
    """

    first: float = 1.0
    factor: float = 1.5
    ceiling: float = 5.0
    urgent: float = 0.25

    def __attrs_post_init__(self) -> None:
        if any(type(value) not in {int, float} for value in (self.first, self.factor, self.ceiling, self.urgent)):
            raise InvalidArgument("pace", "expected each figure as int or float")
        if not 0 < self.urgent <= self.ceiling or not 0 < self.first <= self.ceiling or not 1 <= self.factor <= 100:  # noqa: PLR2004
            raise InvalidArgument("pace", "needs 0 < first, urgent <= ceiling and 1 <= factor <= 100")


#: The names of the figures of progress, and in the same order the steps to each object that holds some, and their keys.
_Figures: TypeAlias = tuple[tuple[str, ...], tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]


def _figures(progress: Mapping[str, str]) -> _Figures:
    holders: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for name, path in progress.items():
        *steps, key = path.split(".")
        holders.setdefault(tuple(steps), []).append((name, key))
    names = (name for told in holders.values() for name, _ in told)
    return tuple(names), tuple((steps, tuple(key for _, key in told)) for steps, told in holders.items())


@attrs.frozen(kw_only=True)
class JobKind(Generic[R_co]):
    """
    One kind of job, as a data sheet.

    *name* is the provider's name, a dot, and a word. *resource* is the attrs class of the payload, *keys* how the
    payload spells its keys. *identity* says for each id in the path of *look*, in order, which of them holds it.

    *create*, *look*, *cancel*, *stop* and *result* are the calls; ``None`` where the service has
    none. *words* maps the status words (key *status*) to states; a word that is missing is
    ``UNKNOWN``. *progress* maps fields of :class:`~asyncjobs.Progress` to dotted paths in the
    payload, *reason* is the path of why the job ended, *updated* that of the time of the last change.

    *judge* is for jobs whose word does not tell how they ended: a pure function of the state that the word means, the
    whole payload, and whether that answers our cancel, to the state and the reason.

    *cancelable* are the states in which the service takes a cancel (a refusal in another one is
    answered by waiting, not by asking again). *refusals* are the replies that mean "no" in a particular way.
    *settle* is for how many seconds after our own cancel a "cancelled" may still turn into another end. *pace* says
    when to look, *surveys* show many jobs at once. *trace* is how a create whose reply was lost is found again;
    ``None`` where there is no list to find it in. *events* is what the service tells of a job as it happens, one event
    after the other, *states* a stream in which it shows the job again and again; ``None`` if there is none.
    """

    name: str
    resource: type[R_co]
    keys: KeyStyle = KeyStyle.CAMEL
    identity: Mapping[str, str]
    create: Call | None = None
    look: Call
    cancel: Call | None = None
    stop: Call | None = None
    result: Call | None = None
    words: Mapping[str, JobState]
    status: str = "status"
    judge: Callable[[JobState, Mapping[str, Any], bool], tuple[JobState, str | None]] | None = None
    progress: Mapping[str, str] = attrs.field(factory=dict[str, str])
    reason: str | None = None
    updated: str | None = None
    cancelable: frozenset[JobState] = ANY_LIVE_STATE
    refusals: tuple[Refusal, ...] = ()
    settle: float = 0.0
    pace: Pace = attrs.field(factory=Pace)
    surveys: tuple[Survey, ...] = ()
    trace: Trace | None = None
    events: EventSource | None = None
    states: StateStream | None = None
    #: *progress* as it is read with each reply.
    figures: _Figures = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse a data sheet that contradicts itself, here rather than at three in the morning."""
        if not is_kind_name(self.name):
            raise InvalidArgument("name", f"expected one such as 'exa.search', which refs can spell, got {self.name!r}")
        parts = tuple(self.identity)
        for verb in ("look", "cancel", "stop", "result"):
            call: Call | None = getattr(self, verb)
            if call is not None and call.fields != parts:
                raise InvalidArgument(verb, f"{self.name}: its path has {call.fields}, identity {parts}")
            if call is not None and not call.repeatable:
                raise InvalidArgument(verb, f"{self.name}: must be repeatable, it is sent again when a reply is lost")
        if self.events is not None and self.events.replay is not None and self.events.replay.fields != parts:
            raise InvalidArgument("events", f"{self.name}: its path has {self.events.replay.fields}, identity {parts}")
        if self.states is not None and self.states.call.fields != parts:
            raise InvalidArgument("states", f"{self.name}: its path has {self.states.call.fields}, identity {parts}")
        if self.create is not None and self.create.repeatable:
            raise InvalidArgument("create", f"{self.name}: a create is never repeatable, a second one is a second bill")
        if self.trace is not None and self.roll is None:
            raise InvalidArgument("trace", f"{self.name}: needs a create, and a survey that takes no other ids")
        object.__setattr__(self, "figures", _figures(self.progress))

    @property
    def roll(self) -> Survey | None:
        """The survey in which a job that was just created can be found; ``None`` if there is none."""
        known = self.create.fields if self.create is not None else None
        return next((each for each in self.surveys if each.call.fields == known or not each.call.fields), None)


@attrs.frozen
class Limit:
    """
    At most *count* requests in any *seconds* seconds, for the calls that name it in their costs.

    A call whose costs exceed *count* takes all of it.
    """

    name: str
    count: int
    seconds: float = 1.0

    def __attrs_post_init__(self) -> None:
        # One that allows nothing would hold every request for ever.
        if type(self.count) is not int or self.count < 1:
            raise InvalidArgument("count", f"{self.name}: expected an int of at least 1, got {self.count!r}")
        if type(self.seconds) not in {int, float} or not 0 < self.seconds < float("inf"):
            raise InvalidArgument("seconds", f"{self.name}: expected a positive, finite number, got {self.seconds!r}")


@attrs.frozen(kw_only=True)
class Provider:
    """
    One service: where it is, how it knows its callers and what it allows.

    *key_header* is the header that carries the API key, *key_env* and *url_env* the environment
    variables that hold the defaults, *headers* what is sent every time. *limits* are the request rates of *base_url*
    (another address has none unless the settings give some), *in_flight* how many requests may run at once
    (``None``: any number). *refusals* apply to every kind. *feed* is what the service tells by itself; ``None`` if it
    tells nothing.
    """

    name: str
    base_url: str
    key_header: str
    key_env: str
    url_env: str
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    limits: tuple[Limit, ...] = ()
    in_flight: int | None = None
    refusals: tuple[Refusal, ...] = ()
    kinds: tuple[JobKind[Any], ...] = ()
    feed: Feed | None = None

    def __attrs_post_init__(self) -> None:
        if self.in_flight is not None and self.in_flight < 1:
            raise InvalidArgument("in_flight", f"{self.name}: expected at least 1, or None for any number")
        if len({kind.name for kind in self.kinds}) < len(self.kinds):
            raise InvalidArgument("kinds", f"{self.name} has two of one name, and a ref must lead to one")

    def kind(self, name: str) -> JobKind[Any]:
        """
        Return the kind called *name*.

        Raises:
            InvalidArgument: This service has none of that name.
        """
        for kind in self.kinds:
            if kind.name == name:
                return kind
        known = ", ".join(kind.name for kind in self.kinds)
        raise InvalidArgument("kind", f"{self.name} has no {name!r}; it has {known}")
