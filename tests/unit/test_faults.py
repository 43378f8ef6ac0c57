"""`docs/faults.md` names the test that shows what happens after a fault; here: that there is such a test."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (?!fault \|)(?!---)(.+?) \| .+ \| (.+?) \|$", (ROOT / "docs" / "faults.md").read_text(), re.M)


def names(path: Path) -> set[str]:
    """Of all tests in a file."""
    text = path.read_text()
    if path.suffix != ".py":
        return set(re.findall(r'^\s*test\("([^"]+)"', text, re.M))
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(text).body if isinstance(node, defined) and node.name.startswith("test_")}


@pytest.mark.parametrize(("fault", "shown_by"), ROWS, ids=[fault for fault, _ in ROWS])
def test_what_happens_after_a_fault_is_shown_by_a_test(fault: str, shown_by: str) -> None:
    tests = re.findall(r"`([^`:]+)::([^`]+)`", shown_by)
    assert tests, "no test is named"
    for path, name in tests:
        assert (ROOT / path).is_file(), path
        assert name in names(ROOT / path), f"{path} has no {name}"


def test_every_table_was_read() -> None:
    assert len(ROWS) > 40
