"""Whether a delivery is the service's own: what passes, and what does not."""

from __future__ import annotations

import hashlib
import hmac
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from push_signing import OTHER, SECRET, mac, sign

from asyncjobs import AsyncJobsError, InvalidArgument
from asyncjobs.exa import InvalidSignature, verify_webhook
from asyncjobs.exa._signatures import SigningSecrets, verify

NOW = 1_790_000_000.0
BODY = b'{"id": "ev1", "type": "webset.idle", "data": {"name": "M\xc3\xbcller"}}'


def check(body=BODY, signature=None, secret=SECRET, **options):
    """Return what is wrong, ``None`` if nothing is."""
    signature = sign(BODY, NOW) if signature is None else signature
    try:
        verify_webhook(body, signature, secret, **({"now": NOW} | options))
    except InvalidSignature as error:
        return error
    return None


# -- what passes ----------------------------------------------------------------


@given(st.binary(max_size=300), st.text(min_size=1).filter(str.strip), st.integers(0, 10**11))
def test_what_the_holder_of_the_secret_signed_passes(body, secret, at):
    """Any bytes, any secret, any time."""
    secret = secret.strip()
    verify_webhook(body, sign(body, at, secret), secret, now=float(at))


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200))
def test_the_signatures_of_these_tests_are_the_ones_of_the_standard(key, text):
    """They are spelled out here, and right."""
    assert mac(key, text) == hmac.new(key, text, hashlib.sha256).hexdigest()


def test_the_published_example_of_hmac_passes():
    """RFC 4231, test case 2: no code of ours made it."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert mac(b"Jefe", b"what do ya want for nothing?") == expected


@pytest.mark.parametrize("off", [-300, -299, -1, 0, 1, 299, 300])
def test_clocks_may_be_apart(off):
    """Either way, by the tolerance and not more."""
    assert check(signature=sign(BODY, NOW + off)) is None


@pytest.mark.parametrize(("off", "tolerance"), [(-301, 300.0), (301, 300.0), (-86400, 300.0), (1, 0.0), (11, 10)])
def test_a_replay_and_a_time_to_come_are_refused(off, tolerance):
    """A signature from the future would be a licence to replay it later."""
    error = check(signature=sign(BODY, NOW + off), tolerance=tolerance)
    assert error is not None
    assert error.readable


def test_the_tolerance_may_be_without_bound():
    """For replaying a log of one's own."""
    assert check(signature=sign(BODY, 0), tolerance=float("inf")) is None


@pytest.mark.parametrize("order", [(SECRET, OTHER), (OTHER, SECRET)])
def test_one_of_several_signatures_suffices(order):
    """While the service replaces a secret it signs with both."""
    assert check(signature=sign(BODY, NOW, *order)) is None


@pytest.mark.parametrize("secret", [[SECRET, OTHER], (OTHER, SECRET), {SECRET}, iter([OTHER, SECRET.encode()])])
def test_one_of_several_secrets_suffices(secret):
    """While we replace one we know both."""
    assert check(secret=secret) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.replace(",", ", "),
        lambda header: f" {header} ",
        lambda header: header.encode(),
        lambda header: "v1=".join([header.partition("v1=")[0], header.partition("v1=")[2].upper()]),
        lambda header: ",".join(reversed(header.split(","))),
        lambda header: f"v0=abc,{header},v2=def,new",
        lambda header: f"{header},v1={'0' * 64}",
        lambda header: f"{header},{header.partition(',')[0]}",
    ],
)
def test_the_form_of_the_header_may_vary(change):
    """Spaces, order, case of the digits, schemes to come."""
    assert check(signature=change(sign(BODY, NOW))) is None


def test_a_secret_may_have_been_read_from_a_file():
    """With the line's end."""
    assert check(secret=f"{SECRET}\n") is None


def test_a_body_may_be_a_bytearray():
    """As one that was read in pieces is."""
    assert check(body=bytearray(BODY)) is None


# -- what does not ----------------------------------------------------------------


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_other_byte_is_another_body(index, flip):
    """Nothing of it can be changed."""
    changed = bytearray(BODY)
    changed[index] ^= flip
    assert check(body=bytes(changed)).readable


@pytest.mark.parametrize(
    "signature",
    [
        sign(BODY, NOW, OTHER),
        sign(BODY, NOW).replace(f"t={NOW:.0f}", f"t={NOW + 1:.0f}"),
        f"t={NOW:.0f},v1={hashlib.sha256(BODY).hexdigest()}",
        f"t={NOW:.0f},v1={mac(SECRET, BODY)}",
        f"t={NOW:.0f},v1={'0' * 64}",
    ],
)
def test_a_forgery_is_refused(signature):
    """Another secret, another time, no secret at all, the time left out, a guess."""
    error = check(signature=signature)
    assert error is not None
    assert error.readable


GOOD = sign(BODY, NOW)
V1 = GOOD.partition(",")[2]
UNREADABLE = [
    None,
    "",
    b"",
    ",",
    "=",
    "t=",
    f"t={NOW:.0f}",
    V1,
    f"t=,{V1}",
    f"t=now,{V1}",
    f"t=-5,{V1}",
    f"t=1e9,{V1}",
    f"t={NOW},{V1}",
    f"t={'9' * 13},{V1}",
    f"t={'9' * 5000},{V1}",
    f"t=\u0661\u0662\u0663,{V1}",
    f"t=1,{GOOD}",
    f"t={NOW:.0f},v1=",
    f"t={NOW:.0f},v1={'é' * 64}",
    f"t={NOW:.0f},v1=" + "\udce9" * 64,
    f"t={NOW:.0f},v1={'0' * 63}",
    f"t={NOW:.0f},v1={'g' * 64}",
    f"t={NOW:.0f},v1=\xb9{'0' * 63}",
    GOOD.replace("v1", "v0"),
    GOOD.replace("v1", "V1"),
    "é" * 100,
    "\ud800",
    b"\xff\xfe",
    "t=1," * 100_000,
    f"{GOOD}{' ' * 5000}",
    "v1=" + "0" * 10_000_000,
    7,
    [GOOD],
    {},
]


@pytest.mark.parametrize("signature", UNREADABLE, ids=lambda value: repr(value)[:30])
def test_what_is_no_signature_is_refused_and_breaks_nothing(signature):
    """Never a TypeError: no ASCII, no number, no end, no text."""
    with pytest.raises(InvalidSignature) as caught:
        verify_webhook(BODY, signature, SECRET, now=NOW)
    assert not caught.value.readable
    assert len(str(caught.value)) < 100


@given(st.text() | st.binary() | st.none(), st.binary(max_size=50))
def test_no_header_breaks_the_check(signature, body):
    """It is refused in one way only."""
    with pytest.raises(InvalidSignature):
        verify_webhook(body, signature, SECRET, now=NOW)


@given(st.from_regex(r"t=[0-9]{0,14}(,v[01]=[0-9a-f]{0,66}){0,3}", fullmatch=True))
def test_no_likely_header_breaks_the_check(signature):
    """Nor passes."""
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY, signature, SECRET, now=NOW)


# -- what its user did wrong ---------------------------------------------------------


@pytest.mark.parametrize("body", ["{}", {"id": 1}, None, 7, [b"x"]])
def test_a_body_that_is_no_bytes_is_a_mistake_of_the_caller(body):
    """JSON that was read and written again has another signature."""
    with pytest.raises(InvalidArgument, match=r"^body: expected the raw bytes"):
        verify_webhook(body, GOOD, SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", b"", " \n", [], [""], [SECRET, ""], None, 7, [None], [SECRET, 7], "\ud800"])
def test_an_empty_secret_is_no_secret(secret):
    """Everybody knows it: the mistake is told, and nothing passes."""
    with pytest.raises(InvalidArgument) as caught:
        verify_webhook(BODY, sign(BODY, NOW, b""), secret, now=NOW)
    assert caught.value.field == "secret"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("tolerance", [-1, float("nan"), "300", None, True])
def test_a_tolerance_is_a_number_of_seconds(tolerance):
    """Anything else is told."""
    with pytest.raises(InvalidArgument, match=r"^tolerance: "):
        check(tolerance=tolerance)


def test_without_a_time_the_clock_is_read():
    """As a user calls it."""
    assert check(now=None) is not None


# -- secrets stay secret ------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "signature", "secret"),
    [
        (BODY, sign(BODY, NOW, OTHER), SECRET),
        (BODY, sign(BODY, 0), [SECRET, OTHER]),
        (BODY, None, SECRET),
        ("text", GOOD, SECRET),
        (BODY, GOOD, [SECRET, ""]),
        (BODY, GOOD, [SECRET, 7]),
    ],
)
def test_no_error_shows_a_secret_or_what_would_pass(body, signature, secret, caplog):
    """Not in its text, nor in the variables of the frames that it passed, nor in a log."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AsyncJobsError) as caught:
        verify_webhook(body, signature, secret, now=NOW)
    frames = [frame for frame in traceback.walk_tb(caught.tb) if "asyncjobs" in frame[0].f_code.co_filename]
    frames = [frame for frame in frames if "tests" not in frame[0].f_code.co_filename]
    assert frames
    shown = repr([frame.f_locals for frame, _ in frames]) + repr(caught.value) + str(caught.value) + caplog.text
    assert SECRET not in shown
    assert OTHER not in shown
    if body is BODY and signature is not None:
        time = signature.partition(",")[0].removeprefix("t=").encode()
        assert mac(SECRET, time + b"." + BODY) not in shown or mac(SECRET, time + b"." + BODY) in signature


def test_secrets_have_no_face():
    """Neither their repr nor a pickle gives them away."""
    secrets = SigningSecrets([SECRET, OTHER])
    assert repr(secrets) == "<2 signing secrets>"
    with pytest.raises(TypeError):
        pickle.dumps(secrets)


def test_signatures_are_compared_in_constant_time(monkeypatch):
    """All of them, as bytes, by the function that is made for it."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or real(one, other))
    verify(BODY, sign(BODY, NOW, SECRET, OTHER), SigningSecrets([OTHER, SECRET]), now=NOW, tolerance=1.0)
    assert len(compared) == 4
    assert {type(side) for pair in compared for side in pair} == {bytes}


def test_an_error_travels():
    """Like every error of this library."""
    error = pickle.loads(pickle.dumps(check(signature="")))
    assert (type(error), error.readable) == (InvalidSignature, False)
