"""Each of these tests runs for every kind of job, unless it says for which."""

from __future__ import annotations

import peers_world
import pytest


@pytest.fixture(params=peers_world.KINDS)
def kind(request):
    """Return the name of a kind."""
    return request.param
