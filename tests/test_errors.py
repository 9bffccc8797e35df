"""The error tree: what every error carries, and that it survives travelling."""

from __future__ import annotations

import asyncio
import copy
import inspect
import re

import attrs
import pytest
from strategies import NOW, REF, repickled

from asyncjobs import JobState, Snapshot, errors
from asyncjobs.exa import AgentRun

SEEN = Snapshot(
    ref=REF,
    state=JobState.FAILED,
    status="failed",
    reason="no luck",
    observed_at=NOW,
    source="poll",
    request_id="r1",
    body=b'{"id": "t1", "status": "failed"}',
    resource_type=AgentRun,
)
API = {
    "status": 418,
    "tag": "TEAPOT",
    "request_id": "r1",
    "retry_after": 2.5,
    "refused": "no_slot",
    "method": "GET",
    "url": "http://service.test/things/t1",
    "ref": REF,
    "snapshot": SEEN,
}
EXAMPLES = {
    errors.AsyncJobsError: lambda cls: cls("broken", ref=REF, snapshot=SEEN),
    errors.TransportError: lambda cls: cls("reset", sent=False, method="GET", url="http://x", ref=REF, snapshot=SEEN),
    errors.ProtocolError: lambda cls: cls("nonsense", request_id="r1", ref=REF, snapshot=SEEN),
    errors.CreateUncertain: lambda cls: cls("tests.thing", {"a": [1]}, (REF,), parents=("w1",), token="t", sent_at=NOW),
    errors.JobError: lambda cls: cls(REF, SEEN, "went wrong"),
    errors.JobCanceled: lambda cls: cls(REF, SEEN, requested_by_us=True),
    errors.JobUnreachable: lambda cls: cls(REF, SEEN, seconds=301.0),
    errors.UnknownStatus: lambda cls: cls(REF, SEEN, status="odd", seconds=601.0),
    errors.WaitTimeout: lambda cls: cls(REF, SEEN, timeout=2.5),
    errors.CancelUnconfirmed: lambda cls: cls(REF, SEEN, timeout=2.5),
    errors.NotSupported: lambda cls: cls("stop", "tests.thing", ref=REF),
    errors.InvalidArgument: lambda cls: cls("timeout", "is odd"),
    errors.ClientClosed: lambda cls: cls("closed"),
    errors.WrongLoop: lambda cls: cls("elsewhere"),
}


def example(cls):
    if issubclass(cls, errors.APIError):
        return cls("no", **API)
    return (EXAMPLES.get(cls) or (lambda cls: cls(REF, SEEN)))(cls)


ALL = [getattr(errors, name) for name in errors.__all__]
everyone = pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)


def twins(error):
    yield repickled(error)
    yield copy.copy(error)
    yield copy.deepcopy(error)
    yield error.copy()


@everyone
def test_every_error_survives_pickling_and_copying(cls):
    """Class, message, arguments and all fields are the same afterwards."""
    error = example(cls)
    for twin in twins(error):
        assert type(twin) is cls
        assert (str(error), repr(error), error.args) == (str(twin), repr(twin), twin.args)
        assert vars(error) == vars(twin)


@everyone
def test_notes_travel_and_are_not_shared(cls):
    """A note that is added to a copy does not appear on the original."""
    error = example(cls)
    error.add_note("first")
    for twin in twins(error):
        twin.add_note("second")
        assert error.__notes__ == ["first"]
        assert twin.__notes__ == ["first", "second"]


@everyone
def test_every_error_is_one_of_ours_and_documented(cls):
    """One root catches all, and each says when it is raised."""
    assert issubclass(cls, errors.AsyncJobsError)
    assert cls.__doc__
    assert not issubclass(cls, asyncio.CancelledError)


@everyone
def test_an_error_names_its_job_and_never_holds_a_handle(cls):
    """Where there is a job, ref and snapshot are there; nothing else of the engine is."""
    error = example(cls)
    assert error.ref in {REF, None}
    assert error.snapshot in {SEEN, None}
    for value in vars(error).values():
        assert not type(value).__module__.startswith("asyncjobs._job")


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.WaitTimeout, TimeoutError),
        (errors.CancelUnconfirmed, TimeoutError),
        (errors.InvalidArgument, ValueError),
        (errors.ClientClosed, RuntimeError),
        (errors.WrongLoop, RuntimeError),
    ],
)
def test_some_errors_are_built_in_ones_too(cls, builtin):
    """The styles of the standard library catch them."""
    assert issubclass(cls, builtin)


def test_the_docstring_draws_the_tree_as_it_is():
    """The drawing has each class once, below its parent."""
    drawn, path = {}, []
    for branch, name in re.findall(r"^ {4}([ │├└─]*)([A-Z]\w+)", inspect.getdoc(errors), re.MULTILINE):
        del path[len(branch) // 4 :]
        drawn[name] = path[-1] if path else None
        path.append(name)
    actual = {cls.__name__: cls.__bases__[0].__name__ for cls in ALL}
    assert {name: None if name == "AsyncJobsError" else parent for name, parent in actual.items()} == drawn


def test_a_copy_keeps_the_cause():
    """The twin says what caused it, as the original does."""
    cause = OSError("reset")
    error = errors.TransportError("broken")
    error.__cause__ = cause
    assert error.copy().__cause__ is cause


def test_about_names_the_job_of_whoever_asked():
    """The twin has the ref and the snapshot, the original has not."""
    error = errors.TransportError("broken")
    twin = error.about(REF, SEEN)
    assert (twin.ref, twin.snapshot, error.ref) == (REF, SEEN, None)


def test_messages_say_what_which_and_why():
    """The text of an error is enough to act on."""
    assert str(errors.JobFailed(REF, SEEN)) == "tests.thing:t1 failed: no luck"
    assert str(errors.JobFailed(REF, None)) == "tests.thing:t1 failed"
    assert str(errors.JobCanceled(REF, SEEN, requested_by_us=False)).startswith("tests.thing:t1 was cancelled by some")
    assert str(errors.NotFound("no", **API)) == "418 TEAPOT for GET http://service.test/things/t1: no [request r1]"
    assert "2.5 s" in str(errors.WaitTimeout(REF, SEEN, timeout=2.5))
    assert str(errors.NotSupported("stop", "tests.thing")) == "tests.thing has no stop"


def test_the_reason_is_the_services_own():
    """A job error gives the reason of its snapshot, or none."""
    assert errors.JobFailed(REF, SEEN).reason == "no luck"
    assert errors.JobFailed(REF, None).reason is None


def test_create_uncertain_keeps_a_copy_of_what_was_sent():
    """Changing the body afterwards changes nothing in the error."""
    sent = {"a": 1}
    error = errors.CreateUncertain("tests.thing", sent, sent_at=NOW)
    sent["a"] = 2
    assert error.sent == {"a": 1}
    assert error.candidates == ()


def test_every_status_with_a_meaning_has_its_class():
    """The table of statuses names classes for API errors only."""
    assert {400, 401, 402, 403, 404, 409, 422, 429} == set(errors.ERROR_BY_STATUS)
    assert all(issubclass(cls, errors.APIError) for cls in errors.ERROR_BY_STATUS.values())


def test_a_snapshot_travels_with_its_payload():
    """A pickled snapshot equals the original and still has the whole payload."""
    twin = repickled(SEEN)
    assert twin == SEEN
    assert twin.raw == {"id": "t1", "status": "failed"}
    assert attrs.asdict(twin, recurse=False).keys() == attrs.asdict(SEEN, recurse=False).keys()
