"""Making a token for a program, and ending it."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import copied
from tests.support.server import RunningServer

SignIn = Callable[[Page, str], None]


@pytest.fixture
def tokens(context: BrowserContext, workspace: str, sign_in: SignIn) -> Page:
    """The page of the admin's tokens; the workspace of the test is there to choose."""
    page = context.new_page()
    sign_in(page, "/settings/tokens")
    return page


def asked_with(server: RunningServer, secret: str) -> int:
    return httpx.get(f"{server.url}/api/images", headers={"Authorization": f"Bearer {secret}"}, timeout=30).status_code


def test_a_token_is_shown_once_works_and_ends_at_once(tokens: Page, server: RunningServer) -> None:
    tokens.get_by_role("button", name="Create a token").click()
    tokens.get_by_label("Name").fill("Website build")
    tokens.get_by_role("button", name="Create token").click()
    dialog = tokens.get_by_role("dialog", name="Copy your token now")
    expect(dialog).to_contain_text("Read")
    tokens.keyboard.press("Escape")  # a slip of the hand must not lose it
    secret = dialog.locator("code").inner_text()
    dialog.get_by_role("button", name="Copy").click()
    copied(tokens, secret)
    dialog.get_by_role("button", name="I have copied it").click()
    expect(dialog).to_be_hidden()
    assert asked_with(server, secret) == 200

    tokens.reload()
    row = tokens.get_by_role("row").filter(has_text="Website build")
    expect(row).to_contain_text(secret[:8])
    assert secret not in tokens.content()

    row.get_by_role("button", name="Revoke Website build").click()
    tokens.get_by_role("button", name="Keep it").click()
    assert asked_with(server, secret) == 200
    row.get_by_role("button", name="Revoke Website build").click()
    tokens.get_by_role("button", name="Revoke token").click()
    expect(tokens.get_by_text("Website build revoked")).to_be_visible()
    expect(row).to_have_count(0)
    assert asked_with(server, secret) == 401


def test_a_token_of_some_workspaces_reaches_no_other(tokens: Page, workspace: str, server: RunningServer) -> None:
    with server.client() as admin:
        other = admin.post("/api/workspaces", json={"name": "Second place"}).json()["id"]
    tokens.reload()
    tokens.get_by_role("button", name="Create a token").click()
    tokens.get_by_label("Name").fill("Two places")
    tokens.get_by_role("checkbox", name="Write").check()
    tokens.get_by_role("radio", name="Only some").check()
    expect(tokens.get_by_role("button", name="Create token")).to_be_disabled()
    which = tokens.get_by_role("group", name="Which workspaces")
    for name in ("test_a_token_of_some_workspaces", "Second place"):
        which.get_by_role("checkbox", name=name).first.check()
    tokens.get_by_label("Expires").select_option("Never")
    tokens.get_by_role("button", name="Create token").click()
    secret = tokens.get_by_role("dialog", name="Copy your token now").locator("code").inner_text()
    tokens.get_by_role("button", name="I have copied it").click()
    row = tokens.get_by_role("row").filter(has_text=secret[:8])
    expect(row).to_contain_text("test_a_token_of_some_workspaces")
    me = httpx.get(f"{server.url}/api/me", headers={"Authorization": f"Bearer {secret}"}, timeout=30).json()
    assert {place["id"] for place in me["workspaces"]} == {workspace, other}
    assert me["scopes"] == ["read", "write"]
