"""Structuring: what fits, what does not, and how that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Literal

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._convert import KeyStyle, key, structure, whole
from asyncjobs.errors import ProtocolError

SECRET = "s3cret"


class Color(StrEnum):
    RED = "red"


@frozen(kw_only=True)
class Leaf:
    size_in_mm: int
    tip: float | None = None


@frozen(kw_only=True)
class Oak:
    type: Literal["oak"] = "oak"
    leaf: Leaf


@frozen(kw_only=True)
class OtherTree:
    type: str
    raw: dict[str, Any] = field(factory=dict, metadata=whole())


@frozen(kw_only=True)
class Garden:
    id: str
    is_open: bool = False
    height: float = 0.0
    color: Color | str | None = None
    leaf: Leaf = field(factory=lambda: Leaf(size_in_mm=1))
    leaves: tuple[Leaf, ...] = ()
    labels: dict[str, str] = field(factory=dict)
    anything: Any = None
    extras: dict[str, Any] | None = None
    planted_at: datetime | None = None
    age: timedelta | None = None
    misspelt: str = field(default="", metadata=key("mispelt"))
    tree: Oak | OtherTree | None = None
    yield_: str | tuple[Leaf, ...] | None = field(default=None, metadata=key("yield"))
    level: int | str | None = None


def garden(**values: Any) -> Garden:
    return structure({"id": "g"} | values, Garden, KeyStyle.CAMEL)


def complaint(payload: Any, cls: type = Garden, style: KeyStyle = KeyStyle.CAMEL) -> str:
    with pytest.raises(ProtocolError) as caught:
        structure(payload, cls, style)
    assert caught.value.__context__ is None
    return str(caught.value)


def test_keys_follow_the_style_of_the_service():
    """The same class reads camelCase from one service and snake_case from another."""
    assert Leaf(size_in_mm=3) == structure({"sizeInMm": 3}, Leaf, KeyStyle.CAMEL)
    assert Leaf(size_in_mm=3) == structure({"size_in_mm": 3}, Leaf, KeyStyle.SNAKE)


def test_a_field_may_have_a_key_of_its_own():
    """The metadata key wins over the style."""
    assert garden(mispelt="x").misspelt == "x"


def test_unknown_keys_are_ignored_and_missing_ones_take_their_defaults():
    """A service that grows or that is older than we are is no error."""
    assert Garden(id="g") == structure({"id": "g", "new": {"shape": [1]}}, Garden, KeyStyle.CAMEL)


@pytest.mark.parametrize("name", ["leaf", "leaves", "labels"])
def test_null_for_a_collection_or_a_nested_object_is_its_default(name):
    """Some services write null for "none of them"."""
    assert Garden(id="g") == garden(**{name: None})


def test_null_is_none_where_none_is_allowed():
    """An optional field keeps the difference between null and empty."""
    assert garden(extras=None).extras is None
    assert garden(extras={}).extras == {}


@pytest.mark.parametrize(("word", "expected"), [("red", Color.RED), ("mauve", "mauve")])
def test_vocabularies_are_open(word, expected):
    """A known word gives its member, an unknown one stays a plain string."""
    assert expected == garden(color=word).color
    assert type(expected) is type(garden(color=word).color)


@pytest.mark.parametrize("number", [5, 5.0])
def test_an_int_may_be_written_as_an_integral_float(number):
    """Services declare counts as "number", so 5.0 is legal."""
    size = structure({"sizeInMm": number}, Leaf, KeyStyle.CAMEL).size_in_mm
    assert (size, type(size)) == (5, int)


def test_a_float_may_be_written_as_an_int():
    """Whoever declares a float gets one."""
    assert type(garden(height=2).height) is float


@pytest.mark.parametrize(
    "text", ["2026-08-11T09:00:00Z", "2026-08-11T09:00:00.000Z", "2026-08-11T11:00:00+02:00", "20260811T090000Z"]
)
def test_times_are_aware_and_in_utc(text):
    """Whatever offset a service uses, the result is in UTC."""
    moment = garden(plantedAt=text).planted_at
    assert moment == datetime(2026, 8, 11, 9, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00:08.114520", timedelta(seconds=8, microseconds=114520)),
        ("00:01:00", timedelta(minutes=1)),
        ("1 02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("26:00:00.5", timedelta(hours=26, microseconds=500_000)),
        ("-1 23:59:59", timedelta(seconds=-1)),
    ],
)
def test_durations_are_read_with_and_without_days_and_fractions(text, expected):
    """The forms in which a Django server writes a duration."""
    assert expected == garden(age=text).age


def test_objects_are_told_apart_by_their_type():
    """The class whose ``type`` is that word is taken."""
    assert Oak(leaf=Leaf(size_in_mm=2)) == garden(tree={"type": "oak", "leaf": {"sizeInMm": 2}}).tree


def test_an_object_of_an_unknown_type_is_kept_whole():
    """The open member of the union takes what no other does, unknown keys included."""
    pine = {"type": "pine", "needles": 7}
    assert OtherTree(type="pine", raw=pine) == garden(tree=pine).tree


@pytest.mark.parametrize(
    ("value", "expected"),
    [("u", "u"), ([], ()), ([{"sizeInMm": 1}], (Leaf(size_in_mm=1),)), (None, None)],
)
def test_a_union_goes_by_the_json_type(value, expected):
    """A key that holds a link or the thing itself is one field."""
    assert expected == garden(**{"yield": value}).yield_


@pytest.mark.parametrize("value", [7, "seven"])
def test_numbers_and_words_may_share_a_field(value):
    """A union of scalars keeps each as it is."""
    assert value == garden(level=value).level


@pytest.mark.parametrize("value", [[1, {"a": None}], "x", float("inf"), {}])
def test_any_is_passed_through(value):
    """What has no declared shape is not looked at."""
    assert value == garden(anything=value, extras={"a": value}).anything


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"id": 1}, "$.id: expected str, got int"),
        ({"id": None}, "$.id: expected str, got null"),
        ({"isOpen": "true"}, "$.isOpen: expected bool, got str"),
        ({"isOpen": 1}, "$.isOpen: expected bool, got int"),
        ({"height": "1.5"}, "$.height: expected float, got str"),
        ({"height": True}, "$.height: expected float, got bool"),
        ({"height": float("nan")}, "$.height: not a finite number"),
        ({"height": float("-inf")}, "$.height: not a finite number"),
        ({"height": 10**400}, "$.height: not a finite number"),
        ({"leaf": {"sizeInMm": "5"}}, "$.leaf.sizeInMm: expected int, got str"),
        ({"leaf": {"sizeInMm": 5.5}}, "$.leaf.sizeInMm: expected int, got float"),
        ({"leaf": {"sizeInMm": float("nan")}}, "$.leaf.sizeInMm: expected int, got float"),
        ({"leaf": {"sizeInMm": True}}, "$.leaf.sizeInMm: expected int, got bool"),
        ({"leaf": {}}, "$.leaf.sizeInMm: missing"),
        ({"leaf": []}, "$.leaf: expected object, got list"),
        ({"leaves": {}}, "$.leaves: expected list, got object"),
        ({"leaves": "ab"}, "$.leaves: expected list, got str"),
        ({"leaves": [{"sizeInMm": 1}, None]}, "$.leaves[1]: expected object, got null"),
        ({"labels": []}, "$.labels: expected object, got list"),
        ({"labels": {"a": 1}}, "$.labels['a']: expected str, got int"),
        ({"extras": "x"}, "$.extras: expected object, got str"),
        ({"color": 3}, "$.color: expected str, got int"),
        ({"plantedAt": "2026-08-11T09:00:00"}, "$.plantedAt: no UTC offset"),
        ({"plantedAt": "2026-08-11"}, "$.plantedAt: no UTC offset"),
        ({"plantedAt": "soon"}, "$.plantedAt: not an ISO 8601 time"),
        ({"plantedAt": "0001-01-01T00:00:00+10:00"}, "$.plantedAt: not an ISO 8601 time"),
        ({"plantedAt": 1700000000}, "$.plantedAt: expected str, got int"),
        ({"age": "2.5s"}, "$.age: not a duration"),
        ({"age": "999999999 999999999:00:00"}, "$.age: not a duration"),
        ({"age": "١٢:00:00"}, "$.age: not a duration"),
        ({"age": 2.5}, "$.age: expected str, got float"),
        ({"mispelt": 1}, "$.mispelt: expected str, got int"),
        ({"tree": "oak"}, "$.tree: expected object, got str"),
        ({"tree": {}}, "$.tree.type: missing"),
        ({"tree": {"type": ["oak"]}}, "$.tree.type: expected str, got list"),
        ({"tree": {"type": "oak"}}, "$.tree.leaf: missing"),
        ({"yield": 1}, "$.yield: expected str or list, got int"),
        ({"level": True}, "$.level: expected int or float or str, got bool"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path_and_type(values, expected):
    """Nothing is coerced; the message leads to the place."""
    assert f"Garden does not fit: {expected}" == complaint({"id": "g"} | values)


@pytest.mark.parametrize(("payload", "name"), [(None, "null"), ([], "list"), ("x", "str"), (1, "int"), (True, "bool")])
def test_a_payload_that_is_no_object_does_not_fit(payload, name):
    """The path of the payload itself is ``$``."""
    assert complaint(payload) == f"Garden does not fit: $: expected object, got {name}"


def test_everything_that_is_wrong_is_told_at_once():
    """One look at the message suffices to see how far a reply is off."""
    assert complaint({"leaf": {"sizeInMm": "1"}, "plantedAt": "2026-08-11T09:00:00"}) == (
        "Garden does not fit: $.id: missing; $.leaf.sizeInMm: expected int, got str; $.plantedAt: no UTC offset"
    )


def test_a_long_list_of_problems_is_cut():
    """A page full of the same mistake does not flood a log."""
    message = complaint({"id": "g", "leaves": [0] * 1000})
    assert message.endswith("$.leaves[19]: expected object, got int; and 980 more")


def test_the_word_of_a_closed_type_is_checked():
    """A class that stands for one word refuses another one without showing it."""
    assert complaint({"type": SECRET, "leaf": {"sizeInMm": 1}}, Oak) == "Oak does not fit: $.type: expected 'oak'"


def test_the_error_of_a_validator_does_not_show_the_value():
    """Users' classes may validate; their messages often quote."""

    @frozen
    class Picky:
        name: str = field(validator=attrs.validators.max_len(1))

    assert complaint({"name": SECRET}, Picky) == "Picky does not fit: $: raised ValueError"


def test_nesting_without_end_is_no_trouble():
    """A value that is deeper than Python's stack is refused, or passed on where nothing is declared."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert complaint({"id": deep, "leaves": deep, "tree": {"type": deep}}).count("expected") == 3
    assert garden(anything=deep).anything is deep


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just(SECRET) | st.just("2026-08-11T09:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([f.name for f in attrs.fields(Garden)] + ["type", "sizeInMm"]), inner)
    ),
    max_leaves=12,
)
_fields = ["id", "isOpen", "height", "color", "leaf", "leaves", "labels", "extras", "plantedAt", "age", "tree", "yield"]


@given(_json | st.dictionaries(st.sampled_from(_fields), _json))
def test_any_json_is_an_instance_or_a_protocol_error_without_values(payload):
    """Whatever a service sends, nothing else comes out, and nothing of it reaches the message."""
    message = ""
    try:
        result: Any = structure(payload, Garden, KeyStyle.CAMEL)
    except ProtocolError as error:
        result, message = None, str(error)
    assert isinstance(result, Garden) or message.startswith("Garden does not fit: $")
    assert SECRET not in message


_zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=_zones))
def test_every_aware_time_survives(moment):
    """Writing and reading a time is the identity."""
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        return
    assert expected == garden(plantedAt=moment.isoformat()).planted_at


@given(st.timedeltas(min_value=timedelta(0)))
def test_every_duration_survives(duration):
    """Writing and reading a duration is the identity."""
    minutes, seconds = divmod(duration.seconds, 60)
    text = f"{duration.days} {minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{duration.microseconds:06}"
    assert duration == garden(age=text).age
