"""What may go wrong with a stream of events that has begun, as data, and how it is done."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from ._exchange import Exchange

# A stream that is silent looks up so often, in seconds, to see whether its reader is still there.
_LOOKS_UP = 15.0


@attrs.frozen
class Interrupt:
    """Let so many *events* of a stream pass, and then do *how* says to it.

    ``cut`` closes the connection in the middle of the next event, ``end`` ends the stream in good order as if all were
    told, ``stall`` sends nothing more, not even a comment, and leaves the connection open. A reply that is no stream
    passes unharmed.
    """

    how: Literal["cut", "end", "stall"] = attrs.field(validator=attrs.validators.in_(("cut", "end", "stall")))
    events: int = attrs.field(default=1, validator=attrs.validators.ge(0))


@attrs.frozen
class Repeat:
    """Send each event of a stream *times* times, under the same id."""

    times: int = attrs.field(default=2, validator=attrs.validators.ge(1))


async def interrupted(
    frames: AsyncIterator[bytes], action: Interrupt, exchange: Exchange
) -> AsyncGenerator[bytes, None]:
    """Yield the frames of a stream, as far as they are sent."""
    passed = 0
    if action.events == 0 and action.how == "end":
        return
    async for frame in frames:
        if is_event(frame) and passed == action.events:
            if action.how == "cut":
                yield frame[: len(frame) // 2]
                exchange.cut()
            else:
                await _silence(exchange)
            return
        yield frame
        passed += is_event(frame)
        if passed == action.events and action.how == "end":
            return


async def _silence(exchange: Exchange) -> None:
    while not exchange.closing.is_set() and not exchange.is_cut:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOKS_UP):
                await exchange.closing.wait()


async def repeated(frames: AsyncIterator[bytes], action: Repeat) -> AsyncGenerator[bytes, None]:
    """Yield each event several times, and comments once."""
    async for frame in frames:
        for _ in range(action.times if is_event(frame) else 1):
            yield frame


def is_event(frame: bytes) -> bool:
    """Tell whether a frame is more than a comment."""
    return bool(frame) and not frame.startswith(b":")
