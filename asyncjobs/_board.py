"""Jobs on a terminal: one table that is drawn anew, or one line for each change where there is no terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import attrs
from rich.live import Live
from rich.table import Table
from rich.text import Text

from asyncjobs._states import JobState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from rich.console import Console

    from asyncjobs._job import Job

_STYLES: Final = {
    JobState.RUNNING: "cyan",
    JobState.CANCELING: "magenta",
    JobState.COMPLETED: "green",
    JobState.FAILED: "bold red",
    JobState.CANCELED: "yellow",
    JobState.GONE: "red",
}
# Seconds between two looks at the handles; they are looks at memory, nothing is sent.
_TICK: Final = 0.2
# Lines of a drawn table that are no jobs: the title, the header with its rule, the line of sums.
_FRAME: Final = 5


def clean(text: object, width: int = 80) -> str:
    """Return *text* fit for a terminal: services write what they like, and escape sequences are not ours to pass on."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def progress_text(job: Job[Any]) -> str:
    """Return how far *job* was when last seen, in words; empty for kinds that do not tell."""
    progress = job.progress
    if progress is None:
        return ""
    parts = {
        "%": progress.percent,
        "found": progress.found,
        "analyzed": progress.analyzed,
        "s left": None if job.done else progress.time_left,
    }
    return ", ".join(f"{_figure(value)} {unit}" for unit, value in parts.items() if value is not None)


def _figure(value: float) -> str:
    # A service can send 1e308, which has 309 digits.
    return f"{value:.0f}" if abs(value) < 1e9 else f"{value:.2g}"  # noqa: PLR2004


def state_text(state: JobState) -> Text:
    """Return a state in its colour."""
    return Text(state.value, style=_STYLES.get(state, ""))


@attrs.define(eq=False)
class Row:
    """One job and what was last shown of it; *since* is when it was first shown, an aware UTC time."""

    job: Job[Any]
    since: datetime
    shown: JobState | None = None

    @property
    def elapsed(self) -> str:
        """Seconds from the first sight of the job to its end, or until now."""
        snapshot = self.job.snapshot
        until = snapshot.observed_at if snapshot is not None and self.job.done else datetime.now(UTC)
        return f"{max(0.0, (until - self.since).total_seconds()):.1f} s"

    @property
    def progress(self) -> str:
        """How far the job is; empty for kinds that do not tell."""
        progress = self.job.progress
        return "" if progress is None or progress.percent is None else f"{_figure(progress.percent)} %"


class Board:
    """
    Shows jobs while they live: ``async with Board(console) as board: board.show(jobs)``.

    It reads the handles and asks no service, so a job moves only while somebody waits for it. Without *final*
    nothing is left on a terminal at the end; *drawn* is false where a table would be written into. If nobody reads
    what it writes, the block is left with that ``OSError``.
    """

    def __init__(self, console: Console, *, final: bool = True, drawn: bool = True) -> None:
        self._console = console
        self._final = final
        self._rows: list[Row] = []
        self._began = asyncio.get_running_loop().time()
        drawn = drawn and console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False, transient=True) if drawn else None
        self._task: asyncio.Task[None] | None = None
        self._owner: asyncio.Task[Any] | None = None

    def show(self, jobs: Iterable[Job[Any]]) -> None:
        """Show these jobs too."""
        now = datetime.now(UTC)
        self._rows.extend(Row(job, now) for job in jobs)

    async def __aenter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        self._owner = asyncio.current_task()
        self._task = asyncio.create_task(self._draw_on())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._live is None:
            self._draw()
            return
        self._live.stop()
        if self._final:
            self._console.print(self.table())

    async def _draw_on(self) -> None:
        try:
            while True:
                self._draw()
                await asyncio.sleep(_TICK)
        except OSError:
            # Nobody reads on: `asyncjobs wait … | head -1` is over then.
            if self._owner is not None:
                self._owner.cancel()
            raise

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self.table(height=self._console.height), refresh=True)
            return
        for row in self._rows:
            # Of a job that was never looked at there is nothing to tell.
            seen = row.job.state if row.job.snapshot is not None or row.job.requested_by_us else None
            if row.shown is not seen:
                row.shown = seen
                self._console.print(self._line(row), soft_wrap=True, highlight=False)

    def _line(self, row: Row) -> Text:
        clock = asyncio.get_running_loop().time() - self._began
        reason = row.job.snapshot.reason if row.job.done and row.job.snapshot is not None else None
        told = f"{row.progress}  {clean(reason)}" if reason else row.progress
        text = f"{clock:5.1f} s  {row.job.kind:<17}  {clean(row.job.id, 36):<36}  {row.job.state:<9}  {told}"
        return Text(text.rstrip())

    def table(self, *, height: int | None = None) -> Table:
        """
        Return the jobs as a table.

        *height* is in lines: what does not fit is left out, the jobs that ended earliest first. ``None`` shows all.
        """
        rows = self._rows
        room = len(rows) if height is None else max(1, height - _FRAME)
        if len(rows) > room:
            # Sorting is stable: live jobs keep their places, ended ones follow, the latest end first.
            ended = [row for row in rows if row.job.done]
            ended.sort(key=lambda row: row.job.snapshot.observed_at if row.job.snapshot else row.since, reverse=True)
            rows = [*(row for row in rows if not row.job.done), *ended][:room]
        # Fixed widths with the gaps in them: measuring and padding each cell would double the cost of a drawing.
        kind = max((len(row.job.kind) for row in rows), default=4) + 2
        others = (kind, 9, 9, 9)
        identity = min(38, max(8, self._console.width - sum(others)))
        table = Table(box=None, padding=0, header_style="bold", caption=self._sums(), caption_justify="left")
        table.add_column("kind", width=kind, no_wrap=True)
        table.add_column("id", width=identity, no_wrap=True)
        table.add_column("state", width=9, no_wrap=True)
        table.add_column("progress", width=9, no_wrap=True, justify="right")
        table.add_column("elapsed", width=9, no_wrap=True, justify="right")
        for row in rows:
            # Text, not str: rich reads markup in strings.
            shown = Text(clean(row.job.id, identity - 2))
            table.add_row(Text(row.job.kind), shown, state_text(row.job.state), row.progress, row.elapsed)
        return table

    def _sums(self) -> Text:
        sums = Counter(row.job.state for row in self._rows)
        parts = [f"{sums[state]} {state.value}" for state in JobState if sums[state]]
        many = "1 job" if len(self._rows) == 1 else f"{len(self._rows)} jobs"
        return Text(f"{many}: {', '.join(parts)}" if parts else "no jobs yet")
