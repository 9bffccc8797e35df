"""The drill is a benchmark, too: it is found at the root, behind whatever is installed."""

from __future__ import annotations

import pathlib
import random
import sys

import pytest

_ROOT = str(pathlib.Path(__file__).parents[2])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)


@pytest.fixture(autouse=True)
def _loaded_dice():
    """Jitter is chance: each test sees the same."""
    random.seed(0)
