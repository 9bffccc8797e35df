"""Refs as texts, and ids on their way into a path."""

from __future__ import annotations

import copy
import pickle
from urllib.parse import unquote

import pytest
from fuzz_corpus import KINDS
from fuzz_edits import HOSTILE, share
from fuzz_rules import check_error
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import ids, kind_names, refs

from asyncjobs import InvalidArgument, JobRef
from asyncjobs._wire import build

_ALPHABET = "exa.searchwatercrawl_agent_run:/%2fF.0 \\?#\x00\x7fé\ud800\u202e"
TEXTS = st.one_of(
    st.text(_ALPHABET, max_size=40),
    st.text(max_size=40),
    st.tuples(kind_names, st.text(_ALPHABET, max_size=30)).map(":".join),
    st.tuples(kind_names, st.lists(st.text(max_size=12), max_size=4).map("/".join)).map(":".join),
    st.tuples(refs.map(str), st.integers(0, 40), st.text(_ALPHABET, max_size=2)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    ),
)


@share(2)
@given(TEXTS)
@example("exa.search:%")
@example("exa.search:%ff")
@example("exa.search:%ed%a0%80")
@example("exa.search:%2e%2e")
@example("exa.search:a%00")
@example("exa.search:" + "a" * 301)
@example("exa.search\n:a")
def test_any_text_is_a_ref_or_refused(text):
    """What is taken comes back as the same ref; what is not, says which argument."""
    try:
        ref = JobRef.parse(text)
    except InvalidArgument as error:
        check_error(error, field="ref")
        return
    spelled = str(ref)
    assert spelled.isascii()
    assert spelled.isprintable()
    for twin in (JobRef.parse(spelled), pickle.loads(pickle.dumps(ref)), copy.deepcopy(ref)):
        assert twin == ref
        assert hash(twin) == hash(ref)
        assert str(twin) == spelled


@share(1)
@given(refs, refs)
def test_refs_keep_their_order_and_their_names(one, other):
    """Different refs have different texts, and sort like their parts."""
    assert (one == other) == (str(one) == str(other))
    assert (one < other) == ((one.kind, one.parts) < (other.kind, other.parts))


@share(1)
@given(st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=3).map(tuple))
def test_a_ref_of_hostile_parts_is_one_or_refused(parts):
    """Values of any type in place of the parts."""
    try:
        ref = JobRef("exa.search", parts)
    except InvalidArgument as error:
        check_error(error, field="parts")
    else:
        assert JobRef.parse(str(ref)) == ref


@pytest.mark.parametrize("verb", ["look", "cancel", "stop", "result"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@share(0.1)
@given(
    st.lists(ids | st.sampled_from(["a/b", "%2e%2e", "?x", "#", "{id}", "\\..\\", ";", "a b"]), min_size=2, max_size=2)
)
def test_an_id_stays_within_its_segment(kind, verb, values):
    """The path has the segments of its template, and each id comes out as it went in."""
    call = getattr(kind, verb)
    if call is None:
        return
    target = build(call, values[: len(call.fields)], verb=verb).target
    path, _, query = target.partition("?")
    assert target.isascii()
    assert path.count("/") == call.path.count("/")
    assert "#" not in target
    assert bool(query) == bool(call.query)
    sent = [unquote(segment) for segment in path.split("/")]
    template = call.path.split("/")
    assert [mine for mine, plain in zip(sent, template, strict=True) if "{" in plain] == values[: len(call.fields)]
