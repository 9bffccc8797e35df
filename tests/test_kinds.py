"""Data sheets: what they derive, and which contradict themselves."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import THING

from asyncjobs import InvalidArgument, JobState, exa, watercrawl
from asyncjobs._kinds import ANY_LIVE_STATE, Lane
from asyncjobs._states import FINAL, WORDS
from asyncjobs._wire import LANES
from asyncjobs.kinds import Call, JobKind, Provider, Refusal, Refused

PROVIDERS = [exa.EXA, watercrawl.WATERCRAWL]
KINDS = [kind for provider in PROVIDERS for kind in provider.kinds]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def test_a_call_knows_the_ids_in_its_path():
    """The fields of a path in their order."""
    assert Call("GET", "/a/{b}/c/{d}", repeatable=True).fields == ("b", "d")
    assert Call("GET", "/a", repeatable=True).fields == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"identity": {"other": "id"}}, "look"),
        ({"identity": {"id": "id", "more": "more"}}, "look"),
        ({"cancel": Call("POST", "/things/cancel", repeatable=True)}, "cancel"),
        ({"cancel": Call("POST", "/things/{id}/cancel", repeatable=False)}, "cancel"),
        ({"stop": Call("POST", "/things/{id}/stop", repeatable=False)}, "stop"),
        ({"result": Call("GET", "/things/{other}", repeatable=True)}, "result"),
        ({"create": Call("POST", "/things", repeatable=True)}, "create"),
        ({"look": Call("GET", "/things/{id}", repeatable=False)}, "look"),
    ],
)
def test_a_sheet_that_contradicts_itself_is_refused(changes, field):
    """The error names the field and the kind."""
    with pytest.raises(InvalidArgument, match=r"tests\.thing") as caught:
        attrs.evolve(THING, **changes)
    assert field == caught.value.field


@pytest.mark.parametrize("name", ["thing", "Tests.thing", "", "tests.thing:1", "tests.", None])
def test_a_kind_needs_a_name_that_refs_can_spell(name):
    """A name that no ref could carry is refused with the sheet, not at the first job."""
    with pytest.raises(InvalidArgument) as caught:
        attrs.evolve(THING, name=name)
    assert caught.value.field == "name"


@given(
    verb=st.sampled_from([None, "create", "cancel"]),
    status=st.sampled_from([403, 429]),
    code=st.sampled_from([None, "SLOT"]),
    text=st.sampled_from([None, "concurrent"]),
)
def test_a_refusal_matches_all_that_it_names(verb, status, code, text):
    """Verb, status, code and text must fit where they are given."""
    refusal = Refusal(verb, status, Refused.NO_SLOT, code=code, text=text)
    assert refusal.matches("create", 403, "SLOT", "Max CONCURRENT jobs") == (status == 403 and verb != "cancel")
    assert refusal.matches("create", 403, None, "") == (
        status == 403 and verb != "cancel" and code is None and text is None
    )
    assert refusal.matches(None, 403, "SLOT", "concurrent") == (status == 403 and verb is None)


def test_a_cancel_goes_where_the_job_is_live():
    """By default a cancel is taken in every state that is neither final nor CANCELING."""
    assert set(JobState) - FINAL - {JobState.CANCELING} == ANY_LIVE_STATE


def test_every_verb_has_its_lane():
    """A stop saves money as a cancel does; a result is a look."""
    assert dict(LANES) == {
        "create": Lane.CREATE,
        "look": Lane.LOOK,
        "cancel": Lane.CANCEL,
        "stop": Lane.CANCEL,
        "result": Lane.LOOK,
    }


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_finds_its_kinds(provider):
    """By name; another name is an error that lists the known ones."""
    for kind in provider.kinds:
        assert provider.kind(kind.name) is kind
    with pytest.raises(InvalidArgument, match=provider.kinds[0].name) as caught:
        provider.kind("other.thing")
    assert caught.value.field == "kind"


@every_kind
def test_words_mean_the_same_everywhere(kind):
    """No kind gives a word another meaning than the table of words, and both spellings of cancelled are known."""
    # A word that only one kind has, and that says little without the rest of its payload.
    own = {"idle"} if kind.judge is not None else set()
    assert all(WORDS[word] is state for word, state in kind.words.items() if word not in own)
    assert {"canceled", "cancelled"} <= set(kind.words)
    assert JobState.COMPLETED in kind.words.values()


@every_kind
def test_what_a_call_costs_is_a_limit_of_its_service(kind):
    """A cost under a name that no limit has would count nothing."""
    provider = next(provider for provider in PROVIDERS if kind in provider.kinds)
    names = {limit.name for limit in provider.limits}
    for call in (kind.create, kind.look, kind.cancel, kind.stop, kind.result):
        assert call is None or set(call.costs) <= names


@every_kind
def test_names_begin_with_the_service(kind):
    """The name of a kind tells whose it is."""
    assert any(kind.name.startswith(f"{provider.name}.") and kind in provider.kinds for provider in PROVIDERS)


def test_looking_at_agent_runs_costs_nothing():
    """Exa does not count them; a start weighs two."""
    assert not exa.AGENT_RUN.look.costs
    assert exa.AGENT_RUN.create is not None
    assert exa.AGENT_RUN.create.costs["account"] == 2


def test_two_kinds_of_one_name_are_refused():
    """A ref must lead to one kind."""
    with pytest.raises(InvalidArgument, match="kinds: tests has two"):
        Provider(
            name="tests",
            base_url="http://x",
            key_header="k",
            key_env="K",
            url_env="U",
            kinds=(THING, attrs.evolve(THING)),
        )


def test_sheets_are_frozen():
    """Kinds are shared between clients."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        THING.settle = 3.0  # type: ignore[misc]
    assert isinstance(THING, JobKind)
