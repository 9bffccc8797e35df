"""What an ASGI server says and wants to hear: requests that are answered by a status, and a life from start to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]


def values(scope: Message, name: bytes) -> list[bytes]:
    """Return the values of all headers of this *name*, which is in lower case."""
    return [value for header, value in scope["headers"] if header.lower() == name]


def length(scope: Message) -> int | None:
    """Return how long a body says that it is, ``None`` if it does not."""
    given = [value for value in values(scope, b"content-length") if value.isdigit()]
    # No body is that long, and Python reads no number of thousands of digits.
    return max((int(value[:18]) for value in given), default=None)


async def body(receive: Receive) -> AsyncIterator[bytes]:
    """
    Give the body of a request in pieces.

    Raises:
        ConnectionError: The sender has gone.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the sender has gone")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def answer(send: Send, status: int) -> None:
    """Answer a request with *status* and nothing else."""
    allowed = [(b"allow", b"POST")] if status == 405 else []  # noqa: PLR2004
    headers = [(b"content-length", b"0"), *allowed]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def live(receive: Receive, send: Send, end: Callable[[], object]) -> None:
    """Start and end with the server, and call *end* then."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            end()
            await send({"type": "lifespan.shutdown.complete"})
            return
