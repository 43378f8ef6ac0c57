"""A workspace: made, named, filled, emptied, and who did what in it."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import LateSocket, copied, drop
from tests.support.server import ADMIN_EMAIL, RunningServer

SignIn = Callable[[Page, str], None]
WATCH_WHAT_IS_SAID = """() => {
    window.said = [];
    const all = () => [...document.querySelectorAll("[role=status]")].map((each) => each.innerText);
    const look = () => window.said.push(...all());
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""Keeps what is said for a moment only."""
NOTES = [("notes.txt", "text/plain", b"not a picture"), ("more.txt", "text/plain", b"neither")]


def test_a_workspace_is_made_and_renamed_everywhere(gallery: Page) -> None:
    gallery.get_by_role("button", name="Switch workspace").click()
    gallery.get_by_role("menuitem", name="Create a workspace").click()
    gallery.get_by_label("Name", exact=True).fill("Second place")
    gallery.get_by_role("button", name="Create workspace").click()
    expect(gallery.get_by_role("button", name="Workspace Second place Switch workspace")).to_be_visible()
    gallery.get_by_role("link", name="Settings").click()
    gallery.get_by_label("Name", exact=True).fill("Better place")
    gallery.get_by_role("button", name="Rename").click()
    expect(gallery.get_by_role("button", name="Workspace Better place Switch workspace")).to_be_visible()


def test_an_empty_gallery_has_the_command_that_fills_it(gallery: Page, workspace: str) -> None:
    command = f"aeontel file upload ~/Pictures/*.jpg -w {workspace}"
    expect(gallery.get_by_text(command, exact=True)).to_be_visible()
    gallery.evaluate(WATCH_WHAT_IS_SAID)
    gallery.get_by_role("button", name="Copy command").click()
    gallery.wait_for_function("() => window.said.includes('Copied')")
    copied(gallery, command)
    gallery.set_viewport_size({"width": 390, "height": 844})
    expect(gallery.get_by_text("Add your first photos")).to_be_visible()
    expect(gallery.get_by_text(command, exact=True)).to_be_hidden()


def test_a_full_workspace_says_so_beside_the_file(gallery: Page, server: RunningServer, workspace: str) -> None:
    gallery.goto(f"{server.url}/w/{workspace}/settings")
    gallery.get_by_label("Files", exact=True).select_option("At most")
    gallery.get_by_label("Most, in files").fill("1")
    gallery.get_by_role("button", name="Change limits").click()
    expect(gallery.get_by_role("meter", name="Files").first).to_be_visible()
    gallery.get_by_role("link", name="Images").click()
    expect(gallery.get_by_text("Drop photos anywhere on this page")).to_be_visible()
    drop(gallery, NOTES)
    expect(gallery.get_by_text("The workspace is full: it may hold 1 file.")).to_be_visible()
    expect(gallery.get_by_text("Stored, not a picture")).to_be_visible()


def test_the_trash_is_emptied_for_good_and_the_owner_sees_who_did_what(
    gallery: Page, context: BrowserContext, server: RunningServer, workspace: str
) -> None:
    log = context.new_page()
    log.goto(f"{server.url}/w/{workspace}/activity?kind=files")
    drop(gallery, NOTES)
    expect(log.get_by_role("listitem").filter(has_text=f"{ADMIN_EMAIL} uploaded notes.txt")).to_be_visible()
    with server.client() as api:
        for file in api.get("/api/files", params={"workspace_id": workspace}).json()["data"]:
            api.delete(f"/api/files/{file['id']}")
    expect(log.get_by_role("listitem").filter(has_text=f"{ADMIN_EMAIL} moved notes.txt to trash")).to_be_visible()

    gallery.get_by_role("link", name="Trash").click()
    gallery.get_by_role("button", name="Actions for notes.txt").click()
    gallery.get_by_role("menuitem", name="Delete for good").click()
    gallery.get_by_role("button", name="Delete for good").click()
    expect(gallery.get_by_role("row").filter(has_text="notes.txt")).to_have_count(0)
    gallery.get_by_role("button", name="Empty trash").click()
    gallery.get_by_role("button", name="Delete 1 file for good").click()
    expect(gallery.get_by_role("heading", name="The trash is empty")).to_be_visible()
    with server.client() as api:
        left = api.get("/api/files", params={"workspace_id": workspace, "trash": 1}).json()
    assert left["pageInfo"]["total"] == 0


def test_the_owner_sees_which_tools_were_called(
    gallery: Page, context: BrowserContext, server: RunningServer, workspace: str
) -> None:
    log = context.new_page()
    log.goto(f"{server.url}/w/{workspace}/activity")
    log.get_by_role("link", name="Tools").click()
    expect(log.get_by_text("Nothing of this kind yet")).to_be_visible()
    with server.client() as api:
        about = {"workspace_id": workspace}
        api.get("/api/images", params=about, headers={"Aeontel-Tool": "list_images"}).raise_for_status()
    called = log.get_by_role("listitem").filter(has_text=f"{ADMIN_EMAIL} called list_images through MCP")
    expect(called).to_be_visible()
    log.get_by_role("link", name="All", exact=True).click()
    expect(log.get_by_role("listitem").filter(has_text="created the workspace")).to_be_visible()
    expect(called).to_have_count(0)


def test_who_is_faster_than_the_first_answer_does_not_get_lost(
    context: BrowserContext, server: RunningServer, workspace: str, sign_in: SignIn
) -> None:
    sign_in(context.new_page(), f"/w/{workspace}/content")
    page = context.new_page()
    socket = LateSocket(page)
    socket.is_late = True
    page.goto(f"{server.url}/w/{workspace}/activity")
    page.get_by_role("link", name="Tools").click()
    page.wait_for_url(f"**/w/{workspace}/activity?kind=tools")
    socket.let_go()
    expect(page.get_by_text("Nothing of this kind yet")).to_be_visible()
    expect(page.get_by_role("link", name="Tools")).to_have_attribute("aria-current", "page")


def test_the_list_of_keys_opens_with_its_key_but_not_while_typing(gallery: Page) -> None:
    gallery.keyboard.press("?")
    keys = gallery.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_text("Select all")).to_be_visible()
    gallery.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    gallery.get_by_role("link", name="Settings").click()
    gallery.get_by_label("Name", exact=True).press("?")
    expect(keys).to_be_hidden()
    gallery.get_by_role("button", name="Keyboard shortcuts (?)").click()
    expect(keys).to_be_visible()
