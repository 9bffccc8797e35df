"""
Server-sent events: bytes in, events out, nothing is waited for.

The rules are those of the HTML standard, "Interpreting an event stream"
(https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What such a stream is called, in requests and in replies.
EVENTS: Final = "text/event-stream"
_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


@attrs.frozen
class ServerEvent:
    """
    One event of a stream.

    *event* is its name (``message`` if it has none), *data* its lines joined by line feeds. *id* is the id which it
    carried itself, ``None`` if it had none; *last_event_id* the one that is in force after it (empty if there is none).
    """

    event: str
    data: str
    id: str | None = None
    last_event_id: str = ""


class EventDecoder:
    """
    Makes events of the bytes of one stream, however they are cut.

    *max_bytes* bounds one event, and one line. *last_event_id* is that of the stream which this one goes on with.
    """

    __slots__ = (
        "_after_cr",
        "_data",
        "_event",
        "_fresh",
        "_id",
        "_line",
        "_line_size",
        "_max",
        "_size",
        "last_event_id",
        "retry",
    )

    def __init__(self, max_bytes: int, last_event_id: str = "") -> None:
        #: The id to go on from after a reconnect; only an event that has arrived whole moves it.
        self.last_event_id: str = last_event_id
        #: Seconds that the service wants between a break and a reconnect, however many; ``None``: it does not say.
        self.retry: float | None = None
        self._max = max_bytes
        self._fresh = True  # Nothing but the first line may begin with a byte order mark.
        self._after_cr = False
        self._line: list[bytes] = []
        self._line_size = 0
        self._forget()

    def _forget(self) -> None:
        self._event = ""
        self._id: str | None = None
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """
        Yield the events that *data* completes; to be read to its end. What the stream leaves unfinished is no event.

        Raises:
            ProtocolError: An event, or a line, has more than *max_bytes*.
        """
        if not data:
            return
        # A line may end in CR, LF or both. A CR at the end of a chunk has ended its line: a LF that follows is its own.
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *ended, rest = _LINE_END.split(data)
        for line in ended:
            self._keep(line)
            event = self._take_line()
            if event is not None:
                yield event
        self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        self._line_size += len(piece)
        if self._size + self._line_size > self._max:
            raise ProtocolError(f"an event of the stream has more than {self._max} bytes")
        if piece:
            self._line.append(piece)

    def _take_line(self) -> ServerEvent | None:
        line = b"".join(self._line)
        self._line.clear()
        self._line_size = 0
        if self._fresh:
            self._fresh = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        # No broken character reaches beyond its line: line ends are never part of one.
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._take_field(name, value.removeprefix(" "), len(line))
        return None

    def _take_field(self, name: str, value: str, size: int) -> None:
        if name == "data":
            self._data.append(value)
            self._size += size + 1
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = float(value) / 1000

    def _dispatch(self) -> ServerEvent | None:
        if self._id is not None:
            self.last_event_id = self._id
        event = None
        if self._data:
            event = ServerEvent(self._event or "message", "\n".join(self._data), self._id, self.last_event_id)
        self._forget()
        return event
