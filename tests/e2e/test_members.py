"""People join a workspace, get another role, and leave it again."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.e2e.conftest import copied
from tests.e2e.people import PASSWORD, join, signed_in, visitor
from tests.support.server import ADMIN_EMAIL, RunningServer

SignIn = Callable[[Page, str], None]
AT_ONCE_MS = 14_000
"""A second is meant; a busy machine may take longer to draw it. With the stream's next heartbeat, 15 seconds after the
last, it would come in any case."""


def on_the_wire(request: Request) -> str:
    """What a server or a log between could read of an address. Browsers send nothing that stands behind a #."""
    return request.url.partition("#")[0] + request.headers.get("referer", "")


@pytest.fixture
def members(context: BrowserContext, workspace: str, sign_in: SignIn) -> Page:
    """The owner's list of members."""
    page = context.new_page()
    sign_in(page, f"/w/{workspace}/members")
    expect(page.get_by_role("table", name="Members")).to_be_visible()
    return page


def test_somebody_new_is_invited_with_a_link_and_comes_in(
    members: Page, workspace: str, browser: Browser, server: RunningServer
) -> None:
    members.get_by_role("button", name="Add a member").click()
    members.get_by_label("Email").fill("invited@example.com")
    members.get_by_role("radio", name="Editor").check()
    members.get_by_role("button", name="Add member").click()
    handed = members.get_by_role("dialog", name="invited@example.com is a member")
    link = handed.locator("code").inner_text()
    handed.get_by_role("button", name="Copy").click()
    copied(members, link)
    handed.get_by_role("button", name="I have copied it").click()
    expect(members.get_by_role("row").filter(has_text="invited@example.com")).to_contain_text("Invited")

    with visitor(browser) as guest:
        asked: list[str] = []
        guest.on("request", lambda request: asked.append(on_the_wire(request)))
        guest.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(str(frame))))
        guest.goto(link)
        expect(guest.get_by_text("for invited@example.com")).to_be_visible()
        assert urlsplit(guest.url)[2:] == ("/password", "", "")
        guest.get_by_label("Choose a password").fill("short")
        guest.get_by_role("button", name="Set password and sign in").click()
        expect(guest.get_by_role("alert")).to_contain_text("at least 8 characters")
        guest.get_by_label("Choose a password").fill(PASSWORD)
        guest.get_by_role("button", name="Set password and sign in").click()
        guest.wait_for_url(f"**/w/{workspace}/content")
        secret = link.partition("#")[2]
        assert len(secret) > 20
        assert [sent for sent in asked if secret in sent] == []

        guest.goto(link)
        expect(guest.get_by_role("heading", name="This link has ended")).to_be_visible()


def test_a_removed_member_loses_the_open_page_at_once_and_gets_nothing_back(
    members: Page, workspace: str, browser: Browser, server: RunningServer
) -> None:
    join(server, workspace, "removed@example.com", "editor")
    with signed_in(browser, server, "removed@example.com", f"/w/{workspace}/content") as theirs:
        row = members.get_by_role("row").filter(has_text="removed@example.com")
        row.get_by_role("button", name="Remove removed@example.com").click()
        members.get_by_role("button", name="Remove from workspace").click()
        expect(theirs.get_by_role("heading", name="There is nothing here")).to_be_visible(timeout=AT_ONCE_MS)
        expect(row).to_have_count(0)

        handed: list[str] = []
        theirs.on("websocket", lambda socket: socket.on("framereceived", lambda frame: handed.append(str(frame))))
        theirs.reload()
        expect(theirs.get_by_role("heading", name="There is nothing here")).to_be_visible()
        name = "test_a_removed_member_loses"
        assert handed
        assert [frame for frame in handed if name in frame] == []


def test_a_lowered_member_keeps_looking_and_loses_the_tools(
    members: Page, workspace: str, browser: Browser, server: RunningServer
) -> None:
    join(server, workspace, "lowered@example.com", "editor")
    with signed_in(browser, server, "lowered@example.com", f"/w/{workspace}/files") as theirs:
        expect(theirs.get_by_role("button", name="Upload")).to_be_visible()
        members.get_by_role("button", name="Role of lowered@example.com: Editor").click()
        members.get_by_role("menuitemcheckbox", name="Viewer").click()
        expect(members.get_by_role("button", name="Role of lowered@example.com: Viewer")).to_be_visible()
        expect(theirs.get_by_role("button", name="Upload")).to_be_hidden(timeout=AT_ONCE_MS)

        theirs.get_by_role("link", name="Members").click()
        expect(theirs.get_by_role("row").filter(has_text=ADMIN_EMAIL)).to_contain_text("Owner")
        expect(theirs.get_by_role("button", name="Add a member")).to_be_hidden()
        expect(theirs.get_by_role("button", name="Role of")).to_have_count(0)
        theirs.get_by_role("button", name="Leave").click()
        theirs.get_by_role("button", name="Leave workspace").click()
        expect(theirs.get_by_role("heading", name="You are not in a workspace yet")).to_be_visible()


def test_the_only_owner_is_told_why_they_stay(members: Page) -> None:
    own = members.get_by_role("row").filter(has_text=ADMIN_EMAIL)
    expect(own.get_by_text("The only owner")).to_be_visible()
    expect(own.get_by_role("button")).to_have_count(0)
    expect(members.get_by_text("A workspace always keeps one owner.")).to_be_visible()


def test_somebody_who_is_in_already_is_not_added_twice(members: Page) -> None:
    members.get_by_role("button", name="Add a member").click()
    members.get_by_label("Email").fill(ADMIN_EMAIL)
    members.get_by_role("button", name="Add member").click()
    expect(members.get_by_role("dialog").get_by_role("alert")).to_contain_text("already")
