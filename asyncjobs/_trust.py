"""From which jobs news is expected to come by itself, so that they need not be looked at: counted, without a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncjobs._refs import JobRef


class Trust:
    """
    The kinds and the single jobs whose news somebody feeds to a client.

    A slow look at each stays, every *backstop* seconds. A kind loses its trust when a look finds an end of which
    nothing was told, and nothing at all was told of the kind for another *backstop* seconds; the next push restores
    it.
    """

    def __init__(self, backstop: float) -> None:
        self._backstop = backstop
        self._expected: dict[str | JobRef, int] = {}
        #: Since when ends are found of which nothing was told, by kind.
        self._missed: dict[str, float] = {}

    def __bool__(self) -> bool:
        """Whether any news is expected."""
        return bool(self._expected)

    def expect(self, whose: str | JobRef) -> None:
        """Count one more who feeds the news of a kind (by its name) or of one job."""
        self._expected[whose] = self._expected.get(whose, 0) + 1

    def release(self, whose: str | JobRef) -> bool:
        """Count one fewer; return whether that was the last one."""
        left = self._expected.get(whose, 0) - 1
        if left > 0:
            self._expected[whose] = left
            return False
        self._expected.pop(whose, None)
        if isinstance(whose, str):
            self._missed.pop(whose, None)
        return True

    def told(self, kind: str) -> None:
        """Take in that a push about a job of this *kind* came."""
        self._missed.pop(kind, None)

    def missed(self, kind: str, now: float) -> None:
        """Take in that a look found the end of a job of this *kind*."""
        if kind in self._expected:
            self._missed.setdefault(kind, now)

    def backstop(self, ref: JobRef, now: float, *, followed: bool = False) -> float | None:
        """
        Return the seconds between two looks at a job whose news comes by itself, ``None`` if it does not.

        Of a kind only the ends are sure to be told, which is not enough for a job that is *followed*.
        """
        if not self._expected:
            return None
        if ref in self._expected:
            return self._backstop
        if followed or ref.kind not in self._expected:
            return None
        missed = self._missed.get(ref.kind)
        return self._backstop if missed is None or now < missed + self._backstop else None
