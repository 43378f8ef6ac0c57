"""The local Cloudflare Images as a command of its own: credentials, several processes on one directory, SIGKILL."""

import json
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support import photos
from tests.support.alone import command, serving
from tests.support.emulator import Origin, Page
from tests.support.http import anybody
from tests.support.pixels import decoded

JPEG = photos.quadrants()


def test_what_it_prints_is_all_that_a_client_needs(tmp_path):
    data = tmp_path / "new" / "account"
    with serving(data) as alone:
        image_id = alone.upload()
        assert decoded(alone.deliver(image_id, "w=60")).size == (60, 40)
        assert anybody.get(alone.shown["apiBase"].partition("/cloudflare")[0]).status_code == 200
        assert stat.S_IMODE((data / "credentials.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        before = alone.shown
        os.killpg(alone.process.pid, signal.SIGKILL)
    with serving(data) as again:
        assert {k: again.shown[k] for k in ("accountId", "accountHash", "apiToken", "readToken")} == {
            k: before[k] for k in ("accountId", "accountHash", "apiToken", "readToken")
        }
        assert again.ids() == {image_id}
        kept = command("credentials", "--data", str(data))
        assert json.loads(kept.stdout)["apiToken"] == before["apiToken"]


def test_a_killed_one_frees_the_port_and_a_stopped_one_ends_well(tmp_path):
    with serving(tmp_path) as alone:
        os.kill(alone.process.pid, signal.SIGKILL)
        alone.process.wait()
        for _ in range(200):
            try:
                anybody.get(alone.images)
            except httpx.TransportError:
                break
        else:
            pytest.fail("something of it outlives the kill")
    with serving(tmp_path) as alone:
        alone.process.send_signal(signal.SIGTERM)
        assert alone.process.wait(30) == 0


def test_two_processes_share_one_account(tmp_path):
    with ThreadPoolExecutor(2) as threads:
        opened = [serving(tmp_path), serving(tmp_path)]
        one, two = threads.map(lambda context: context.__enter__(), opened)  # both make the directory at once
        try:
            assert one.shown["apiToken"] == two.shown["apiToken"]
            made = list(threads.map(lambda n: (one, two)[n % 2].upload(photos.quadrants(width=60 + n)), range(20)))
            assert one.ids() == two.ids() == set(made)
            assert decoded(one.deliver(made[0], "w=30")).width == 30
            assert two.deliver(made[0], "w=30").headers["cf-images"] == "internal=ok/h"
            variant = {"id": "tiny", "options": {"fit": "cover", "width": 5, "height": 5, "metadata": "none"}}
            anybody.post(f"{one.images}/v1/variants", headers=one.headers, json=variant)
            assert decoded(two.deliver(made[1], "tiny")).size == (5, 5)
            anybody.delete(f"{two.images}/v1/{made[0]}", headers=two.headers)
            assert one.deliver(made[0], "w=30").headers["cf-images"] == "err=9404"
            assert (
                command("fault", "set", "error", "--data", str(tmp_path), "--on", "list", "--times", "2").returncode
                == 0
            )
            for alone in (one, two):
                assert anybody.get(f"{alone.images}/v2", headers=alone.headers).status_code == 500
                assert anybody.get(f"{alone.images}/v1/stats", headers=alone.headers).status_code == 200
            assert one.ids() == two.ids()
            assert json.loads(command("fault", "list", "--data", str(tmp_path)).stdout)[0]["hits"] == 2
            assert command("fault", "clear", "--data", str(tmp_path)).returncode == 0
            assert json.loads(command("fault", "list", "--data", str(tmp_path)).stdout) == []
        finally:
            for context in opened:
                context.__exit__(None, None, None)


def test_it_fetches_only_what_it_was_allowed(tmp_path):
    with Origin() as origin, serving(tmp_path, "--allow-fetch", f"{origin.url}/objects/") as alone:
        for path, status in (("/objects/a.jpg", 200), ("/other/a.jpg", 400)):
            origin.pages[path] = Page(JPEG)
            form = {"url": (None, origin.url + path)}
            assert anybody.post(f"{alone.images}/v1", headers=alone.headers, files=form).status_code == status


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("fault", "set", "explode"), 2, "kind must be one of"),
        (("fault", "set", "error", "--on", "everything"), 2, "operation must be"),
        (("fault", "set", "error", "--times", "0"), 2, "times must be"),
    ],
)
def test_a_wrong_fault_is_explained(tmp_path, arguments, code, text):
    (tmp_path / "images.db").touch()
    answer = command(*arguments, "--data", str(tmp_path))
    assert (answer.returncode, answer.stdout) == (code, "")
    assert text in answer.stderr


def test_what_cannot_start_says_why(tmp_path):
    nowhere = command("fault", "list", "--data", str(tmp_path / "nowhere"))
    assert nowhere.returncode == 1
    assert "start it once" in nowhere.stderr
    assert not (tmp_path / "nowhere").exists()
    with Origin() as origin:
        taken = command("serve", "--data", str(tmp_path), "--port", str(origin.port))
    assert taken.returncode == 1
    assert "cannot be used" in taken.stderr
    strange = command("serve", "--data", str(tmp_path), "--allow-fetch", "file:///")
    assert strange.returncode == 2


def test_a_new_account_takes_the_identity_that_is_given_and_keeps_it(tmp_path: Path) -> None:
    given = ("--account-id", "f" * 32, "--api-token", "given-token")
    for arguments in (given, ()):
        with serving(tmp_path / "cf", *arguments) as alone:
            assert alone.shown["accountId"] == "f" * 32
            assert alone.shown["apiToken"] == "given-token"
            assert alone.upload() in alone.ids()
    refused = command("serve", "--data", str(tmp_path / "cf"), "--api-token", "another")
    assert refused.returncode == 2
    assert "another id or token" in refused.stderr
    assert "given-token" not in refused.stderr
