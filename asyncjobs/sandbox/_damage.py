"""How each fault is done to an exchange."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiohttp import web

from ._exchange import EVENTS, Exchange
from ._faults import Answer, Cut, Deed, Drop, Lose, Redirect, Replace, Restart, Say, Stale, Stall, Truncate
from ._http import HTML, Reply, Stream
from ._interruptions import Interrupt, Repeat, interrupted, repeated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    _Done: TypeAlias = Awaitable[web.StreamResponse]


async def pass_through(exchange: Exchange, action: Deed | None) -> web.StreamResponse:
    """Answer an exchange, after *action* was done to it."""
    if action is None:
        return await exchange.send(exchange.answer())
    return await _HOW[type(action)](exchange, action)


async def _answer(exchange: Exchange, action: Answer) -> web.StreamResponse:
    if action.processed:
        exchange.answer()
    return await exchange.send(_instead(exchange, action))


def _instead(exchange: Exchange, action: Answer) -> Reply:
    if action.body is None and exchange.service is not None:
        reply = exchange.service.refuse(exchange.call, action.status)
        exchange.service.finish(exchange.call, reply)
    elif isinstance(action.body, str):
        kind = HTML if action.body.lstrip().startswith("<") else "text/plain"
        reply = Reply(action.status, action.body.encode(), {}, kind)
    else:
        reply = Reply(action.status, action.body)
    for name, value in action.headers.items():
        if name.lower() == "content-type":
            reply.content_type = value
        else:
            reply.headers[name] = value
    return reply


async def _drop(exchange: Exchange, action: Drop) -> web.StreamResponse:
    if action.processed:
        exchange.answer()
    return exchange.cut(reset=action.reset)


async def _lose(exchange: Exchange, _action: Lose) -> web.StreamResponse:
    exchange.answer()
    return exchange.cut()


async def _truncate(exchange: Exchange, action: Truncate) -> web.StreamResponse:
    reply = exchange.answer()
    exchange.date(reply)
    payload, kind, status = b"data: {}\n\n", EVENTS, 200
    if isinstance(reply, Reply):
        payload, kind, status = reply.payload(), reply.content_type, reply.status
    response = web.StreamResponse(status=status, headers=reply.headers | {"Content-Type": kind})
    # Announced, and never sent to the end, however short it is.
    response.content_length = max(len(payload), action.keep + 1)
    await response.prepare(exchange.request)
    await response.write(payload[: action.keep])
    exchange.cut()
    return response


async def _cut(exchange: Exchange, action: Cut) -> web.StreamResponse:
    whole = _on_the_wire(exchange, exchange.answer())
    transport = exchange.request.transport
    if isinstance(transport, asyncio.WriteTransport):
        transport.write(whole[: round(len(whole) * action.share)])
    return exchange.cut()


def _on_the_wire(exchange: Exchange, reply: Reply | Stream) -> bytes:
    exchange.date(reply)
    if isinstance(reply, Stream):
        reply = Reply(200, b"data: {}\n\n", reply.headers, EVENTS)
    payload = reply.payload()
    headers = reply.headers | {"Content-Type": reply.content_type, "Content-Length": str(len(payload))}
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + payload


async def _say(exchange: Exchange, action: Say) -> web.StreamResponse:
    reply = exchange.answer()
    if isinstance(reply, Reply) and reply.status < HTTPStatus.BAD_REQUEST:
        reply.body = _saying(action.word, reply.body)
    return await exchange.send(reply)


def _saying(word: str, body: Any) -> Any:
    if isinstance(body, dict):
        return {key: word if key == "status" else _saying(word, value) for key, value in body.items()}
    return [_saying(word, value) for value in body] if isinstance(body, list) else body


async def _restart(exchange: Exchange, action: Restart) -> web.StreamResponse:
    if action.processed:
        exchange.answer()
    exchange.restart(action.delay)
    return exchange.cut()


async def _stall(exchange: Exchange, action: Stall) -> web.StreamResponse:
    held = exchange.answer() if action.processed else None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(action.delay):
            await exchange.closing.wait()
    if exchange.closing.is_set():
        return exchange.cut()
    exchange.call.now = exchange.world.now()
    return await exchange.send(held or exchange.answer())


async def _stale(exchange: Exchange, action: Stale) -> web.StreamResponse:
    if exchange.call.method == "GET":
        exchange.call.lag = action.delay
    return await exchange.send(exchange.answer())


async def _replace(exchange: Exchange, action: Replace) -> web.StreamResponse:
    reply = exchange.answer()
    if isinstance(reply, Reply):
        reply.body, reply.content_type = action.body, action.content_type
    return await exchange.send(reply)


async def _redirect(exchange: Exchange, action: Redirect) -> web.StreamResponse:
    return await exchange.send(Reply(action.status, b"", {"Location": action.location}, HTML))


async def _interrupt(exchange: Exchange, action: Interrupt) -> web.StreamResponse:
    reply = exchange.answer()
    if isinstance(reply, Stream):
        reply.frames = interrupted(reply.frames, action, exchange)
    return await exchange.send(reply)


async def _repeat(exchange: Exchange, action: Repeat) -> web.StreamResponse:
    reply = exchange.answer()
    if isinstance(reply, Stream):
        reply.frames = repeated(reply.frames, action)
    return await exchange.send(reply)


_HOW: Final[Mapping[type[Deed], Callable[[Exchange, Any], _Done]]] = {
    Answer: _answer,
    Drop: _drop,
    Lose: _lose,
    Truncate: _truncate,
    Cut: _cut,
    Stall: _stall,
    Stale: _stale,
    Replace: _replace,
    Say: _say,
    Restart: _restart,
    Redirect: _redirect,
    Interrupt: _interrupt,
    Repeat: _repeat,
}
