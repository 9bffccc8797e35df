"""What other users of the account do to jobs in a campaign."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from asyncjobs.errors import AsyncJobsError
from benchmarks._faults_truth import AGENT, IMPORT, WEBSET, text_of

if TYPE_CHECKING:
    import random

    from asyncjobs import Exa
    from asyncjobs.sandbox import Sandbox
    from benchmarks._faults_book import Book
    from benchmarks._faults_clients import Setup


async def meddle(sandbox: Sandbox, book: Book, exa: Exa, rng: random.Random, setup: Setup) -> None:
    """End jobs and let the service forget jobs, until cancelled."""
    while setup.rate:
        await asyncio.sleep(rng.expovariate(1 / 3.0) / setup.speed)
        # An import waits for its rows as it waits to be read: it is left alone until it is read.
        active = [row for row in sandbox.ledger.active() if row.kind != IMPORT or row.status == "processing"]
        rows = [(row, text) for row in active if (text := book.runs.get(row.ref) or text_of(row.body)) in book.intents]
        if not rows:
            continue
        row, text = rng.choice(rows)
        if rng.random() < 0.5:
            sandbox.end(row.ref, "cancelled" if row.kind == AGENT else "canceled")
        elif book.intents[text][0].kind == WEBSET:
            await _delete_webset(row.ids[0], sandbox, book, exa)
        else:
            book.forgotten.add(row.ref)
            sandbox.forget(row.ref, gone=rng.random() < 0.5)


async def _delete_webset(home: str, sandbox: Sandbox, book: Book, exa: Exa) -> None:
    """Delete it with all that is in it: what is left of a webset without its work, nobody can tell from a new one."""
    book.forgotten.add(f"{WEBSET}:{home}")
    book.forgotten.update(row.ref for row in sandbox.ledger.created() if row.ids[0] == home)
    with contextlib.suppress(AsyncJobsError):
        await exa.websets.delete(home)
