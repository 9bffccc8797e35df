"""Refs: names that travel."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import refs, repickled

from asyncjobs import InvalidArgument, JobRef
from asyncjobs._refs import MAX_ID_LENGTH


@given(refs)
def test_parse_reverses_str(ref):
    """A ref survives being written down, whatever its ids are."""
    assert ref == JobRef.parse(str(ref))


@given(refs)
def test_the_text_is_safe_in_an_address(ref):
    """Each id is one encoded segment: there are as many slashes as gaps, and no blank, query or fragment."""
    path = str(ref).partition(":")[2]
    assert len(ref.parts) - 1 == path.count("/")
    assert not set(path) & set(" ?#\\")
    assert path.isascii()


@given(st.text() | st.from_regex(r"[a-z]+\.[a-z]+:[a-z0-9%/.\u00e9]*"))
def test_any_text_is_a_ref_or_an_invalid_argument(text):
    """Parsing never fails in another way, and what it accepts it can write."""
    try:
        ref = JobRef.parse(text)
    except InvalidArgument:
        pass
    else:
        assert ref == JobRef.parse(str(ref))


@given(refs)
def test_a_ref_travels(ref):
    """Copies and pickles are equal and hash alike."""
    for twin in (repickled(ref), copy.deepcopy(ref)):
        assert ref == twin
        assert hash(ref) == hash(twin)


@given(st.lists(refs))
def test_refs_sort(some):
    """Refs have an order, that of kind and ids."""
    assert [(ref.kind, ref.parts) for ref in sorted(some)] == sorted((ref.kind, ref.parts) for ref in some)


def test_the_id_is_the_last_part():
    """The containers of a job come first."""
    ref = JobRef.parse("exa.search:ws_1/s_1")
    assert (ref.kind, ref.parts, ref.id) == ("exa.search", ("ws_1", "s_1"), "s_1")


def test_a_slash_in_an_id_adds_no_part():
    """An encoded slash belongs to the id."""
    assert JobRef.parse("exa.search:a%2Fb/c").parts == ("a/b", "c")
    assert str(JobRef("exa.search", ("a/b", "c"))) == "exa.search:a%2Fb/c"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exa.search",
        ":ws_1",
        "exa:ws_1",
        "Exa.search:ws_1",
        "exa.search:",
        "exa.search:ws_1/",
        "exa.search:/s_1",
        "exa.search:..",
        "exa.search:%2e%2e/s_1",
        "exa.search:./s_1",
        "exa.search:a%",
        "exa.search:a%2",
        "exa.search:a%zz",
        "exa.search:%ff",
        "exa.search:a%0ab",
        "exa.search:a\nb",
        "exa.search:a\x00",
        "exa.search:\ud800",
        "exa.search:a%E2%80%AEb",
        "exa.search:" + "x" * (MAX_ID_LENGTH + 1),
        "https://exa.ai/search:1",
    ],
)
def test_what_is_no_ref_is_refused(text):
    """Each text gets an error that says which argument is wrong."""
    with pytest.raises(InvalidArgument) as caught:
        JobRef.parse(text)
    assert caught.value.field == "ref"


@pytest.mark.parametrize(("value", "name"), [(None, "NoneType"), (3, "int"), (b"exa.search:1", "bytes"), ([], "list")])
def test_what_is_no_text_is_refused_by_its_type(value, name):
    """The error names the type that was given."""
    with pytest.raises(InvalidArgument, match=name):
        JobRef.parse(value)


@pytest.mark.parametrize(
    ("kind", "parts", "field"),
    [
        ("search", ("a",), "kind"),
        ("", ("a",), "kind"),
        (None, ("a",), "kind"),
        ("exa.search:", ("a",), "kind"),
        ("exa.search", (), "parts"),
        ("exa.search", ["a"], "parts"),
        ("exa.search", "a", "parts"),
        ("exa.search", ("..",), "parts"),
        ("exa.search", ("a", ""), "parts"),
        ("exa.search", ("a", 3), "parts"),
    ],
)
def test_a_ref_cannot_be_made_of_nonsense(kind, parts, field):
    """The constructor is as strict as the parser."""
    with pytest.raises(InvalidArgument) as caught:
        JobRef(kind, parts)
    assert field == caught.value.field
    assert str(caught.value).startswith(f"{field}: ")


def test_an_id_may_be_as_long_as_the_bound():
    """The longest id is taken."""
    assert len(JobRef.parse("exa.search:" + "x" * MAX_ID_LENGTH).id) == MAX_ID_LENGTH
