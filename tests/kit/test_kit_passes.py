"""The contract as a kit passes for our kinds, and for two made-up ones."""

from __future__ import annotations

import pytest
from kit_services import SERVICES

from asyncjobs.testing import contract

CASES = [(service.kind.name, case) for service in SERVICES for case in contract(service)]


@pytest.mark.parametrize(("kind", "case"), CASES, ids=str)
def test_a_good_kind_keeps_the_contract(kind, case):
    """Every sentence that applies holds."""
    case()
