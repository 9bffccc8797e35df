"""
``asyncjobs demo``: 64 jobs of four kinds on two services, through the same few verbs.

:func:`work` is what an application would write. The rest prepares the local double of the services, scripts how some
of the jobs live, and tells what happened.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import attrs
from rich.table import Table
from rich.text import Text

from asyncjobs._board import Board, clean
from asyncjobs._models import CancelOutcome
from asyncjobs.errors import JobError
from asyncjobs.exa import Exa
from asyncjobs.sandbox import Life, Sandbox
from asyncjobs.watercrawl import WaterCrawl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console

    from asyncjobs._job import Job

TOPICS: Final = tuple(f"topic {number}" for number in range(16))


async def work(exa: Exa, watercrawl: WaterCrawl, show: Callable[[Iterable[Job[Any]]], None]) -> Story:
    """Start four jobs for each topic; then want those of one half of the topics, and stop paying for the others."""
    webset = await exa.websets.create()

    async def start(topic: str) -> Sequence[Job[Any]]:
        return await asyncio.gather(
            exa.websets.searches.create(webset.id, query=topic, count=5),
            exa.websets.enrichments.create(webset.id, description=topic),
            exa.agent.runs.create(query=topic),
            watercrawl.searches.create(topic),
        )

    batches = await asyncio.gather(*(start(topic) for topic in TOPICS))
    show(chain.from_iterable(batches))
    wanted = [job for batch in batches[::2] for job in batch]
    unwanted = [job for batch in batches[1::2] for job in batch]

    # With `return_exceptions=True` a job that fails does not hide the results of the others.
    results = asyncio.gather(*wanted, return_exceptions=True)

    await asyncio.sleep(2.0)
    # Nobody waits for these, so nobody has looked at them since they were created.
    before = await asyncio.gather(*(job.refresh() for job in unwanted))
    outcomes = await asyncio.gather(*(job.cancel() for job in unwanted))
    return Story(wanted, await results, unwanted, [snapshot.status for snapshot in before], outcomes)


@attrs.frozen
class Story:
    """
    What came of the jobs.

    *results* has the result of each wanted job, or the exception that says why there is none; *words* what the service
    said of each unwanted one just before its cancel, *outcomes* how the cancel ended.
    """

    wanted: Sequence[Job[Any]]
    results: Sequence[Any]
    unwanted: Sequence[Job[Any]]
    words: Sequence[str]
    outcomes: Sequence[CancelOutcome]


def write_lives(sandbox: Sandbox) -> None:
    """Let some jobs live otherwise than the ordinary: even topics are wanted, odd ones are cancelled after 2 s."""
    lives = {
        ("exa.search", 2): Life([(0, "created"), (1, "running"), (5, "canceled")]),
        ("exa.search", 4): Life.ordinary("exa.search", works=2.0),
        ("exa.enrichment", 1): Life.ordinary("exa.enrichment", works=1.0),
        ("exa.enrichment", 4): Life.ordinary("exa.enrichment", works=6.0),
        ("exa.agent_run", 3): Life.ordinary("exa.agent_run", waits=None),
        ("exa.agent_run", 4): Life.ordinary("exa.agent_run", works=1.5, ends="failed"),
        # Cancelled for a moment, then finished after all: a race that WaterCrawl is known to lose, stretched.
        ("watercrawl.search", 1): Life(
            [(0, "new"), (0.5, "running"), (30, "finished")], after_cancel=[(0, "canceled"), (0.3, "finished")]
        ),
        # WaterCrawl refuses to cancel what is not running yet.
        ("watercrawl.search", 3): Life.ordinary("watercrawl.search", waits=6.0, works=30.0),
        ("watercrawl.search", 6): Life.ordinary("watercrawl.search", waits=0.5, works=2.0, ends="failed"),
    }
    for (kind, number), life in lives.items():
        sandbox.script(kind, life, when=partial(_is_about, TOPICS[number : number + 1]))
    for kind in ("exa.search", "exa.enrichment", "exa.agent_run", "watercrawl.search"):
        # What is cancelled would have gone on for long.
        life = Life.ordinary(kind, waits=0.3, works=30.0)
        sandbox.script(kind, life, times=None, when=partial(_is_about, TOPICS[1::2]))


def _is_about(topics: Sequence[str], body: dict[str, Any]) -> bool:
    return body.get("query", body.get("description")) in topics


async def run(console: Console) -> int:
    """Run the demo on *console* and return the exit code: 1 if a job was left running at a service."""
    async with Sandbox(seed=4) as sandbox:
        write_lives(sandbox)
        console.print(Text(f"{4 * len(TOPICS)} jobs at {sandbox.url}: one half awaited, the other cancelled"))
        async with (
            Exa("any key", base_url=sandbox.url) as exa,
            WaterCrawl("any key", base_url=sandbox.url) as watercrawl,
            Board(console) as board,
        ):
            story = await work(exa, watercrawl, board.show)
        for table in (outcome_table(story), encounter_table(story), request_table(sandbox)):
            console.print()
            console.print(table)
        active = len(sandbox.ledger.active())
        console.print(Text(f"\n{active or 'No'} jobs were left running at the services."))
        return 1 if active else 0


def outcome_table(story: Story) -> Table:
    """Return how the jobs ended: what awaiting gave, and what cancelling gave."""
    ends: Counter[tuple[str, str]] = Counter()
    for job, result in zip(story.wanted, story.results, strict=True):
        ends[job.kind, type(result).__name__ if isinstance(result, Exception) else "result"] += 1
    for job, outcome in zip(story.unwanted, story.outcomes, strict=True):
        ends[job.kind, outcome.name] += 1
    columns = ["result", "JobFailed", "JobCanceled", *(outcome.name for outcome in CancelOutcome)]
    return _counts("Outcomes: of awaiting | of cancelling", ends, columns)


def encounter_table(story: Story) -> Table:
    """Return the jobs that did not simply complete or get cancelled."""
    table = Table(title="Met on the way", title_justify="left", box=None, pad_edge=False, show_header=False)
    for what, job in _encounters(story):
        table.add_row(Text(what), Text(clean(job.kind), no_wrap=True), Text(clean(job.id, 26)))
    return table


def _encounters(story: Story) -> Iterator[tuple[str, Job[Any]]]:
    for job, result in zip(story.wanted, story.results, strict=True):
        if isinstance(result, JobError):
            yield f"awaited, and {job.state}", job
    for job, word, outcome in zip(story.unwanted, story.words, story.outcomes, strict=True):
        if outcome is CancelOutcome.ALREADY_DONE:
            yield f"{job.state} {'while being' if job.requested_by_us else 'before being'} cancelled", job
        elif word == "new":
            yield "cancelled while still new", job


def request_table(sandbox: Sandbox) -> Table:
    """Return how often the service was asked for what."""
    asked = {(kind, verb): number for kind, row in sandbox.ledger.table().items() for verb, number in row.items()}
    return _counts("Requests", Counter(asked), ["create", "look", "result", "cancel"])


def _counts(title: str, counts: Counter[tuple[str, str]], columns: Iterable[str]) -> Table:
    """Return numbers by kind and by those of the *columns* that occur, and by any other column at the end."""
    found = dict.fromkeys(column for _, column in counts)
    shown = [column for column in dict.fromkeys([*columns, *found]) if column in found]
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("kind")
    for column in shown:
        table.add_column(Text(column), justify="right")
    for kind in dict.fromkeys(kind for kind, _ in counts):
        table.add_row(Text(kind), *(str(counts[kind, column] or "·") for column in shown))
    return table
