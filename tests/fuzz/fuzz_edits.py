"""How payloads, texts and bytes are damaged: small edits that shrink well, drawn cheaply."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What stands in messages if a value that came from a service gets into one.
SECRET = "v4lue-of-the-service"
WORDS = ["created", "pending", "queued", "new", "running", "paused", "canceling", "completed", "finished", "failed"]
WORDS += [
    "canceled",
    "cancelled",
    "cancelling",
    "RUNNING",
    "",
    "mystery",
    "idle",
    "gone",
    "unknown",
    f"\x1b[2J{SECRET}",
]

# Texts that become JSON which no value of Python is written as.
_RAW = {
    "@nan@": "NaN",
    "@infinity@": "-Infinity",
    "@1e999@": "1e999",
    "@digits@": "9" * 5000,
    "@twins@": '{"id": 1, "id": "b", "id": null}',
    "@lone@": '"\\ud800"',
    **{f"@deep {levels}@": "[" * levels + "]" * levels for levels in (90, 600, 5000)},
    **{f"@deeper {levels}@": '{"a":' * levels + "1" + "}" * levels for levels in (120, 700, 100_000)},
}
HOSTILE: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**53 + 1, 10**30, 10**400, 1.5, -0.0, 1e308, 5e-324, 100, 101.5),
    *("", " ", "x" * 301, "\x00", "\x1b[31m" + SECRET, "\ud800", "é\u202e", "../..", "..", "a/b", "%2e%2e", "a?b#c"),
    *("2026-01-01T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "٣", "1_0"),
    *(
        "999999999 00:00:00",
        "-999999999 99:99:99.999999",
        "person",
        "text",
        SECRET,
        "http://[",
        "?page=2",
        "a" * 70_000,
    ),
    *([], {}, [None], [[]], [{}], {"": ""}, {"id": None}, {"type": []}, {"type": SECRET}, [SECRET], {SECRET[:3]: 1}),
    *_RAW,
]
_KEYS = [
    "id",
    "uuid",
    "websetId",
    "status",
    "type",
    "data",
    "error",
    "message",
    "errors",
    "",
    "a.b",
    "\ud800",
    "__class__",
]

_OPERATIONS = [
    "delete",
    "replace",
    "replace",
    "replace",
    "nest",
    "wrap",
    "unwrap",
    "twin",
    "swap",
    "rename",
    "text",
    "add",
]


def packed(*choices: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw one of each of the *choices*, all at once: one integer costs a sixth of what five draws cost."""
    sizes = [len(choice) for choice in choices]

    def unpacked(number: int) -> tuple[Any, ...]:
        # Scrambled, because small numbers are drawn more often than large ones.
        number = number * 2654435761 % 2**32
        drawn: list[Any] = []
        for choice, size in zip(choices, sizes, strict=True):
            number, index = divmod(number, size)
            drawn.append(choice[index])
        return tuple(drawn)

    assert math.prod(sizes) <= 2**32
    return st.integers(0, 2**32 - 1).map(unpacked)


#: (where, what is done, a value for it, another place)
_EDIT = packed(range(1000), _OPERATIONS, HOSTILE + WORDS, range(1000))
edits = st.lists(_EDIT, min_size=1, max_size=4)
some_edits = st.lists(_EDIT, max_size=3)


#: The ordinary suite is for everybody, many times a day.
_FEW = 100


def share(factor: float) -> hypothesis.settings:
    """Return settings for *factor* times as many cases as the profile has; of the ordinary one only a few."""
    most = hypothesis.settings.default.max_examples
    return hypothesis.settings(max_examples=max(round(most * factor if most > _FEW else most * factor / 16), 2))


def copied(value: Any) -> Any:
    """Return a deep copy of plain JSON."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def _slots(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return every place within *value*: its container, and the key or index there."""
    if isinstance(value, dict):
        for key, each in value.items():
            found.append((value, key))
            _slots(each, found)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found.append((value, index))
            _slots(each, found)
    return found


def damaged(payload: Any, changes: list[tuple[int, str, Any, int]]) -> Any:
    """Return *payload* after the *changes*, each made somewhere; the original stays as it is."""
    box = [copied(payload)]
    for where, operation, value, other in changes:
        slots = _slots(box, [])
        if not slots:
            break
        # The first slot is the whole payload: rarely the place of interest.
        _edit(slots, slots[where % len(slots)], operation, value, slots[other % len(slots)])
    return box[0] if box else None


def _edit(slots, slot, operation, value, other) -> None:  # noqa: C901 - one case for each way to damage
    container, key = slot
    held = container[key]
    match operation:
        case "delete":
            del container[key]
        case "nest":
            container[key] = {str(key): held}
        case "wrap":
            container[key] = [held]
        case "unwrap" if held and isinstance(held, (dict, list)):
            container[key] = next(iter(held.values())) if isinstance(held, dict) else held[0]
        case "twin" if isinstance(container, list):
            container.insert(key, copied(held))
        case "twin":
            container[f"{key}2"] = copied(held)
        case "swap":
            # Copies, so that nothing can come to contain itself.
            mine, theirs = copied(held), copied(other[0][other[1]])
            container[key], other[0][other[1]] = theirs, mine
        case "rename" if isinstance(container, dict):
            container[_KEYS[len(slots) % len(_KEYS)]] = container.pop(key)
        case "text" if not isinstance(held, (dict, list)):
            container[key] = str(held)
        case "add" if isinstance(held, dict):
            held[_KEYS[len(slots) % len(_KEYS)]] = copied(value)
        case "add" if isinstance(held, list):
            held.append(copied(value))
        case _:
            container[key] = copied(value)


def written(payload: Any) -> bytes:
    """Return *payload* as JSON, with what only a hostile hand could write."""
    text = json.dumps(payload)
    if "@" in text:
        for mark, raw in _RAW.items():
            text = text.replace(json.dumps(mark), raw)
    return text.encode()


# -- bytes -------------------------------------------------------------------

TOKENS = [
    *(
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b" ",
        b"\t",
        b":",
        b";",
        b"{",
        b"}",
        b'"',
        b"\\",
    ),
    *(
        b"0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"-1\r\n",
        b"5;a=b\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
    ),
    *(b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n"),
    *(
        b"Content-Encoding: gzip\r\n",
        b"Content-Encoding: br\r\n",
        b"Content-Encoding: zstd\r\n",
        b"Connection: close\r\n",
    ),
    *(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/9.9 999 \xff\r\n",
    ),
    *(b"Location: http://[\r\n", b"Location: //\r\n", b"Location: http://x:99999/\r\n", b"Location: \xff\xfe\r\n"),
    *(b"Set-Cookie: a=\x01\r\n", b"Retry-After: 1e-9\r\n", b"X-Request-Id: \xff\xfe\r\n", b"Content-Type: \xff;;=\r\n"),
    *(
        b" " * 9000,
        b"x: " + b"y" * 9000 + b"\r\n",
        b"NaN",
        b"1e999",
        b"[" * 3000,
        b"\xed\xa0\x80",
        b"301",
        b"429",
        b"503",
    ),
]
_BYTE_OPERATIONS = ["cut", "flip", "drop", "double", "insert", "insert"]
byte_edits = st.lists(packed(range(4096), _BYTE_OPERATIONS, range(65), range(len(TOKENS))), max_size=4)


def bitten(raw: bytes, changes: list[tuple[int, str, int, int]]) -> bytes:
    """Return *raw* after the *changes*."""
    for where, operation, size, token in changes:
        at = where % (len(raw) + 1)
        match operation:
            case "cut":
                raw = raw[:at]
            case "flip":
                raw = raw[:at] + bytes(byte ^ (1 << size % 8) for byte in raw[at : at + 1]) + raw[at + 1 :]
            case "drop":
                raw = raw[:at] + raw[at + size :]
            case "double":
                raw = raw[: at + size] + raw[at:]
            case _:
                raw = raw[:at] + TOKENS[token] + raw[at:]
    return raw


def encoded(body: bytes, how: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Return *body* as it travels, and the headers that say so."""
    match how:
        case "chunked":
            cut = len(body) // 2
            pieces = [body[:cut], body[cut:]] if cut else [body]
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
            return chunks + b"0\r\n\r\n", [("Transfer-Encoding", "chunked")]
        case "gzip":
            packed = gzip.compress(body, mtime=0)
            return packed, [("Content-Encoding", "gzip"), ("Content-Length", str(len(packed)))]
        case "deflate":
            packed = zlib.compress(body)
            return packed, [("Content-Encoding", "deflate"), ("Content-Length", str(len(packed)))]
        case "until closed":
            return body, [("Connection", "close")]
        case _:
            return body, [("Content-Length", str(len(body)))]
