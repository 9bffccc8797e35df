"""Server-sent events: what the standard says, whatever the pieces in which the bytes arrive."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import ProtocolError
from asyncjobs._sse import EventDecoder, ServerEvent

BOUND = 1000


def decoded(*chunks, bound=BOUND, last=""):
    """Return the events that a decoder makes of the chunks."""
    decoder = EventDecoder(bound, last)
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def message(data, *, event="message", own=None, last=""):
    """Return an event with the usual rest."""
    return ServerEvent(event, data, own, last)


#: What comes over the wire, and what it means.
RULES = {
    "one line of data": (b"data: a\n\n", [message("a")]),
    "several lines are joined": (b"data: a\ndata: b\ndata\n\n", [message("a\nb\n")]),
    "only one space is taken off": (b"data:a\ndata:  b\n\n", [message("a\n b")]),
    "a colon belongs to the value": (b"data: a:b\n\n", [message("a:b")]),
    "empty data is data": (b"data\n\ndata:\n\n", [message(""), message("")]),
    "without data there is no event": (b"event: a\nid: 1\n\n", []),
    "the name is that of one event": (b"event: a\ndata: 1\n\ndata: 2\n\n", [message("1", event="a"), message("2")]),
    "a name without data is forgotten": (b"event: a\n\ndata: 1\n\n", [message("1")]),
    "an empty name is none": (b"event: a\nevent\ndata: 1\n\n", [message("1")]),
    "a comment is nothing": (b": keep-alive\n\n:\n\ndata: a\n: b\n\n", [message("a")]),
    "an unknown field is nothing": (b"fruit: a\n data: b\nDATA: c\ndata: d\n\n", [message("d")]),
    "CR ends a line": (b"data: a\rdata: b\r\r", [message("a\nb")]),
    "CR and LF end one line": (b"data: a\r\ndata: b\r\n\r\n", [message("a\nb")]),
    "LF and CR end two": (b"data: a\n\rdata: b\n\n", [message("a"), message("b")]),
    "no other line ends": ("data: a\x0b\x0c\x85\u2028b\n\n".encode(), [message("a\x0b\x0c\x85\u2028b")]),
    "a byte order mark at the start": (b"\xef\xbb\xbfdata: a\n\n", [message("a")]),
    "one mark only": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [message("b")]),
    "and only at the start": (b"\n\xef\xbb\xbfdata: a\n\n", []),
    "ids stay in force": (
        b"id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
        [message("a", own="1", last="1"), message("b", last="1"), message("c", own="2", last="2")],
    ),
    "an empty id ends that": (
        b"id: 1\ndata: a\n\nid\ndata: b\n\n",
        [message("a", own="1", last="1"), message("b", own="")],
    ),
    "an id with a null is none": (b"id: 1\nid: 2\x003\ndata: a\n\n", [message("a", own="1", last="1")]),
    "an id without data counts": (b"id: 1\n\ndata: a\n\n", [message("a", last="1")]),
    "broken characters are replaced": (b"data: a\xffb\xe2\x82\n\n", [message("a\ufffdb\ufffd")]),
    "what is not finished is no event": (b"data: a\n\ndata: b\n", [message("a")]),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_standard_is_kept(rule):
    """Each rule of the standard, with the bytes in one piece and one by one."""
    sent, expected = RULES[rule]
    assert decoded(sent) == expected
    assert decoded(*(sent[index : index + 1] for index in range(len(sent)))) == expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"1500", 1.5),
        (b"0", 0.0),
        (b"", None),
        (b"-1", None),
        (b"1.5", None),
        (b" 1", None),
        ("٣".encode(), None),
        ("²".encode(), None),
        (b"9" * 400, float("inf")),
    ],
)
def test_a_retry_time_is_digits_only(value, seconds):
    """It is told in seconds, and needs no event."""
    decoder = EventDecoder(BOUND)
    assert not list(decoder.feed(b"retry: " + value + b"\n"))
    assert decoder.retry == seconds


def test_the_last_id_moves_with_whole_events_only():
    """Whoever reconnects after a cut gets the event again which did not arrive whole."""
    decoder = EventDecoder(BOUND, "7")
    assert decoder.last_event_id == "7"
    assert not list(decoder.feed(b"id: 8\ndata: a\n"))
    assert decoder.last_event_id == "7"
    assert [event.last_event_id for event in decoder.feed(b"\n")] == ["8"]
    assert decoder.last_event_id == "8"


@pytest.mark.parametrize(
    "sent",
    [
        b"data: " + b"a" * 15,
        b"data: aa\n" * 3,
        b": " + b"a" * 20,
        b"event: " + b"a" * 14,
        b"data: aaaaaaaaaa\n" + b"id: 234567",
    ],
)
def test_an_event_is_bounded(sent):
    """A stream that never ends its event, or a line, takes no more memory than was allowed."""
    with pytest.raises(ProtocolError, match="more than 20 bytes"):
        decoded(sent, bound=20)
    with pytest.raises(ProtocolError, match="more than 20 bytes"):
        decoded(*(sent[index : index + 1] for index in range(len(sent))), bound=20)


def test_what_came_before_too_large_an_event_is_given():
    """The error comes in its place, also if one chunk brings it all."""
    given = []
    with pytest.raises(ProtocolError):
        given.extend(EventDecoder(20).feed(b"data: a\n\ndata: " + b"b" * 20))
    assert given == [message("a")]


def test_many_events_are_as_large_as_one():
    """The bound is that of each event, not of the stream."""
    assert len(decoded(b"data: aaaaaaaaaa\n\n" * 1000, bound=20)) == 1000


def reference(sent, last=""):
    """Read a whole stream at once, word for word as the standard tells it."""
    text = sent.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\r|\n", text)[:-1]
    events, name, own, data = [], "", None, None
    for line in lines:
        if not line:
            last = last if own is None else own
            if data is not None:
                events.append(ServerEvent(name or "message", data[:-1], own, last))
            name, own, data = "", None, None
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if field == "data":
            data = (data or "") + value + "\n"
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            own = value
    return events


#: Bytes of which streams are made: fields, line ends, and all that can go wrong with characters.
pieces = st.sampled_from(
    [
        *(b"data", b"event", b"id", b"retry", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"a", b"1"),
        *(b"\0", b"\xff", b"\xe2", b"\x82", b"\xac", "é€😀\u2028".encode()),
    ]
)
streams = st.lists(pieces | st.binary(max_size=3), max_size=60).map(b"".join)


@given(streams, st.data())
def test_the_chunks_make_no_difference(sent, data):
    """Cut anywhere, within characters and line ends too, the bytes make the events that they make as a whole."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=12)))
    chunks = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert decoded(*chunks) == decoded(sent) == reference(sent)


@given(streams, st.integers(1, 30), st.data())
def test_the_chunks_make_no_difference_to_the_bound(sent, bound, data):
    """What is too large is so in any pieces, after the same events."""

    def run(chunks):
        decoder, given = EventDecoder(bound), []
        try:
            for chunk in chunks:
                given.extend(decoder.feed(chunk))
        except ProtocolError as error:
            return given, str(error)
        return given, decoder.last_event_id

    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=12)))
    chunks = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert run(chunks) == run([sent])
