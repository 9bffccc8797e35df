"""
One asyncio handle for every long-running remote job.

Services answer "start this search" or "run this agent" with an id and a promise. Here each such
piece of remote work is a :class:`Job` with one state machine, so that ``await job`` and ``await job.cancel()``
mean the same thing on every endpoint.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from asyncjobs._creation import Creation, StreamedCreation
from asyncjobs._events import EventStream
from asyncjobs._gathering import as_completed, wait_all
from asyncjobs._group import JobGroup
from asyncjobs._job import Job
from asyncjobs._mass_cancel import CancelReport, cancel_all
from asyncjobs._models import CancelOutcome, Progress, Snapshot
from asyncjobs._pages import Pages
from asyncjobs._refs import JobRef
from asyncjobs._settings import Settings
from asyncjobs._states import JobState
from asyncjobs.errors import (
    APIError,
    AsyncJobsError,
    AuthenticationError,
    CancelUnconfirmed,
    ClientClosed,
    Conflict,
    CreateUncertain,
    InvalidArgument,
    InvalidRequest,
    JobCanceled,
    JobError,
    JobFailed,
    JobGone,
    JobUnreachable,
    NotFound,
    NotSupported,
    PaymentRequired,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
    TransportError,
    UnknownStatus,
    WaitTimeout,
    WrongLoop,
)

__all__ = [
    "APIError",
    "AsyncJobsError",
    "AuthenticationError",
    "CancelOutcome",
    "CancelReport",
    "CancelUnconfirmed",
    "ClientClosed",
    "Conflict",
    "CreateUncertain",
    "Creation",
    "EventStream",
    "Exa",
    "InvalidArgument",
    "InvalidRequest",
    "Job",
    "JobCanceled",
    "JobError",
    "JobFailed",
    "JobGone",
    "JobGroup",
    "JobRef",
    "JobState",
    "JobUnreachable",
    "NotFound",
    "NotSupported",
    "Pages",
    "PaymentRequired",
    "PermissionDenied",
    "Progress",
    "ProtocolError",
    "RateLimited",
    "ServerError",
    "Settings",
    "Snapshot",
    "StreamedCreation",
    "TransportError",
    "UnknownStatus",
    "WaitTimeout",
    "WaterCrawl",
    "WrongLoop",
    "as_completed",
    "cancel_all",
    "wait_all",
]

if TYPE_CHECKING:
    from asyncjobs.exa import Exa
    from asyncjobs.watercrawl import WaterCrawl

    __version__: str

#: A program that talks to one service does not pay for the resource classes of the other.
_LAZY = {"Exa": "asyncjobs.exa", "WaterCrawl": "asyncjobs.watercrawl"}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    # The version is asked for rarely and costs a look through the installed packages.
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("asyncjobs")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
