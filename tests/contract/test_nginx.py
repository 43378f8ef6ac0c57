"""What deploy/nginx.conf passes on, by a real nginx."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.emulator import Origin, Page
from tests.support.http import anybody
from tests.support.ports import free_port

CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}


@pytest.fixture(scope="module")
def proxied(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an nginx that has the origin for its servers and for Cloudflare."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    server = CONF.read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
    for name in ("server-1:3000", "server-2:3000", "cloudflare:8787"):
        assert name in server
        server = server.replace(name, f"127.0.0.1:{origin.port}")
    (folder / "server.conf").write_text(server)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/answers;\n"
        f"include {folder}/server.conf; }}\n"
    )
    process = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"])
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            anybody.get(url)
            return
        except httpx.ConnectError:
            time.sleep(0.01)
    raise RuntimeError("nginx ended at once")


@pytest.mark.parametrize("path", ["/api/health/ready", "/_event/", "/imagedelivery/hash/id/public"])
def test_every_server_learns_who_asks_by_which_name_and_for_what(origin: Origin, proxied: str, path: str) -> None:
    origin.pages[path] = Page(b"{}", "application/json")
    theirs = {"Host": "images.example.com", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", **UPGRADE}
    assert anybody.get(proxied + path, headers=theirs).status_code == 200
    seen = origin.headers[path]
    assert seen["host"] == "images.example.com"
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert (seen["upgrade"], seen["connection"].lower()) == ("websocket", "upgrade")
