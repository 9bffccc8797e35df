"""The names that users rely on."""

from __future__ import annotations

import enum
import importlib
import inspect
import subprocess
import sys
import types

import attrs
import pytest

import asyncjobs
from asyncjobs import errors

MODULES = [
    importlib.import_module(name)
    for name in (
        "asyncjobs",
        "asyncjobs.errors",
        "asyncjobs.kinds",
        "asyncjobs.exa",
        "asyncjobs.watercrawl",
        "asyncjobs.sandbox",
        "asyncjobs.testing",
    )
]
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
NAMES = [(module, name) for module in MODULES for name in module.__all__]
every_name = pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda value: getattr(value, "__name__", value))
CLASSES = sorted(
    {getattr(module, name) for module, name in NAMES if isinstance(getattr(module, name), type)},
    key=lambda cls: (cls.__module__, cls.__name__),
)
DESIGNED = {
    *("Exa", "WaterCrawl", "Job", "JobRef", "JobState", "Snapshot", "Progress", "CancelOutcome", "CancelReport"),
    *("JobGroup", "cancel_all", "wait_all", "as_completed", "Settings", *errors.__all__),
}
ERRORS = {
    *(
        "AsyncJobsError",
        "APIError",
        "AuthenticationError",
        "PaymentRequired",
        "PermissionDenied",
        "NotFound",
        "Conflict",
    ),
    *("InvalidRequest", "RateLimited", "ServerError", "TransportError", "ProtocolError", "JobError", "JobFailed"),
    *("JobCanceled", "JobGone", "JobUnreachable", "UnknownStatus", "WaitTimeout", "CancelUnconfirmed", "NotSupported"),
    *("CreateUncertain", "InvalidArgument", "ClientClosed", "WrongLoop"),
}


def order(name):
    """Return what names are sorted by: constants, classes, the rest."""
    return not name.isupper(), not name[0].isupper(), name


@every_module
def test_names_are_sorted_and_unique(module):
    """One look finds a name."""
    assert list(module.__all__) == sorted(set(module.__all__), key=order)


@every_module
def test_every_name_is_there_and_every_public_thing_is_named(module):
    """Complete both ways: no name without a thing, no public thing without a name."""
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (not isinstance(value, types.ModuleType) or name in module.__all__)
        and name not in {"annotations", "TYPE_CHECKING", "Any", "Final", "NoReturn", "Self", "ERROR_BY_STATUS"}
    }
    assert set(module.__all__) == public


@every_name
def test_every_class_and_function_is_documented(module, name):
    """A name without a word of explanation is not public."""
    value = getattr(module, name)
    if isinstance(value, type) or callable(value):
        assert value.__doc__, f"{module.__name__}.{name} has no docstring"
        assert not value.__doc__.startswith(f"{name}("), f"{module.__name__}.{name} has a generated docstring"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__qualname__)
def test_every_public_method_is_documented(cls):
    """Also those of the classes; what a base has documented counts."""
    for name, member in vars(cls).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, (property, classmethod))):
            continue
        assert inspect.getdoc(getattr(cls, name)) or isinstance(member, enum.nonmember), f"{cls.__name__}.{name}"


def test_the_designed_names_exist():
    """What the users were promised, and the classes that its functions return."""
    assert set(asyncjobs.__all__) == DESIGNED | {"Creation", "EventStream", "Pages", "StreamedCreation"}
    assert set(errors.__all__) == ERRORS


def test_all_errors_are_at_the_top():
    """Whoever catches one needs no other import."""
    assert set(errors.__all__) <= set(asyncjobs.__all__)
    for name in errors.__all__:
        assert getattr(asyncjobs, name) is getattr(errors, name)


def test_the_kinds_are_enough_for_a_provider():
    """What it takes to add a service."""
    assert {"JobKind", "Call", "Pace", "Survey", "Refusal", "Provider", "Client"} <= set(asyncjobs.kinds.__all__)


def test_the_handle_has_the_designed_verbs():
    """Names and parameters are a promise."""
    job = asyncjobs.Job
    assert {name for name in vars(job) if not name.startswith("_")} >= {
        *("ref", "id", "kind", "state", "snapshot", "progress", "done", "requested_by_us", "contradiction"),
        *("refresh", "wait", "result", "cancel", "stop", "detach"),
    }
    timeout = "(self, timeout: 'float | None' = None)"
    signatures = {
        "refresh": "(self, *, reopen: 'bool' = False)",
        "wait": timeout,
        "result": timeout,
        "cancel": "(self, *, confirm: 'bool' = True, timeout: 'float | None' = 30.0)",
        "stop": "(self)",
    }
    for name, signature in signatures.items():
        assert str(inspect.signature(getattr(job, name))).startswith(signature)
    for special in ("__await__", "__aiter__", "__aenter__", "__aexit__"):
        assert hasattr(job, special)


def test_a_snapshot_has_the_designed_fields():
    """Plain data under these names."""
    fields = {field.name for field in attrs.fields(asyncjobs.Snapshot)}
    assert fields >= {"ref", "state", "status", "progress", "reason", "observed_at", "source", "request_id"}
    assert isinstance(asyncjobs.Snapshot.resource, property)
    assert isinstance(asyncjobs.Snapshot.raw, property)


@pytest.mark.parametrize("client", [asyncjobs.Exa, asyncjobs.WaterCrawl])
def test_a_client_takes_the_designed_options(client):
    """A key, and by name the address, the settings and the session."""
    parameters = inspect.signature(client).parameters
    assert list(parameters) == ["api_key", "base_url", "settings", "session"]
    assert parameters["api_key"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in ("base_url", "settings", "session"))


def test_the_version_is_that_of_the_package():
    """Read when asked for; another unknown name is an AttributeError as usual."""
    assert asyncjobs.__version__
    with pytest.raises(AttributeError, match=r"asyncjobs.*nothing"):
        _ = asyncjobs.nothing


def test_importing_is_quiet_and_imports_neither_the_sandbox_nor_the_command_line():
    """What a service that only uses the clients does not need is not read."""
    unwanted = ("asyncjobs.sandbox", "asyncjobs.testing", "asyncjobs._cli", "asyncjobs._demo", "rich", "typer")
    code = f"import sys, asyncjobs; print([name for name in sys.modules if name in {unwanted!r}])"
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")
