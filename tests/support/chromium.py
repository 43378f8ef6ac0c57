"""The browser of the tests: Debian's Chromium, without a window."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_BINARY = Path("/usr/bin/chromium")
_OFF = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)
"""What Playwright turns off, whose list this one replaces; and, last, two pages with processes of their own that would
be loaded for the address bar of each window, which nobody sees: half of what it takes to open one."""
_ARGUMENTS = (
    f"--disable-features={','.join(_OFF)}",
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
