"""
What a follower of a job's events has seen, and what is to be done next: decided without a clock or a loop.

A stream is read while it is open. When it breaks off, or ends before the job, what is stored is read from where it
left off; that ends by itself, so a look at the job comes before the next reading. Nothing but the job's own end ends
the following.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._bodies import read_json
from asyncjobs._retry import UNUSABLE_REPLIES
from asyncjobs._settings import check_header
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from asyncjobs._sse import ServerEvent
    from asyncjobs.errors import AsyncJobsError

#: So many ids are remembered; a service repeats what it told last.
_MOST_IDS: Final = 1000
#: A service may store an event later than it shows the end: what is stored is then read so often.
_AFTER_THE_END: Final = 3
# Longer ones are no numbers to count with.
_LONGEST_NUMBER: Final = 18


class Step(Enum):
    """What to do next."""

    READ = auto()
    """Read from the stream that is open."""
    REPLAY = auto()
    """Ask for what is stored."""
    LOOK = auto()
    """Wait until the job was looked at."""
    END = auto()
    """All was told."""


class Following:
    """
    One follower.

    *stored* says whether the service stores events at all, *after* is the id of the last event that is known already
    (``None``: none is). With *once* only what is stored is wanted, whether or not the job has ended.
    """

    def __init__(self, *, stored: bool, after: str | None = None, once: bool = False) -> None:
        #: The id of the last event that was seen, or of the one that was known before; ``None`` if there is none.
        self.last_id: str | None = after
        #: Whether the last event was seen.
        self.over: bool = False
        self.once: bool = once
        self._stored = stored
        self._owed = True  # Whether what is stored is to be read before anything else.
        self._read_after_end = 0  # How often that was read since the job was seen to end, in vain.
        self._fresh = False  # Whether anything new came since that was asked for.
        self._barren = 0
        self._ids: deque[str] = deque(() if after is None else (after,), maxlen=_MOST_IDS)

    def next(self, *, reading: bool, final: bool) -> Step:
        """Return the next step; *reading* says whether a stream is open, *final* whether the job was seen to end."""
        if reading and not self.over:
            return Step.READ
        if self.once:
            return Step.REPLAY if self._owed and not self.over else Step.END
        if not self.over and self._stored and (self._owed or (final and self._read_after_end < _AFTER_THE_END)):
            return Step.REPLAY
        return Step.END if final else Step.LOOK

    @property
    def again(self) -> int:
        """How often what is stored was read in vain since the job was seen to end."""
        return self._read_after_end

    @property
    def looks_until_the_end(self) -> bool:
        """Whether nothing but the job's end is left to wait for."""
        return self.over or not self._stored

    def saw(self, event: ServerEvent, *, last: bool) -> bool:
        """Take in an event, the *last* one or not; return whether it is a new one."""
        if event.id:
            if event.id in self._ids or _number(event.id) <= _number(self.last_id):
                return False
            self._ids.append(event.id)
            self.last_id = event.id
        self.over = self.over or last
        self._fresh, self._barren, self._read_after_end = True, 0, 0
        return True

    def ended(self, *, live: bool) -> None:
        """Take in that the stream has come to its end: a *live* one has more to tell unless that was the last event."""
        self._owed = self._owed or live

    def broke(self, error: AsyncJobsError, *, live: bool, final: bool) -> AsyncJobsError | None:
        """
        Take in that the stream, a *live* one or not, broke off with *error*; return what ends the following, if so.

        What cannot be understood three times in a row, with nothing new in between, will not be; and where no look
        comes in between, since the job was seen to end, that is true of whatever breaks off.
        """
        self._owed = live or self._fresh or self.once
        self._read_after_end = max(0, self._read_after_end - 1)
        if isinstance(error, ProtocolError) or final or self.once:
            self._barren += 1
        return error if self._barren >= UNUSABLE_REPLIES else None

    def asked(self, *, final: bool) -> None:
        """Take in that what is stored was asked for; *final* says whether the job had been seen to end by then."""
        self._owed = self._fresh = False
        self._read_after_end += final

    def refused(self) -> None:
        """Take in that the service does not give what is stored."""
        self._stored = False

    def looked(self) -> None:
        """Take in that the job was looked at."""
        self._owed = True


def _number(name: str | None) -> float:
    """Return the place of an event among others; an id that is no number has none, and compares with nothing."""
    if name is None:
        return float("-inf")
    return int(name) if name.isascii() and name.isdigit() and len(name) <= _LONGEST_NUMBER else float("nan")


def check_event_id(value: Any) -> str | None:
    """
    Return *value* if it can be the id of an event to go on from; ``None`` is "from the first".

    Raises:
        InvalidArgument: It is no string, blank, or cannot be sent.
    """
    return None if value is None else check_header(value, "after")


def goes_on_from(last_id: str | None) -> dict[str, str]:
    """Return the header that asks for what follows an event; none if its id cannot be sent: all is read again then."""
    if last_id is None or not last_id.strip() or not last_id.isascii() or not last_id.isprintable():
        return {}
    return {"Last-Event-ID": last_id}


def payload_of(event: ServerEvent) -> dict[str, Any]:
    """Return the object that an event says, without the tokens of our creates; an empty one if it says none."""
    try:
        payload = read_json(event.data.encode())
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
