"""Tasks that go from one piece of work to the next."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

from asyncjobs._runners import Runners
from asyncjobs._tasks import Tasks


class Piece:
    """Work that does *steps* steps, then calls *last*; *ended* says how."""

    def __init__(self, steps=1, last=None):
        self.active = True
        self.steps = steps
        self.last = last
        self.task = None
        self.ended = None

    async def run(self, task):
        self.task = task
        assert task is asyncio.current_task()
        try:
            for _ in range(self.steps):
                await asyncio.sleep(1)
            if self.last is not None:
                self.last()
            self.ended = "done"
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise


async def test_work_that_ends_hands_its_task_to_the_next():
    """Whatever is taken in the last step of one piece runs in the same task, one for a chain of any length."""
    tasks = Tasks()
    runners = Runners(tasks, "pieces")
    chain = [Piece() for _ in range(50)]
    for piece, following in itertools.pairwise(chain):
        piece.last = lambda following=following: runners.take(following)
    runners.take(chain[0])
    await asyncio.sleep(60)
    assert [piece.ended for piece in chain] == ["done"] * 50
    assert len({piece.task for piece in chain}) == 1
    assert len(tasks) == 0


async def test_pieces_that_are_taken_together_run_side_by_side():
    """Nobody waits for another one's end: a thousand pieces of a second take a second."""
    runners = Runners(Tasks(), "pieces")
    pieces = [Piece() for _ in range(1000)]
    for piece in pieces:
        runners.take(piece)
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(1.5)
    assert {piece.ended for piece in pieces} == {"done"}
    assert asyncio.get_running_loop().time() - began == 1.5


async def test_more_than_one_that_becomes_ready_at_once_runs_at_once():
    """One goes on in the task that ends, the others get tasks of their own in the same turn."""
    runners = Runners(Tasks(), "pieces")
    following = [Piece() for _ in range(3)]
    runners.take(Piece(last=lambda: [runners.take(piece) for piece in following]))
    await asyncio.sleep(2.5)
    assert [piece.ended for piece in following] == ["done"] * 3


async def test_who_cancels_one_piece_cancels_no_other():
    """The piece that is struck ends, and those that run or wait beside it do not hear of it."""
    runners = Runners(Tasks(), "pieces")
    struck, beside, waiting = Piece(5), Piece(5), Piece(1)
    runners.take(struck)
    runners.take(beside)
    await asyncio.sleep(2)
    struck.task.cancel()
    runners.take(waiting)
    await asyncio.sleep(10)
    assert (struck.ended, beside.ended, waiting.ended) == ("cancelled", "done", "done")


async def test_a_cancel_that_comes_too_late_for_one_piece_does_not_strike_the_next():
    """A piece may be told to stop in its very last step, when it waits for nothing any more."""
    runners = Runners(Tasks(), "pieces")
    following = Piece()
    first = Piece()

    def last():
        runners.take(following)
        first.task.cancel()

    first.last = last
    runners.take(first)
    await asyncio.sleep(5)
    assert (first.ended, following.ended) == ("done", "done")
    assert following.task is not first.task


async def test_only_a_few_begin_in_one_turn(monkeypatch):
    """However many could, whether they are taken together or where others end: the event loop is for others, too."""
    runners = Runners(Tasks(), "pieces")
    turn, begun = 0, []
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: turn / 200)
    left = 200

    def follow():
        nonlocal left
        begun.append(turn)
        left -= 1
        if left > 0:
            runners.take(Piece(0, follow))

    for _ in range(50):
        runners.take(Piece(0, follow))
    while len(begun) < 249:
        turn += 1
        await asyncio.sleep(0)
    assert max(begun.count(each) for each in begun) <= 12
    assert turn >= 249 / 6


async def test_long_turns_hold_up_no_batch(monkeypatch):
    """Where others keep the event loop busy for a tenth of a second at a time, fifty and more begin in each turn."""
    runners = Runners(Tasks(), "pieces")
    turn, begun = 0, []
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: turn / 10)
    for _ in range(250):
        runners.take(Piece(0, lambda: begun.append(turn)))
    while len(begun) < 250:
        turn += 1
        await asyncio.sleep(0)
    assert len(set(begun)) <= 5


async def test_what_was_given_up_holds_nothing_up():
    """It takes no task and nobody's turn, however much of it there is."""
    tasks = Tasks()
    runners = Runners(tasks, "pieces")
    given_up, wanted = [Piece() for _ in range(1000)], Piece()
    for piece in (*given_up, wanted):
        runners.take(piece)
    for piece in given_up:
        piece.active = False
    await asyncio.sleep(0)
    assert len(tasks) == 1
    await asyncio.sleep(5)
    assert wanted.ended == "done"
    assert not any(piece.task for piece in given_up)


class Eager(Tasks):
    """Starts tasks as eager ones are: their first step is done at once."""

    def start(self, work, name):
        with contextlib.suppress(StopIteration):
            work.send(None)


async def test_tasks_that_begin_at_once_are_no_matter(monkeypatch):
    """With ``asyncio.eager_task_factory`` a piece may be over before the call that starts it returns."""
    own = asyncio.current_task()
    monkeypatch.setattr(asyncio, "current_task", lambda _loop=None: own)
    runners = Runners(Eager(), "pieces")
    pieces = [Piece(0) for _ in range(20)]
    for piece in pieces:
        runners.take(piece)
    await asyncio.sleep(1)
    late = Piece(0)
    runners.take(late)
    await asyncio.sleep(1)
    assert {piece.ended for piece in (*pieces, late)} == {"done"}
