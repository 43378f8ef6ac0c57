"""`/metrics`, the request log, and the ids that connect them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import Api
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that writes a line about every request."""
    folder = tmp_path_factory.mktemp("telling") / "data"
    with RunningServer(folder, log_format="json", log_level="info") as running:
        yield running


def value(text: str, sample: str) -> float:
    """The value of one sample, such as `name{label="x"}`."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert found, f"no {sample} in\n{text}"
    return float(found[1])


def test_the_figures_follow_what_happens(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server, server.client() as http:
        data = photo_jpeg(64, 48)
        workspace = http.get("/api/me").json()["workspaces"][0]["id"]

        def upload(content: bytes, name: str) -> str:
            answer = http.post("/api/files", data={"workspaceId": workspace}, files={"file": (name, content)})
            return str(answer.raise_for_status().json()["id"])

        def state(file_id: str) -> str:
            return str(http.get(f"/api/files/{file_id}").json()["provisioning"]["state"])

        good, bad = upload(data, "good.jpg"), upload(b"no picture at all", "bad.jpg")
        wait_for(lambda: state(good) == "done" and state(bad) == "failed")
        wait_for(lambda: 'aeontel_attempts_total{outcome="created"} 1.0' in http.get("/metrics").text)
        text = http.get("/metrics").text
        assert value(text, "aeontel_images") == 1
        assert value(text, 'aeontel_files{status="ready"}') == 1
        assert value(text, 'aeontel_files{status="error"}') == 1
        assert value(text, 'aeontel_attempts_total{outcome="failed"}') == 1
        assert value(text, 'aeontel_queue_files{state="pending"}') == 0
        assert value(text, "aeontel_queue_oldest_seconds") == 0
        assert value(text, "aeontel_stored_bytes") == len(data) + len(b"no picture at all")
        assert value(text, "aeontel_database_up") == 1
        uploads = 'aeontel_http_requests_total{method="POST",part="api",route="/files",status="201"}'
        assert value(text, uploads) == 2
        files = 'aeontel_http_requests_total{method="GET",part="api",route="/files/{id}",status="200"}'
        assert value(text, files) >= 2
        assert value(text, 'aeontel_http_received_bytes_total{part="api"}') >= len(data)
        assert "fil_" not in text
        assert "wsp_" not in text


def test_a_live_stream_is_counted_while_it_lasts(telling: RunningServer) -> None:
    with telling.client() as http:
        with http.stream("GET", "/api/events", headers={"Accept": "text/event-stream"}) as stream:
            chunks = stream.iter_raw()  # kept: the connection ends with it
            next(chunks)
            assert value(http.get("/metrics").text, "aeontel_http_streams") == 1
        wait_for(lambda: value(http.get("/metrics").text, "aeontel_http_streams") == 0)


def test_figures_are_for_this_machine_and_for_admins(api: Api) -> None:
    _, member = api.token(api.user("member@example.com"))
    _, admin = api.token(api.user("admin@example.com", is_admin=True))
    passed_on = {"X-Forwarded-For": "203.0.113.7"}
    assert api.client().get("/metrics").status_code == 200
    assert api.client().get("/metrics", headers=passed_on).status_code == 401
    assert api.client(member).get("/metrics", headers=passed_on).status_code == 403
    answer = api.client(admin).get("/metrics", headers=passed_on)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_every_request_is_a_line_that_carries_its_id_and_no_secret(telling: RunningServer) -> None:
    with telling.client() as http:
        http.get("/api/images?token=hunter2", headers={"X-Request-Id": "mine-1"})
        httpx.get(f"{telling.url}/objects/x?token=hunter3", timeout=30)
        log = telling.wait_for_log('"/objects/x"')
        seen = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        (mine,) = [line for line in seen if line.get("request_id") == "mine-1"]
        assert (mine["method"], mine["path"], mine["status"]) == ("GET", "/api/images", 200)
        assert "hunter" not in log
        assert str(http.headers["authorization"]).split()[1] not in log


def test_a_line_about_an_attempt_names_its_file(telling: RunningServer) -> None:
    with telling.client() as http:
        workspace = http.get("/api/me").json()["workspaces"][0]["id"]
        answer = http.post("/api/files", data={"workspaceId": workspace}, files={"file": ("bad.jpg", b"no picture")})
        file_id = str(answer.raise_for_status().json()["id"])
        log = telling.wait_for_log("given up after")
        (line,) = [json.loads(line) for line in log.splitlines() if "given up after" in line]
        assert line["file_id"] == file_id
