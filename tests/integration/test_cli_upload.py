"""`aeontel file upload` against the real server: folders and globs, what is there already, and kills in the middle."""

import hashlib
import io
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.support.pipeline import wait_for
from tests.support.proxy import Proxy
from tests.support.server import RunningServer
from tests.support.shell import Shell, Typing

_MANY = 300
STOPPED = "Stopped. What was sent is there: the same command goes on with the rest."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("upload") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def workspace(http: httpx.Client, request: pytest.FixtureRequest) -> str:
    answer = http.post("/api/workspaces", json={"name": request.node.name[:100]})
    return str(answer.json()["id"])


@pytest.fixture
def shell(http: httpx.Client, workspace: str, tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    token = http.headers["authorization"].removeprefix("Bearer ")
    signed_in = {"AEONTEL_URL": str(http.base_url).rstrip("/"), "AEONTEL_TOKEN": token, "AEONTEL_WORKSPACE": workspace}
    return Shell(home, signed_in)


def tiny(number: int) -> bytes:
    """A picture of a few hundred bytes, another one for each number."""
    out = io.BytesIO()
    Image.new("RGB", (16, 12), (number % 256, number // 256, 99)).save(out, "PNG")
    return out.getvalue()


def folder(shell: Shell, count: int, name: str = "pictures") -> list[Path]:
    place = shell.home / name
    place.mkdir()
    paths = [place / f"{number:03}.png" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(tiny(number))
    return paths


def uploaded(http: httpx.Client, workspace: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    after: dict[str, str] = {}
    while True:
        body = http.get("/api/files", params={"workspace_id": workspace, **after}).json()
        found += body["data"]
        if not body["pageInfo"]["hasNextPage"]:
            return found
        after = {"after": body["pageInfo"]["endCursor"]}


def total(http: httpx.Client, workspace: str) -> int:
    return int(http.get("/api/files", params={"workspace_id": workspace, "limit": 1}).json()["pageInfo"]["total"])


def test_an_upload_killed_in_the_middle_goes_on_and_sends_every_file_once(
    shell: Shell, server: RunningServer, http: httpx.Client, workspace: str
) -> None:
    paths = folder(shell, _MANY)
    with Proxy() as proxy:
        proxy.servers = [server.port]
        there = {"AEONTEL_URL": proxy.url}
        for at in (_MANY // 10, _MANY // 3):
            proxy.hold_next_upload(100)  # so that it does not come to its end, on however fast a machine
            process = shell.start("file", "upload", "pictures", "--parallel", "6", **there)
            wait_for(lambda: total(http, workspace) >= at)  # noqa: B023 - called at once
            process.kill()
            process.communicate()
            assert process.returncode == -signal.SIGKILL, "it came to its end"
        ids = shell.lines("file", "upload", "pictures", "--parallel", "6", **there)
        again = shell.lines("file", "upload", "pictures", **there)
        assert sorted(again) == sorted(ids), "all is there: nothing is sent"
    files = uploaded(http, workspace)
    assert len(ids) == len(set(ids)) == len(files) == _MANY
    assert {file["id"] for file in files} == set(ids)
    assert {file["sha256"] for file in files} == {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert total(http, workspace) == _MANY


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
def test_ctrl_c_ends_a_large_upload_at_once_and_the_same_command_goes_on(
    shell: Shell, server: RunningServer, http: httpx.Client, workspace: str, terminal: bool
) -> None:
    small, large = folder(shell, 1)[0], shell.home / "pictures" / "large.bin"
    large.write_bytes(b"\1" * 50_000_000)
    with Proxy() as proxy:
        proxy.servers = [server.port]
        there = {"AEONTEL_URL": proxy.url}
        assert len(shell.lines("file", "upload", str(small), **there)) == 1
        held = proxy.hold_next_upload(1_000_000)  # no byte more goes through, so it can only be ended
        if terminal:
            typing = Typing(shell, "file", "upload", "pictures", **there)
            held.wait()
            typing.until("large.bin")
            code, shown = typing.press_ctrl_c()
            assert shown.endswith(f"{STOPPED}\r\n")
            assert "large.bin" not in shown.rpartition("\x1b[2K")[2], "the bars are gone"
        else:
            process = shell.start("file", "upload", "pictures", **there)
            held.wait()
            process.send_signal(signal.SIGINT)
            _, shown = process.communicate(timeout=120)
            code = process.returncode
            assert shown == f"{STOPPED}\n"
        assert code == 130
        assert len(shell.lines("file", "upload", "pictures", **there)) == 2
    assert sorted(file["name"] for file in uploaded(http, workspace)) == ["000.png", "large.bin"]


def test_what_is_there_is_skipped_by_content_and_only_while_the_server_has_it(
    shell: Shell, http: httpx.Client, workspace: str
) -> None:
    first, second = folder(shell, 2)
    (shell.home / "copy.png").write_bytes(first.read_bytes())
    (one,) = shell.lines("file", "upload", str(first))
    assert shell.lines("file", "upload", "copy.png") == [one], "the same content under another name"
    os.utime(first)
    assert shell.lines("file", "upload", str(first)) == [one], "only its time is another one"
    (two,) = shell.lines("file", "upload", str(first), "--again")
    assert two != one
    http.delete(f"/api/files/{two}").raise_for_status()
    http.delete(f"/api/files/{one}").raise_for_status()
    (three,) = shell.lines("file", "upload", str(first))
    assert three not in (one, two), "what is in the trash is not there"
    first.write_bytes(second.read_bytes() + b"\0")
    (four,) = shell.lines("file", "upload", str(first))
    assert four not in (one, two, three)
    other = http.post("/api/workspaces", json={"name": "Another"}).json()["id"]
    (five,) = shell.lines("file", "upload", "copy.png", "-w", other)
    assert http.get(f"/api/files/{five}").json()["workspaceId"] == other


def test_copies_of_one_picture_are_sent_once(shell: Shell, http: httpx.Client, workspace: str) -> None:
    for path in folder(shell, 8):
        path.write_bytes(tiny(7))
    ids = shell.lines("file", "upload", "pictures", "--parallel", "8")
    assert len(ids) == 8
    assert len(set(ids)) == total(http, workspace) == 1


def test_files_folders_globs_and_stdin_name_what_is_sent(shell: Shell, http: httpx.Client, workspace: str) -> None:
    paths = folder(shell, 3)
    (shell.home / "pictures" / "deep").mkdir()
    paths[2].rename(shell.home / "pictures" / "deep" / "c.png")
    (shell.home / "pictures" / ".hidden.png").write_bytes(tiny(50))
    assert len(shell.lines("file", "upload", "pictures/*.png")) == 2
    assert len(shell.lines("file", "upload", "pictures", "pictures/000.png")) == 3
    assert len(shell.lines("file", "upload", "-", stdin="pictures/000.png\npictures/001.png\n")) == 2
    strange = Path(os.fsdecode(os.fsencode(shell.home) + b"/not utf-8 \xff.png"))
    strange.write_bytes(tiny(60))
    (sent,) = shell.lines("file", "upload", "not*.png")
    assert shell.lines("file", "upload", "not*.png") == [sent]
    http.delete(f"/api/files/{sent}").raise_for_status()
    assert {file["name"] for file in uploaded(http, workspace)} == {"000.png", "001.png", "c.png"}
    one = json.loads(shell.run("file", "upload", "pictures/000.png", "--json").stdout)
    assert one == http.get(f"/api/files/{one['id']}").json()
    several = json.loads(shell.run("file", "upload", "pictures", "--json").stdout)
    assert len(several["data"]) == 3
    for nothing in (["missing.png"], ["*.gif"], [str(shell.home / "pictures" / ".hidden")]):
        assert shell.run("file", "upload", *nothing).returncode == 2


def test_one_bad_file_does_not_hold_up_the_others(shell: Shell, http: httpx.Client, workspace: str) -> None:
    paths = folder(shell, 3)
    paths[1].write_bytes(b"")
    done = shell.run("file", "upload", "pictures")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == total(http, workspace) == 2
    assert str(paths[1]) in done.stderr
    assert shell.run("file", "upload", "pictures", "-w", "wsp_unknown").returncode == 4
    assert shell.run("file", "upload", "pictures", AEONTEL_TOKEN="aeo_wrong").returncode == 5


def test_a_terminal_shows_how_far_it_is(shell: Shell, workspace: str) -> None:
    folder(shell, 3)
    code, shown = shell.terminal("file", "upload", "pictures")
    assert code == 0, shown
    assert "3 files" in shown
    assert "3 uploaded." in shown
    code, shown = shell.terminal("file", "upload", "pictures")
    assert shown.count("(was there)") == 3
    assert "0 uploaded." in shown


def test_two_commands_at_once_send_every_file_once(shell: Shell, http: httpx.Client, workspace: str) -> None:
    folder(shell, 12)
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(shell.lines("file", "upload", "pictures"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(ids) for ids in results] == [12, 12]
    assert set(results[0]) == set(results[1])
    assert total(http, workspace) == 12
