"""Reads the library's log into the book of a campaign."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from asyncjobs.errors import CreateUncertain
from benchmarks._faults_book import REF

if TYPE_CHECKING:
    from benchmarks._faults_book import Book


class Listener(logging.Handler):
    """Reads the library's log into a book."""

    def __init__(self, book: Book) -> None:
        super().__init__(logging.WARNING)
        self._book = book

    def emit(self, record: logging.LogRecord) -> None:
        """Take in one record."""
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, CreateUncertain):
            self._book.unknown(error)
        elif "may still be running" in message:
            self._book.unconfirmed.update(REF.findall(message))
        elif "was created after its caller" in message:
            self._book.named.update(REF.findall(message))
        elif "unforeseen" in message or "watcher failed" in message:
            self._book.blame("untyped", f"log: {message} {error!r}")

    def __enter__(self) -> Self:
        logger = logging.getLogger("asyncjobs")
        logger.addHandler(self)
        self._propagated, logger.propagate = logger.propagate, False
        return self

    def __exit__(self, *_: object) -> None:
        logger = logging.getLogger("asyncjobs")
        logger.removeHandler(self)
        logger.propagate = self._propagated
