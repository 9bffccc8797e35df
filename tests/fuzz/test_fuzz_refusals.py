"""Replies that say no, in any words: error bodies, headers, hints, and what is done about them."""

from __future__ import annotations

import math

import pytest
from fuzz_corpus import ERROR_BODIES, KINDS, PROVIDERS
from fuzz_edits import bitten, byte_edits, damaged, edits, share, written
from fuzz_rules import NOW, check_error, reply_of
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import json_values, near_payloads

from asyncjobs import APIError
from asyncjobs._kinds import Refused
from asyncjobs._refusals import error_from, parse_error_body, parse_retry_after
from asyncjobs._retry import LONGEST_HINT, Failure, Retries, classify, pause_after
from asyncjobs._wire import build
from asyncjobs.errors import ERROR_BY_STATUS

STATUSES = st.sampled_from(
    [301, 303, 307, 400, 401, 402, 403, 404, 408, 409, 410, 418, 422, 429, 500, 502, 503, 504, 999]
)
PICKS = st.integers(0, len(ERROR_BODIES) - 1)
DIGITS = "0123456789eE.-+_ \t\u0663\u00b2naifdNIF"
HINTS = st.one_of(
    st.text(DIGITS, max_size=12),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(str),
    st.text(max_size=20),
    st.datetimes().map(lambda date: date.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.text("MonTueJanDec 0123456789:,+-GMTUZ\x00", max_size=40),
    st.tuples(
        st.sampled_from(["Thu, ", "", "Thu ", "X, "]),
        st.integers(-1, 99999999).map(str),
        st.sampled_from([" Jan ", " x ", "-Feb-", " "]),
        st.integers(-1, 99999).map(str),
        st.sampled_from([" 00:00:00", " 99:99:99", " 0.0.0", "", " 1:2"]),
        st.sampled_from([" GMT", " -0000", " +9999", " -99999999", "", " EST", " (x"]),
    ).map("".join),
)
# As aiohttp gives them: what is no UTF-8 becomes lone surrogates.
TEXTS = st.binary(max_size=30).map(lambda raw: raw.decode("utf-8", "surrogateescape")) | st.just("x" * 8000)
HEADERS = st.fixed_dictionaries({}, optional={"retry-after": HINTS, "x-request-id": TEXTS, "content-type": TEXTS})
#: What a reply to a create says when the service did not begin.
UNSTARTED = {Refused.NO_SLOT, Refused.OVERLOADED}


def check_refusal(kind, verb, status, body, headers):
    """Read one refusal as an answer to one verb of a kind."""
    call = getattr(kind, verb)
    ids = [f"id{number}" for number in range(len(call.fields))]
    request = build(call, ids, verb=verb, body={} if verb == "create" else None)
    error = error_from(reply_of(body, status, headers), request, kind.refusals + PROVIDERS[kind.name].refusals)
    check_error(error)
    assert isinstance(error, APIError)
    assert error.status == status
    if error.refused is None:
        assert type(error) is ERROR_BY_STATUS.get(status, type(error))
    assert error.retry_after is None or 0 < error.retry_after < math.inf
    pause = pause_after(error)
    assert pause is None or 0 < pause <= LONGEST_HINT
    known = classify(error, repeatable=call.repeatable)
    if verb == "create":
        assert known is not Failure.REPEATABLE
        assert (known is Failure.REFUSED) == (status == 429 or error.refused in UNSTARTED)
        if status >= 500 and error.refused not in UNSTARTED:
            assert known is Failure.OUTCOME_UNKNOWN
    return error


@pytest.mark.parametrize("verb", ["create", "look", "cancel"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@share(0.5)
@given(PICKS, edits, STATUSES, HEADERS)
def test_a_damaged_error_body_is_a_typed_error(kind, verb, pick, changes, status, headers):
    """Every shape that the services have, changed anywhere, under any status, beside any header."""
    check_refusal(kind, verb, status, written(damaged(ERROR_BODIES[pick], changes)), headers)


@share(2)
@given(PICKS, byte_edits, STATUSES)
def test_a_bitten_error_body_is_a_typed_error(pick, changes, status):
    """The same for bytes that were flipped, cut, doubled and stuffed."""
    check_refusal(KINDS["exa.agent_run"], "create", status, bitten(written(ERROR_BODIES[pick]), changes), {})


@share(1)
@given(near_payloads.map(written) | json_values.map(written) | st.binary(max_size=200))
@example(b"<" * 8000)
@example(b"<script" * 2000)
@example(b"[" * 200_000)
@example(b'{"errors":' * 30_000 + b"1" + b"}" * 30_000)
@example(b'{"message": "' + b"\xed\xa0\x80" * 9 + b'"}')
def test_any_error_body_says_something_short(body):
    """A message that is never empty, and that fits on a line of a terminal."""
    said = parse_error_body(body)
    for text in (said.message, said.tag, said.request_id):
        assert text is None or (text and text.isprintable() and len(text) < 2000)


@share(5)
@given(HINTS)
@example("Thu, 01 Jan 2100 00:00:00 -0000")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_retry_after_is_seconds_ahead_or_nothing(value):
    """A positive finite number of seconds, or ``None``: never an exception."""
    hint = parse_retry_after(value, NOW)
    assert hint is None or (isinstance(hint, float) and 0 < hint < math.inf)


@share(0.5)
@given(
    st.lists(st.tuples(STATUSES, HINTS | st.floats(0, 2).map(str)), min_size=1, max_size=4),
    st.booleans(),
    st.floats(0, 300),
    st.floats(0, 1),
)
@example([(429, "1e-9")], False, 120.0, 0.5)
@example([(503, "5e-324")], True, 120.0, 0.0)
def test_retries_end(replies, repeatable, budget, spread):
    """However the service spells its hints, a request is sent a bounded number of times within its budget."""
    retries, waited, sent = Retries(budget, repeatable=repeatable), 0.0, 0
    request = build(KINDS["exa.search"].look, ["w", "s"])
    while sent < 2000:
        status, hint = replies[sent % len(replies)]
        sent += 1
        delay = retries.after(
            error_from(reply_of(b"", status, {"retry-after": hint}), request, ()), took=0.001, spread=spread
        )
        if delay is None:
            break
        assert delay > 0
        waited += delay
    assert waited <= budget
    # Half of the first backoff is the least that is ever waited.
    assert sent <= budget / 0.25 + 1
