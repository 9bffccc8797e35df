"""What our side believes, held against what the service's ledger says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from benchmarks._faults_truth import TEXT, WEBSET, rows_of, text_of

if TYPE_CHECKING:
    from asyncjobs.sandbox import JobRow, Sandbox
    from benchmarks._faults_book import Book, Intent
    from benchmarks._faults_truth import Row

#: Each of them must be zero; `benchmarks.faults` says what they mean.
BAD: Final = (
    "doubled",
    "lost",
    "unnamed",
    "orphaned",
    "deserted",
    "hung",
    "wrong",
    "needless",
    "impatient",
    "untyped",
    "tasks",
    "connections",
)
#: Those that are allowed and counted.
TOLD: Final = ("jobs", "created", "requests", "struck", "uncertain", "found", "unconfirmed", "adopted", "unable")


@attrs.define
class Result:
    """What one run found, or several together."""

    counts: Counter[str] = attrs.field(factory=Counter[str])
    faults: Counter[str] = attrs.field(factory=Counter[str])
    errors: Counter[str] = attrs.field(factory=Counter[str])
    shown: Counter[str] = attrs.field(factory=Counter[str])
    cases: list[str] = attrs.field(factory=list[str])

    @property
    def ok(self) -> bool:
        """Whether all bad columns are zero."""
        return not any(self.counts[column] for column in BAD)

    def add(self, other: Result, name: str) -> None:
        """Take in the result of one more run called *name*."""
        self.counts += other.counts
        self.faults += other.faults
        self.errors += other.errors
        self.shown += other.shown
        self.cases += [f"{name} {case}" for case in other.cases]


def audit(book: Book, sandbox: Sandbox, at_close: set[str], found: int) -> Result:
    """Compare; *at_close* are the jobs that were active when the clients had closed, *found* is a count."""
    rows: dict[str, list[JobRow]] = {}
    for row in sandbox.ledger.created():
        rows.setdefault(book.runs.get(row.ref) or text_of(row.body), []).append(row)
    # What the service denies nobody can be told of.
    known = book.unconfirmed | book.named | book.forgotten
    for text, intents in book.intents.items():
        _judge(book, intents, rows_of(intents[0].kind, rows.pop(text, [])), at_close, known)
    for row in (row for left in rows.values() for row in left):
        book.blame("wrong", f"{row.ref} was wanted by nobody")
    book.check_claims()
    _look_for_needless(book, sandbox)
    for asked in sandbox.ledger.requests:
        if asked.verb == "unknown":
            book.blame("wrong", f"{asked.method} {asked.path} is nothing that the service knows")
    faults = Counter(
        (f"{row.status}" if row.fault == "answer" else row.fault) for row in sandbox.ledger.requests if row.fault
    )
    faults["refused"] = sandbox.refused
    counts = Counter({column: len(cases) for column, cases in book.bad.items()})
    counts["jobs"] = sum(intent.begun for intents in book.intents.values() for intent in intents)
    counts["created"] = sandbox.ledger.billed()
    counts["requests"] = len(sandbox.ledger.requests) + sandbox.refused
    counts["struck"] = faults.total()
    counts["uncertain"], counts["found"] = len(book.uncertain), found
    counts["unconfirmed"], counts["adopted"] = len(book.unconfirmed), book.adopted
    counts["unable"] = book.unable
    cases = [f"{column}: {case}" for column in BAD for case in book.bad.get(column, ())]
    return Result(counts, faults, book.typed, book.shown, cases)


def _judge(book: Book, intents: list[Intent], rows: list[Row], at_close: set[str], known: set[str]) -> None:
    """Judge what became of creates which are alike, of which the service has these jobs."""
    here, who = {row.ref for row in rows}, f"{intents[0].text} ({intents[0].use})"
    begun = sum(intent.begun for intent in intents)
    # The name of a webset that somebody deletes is free again: a request that was late or sent again makes another.
    freed = {row.ref for row in rows if row.ref in book.forgotten and intents[0].kind == WEBSET}
    if len(here - freed) > begun:
        book.blame("doubled", f"{begun} of {who} are {', '.join(sorted(here))}")
    given = Counter(ref for intent in intents for ref in intent.told)
    for ref in given.keys() - here:
        book.blame("wrong", f"{who} was given {ref}, which is another's")
    for ref, count in given.items():
        if count > 1:
            book.blame("wrong", f"{ref} was given to {count} of {who}")
    owned, uncertain = any(intent.owned for intent in intents), any(intent.uncertain for intent in intents)
    for row in rows:
        reported = row.ref in known or row.parts <= known or bool(freed)
        active = not row.ended or bool(row.parts & at_close)
        if owned and active and not reported and not uncertain:
            book.blame("orphaned", f"{row.ref} of {who} was owned, and is {row.status}")
        elif not reported and row.ref not in given and not (owned and row.ended):
            book.blame("unnamed" if uncertain else "lost", f"{row.ref} of {who} is {row.status}")


def _look_for_needless(book: Book, sandbox: Sandbox) -> None:
    """Blame what was called uncertain although no request for it arrived that was not turned away with a 429."""
    arrived: Counter[str] = Counter()
    for row in sandbox.ledger.requests:
        if row.verb == "create" and row.status != 429:
            # A webset is one create of several jobs.
            arrived.update(TEXT.findall(row.body.decode(errors="replace")))
    for text, (intent, *_) in book.intents.items():
        if book.sees_all and intent.uncertain and not arrived[text]:
            book.blame("needless", f"{text} ({intent.use}) was called uncertain and never began")
