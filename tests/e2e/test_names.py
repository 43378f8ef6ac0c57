"""Names from somebody hostile, on every page that shows them: only ever text."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import drop
from tests.support import photos
from tests.support.server import RunningServer

SignIn = Callable[[Page, str], None]
EVIL = "<img src=x onerror=window.hacked=1>"
NAME = f"{EVIL} \"'&lt;b&gt;.jpg"


def is_text(page: Page, shown: Locator) -> None:
    """The name stands there as it is written, and nothing that it says has happened."""
    expect(shown.first).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_a_files_name_is_only_ever_text(gallery: Page, workspace: str, server: RunningServer) -> None:
    tile = gallery.get_by_role("gridcell", name=NAME)
    drop(gallery, [(NAME, "image/jpeg", photos.photo_jpeg(600, 400, seed=90))])
    is_text(gallery, gallery.get_by_role("region", name="Uploads").get_by_text(NAME))
    expect(gallery.get_by_role("gridcell", name="600 by 400")).to_be_visible()
    is_text(gallery, tile)

    tile.click()
    is_text(gallery, gallery.get_by_role("region", name=NAME))
    panel = gallery.get_by_role("complementary", name="About this picture")
    if not panel.is_visible():
        gallery.keyboard.press("i")
    is_text(gallery, panel.get_by_text(NAME))
    gallery.keyboard.press("Escape")

    gallery.goto(f"{server.url}/w/{workspace}/files")
    is_text(gallery, gallery.get_by_role("link", name=NAME))
    gallery.get_by_role("link", name=NAME).click()
    is_text(gallery, gallery.get_by_role("heading", name=NAME))
    assert EVIL in gallery.title() or "img" not in gallery.title()

    gallery.goto(f"{server.url}/w/{workspace}/files")
    gallery.get_by_role("button", name=f"Actions for {NAME}").click()
    gallery.get_by_role("menuitem", name="Move file to trash").click()
    is_text(gallery, gallery.get_by_role("status").filter(has_text=EVIL))

    gallery.goto(f"{server.url}/w/{workspace}/trash")
    is_text(gallery, gallery.get_by_role("row").get_by_text(NAME))
    gallery.get_by_role("button", name=f"Actions for {NAME}").click()
    gallery.get_by_role("menuitem", name="Delete for good").click()
    is_text(gallery, gallery.get_by_role("alertdialog").get_by_text(EVIL))
    gallery.keyboard.press("Escape")

    gallery.goto(f"{server.url}/w/{workspace}/activity")
    is_text(gallery, gallery.get_by_role("listitem").get_by_text(NAME))


def test_the_name_of_a_workspace_or_token_is_only_ever_text(gallery: Page, server: RunningServer) -> None:
    headers = {"Origin": server.url}
    for path in ("/api/workspaces", "/api/tokens"):
        assert gallery.request.post(f"{server.url}{path}", data={"name": NAME}, headers=headers).ok
    place = gallery.request.get(f"{server.url}/api/workspaces?limit=1").json()["data"][0]
    gallery.goto(f"{server.url}/w/{place['id']}/content")
    is_text(gallery, gallery.get_by_role("button", name=NAME))
    gallery.get_by_role("button", name=NAME).first.click()
    is_text(gallery, gallery.get_by_role("menuitem", name=NAME).or_(gallery.get_by_role("menu").get_by_text(NAME)))
    gallery.keyboard.press("Escape")
    for path in ("settings", "members", "activity"):
        gallery.goto(f"{server.url}/w/{place['id']}/{path}")
        is_text(gallery, gallery.get_by_role("button", name=NAME))
    gallery.goto(f"{server.url}/settings/tokens")
    row = gallery.get_by_role("row").filter(has_text=EVIL)
    is_text(gallery, row)
    row.get_by_role("button", name="Revoke").click()
    is_text(gallery, gallery.get_by_role("alertdialog").get_by_text(EVIL))
    gallery.get_by_role("button", name="Revoke token").click()
    is_text(gallery, gallery.get_by_text(f"{NAME} revoked"))


def test_what_a_browser_calls_itself_is_only_ever_text(gallery: Page, server: RunningServer) -> None:
    import httpx

    from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD

    body = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    httpx.post(f"{server.url}/api/session", json=body, headers={"User-Agent": EVIL}, timeout=30).raise_for_status()
    gallery.goto(f"{server.url}/settings/account")
    is_text(gallery, gallery.get_by_role("listitem").filter(has_text=EVIL))
