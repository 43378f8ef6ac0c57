"""What can be checked of the face without a browser."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("assets", "images_app/components", "images_app/pages", "images_app/state")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".css", ".js", ".jsx", ".py", ".svg"} and "external" not in path.parts
)


def test_both_ways_into_the_dark_theme_say_the_same() -> None:
    css = (ROOT / "assets/tokens.css").read_text()
    blocks = re.findall(r"color-scheme: dark;(.*?)\}", css, flags=re.DOTALL)
    values = [re.findall(r"(--[\w-]+): ([^;]+);", block) for block in blocks]
    assert len(values) == 2
    assert values[0]
    assert values[0] == values[1]


def test_every_colour_of_the_light_theme_has_its_dark_one() -> None:
    css = (ROOT / "assets/tokens.css").read_text()
    light, dark = css.split("color-scheme: dark;", 1)
    colour = re.compile(r"(--[\w-]+): (?:#|rgb)")
    same_in_both = {
        "--stage",
        "--on-photo",
        "--on-photo-2",
        "--photo-scrim",
        "--photo-button",
        "--on-accent",
        "--on-bad",
    }
    assert set(colour.findall(light)) - same_in_both == set(colour.findall(dark))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+", path.read_text())
    assert [address for address in addresses if "www.w3.org" not in address] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_pages_policy_is_kept(path: Path) -> None:
    """Neither strings run as scripts, nor Reflex's public upload route."""
    text = path.read_text()
    for word in ("rx.upload", "upload_files", "rx.call_script", "rx.run_script", "rx.toast", "dangerouslySetInnerHTML"):
        assert word not in text


def test_the_lock_names_versions_but_no_registry() -> None:
    lock = json.loads((ROOT / "reflex.lock/package-lock.json").read_text())
    assert len(lock["packages"]) > 1
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
