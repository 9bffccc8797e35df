"""What can go wrong and what one gets, as the README's table tells it: for each line the tests that show it."""

from __future__ import annotations

TESTS: dict[str, tuple[str, ...]] = {
    "a look is refused (429), fails (5xx) or is cut off": (
        "contract/test_contract_wait_guards.py::test_a_passing_error_never_ends_a_wait",
        "contract/test_contract_wait_guards.py::test_failing_looks_come_more_slowly",
    ),
    "the service is away for minutes": (
        "outage/test_outage_drill.py::test_a_thousand_waits_outlast_an_outage_without_a_storm",
    ),
    "no look at a job succeeds for `unreachable_after`": (
        "contract/test_contract_wait_guards.py::test_a_job_that_cannot_be_looked_at_is_unreachable",
        "contract/test_contract_wait_guards.py::test_an_unreachable_job_can_be_waited_for_again",
    ),
    "a machine that slept": ("outage/test_outage_rules.py::test_a_machine_that_slept_does_not_make_a_job_unreachable",),
    "the service asks for a pause (`Retry-After`)": (
        "contract/test_contract_wait_guards.py::test_after_a_429_the_hint_is_kept",
        "contract/test_contract_wait_guards.py::test_a_hint_of_a_day_is_not_believed",
    ),
    "replies to looks make no sense, three in a row": (
        "contract/test_contract_wait_guards.py::test_three_unusable_replies_in_a_row_end_a_wait",
    ),
    "a payload does not fit its class": (
        "contract/test_contract_looks.py::test_a_payload_that_does_not_fit_raises_at_the_resource",
    ),
    "a status that this version does not know": (
        "contract/test_contract_states.py::test_an_unknown_word_is_polled_on",
        "contract/test_contract_states.py::test_a_word_that_stays_unknown_ends_the_wait",
    ),
    "an older reply arrives after a newer one": (
        "contract/test_contract_looks.py::test_a_late_reply_to_an_early_look_is_dropped",
        "contract/test_contract_looks.py::test_a_late_end_is_never_dropped",
    ),
    "a job that has ended is shown otherwise": (
        "contract/test_contract_looks.py::test_what_contradicts_the_end_is_kept",
        "contract/test_contract_looks.py::test_reopening_takes_the_job_back_to_life",
    ),
    "404 for a job that was never seen": (
        "contract/test_contract_wait_guards.py::test_a_job_that_never_appears_is_not_found",
        "contract/test_contract_wait_guards.py::test_a_job_that_appears_late_is_waited_for",
    ),
    "404 for a job that was seen": (
        "contract/test_contract_states.py::test_a_job_that_the_service_forgets_is_gone",
        "contract/test_contract_result.py::test_the_result_of_a_job_that_is_gone_is_job_gone",
    ),
    "a server that is behind denies a new job": (
        "test_engine_rules.py::test_a_server_that_is_behind_does_not_end_a_new_job_for_who_looks_once",
        "test_engine_rules.py::test_a_server_that_is_behind_does_not_end_the_wait_for_a_new_job",
    ),
    "the reply to a create is lost (Exa)": (
        "creating/test_creating_found.py::test_a_lost_reply_does_not_lose_the_job",
    ),
    "the same, and it cannot be found": (
        "creating/test_creating_found.py::test_what_cannot_be_found_is_uncertain",
        "creating/test_creating_found.py::test_it_can_be_looked_for_later",
    ),
    "the reply to a create is lost (WaterCrawl)": (
        "creating/test_creating_candidates.py::test_a_lost_reply_gives_candidates",
    ),
    "the reply to the create of a webset with an `external_id` is lost": (
        "creating/test_creating_again.py::test_a_named_webset_is_created_once_whatever_is_lost",
    ),
    "a create is refused before it began (429, overloaded, no slot)": (
        "peers/test_peers_creating.py::test_a_create_gives_up_on_a_hint_of_a_day_and_tells_it",
    ),
    "a create cannot reach the service": ("outage/test_outage_rules.py::test_creates_that_were_never_sent_take_turns",),
    "your task is cancelled while its create is on the wire": (
        "contract/test_contract_create.py::test_an_owned_create_that_is_cancelled_half_way_is_cancelled",
        "contract/test_contract_create.py::test_an_unowned_create_that_is_cancelled_half_way_is_adopted",
        "creating/test_creating_found.py::test_what_stays_uncertain_for_nobody_is_kept",
    ),
    "your task is cancelled while it waits": (
        "contract/test_contract_wait.py::test_a_cancelled_waiter_sends_nothing",
        "contract/test_contract_wait.py::test_a_cancelled_waiter_disturbs_no_other",
    ),
    "the reply to a cancel is lost": ("contract/test_contract_cancel.py::test_a_lost_reply_is_no_lost_cancel",),
    "a cancel comes too early (a WaterCrawl search that has not begun)": (
        "contract/test_contract_cancel_refusals.py::test_a_cancel_that_comes_too_early_is_kept_until_the_job_runs",
    ),
    "a job completes while it is cancelled": (
        "contract/test_contract_cancel.py::test_a_job_that_completes_after_our_cancel_was_taken_is_already_done",
    ),
    "a service says `canceled` and means it not (yet)": (
        "races/test_races_trials.py::test_races_end_for_the_client_as_for_the_server",
    ),
    "a webset's id in place of the webset, one job in place of several": (
        "test_bad_input.py::test_what_was_taken_for_something_else_is_named",
    ),
    "a cancel has no effect within its time": (
        "contract/test_contract_cancel.py::test_a_cancel_that_is_not_confirmed_raises_cancel_unconfirmed",
    ),
    "thousands of cancels against a dead service": (
        "outage/test_outage_drill.py::test_a_thousand_cancels_against_a_dead_service_are_bounded",
        "outage/test_outage_drill.py::test_cancels_give_up_when_their_budget_is_over",
    ),
    "a block is left by an exception": (
        "contract/test_contract_owning.py::test_leaving_by_any_route_cancels_the_job",
        "contract/test_contract_owning.py::test_the_users_exception_comes_out_bare",
    ),
    "the clean-up of a block fails": (
        "contract/test_contract_owning.py::test_a_failed_clean_up_is_a_note_on_the_exception_under_way",
        "contract/test_contract_owning.py::test_a_failed_clean_up_raises_if_nothing_else_is_under_way",
        "contract/test_contract_owning.py::test_a_failed_clean_up_is_logged_with_the_ref",
    ),
    "an owner is cancelled while its create hangs": (
        "owning/test_owning_bounds.py::test_the_owner_of_a_create_that_hangs_goes_after_cleanup_timeout",
    ),
    "Ctrl-C within a block": ("owning/test_owning_signals.py::test_ctrl_c_cancels_what_is_owned",),
    "Ctrl-C once more": (
        "owning/test_owning_signals.py::test_a_second_ctrl_c_ends_the_cleaning_up_at_once_and_names_what_it_leaves",
    ),
    "SIGTERM, with the three lines below": (
        "owning/test_owning_signals.py::test_three_lines_make_sigterm_cancel_what_is_owned",
    ),
    "SIGTERM without them, SIGKILL, a power cut": (
        "owning/test_owning_signals.py::test_sigterm_without_a_handler_ends_the_process_and_leaves_the_jobs",
    ),
    "an event loop that is closed before the client": (
        "owning/test_owning_left_behind.py::test_a_loop_closed_under_its_owners_names_what_they_left",
    ),
    "a wrong key": ("test_bad_input.py::test_a_wrong_key_is_an_authentication_error",),
    "the service redirects to another host": (
        "security/test_security_origins.py::test_a_redirect_takes_no_key_to_another_origin",
        "security/test_security_origins.py::test_a_write_is_never_sent_on",
    ),
    "a certificate that cannot be verified": (
        "security/test_security_tls.py::test_a_certificate_that_nobody_signed_gets_no_request",
    ),
    "a reply that is too large, a compression bomb, JSON without end": (
        "security/test_security_bounds.py::test_a_bomb_is_stopped_at_the_bound",
        "security/test_security_bounds.py::test_deep_nesting_is_a_protocol_error",
    ),
    "your session has cookies, or passwords in `.netrc`": (
        "security/test_security_origins.py::test_cookies_of_a_session_stay_there",
        "security/test_security_origins.py::test_a_session_that_trusts_the_environment_sends_no_password_from_there",
    ),
    "the service repeats your key": (
        "security/test_security_secrets.py::test_nothing_that_goes_wrong_shows_the_key",
        "security/test_security_secrets.py::test_a_payload_that_repeats_the_key_is_blotted_out",
    ),
    "the service writes line breaks or megabytes into an error": (
        "security/test_security_bounds.py::test_an_error_is_short_and_in_one_line",
    ),
    "a reply is about another job": (
        "security/test_security_bounds.py::test_a_reply_about_another_job_tells_nothing_of_this_one",
    ),
    "a ref or a pickle from untrusted text": (
        "security/test_security_untrusted.py::test_any_text_is_refused_or_leads_to_the_one_path_of_its_kind",
        "security/test_security_untrusted.py::test_nothing_but_an_error_of_ours_is_rebuilt",
    ),
    "a list that repeats itself for ever": (
        "security/test_security_bad_input.py::test_a_cursor_that_comes_back_ends_the_list_after_its_last_rows",
    ),
    "a webset is idle because it was cancelled": (
        "exa/test_exa_webset_job.py::test_an_idle_webset_is_as_far_as_the_work_in_it",
    ),
    "a webset is idle because nothing was ever in it": (
        "exa/test_exa_webset_job.py::test_an_empty_webset_is_waited_for_until_it_was_given_work",
    ),
    "the upload of an import breaks off": ("exa/test_exa_imports.py::test_an_upload_that_failed_is_sent_again",),
    "the store refuses an upload, or redirects it": (
        "exa/test_exa_imports.py::test_an_upload_that_is_refused_says_so_without_its_address",
        "exa/test_exa_imports.py::test_an_upload_follows_no_redirect",
    ),
    "the reply with an import's upload address is lost": (
        "exa/test_exa_imports.py::test_an_import_whose_address_was_lost_says_so",
    ),
    "the reply with a webhook's secret is lost": (
        "exa/test_exa_webhooks.py::test_a_webhook_whose_secret_was_lost_is_made_anew",
    ),
    "you are cancelled while an import's rows are on their way": (
        "exa/test_exa_imports.py::test_an_import_whose_sender_is_cancelled_while_it_uploads_is_adopted",
    ),
    "an import or a run of a monitor is cancelled": (
        "exa/test_exa_imports.py::test_an_import_cannot_be_cancelled_and_so_not_owned",
    ),
    "a stream of events is cut, ends early or hangs": (
        "exa/test_exa_agent_streams.py::test_a_stream_that_breaks_is_gone_on_with",
        "exa/test_exa_agent_streams.py::test_events_that_are_repeated_are_told_once",
    ),
    "it breaks before it names the run": (
        "exa/test_exa_agent_streams.py::test_a_stream_that_breaks_before_it_names_the_run_is_a_lost_reply",
    ),
    "the client closes before a stream's first event": (
        "exa/test_exa_agent_streams.py::test_a_client_that_closes_before_the_first_event_loses_no_run",
    ),
    "a server that is behind denies the events of a new run": (
        "exa/test_exa_agent_streams.py::test_a_server_that_is_behind_and_denies_a_new_run_hides_no_event",
    ),
    "the service keeps no events of a run": (
        "exa/test_exa_agent_streams.py::test_where_no_events_are_stored_looks_are_left",
    ),
    "a webhook's delivery is forged, stale or broken": (
        "push/test_push_receiver.py::test_what_is_not_genuine_is_refused",
        "push/test_push_signatures.py::test_what_is_no_signature_is_refused_and_breaks_nothing",
        "push/test_push_signatures.py::test_a_replay_and_a_time_to_come_are_refused",
    ),
    "deliveries come twice, late or out of order": (
        "push/test_push_deliveries.py::test_of_ten_thousand_deliveries_every_genuine_event_counts_once",
    ),
    "your `on_event` raises": ("push/test_push_receiver.py::test_an_event_that_its_user_could_not_take_comes_again",),
    "no deliveries come any more": ("push/test_push_engine.py::test_a_dead_webhook_is_relied_on_no_longer",),
    "a push is ahead of the service, or behind it": (
        "push/test_push_engine.py::test_an_event_that_is_ahead_of_the_service_is_followed_up",
        "push/test_push_webhooks.py::test_work_that_began_after_an_old_event_is_not_ended_by_it",
    ),
    "the feed of events cannot be read": (
        "push/test_push_feed.py::test_events_that_cannot_be_read_leave_the_waits_to_lists",
    ),
    "a status stream is cut, ends early or falls silent": (
        "watercrawl/test_watercrawl_streams.py::test_no_wait_ends_or_hangs_with_a_stream",
    ),
    "a download breaks off, or is larger than allowed": (
        "watercrawl/test_watercrawl_downloads.py::test_what_breaks_off_is_begun_again",
        "watercrawl/test_watercrawl_downloads.py::test_a_file_that_is_too_large_is_not_kept",
    ),
    "the service's file is at another host": (
        "watercrawl/test_watercrawl_downloads.py::test_files_are_read_without_the_key",
    ),
    "a sitemap finishes after its cancel was confirmed": (
        "races/test_races_kinds.py::test_races_sitemap_that_is_delivered_after_its_cancel",
    ),
    "a list's page has thousands of rows": (
        "surveys/test_surveys_pages.py::test_the_first_of_a_large_page_go_on_before_the_last_are_read",
    ),
    "a list's page breaks off, or makes no sense": (
        "surveys/test_surveys_pages.py::test_nothing_of_a_page_that_breaks_off_counts",
    ),
    "thousands of jobs under a small rate": (
        "scale/test_scale_lanes.py::test_what_a_rate_does_not_allow_is_stretched_evenly_and_said_once",
    ),
    "a cancel while ten thousand jobs are watched under 10 requests/s": (
        "scale/test_scale_lanes.py::test_a_cancel_is_on_the_wire_at_once_while_thousands_are_watched",
    ),
    "the same job twice, or jobs of several clients, in one wait or group": (
        "scale/test_scale_bad_input.py::test_the_same_job_twice_is_one_job",
        "scale/test_scale_bad_input.py::test_jobs_of_several_clients_and_services_go_together",
    ),
    "a handle or client on another event loop": ("test_bad_input.py::test_a_client_on_another_loop_says_so",),
}
