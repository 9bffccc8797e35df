"""The requests of a service as data: single calls, lists, and what tells a lost create apart in one."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Literal

import attrs

from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

Verb = Literal["create", "look", "cancel", "stop", "result"]


@attrs.frozen
class Call:
    """
    One request that a service understands.

    *path* is a template whose fields are filled with ids, each as one encoded segment. *repeatable*
    says whether sending it again is harmless when the first attempt may have had its effect. *costs*
    says how much it takes of which :class:`Limit` (by name); *query* and *headers* are sent every time.
    """

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    repeatable: bool = attrs.field(kw_only=True)
    costs: Mapping[str, int] = attrs.field(factory=dict[str, int], kw_only=True)
    query: Mapping[str, str] = attrs.field(factory=dict[str, str], kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], kw_only=True)
    #: The names of the ids in *path*, in order.
    fields: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)
    #: What stands before, between and after them.
    texts: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        # It is put behind an address: "@elsewhere.example/" would make another host of it.
        if not self.path.startswith("/"):
            raise InvalidArgument("path", f"expected one that begins with a slash, got {self.path!r}")
        pieces = [(text, name) for text, name, _, _ in string.Formatter().parse(self.path)]
        if pieces[-1][1]:
            pieces.append(("", None))
        object.__setattr__(self, "fields", tuple(name for _, name in pieces if name))
        object.__setattr__(self, "texts", tuple(text for text, _ in pieces))

    @property
    def address(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it asks for, whoever asks: two calls of one address have the same reply."""
        return self.path, tuple(sorted(self.query.items()))


@attrs.frozen(kw_only=True)
class Paging:
    """
    How a list comes in pages.

    *size* is the query parameter for the rows of a page, *most* the most that the service gives, *cursor* the
    query parameter for the place of a page. *following* is the path in a reply of the next page's cursor, or with
    *address* of an address that has it as that parameter; ``null`` at the end. *more* is the path of a flag that
    is false at the end (``None``: the service has none).
    """

    size: str = "limit"
    most: int = 100
    cursor: str = "cursor"
    following: str = "nextCursor"
    address: bool = False
    more: str | None = None


@attrs.frozen
class Survey:
    """
    One request that shows many jobs at once.

    *rows* is the path of the list in the reply (``data.searches``: of the lists in a list; empty: the reply itself
    is the one row); *scope* names the ids that the jobs of one survey share (empty: any job of the kind). *paging* is
    ``None`` where one reply has it all, *newest_first* says that newer rows come before older ones.

    *turns* are queries with which it is asked one after the other for jobs that somebody waits for, so that it shows
    those of certain states only; the other uses of a list are without them. A job that changes from one state to the
    next meanwhile is seen if its states are asked for in their order.
    """

    call: Call
    rows: str
    scope: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    paging: Paging | None = attrs.field(default=None, kw_only=True)
    newest_first: bool = attrs.field(default=False, kw_only=True)
    turns: tuple[Mapping[str, str], ...] = attrs.field(default=(), kw_only=True)


@attrs.frozen(kw_only=True)
class StateStream:
    """
    A stream of server-sent events in which a service tells of one job, from what there is to its end.

    *call* opens it, *accept* is what it wants to be asked for. An event is an object: under *tag* stands what it tells
    of, under *data* what it tells. If the tag is *state*, that is the whole job. *parts* are the tags of what is told
    again when the stream is opened again, each with the path of what tells one from another.
    """

    call: Call
    accept: str | None = None
    tag: str = "type"
    data: str = "data"
    state: str = "state"
    parts: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen(kw_only=True)
class Trace:
    """
    How the job of a create whose reply was lost is known again, among what the kind's first fitting survey shows.

    *carrier* is the key in a create's body of an object of strings that the service keeps for its caller, *shown* the
    path at which a payload has it (``None``: under the same key): each create carries a token there, and the job
    that has it is the one. *alike* says which paths of the body are found where in a payload: of the jobs that show no
    token, those may be the one. *created* is the path of the time of creation.
    """

    carrier: str | None = None
    shown: str | None = None
    alike: Mapping[str, str] = attrs.field(factory=dict[str, str])
    created: str

    def __attrs_post_init__(self) -> None:
        if self.carrier is None and not self.alike:
            raise InvalidArgument("trace", "needs a carrier or what is alike, else any job would do")


@attrs.frozen(kw_only=True)
class EventSource:
    """
    What a service tells of a job as it happens, as server-sent events.

    With *live* a create that asks for them is answered with the events of the new job, from the first to the last.
    *replay* is the call that gives those that are stored, and ends: later ones are asked for with ``Last-Event-ID``
    (``None``: none are stored). *last* are the names of those after which no other comes. *whole* are keys that the
    data of an event has if it is the whole job, as a look shows it.
    """

    live: bool = False
    replay: Call | None = None
    last: frozenset[str]
    whole: frozenset[str]

    def __attrs_post_init__(self) -> None:
        if self.replay is not None and not self.replay.repeatable:
            raise InvalidArgument("replay", "must be repeatable, it is sent again and again")
