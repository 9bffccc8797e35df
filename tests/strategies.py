"""What property tests draw from."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

from hypothesis import strategies as st

from asyncjobs import JobRef, JobState, Snapshot
from asyncjobs._kinds import JobKind
from asyncjobs._wire import Reply
from asyncjobs.kinds import Call, Pace

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**400)
    | st.floats(allow_nan=False)
    | st.text()
)
#: Values of any shape that a service could send.
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
#: The keys that the parsers of this library look for, so that random objects reach more than the first check.
KEYS = [
    "id",
    "uuid",
    "websetId",
    "status",
    "progress",
    "completion",
    "found",
    "analyzed",
    "timeLeft",
    "canceledReason",
    "stopReason",
    "updatedAt",
    "createdAt",
    "data",
    "results",
    "next",
    "nextCursor",
    "hasMore",
    "error",
    "message",
    "tag",
    "errors",
    "code",
    "result",
    "output",
    "object",
    "query",
    "searches",
    "enrichments",
]
#: Objects whose keys are known and whose values are anything.
near_payloads = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=12)
#: Texts that can be ids.
ids = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40).filter(
    lambda text: text not in {".", ".."} and text.isprintable()
)
kind_names = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,8}){1,2}", fullmatch=True)
refs = st.builds(JobRef, kind_names, st.lists(ids, min_size=1, max_size=3).map(tuple))
states = st.sampled_from(list(JobState))

#: A kind with every verb, on paths of its own.
THING = JobKind(
    name="tests.thing",
    resource=dict,
    identity={"id": "id"},
    create=Call("POST", "/things", repeatable=False),
    look=Call("GET", "/things/{id}", repeatable=True),
    cancel=Call("DELETE", "/things/{id}", repeatable=True),
    words={state.value: state for state in JobState if state not in {JobState.UNKNOWN, JobState.GONE}},
    progress={"percent": "progress.percent", "found": "progress.found"},
    reason="reason",
    pace=Pace(first=1.0, factor=2.0, ceiling=8.0, urgent=0.25),
)
REF = JobRef("tests.thing", ("t1",))


def snapshot(state: JobState | str, *, kind=THING, ref: JobRef = REF, source="poll", **payload) -> Snapshot:
    """Return what a look shows of a job in this state."""
    state = JobState(state)
    return Snapshot(
        ref=ref,
        state=state,
        status=state.value,
        observed_at=NOW,
        source=source,
        body=json.dumps({"id": ref.id, "status": state.value} | payload).encode(),
        resource_type=kind.resource,
        keys=kind.keys,
    )


def reply(status: int = 200, body: bytes | object = b"", *, began: float = 0.0, **headers: str) -> Reply:
    """Return a reply; *headers* are given with underscores, a *body* that is not bytes becomes JSON."""
    return Reply(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        url="http://service.test/things/t1",
        began=began,
        received_at=NOW,
    )


def repickled(value):
    """Return *value* after a journey to another process."""
    return pickle.loads(pickle.dumps(value))


__all__ = [
    "KEYS",
    "NOW",
    "REF",
    "THING",
    "ids",
    "json_values",
    "kind_names",
    "near_payloads",
    "refs",
    "repickled",
    "reply",
    "scalars",
    "snapshot",
    "states",
]
