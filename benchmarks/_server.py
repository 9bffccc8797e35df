"""
The benchmarks' server: HTTP by hand on an ``asyncio.Protocol``, because it must never be what is measured.

It costs about 30 µs a request, where ``aiohttp.web`` costs three times and the sandbox thirty times as much, so that
the client is always the one with the full core. It knows the paths that watching and cancelling need, keeps what a
measurement must know (requests by path, when they came, what was cancelled how often), and is told what to show by
``POST /bench/world``. ``python -m benchmarks._server`` prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from benchmarks._harness import pin
from benchmarks._world import World, is_id, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

_WEBSETS = "websets/v0/websets"
_SEARCHES = "api/v1/core/search"
_HEAD = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Service:
    """What is served, and what was asked for."""

    def __init__(self) -> None:
        self.origin = ""
        self.set({})
        # What each path is called in the figures, and who answers it.
        self._routes: dict[tuple[str, str], tuple[str, Callable[[int, str, float], tuple[int, bytes]]]] = {
            ("POST", f"{_WEBSETS}/{{}}/searches/{{}}/cancel"): ("cancel", self._cancel_search),
            ("GET", f"{_WEBSETS}/{{}}/searches/{{}}"): ("look", self._search),
            ("GET", f"{_WEBSETS}/{{}}"): ("survey", self._webset),
            ("GET", _WEBSETS): ("survey", self._websets),
            ("POST", "agent/runs/{}/cancel"): ("cancel", self._cancel_run),
            ("GET", "agent/runs/{}"): ("look", self._run),
            ("GET", "agent/runs"): ("survey", self._runs),
            ("DELETE", f"{_SEARCHES}/{{}}"): ("cancel", self._cancel_found),
            ("GET", f"{_SEARCHES}/{{}}"): ("look", self._found),
            ("GET", _SEARCHES): ("survey", self._all_found),
        }

    def set(self, options: dict[str, Any]) -> None:
        """Begin anew with another world."""
        self.world = World(options.get("jobs", 1), options.get("websets", 1), options.get("ends"))
        self.latency: float = options.get("latency", 0.0)
        self.asked: Counter[str] = Counter()
        self.times: list[float] = []
        self.cancels: list[float] = []
        self.connections = 0
        self.bytes = 0
        #: When a reply was sent that first showed a job's end.
        self.shown: dict[int, float] = {}

    def stats(self) -> dict[str, Any]:
        """Return what was asked for."""
        world = self.world
        return {
            "asked": self.asked,
            "times": self.times,
            "cancels": self.cancels,
            "canceled": len(world.canceled),
            "twice": sum(count > 1 for count in world.canceled.values()),
            "connections": self.connections,
            "bytes": self.bytes,
            "shown": self.shown,
        }

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes, float]:
        """Return status, body and delay of the reply to one request."""
        path, _, query = target.partition("?")
        parts = path.strip("/").split("/")
        if parts[0] == "bench":
            if parts[1] == "stats":
                return 200, json.dumps(self.stats()).encode(), 0.0
            if parts[1] == "world":
                self.set(json.loads(body))
            elif parts[1] == "latency":
                self.latency = json.loads(body)
            return 200, b"{}", 0.0
        now = time.monotonic()
        self.times.append(now)
        ids = [part for part in parts if is_id(part)]
        route = self._routes.get((method, "/".join("{}" if part in ids else part for part in parts)))
        if route is None:
            self.asked["unknown"] += 1
            return 404, b'{"error":"no such path"}', 0.0
        name, handler = route
        self.asked[name] += 1
        status, reply = handler(number_of(ids[-1]) if ids else 0, query, now)
        return status, reply, self.latency

    def _cancel_search(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        self._cancel(number, now)
        return 200, self.world.search(number, now)

    def _cancel_run(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        self._cancel(number, now)
        return 200, self.world.run(number, now)

    def _cancel_found(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        self._cancel(number, now)
        return 204, b""

    def _search(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        return 200, self.world.search(number, now)

    def _run(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        return 200, self.world.run(number, now)

    def _found(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        return 200, self.world.found(number, now, self.origin)

    def _webset(self, number: int, _: str, now: float) -> tuple[int, bytes]:
        return 200, self.world.webset(number, now)

    def _websets(self, _: int, query: str, now: float) -> tuple[int, bytes]:
        return 200, _page(range(self.world.websets), query, lambda number: self.world.webset(number, now))

    def _runs(self, _: int, query: str, now: float) -> tuple[int, bytes]:
        page = _page(_newest_first(self.world.jobs), query, lambda number: self.world.run(number, now))
        return 200, b'{"object":"list",%b' % page[1:]

    def _all_found(self, _: int, query: str, now: float) -> tuple[int, bytes]:
        wanted = parse_qs(query)
        size, page = int(wanted.get("page_size", ["25"])[0]), int(wanted.get("page", ["1"])[0])
        total = self.world.jobs
        numbers = _newest_first(total)[(page - 1) * size : page * size]
        rows = b",".join([self.world.found(number, now, self.origin) for number in numbers])

        def link(number: int) -> bytes:
            address = f"{self.origin}/api/v1/core/search/?page={number}&page_size={size}"
            return json.dumps(address if 1 <= number <= -(-total // size) else None).encode()

        body = b'{"count":%d,"next":%b,"previous":%b,"results":[%b]}'
        return 200, body % (total, link(page + 1), link(page - 1), rows)

    def _cancel(self, number: int, now: float) -> None:
        self.world.cancel(number)
        self.cancels.append(now)


def _newest_first(jobs: int) -> range:
    return range(jobs - 1, -1, -1)


def _page(numbers: range, query: str, row: Callable[[int], bytes]) -> bytes:
    wanted = parse_qs(query)
    size, start = int(wanted.get("limit", ["20"])[0]), int(wanted.get("cursor", ["0"])[0])
    rows = b",".join([row(number) for number in numbers[start : start + size]])
    more = start + size < len(numbers)
    cursor = b'"%d"' % (start + size) if more else b"null"
    return b'{"data":[%b],"hasMore":%b,"nextCursor":%b}' % (rows, b"true" if more else b"false", cursor)


class Connection(asyncio.Protocol):
    """One connection; requests may come in pieces, one after the other, each with a length or without a body."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._service.connections += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = 0
            at = head.lower().find(b"\r\ncontent-length:")
            if at >= 0:
                length = int(head[at + 17 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            status, reply, delay = self._service.answer(method, target, body)
            # A reply without a body must not speak of one.
            sent = b"HTTP/1.1 204 X\r\n\r\n" if status == 204 else _HEAD % (status, len(reply)) + reply
            if delay:
                asyncio.get_running_loop().call_later(delay, self._send, sent, self._service.world.take_fresh())
            else:
                self._send(sent, self._service.world.take_fresh())

    def _send(self, data: bytes, fresh: list[int]) -> None:
        if not self._transport.is_closing():
            self._service.bytes += len(data)
            self._service.shown.update(dict.fromkeys(fresh, time.monotonic()))
            self._transport.write(data)


async def _serve() -> None:
    service = Service()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    service.origin = f"http://127.0.0.1:{port}"
    print(port, flush=True)
    done = asyncio.Event()

    def read() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=read, daemon=True).start()
    await done.wait()


if __name__ == "__main__":
    pin(0)
    asyncio.run(_serve())
