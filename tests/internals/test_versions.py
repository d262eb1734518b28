"""Each file of analytics/internals/ states the installed version of its package."""

import ast
import re
from importlib.metadata import version
from pathlib import Path

import pytest

INTERNALS = Path(__file__).parents[2] / "analytics" / "internals"
FILES = sorted(path for path in INTERNALS.glob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_was_verified_with_the_installed_version(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    (sentence,) = re.findall(r"Verified with (.+?)\. The service relies on these:", " ".join(docstring.split()))
    for name, verified in (package.split() for package in sentence.split(" and ")):
        assert version(name) == verified, (
            f"analytics/internals/{path.name} was verified with {name} {verified}, but {version(name)} is installed. "
            f"Compare what the file relies on with the changes in {name}, then state {version(name)} in its docstring."
        )


def test_each_file_has_tests() -> None:
    assert all((Path(__file__).parent / f"test_{path.name}").is_file() for path in FILES)
