"""
What it takes to add a service or a kind of job: data, and a client made of it.

A kind is one frozen :class:`JobKind`; a service is one :class:`Provider` that lists its kinds. A
:class:`Client` of that provider gives handles which keep the same promises as those of the
services that come with the library.
"""

from __future__ import annotations

from asyncjobs._calls import Call, EventSource, Paging, StateStream, Survey, Trace
from asyncjobs._client import Client
from asyncjobs._convert import KeyStyle, key
from asyncjobs._feeds import Feed, Tells
from asyncjobs._kinds import JobKind, Limit, Pace, Provider, Refusal, Refused
from asyncjobs._pages import Pages
from asyncjobs._sse import ServerEvent
from asyncjobs._states import WORDS, JobState

__all__ = [
    "WORDS",
    "Call",
    "Client",
    "EventSource",
    "Feed",
    "JobKind",
    "JobState",
    "KeyStyle",
    "Limit",
    "Pace",
    "Pages",
    "Paging",
    "Provider",
    "Refusal",
    "Refused",
    "ServerEvent",
    "StateStream",
    "Survey",
    "Tells",
    "Trace",
    "key",
]
