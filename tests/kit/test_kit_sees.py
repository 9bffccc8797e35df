"""The kit sees: a kind that is wrong in one way fails, and the names of the cases that fail say in which."""

from __future__ import annotations

import pytest
from kit_wrong import ONLY, WRONG, wrong

from asyncjobs import InvalidArgument
from asyncjobs.kinds import Call
from asyncjobs.testing import contract


def failures(service):
    """Return the message of each case that fails, by name."""
    failed = {}
    for case in contract(service):
        try:
            case()
        except AssertionError as error:
            failed[case.name] = str(error)
    return failed


@pytest.mark.parametrize("what", WRONG)
def test_a_kind_that_is_wrong_in_one_way_fails_by_name(what):
    """The cases about it fail, and where it touches nothing else no others."""
    service, expected = WRONG[what]
    failed = failures(service).keys()
    assert failed >= expected
    assert what not in ONLY or failed == ONLY[what]


def test_a_create_that_is_repeatable_cannot_even_be_made():
    """The data sheet refuses it, so that only a forced one comes before the kit."""
    with pytest.raises(InvalidArgument, match="never repeatable"):
        wrong(create=Call("POST", "/renders", repeatable=True))


def test_a_failure_tells_what_was_promised_and_what_was_seen():
    """In the words of the sentence, of the service and of the library."""
    service, _ = WRONG["completed is taken for failed"]
    message = failures(service)["wait_returns_a_job_that_completed"]
    assert message == (
        "studio.render: wait() looks until the job has completed, and returns its last snapshot.\n"
        "the state: promised completed, seen failed"
    )


def test_an_unforeseen_error_is_a_failure_too():
    """Whatever comes out of the library, the case fails by an AssertionError with that as its cause."""
    service, _ = WRONG["there is no cancel"]
    (case,) = [case for case in contract(service) if case.name == "a_confirmed_cancel_has_seen_the_end"]
    with pytest.raises(AssertionError, match="seen NotSupported") as caught:
        case()
    assert type(caught.value.__cause__).__name__ == "NotSupported"
