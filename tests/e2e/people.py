"""People who are signed in: the admin, and others with a browser of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer

PASSWORD = "a few plain words"


def enter(page: Page, site: str, path: str, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD) -> None:
    """Be signed in at a site, and at a path of it. Not by the form, whose page takes a second of a core: that is in
    `test_sign_in.py`."""
    own = {"email": email, "password": password}
    answer = page.request.post(f"{site}/api/session", data=own, headers={"Origin": site})
    assert answer.ok, answer.text()
    page.goto(f"{site}{path}")


def join(server: RunningServer, workspace: str, email: str, role: str) -> None:
    """Make somebody a member, who then sets PASSWORD with the link they were sent."""
    with server.client() as admin:
        added = admin.post(f"/api/workspaces/{workspace}/members", json={"email": email, "role": role})
        assert added.status_code == 201, added.text
        secret = urlsplit(added.json()["link"]["url"]).fragment
        # Not with the admin's token: whoever has the link has no account to sign in with yet.
        set_password(server, secret)


def set_password(server: RunningServer, secret: str, password: str = PASSWORD) -> None:
    import httpx

    answer = httpx.post(f"{server.url}/api/password", json={"token": secret, "password": password}, timeout=30)
    assert answer.status_code == 200, answer.text


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """A page in a browser that nobody is signed in to."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def signed_in(browser: Browser, server: RunningServer, email: str, path: str) -> Iterator[Page]:
    """A page of somebody who has signed in and arrived at `path`, and hears what happens."""
    with visitor(browser) as page:
        enter(page, server.url, path, email, PASSWORD)
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
        yield page
