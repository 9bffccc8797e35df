"""The rows of a page: what is cut out of its text is what decoding the whole of it shows."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import json_values, near_payloads

from asyncjobs._bodies import read_json
from asyncjobs._rows import Odd, Walk, places_of, take_apart
from asyncjobs.errors import ProtocolError

#: Where rows can be: in a list, in the lists of a list, in a list and in its rows, and the page itself.
PATHS = [("data",), ("data.searches", "data.enrichments"), ("data", "data.searches"), ("",), ("searches", "a.b.c")]
paths = st.sampled_from(PATHS)

#: Objects with lists where rows can be, and with anything else there as well.
rows = st.lists(near_payloads | json_values, max_size=4)
inner = st.dictionaries(st.sampled_from(["searches", "enrichments", "b", "c", "id"]), rows | json_values, max_size=4)
lists = st.lists(inner | json_values, max_size=4) | rows
pages = st.fixed_dictionaries({"data": lists, "searches": lists, "a": lists}, optional={"hasMore": json_values})
#: Ways to write the same value.
styles = st.sampled_from(
    [
        {"separators": (",", ":")},
        {"indent": 3},
        {"ensure_ascii": False},
        {"separators": (" \t,\r\n", "\n:  "), "ensure_ascii": False},
    ]
)


def walked(body, paths):
    """Return the page and its rows as read one by one, ``None`` if that cannot be done."""
    walk = Walk(body, places_of(paths))
    try:
        rows = list(walk)
    except Odd:
        return None
    return walk.page, rows


def decoded(body, paths):
    """Return the page and its rows as decoded as a whole, ``None`` if that cannot be done."""
    try:
        page = read_json(body, token=True)
        return page, list(take_apart(page, paths))
    except (ValueError, RecursionError, ProtocolError):
        return None


def shown(rows):
    """Return the rows as values, in one order; ``repr`` tells apart what only looks equal."""
    return sorted((row.path, repr(row.data)) for row in rows)


@given(pages, paths, styles)
@example({"data": [{"searches": [{"id": "é\u2028\\\"'", "x": [[], {}]}, 5, None]}]}, PATHS[1], {"indent": 1})
@example({"data": [{"searches": {"id": "x"}}, {"searches": {}}, {"searches": None}, {"searches": 5}]}, PATHS[1], {})
@example({"searches": [], "a": [{"b": [{"c": [{"id": "1"}]}, {"c": {"id": "2"}}]}, {"b": {"c": [{}]}}]}, PATHS[4], {})
def test_rows_read_one_by_one_are_those_of_the_decoded_page(page, where, style):
    """Whatever is in them and however it is written; and the text of each says the same by itself."""
    body = json.dumps(page, **style).encode(errors="surrogatepass")
    one_by_one, whole = walked(body, where), decoded(body, where)
    if one_by_one is None or whole is None:
        # The numbers beyond all bounds are no JSON when they are written again, and lone surrogates are no text.
        assert one_by_one is None
        assert whole is None or "\\ud" in json.dumps(page)
        return
    assert shown(one_by_one[1]) == shown(whole[1])
    assert all(repr(read_json(row.encode(), token=True)) == repr(row.data) for row in one_by_one[1])


@given(pages, paths, styles, st.data())
def test_what_is_no_page_is_never_read(page, where, style, data):
    """Broken off, or with one character changed: the rows are those of the decoded page, or it is odd."""
    text = json.dumps(page, **style)
    at = data.draw(st.integers(0, len(text) - 1))
    change = data.draw(
        st.sampled_from(["", ",", ":", "]", "}", "[", "{", '"', "\\", "NaN", "\x00", "1e999", "9" * 5000])
    )
    body = (text[:at] + change + text[at + data.draw(st.integers(0, 2)) :]).encode(errors="surrogatepass")
    one_by_one = walked(body, where)
    if one_by_one is not None:
        whole = decoded(body, where)
        assert whole is not None
        assert shown(one_by_one[1]) == shown(whole[1])


ODD = {
    "broken off": b'{"data":[{"id":"1"},{"id":"2"}',
    "a list twice": b'{"data":[{"id":"1"}],"data":[{"id":"2"}]}',
    "more behind": b'{"data":[{"id":"1"}]} {}',
    "no object": b'[{"id":"1"}]',
    "no list": b'{"data":{"id":"1"}}',
    "nothing there": b'{"results":[{"id":"1"}]}',
    "a constant": b'{"data":[{"id":"1","x":NaN}]}',
    "a comma too many": b'{"data":[{"id":"1"},]}',
    "no comma": b'{"data":[{"id":"1"}{"id":"2"}]}',
    "a name that is none": b'{"data":[{"id":"1"}],5:6}',
    "a list for a name": b'{"data":[{"id":"1"}],[]:6}',
    "another encoding": '{"data":[{"id":"1"}]}'.encode("utf-16"),
    "nested too deeply": b'{"data":[' + b"[" * 200_000,
    "empty": b"",
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_is_left_to_the_decoder(what):
    """Which knows what to make of it, and what to say."""
    assert walked(ODD[what], ("data",)) is None


def test_what_stands_beside_the_rows_is_kept():
    """The cursor of the next page is there."""
    page, rows = walked(b'{"data":[{"id":"1"}],"hasMore":true,"next":{"cursor":"c"}}', ("data.searches",))
    assert rows == []
    assert page == {"data": [], "hasMore": True, "next": {"cursor": "c"}}


def test_a_row_that_holds_rows_is_whole():
    """A webset among websets has its searches."""
    _, rows = walked(b'{"data":[{"id":"ws","searches":[{"id":"s"}]}]}', ("data.searches", "data"))
    assert [(row.path, row.data) for row in rows] == [
        ("data.searches", {"id": "s"}),
        ("data", {"id": "ws", "searches": [{"id": "s"}]}),
    ]


def test_a_row_does_not_hold_its_page():
    """Its bytes are its own: no larger than they must be."""
    (row,) = walked(b'{"data":[{"id":"1"}],"x":"' + b"y" * 100_000 + b'"}', ("data",))[1]
    assert row.encode() == b'{"id":"1"}'


@pytest.mark.parametrize("key", [b"asyncjobs_token", b"asyncjobs\\u005ftoken"])
def test_a_row_does_not_show_the_token_of_its_create(key):
    """However the service writes it."""
    (row,) = walked(b'{"data":[{"id":"1","metadata":{"%b":"secret","row":"7"}}]}' % key, ("data",))[1]
    assert read_json(row.encode(), again=True) == {"id": "1", "metadata": {"row": "7"}}
