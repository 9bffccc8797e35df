"""The table of what went wrong elsewhere is whole, and what it names exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from peers_rows import EDGE_CASES, MEASURED

TESTS = Path(__file__).parent.parent
ROWS = [*EDGE_CASES.items(), *MEASURED.items()]
NODES = sorted({node for _, covered in ROWS if isinstance(covered, tuple) for node in covered})


def names_in(path):
    """Return the names of the tests of a module."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions))
    return {name for name in found if name.startswith("test_")}


def test_no_row_is_missing():
    """There were 29 edge cases and 25 measurements; two are about what no client can have."""
    assert (len(EDGE_CASES), len(MEASURED)) == (29, 25)
    assert sum(isinstance(covered, str) for _, covered in ROWS) == 2


@pytest.mark.parametrize(("row", "covered"), ROWS, ids=[row for row, _ in ROWS])
def test_a_row_has_tests_or_a_reason(row, covered):
    """Not both, and not neither."""
    assert covered
    assert isinstance(covered, (str, tuple))


@pytest.mark.parametrize("node", NODES)
def test_a_test_that_is_named_exists(node):
    """Whoever renames or moves a test finds its row here."""
    path, name = node.split("::")
    assert name in names_in(TESTS / path)


def test_each_test_of_a_peers_failure_belongs_to_a_row():
    """What stands beside this table stands in it."""
    here = Path(__file__)
    own = {
        f"peers/{path.name}::{name}"
        for path in here.parent.glob("test_*.py")
        if path != here
        for name in names_in(path)
    }
    assert own - set(NODES) == set()
