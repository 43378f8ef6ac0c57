"""The import tables of CONTRIBUTING.md, enforced: this test reads them from there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "images_app"
BASE = ("ids", "errors", "models", "database", "prepared")


def table(heading: str) -> dict[str, list[str]]:
    """Rows of the CONTRIBUTING table whose second column has this heading."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    body = text.split(f"| {heading} |\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    rows = (re.match(r"\| `([\w.]+)` \| (.+) \|", line) for line in body.splitlines())
    return {row[1]: [name.strip() for name in row[2].split(",")] for row in rows if row}


MAY_IMPORT = table("may import")
ONLY_IN = table("only in")


@cache
def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def name_of(path: Path) -> str:
    """`core.files` for images_app/core/files.py; the package's own __init__ is its name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions, with `from x import y` as both x and x.y."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


def rule_for(module: str) -> list[str] | None:
    """The most specific row that covers a module."""
    if module in BASE:
        return ["base"]
    covering = [place for place in MAY_IMPORT if inside(module, place)]
    return MAY_IMPORT[max(covering, key=len)] if covering else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_row_allows(path: Path) -> None:
    module = name_of(path)
    if module == "":
        return
    rule = rule_for(module)
    assert rule is not None, f"{module} is in no row of CONTRIBUTING's table"
    allowed = [name for entry in rule for name in (BASE if entry == "base" else (entry,))]
    own = module.split(".")[0]
    for imported in imports(path):
        if not imported.startswith("images_app."):
            continue
        target = imported.removeprefix("images_app.")
        is_part = any(inside(name_of(p), target) or inside(target, name_of(p)) for p in modules() if name_of(p))
        if not is_part or (inside(target, own) and module not in BASE):
            continue
        # `from images_app.storage import base` shows up as `storage` too: the longer form decides.
        if any(inside(place, target) for place in allowed if "." in place):
            continue
        assert any(inside(target, place) for place in allowed), f"{module} may not import {imported}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_is_used_only_where_it_belongs(path: Path) -> None:
    module = name_of(path)
    for imported in imports(path):
        for library, places in ONLY_IN.items():
            if inside(imported, library):
                assert any(inside(module, place) for place in places), f"{module} may not import {library}"


def test_only_settings_reads_the_environment() -> None:
    readers = [name_of(p) for p in modules() if re.search(r"\bos\.environ\b|\bgetenv\b", p.read_text())]
    assert readers == ["settings"]


def test_every_row_of_the_tables_names_something_real() -> None:
    names = {name_of(p) for p in modules()}
    for place in [p for p in MAY_IMPORT if p != "base"]:
        assert any(inside(name, place) for name in names), f"CONTRIBUTING names {place}, which does not exist"
