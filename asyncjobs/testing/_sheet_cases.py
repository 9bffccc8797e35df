"""The contract, of the data sheet: what can be said without a single request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from asyncjobs import JobRef, Snapshot
from asyncjobs._wire import Reply, build, identify, read_snapshot
from asyncjobs.kinds import Call, JobState

from ._promises import Book
from ._routes import Routes
from ._scene import Scene, check, same

if TYPE_CHECKING:
    from collections.abc import Sequence

BOOK = Book()


def _ids(scene: Scene) -> tuple[str, ...]:
    shown = scene.service.sample(scene.working)
    return tuple(shown[key] for key in scene.service.ids)


def _snapshot(scene: Scene, word: str) -> Snapshot[Any]:
    reply = Reply(
        status=200,
        headers={},
        body=json.dumps(scene.service.sample(word)).encode(),
        url="http://service.test",
        began=0.0,
        received_at=datetime.now(UTC),
    )
    return read_snapshot(scene.kind, JobRef(scene.kind.name, _ids(scene)), reply, "poll")


def _is_the_request(scene: Scene, verb: str, call: Call | None, ids: Sequence[str]) -> None:
    requests = scene.service.requests()
    check(call is not None, f"the service has {requests[verb]}, and the kind has no {verb}")
    assert call is not None
    target = urlsplit(build(call, ids).target)
    found = Routes(requests).find(call.method, target.path, dict(parse_qsl(target.query)))
    means = "no request of the service" if found is None else f"the request of the {found[0]}, {requests[found[0]]}"
    message = f"the {verb} {call.method} {call.path}: promised {requests[verb]}, seen {means}"
    check(found is not None and found == (verb, tuple(ids)), message)


@BOOK.promise(listed=False)
async def every_word_means_what_the_service_means_by_it(scene: Scene) -> None:
    """Each status word of the service is known to the kind, as a state that fits its part in a life."""
    for word, role in scene.words.roles().items():
        known = scene.kind.words.get(scene.service.spelling(word), JobState.UNKNOWN)
        # Where the kind judges by more than the word, what it makes of the whole counts.
        state = known if scene.kind.judge is None else _snapshot(scene, word).state
        allowed = scene.may_be(word)
        check(state in allowed, f"{word!r}, a word for {role}: promised {' or '.join(sorted(allowed))}, seen {state}")


@BOOK.promise(listed=False)
async def no_other_word_is_final(scene: Scene) -> None:
    """A word by which the service does not end a job ends no wait, or is another spelling of one that does."""
    final = {scene.kind.words.get(word) for word in scene.words.final}
    for word, state in scene.kind.words.items():
        if word not in scene.words.roles() and state.final:
            check(state in final, f"{word!r} is final for the kind ({state}), and the service ends no job so")


@BOOK.promise("create", listed=False)
async def the_create_is_the_services_request(scene: Scene) -> None:
    """The kind creates by the request with which the service does."""
    _is_the_request(scene, "create", scene.kind.create, _ids(scene)[:-1])


@BOOK.promise(listed=False)
async def the_look_is_the_services_request(scene: Scene) -> None:
    """The kind looks by the request with which the service shows one job."""
    _is_the_request(scene, "look", scene.kind.look, _ids(scene))


@BOOK.promise("cancel", listed=False)
async def the_cancel_is_the_services_request(scene: Scene) -> None:
    """The kind cancels by the request with which the service does, and not by one that does something else."""
    _is_the_request(scene, "cancel", scene.kind.cancel, _ids(scene))


@BOOK.promise("stop", listed=False)
async def the_stop_is_the_services_request(scene: Scene) -> None:
    """The kind stops by the request with which the service does."""
    _is_the_request(scene, "stop", scene.kind.stop, _ids(scene))


@BOOK.promise("result", listed=False)
async def the_result_is_the_services_request(scene: Scene) -> None:
    """The kind fetches what a job made by the request with which the service gives it."""
    _is_the_request(scene, "result", scene.kind.result, _ids(scene))


@BOOK.promise("listing", listed=False)
async def a_list_of_all_is_the_services_request(scene: Scene) -> None:
    """Where the kind reads a list of all its jobs, it is the one that the service has, with its rows where they are."""
    for survey in scene.service.kind.surveys:
        if not survey.call.fields:
            _is_the_request(scene, "listing", survey.call, ())
            same("the rows of the list", survey.rows, scene.service.rows)


@BOOK.promise(listed=False)
async def only_the_create_is_not_repeatable(scene: Scene) -> None:
    """A create is never sent twice, a second job is a second bill; all else is sent again when a reply is lost."""
    kind = scene.kind
    check(kind.create is None or not kind.create.repeatable, "the create is marked repeatable")
    for verb, call in (("look", kind.look), ("cancel", kind.cancel), ("stop", kind.stop), ("result", kind.result)):
        check(call is None or call.repeatable, f"the {verb} is not marked repeatable")


@BOOK.promise(listed=False)
async def the_payload_tells_the_ids(scene: Scene) -> None:
    """The kind finds in the payload the ids by which the service knows the job, in the order of the path."""
    ref = identify(scene.kind, scene.service.sample(scene.working))
    same("the ids that the kind reads from a sample", ref.parts, _ids(scene))


@BOOK.promise(listed=False)
async def every_payload_fits_the_resource(scene: Scene) -> None:
    """What the service shows in each word can be read as the kind's resource."""
    for word in scene.words.roles():
        resource = _snapshot(scene, word).resource
        same(f"the class of what is shown in {word!r}", type(resource), scene.kind.resource)


@BOOK.promise("progress", listed=False)
async def progress_is_what_the_service_shows(scene: Scene) -> None:
    """Each figure of progress is the one that the payload shows."""
    seen = _snapshot(scene, scene.working).progress
    for name, figure in scene.service.progress.items():
        same(f"progress.{name}", getattr(seen, name, None), figure)


@BOOK.promise("reason", listed=False)
async def the_reason_is_what_the_service_gives(scene: Scene) -> None:
    """The reason of an end is the one that the payload gives."""
    same("snapshot.reason", _snapshot(scene, scene.words.final[-1]).reason, scene.service.reason)


@BOOK.promise("flips", listed=False)
async def settle_covers_the_time_in_which_a_cancel_may_flip(scene: Scene) -> None:
    """Where an accepted cancel may still turn into another end, the kind waits for as long before it believes it."""
    assert scene.service.cancel is not None
    flips = scene.service.cancel.flips
    check(scene.kind.settle >= flips, f"settle: promised at least {flips:g} s, seen {scene.kind.settle:g} s")
