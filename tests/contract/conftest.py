"""Each test of the contract runs for every kind of job, unless it says for which."""

from __future__ import annotations

import contract_world
import pytest


@pytest.fixture(params=contract_world.KINDS)
def kind(request):
    """Return the name of a kind."""
    return request.param
