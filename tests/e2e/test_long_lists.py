"""Lists of people and tokens that are longer than a page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import Held
from tests.support.server import RunningServer

SignIn = Callable[[Page, str], None]
MANY = 130
PAGE = 100


@pytest.fixture
def crowded(workspace: str, server: RunningServer) -> str:
    """A workspace with MANY members besides its owner."""
    with server.client() as admin:
        for number in range(MANY):
            body = {"email": f"{workspace}-{number:03}@example.com", "role": "viewer"}
            admin.post(f"/api/workspaces/{workspace}/members", json=body).raise_for_status()
    return workspace


def test_members_come_as_they_are_scrolled_to_and_stay_when_one_goes(
    context: BrowserContext, crowded: str, sign_in: SignIn
) -> None:
    page = context.new_page()
    further: set[str] = set()
    page.on("request", lambda request: further.add(request.url) if "/members?limit=100&after=" in request.url else None)
    sign_in(page, f"/w/{crowded}/members")
    rows = page.get_by_role("table", name="Members").get_by_role("row")
    expect(rows).to_have_count(1 + PAGE)
    expect(page.get_by_text(f"{MANY + 1} people")).to_be_visible()
    assert further == set()
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(1 + MANY + 1)
    assert len(further) == 1

    oldest = rows.filter(has_text=f"{crowded}-000@")
    oldest.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove from workspace").click()
    expect(oldest).to_have_count(0)
    expect(rows).to_have_count(1 + MANY)
    expect(page.get_by_text(f"{MANY} people")).to_be_visible()


def test_the_next_members_and_what_changed_meanwhile_come_together(
    context: BrowserContext, crowded: str, sign_in: SignIn, server: RunningServer
) -> None:
    """Whoever scrolls on while the list is read again loses neither."""
    page = context.new_page()
    sign_in(page, f"/w/{crowded}/members")
    rows = page.get_by_role("table", name="Members").get_by_role("row")
    expect(rows).to_have_count(1 + PAGE)
    first_page = f"**/api/workspaces/{crowded}/members?limit={PAGE}"
    held = Held(page, first_page)
    newest = f"{crowded}-{MANY - 1:03}@example.com"
    with server.client() as admin, page.expect_request(first_page):
        members = admin.get(f"/api/workspaces/{crowded}/members?limit=100").json()["data"]
        member = next(member["userId"] for member in members if member["email"] == newest)
        change = admin.put(f"/api/workspaces/{crowded}/members/{member}", json={"role": "editor"})
        change.raise_for_status()
    with page.expect_request(first_page):
        rows.last.scroll_into_view_if_needed()
    held.let_go()
    expect(rows).to_have_count(1 + MANY + 1)
    expect(page.get_by_role("button", name=f"Role of {newest}: Editor")).to_be_visible()


def test_tokens_come_by_a_press_of_the_button_too_and_again_after_a_failure(
    context: BrowserContext, workspace: str, sign_in: SignIn, server: RunningServer
) -> None:
    page = context.new_page()
    sign_in(page, "/settings/account")
    for number in range(MANY):
        made = page.request.post(
            f"{server.url}/api/tokens", data={"name": f"Token {number}"}, headers={"Origin": server.url}
        )
        assert made.ok, made.text()
    total = page.request.get(f"{server.url}/api/tokens?limit=1").json()["pageInfo"]["total"]
    page.route("**/api/tokens?limit=100&after=*", lambda route: route.abort())
    page.goto(f"{server.url}/settings/tokens")
    rows = page.get_by_role("table", name="API tokens").get_by_role("row")
    expect(rows).to_have_count(1 + PAGE)
    expect(page.get_by_text(f"{total} tokens")).to_be_visible()
    page.get_by_role("button", name="Load more").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The next tokens could not be loaded.")).to_be_visible()
    expect(rows).to_have_count(1 + PAGE)
    page.unroute("**/api/tokens?limit=100&after=*")
    page.get_by_role("button", name="Retry").click()
    expect(rows).to_have_count(1 + total)
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)
