"""Unpacking compressed bodies within a bound: a small reply must not become a large one in memory."""

from __future__ import annotations

import zlib
from typing import Final, Protocol

#: What a request says that it can read.
READABLE: Final = "gzip, deflate"

# gzip or zlib, whichever it is; and deflate without a header, as some servers send it.
_EITHER: Final = 47
_BARE: Final = -15
_ZLIB_METHOD: Final = 8
#: Each further member costs a copy of what follows it.
_MOST_MEMBERS: Final = 1000


class _Inner(Protocol):
    """What zlib makes to unpack with, and does not name in public."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Unreadable(Exception):
    """The body cannot be unpacked."""


class Unpacker:
    """Unpacks one body that comes in pieces; what is not packed, or in a way that nobody asked for, it leaves alone."""

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        self._packed = name in {"gzip", "x-gzip", "deflate"}
        self._gzip = name != "deflate"
        self._inner: _Inner | None = None
        self._members = 0

    def feed(self, data: bytes, room: int) -> bytes:
        """
        Return what *data* holds, at most *room* and one more bytes of it: if it is more, the body is too large.

        Raises:
            Unreadable: It is broken.
        """
        if not self._packed or not data:
            return data
        parts: list[bytes] = []
        try:
            while room >= 0:
                inner = self._inner = self._inner or self._begin(data)
                part = inner.decompress(data, room + 1)
                parts.append(part)
                room -= len(part)
                data = inner.unused_data
                if not data:
                    break
                if not self._gzip:
                    raise Unreadable
                # Another member follows, which counts as more of the same.
                self._inner = None
        except zlib.error:
            raise Unreadable from None
        return b"".join(parts)

    def end(self) -> None:
        """
        Take in that no more comes.

        Raises:
            Unreadable: The body is cut off.
        """
        if self._inner is not None and not self._inner.eof:
            raise Unreadable

    def _begin(self, data: bytes) -> _Inner:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise Unreadable
        bare = not self._gzip and data[0] & 0x0F != _ZLIB_METHOD
        return zlib.decompressobj(_BARE if bare else _EITHER)
