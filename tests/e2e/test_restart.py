"""A page that stays open while its server is away."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import counted, drop
from tests.support import photos
from tests.support.server import RunningServer


def test_files_dropped_while_the_server_is_away_are_sent_by_themselves_when_it_is_back(
    browser: Browser, server: RunningServer, workspace: str, sign_in: Callable[[Page, str], None]
) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, f"/w/{workspace}/content")
    expect(page.get_by_text("Drop photos anywhere on this page")).to_be_visible()
    drop(page, [("before.jpg", "image/jpeg", photos.photo_jpeg(900, 600))])
    expect(counted(page, "1 image")).to_be_visible()
    page.evaluate("window.isSamePage = true")
    server.kill()
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    drop(page, [(f"{n}.jpg", "image/jpeg", photos.photo_jpeg(900, 600, seed=n)) for n in range(6)])
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.get_by_text("Waiting, ")).to_have_count(6, timeout=30_000)
    server.start()
    # A page looks for its server again after half a minute at the latest.
    expect(counted(page, "7 images")).to_be_visible(timeout=60_000)
    expect(panel).to_contain_text("7 in the gallery")
    assert page.evaluate("window.isSamePage"), "nothing was reloaded"
    context.close()
