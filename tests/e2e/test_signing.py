"""A gallery of private images whose addresses are good for eight seconds, and which nobody ever sees broken."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.e2e.conftest import counted
from tests.support import photos
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer

PICTURES = 24
VALID_S = 8
WATCHED_MS = 22_000

WATCH = """() => {
    const seen = { samples: 0, broken: [], addresses: {} };
    const pictures = (place) => [...place.querySelectorAll("img:not(.ag-hash)")];
    const isDrawn = (img) => img.complete && img.naturalWidth && !img.className.includes("loading");
    const isInSight = (tile) => {
        const box = tile.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight;
    };
    function look() {
        const stage = document.querySelector(".yarl__slide_current");
        const tiles = [...document.querySelectorAll(".ag-tile[data-key]")].filter(isInSight);
        const places = stage ? { stage } : Object.fromEntries(tiles.map((tile) => [tile.dataset.key, tile]));
        for (const [name, place] of Object.entries(places)) {
            const here = pictures(place);
            if (!here.some(isDrawn)) seen.broken.push(`${name} ${here.map((img) => img.outerHTML)} ${place.innerText}`);
            for (const img of here) (seen.addresses[name] ??= {})[img.src] = 1;
        }
        seen.samples += 1;
        requestAnimationFrame(look);
    }
    window.seen = seen;
    requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, web_dir: Path) -> Iterator[RunningServer]:
    data_dir = tmp_path_factory.mktemp("signing") / "data"
    settings = {"url_signing": "cloudflare", "url_validity_seconds": VALID_S}
    with RunningServer(data_dir, face=True, web_dir=web_dir, **settings) as running:
        yield running
        assert "Traceback" not in running.log, running.log


@pytest.fixture
def filled(
    server: RunningServer, context: BrowserContext, workspace: str, sign_in: Callable[[Page, str], None]
) -> Page:
    """A gallery in which every picture in sight has arrived."""
    with server.client() as client:
        for n in range(PICTURES):
            part = {"file": (f"p{n:02}.jpg", photos.photo_jpeg(900, 600, seed=n), "image/jpeg")}
            client.post("/api/files", data={"workspaceId": workspace}, files=part).raise_for_status()
        wait_for(lambda: len(client.get(f"/api/images?workspace_id={workspace}").json()["data"]) == PICTURES)
    page = context.new_page()
    sign_in(page, f"/w/{workspace}/content")
    expect(counted(page, f"{PICTURES} images")).to_be_visible()
    wait_for(lambda: shown(page) >= 12)
    return page


def shown(page: Page) -> int:
    """How many tiles show their own pixels, or 0 when any in sight does not."""
    return int(
        page.evaluate(
            """() => {
                const tiles = [...document.querySelectorAll(".ag-tile[data-key]")].filter(
                    (tile) => tile.getBoundingClientRect().top < innerHeight);
                const good = tiles.filter((tile) => [...tile.querySelectorAll("img.ag-there, img.ag-shown")].some(
                    (img) => img.complete && img.naturalWidth));
                return good.length === tiles.length ? good.length : 0;
            }"""
        )
    )


def watched(page: Page, milliseconds: int) -> dict[str, set[str]]:
    """Look at every frame for that long, in which nothing may be broken: the addresses of each place."""
    page.evaluate(WATCH)
    page.wait_for_timeout(milliseconds)
    page.wait_for_function("() => window.seen.samples > 50", timeout=60_000)
    seen = page.evaluate("window.seen")
    assert seen["broken"] == [], seen["broken"][:3]
    return {name: set(addresses) for name, addresses in seen["addresses"].items()}


def test_an_open_gallery_never_shows_a_broken_tile(filled: Page) -> None:
    asked: list[Response] = []
    filled.on("response", lambda answer: asked.append(answer) if "/api/images?ids=" in answer.url else None)
    places = watched(filled, WATCHED_MS)
    assert len(places) >= 12
    for addresses in places.values():
        ends = {parse_qs(urlsplit(address).query)["exp"][0] for address in addresses}
        assert len(ends) >= 3, addresses
    assert len(asked) <= 12, "one request for all tiles in sight, not one for each"
    expect(filled.get_by_text("Picture did not load")).to_have_count(0)


def test_an_open_picture_stays_and_its_neighbours_come_after_their_addresses_ran_out(filled: Page) -> None:
    filled.get_by_role("gridcell", name="p12.jpg").click()
    current = filled.locator(".yarl__slide_current img")
    expect(current).to_be_visible()
    wait_for(
        lambda: current.evaluate("img => img.complete && img.naturalWidth > 0 && !img.className.includes('loading')")
    )
    addresses = watched(filled, WATCHED_MS)["stage"]
    assert len(addresses) == 1, "the open picture is not loaded again"
    for _ in range(8):
        filled.keyboard.press("ArrowRight")
        filled.wait_for_timeout(400)
        expect(filled.locator(".ag-lost")).to_have_count(0)
    wait_for(lambda: filled.locator(".yarl__slide_current img").evaluate("img => img.complete && img.naturalWidth > 0"))
    # The address may run out on the way from the page to the request.
    wait_for(lambda: filled.request.get(filled.locator(".ag-url").inner_text()).status == 200)


def test_pictures_come_after_the_connection_was_away_for_longer_than_addresses_are_good(filled: Page) -> None:
    filled.context.set_offline(True)
    assert len(watched(filled, (VALID_S + 3) * 1000)) >= 12
    filled.context.set_offline(False)
    filled.set_viewport_size({"width": 1440, "height": 1600})  # as wide as before, so that all are in sight now
    wait_for(lambda: shown(filled) == PICTURES)
    expect(filled.get_by_text("Picture did not load")).to_have_count(0)
