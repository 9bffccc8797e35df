"""
Every failure that was measured in other libraries, every edge case that was drawn from them, and what shows it here.

A row names its tests, relative to the directory of all tests, or says why it has none.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Rows: TypeAlias = "dict[str, tuple[str, ...] | str]"

_CANCEL = "contract/test_contract_cancel.py::"
_REFUSALS = "contract/test_contract_cancel_refusals.py::"
_GUARDS = "contract/test_contract_wait_guards.py::"
_HANDLES = "contract/test_contract_handles.py::"
_LOOKS = "contract/test_contract_looks.py::"
_OWNING = "contract/test_contract_owning.py::"
_RESULT = "contract/test_contract_result.py::"
_STATES = "contract/test_contract_states.py::"
_UPDATES = "contract/test_contract_updates.py::"
_WAIT = "contract/test_contract_wait.py::"
_SHUTDOWN = "cancellation/test_cancellation_shutdown.py::"
_RACES = "races/test_races_late.py::"
_WAITING = "peers/test_peers_waiting.py::"
_LOOKING = "peers/test_peers_looking.py::"
_CANCELLING = "peers/test_peers_cancelling.py::"
_CREATING = "peers/test_peers_creating.py::"
_OWNERS = "peers/test_peers_owning.py::"
_CLIENTS = "peers/test_peers_clients.py::"

_RUN_STREAMS: Final = "exa/test_exa_agent_streams.py::"
_PUSHES: Final = "push/test_push_engine.py::"
_SIGNATURES: Final = "push/test_push_signatures.py::"

_NO_SIGNATURE: Final = (
    _SIGNATURES + "test_what_is_no_signature_is_refused_and_breaks_nothing",
    _SIGNATURES + "test_no_header_breaks_the_check",
)
_UNKNOWN_WORD = (
    _STATES + "test_a_word_that_nobody_knows_is_unknown_and_kept",
    _STATES + "test_an_unknown_word_is_polled_on",
    _STATES + "test_a_word_that_stays_unknown_ends_the_wait",
)
_PAUSED = (
    _WAITING + "test_a_paused_job_is_waited_for",
    _WAITING + "test_a_paused_job_that_stays_so_is_named_by_the_timeout",
)
_CREATE_AND_WAIT = (
    _CREATING + "test_create_and_wait_that_is_cancelled_leaves_nothing_running",
    _CREATING + "test_create_and_wait_that_times_out_leaves_nothing_running_and_names_the_job",
    _CREATING + "test_create_and_wait_that_is_bounded_from_outside_leaves_nothing_running",
)
_TIMED_OUT = (
    _WAIT + "test_a_wait_that_takes_too_long_raises_wait_timeout",
    _WAIT + "test_after_a_wait_timeout_the_remote_job_goes_on",
    _RESULT + "test_result_has_the_timeout_of_wait",
)
_HINT_OF_A_DAY = (
    _WAITING + "test_a_hint_of_a_day_is_followed_for_a_minute",
    _CREATING + "test_a_create_gives_up_on_a_hint_of_a_day_and_tells_it",
    _CANCELLING + "test_a_cancel_gives_up_on_a_hint_of_a_day_and_tells_it",
    _CANCELLING + "test_a_cancel_with_a_bound_keeps_it_under_a_hint_of_a_day",
)

#: What a handle must do, case by case.
EDGE_CASES: Final[Rows] = {
    "job completes while the cancel is on the wire": (
        _CANCEL + "test_a_job_that_completes_while_the_request_is_under_way_is_already_done",
        _CANCEL + "test_a_job_that_completes_after_our_cancel_was_taken_is_already_done",
    ),
    "cancel while queued, the server refuses": (
        _REFUSALS + "test_a_cancel_that_comes_too_early_is_kept_until_the_job_runs",
        _REFUSALS + "test_an_early_cancel_of_a_job_that_ends_first_is_already_done",
        _REFUSALS + "test_an_early_cancel_lasts_as_long_as_its_caller_waits",
    ),
    "cancel twice, or from two tasks": (
        _CANCEL + "test_a_second_cancel_gives_the_same_outcome",
        _CANCEL + "test_cancels_at_the_same_time_share_one_request",
        _CANCEL + "test_a_cancel_that_comes_while_one_is_under_way_joins_it",
    ),
    "cancel, then wait in another task": (
        _CANCELLING + "test_a_waiter_learns_that_we_cancelled",
        _CANCEL + "test_a_waiter_sees_our_cancel",
    ),
    "the provider cancels: credits out, webset deleted": (
        _RESULT + "test_a_cancel_by_the_service_keeps_its_reason",
        _CANCEL + "test_a_cancel_by_others_is_not_ours",
        _CANCELLING + "test_a_job_that_ends_with_its_container_was_not_cancelled_by_us",
    ),
    "cancel accepted, but the status flips to finished": (
        _REFUSALS + "test_a_cancel_that_the_end_overtakes_is_already_done",
        _REFUSALS + "test_an_end_that_changes_after_it_settled_is_a_contradiction",
        _LOOKS + "test_final_is_final",
        _RACES + "test_races_lost_revoke_shows_as_contradiction",
    ),
    "wait timeout": _TIMED_OUT,
    "timeout and completion in the same tick": (_WAIT + "test_completion_wins_over_a_timeout_in_the_same_tick",),
    "two waiters, one cancelled": (
        _WAITING + "test_a_waiter_who_is_cancelled_changes_no_look",
        _WAIT + "test_a_cancelled_waiter_during_a_request_disturbs_no_other",
    ),
    "two waiters, different timeouts": (_WAIT + "test_each_waiter_has_its_own_deadline",),
    "client closed while waiting": (
        _CLIENTS + "test_a_client_closes_in_order",
        _WAIT + "test_closing_the_client_ends_the_waits",
        _OWNING + "test_closing_the_client_cancels_owned_jobs",
    ),
    "event loop shut down without aclose": (
        _SHUTDOWN + "test_a_loop_that_ends_with_waits_pending_has_nothing_to_complain_of",
        _SHUTDOWN + "test_a_client_that_is_dropped_unclosed_names_the_jobs_that_it_owns",
        _HANDLES + "test_a_client_that_was_not_closed_warns_and_names_its_owned_jobs",
    ),
    "handle used on another loop": (
        _CLIENTS + "test_a_handle_on_another_loop_is_refused_and_both_loops_are_named",
        _HANDLES + "test_a_handle_belongs_to_its_clients_loop",
    ),
    "fork": "a handle belongs to one event loop, and no loop survives a fork; processes are not told apart",
    "unknown status": (*_UNKNOWN_WORD, _STATES + "test_an_unknown_word_is_logged_once"),
    "status missing in a 200": (
        _GUARDS + "test_a_missing_status_is_no_unknown_word",
        _GUARDS + "test_three_unusable_replies_in_a_row_end_a_wait",
    ),
    "404 before the first successful read": (
        _GUARDS + "test_a_job_that_never_appears_is_not_found",
        _GUARDS + "test_a_job_that_appears_late_is_waited_for",
        _GUARDS + "test_a_created_job_that_does_not_appear_yet_is_waited_for",
    ),
    "404 after a successful read, or 410": (
        _STATES + "test_a_job_that_the_service_forgets_is_gone",
        _STATES + "test_410_is_gone_even_if_the_job_was_never_seen",
        _WAIT + "test_wait_returns_the_end_of_a_job_that_is_gone",
        _RESULT + "test_the_result_of_a_job_that_is_gone_is_job_gone",
    ),
    "401 or 403 while polling": (
        _GUARDS + "test_any_other_4xx_ends_a_wait_at_once",
        _GUARDS + "test_a_refused_look_ends_all_waits",
        _LOOKING + "test_a_403_that_the_kind_explains_as_load_does_not_end_a_wait",
        _LOOKING + "test_a_403_that_the_kind_explains_as_quota_is_raised_as_such",
    ),
    "429, 5xx or a broken connection while polling": (
        _GUARDS + "test_a_passing_error_never_ends_a_wait",
        _GUARDS + "test_a_broken_connection_never_ends_a_wait",
        _GUARDS + "test_after_a_429_the_hint_is_kept",
        _GUARDS + "test_failing_looks_come_more_slowly",
        _GUARDS + "test_unreachable_after_is_five_minutes",
    ),
    "Retry-After of a day, or a date in the past": (
        *_HINT_OF_A_DAY,
        _WAITING + "test_a_hint_that_lies_behind_us_is_no_hint",
    ),
    "clock step": (
        _WAITING + "test_a_step_of_the_wall_clock_moves_neither_looks_nor_deadlines",
        _WAIT + "test_durations_are_those_of_the_loops_clock",
    ),
    "machine suspended": (_WAITING + "test_after_a_suspended_hour_there_is_one_look_at_once",),
    "event stream ends without the end": (
        _RUN_STREAMS + "test_a_stream_that_breaks_is_gone_on_with",
        _RUN_STREAMS + "test_whatever_breaks_each_event_is_told_once",
    ),
    "webhook says done, GET says running": (
        _PUSHES + "test_an_event_that_is_ahead_of_the_service_is_followed_up",
        _PUSHES + "test_a_look_that_began_before_a_push_does_not_take_it_back",
    ),
    "webhook replayed, late, forged, or signed beyond ASCII": (
        "push/test_push_deliveries.py::test_of_ten_thousand_deliveries_every_genuine_event_counts_once",
        _SIGNATURES + "test_a_replay_and_a_time_to_come_are_refused",
        *_NO_SIGNATURE,
    ),
    "container paused": _PAUSED,
    "progress callback raises": (
        _LOOKING + "test_a_follower_that_raises_harms_only_itself",
        _LOOKING + "test_a_follower_that_raises_leaves_nobody_looking",
    ),
    "result expired at the provider": "no kind tells an expired result from one that cannot be fetched",
}

#: What other libraries were seen to do.
MEASURED: Final[Rows] = {
    "exa-py: canceled while waiting": (
        _WAIT + "test_wait_returns_the_end_of_a_job_that_was_canceled",
        _RESULT + "test_the_result_of_a_canceled_job_is_job_canceled",
    ),
    "exa-py: paused; unknown status": (*_PAUSED, *_UNKNOWN_WORD),
    "exa-py: ten waiters, 60 requests": (
        _WAITING + "test_ten_waiters_cost_what_one_costs",
        _HANDLES + "test_handles_of_one_job_share_one_poll",
    ),
    "exa-py: timeout of 1 s, a request that hangs for 3 s": (
        _WAITING + "test_a_look_that_hangs_does_not_stretch_the_timeout",
        _WAIT + "test_the_timeout_bounds_a_request_in_flight",
    ),
    "exa-py: the first poll answers 429": (_WAITING + "test_the_first_429_does_not_end_a_wait",),
    "exa-py: cancel answers 400": (
        _CANCELLING + "test_a_cancel_that_is_refused_with_400_tells_what_the_service_said",
        _CANCELLING + "test_a_cancel_that_is_refused_for_its_state_to_the_end_tells_it_too",
        _REFUSALS + "test_a_refusal_for_an_ended_job_is_its_outcome",
    ),
    "exa-py: create and wait, cancelled or timed out": _CREATE_AND_WAIT,
    "WaterCrawl SDK: stop on new, running, canceled, finished": (
        _CANCELLING + "test_a_search_can_be_cancelled_whatever_its_state",
    ),
    "WaterCrawl SDK: synchronous search, canceled or failed meanwhile": (
        _RESULT + "test_the_result_of_a_canceled_job_is_job_canceled",
        _RESULT + "test_the_result_of_a_failed_job_is_job_failed",
    ),
    "fal: unknown status": _UNKNOWN_WORD,
    "fal: one waiter, ten polls a second": (_WAITING + "test_one_waiter_does_not_hammer",),
    "fal: lost replies of a create": (_CREATING + "test_a_lost_reply_is_one_request_and_at_most_one_job",),
    "fal: create and wait, cancelled or timed out": _CREATE_AND_WAIT,
    "firecrawl: task cancelled, endpoint by endpoint": (
        *_CREATE_AND_WAIT,
        _CREATING + "test_an_unowned_create_whose_caller_is_cancelled_is_not_lost",
        _OWNING + "test_leaving_by_any_route_cancels_the_job",
        _HANDLES + "test_ceasing_to_wait_never_cancels",
    ),
    "firecrawl: timeout, endpoint by endpoint": _TIMED_OUT,
    "firecrawl: iteration ends at a failed poll": (
        _LOOKING + "test_an_iteration_outlasts_a_failed_look",
        _UPDATES + "test_it_never_ends_silently",
    ),
    "firecrawl: slow clean-up under a cancellation or a deadline": (
        _OWNERS + "test_a_slow_cancel_is_waited_for",
        _OWNING + "test_leaving_by_any_route_waits_for_the_confirmation",
    ),
    "shield alone: deadline, two native cancels": (
        _OWNERS + "test_the_cancel_is_delivered_by_the_time_the_client_is_closed",
        _OWNING + "test_a_second_native_cancel_lets_the_leaver_go",
    ),
    "client's task, shield and drain: five cases": (
        _OWNERS + "test_the_cancel_is_delivered_by_the_time_the_client_is_closed",
    ),
    "arq: the caller of abort is cancelled": (
        _CANCELLING + "test_a_cancelled_caller_of_cancel_is_cancelled",
        _CANCELLING + "test_a_cancelled_job_ends_no_timeout",
    ),
    "cancellation swallowed or converted within a timeout": (
        _OWNERS + "test_a_timeout_of_the_caller_comes_out_as_it_is",
        _OWNERS + "test_a_cancelled_task_ends_cancelled",
        _OWNERS + "test_a_cancellation_while_the_result_is_fetched_comes_out_as_it_is",
    ),
    "replicate: unknown status, hint of a day, hint as a date": (
        *_UNKNOWN_WORD,
        *_HINT_OF_A_DAY,
        _WAITING + "test_a_hint_that_is_a_date_is_kept",
    ),
    "google: ten waiters, 34 refreshes": (_WAITING + "test_ten_waiters_who_give_up_have_asked_no_more_than_one",),
    "azure: done without a wait; three waits, three courses of polls": (
        _HANDLES + "test_nobody_looks_while_nobody_waits",
        _WAITING + "test_waiting_again_for_an_ended_job_asks_nothing",
    ),
    "signature beyond ASCII is a TypeError": _NO_SIGNATURE,
}
