"""From calls to requests and from replies to snapshots."""

from __future__ import annotations

import contextlib
import json
import math

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import KEYS, NOW, REF, THING, ids, json_values, near_payloads, reply

from asyncjobs import InvalidArgument, JobRef, JobState, ProtocolError, exa, watercrawl
from asyncjobs._figures import pick
from asyncjobs._kinds import Lane
from asyncjobs._wire import build, decode, encode_body, fill, identify, read_row, read_snapshot
from asyncjobs.kinds import Call

KINDS = [*exa.EXA.kinds, *watercrawl.WATERCRAWL.kinds]
LOOK = exa.SEARCH.look


def outcome(work):
    """Return what *work* gives and ``None``, or ``None`` and the ProtocolError that it raises."""
    try:
        return work(), None
    except ProtocolError as error:
        return None, error


# -- requests ----------------------------------------------------------------


def test_a_request_has_no_address_and_no_key():
    """A request is method, target and what the engine must know; nothing secret."""
    request = build(exa.SEARCH.cancel, ("ws_1", "s_1"), verb="cancel")
    assert (request.method, request.target) == ("POST", "/websets/v0/websets/ws_1/searches/s_1/cancel")
    assert (request.lane, request.repeatable, request.body) == (Lane.CANCEL, True, None)
    assert request.costs == {"account": 1, "websets": 1}


@pytest.mark.parametrize(
    ("method", "verb", "lane"),
    [
        ("GET", None, Lane.LOOK),
        ("POST", None, Lane.CREATE),
        ("DELETE", None, Lane.CREATE),
        ("DELETE", "cancel", Lane.CANCEL),
        ("POST", "create", Lane.CREATE),
        ("GET", "look", Lane.LOOK),
        ("GET", "result", Lane.LOOK),
        ("POST", "stop", Lane.CANCEL),
    ],
)
def test_the_lane_of_a_request(method, verb, lane):
    """The verb decides; without one it is a read or a write."""
    assert lane is build(Call(method, "/x", repeatable=method == "GET"), verb=verb).lane


@given(ids, ids)
def test_an_id_is_one_encoded_segment(first, second):
    """No id can add a segment, a query or a fragment, nor reach another path."""
    target = build(LOOK, (first, second)).target
    assert target.count("/") == LOOK.path.count("/")
    assert target.isascii()
    assert not set(target) & set("?# \\")
    assert ".." not in target.split("/")


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "a\nb", "a\x00", "\x7f", "\ud800", "x" * 301, None, 3, b"a", ["a"], True]
)
def test_what_is_no_id_is_refused_by_its_name(bad):
    """The error names the field of the path."""
    with pytest.raises(InvalidArgument) as caught:
        build(LOOK, ("ws_1", bad))
    assert caught.value.field == "id"


@pytest.mark.parametrize("values", [(), ("a",), ("a", "b", "c")])
def test_the_number_of_ids_must_fit(values):
    """Too many and too few are refused, with the names of those expected."""
    with pytest.raises(InvalidArgument, match=r"2 ids \(webset, id\)"):
        fill(LOOK, values)


def test_braces_in_an_id_are_only_text():
    """An id is no template."""
    assert build(LOOK, ("{id}", "{0}")).target == "/websets/v0/websets/%7Bid%7D/searches/%7B0%7D"


def test_the_query_is_encoded():
    """The query of the call comes first, values are encoded."""
    call = Call("GET", "/x", repeatable=True, query={"a": "1"})
    assert build(call, query=[("b", "x&y=z"), ("c", "ü /")]).target == "/x?a=1&b=x%26y%3Dz&c=%C3%BC+%2F"


def test_a_query_that_is_no_text_is_refused():
    """Lone surrogates cannot travel."""
    with pytest.raises(InvalidArgument) as caught:
        build(LOOK, ("a", "b"), query=[("cursor", "\ud800")])
    assert caught.value.field == "cursor"


# -- bodies ------------------------------------------------------------------

_SENDABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), _SENDABLE))
def test_what_is_json_is_sent_as_it_is(body):
    """The service reads what was given."""
    assert body == json.loads(encode_body(body))


cyclic: list = []
cyclic.append(cyclic)
deep: dict = {}
for _ in range(5000):
    deep = {"a": deep}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"tags": {"a", "b"}}, "tags"),
        ({"search": {"criteria": [{"weight": math.nan}]}}, "search.criteria[0].weight"),
        ({"a": [1, 2, math.inf]}, "a[2]"),
        ({"a": {"b": b"bytes"}}, "a.b"),
        ({"a": ("x", object())}, "a[1]"),
        ({"a": {3: "x"}}, "a"),
        ({"when": NOW}, "when"),
        ({"a": 1j}, "a"),
        ({"a": range(3)}, "a"),
        ({3: "x"}, "body"),
        (["x", {"y"}], "body[1]"),
        ({"n": 10**5000}, "n"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_json_is_refused_with_its_path(body, path):
    """The error says where in the body the trouble is, and of what type."""
    with pytest.raises(InvalidArgument) as caught:
        encode_body(body)
    assert path == caught.value.field


@pytest.mark.parametrize("body", [{"a": cyclic}, deep], ids=["cyclic", "deep"])
def test_a_body_without_an_end_is_refused(body):
    """Nesting is bounded, so that a cycle is found."""
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        encode_body(body)


def test_the_message_names_the_type_and_not_the_value():
    """A body may hold what should not be in a log."""
    with pytest.raises(InvalidArgument, match="set") as caught:
        encode_body({"tags": {"s3cret"}})
    assert "s3cret" not in str(caught.value)


# -- replies -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<html>busy</html>", "text/html"),
        (b'{"id": "t1", "sta', "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"[]", "list"),
        (b"null", "NoneType"),
        (b'"text"', "str"),
        (b"3", "int"),
        (b"true", "bool"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": Infinity}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"\xef\xbb\xbf", "not JSON"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_object_is_a_protocol_error(body, says):
    """The error has the address and the id of the request, and no word of the body."""
    with pytest.raises(ProtocolError, match=says) as caught:
        decode(reply(200, body, content_type="text/html", x_request_id="r1"))
    assert caught.value.request_id == "r1"
    assert "http://service.test/things/t1" in str(caught.value)
    assert "busy" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@given(st.binary())
@example(b"\x80")
def test_any_bytes_are_an_object_or_a_protocol_error(body):
    """Nothing else can come out."""
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(reply(200, body)), dict)


@pytest.mark.parametrize("kind", [*KINDS, THING], ids=lambda kind: kind.name)
@given(payload=near_payloads | json_values)
def test_any_json_is_a_snapshot_or_a_protocol_error(kind, payload):
    """Whatever a service answers: a snapshot whose figures are figures, or an error that names the job."""
    ref = JobRef(kind.name, tuple("abc"[: len(kind.identity)]))
    seen, error = outcome(lambda: read_snapshot(kind, ref, reply(200, payload), "poll"))
    if seen is None:
        assert error.ref in {ref, None}
        return
    assert seen.raw == payload
    assert isinstance(seen.state, JobState)
    assert seen.reason is None or isinstance(seen.reason, str)
    for figure in attrs.astuple(seen.progress) if seen.progress else ():
        assert figure is None or math.isfinite(figure)
    resource, error = outcome(lambda: seen.resource)
    assert resource is not None or error.ref == ref


@pytest.mark.parametrize("status", [None, 3, True, [], {}, 1.5])
def test_a_status_that_is_no_word_is_a_protocol_error(status):
    """The error names the key and the type that came."""
    with pytest.raises(ProtocolError, match=f"status: expected str, got {type(status).__name__}"):
        read_snapshot(THING, REF, reply(200, {"id": "t1", "status": status}), "poll")


def test_a_missing_status_is_a_protocol_error():
    """No status is not the same as null."""
    with pytest.raises(ProtocolError, match="status: is missing") as caught:
        read_snapshot(THING, REF, reply(200, {"id": "t1"}), "poll")
    assert caught.value.ref == REF


def test_an_unknown_word_is_kept():
    """The state is UNKNOWN, the service's word is there."""
    seen = read_snapshot(THING, REF, reply(200, {"status": "tired"}), "poll")
    assert (seen.state, seen.status) == (JobState.UNKNOWN, "tired")


def test_a_snapshot_knows_where_it_comes_from():
    """Source, request id and the time of arrival."""
    seen = read_snapshot(THING, REF, reply(200, {"status": "running"}, x_request_id="r1"), "cancel")
    assert (seen.source, seen.request_id, seen.observed_at, seen.ref) == ("cancel", "r1", NOW, REF)


@pytest.mark.parametrize("value", [True, "50", None, [], {}, math.inf, 10**400])
def test_figures_for_people_never_break_a_look(value):
    """What is no number is not told."""
    body = json.dumps({"status": "running", "progress": {"percent": value, "found": 3}}).replace("Infinity", "1e999")
    seen = read_snapshot(THING, REF, reply(200, body.encode()), "poll")
    assert seen.progress is not None
    assert (seen.progress.percent, seen.progress.found) == (None, 3)


@pytest.mark.parametrize("value", [10**300, 10**308, -(2**1023)])
def test_large_figures_are_figures(value):
    """As long as they are numbers of this machine."""
    body = json.dumps({"status": "running", "progress": {"percent": value}}).encode()
    seen = read_snapshot(THING, REF, reply(200, body), "poll")
    assert seen.progress is not None
    assert seen.progress.percent == float(value)


def test_without_figures_there_is_no_progress():
    """A kind that gives none, and a payload that has none."""
    assert read_snapshot(THING, REF, reply(200, {"status": "running"}), "poll").progress is None


def test_counts_are_whole():
    """Counts that come as 3.0 are 3."""
    seen = read_snapshot(THING, REF, reply(200, {"status": "running", "progress": {"found": 3.0}}), "poll")
    assert seen.progress is not None
    assert isinstance(seen.progress.found, int)


def test_raw_is_decoded_anew():
    """Changing what was read changes nothing in the snapshot."""
    seen = read_snapshot(THING, REF, reply(200, {"status": "running"}), "poll")
    seen.raw["status"] = "failed"
    assert seen.raw["status"] == "running"


def test_a_row_of_a_list_is_a_snapshot_of_its_own():
    """Only the row is kept, not the page."""
    row = {"id": "t1", "status": "running", "x": [1]}
    assert read_row(THING, REF, row, reply(200, {"data": [row]}), "survey").raw == row


def test_a_number_beyond_all_bounds_keeps_a_row_readable():
    """``1e999`` is JSON and comes out as infinity, which is none when it is written again."""
    received = reply(200, b'{"data": [{"id": "t1", "status": "running", "cost": 1e999}]}')
    [row] = decode(received)["data"]
    assert read_row(THING, REF, row, received, "survey").raw == row


def test_a_naive_time_is_told_when_the_resource_is_read():
    """Waiting needs no times: the error comes with the resource, names the path, and raw still has it all."""
    payload = {
        "id": "s",
        "object": "webset_search",
        "websetId": "w",
        "status": "running",
        "createdAt": "2026-01-02T03:04:05",
    }
    seen = read_snapshot(exa.SEARCH, JobRef("exa.search", ("w", "s")), reply(200, payload, x_request_id="r1"), "poll")
    assert seen.state is JobState.RUNNING
    with pytest.raises(ProtocolError, match=r"\$\.createdAt: no UTC offset") as caught:
        _ = seen.resource
    assert (caught.value.ref, caught.value.request_id) == (seen.ref, "r1")
    assert seen.raw == payload


# -- identities --------------------------------------------------------------


def test_the_services_ids_win():
    """A webset that was named by its external id is known by its own."""
    ref = identify(exa.SEARCH, {"websetId": "ws_1", "id": "s_1"}, ("my name",))
    assert ref.parts == ("ws_1", "s_1")


def test_known_ids_fill_the_gaps():
    """The containers' ids may be left out of a payload; the job's own may not."""
    assert identify(exa.SEARCH, {"id": "s_1"}, ("ws_1",)).parts == ("ws_1", "s_1")
    with pytest.raises(ProtocolError, match=r"exa\.search: the payload's id"):
        identify(exa.SEARCH, {"websetId": "ws_1"}, ("ws_1",))


@given(near_payloads)
def test_an_identity_is_a_ref_or_a_protocol_error(payload):
    """Ids of any type."""
    with contextlib.suppress(ProtocolError):
        assert isinstance(identify(exa.SEARCH, payload, ("ws_1",)), JobRef)


@given(json_values, st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
def test_picking_never_fails(payload, keys):
    """A path that leads nowhere leads to None."""
    pick({"data": payload}, ".".join(["data", *keys]))
