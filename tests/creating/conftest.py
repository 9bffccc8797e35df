"""Each of these tests runs for every kind of job, unless it says for which."""

from __future__ import annotations

import creating_world
import pytest


@pytest.fixture(params=creating_world.KINDS)
def kind(request):
    """Return the name of a kind."""
    return request.param


@pytest.fixture(params=creating_world.TOKENED)
def tokened(request):
    """Return the name of a kind whose service keeps data for its callers."""
    return request.param
