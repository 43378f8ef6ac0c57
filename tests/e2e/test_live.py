"""A page that is not live yet misses nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import Held
from tests.support.server import RunningServer


@pytest.mark.parametrize(
    ("path", "empty", "shows"),
    [
        pytest.param("files", "No files yet", "notes.txt", id="files"),
        pytest.param("activity", "created the workspace", "uploaded notes.txt", id="activity"),
    ],
)
def test_what_happened_before_the_page_was_live_is_shown_once_it_is(
    context: BrowserContext,
    server: RunningServer,
    workspace: str,
    sign_in: Callable[[Page, str], None],
    path: str,
    empty: str,
    shows: str,
) -> None:
    page = context.new_page()
    sign_in(page, f"/w/{workspace}/{path}")
    held = Held(page, "**/api/events?*")
    with page.expect_request("**/api/events?*"):
        page.reload()
    expect(page.get_by_role("main").get_by_text(empty)).to_be_visible()
    with server.client() as api:
        part = {"file": ("notes.txt", b"not a picture", "text/plain")}
        api.post("/api/files", data={"workspaceId": workspace}, files=part).raise_for_status()
    held.let_go()
    expect(page.get_by_role("main").get_by_text(shows).first).to_be_visible()
