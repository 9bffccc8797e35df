"""Receiving webhooks: what a web server hands over is verified, and wakes those who wait for the jobs it is about."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final, Self

from asyncjobs._settings import check_count, check_seconds
from asyncjobs.errors import ClientClosed, InvalidArgument
from asyncjobs.exa import _asgi
from asyncjobs.exa._calls import several
from asyncjobs.exa._deliveries import Delivery, Judge, Memory
from asyncjobs.exa._signatures import SigningSecrets, verify
from asyncjobs.kinds import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from types import TracebackType

    from aiohttp import web

    from asyncjobs.exa._asgi import Message, Receive, Send
    from asyncjobs.exa._webset_events import WebsetEvent

__all__ = ["WebhookReceiver", "verify_webhook"]

_log = logging.getLogger("asyncjobs")

HEADER: Final = "Exa-Signature"
#: In seconds: a sender that needs longer for its body is none of Exa's.
_READ_WITHIN: Final = 30.0
#: Whole websets are delivered, with all their searches and enrichments.
_LARGEST_BODY: Final = 4 * 1024 * 1024


def verify_webhook(
    body: bytes | bytearray,
    signature: str | bytes | None,
    secret: str | bytes | Iterable[str | bytes],
    *,
    now: float | None = None,
    tolerance: float = 300.0,
) -> None:
    """
    Check that *body* comes from Exa: its header ``Exa-Signature`` is *signature*, signed with *secret* lately.

    *body* is what was received, byte for byte. *secret* is what ``webhooks.create`` gave, or several while one
    replaces another. The signature's time may differ from *now* (Unix seconds; ``None`` is the clock's) by *tolerance*
    seconds either way. A delivery that is repeated passes again: tell events apart by their ids.

    Raises:
        InvalidSignature: It is forged, too old, from the future, or has no signature.
        InvalidArgument: *body* is no bytes, *secret* is empty, or *now* or *tolerance* is no number of seconds.
    """
    try:
        secrets = SigningSecrets(secret)
    finally:
        del secret  # Some tracebacks show local variables.
    seconds = check_seconds(tolerance, "tolerance")
    at = time.time() if now is None else check_seconds(now, "now")
    verify(body, signature, secrets, now=at, tolerance=seconds)


class WebhookReceiver:
    """
    A door for Exa's webhooks, for any web server.

    ::

        with WebhookReceiver(webhook.secret, exa, events=webhook.events) as receiver:
            app.router.add_post("/exa", receiver.aiohttp_handler)  # or mount receiver.asgi_app

    What is genuine, lately signed and new feeds the *clients*: whoever waits for a job that an event shows
    has it without a request, and where an event only says that something happened a look is made at once. *secret* is
    what ``webhooks.create`` gave, or several while one replaces another.

    *events* are the types to which the webhook is subscribed. Jobs whose ends these tell are then looked at every
    ``Settings.backstop`` seconds only, until :meth:`close`; ``None`` relies on nothing and leaves the pace as it is.
    *on_event* is called with every new event; it should be quick, and if it raises, the service is told to deliver
    the event again. *tolerance* is by how many seconds a signature's time may differ from ours, *max_body_bytes*
    bounds a delivery, *remember* is of how many events repeats are known. *clock* tells the Unix time.

    Raises:
        InvalidArgument: An argument cannot be used.
    """

    def __init__(
        self,
        secret: str | bytes | Iterable[str | bytes],
        *clients: Client,
        events: Iterable[str] | None = None,
        on_event: Callable[[WebsetEvent], object] | None = None,
        tolerance: float = 300.0,
        max_body_bytes: int = _LARGEST_BODY,
        remember: int = 100_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            secrets = SigningSecrets(secret)
        finally:
            del secret  # Some tracebacks show local variables.
        for index, client in enumerate(clients):
            if not isinstance(client, Client):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
                raise InvalidArgument(f"clients[{index}]", f"expected a client, got {type(client).__name__}")
        self._judge = Judge(secrets, check_seconds(tolerance, "tolerance"), Memory(remember))
        self._clients = clients
        self._on_event = on_event
        self._max_body_bytes = check_count(max_body_bytes, "max_body_bytes")
        self._clock = clock
        #: How many deliveries brought something new, came again, and were refused.
        self.accepted: int = 0
        self.repeated: int = 0
        self.refused: int = 0
        self._relied = contextlib.ExitStack()
        types = _types(events)
        for client in clients:
            self._relied.enter_context(client.expect_events(types))

    def __repr__(self) -> str:
        return f"<WebhookReceiver accepted={self.accepted} repeated={self.repeated} refused={self.refused}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Rely on the webhook no longer: jobs are looked at as usual again. Deliveries are still taken."""
        self._relied.close()

    # -- the core ----------------------------------------------------------------

    def take(self, body: bytes | bytearray, *signatures: str | bytes) -> Delivery:
        """
        Take in one delivery and return what to answer; *signatures* are the values of its ``Exa-Signature`` headers.

        It is the door for other web servers. Call it on the event loop of the clients.

        Raises:
            InvalidArgument: *body* is no bytes.
        """
        delivery = self._judge.judge(body, signatures, self._clock())
        event = delivery.event
        if event is None:
            genuine = delivery.status == 200  # noqa: PLR2004
            self.repeated += genuine
            self.refused += not genuine
            _log.info("a webhook delivery was left alone: %s", delivery.problem)
            return delivery
        try:
            for client in self._clients:
                with contextlib.suppress(ClientClosed):
                    client.tell(event.type, event.data, source="webhook")
            if self._on_event is not None:
                self._on_event(event)
        except Exception:  # noqa: BLE001 - whatever it is, the event comes again
            _log.exception("event %.300r of type %.100r was not taken in", event.id, event.type)
            # It must not be lost for that: the service delivers again what was not answered with success.
            self._judge.memory.forget(event.id)
            return Delivery(status=500, problem="the event was not taken in")
        self.accepted += 1
        return delivery

    async def _receive(self, chunks: AsyncIterator[bytes], length: int | None, signatures: list[Any]) -> int:
        """Read a body and return the status to answer with."""
        body = bytearray()
        if length is not None and length > self._max_body_bytes:
            return 413
        try:
            async with asyncio.timeout(_READ_WITHIN):
                async for chunk in chunks:
                    body += chunk
                    if len(body) > self._max_body_bytes:
                        return 413
        except TimeoutError:
            return 408
        return self.take(body, *signatures).status

    # -- web servers -------------------------------------------------------------

    async def aiohttp_handler(self, request: web.Request) -> web.Response:
        """Answer a request to a server of aiohttp: ``app.router.add_post(path, receiver.aiohttp_handler)``."""
        from aiohttp import web  # noqa: PLC0415 - clients need no server

        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        signatures = request.headers.getall(HEADER, [])
        try:
            status = await self._receive(request.content.iter_any(), request.content_length, signatures)
        except (ConnectionError, web.RequestPayloadError):
            status = 400
        return web.Response(status=status)

    async def asgi_app(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request as an ASGI application: mount ``receiver.asgi_app``, or serve it alone."""
        if scope["type"] == "lifespan":
            await _asgi.live(receive, send, self.close)
        elif scope["type"] != "http":
            await send({"type": "websocket.close"})
        elif scope["method"] != "POST":
            await _asgi.answer(send, 405)
        else:
            signatures = _asgi.values(scope, HEADER.lower().encode())
            # To a sender that has gone there is nothing to say.
            with contextlib.suppress(ConnectionError):
                status = await self._receive(_asgi.body(receive), _asgi.length(scope), signatures)
                await _asgi.answer(send, status)


def _types(events: Iterable[str] | None) -> list[str]:
    """Return *events* if they are types of events."""
    found = [] if events is None else several(events, "events")
    for index, each in enumerate(found):
        if not isinstance(each, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
            raise InvalidArgument(f"events[{index}]", f"expected a type of event as str, got {type(each).__name__}")
    return found
