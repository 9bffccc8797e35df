"""What our side was told in a campaign: every handle, outcome, exception and log, by the create that it belongs to."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs import CancelOutcome, JobState
from asyncjobs.errors import (
    AsyncJobsError,
    CancelUnconfirmed,
    CreateUncertain,
    JobCanceled,
    JobFailed,
    JobGone,
    NotFound,
    NotSupported,
    RateLimited,
    ServerError,
    TransportError,
)
from asyncjobs.exa import EXA
from asyncjobs.watercrawl import WATERCRAWL
from benchmarks._faults_truth import COMPOSED, TEXT, UNOWNED, whole

if TYPE_CHECKING:
    from asyncjobs import Job
    from asyncjobs.sandbox import Life, Sandbox

REF: Final = re.compile(r"\b(?:exa|watercrawl)\.[a-z_]+:[^\s;,'\"]+")
#: What each state of ours is in the services' words.
WORDS: Final = {
    JobState.COMPLETED: {"completed", "finished"},
    JobState.FAILED: {"failed"},
    JobState.CANCELED: {"canceled", "cancelled"},
    JobState.GONE: set[str](),
}
_STATES: Final = {
    CancelOutcome.CANCELED: {JobState.CANCELED},
    CancelOutcome.ALREADY_DONE: {JobState.COMPLETED, JobState.FAILED},
    CancelOutcome.GONE: {JobState.GONE},
}
#: Errors that say how the job ended.
_ENDS: Final = {JobFailed: JobState.FAILED, JobCanceled: JobState.CANCELED, JobGone: JobState.GONE}


@attrs.define(eq=False)
class Intent:
    """One logical create: what somebody on our side wanted to exist once; *text* is in what is sent."""

    text: str
    kind: str
    use: str
    # Drawn before it begins.
    life: Life | None = None
    owned: bool = False
    begun: bool = False
    told: set[str] = attrs.field(factory=set[str])
    # How often its outcome was called unknown.
    uncertain: int = 0


@attrs.define(eq=False)
class Book:
    """
    Everything that our side was told.

    *patience* is for how many seconds a transient failure must be retried before anybody hears of it. *sees_all* says
    that the ledger has every request that was sent: over sockets, one may be thrown away before the server has read it.
    """

    sandbox: Sandbox
    patience: float
    sees_all: bool = True
    # Containers, made in good weather, and the monitor of each.
    websets: list[str] = attrs.field(factory=list[str])
    monitors: dict[str, str] = attrs.field(factory=dict[str, str])
    # The texts of jobs that nobody sent, by their refs.
    runs: dict[str, str] = attrs.field(factory=dict[str, str])
    # What there is in a webset of somebody's own, by its ref.
    parts: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]])
    # By their texts: of some creates there are several which are alike to the letter.
    intents: dict[str, list[Intent]] = attrs.field(factory=dict[str, list[Intent]])
    # Jobs that the service was made to deny.
    forgotten: set[str] = attrs.field(factory=set[str])
    # Refs that somebody was told of elsewhere than in a return value: adopted, candidates, named in notes and logs.
    named: set[str] = attrs.field(factory=set[str])
    unconfirmed: set[str] = attrs.field(factory=set[str])
    uncertain: list[CreateUncertain] = attrs.field(factory=list[CreateUncertain])
    adopted: int = 0
    # How often somebody asked for a verb that the kind does not have.
    unable: int = 0
    # What showed the ends that somebody was told of.
    shown: Counter[str] = attrs.field(factory=Counter[str])
    typed: Counter[str] = attrs.field(factory=Counter[str])
    # One sentence for each case of a bad column.
    bad: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]])
    # What was said to be the end of a job, how, and the service's word at that time.
    claims: list[tuple[Intent, Job[Any], set[JobState], str, str]] = attrs.field(factory=list)
    _known: set[object] = attrs.field(factory=set[object])

    def blame(self, column: str, what: str) -> None:
        """Enter a case of a bad column."""
        self.bad.setdefault(column, []).append(f"[{asyncio.get_running_loop().time():.3f}] {what}")

    # What operations gave.

    def returned(self, intent: Intent, job: Job[Any]) -> None:
        """Enter that a create gave *job*."""
        intent.told.add(str(job.ref))

    def ended(self, intent: Intent, job: Job[Any], state: JobState, how: str) -> None:
        """Enter that somebody was told that *job* is in the final *state*."""
        self._check(intent, job, {state}, how)

    def cancelled(self, intent: Intent, job: Job[Any], outcome: CancelOutcome) -> None:
        """Enter the outcome of a confirmed cancel."""
        if outcome in _STATES:
            self._check(intent, job, _STATES[outcome], f"cancel: {outcome}")
        else:
            self.blame("wrong", f"{job.ref} ({intent.use}): a confirmed cancel gave {outcome}")

    def _check(self, intent: Intent, job: Job[Any], states: set[JobState], how: str) -> None:
        then = self.word(str(job.ref))
        self.claims.append((intent, job, states, how, then))
        if job.snapshot is not None:
            self.shown[job.snapshot.source] += 1
        if job.kind in UNOWNED and not job.done:
            self.blame("wrong", f"{job.ref} ({intent.use}) {how}, which nothing cancels and which is {then}")

    def word(self, ref: str) -> str:
        """Return the service's present word for a job, or what those for the jobs in a webset come to."""
        parts = self.parts.get(ref)
        return self.sandbox.status(ref) if parts is None else whole(map(self.sandbox.status, parts))

    def check_claims(self) -> None:
        """Blame those who said what is not so in the end, and know of no contradiction."""
        for intent, job, states, how, then in self.claims:
            word = self.word(str(job.ref))
            if JobState.GONE in states and str(job.ref) in self.forgotten:
                continue
            if job.contradiction is None and not any(word in WORDS[state] for state in states):
                self.blame("wrong", f"{job.ref} ({intent.use}) {how}; the service said {then}, and says {word}")

    def left(self, intent: Intent, job: Job[Any], error: BaseException | None) -> None:
        """Enter that the one owner of *job* has left its block because of *error*, and waited for the clean-up."""
        if not job.done and str(job.ref) not in self.unconfirmed:
            self.blame("deserted", f"{job.ref} ({intent.use}) was left {job.state} because of {error!r}")

    def failed(self, intents: list[Intent], what: str, error: BaseException, began: float) -> None:
        """Enter that an operation that *began* at that time raised *error*."""
        self.notes(error)
        name = type(error).__name__
        if isinstance(error, asyncio.CancelledError):
            return
        if not isinstance(error, AsyncJobsError):
            self.blame("untyped", f"{what} of {intents[0].text} ({intents[0].use}) raised {error!r}")
            return
        self.typed[name] += 1
        if error.ref is not None and "create" in what:
            # It came to be, and what else went wrong does not hide it.
            self.named.add(str(error.ref))
        took = asyncio.get_running_loop().time() - began
        if isinstance(error, CreateUncertain):
            self.unknown(error)
        elif isinstance(error, CancelUnconfirmed):
            self.unconfirmed.add(str(error.ref))
        elif isinstance(error, NotSupported):
            self.unsupported(error)
        elif isinstance(error, NotFound):
            # A handle that was made of an id has seen nothing: one look tells what one server knows, if it is behind.
            blind = what == "refresh" and error.snapshot is None and intents[0].kind in COMPOSED
            if str(error.ref) not in self.forgotten and not intents[0].told & self.forgotten and not blind:
                self.blame("wrong", f"{what} of {intents[0].text} ({intents[0].use}) raised {error}")
        elif isinstance(error, (RateLimited, ServerError, TransportError)) and took < self.patience:
            self.blame("impatient", f"{what} of {intents[0].text} ({intents[0].use}) raised {name} after {took:.1f} s")

    def unsupported(self, error: NotSupported) -> None:
        """Enter that there is no such verb, and blame whoever says so of a kind that has it."""
        self.unable += 1
        kind = next(kind for provider in (EXA, WATERCRAWL) for kind in provider.kinds if kind.name == error.kind)
        if getattr(kind, error.verb) is not None:
            self.blame("wrong", f"{error.kind} was said to have no {error.verb}")

    def end_of(self, error: BaseException) -> JobState | None:
        """Return the end of a job that *error* tells of."""
        return _ENDS.get(type(error))

    def unknown(self, error: CreateUncertain) -> None:
        """Enter a create whose outcome is unknown, once."""
        self.named.update(map(str, error.candidates))
        # Whoever hears of it, and wherever, has a copy.
        key = error.token or (error.kind, error.sent_at, json.dumps(error.sent, default=str))
        if key in self._known:
            return
        self._known.add(key)
        self.uncertain.append(error)
        # A webset may have it several times.
        for text in dict.fromkeys(TEXT.findall(json.dumps(error.sent, default=str))):
            min(self.intents[text], key=lambda intent: intent.uncertain).uncertain += 1

    def notes(self, error: BaseException) -> None:
        """Enter the jobs that the notes on *error* name as possibly running."""
        for note in getattr(error, "__notes__", ()):
            if "may still be running" in note:
                self.unconfirmed.update(REF.findall(note))
        if isinstance(error.__context__, CreateUncertain):
            self.unknown(error.__context__)
