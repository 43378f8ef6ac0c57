"""One picture on the stage, when its pixels are late or never come."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Held, drop
from tests.support import photos
from tests.support.pipeline import wait_for


def opened(gallery: Page, name: str) -> Locator:
    gallery.get_by_role("gridcell", name=name).click()
    viewer = gallery.get_by_role("dialog", name="Picture viewer")
    expect(viewer).to_be_visible()
    return viewer.locator(".yarl__slide_current")


def test_the_picture_of_the_grid_stands_in_its_place_until_the_full_one_has_come(gallery: Page) -> None:
    held = Held(gallery, "**/full")
    drop(gallery, [("wide.jpg", "image/jpeg", photos.photo_jpeg(2400, 1000))])
    slide = opened(gallery, "wide.jpg, 2400 by 1000")
    picture = slide.get_by_role("img", name="wide.jpg")
    before = picture.bounding_box()
    assert before is not None
    assert abs(before["width"] / before["height"] - 2.4) < 0.01
    assert "/grid" in picture.evaluate("(element) => getComputedStyle(element).backgroundImage")
    held.let_go()
    expect(slide.locator(".yarl__slide_placeholder")).to_have_count(0)
    assert picture.evaluate("(element) => element.naturalWidth") == 2400
    assert picture.evaluate("(element) => getComputedStyle(element).backgroundImage") == "none"
    assert picture.bounding_box() == before


def test_a_picture_that_did_not_load_says_so_and_loads_on_retry(gallery: Page) -> None:
    gallery.route("**/full", lambda route: route.abort())
    drop(gallery, [("lost.jpg", "image/jpeg", photos.photo_jpeg(900, 600))])
    slide = opened(gallery, "lost.jpg, 900 by 600")
    expect(slide).to_contain_text("The picture did not load.")
    gallery.unroute("**/full")
    slide.get_by_role("button", name="Retry").click()
    expect(slide.locator(".yarl__slide_placeholder")).to_have_count(0)
    expect(slide).not_to_contain_text("did not load")


def test_a_file_that_the_browser_cannot_draw_has_its_picture_in_the_list_once_it_is_in_the_gallery(
    gallery: Page,
) -> None:
    drop(gallery, [("phone.heic", "image/heic", photos.heic())])
    row = gallery.get_by_role("region", name="Uploads").get_by_role("listitem").filter(has_text="phone.heic")
    expect(row).to_contain_text("In the gallery")
    picture = row.locator("img")
    expect(picture).to_be_visible()
    wait_for(lambda: picture.evaluate("(image) => image.naturalWidth > 0"))
