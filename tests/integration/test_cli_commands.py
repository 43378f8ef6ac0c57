"""The command line as a subprocess against the real server: tables, JSON, pipes, profiles, exit codes."""

import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution, requires
from pathlib import Path

import httpx
import pytest

from tests.support.crafted import pdf
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.ports import free_port
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, RunningServer
from tests.support.shell import Shell

_SIGN_IN = f"{ADMIN_EMAIL}\n{ADMIN_PASSWORD}\n"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(server: RunningServer, http: httpx.Client, home: Path) -> Shell:
    """Signed in by environment."""
    token = http.headers["authorization"].removeprefix("Bearer ")
    return Shell(home, {"AEONTEL_URL": server.url, "AEONTEL_TOKEN": token})


@pytest.fixture
def workspace(http: httpx.Client, request: pytest.FixtureRequest) -> str:
    answer = http.post("/api/workspaces", json={"name": request.node.name[:100]})
    return str(answer.json()["id"])


def put(http: httpx.Client, workspace: str, name: str, data: bytes) -> str:
    answer = http.post("/api/files", data={"workspaceId": workspace}, files={"file": (name, data)})
    return str(answer.raise_for_status().json()["id"])


def pictures(http: httpx.Client, workspace: str, count: int) -> list[str]:
    """Ids of images that are there, newest first."""
    for seed in range(count):
        put(http, workspace, f"{seed}.jpg", photo_jpeg(64, 48, seed=seed))

    def listed() -> list[str]:
        body = http.get("/api/images", params={"workspace_id": workspace}).json()
        return [image["id"] for image in body["data"]]

    wait_for(lambda: len(listed()) == count)
    return listed()


def test_profiles_keep_tokens_for_their_user_alone(server: RunningServer, home: Path) -> None:
    shell = Shell(home)
    assert shell.run("whoami").returncode == 5
    refused = shell.run("login", "--url", server.url, stdin="aeo_wrong\n")
    assert (refused.returncode, refused.stdout) == (5, "")
    reader, writer = server.token("read"), server.token()
    assert shell.run("login", "--url", server.url, "--profile", "reader", stdin=f"{reader}\n").returncode == 0
    assert shell.run("login", "--url", server.url, stdin=f"{writer}\n").returncode == 0
    kept = home / ".config" / "aeontel" / "profiles.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert json.loads(kept.read_text())["reader"] == {"url": server.url, "token": reader}
    assert json.loads(shell.run("whoami", "--json").stdout)["scopes"] == ["read", "write", "delete"]
    assert "scopes\tread" in shell.lines("whoami", "--profile", "reader")
    forbidden = shell.run("workspace", "create", "X", "--profile", "reader")
    assert forbidden.returncode == 5
    assert "aeontel whoami" in forbidden.stderr
    elsewhere = shell.run("whoami", "--url", f"http://127.0.0.1:{free_port()}")
    assert elsewhere.returncode == 5, "a profile's token goes to its own server only"
    assert shell.run("whoami", "--token", writer).returncode == 2
    assert shell.run("logout").returncode == 0
    assert shell.run("whoami").returncode == 5
    assert shell.run("whoami", AEONTEL_PROFILE="reader").returncode == 0


def test_a_token_is_typed_without_being_shown(server: RunningServer, home: Path) -> None:
    token = server.token()
    code, shown = Shell(home).terminal("login", "--url", server.url, typed=f"{token}\n")
    assert code == 0, shown
    assert ADMIN_EMAIL in shown


def test_json_is_the_body_and_jsonl_one_item_a_line(shell: Shell, http: httpx.Client, workspace: str) -> None:
    ids = pictures(http, workspace, 3)
    here = ("-w", workspace)
    body = http.get("/api/images", params={"workspace_id": workspace, "limit": 2}).json()
    assert json.loads(shell.run("image", "list", *here, "--limit", "2", "--json").stdout) == body
    assert [json.loads(line) for line in shell.lines("image", "list", *here, "--limit", "2", "--jsonl")] == body["data"]
    after = shell.run("image", "list", *here, "--after", body["pageInfo"]["endCursor"], "--json")
    assert [image["id"] for image in json.loads(after.stdout)["data"]] == ids[2:]
    everything = json.loads(shell.run("image", "list", *here, "--limit", "1", "--all", "--json").stdout)
    assert everything == http.get("/api/images", params={"workspace_id": workspace}).json()
    assert [line.split("\t")[0] for line in shell.lines("image", "list", *here, "--limit", "2", "--all")] == ids
    one = http.get(f"/api/images/{ids[0]}").json()
    assert json.loads(shell.run("image", "get", ids[0], "--json").stdout) == one
    several = shell.lines("image", "get", "-", "--jsonl", stdin="\n".join(ids))
    assert [json.loads(line)["id"] for line in several] == ids
    chosen = shell.lines("image", "list", "--ids", "-", "--include", "file", "--jsonl", stdin=f"{ids[1]}\n")
    assert [json.loads(line)["file"]["name"] for line in chosen] == ["1.jpg"]


def test_a_terminal_gets_a_table_and_nothing_that_strangers_wrote_for_terminals(
    shell: Shell, http: httpx.Client, workspace: str
) -> None:
    name = "[red]evil\x9b31m\u202etxt.jpg"
    file_id = put(http, workspace, name, pdf())
    kept = http.get(f"/api/files/{file_id}").json()["name"]
    code, shown = shell.terminal("file", "list", "-w", workspace)
    assert code == 0
    plain = _ESCAPES.sub("", shown)
    assert "name" in plain.splitlines()[1]
    assert file_id in plain
    assert "[red]evil" in plain
    for form in ([], ["--json"], ["--jsonl"]):
        _, shown = shell.terminal("file", "get", file_id, *form)
        assert not set("\x9b\u202e") & set(shown)
        assert "\x1b" not in _ESCAPES.sub("", shown)
    assert json.loads(shell.run("file", "get", file_id, "--json").stdout)["name"] == kept


def test_exif_cannot_reach_the_terminal(shell: Shell, http: httpx.Client, workspace: str) -> None:
    from PIL import Image
    from PIL.ExifTags import Base

    place = shell.home / "exif.jpg"
    exif = Image.Exif()
    exif[Base.ImageDescription] = "\x1b]0;title\x07\x1b[31mred"
    Image.new("RGB", (32, 32), "red").save(place, exif=exif)
    file_id = put(http, workspace, "e.jpg", place.read_bytes())
    wait_for(lambda: http.get(f"/api/images/{file_id}").status_code == 200)
    assert http.get(f"/api/images/{file_id}").json()["exif"]
    for form in ([], ["--json"], ["--jsonl"]):
        code, shown = shell.terminal("image", "get", file_id, *form)
        assert code == 0
        assert not set("\x1b\x07") & set(shown)


def test_exit_codes_say_what_went_wrong(shell: Shell, http: httpx.Client) -> None:
    missing = shell.run("image", "get", "img_nothing")
    assert (missing.returncode, missing.stdout) == (4, "")
    assert missing.stderr.count("\n") == 1
    assert shell.run("file", "list", "-w", "no such workspace").returncode == 4
    assert shell.run("image", "list", "--after", "nonsense").returncode == 2
    assert shell.run("image", "list", "--limit", "1000").returncode == 2
    assert shell.run("image", "list", "--json", "--jsonl").returncode == 2
    assert shell.run("image").returncode == 2
    assert shell.run("image", "list", AEONTEL_TOKEN="aeo_wrong").returncode == 5
    nobody = shell.run("image", "list", AEONTEL_URL=f"http://127.0.0.1:{free_port()}")
    assert nobody.returncode == 1
    assert "cannot be reached" in nobody.stderr
    assert shell.run("image", "list", AEONTEL_URL="localhost").returncode == 2


def test_deleting_files_asks(shell: Shell, http: httpx.Client, workspace: str) -> None:
    (image, other) = pictures(http, workspace, 2)
    file = "fil_" + image.removeprefix("img_")
    assert shell.run("file", "delete", file).returncode == 2
    assert shell.run("image", "delete", file).returncode == 2
    code, shown = shell.terminal("file", "delete", file, typed="n\n")
    assert code == 1, shown
    assert http.get(f"/api/files/{file}").status_code == 200
    assert shell.lines("image", "delete", image) == [image], "the file stays: nobody is asked"
    assert shell.lines("file", "retry", file) == [file]
    code, shown = shell.terminal("file", "delete", file, typed="y\n")
    assert code == 0, shown
    assert http.get(f"/api/files/{file}").status_code == 404
    trash = shell.lines("file", "list", "-w", workspace, "--trash")
    assert [line.split("\t")[0] for line in trash] == [file]
    assert shell.lines("file", "restore", "-", stdin=f"{file}\n") == [file]
    rest = shell.run("file", "delete", "-", "--yes", stdin=f"fil_gone\n{file}\n")
    assert (rest.returncode, rest.stdout) == (4, f"{file}\n"), "the others are deleted all the same"
    assert json.loads(shell.run("image", "delete", other, "--json").stdout) == {"success": True}
    assert shell.lines("file", "delete", "--yes", "--for-good", file) == [file]
    assert shell.lines("file", "list", "-w", workspace, "--trash") == []


def test_downloads_are_whole_and_stay_in_their_folder(shell: Shell, http: httpx.Client, workspace: str) -> None:
    file = put(http, workspace, "../..\\.bashrc", pdf())
    (path,) = shell.lines("file", "download", file)
    assert (shell.home / path).read_bytes() == pdf()
    assert [each.name for each in shell.home.iterdir()] == [path]
    assert not path.startswith(".")
    assert shell.run("file", "download", file).returncode == 1
    assert shell.lines("file", "download", file, "--force") == [path]
    (shell.home / "there").mkdir()
    assert shell.lines("file", "download", file, "-o", "there") == [f"there/{path}"]
    assert shell.lines("file", "download", file, "-o", "own.pdf") == ["own.pdf"]


def test_one_download_that_is_there_already_does_not_hold_up_the_others(
    shell: Shell, http: httpx.Client, workspace: str
) -> None:
    first, second, third = (put(http, workspace, f"{name}.pdf", pdf()) for name in ("one", "two", "three"))
    (shell.home / "one.pdf").write_text("mine")
    (shell.home / "two.pdf").mkdir()
    done = shell.run("file", "download", first, "fil_gone", second, third)
    assert (done.returncode, done.stdout) == (1, "three.pdf\n"), "the first that failed decides"
    there, gone, folder = done.stderr.splitlines()
    assert there == f"{first}: one.pdf is there already. Say --force to replace it."
    assert gone.startswith("fil_gone: ")
    assert folder.startswith(f"{second}: two.pdf is there already.")
    assert (shell.home / "one.pdf").read_text() == "mine"
    again = shell.run("file", "download", first, second, third, "--force")
    assert (again.returncode, again.stdout) == (1, "one.pdf\nthree.pdf\n"), "a folder is not replaced"
    assert again.stderr == f"{second}: two.pdf cannot be written: Is a directory.\n"
    assert (shell.home / "one.pdf").read_bytes() == pdf()
    assert not [each.name for each in shell.home.iterdir() if each.name.endswith(".part")]
    assert shell.run("file", "download", "fil_gone", first).returncode == 4


def test_workspaces_and_members(shell: Shell, http: httpx.Client) -> None:
    (made,) = shell.lines("workspace", "create", "Holi days")
    assert any(line.startswith(f"{made}\tHoli days\towner") for line in shell.lines("workspace", "list", "--all"))
    (member,) = shell.lines("workspace", "members", "Holi days", "--jsonl")
    assert json.loads(member)["email"] == ADMIN_EMAIL
    body = http.get(f"/api/workspaces/{made}/members").json()
    assert json.loads(shell.run("workspace", "members", made, "--json").stdout) == body
    (address,) = shell.lines("open", "-w", made)[:1]
    assert address == f"{shell.environment['AEONTEL_URL']}/w/{made}/content"


def test_tokens_are_managed_by_signing_in(server: RunningServer, shell: Shell, http: httpx.Client) -> None:
    (secret,) = shell.lines("token", "create", "--name", "made", "--scopes", "read", "--days", "1", stdin=_SIGN_IN)
    assert json.loads(shell.run("whoami", "--json", AEONTEL_TOKEN=secret).stdout)["scopes"] == ["read"]
    (token,) = [line for line in shell.lines("token", "list", "--jsonl", stdin=_SIGN_IN) if '"made"' in line]
    id = json.loads(token)["id"]
    assert shell.lines("token", "revoke", id, stdin=_SIGN_IN) == [id]
    assert shell.run("whoami", AEONTEL_TOKEN=secret).returncode == 5
    assert shell.run("token", "create", stdin=f"{ADMIN_EMAIL}\nwrong\n").returncode == 5
    assert shell.run("token", "list").returncode == 2
    here = server.aeontel("token", "create", "--email", ADMIN_EMAIL, "--days", "1")
    assert re.fullmatch(r"aeo_\w+\n", here.stdout), here.stderr


def test_events_are_listed_and_followed(shell: Shell, http: httpx.Client, workspace: str) -> None:
    first = put(http, workspace, "1.pdf", pdf())
    body = http.get("/api/events", params={"workspace_id": workspace, "limit": 1}).json()
    assert json.loads(shell.run("events", "-w", workspace, "--limit", "1", "--json").stdout) == body
    listed = shell.lines("events", "-w", workspace, "--type", "file.ready", "--all")
    assert [line.split("\t")[2:4] for line in listed] == [["file.ready", first]]
    last = str(http.get("/api/events", params={"workspace_id": workspace}).json()["data"][-1]["seq"])
    following = shell.start("events", "--follow", "-w", workspace, "--type", "file.ready", "--after", last, "--jsonl")
    try:
        second = put(http, workspace, "2.pdf", pdf())
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["fileId"] == second
    finally:
        following.kill()
        following.communicate()
    assert shell.run("events", "--follow", "--json").returncode == 2


def test_a_reader_that_leaves_early_is_no_fault(shell: Shell, http: httpx.Client, workspace: str) -> None:
    pictures(http, workspace, 2)
    process = shell.start("image", "list", "-w", workspace, "--limit", "1", "--all")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    with process.stderr as complaints:
        assert complaints.read() == ""


def _closure(*names: str) -> set[str]:
    """These distributions and all that they need."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name.lower() in found:
            continue
        found.add(name.lower())
        needed = [each for each in requires(name) or () if "extra ==" not in each and "python_version <" not in each]
        waiting += [match[0] for each in needed if (match := re.match(r"[\w.-]+", each)) and _is_here(match[0])]
    return found


def _is_here(name: str) -> bool:
    try:
        distribution(name)
    except ModuleNotFoundError:
        return False
    return True


@pytest.fixture
def alone(shell: Shell, tmp_path: Path) -> Shell:
    """The command where only the client's packages are, as after `pip install aeontel-images`."""
    place = tmp_path / "site"
    place.mkdir()
    for name in _closure("httpx", "typer", "rich"):
        files = distribution(name).files or ()
        for top in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
            (place / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    (place / "images_app").symlink_to(ROOT / "images_app")
    start = f"import sys; sys.path.insert(0, {str(place)!r}); from images_app.cli.main import app; app()"
    return Shell(shell.home, shell.environment, (sys.executable, "-I", "-S", "-c", start))


def test_the_client_works_without_the_server_s_packages(alone: Shell, http: httpx.Client, workspace: str) -> None:
    (image,) = pictures(http, workspace, 1)
    assert alone.run("--help").returncode == 0
    assert f"e-mail\t{ADMIN_EMAIL}" in alone.lines("whoami")
    assert alone.lines("image", "list", "-w", workspace)[0].startswith(image)
    (alone.home / "a.pdf").write_bytes(pdf())
    (sent,) = alone.lines("file", "upload", "a.pdf", "-w", workspace)
    assert alone.lines("file", "download", sent, "-o", "b.pdf") == ["b.pdf"]
    code, shown = alone.terminal("image", "list", "-w", workspace)
    assert (code, image in shown) == (0, True)
    for command in (["serve"], ["migrate"], ["doctor"], ["token", "create", "--email", "a@example.com"]):
        refused = alone.run(*command)
        assert refused.returncode == 1
        assert refused.stderr.count("\n") == 1
        assert "pip install '.[server]'" in refused.stderr


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        (
            "images_app.cli.main",
            ("httpx", "asyncio", "http.client", "sqlmodel", "sqlalchemy", "fastapi", "reflex", "rich.table", "PIL"),
        ),
        ("images_app.cli.main, images_app.client", ("click", "pygments", "rich.console")),
        ("images_app.client", ("pydantic", "typer", "sqlmodel", "fastapi", "images_app.settings")),
    ],
)
def test_nothing_heavy_is_loaded_to_start(module: str, heavy: tuple[str, ...]) -> None:
    show = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(heavy) & set(done.stdout.split())
