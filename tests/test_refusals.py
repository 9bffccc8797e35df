"""Error bodies of every shape, and the hint of when to come back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import NOW, THING, json_values, near_payloads, reply

from asyncjobs import (
    APIError,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    ServerError,
    exa,
    watercrawl,
)
from asyncjobs._kinds import Refused
from asyncjobs._refusals import ErrorBody, error_from, parse_error_body, parse_retry_after
from asyncjobs._wire import build
from asyncjobs.kinds import Refusal


def parse(body):
    return parse_error_body(json.dumps(body).encode())


def failed(status, body=b"", *, verb="look", refusals=(), **headers):
    call = {"look": THING.look, "cancel": THING.cancel, "create": THING.create}[verb]
    request = build(call, () if verb == "create" else ("t1",), verb=verb)
    return error_from(reply(status, body, **headers), request, refusals)


# -- the four shapes, and everything else ------------------------------------


def test_the_flat_body_of_exa():
    """Websets: requestId, error, tag."""
    body = {"requestId": "r1", "error": "Invalid API key", "tag": "INVALID_API_KEY"}
    assert parse(body) == ErrorBody("Invalid API key", "INVALID_API_KEY", "r1")


def test_the_flat_body_with_a_message():
    """Websets, from another layer: error is a title, message the text."""
    body = {"statusCode": 404, "error": "Not Found", "message": "Webset not found", "path": "/x"}
    assert parse(body) == ErrorBody("Not Found: Webset not found")


def test_a_body_with_nothing_but_the_error():
    """Rate limits sometimes come so."""
    assert parse({"error": "Too many requests"}) == ErrorBody("Too many requests")


def test_the_nested_body_of_the_agent():
    """The agent: error is an object with type, code and message."""
    body = {"error": {"type": "RATE_LIMIT_ERROR", "code": "CONCURRENCY_LIMIT_REACHED", "message": "50 runs"}}
    assert parse(body) == ErrorBody("50 runs", "CONCURRENCY_LIMIT_REACHED")
    assert parse({"error": {"type": "SERVER_ERROR"}}) == ErrorBody("SERVER_ERROR", "SERVER_ERROR")


def test_the_triple_of_watercrawl():
    """WaterCrawl: code, message, errors by field."""
    body = {"code": 400, "message": "Validation error", "errors": {"search_options": {"depth": ["bad", "worse"]}}}
    said = parse(body)
    assert said.message == "Validation error (search_options.depth: bad; search_options.depth: worse)"
    assert said.tag is None


def test_the_triple_without_a_message():
    """The errors alone say enough."""
    assert parse({"code": 400, "errors": {"query": ["is required"]}}).message == "query: is required"
    assert parse({"errors": ["a", "b"]}).message == "a; b"


def test_the_triple_whose_message_is_an_object():
    """WaterCrawl, wrong kind of token."""
    body = {"code": 401, "errors": [], "message": {"detail": "Given token not valid", "code": "token_not_valid"}}
    assert parse(body) == ErrorBody("Given token not valid", "token_not_valid")


@pytest.mark.parametrize("body", [b"", b"   ", b"<html><head><title>x</title></head></html>", b"{}", b"[]", b"<>"])
def test_a_body_that_says_nothing(body):
    """There is always a message."""
    assert parse_error_body(body).message


def test_html_is_stripped_to_its_text():
    """A proxy's page becomes its sentence, without scripts and styles."""
    page = (
        b"<html><head><style>p{}</style></head><body><h1>502 Bad&nbsp;Gateway</h1>\n<script>x()</script></body></html>"
    )
    assert parse_error_body(page).message == "502 Bad&nbsp;Gateway"


def test_text_is_taken_as_it_is():
    """And bytes that are no text do no harm."""
    assert parse_error_body(b"upstream timed out").message == "upstream timed out"
    assert "\ufffd" in parse_error_body(b"\xff\xfe").message


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "a\r\nb", "a\x00b", "a\u202eb"])
def test_messages_are_safe_to_print(text):
    """Nothing of a service's text can move a terminal's cursor."""
    said = parse({"error": text, "tag": text, "requestId": text})
    for word in (said.message, said.tag, said.request_id):
        assert word.isprintable()


def test_messages_are_short():
    """A body of a megabyte is no message."""
    assert len(parse({"error": "x" * 10**6}).message) < 600
    assert len(parse_error_body(b"y" * 10**6).message) < 600
    assert len(parse({"errors": {"x" * 10**5: ["y" * 10**5]}}).message) < 600


@given(json_values | near_payloads)
def test_any_json_has_a_message(body):
    """Whatever the shape, and nothing but text comes out."""
    said = parse(body)
    assert said.message
    assert said.message.isprintable()
    assert said.tag is None or said.tag.isprintable()
    assert said.request_id is None or said.request_id.isprintable()


@given(st.binary())
@example(b'{"errors":' + b"[" * 50_000 + b"]" * 50_000 + b"}")
@example(b'{"errors":' + b"[" * 900 + b"]" * 900 + b"}")
@example(b"<" * 10_000)
@example(b"<script" * 2_000)
def test_any_bytes_have_a_message(body):
    """No body can break the parser of error bodies."""
    assert parse_error_body(body).message


# -- when to come back -------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", None),
        ("-5", None),
        ("5", 5),
        (" 5 ", 5),
        ("2.5", 2.5),
        ("1000000000", 1e9),
        ("1e9", 1e9),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("soon", None),
        ("5 s", None),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60),
        ("Fri, 02 Jan 2026 03:05:05 -0000", 60),
        ("Fri, 02 Jan 2026 04:05:05 +0100", 60),
        ("Fri, 02 Jan 2026 03:04:05 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Fri, 99 Jan 2026 03:05:05 GMT", None),
        ("Fri, 02 Jan 99999 03:05:05 GMT", None),
        ("9" * 400, None),
    ],
)
def test_the_hint_in_both_forms(value, seconds):
    """Seconds or a date that lie ahead; anything else is no hint."""
    assert seconds == parse_retry_after(value, NOW)


def test_a_date_far_ahead_is_a_long_hint():
    """It is the business of the retry to cut it."""
    seconds = parse_retry_after("Fri, 01 Jan 2100 00:00:00 GMT", NOW)
    assert seconds == (datetime(2100, 1, 1, tzinfo=UTC) - NOW).total_seconds()


@given(
    st.text()
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,5} \d{1,3}:\d{1,3}:\d{1,3} ([A-Z]{1,3}|[+-]\d{1,5})")
)
def test_any_header_is_a_hint_or_none(value):
    """A positive number of seconds, or nothing."""
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 < seconds < float("inf")


@given(st.integers(1, 10**6))
def test_both_forms_agree(seconds):
    """A date is as good as the seconds until then."""
    date = (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert seconds == parse_retry_after(date, NOW) == parse_retry_after(str(seconds), NOW)


# -- classes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (302, APIError),
        (400, InvalidRequest),
        (401, AuthenticationError),
        (402, PaymentRequired),
        (403, PermissionDenied),
        (404, NotFound),
        (405, APIError),
        (406, APIError),
        (408, APIError),
        (409, Conflict),
        (410, APIError),
        (422, InvalidRequest),
        (429, RateLimited),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
    ],
)
def test_the_class_of_a_status(status, cls):
    """One class per status that means something, and the base for the rest."""
    assert type(failed(status)) is cls


def test_an_error_says_what_was_asked_and_answered():
    """Status, tag, message, request id, hint, method and address."""
    error = failed(
        429,
        {"error": "slow down", "tag": "RATE_LIMIT_EXCEEDED", "requestId": "body"},
        x_request_id="header",
        retry_after="7",
    )
    assert (error.status, error.tag, error.message) == (429, "RATE_LIMIT_EXCEEDED", "slow down")
    assert (error.request_id, error.retry_after) == ("header", 7.0)
    assert (error.method, error.url, error.refused) == ("GET", "http://service.test/things/t1", None)


def test_the_request_id_may_be_in_the_body():
    """Where the header is missing, the body's is taken."""
    assert failed(500, {"error": "x", "requestId": "body"}).request_id == "body"


@pytest.mark.parametrize(
    ("means", "cls"),
    [
        (Refused.NO_SLOT, RateLimited),
        (Refused.QUOTA, PaymentRequired),
        (Refused.NOT_IN_STATE, PermissionDenied),
        (Refused.OVERLOADED, PermissionDenied),
    ],
)
def test_the_kind_explains_a_refusal(means, cls):
    """The meaning decides the class, and stands on the error."""
    error = failed(403, {"message": "no"}, verb="cancel", refusals=[Refusal("cancel", 403, means)])
    assert type(error) is cls
    assert error.refused is means


def test_the_first_refusal_that_matches_counts():
    """Kinds list the special ones first."""
    refusals = [Refusal(None, 403, Refused.NO_SLOT, text="slot"), Refusal(None, 403, Refused.QUOTA)]
    assert failed(403, {"message": "no slot"}, refusals=refusals).refused is Refused.NO_SLOT
    assert failed(403, {"message": "no"}, refusals=refusals).refused is Refused.QUOTA


@pytest.mark.parametrize(
    ("kind", "provider", "verb", "status", "body", "means"),
    [
        (exa.AGENT_RUN, exa.EXA, "create", 429, {"error": {"code": "CONCURRENCY_LIMIT_REACHED"}}, Refused.NO_SLOT),
        (exa.AGENT_RUN, exa.EXA, "create", 429, {"error": "x", "tag": "RATE_LIMIT_EXCEEDED"}, None),
        (exa.SEARCH, exa.EXA, "create", 503, {"error": "x", "tag": "SERVICE_OVERLOADED"}, Refused.OVERLOADED),
        (exa.SEARCH, exa.EXA, "create", 503, {"error": "x"}, None),
        (exa.SEARCH, exa.EXA, "cancel", 409, {"error": "x"}, Refused.NOT_IN_STATE),
        (exa.SEARCH, exa.EXA, "create", 409, {"error": "x"}, None),
        (
            watercrawl.SEARCH,
            watercrawl.WATERCRAWL,
            "cancel",
            403,
            {"message": "Only running search …"},
            Refused.NOT_IN_STATE,
        ),
        (watercrawl.SEARCH, watercrawl.WATERCRAWL, "look", 403, {"message": "no"}, None),
        (
            watercrawl.SEARCH,
            watercrawl.WATERCRAWL,
            "create",
            403,
            {"message": "Max concurrent crawls"},
            Refused.NO_SLOT,
        ),
        (watercrawl.SEARCH, watercrawl.WATERCRAWL, "create", 403, {"message": "not in your plan"}, Refused.QUOTA),
        (watercrawl.SEARCH, watercrawl.WATERCRAWL, "create", 403, {"message": "no"}, None),
    ],
)
def test_what_the_services_refusals_mean(kind, provider, verb, status, body, means):
    """The data of the kinds that come with the library."""
    error = failed(status, body, verb=verb, refusals=kind.refusals + provider.refusals)
    assert error.refused is means


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirected_write_is_explained_without_its_target(status):
    """The target may hold a signature."""
    error = failed(status, location="https://elsewhere.test/?sig=s3cret", verb="create")
    assert "redirect" in error.message
    assert "s3cret" not in repr(error) + str(error) + repr(vars(error))


@given(st.integers(300, 599), st.binary(), st.text())
def test_any_refusal_is_an_api_error(status, body, retry_after):
    """Whatever a service says no with."""
    error = failed(status, body, retry_after=retry_after)
    assert error.status == status
    assert error.message
