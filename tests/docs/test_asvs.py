"""docs/security/asvs.md: each row names an existing test or gives a reason why there is none."""

import ast
import re

import pytest

from tests.docs.pages import DOCS
from tests.server import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DOCS / "security" / "asvs.md").read_text().splitlines()
    if re.match(r"\| \d", line)
]


def test_there_are_rows() -> None:
    assert len(ROWS) > 60
    assert all(len(row) == 4 for row in ROWS)
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_names_a_test_or_a_reason(row: list[str]) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[3])
    assert tests or re.match(r"does not apply|\*\*not met\*\*", row[3])
    for path, name in tests:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, (path, name)
