"""Five thousand pictures: the page stays as small as it began, and every one of them can be reached."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import counted, drop
from tests.support import crowd, photos
from tests.support.server import RunningServer

COUNT = 5000
MOST_NODES = 1500


def nodes(page: Page) -> int:
    return int(page.evaluate("document.querySelectorAll('*').length"))


def test_scrolling_through_five_thousand_keeps_nodes_and_payload_constant(
    context: BrowserContext, server: RunningServer, workspace: str, sign_in: Callable[[Page, str], None]
) -> None:
    crowd.fill(server, workspace, COUNT)
    page = context.new_page()
    pages: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda frame: pages.append(len(frame)) if len(frame) > 10_000 else None
        ),
    )
    sign_in(page, f"/w/{workspace}/content")
    expect(counted(page, "5,000 images")).to_be_visible()
    expect(page.get_by_role("gridcell", name="photo-04999.jpg")).to_be_visible()

    most = nodes(page)
    page.mouse.move(700, 500)
    last = page.get_by_role("gridcell", name="photo-00000.jpg")
    while not last.count():
        page.mouse.wheel(0, 8000)
        page.wait_for_timeout(50)
        most = max(most, nodes(page))
    expect(page.get_by_text("That is everything")).to_be_visible()

    assert most < MOST_NODES
    assert len(pages) >= COUNT / 100
    assert max(pages) <= 1.5 * min(pages[:-1])
    page.get_by_role("button", name="Back to the newest").click()
    expect(page.get_by_role("gridcell", name="photo-04999.jpg")).to_be_visible()


@pytest.mark.usefixtures("workspace")
def test_two_hundred_photos_at_once_do_not_freeze_the_page(gallery: Page) -> None:
    pile = [(f"p{i:03}.jpg", "image/jpeg", photos.photo_jpeg(640, 480, seed=i)) for i in range(200)]
    gallery.evaluate(
        """() => {
            window.longest = 0;
            let last = performance.now();
            const beat = () => {
                const at = performance.now();
                window.longest = Math.max(window.longest, at - last);
                last = at;
                setTimeout(beat, 10);
            };
            beat();
        }"""
    )
    drop(gallery, pile)
    expect(counted(gallery, "200 images")).to_be_visible(timeout=120_000)
    assert nodes(gallery) < MOST_NODES
    print(f"longest pause of the page while 200 photos arrived: {gallery.evaluate('window.longest'):.0f} ms")
