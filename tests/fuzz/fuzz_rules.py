"""What must hold of everything that the library raises or hands out, whatever was received."""

from __future__ import annotations

import copy
import itertools
import pickle
from datetime import UTC, datetime
from typing import Any

from asyncjobs import AsyncJobsError, JobRef, JobState, Snapshot
from asyncjobs._wire import Reply

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
#: A message is for a line of a log, not for a payload.
LONGEST_MESSAGE = 8000


def reply_of(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return a reply as the transport gives it."""
    return Reply(
        status=status, headers=headers or {}, body=body, url="http://service.test/things", began=0.0, received_at=NOW
    )


def check_error(error: BaseException, **traits: Any) -> None:
    """An error of ours: typed, readable on any terminal, whole after a journey and a copy, and with these *traits*."""
    assert isinstance(error, AsyncJobsError), repr(error)
    assert type(error).__module__ == "asyncjobs.errors"
    assert type(error) is not AsyncJobsError, repr(error)
    text = str(error)
    assert text
    assert text.isprintable(), text
    assert len(text) < LONGEST_MESSAGE, text[:200]
    twins = [
        pickle.loads(pickle.dumps(error)),
        copy.copy(error),
        copy.deepcopy(error),
        error.copy(),
        error.about(error.ref, error.snapshot),
    ]
    for twin in twins:
        assert type(twin) is type(error)
        assert (str(twin), twin.args, vars(twin)) == (text, error.args, vars(error))
    for name, value in traits.items():
        assert getattr(error, name) == value
    assert error.ref is None or JobRef.parse(str(error.ref)) == error.ref
    if error.snapshot is not None:
        check_snapshot(error.snapshot)


def check_snapshot(snapshot: Snapshot[Any], payload: Any = None) -> None:
    """A snapshot keeps all that was received, and its resource is one or a typed error."""
    raw = snapshot.raw
    assert isinstance(raw, dict)
    if payload is not None:
        assert raw == payload
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot
    assert isinstance(snapshot.state, JobState)
    assert snapshot.reason is None or isinstance(snapshot.reason, str)
    try:
        resource = snapshot.resource
    except AsyncJobsError as error:
        check_error(error, ref=snapshot.ref)
    else:
        assert snapshot.resource is resource
        assert pickle.loads(pickle.dumps(snapshot)).resource == resource
    assert snapshot.raw == raw


def check_path(states: list[JobState]) -> None:
    """The states through which one handle was seen to go: the end stays, and so does a cancel until the end."""
    for before, after in itertools.pairwise(states):
        if before.final:
            assert after is before, states
        elif before is JobState.CANCELING:
            assert after.final or after is before, states
