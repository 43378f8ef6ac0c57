"""A live stream does not keep the server from ending, and is not cut off either."""

from pathlib import Path

import httpx

from tests.support.server import RunningServer


def test_streams_end_properly_when_the_server_is_stopped(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        token = server.token()
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        with httpx.stream("GET", f"{server.url}/api/events", headers=headers, timeout=30) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            assert server.stop() == 0
            # A worker that had to be killed would have left the chunked answer without its end: a RemoteProtocolError.
            assert list(lines) == [""]
