"""The browser of the tests: Debian's Chromium, without a window."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_BINARY = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser; the test is skipped, by name, on a machine without one."""
    if not _BINARY.exists():
        pytest.skip(f"Chromium is not installed at {_BINARY}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_BINARY, args=list(_ARGUMENTS))
        yield browser
        browser.close()
