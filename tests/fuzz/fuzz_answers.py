"""What a service answers: replies drawn from genuine ones, as values and as bytes of HTTP."""

from __future__ import annotations

from fuzz_corpus import ERROR_BODIES, corpus
from fuzz_edits import TOKENS, bitten, byte_edits, damaged, encoded, packed, some_edits, written
from fuzz_rules import check_snapshot, reply_of
from fuzz_world import Said
from hypothesis import strategies as st

from asyncjobs import Job, ProtocolError, Snapshot
from asyncjobs._wire import decode

STATUSES = [
    200,
    200,
    200,
    201,
    202,
    204,
    206,
    301,
    304,
    400,
    401,
    402,
    403,
    404,
    408,
    409,
    410,
    422,
    429,
    500,
    502,
    503,
    0,
    -1,
]
RETRY_AFTER = ["0", "1", "1e-9", "1e9", "soon", "-1", "Thu, 01 Jan 2100 00:00:00 GMT"]
_HINTS = [None] * (2 * len(RETRY_AFTER)) + RETRY_AFTER
#: ((which genuine payload, the status, Retry-After), the edits, the edits of the bytes)
ANSWERS = st.tuples(packed(range(100), STATUSES, _HINTS), some_edits, byte_edits | st.just([]))


def said(like, answer):
    """Return the reply that a draw stands for."""
    (pick, status, hint), changes, bites = answer
    payloads = ERROR_BODIES if status >= 400 else corpus()[like]
    body = bitten(written(damaged(payloads[pick % len(payloads)], changes)), bites)
    return Said(status, body, {} if hint is None else {"retry-after": hint})


def reply_bytes(reply):
    """Return *reply* as what reads it takes it."""
    return reply_of(reply.body, reply.status, reply.headers)


def payloads_of(mouth):
    """Return the JSON objects that were received, and the rows within them."""
    found = []
    for _, reply in mouth.heard:
        try:
            payload = decode(reply_bytes(reply))
        except ProtocolError:
            continue
        found.append(payload)
        for key in ("data", "results"):
            rows = payload.get(key)
            found += [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return found


def check_given(value, gives, mouth):
    """What a verb gives is of its class, and nothing of what was received is lost."""
    known = [cls.__name__ for cls in type(value).__mro__]
    assert gives == "resource" or gives in known, (gives, known)
    snapshot = value.snapshot if isinstance(value, Job) else value
    if isinstance(snapshot, Snapshot):
        check_snapshot(snapshot)
        # A job that is gone shows what was last seen of it, be that nothing.
        assert snapshot.raw in [*payloads_of(mouth), {}]


# -- over HTTP ---------------------------------------------------------------

HTTP_STATUSES = [
    b"200 OK",
    b"200 OK",
    b"201 Created",
    b"204 No Content",
    b"302 Found",
    b"429 No",
    b"500 Oops",
    b"99",
    b"1000 x",
]
_ENCODINGS = ["plain", "chunked", "gzip", "deflate", "until closed"]
_EXTRA = st.lists(st.sampled_from([token for token in TOKENS if token.endswith(b"\r\n") and b":" in token]), max_size=2)
#: ((which payload, the status, how it travels, in pieces of how many bytes, whether the end is cut), headers, edits)
RAW = st.tuples(packed(range(100), HTTP_STATUSES, _ENCODINGS, [1, 7, 100, 10**6], [False, True]), _EXTRA, byte_edits)


def http(like, draw):
    """Return the bytes of one response, in pieces of how many bytes, and whether the connection ends then."""
    (pick, status, how, size, hang_up), extra, bites = draw
    body, headers = encoded(written(corpus()[like][pick % len(corpus()[like])]), how)
    lines = [f"{name}: {value}\r\n".encode() for name, value in [("Content-Type", "application/json"), *headers]]
    raw = bitten(b"".join([b"HTTP/1.1 ", status, b"\r\n", *lines, *extra, b"\r\n", body]), bites)
    return raw, max(size, len(raw) // 50, 1), hang_up or how == "until closed"
