"""Every page by axe-core: names, roles, contrast and structure, as WCAG 2.2 A and AA have them, in both themes."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import counted, drop
from tests.e2e.people import visitor
from tests.support import npm, photos
from tests.support.server import RunningServer

AXE = Path(__file__).with_name("axe")
WIDTHS = (1440, 390)
THEMES = ("light", "dark")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
EVERYTHING = [*STANDARD, "best-practice"]
_IS_IN = """(theme) => {
    const shown = getComputedStyle(document.documentElement).colorScheme;
    return shown === theme || !["light", "dark"].includes(shown);
}"""
"""A page whose script sets the theme does so a moment after the browser has told it."""
_CHECK = """async (rules) => {
    const { violations } = await axe.run(document, { runOnly: rules });
    const said = ({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 300)}`);
    return violations.flatMap(said);
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    return (npm.install(AXE) / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, axe: str, rules: list[str] = EVERYTHING) -> list[str]:
    """What is wrong on the page as it is, in both themes."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    found: list[str] = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_function(_IS_IN, arg=theme)
        # Colours pass from one theme to the other for a moment; in between they have the contrast of neither.
        page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished.catch(() => 0)))")
        found += [f"{theme}: {each}" for each in page.evaluate(_CHECK, rules)]
    return found


@pytest.fixture
def furnished(gallery: Page, workspace: str, server: RunningServer) -> Page:
    """A gallery with a picture, a failed one and another file, one more in the trash; an editor, and a token."""
    files = [
        *((f"photo-{n}.jpg", "image/jpeg", photos.photo_jpeg(900, 600, seed=100 + n)) for n in range(3)),
        ("damaged.jpg", "image/jpeg", photos.corrupt_jpeg()),
        ("contract.pdf", "application/pdf", photos.pdf()),
    ]
    drop(gallery, files)
    expect(counted(gallery, "3 images")).to_be_visible()
    expect(gallery.get_by_role("gridcell", name="damaged.jpg")).to_contain_text("Not in the gallery")
    with server.client() as admin:
        files_here = admin.get("/api/files", params={"workspace_id": workspace}).json()["data"]
        thrown_away = next(file["id"] for file in files_here if file["name"] == "photo-2.jpg")
        admin.delete(f"/api/files/{thrown_away}").raise_for_status()
        body = {"email": f"{workspace}@example.com", "role": "editor"}
        admin.post(f"/api/workspaces/{workspace}/members", json=body).raise_for_status()
    answer = gallery.request.post(f"{server.url}/api/tokens", data={"name": "Checked"}, headers={"Origin": server.url})
    assert answer.ok, answer.text()
    expect(counted(gallery, "2 images")).to_be_visible()
    return gallery


def test_every_page_can_be_used_by_everybody(furnished: Page, workspace: str, server: RunningServer, axe: str) -> None:
    with server.client() as admin:
        file = admin.get("/api/files", params={"workspace_id": workspace}).json()["data"][0]["id"]
    here = f"/w/{workspace}"
    pages = {
        f"{here}/content": "gridcell",
        f"{here}/files": "row",
        f"{here}/files?show=failed": "row",
        f"/files/{file}": "heading",
        f"{here}/trash": "row",
        f"{here}/members": "row",
        f"{here}/activity": "listitem",
        f"{here}/settings": "textbox",
        "/settings/tokens": "row",
        "/settings/account": "listitem",
        "/settings/people": "row",
        "/nowhere": "heading",
    }
    wrong: list[str] = []
    for width in WIDTHS:
        furnished.set_viewport_size({"width": width, "height": 900})
        for path, role in pages.items():
            furnished.goto(f"{server.url}{path}")
            expect(furnished.get_by_role("main").get_by_role(role).last).to_be_visible()  # type: ignore[arg-type]
            wrong += [f"{path}, {width} px, {each}" for each in violations(furnished, axe)]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("path", ["/login", "/password"])
def test_so_can_the_pages_before_signing_in(browser: Browser, server: RunningServer, axe: str, path: str) -> None:
    with visitor(browser) as page:
        page.goto(f"{server.url}{path}")
        expect(page.get_by_role("heading")).to_be_visible()
        assert violations(page, axe) == []


def test_so_can_dialogs_menus_and_the_viewer(furnished: Page, server: RunningServer, workspace: str, axe: str) -> None:
    wrong: list[str] = []

    def look(name: str) -> None:
        # A menu or dialog stands outside the landmarks of the page that it covers.
        wrong.extend(f"{name}, {each}" for each in violations(furnished, axe, STANDARD))

    furnished.get_by_role("gridcell", name="photo-0.jpg").click()
    expect(furnished.get_by_role("region", name="photo-0.jpg")).to_be_visible()
    look("viewer")
    for path, button in (
        ("/settings/tokens", "Create a token"),
        (f"/w/{workspace}/members", "Add a member"),
        (f"/w/{workspace}/trash", "Empty trash"),
        ("/settings/people", "Add a person"),
    ):
        furnished.goto(f"{server.url}{path}")
        furnished.get_by_role("button", name=button, exact=True).first.click()
        expect(furnished.get_by_role("dialog").or_(furnished.get_by_role("alertdialog"))).to_be_visible()
        if path == "/settings/tokens":
            furnished.get_by_role("radio", name="Only some").check()
        look(button)
    furnished.goto(f"{server.url}/w/{workspace}/files")
    furnished.get_by_role("button", name="Actions for contract.pdf").click()
    expect(furnished.get_by_role("menu")).to_be_visible()
    look("menu")
    assert wrong == [], "\n".join(wrong)
