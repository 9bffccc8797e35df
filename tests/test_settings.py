"""Settings and single arguments: what is taken, and how the rest is refused."""

from __future__ import annotations

import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs import Exa, InvalidArgument, Settings
from asyncjobs._settings import check_header, check_seconds, check_timeout
from asyncjobs.kinds import Pace

NO_SECONDS = [-1, -0.001, math.nan, -math.inf, True, False, "1", b"1", [1], (), {}, object(), 1j, 10**400]
POSITIVE = ["request_timeout", "connect_timeout", "cleanup_timeout", "unreachable_after", "unknown_after", "backstop"]
FROM_ZERO = ["retry_budget", "appear_grace"]
COUNTS = ["connections", "max_body_bytes"]


def test_the_defaults_are_what_the_design_says():
    """The figures that users rely on."""
    settings = Settings()
    assert (settings.unreachable_after, settings.unknown_after, settings.appear_grace) == (300, 600, 10)
    assert (settings.cleanup_timeout, settings.connections, settings.max_body_bytes) == (10, 100, 64 * 1024 * 1024)
    assert (settings.rates, dict(settings.paces), dict(settings.headers)) == (None, {}, {})


def test_settings_are_frozen():
    """One value for the whole life of a client."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().connections = 3  # type: ignore[misc]


@pytest.mark.parametrize("field", POSITIVE + FROM_ZERO)
@pytest.mark.parametrize("value", [*NO_SECONDS, None], ids=lambda value: repr(value)[:20])
def test_a_duration_must_be_one(field, value):
    """No setting takes what is no length of time, and the error names the setting."""
    with pytest.raises(InvalidArgument) as caught:
        Settings(**{field: value})
    assert field == caught.value.field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("field", POSITIVE)
def test_zero_is_no_bound_for_work(field):
    """A bound of 0 s would refuse everything."""
    with pytest.raises(InvalidArgument):
        Settings(**{field: 0})


@pytest.mark.parametrize("field", POSITIVE + FROM_ZERO)
@pytest.mark.parametrize("value", [1, 0.5, 1e9, math.inf])
def test_durations_may_be_long(field, value):
    """Whole and fractional seconds are taken, and no bound at all."""
    assert value == getattr(Settings(**{field: value}), field)


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, math.inf])
def test_a_count_must_be_one(field, value):
    """Counts are whole and positive."""
    with pytest.raises(InvalidArgument) as caught:
        Settings(**{field: value})
    assert field == caught.value.field


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"rates": 5}, "rates"),
        ({"rates": [("account", 5)]}, "rates"),
        ({"rates": {3: 5}}, "rates"),
        ({"rates": {"account": 0}}, "rates['account']"),
        ({"rates": {"account": "5"}}, "rates['account']"),
        ({"rates": {"account": math.nan}}, "rates['account']"),
        ({"headers": "Exa-Beta: x"}, "headers"),
        ({"headers": None}, "headers"),
        ({"headers": {"": "x"}}, "headers"),
        ({"headers": {"Exa Beta": "x"}}, "headers"),
        ({"headers": {"Exa-Beta\n": "x"}}, "headers"),
        ({"headers": {3: "x"}}, "headers"),
        ({"headers": {"Exa-Beta": "a\r\nX: y"}}, "headers['Exa-Beta']"),
        ({"headers": {"Exa-Beta": 3}}, "headers['Exa-Beta']"),
        ({"headers": {"Exa-Beta": "ü"}}, "headers['Exa-Beta']"),
        ({"paces": 3}, "paces"),
        ({"paces": None}, "paces"),
        ({"paces": {"exa.search": 3}}, "paces['exa.search']"),
        ({"paces": {3: Pace()}}, "paces"),
    ],
)
def test_mappings_are_checked_whole(options, field):
    """What is no mapping of the right kind is refused here, not at the first request."""
    with pytest.raises(InvalidArgument) as caught:
        Settings(**options)
    assert field == caught.value.field


def test_an_unknown_setting_is_a_type_error_that_names_it():
    """A misspelt keyword is not ignored."""
    with pytest.raises(TypeError, match="max_bytes"):
        Settings(max_bytes=3)  # type: ignore[call-arg]


def test_the_headers_are_not_shown():
    """A header may hold a secret."""
    assert "s3cret" not in repr(Settings(headers={"X-Token": "s3cret"}))


@pytest.mark.parametrize(
    "options",
    [
        {"first": 0},
        {"first": -1},
        {"first": 6, "ceiling": 5},
        {"urgent": 0},
        {"urgent": 6, "ceiling": 5},
        {"factor": 0.9},
        {"factor": math.nan},
        {"first": math.nan},
        {"ceiling": math.nan},
        {"first": "1"},
        {"ceiling": None},
        {"factor": 1e6},
    ],
)
def test_a_pace_that_cannot_be_kept_is_refused(options):
    """Looks must come, later and later, and not too late."""
    with pytest.raises(InvalidArgument):
        Pace(**options)


@pytest.mark.parametrize("value", NO_SECONDS, ids=lambda value: repr(value)[:20])
def test_a_timeout_must_be_one(value):
    """No verb takes what is no length of time; the error names the argument and the type or the value."""
    with pytest.raises(InvalidArgument) as caught:
        check_timeout(value)
    assert caught.value.field == "timeout"


@pytest.mark.parametrize("value", [None, math.inf])
def test_no_timeout(value):
    """Infinity is the same as none."""
    assert check_timeout(value) is None


@given(st.floats(min_value=0, allow_infinity=False) | st.integers(min_value=0, max_value=10**300))
def test_every_length_of_time_is_a_timeout(value):
    """Any finite number that is not negative is taken as a float."""
    checked = check_timeout(value)
    assert isinstance(checked, float)
    assert checked == value or math.isclose(checked, value)


def test_the_message_names_the_type():
    """The error says what was given instead of seconds."""
    with pytest.raises(InvalidArgument, match=r"timeout: .*str"):
        check_timeout("5")
    with pytest.raises(InvalidArgument, match=r"x: .*bool"):
        check_seconds(value=True, field="x")


@pytest.mark.parametrize(
    "value", ["", " ", "\t", "a\nb", "a\r\nb", "key\n", "a\x00b", "schlüssel", "\x7f", None, 3, b"key"]
)
def test_a_bad_header_value_is_refused_and_not_shown(value):
    """What cannot be a header is refused without repeating it."""
    with pytest.raises(InvalidArgument) as caught:
        check_header(value, "token")
    assert caught.value.field == "token"
    assert not isinstance(value, str) or not value.strip() or value.strip() not in str(caught.value)


def test_blanks_around_a_key_are_dropped():
    """A key that was pasted with blanks works."""
    assert check_header("  key ", "api_key") == "key"


def test_rates_of_unknown_limits_are_refused():
    """A misspelt name must not silently switch the real limits off; the error says which there are."""
    with pytest.raises(InvalidArgument, match=r"rates.*'acount'.*account, websets, agent"):
        Exa("key", settings=Settings(rates={"acount": 25}))
