"""Kinds of the studio that are wrong in one way each, and the cases that must say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from kit_services import LOAF, RENDER, STUDIO

from asyncjobs import JobState
from asyncjobs.kinds import Call, KeyStyle, Pace, Refusal, Refused, Survey

if TYPE_CHECKING:
    from asyncjobs.testing import Service


def call(method: str, path: str, **query: str) -> Call:
    return Call(method, path, repeatable=True, query=query)


def wrong(**changes: Any) -> Service:
    """Return the studio with a kind that differs so from the one that is right."""
    return attrs.evolve(STUDIO, kind=attrs.evolve(RENDER, **changes))


def forced(**changes: Any) -> Service:
    """Return the same with a kind that cannot be made: its checks are got round."""
    service = wrong()
    for name, value in changes.items():
        object.__setattr__(service.kind, name, value)
    return service


def words(**changes: JobState | None) -> dict[str, JobState]:
    """Return the words of the kind, some of them changed, or left out."""
    return {word: state for word, state in {**RENDER.words, **changes}.items() if state is not None}


#: What is wrong, the service with the kind, and the cases of which each must fail.
WRONG: dict[str, tuple[Service, set[str]]] = {
    "a word is misspelt": (
        wrong(words=words(running=None, runing=JobState.RUNNING)),
        {"every_word_means_what_the_service_means_by_it", "a_look_shows_the_services_word_and_its_state"},
    ),
    "completed is taken for failed": (
        wrong(words=words(ready=JobState.FAILED)),
        {"wait_returns_a_job_that_completed", "the_result_is_the_resource_at_the_end"},
    ),
    "failed is taken for completed": (
        wrong(words=words(broken=JobState.COMPLETED)),
        {"wait_returns_a_job_that_failed", "the_result_of_a_failed_job_is_job_failed"},
    ),
    "a waiting job is taken for completed": (
        wrong(words=words(queued=JobState.COMPLETED)),
        {"every_word_means_what_the_service_means_by_it", "following_a_job_shows_each_change_and_ends"},
    ),
    "there is no word for canceled": (
        wrong(words=words(aborted=None)),
        {"wait_returns_a_job_that_was_canceled", "a_confirmed_cancel_has_seen_the_end"},
    ),
    "a word of the kind's own is final": (
        wrong(words=words(paused=JobState.GONE)),
        {"no_other_word_is_final"},
    ),
    "the cancel deletes the job": (
        wrong(cancel=call("DELETE", "/renders/{id}")),
        {"the_cancel_is_the_services_request", "a_cancelled_job_still_exists", "a_confirmed_cancel_has_seen_the_end"},
    ),
    "the cancel is the stop": (
        wrong(cancel=call("POST", "/renders/{id}/wrap")),
        {
            "the_cancel_is_the_services_request",
            "a_confirmed_cancel_has_seen_the_end",
            "leaving_a_block_cancels_the_job",
        },
    ),
    "the cancel leads nowhere": (
        wrong(cancel=call("POST", "/renders/{id}/cancel")),
        {"the_cancel_is_the_services_request", "a_confirmed_cancel_has_seen_the_end"},
    ),
    "there is no cancel": (
        wrong(cancel=None),
        {"the_cancel_is_the_services_request", "a_confirmed_cancel_has_seen_the_end"},
    ),
    "the create is repeatable": (
        forced(create=Call("POST", "/renders", repeatable=True)),
        {"only_the_create_is_not_repeatable", "a_create_whose_reply_is_lost_is_not_sent_again"},
    ),
    "the look is not repeatable": (
        forced(look=Call("GET", "/renders/{id}", repeatable=False)),
        {"only_the_create_is_not_repeatable"},
    ),
    "the create leads nowhere": (
        wrong(create=Call("POST", "/render", repeatable=False)),
        {"the_create_is_the_services_request", "an_awaited_create_hands_over_the_job_that_was_made"},
    ),
    "the refusal is missing": (
        wrong(refusals=()),
        {
            "a_job_that_completed_first_is_already_done",
            "a_cancel_that_comes_too_early_is_sent_again_when_the_job_runs",
        },
    ),
    "the refusal has another status": (
        wrong(refusals=(Refusal("cancel", 403, Refused.NOT_IN_STATE),)),
        {"a_job_that_completed_first_is_already_done"},
    ),
    "the refusal has another code": (
        wrong(refusals=(Refusal("cancel", 409, Refused.NOT_IN_STATE, code="NOT_ALIVE"),)),
        {"a_job_that_failed_first_is_already_done"},
    ),
    "it is cancelled where the service refuses": (
        wrong(cancelable=frozenset({JobState.QUEUED, JobState.RUNNING})),
        {"a_cancel_that_comes_too_early_is_sent_again_when_the_job_runs"},
    ),
    "it is never cancelled again": (
        wrong(cancelable=frozenset({JobState.PAUSED})),
        {
            "a_cancel_that_comes_too_early_is_sent_again_when_the_job_runs",
            "a_cancel_that_comes_too_early_is_kept_for_a_caller_who_leaves",
        },
    ),
    "a flip is believed": (
        wrong(settle=0.0),
        {"settle_covers_the_time_in_which_a_cancel_may_flip", "an_end_that_may_still_flip_is_not_believed"},
    ),
    "the identity is another key": (
        wrong(identity={"id": "scene_id"}),
        {"the_payload_tells_the_ids", "an_awaited_create_hands_over_the_job_that_was_made"},
    ),
    "the look is the list": (
        wrong(look=call("GET", "/renders?id={id}")),
        {"the_look_is_the_services_request", "a_look_is_one_request", "wait_returns_a_job_that_completed"},
    ),
    "the look is the result": (
        wrong(look=call("GET", "/renders/{id}", full="1")),
        {"the_look_is_the_services_request", "a_look_is_one_request"},
    ),
    "the status is another key": (
        wrong(status="scene_id"),
        {"a_look_shows_the_services_word_and_its_state"},
    ),
    "the progress is another path": (
        wrong(progress={"found": "frames.finished"}),
        {"progress_is_what_the_service_shows"},
    ),
    "the reason is another path": (
        wrong(reason="reason"),
        {"the_reason_is_what_the_service_gives"},
    ),
    "there is no result": (
        wrong(result=None),
        {"the_result_is_the_services_request", "the_result_is_the_resource_at_the_end"},
    ),
    "the result is a look": (
        wrong(result=call("GET", "/renders/{id}")),
        {"the_result_is_the_services_request", "the_result_is_fetched_once_for_all"},
    ),
    "there is no stop": (
        wrong(stop=None),
        {"the_stop_is_the_services_request", "a_stopped_job_finishes_early"},
    ),
    "the stop is the cancel": (
        wrong(stop=call("POST", "/renders/{id}/abort")),
        {"the_stop_is_the_services_request", "a_stopped_job_finishes_early"},
    ),
    "the resource is another class": (
        wrong(resource=LOAF.resource),
        {"every_payload_fits_the_resource"},
    ),
    "the keys are spelt otherwise": (
        wrong(keys=KeyStyle.CAMEL),
        {"every_payload_fits_the_resource"},
    ),
    "the list is another request": (
        wrong(surveys=(Survey(call("GET", "/renders/all"), rows="data"),)),
        {"a_list_of_all_is_the_services_request"},
    ),
    "the rows of the list are elsewhere": (
        wrong(surveys=(Survey(call("GET", "/renders"), rows="renders"),)),
        {"a_list_of_all_is_the_services_request"},
    ),
    "it looks too seldom": (
        wrong(pace=Pace(first=100.0, ceiling=100.0, urgent=100.0)),
        {"a_cancel_is_confirmed_in_time_at_the_kinds_own_pace"},
    ),
}

#: What is wrong, and all cases that fail for it, where it touches few: nothing else is accused.
ONLY: dict[str, set[str]] = {
    "a word of the kind's own is final": {"no_other_word_is_final"},
    "the look is not repeatable": {"only_the_create_is_not_repeatable"},
    "the rows of the list are elsewhere": {"a_list_of_all_is_the_services_request"},
    "the create is repeatable": {
        "only_the_create_is_not_repeatable",
        "a_create_whose_reply_is_lost_is_not_sent_again",
        "a_create_that_ends_in_a_server_error_is_not_sent_again",
    },
    "it is cancelled where the service refuses": {"a_cancel_that_comes_too_early_is_sent_again_when_the_job_runs"},
    "a flip is believed": {
        "settle_covers_the_time_in_which_a_cancel_may_flip",
        "an_end_that_may_still_flip_is_not_believed",
    },
    "the progress is another path": {"progress_is_what_the_service_shows"},
    "the reason is another path": {"the_reason_is_what_the_service_gives"},
    "there is no stop": {"the_stop_is_the_services_request", "a_stopped_job_finishes_early"},
    "it looks too seldom": {"a_cancel_is_confirmed_in_time_at_the_kinds_own_pace"},
}
