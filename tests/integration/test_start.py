"""Starting, ending and restarting the server, and the commands beside it, as an operator does it."""

import json
import os
import resource
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """Of this test's own, to be ended."""
    with RunningServer(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One for all tests that only look at it."""
    with RunningServer(tmp_path_factory.mktemp("standing") / "data") as running:
        yield running


def test_ctrl_c_ends_it_cleanly_and_a_restart_keeps_everything(server: RunningServer) -> None:
    with server.client() as client:
        before = client.get("/api/me").json()
    assert server.stop() == 0
    server.start()
    with server.client() as client:
        assert client.get("/api/me").json()["workspaces"] == before["workspaces"]
    assert "Traceback" not in server.log


def test_the_first_start_makes_the_admin_with_a_workspace(standing: RunningServer) -> None:
    answer = httpx.post(
        f"{standing.url}/api/session", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}, timeout=30
    )
    assert answer.status_code == 200
    me = httpx.get(f"{standing.url}/api/me", cookies=answer.cookies, timeout=30).json()
    assert me["isAdmin"] is True
    assert [workspace["role"] for workspace in me["workspaces"]] == ["owner"]


def test_a_generated_password_is_printed_once_and_works(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data", admin_password="")
    before = server.aeontel("token", "create", "--email", ADMIN_EMAIL)  # which must not swallow the password
    assert before.returncode == 0, before.stderr
    with server:
        lines = [line.split() for line in server.wait_for_log("Password:").splitlines() if line.startswith("Password:")]
        password = lines[0][1]
        answer = httpx.post(f"{server.url}/api/session", json={"email": ADMIN_EMAIL, "password": password}, timeout=30)
        assert answer.status_code == 200
        server.stop()
        server.start()
        server.stop()
        assert server.log.count("Password:") == 1


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    with socket.create_server(("127.0.0.1", server.port)):  # allows for connections of before that are fading away
        result = server.aeontel("serve", "--headless")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert str(server.port) in result.stderr


def test_a_second_server_on_the_same_data_is_refused(standing: RunningServer) -> None:
    other = RunningServer(standing.data_dir)
    result = other.aeontel("serve", "--headless")
    assert result.returncode == 1
    assert "IMAGES_DATA_DIR" in result.stderr


def test_the_data_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "made" / "later")
    assert server.aeontel("migrate").returncode == 0
    assert server.aeontel("token", "create", "--email", ADMIN_EMAIL).returncode == 0
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700


def test_a_wrong_setting_is_said_in_one_line(tmp_path: Path) -> None:
    result = RunningServer(tmp_path / "data", storage="tape").aeontel("serve", "--headless")
    assert result.returncode == 1
    assert "IMAGES_STORAGE" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_token_create_prints_the_token_alone_before_and_after_the_first_start(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    before = server.aeontel("token", "create", "--email", ADMIN_EMAIL)
    assert before.returncode == 0, before.stderr
    with server:
        after = server.aeontel("token", "create", "--email", ADMIN_EMAIL, "--scopes", "read")
        for secret, scopes in ((before.stdout, {"read", "write", "delete"}), (after.stdout, {"read"})):
            assert secret.count("\n") == 1
            with server.client(secret.strip()) as client:
                assert set(client.get("/api/me").json()["scopes"]) == scopes


@pytest.mark.parametrize("arguments", [("--email", "nobody@example.com"), ("--email", ADMIN_EMAIL, "--scopes", "root")])
def test_token_create_says_what_is_wrong_and_prints_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = RunningServer(tmp_path / "data").aeontel("token", "create", *arguments)
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


def test_cloudflare_credentials_open_the_local_cloudflare(standing: RunningServer) -> None:
    credentials = json.loads(standing.aeontel("cloudflare", "credentials").stdout)
    assert set(credentials) == {"apiBase", "accountId", "accountHash", "apiToken", "deliveryBase"}
    answer = httpx.get(
        f"{standing.url}/cloudflare/client/v4/accounts/{credentials['accountId']}/images/v2",
        headers={"Authorization": f"Bearer {credentials['apiToken']}"},
        timeout=30,
    )
    assert answer.json()["success"] is True


def test_secrets_are_readable_by_the_owner_only(standing: RunningServer) -> None:
    keys = list((standing.data_dir / "keys").iterdir())
    assert keys
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_it_listens_on_loopback_only(standing: RunningServer) -> None:
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert f"0100007F:{standing.port:04X}" in listening
    assert f"00000000:{standing.port:04X}" not in listening


def test_who_stands_still_in_the_middle_of_a_download_does_not_keep_it_from_ending(server: RunningServer) -> None:
    with server.client() as client:
        workspace_id = client.get("/api/me").json()["workspaces"][0]["id"]
        more_than_any_buffer = {"file": ("a.bin", os.urandom(32 << 20))}
        made = client.post("/api/files", data={"workspaceId": workspace_id}, files=more_than_any_buffer)
        place = client.get(f"/api/files/{made.json()['id']}/content").headers["location"]
        with client.stream("GET", place) as download:
            assert download.status_code == 200
            assert server.stop() == 0


def test_nothing_of_the_server_outlives_a_kill(server: RunningServer) -> None:
    os.kill(server.pid, signal.SIGKILL)
    server.wait_until_gone()
    server.start()
    assert httpx.get(f"{server.url}/api/health/live", timeout=30).status_code == 200


def test_no_upload_route_of_the_framework_is_mounted(standing: RunningServer) -> None:
    assert httpx.post(f"{standing.url}/_upload", files={"f": b"x"}, timeout=30).status_code == 404


def test_connections_that_idle_keep_nobody_out(standing: RunningServer) -> None:
    """More of them than the web server would accept by itself: 1,024, of browsers, proxies and open event streams."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(most, 2048)), most))
    ask = b"GET /api/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    idle: list[socket.socket] = []
    try:
        for _ in range(1_030):
            idle.append(socket.create_connection(("127.0.0.1", standing.port), timeout=30))
            idle[-1].sendall(ask)
            assert idle[-1].recv(65_536).startswith(b"HTTP/1.1 200")
        with standing.client() as client:
            assert client.get("/api/me", timeout=30).status_code == 200
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
