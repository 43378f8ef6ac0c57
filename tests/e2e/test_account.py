"""One's own account, and the accounts of others for who runs the server."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.people import PASSWORD, join, set_password, signed_in, visitor
from tests.support.server import RunningServer

SignIn = Callable[[Page, str], None]
OTHER_PASSWORD = "quite another phrase"


def test_a_new_password_signs_out_every_other_device(browser: Browser, server: RunningServer, workspace: str) -> None:
    email = "changes@example.com"
    join(server, workspace, email, "viewer")
    gallery = f"/w/{workspace}/content"
    with (
        signed_in(browser, server, email, "/settings/account") as here,
        signed_in(browser, server, email, gallery) as there,
    ):
        here.get_by_label("Current password").fill("not this one")
        here.get_by_label("New password").fill(OTHER_PASSWORD)
        here.get_by_role("button", name="Change password").click()
        expect(here.get_by_role("alert")).to_have_text("This is not your password.")
        here.get_by_label("Current password").fill(PASSWORD)
        here.get_by_role("button", name="Change password").click()
        expect(here.get_by_text("Password changed. Every other device was signed out.")).to_be_visible()

        again = there.get_by_role("dialog", name="Sign in again to continue")
        again.get_by_label("Password", exact=True).fill(OTHER_PASSWORD)
        again.get_by_role("button", name="Sign in and continue").click()
        expect(again).to_be_hidden()


def test_signing_out_everywhere_ends_every_session(browser: Browser, server: RunningServer, workspace: str) -> None:
    email = "everywhere@example.com"
    join(server, workspace, email, "viewer")
    gallery = f"/w/{workspace}/content"
    with (
        signed_in(browser, server, email, "/settings/account") as here,
        signed_in(browser, server, email, gallery) as there,
    ):
        here.reload()
        expect(here.get_by_text("This device")).to_be_visible()
        here.get_by_role("button", name="Sign out everywhere", exact=True).click()
        here.get_by_role("alertdialog").get_by_role("button", name="Sign out everywhere").click()
        here.wait_for_url("**/login")
        expect(there.get_by_role("dialog", name="Sign in again to continue")).to_be_visible()


def test_an_admin_adds_a_person_and_hands_out_another_link(
    context: BrowserContext, browser: Browser, server: RunningServer, workspace: str, sign_in: SignIn
) -> None:
    page = context.new_page()
    sign_in(page, "/settings/people")
    page.get_by_role("button", name="Add a person").click()
    page.get_by_label("Email").fill("forgetful@example.com")
    page.get_by_role("button", name="Add person").click()
    first = page.get_by_role("dialog").locator("code").inner_text()
    page.get_by_role("button", name="I have copied it").click()
    page.get_by_role("button", name="New invitation for forgetful@example.com").click()
    second = page.get_by_role("dialog").locator("code").inner_text()
    page.get_by_role("button", name="I have copied it").click()
    with visitor(browser) as guest:
        guest.goto(first)
        expect(guest.get_by_role("heading", name="This link has ended")).to_be_visible()
    set_password(server, urlsplit(second).fragment)
    page.reload()
    page.get_by_role("button", name="Password link for forgetful@example.com").click()
    expect(page.get_by_role("dialog", name="A link to set a new password")).to_be_visible()


def test_who_is_no_admin_finds_no_people(browser: Browser, server: RunningServer, workspace: str) -> None:
    join(server, workspace, "curious@example.com", "owner")
    with signed_in(browser, server, "curious@example.com", f"/w/{workspace}/content") as page:
        page.get_by_role("button", name="Account curious@example.com").click()
        expect(page.get_by_role("menuitem", name="Your account")).to_be_visible()
        expect(page.get_by_role("menuitem", name="People on this server")).to_have_count(0)
        page.goto(f"{server.url}/settings/people")
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
