"""Signing in and out, as a person meets it."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Held, LateSocket
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer

SignIn = Callable[[Page, str], None]


@pytest.fixture
def sign_in(server: RunningServer) -> SignIn:
    """Sign in as a person does, and arrive at a path: here that is what it is about."""

    def by_hand(page: Page, path: str = "/") -> None:
        page.goto(f"{server.url}{path}")
        page.get_by_label("Email").fill(ADMIN_EMAIL)
        page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: urlsplit(url).path == path or (path == "/" and url.endswith("/content")))

    return by_hand


def test_a_visitor_is_asked_to_sign_in_and_arrives_where_they_wanted(
    context: BrowserContext, server: RunningServer, workspace: str, sign_in: SignIn
) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/w/{workspace}/files")
    page.wait_for_url(lambda url: "/login" in url)
    page.get_by_label("Email").fill(ADMIN_EMAIL)
    page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/w/{workspace}/files")


def test_who_is_faster_than_the_scripts_of_the_page_types_already_and_sends_nothing(
    context: BrowserContext, server: RunningServer
) -> None:
    page = context.new_page()
    held = Held(page, "**/*.js")
    page.goto(f"{server.url}/login", wait_until="commit")
    button = page.get_by_role("button", name="Sign in")
    expect(button).to_be_disabled()
    page.get_by_label("Email").fill(ADMIN_EMAIL)
    password = page.get_by_label("Password", exact=True)
    password.fill(ADMIN_PASSWORD)
    password.press("Enter")
    assert urlsplit(page.url).path == "/login"
    held.let_go()
    button.click()
    page.wait_for_url(f"{server.url}/w/**")


def test_a_wrong_password_gets_one_generic_message(context: BrowserContext, server: RunningServer) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/login")
    for email in (ADMIN_EMAIL, "nobody@example.com"):
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text(
            "That email and password do not match. Check both and try again."
        )


def test_too_many_wrong_passwords_say_how_long_to_wait(context: BrowserContext, server: RunningServer) -> None:
    email = "throttled@example.com"
    for _ in range(10):
        httpx.post(f"{server.url}/api/session", json={"email": email, "password": "wrong password"}, timeout=30)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many tries. Wait")


def test_signing_in_never_leads_to_another_site(context: BrowserContext, server: RunningServer) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/login?next=//evil.example/x")
    page.get_by_label("Email").fill(ADMIN_EMAIL)
    page.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/w/**")


def test_the_way_in_leads_to_the_workspace_that_was_open_last(
    context: BrowserContext, browser: Browser, server: RunningServer, workspace: str, sign_in: SignIn
) -> None:
    page = context.new_page()
    sign_in(page)
    first = page.url
    assert workspace not in first, "the oldest, and not the newest"
    page.goto(f"{server.url}/w/{workspace}/content")
    expect(page.get_by_text("Drop photos anywhere on this page")).to_be_visible()
    page.goto(server.url)
    page.wait_for_url(f"**/w/{workspace}/content")
    elsewhere = browser.new_context()
    another = elsewhere.new_page()
    another.goto(server.url)
    another.evaluate("localStorage.setItem('aeontel_workspace', 'wsp_01m7vvprc6ep7btp3sb4gjky95')")
    sign_in(another)
    assert another.url == first, "what this browser remembers is not there"
    elsewhere.close()


def test_signing_out_ends_the_session_on_the_server(
    gallery: Page, context: BrowserContext, server: RunningServer
) -> None:
    cookie = next(c for c in context.cookies() if c["name"] == "aeontel_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    secret = cookie["value"]
    gallery.get_by_role("button", name=f"Account {ADMIN_EMAIL}").click()
    gallery.get_by_role("menuitem", name="Sign out").click()
    gallery.wait_for_url(lambda url: "/login" in url)
    assert httpx.get(f"{server.url}/api/me", cookies={"aeontel_session": secret}, timeout=30).status_code == 401
    gallery.goto(f"{server.url}/")
    gallery.wait_for_url(lambda url: "/login" in url)


def test_a_session_that_was_revoked_elsewhere_asks_again_over_the_page(
    gallery: Page, context: BrowserContext, server: RunningServer
) -> None:
    secret = next(c["value"] for c in context.cookies() if c["name"] == "aeontel_session")
    with httpx.Client(base_url=server.url, cookies={"aeontel_session": secret}, timeout=30) as elsewhere:
        assert elsewhere.delete("/api/session").status_code == 204
    dialog = gallery.get_by_role("dialog", name="Sign in again to continue")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    dialog.get_by_role("button", name="Sign in and continue").click()
    expect(dialog).to_be_hidden()
    expect(gallery.get_by_role("status").filter(has_text="Live")).to_be_visible()


def test_what_comes_late_of_the_old_session_does_not_ask_again(
    context: BrowserContext, server: RunningServer, workspace: str, sign_in: SignIn
) -> None:
    page = context.new_page()
    socket = LateSocket(page)
    sign_in(page, f"/w/{workspace}/content")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    socket.is_late = True
    secret = next(c["value"] for c in context.cookies() if c["name"] == "aeontel_session")
    assert httpx.delete(f"{server.url}/api/session", cookies={"aeontel_session": secret}, timeout=30).is_success
    dialog = page.get_by_role("dialog", name="Sign in again to continue")
    expect(dialog).to_be_visible()
    while not socket.held:
        page.wait_for_timeout(20)
    dialog.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    dialog.get_by_role("button", name="Sign in and continue").click()
    expect(dialog).to_be_hidden()
    with page.expect_response("**/api/me") as asked:
        socket.let_go()
    assert asked.value.ok
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    expect(dialog).to_be_hidden()
