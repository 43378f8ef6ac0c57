"""The main job: drop photos, see them appear in two tabs, look at one, take it away."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.conftest import copied, counted, drop, folder_of
from tests.support import photos
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer

Files = list[tuple[str, str, bytes]]


@pytest.fixture(scope="module")
def pile() -> Files:
    """Twenty files as they come off cameras and phones: eighteen pictures, one damaged, one no picture at all."""
    return [
        *((f"DSC_{i:04}.jpg", "image/jpeg", photos.photo_jpeg(4000, 3000, gps=True, seed=i)) for i in range(4)),
        *((f"sideways-{o}.jpg", "image/jpeg", photos.photo_jpeg(1200, 800, orientation=o, seed=o)) for o in (3, 6, 8)),
        *((f"IMG_{i}.heic", "image/heic", photos.heic(1600, 1200, seed=20 + i)) for i in range(3)),
        ("drawing.png", "image/png", photos.png(900, 700, alpha=True)),
        ("screen.png", "image/png", photos.png(1280, 720, seed=3)),
        ("waves.webp", "image/webp", photos.webp(1000, 600)),
        ("dance.gif", "image/gif", photos.gif_of(12, 320, 240)),
        ("scan.tif", "image/tiff", photos.tiff(1000, 1400)),
        ("old.bmp", "image/bmp", photos.bmp(640, 480)),
        ("fresh.avif", "image/avif", photos.avif(800, 600)),
        ("logo.svg", "image/svg+xml", photos.svg(640, 400)),
        ("damaged.jpg", "image/jpeg", photos.corrupt_jpeg()),
        ("contract.pdf", "application/pdf", photos.pdf()),
    ]


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("gridcell", name=name)


def every_picture_is_shown(page: Page) -> bool:
    """Whether the picture of each tile in sight has really arrived and been decoded."""
    return bool(
        page.evaluate(
            """() => {
                const pictures = [...document.querySelectorAll("[role=gridcell] img")];
                return pictures.length >= 18 && pictures.every((i) => i.complete && i.naturalWidth);
            }"""
        )
    )


def test_twenty_dropped_files_fill_two_tabs_by_themselves(
    gallery: Page, context: BrowserContext, pile: Files, server: RunningServer, workspace: str
) -> None:
    other = context.new_page()
    for page in (gallery, other):
        page.set_viewport_size({"width": 1440, "height": 2400})  # the rows out of sight are not in the page
    other.goto(gallery.url)
    expect(other.get_by_text("Drop photos anywhere on this page")).to_be_visible()

    drop(gallery, pile)
    for page in (gallery, other):
        expect(counted(page, "18 images")).to_be_visible(timeout=60_000)
        expect(tile(page, "DSC_0000.jpg, 4000 by 3000")).to_be_visible()
        expect(tile(page, "sideways-6.jpg, 1200 by 800")).to_be_visible()
        expect(tile(page, "IMG_0.heic, 1600 by 1200")).to_be_visible()
        damaged = tile(page, "damaged.jpg")
        expect(damaged).to_contain_text("Not in the gallery")
        expect(damaged).to_contain_text("damaged", ignore_case=True)
        wait_for(lambda shown=page: every_picture_is_shown(shown))

    panel = gallery.get_by_role("region", name="Uploads")
    expect(panel).to_contain_text("Stored, not a picture")
    with server.client() as client:
        listed = client.get("/api/images", params={"workspace_id": workspace}).json()
        assert listed["pageInfo"]["total"] == 18
        assert {image["workspaceId"] for image in listed["data"]} == {workspace}


def test_tiles_have_the_true_shape_before_and_after_the_picture(gallery: Page) -> None:
    drop(gallery, [("wide.jpg", "image/jpeg", photos.photo_jpeg(1600, 400, seed=50))])
    expect(tile(gallery, "wide.jpg, 1600 by 400")).to_be_visible()
    box = tile(gallery, "wide.jpg").bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(4, rel=0.02)


def test_a_picture_opens_with_its_facts_and_neighbours(
    gallery: Page, server: RunningServer, workspace: str, tmp_path: Path
) -> None:
    for number in range(3):
        name = f"photo-{number}.jpg"
        drop(gallery, [(name, "image/jpeg", photos.photo_jpeg(1500, 1000, gps=True, seed=60 + number))])
        expect(tile(gallery, f"{name}, 1500 by 1000")).to_be_visible()
    tile(gallery, "photo-1.jpg").click()
    stage = gallery.get_by_role("region", name="photo-1.jpg, 2 of 3")
    expect(stage).to_be_visible()
    panel = gallery.get_by_role("complementary", name="About this picture")
    if not panel.is_visible():
        gallery.keyboard.press("i")
    expect(panel).to_contain_text("1500 × 1000")
    expect(panel).to_contain_text("In the gallery")

    gallery.keyboard.press("ArrowRight")
    expect(gallery.get_by_role("region", name="photo-0.jpg, 3 of 3")).to_be_visible()
    gallery.keyboard.press("ArrowLeft")
    expect(stage).to_be_visible()
    with server.client() as client:
        images = client.get("/api/images", params={"workspace_id": workspace}).json()["data"]
    url = images[1]["url"]
    gallery.keyboard.press("c")
    gallery.keyboard.press("u")
    copied(gallery, url)
    assert httpx.get(url, timeout=30).headers["content-type"].startswith("image/")
    gallery.keyboard.press("Escape")
    expect(stage).to_be_hidden()
    expect(tile(gallery, "photo-1.jpg")).to_be_focused()


def test_removing_keeps_the_file_and_undo_brings_the_picture_back(gallery: Page, server: RunningServer) -> None:
    drop(gallery, [("keep.jpg", "image/jpeg", photos.photo_jpeg(800, 600, seed=70))])
    expect(tile(gallery, "keep.jpg, 800 by 600")).to_be_visible()
    tile(gallery, "keep.jpg").focus()
    gallery.keyboard.press("x")
    gallery.get_by_role("button", name="Remove from gallery").first.click()
    expect(tile(gallery, "keep.jpg")).to_have_count(0)
    gallery.get_by_role("button", name="Undo", exact=True).click()
    expect(tile(gallery, "keep.jpg, 800 by 600")).to_be_visible()


def test_moving_a_file_to_the_trash_asks_first(gallery: Page, server: RunningServer, workspace: str) -> None:
    drop(gallery, [("away.jpg", "image/jpeg", photos.photo_jpeg(800, 600, seed=80))])
    expect(tile(gallery, "away.jpg, 800 by 600")).to_be_visible()
    tile(gallery, "away.jpg").focus()
    gallery.keyboard.press("x")
    gallery.keyboard.press("Shift+Delete")
    dialog = gallery.get_by_role("alertdialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep").click()
    expect(tile(gallery, "away.jpg, 800 by 600")).to_be_visible()
    gallery.keyboard.press("Shift+Delete")
    gallery.get_by_role("alertdialog").get_by_role("button", name="Move").click()
    expect(tile(gallery, "away.jpg")).to_have_count(0)
    expect(gallery.get_by_text("1 file moved to trash")).to_be_visible()  # the picture goes before that is done
    with server.client() as client:
        trashed = client.get("/api/files", params={"workspace_id": workspace, "trash": 1}).json()
    assert [file["name"] for file in trashed["data"]] == ["away.jpg"]


def test_picked_files_that_cannot_be_taken_say_why_beside_the_file(gallery: Page, tmp_path: Path) -> None:
    paths = folder_of(tmp_path / "pick", [("empty.jpg", "image/jpeg", b""), ("good.png", "image/png", photos.png())])
    with gallery.expect_file_chooser() as chooser:
        gallery.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(paths)
    panel = gallery.get_by_role("region", name="Uploads")
    expect(panel).to_contain_text("empty", ignore_case=True)
    expect(tile(gallery, "good.png, 640 by 480")).to_be_visible()
