"""The gallery under less than ideal conditions: reloads, other tabs, a long page, a session that ends."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.e2e.conftest import counted, drop
from tests.support import crowd, photos
from tests.support.server import ADMIN_PASSWORD, RunningServer

AT_ONCE = 4
"""So many files are sent side by side."""
UNTIL_SCROLLED = """() => new Promise((done) => {
    const box = document.querySelector(".ag-scroll");
    let last = 0, still = 0;
    function look() {
        still = box.scrollTop && box.scrollTop === last ? still + 1 : 0;
        last = box.scrollTop;
        if (still > 15) done();
        else requestAnimationFrame(look);
    }
    look();
})"""
"""The page has begun to scroll, and has come to rest."""


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("gridcell", name=name)


def jpeg(name: str, seed: int = 0) -> tuple[str, str, bytes]:
    return (name, "image/jpeg", photos.photo_jpeg(900, 600, seed=seed))


def test_a_failure_is_still_explained_after_a_reload_and_can_be_thrown_away(gallery: Page) -> None:
    drop(gallery, [("cover.jpg", "image/jpeg", b"no picture at all"), jpeg("fine.jpg")])
    expect(tile(gallery, "fine.jpg, 900 by 600")).to_be_visible()
    failed = tile(gallery, "cover.jpg")
    expect(failed).to_contain_text("Not a picture inside.")
    gallery.reload()
    expect(failed).to_contain_text("Not a picture inside. Kept in Files.")
    expect(failed.get_by_role("button", name="Retry")).to_have_count(0)
    failed.get_by_role("button", name="trash").click()
    expect(failed).to_have_count(0)
    gallery.reload()
    expect(tile(gallery, "fine.jpg, 900 by 600")).to_be_visible()
    expect(failed).to_have_count(0)


def test_when_the_tab_that_listens_closes_another_goes_on(gallery: Page, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(gallery.url)
    expect(other.get_by_text("Drop photos anywhere on this page")).to_be_visible()
    gallery.close()
    third = context.new_page()
    third.goto(other.url)
    expect(third.get_by_text("Drop photos anywhere on this page")).to_be_visible()
    drop(third, [jpeg("late.jpg")])
    expect(tile(other, "late.jpg, 900 by 600")).to_be_visible()


def test_new_pictures_do_not_move_what_is_being_looked_at(
    context: BrowserContext, server: RunningServer, workspace: str, sign_in: Callable[[Page, str], None]
) -> None:
    crowd.fill(server, workspace, 300)
    page = context.new_page()
    sign_in(page, f"/w/{workspace}/content")
    expect(counted(page, "300 images")).to_be_visible()
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 2500)
    page.evaluate(UNTIL_SCROLLED)
    first = page.evaluate(
        """() => {
            const top = document.querySelector('.ag-scroll').getBoundingClientRect().top;
            const rows = [...document.querySelectorAll('[role=row]')];
            return rows.find((row) => row.getBoundingClientRect().bottom > top).firstElementChild.dataset.key;
        }"""
    )
    looked_at = page.locator(f"[data-key='{first}']")
    before = looked_at.bounding_box()
    drop(page, [jpeg(f"new-{number}.jpg", seed=number) for number in range(3)])
    expect(counted(page, "303 images")).to_be_visible()
    after = looked_at.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 1


def test_back_closes_the_picture_and_its_address_opens_it(gallery: Page, context: BrowserContext) -> None:
    drop(gallery, [jpeg("linked.jpg")])
    tile(gallery, "linked.jpg, 900 by 600").click()
    viewer = gallery.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_be_visible()
    address = gallery.evaluate("location.href")
    gallery.go_back()
    expect(viewer).to_be_hidden()
    expect(tile(gallery, "linked.jpg, 900 by 600")).to_be_visible()
    friend = context.new_page()
    friend.goto(address)
    expect(friend.get_by_role("region", name="linked.jpg")).to_be_visible()


def test_uploads_wait_for_the_next_sign_in_and_then_go_on(gallery: Page, server: RunningServer) -> None:
    signed_out = gallery.context.request.delete(f"{server.url}/api/session", headers={"Origin": server.url})
    assert signed_out.status == 204
    drop(gallery, [jpeg(f"waiting-{number}.jpg", seed=number) for number in range(6)])
    dialog = gallery.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Password", exact=True).fill(ADMIN_PASSWORD)
    dialog.get_by_role("button", name="Sign in and continue").click()
    expect(dialog).to_be_hidden()
    expect(counted(gallery, "6 images")).to_be_visible()


def test_a_held_queue_sends_nothing_and_a_cancelled_file_never_arrives(gallery: Page) -> None:
    noisy = [(f"n{number}.jpg", "image/jpeg", photos.photo_jpeg(2400, 1600, seed=number)) for number in range(16)]
    sent: list[Route] = []
    gallery.route("**/api/files", lambda route: sent.append(route))
    drop(gallery, noisy)
    panel = gallery.get_by_role("region", name="Uploads")
    panel.get_by_role("button", name="Pause").click()
    panel.get_by_role("button", name="Cancel n15.jpg").click()
    expect(panel.get_by_text("n15.jpg")).to_have_count(0)
    while len(sent) < AT_ONCE:
        gallery.wait_for_timeout(20)
    for route in list(sent):
        route.abort()
    expect(panel.get_by_role("progressbar")).to_have_count(1)  # that of all: what broke waits with the others
    assert len(sent) == AT_ONCE
    gallery.unroute("**/api/files")
    panel.get_by_role("button", name="Resume").click()
    expect(counted(gallery, "15 images")).to_be_visible(timeout=60_000)
    expect(tile(gallery, "n15.jpg")).to_have_count(0)


def test_an_upload_that_broke_says_so_and_is_sent_again_when_asked(gallery: Page) -> None:
    gallery.route("**/api/files", lambda route: route.fulfill(status=500), times=1)
    drop(gallery, [jpeg("broke.jpg")])
    panel = gallery.get_by_role("region", name="Uploads")
    expect(panel).to_contain_text("The upload broke. Send it again: no file is stored twice.")
    expect(counted(gallery, "1 image")).to_have_count(0)
    panel.get_by_role("button", name="Retry").click()
    expect(tile(gallery, "broke.jpg, 900 by 600")).to_be_visible()
    expect(panel.get_by_role("button", name="Retry")).to_have_count(0)
