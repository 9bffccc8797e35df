"""Importing what only the `dev` extra installs."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import Any

import pytest


def needed(name: str) -> Any:
    """Return the module *name*, or skip the tests of whoever asks; where the extra is installed, they may not skip."""
    with warnings.catch_warnings():
        # What a module warns of while it is imported is its own.
        warnings.simplefilter("ignore")
        if importlib.util.find_spec("mypy") is not None:
            # This comes with the extra, so the module must be there, too: its absence is an error.
            return importlib.import_module(name)
        return pytest.importorskip(name, reason=f"{name} is not installed; the `dev` extra has it")
