"""What the kit is told: the truth about a service, and which sentences follow from it."""

from __future__ import annotations

import subprocess
import sys

import attrs
import pytest
from kit_services import BAKERY, EXA_ENRICHMENT, SERVICES, STUDIO, WATERCRAWL_SEARCH

from asyncjobs import InvalidArgument
from asyncjobs.testing import Cancel, Words, contract


def names(service):
    """Return the names of the sentences that apply."""
    return {case.name for case in contract(service)}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"look": "/renders/{render_id}"}, "look"),
        ({"look": "GET renders"}, "look"),
        ({"look": None}, "look"),
        ({"look": "GET /renders"}, "look"),
        ({"look": "GET /renders/{id}"}, "sample"),
        ({"create": "MAKE /renders"}, "create"),
        ({"sample": lambda _: {"render_id": "r", "phase": "ready"}}, "sample"),
        ({"words": Words(working="running", completed="ready")}, "words"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(changes, field):
    """Where it is written, by the name of the field."""
    with pytest.raises(InvalidArgument) as caught:
        attrs.evolve(STUDIO, **changes)
    assert caught.value.field == field


@pytest.mark.parametrize("request_", ["", "POST", "post /renders/{id}", "POST /renders/{id} twice"])
def test_a_cancel_needs_a_request(request_):
    """Method and path."""
    with pytest.raises(InvalidArgument, match=r"GET /renders/\{id\}"):
        Cancel(request_)


def test_a_cancel_that_is_not_always_accepted_is_refused_somehow():
    """The other words need an answer."""
    with pytest.raises(InvalidArgument, match="refuses"):
        Cancel("POST /renders/{id}/abort", accepts="running")


def test_words_are_one_or_some():
    """One word needs no brackets."""
    assert Words(waiting=("a", "b"), working="c", completed=["d"]) == Words(
        waiting=["a", "b"], working=("c",), completed="d"
    )
    with pytest.raises(ValueError, match="working"):
        Words(working=(), completed="d")


def test_a_case_is_a_name_a_sentence_and_a_call():
    """str() of it is an identifier, for pytest's ids; repr() names the kind, too."""
    for case in contract(STUDIO):
        assert str(case) == case.name
        assert case.name.isidentifier()
        assert case.sentence.endswith(".")
        assert repr(case) == f"<Case {case.name} of studio.render>"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.kind.name)
def test_names_are_unique(service):
    """A name stands for one sentence."""
    cases = contract(service)
    assert len({case.name for case in cases}) == len(cases)
    assert len(cases) >= 35


def test_cases_follow_from_what_the_service_can_do():
    """A service without cancel has the sentences of NotSupported instead, and so on."""
    assert "a_kind_without_cancel_says_so" in names(BAKERY)
    assert "a_confirmed_cancel_has_seen_the_end" not in names(BAKERY)
    assert "a_kind_without_cancel_says_so" not in names(STUDIO)
    assert "a_kind_without_stop_says_so" in names(WATERCRAWL_SEARCH)
    assert "wait_returns_a_job_that_failed" not in names(EXA_ENRICHMENT)
    assert "an_end_that_may_still_flip_is_not_believed" in names(WATERCRAWL_SEARCH)
    assert "an_end_that_may_still_flip_is_not_believed" not in names(EXA_ENRICHMENT)
    assert not any("create" in name for name in names(attrs.evolve(STUDIO, create=None)) - {ONLY_CREATE})


ONLY_CREATE = "only_the_create_is_not_repeatable"


def test_each_list_of_a_kind_is_a_contract_of_its_own():
    """What is promised of looks at one job is promised of the lists that show many."""
    assert not any("_by_list" in name for name in names(STUDIO))
    found = names(EXA_ENRICHMENT)
    assert {"wait_returns_a_job_that_completed_by_list", "wait_returns_a_job_that_completed_by_list_2"} <= found
    assert "among_many_a_job_is_seen_in_the_list" not in found
    assert "every_word_means_what_the_service_means_by_it_by_list" not in found


def test_they_do_not_follow_from_what_the_kind_believes():
    """Else a kind would escape by leaving something out."""
    poorer = attrs.evolve(STUDIO.kind, cancel=None, stop=None, result=None, settle=0.0, progress={})
    assert names(attrs.evolve(STUDIO, kind=poorer)) == names(STUDIO)


async def test_a_case_needs_a_thread_without_an_event_loop():
    """It says so, instead of failing as if the kind were wrong."""
    with pytest.raises(RuntimeError, match="event loop"):
        contract(STUDIO)[0]()


def test_the_kit_needs_no_pytest():
    """Neither to be read nor to be run."""
    code = "import sys, asyncjobs.testing; sys.exit('pytest' in sys.modules or 'hypothesis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603
