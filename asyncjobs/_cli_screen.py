"""What a command writes and where: results to standard output, all else to standard error."""

from __future__ import annotations

import io
import json
import logging
import shlex
import sys
from typing import TYPE_CHECKING, Any

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from asyncjobs._board import clean, progress_text, state_text
from asyncjobs.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome

#: A service's whole error message fits; a page of HTML does not.
_LONGEST = 500


class _Stream(Console):
    """A console that says so when nobody reads it, rather than to end the process from whichever task writes."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - called while the BrokenPipeError is handled


def open_console(*, stderr: bool = False) -> Console:
    """Return a console for standard output or standard error: plain lines unless it is a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        # A terminal that cannot show a character gets another one.
        stream.reconfigure(errors="replace")
    # Whatever FORCE_COLOR says: escape sequences in a pipe are of use to nobody.
    return _Stream(stderr=stderr, force_terminal=None if stream.isatty() else False)


class Screen:
    """
    The two streams of a command.

    With *as_json*, standard output has one JSON object per job and nothing else; people then read standard error.
    """

    def __init__(self, *, as_json: bool, out: Console | None = None, err: Console | None = None) -> None:
        self.as_json: bool = as_json
        self.out: Console = out or open_console()
        self.err: Console = err or open_console(stderr=True)

    @property
    def people(self) -> Console:
        """Where progress is shown."""
        return self.err if self.as_json else self.out

    @property
    def drawn(self) -> bool:
        """Whether a live table can be shown: not where objects are written to the same terminal."""
        return self.people.is_terminal and not (self.as_json and self.out.is_terminal)

    def say(self, text: str) -> None:
        """Write a message of one line."""
        # Above a live table, if there is one, rather than into it.
        console = self.people if self.err.is_terminal and self.people.is_terminal else self.err
        console.print(Text(f"asyncjobs: {clean(text, _LONGEST)}"), soft_wrap=True)

    def say_left(self, jobs: Iterable[Job[Any]], why: str) -> None:
        """Say that these jobs go on, and which command ends them."""
        refs = [str(job.ref) for job in jobs]
        if refs:
            subject, them = (f"{len(refs)} jobs are", "them") if len(refs) > 1 else ("the job is", "it")
            self.say(f"{why}; {subject} left running and may cost money; this cancels {them}:")
            # Bare, so that it can be copied whole.
            self.err.print(Text(shlex.join(["asyncjobs", "cancel", *refs])), soft_wrap=True)
        else:
            self.say(why)

    def record(
        self, job: Job[Any], *, outcome: CancelOutcome | None = None, error: BaseException | None = None
    ) -> None:
        """Write the object of one job; only with ``--json``."""
        if self.as_json:
            # Escaped to ASCII: whatever a service wrote, a terminal stays as it is.
            self.out.file.write(json.dumps(as_dict(job, outcome=outcome, error=error)) + "\n")
            self.out.file.flush()

    def table(self, jobs: Sequence[Job[Any]]) -> None:
        """Write the jobs as they were last seen; nothing with ``--json``."""
        self._write(("kind", "id", "state", "its word", "progress", "reason"), [_seen(job) for job in jobs])

    def outcomes(self, outcomes: Mapping[Job[Any], CancelOutcome]) -> None:
        """Write how cancels ended; nothing with ``--json``."""
        rows = [
            (Text(job.kind), Text(_identity(job)), Text(outcome.value.replace("_", " ")), state_text(job.state))
            for job, outcome in outcomes.items()
        ]
        self._write(("kind", "id", "outcome", "state"), rows)

    def _write(self, header: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
        if self.as_json or not rows:
            return
        if self.out.is_terminal:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for name in header:
                # Nothing is cut off: an id is there to be copied.
                table.add_column(name, overflow="fold", no_wrap=name in _SHORT)
            for row in rows:
                table.add_row(*row)
            self.out.print(table)
            return
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.plain.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.out.print(Text(line.rstrip()), soft_wrap=True)


_SHORT = {"kind", "state", "outcome"}


def _identity(job: Job[Any]) -> str:
    return str(job.ref).removeprefix(f"{job.kind}:")


def _seen(job: Job[Any]) -> tuple[Text, ...]:
    snapshot = job.snapshot
    status, reason = (snapshot.status, snapshot.reason or "") if snapshot else ("", "")
    told = (clean(status), progress_text(job), clean(reason, _LONGEST))
    return Text(job.kind), Text(_identity(job)), state_text(job.state), *map(Text, told)


def as_dict(
    job: Job[Any], *, outcome: CancelOutcome | None = None, error: BaseException | None = None
) -> dict[str, Any]:
    """Return what ``--json`` tells of a job. The keys are always all there; what is not known is ``None``."""
    snapshot = job.snapshot
    return {
        "ref": str(job.ref),
        "kind": job.kind,
        "id": job.id,
        "state": job.state.value,
        "status": snapshot.status if snapshot else None,
        "progress": attrs.asdict(snapshot.progress) if snapshot and snapshot.progress else None,
        "reason": snapshot.reason if snapshot else None,
        "observed_at": snapshot.observed_at.isoformat() if snapshot else None,
        "outcome": None if outcome is None else outcome.value,
        "error": None if error is None else _error(error),
    }


def _error(error: BaseException) -> dict[str, Any]:
    status = error.status if isinstance(error, APIError) else None
    return {"type": type(error).__name__, "message": str(error), "http_status": status}


class Log(logging.Handler):
    """Shows the library's warnings as messages of the command."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.WARNING)
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        self._screen.say(record.getMessage())
