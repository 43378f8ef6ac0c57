"""Fault switches: set by an authenticated route, each seen from the client's side of the wire."""

import json
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import httpx
import pytest

from tests.support import photos
from tests.support.emulator import TOKEN, RunningEmulator
from tests.support.http import anybody
from tests.support.pipeline import wait_for

JPEG = photos.quadrants()


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """One of its own: the others must not suffer."""
    with RunningEmulator(tmp_path_factory.mktemp("faults")) as emulator:
        yield emulator


@pytest.fixture
def switch(broken):
    """Sets exactly these faults; none are left afterwards."""
    path = f"{broken.url}/cloudflare/control/faults"

    def put(*faults):
        answer = broken.http.put(path, json={"faults": list(faults)})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]["faults"]

    yield put
    assert broken.http.delete(path).json()["result"] == {"faults": []}


def images(emulator):
    return len(emulator.http.get(f"{emulator.account}/v2").json()["result"]["images"])


def hits(emulator):
    """How often the first fault struck."""
    return emulator.http.get(f"{emulator.url}/cloudflare/control/faults").json()["result"]["faults"][0]["hits"]


@contextmanager
def sent(emulator):
    """The connection of an upload that was sent, and whose answer nobody has asked for."""
    request = emulator.http.build_request(
        "POST", f"{emulator.account}/v1", files={"file": ("a.jpg", JPEG, "image/jpeg")}
    )
    with closing(HTTPConnection("127.0.0.1", emulator.port, timeout=60)) as connection:
        connection.request("POST", request.url.path, request.read(), dict(request.headers))
        yield connection


def test_nothing_fails_until_it_is_switched_on(broken):
    assert broken.http.get(f"{broken.url}/cloudflare/control/faults").json()["result"] == {"faults": []}
    assert not (broken.data_dir / "faults").exists()
    assert broken.upload(JPEG).status_code == 200


def test_the_next_calls_are_throttled_and_the_one_after_is_not(broken, switch):
    switch({"kind": "rate-limit", "operation": "create", "times": 2, "retry_after": 7})
    before = images(broken)
    for _ in range(2):
        answer = broken.upload(JPEG)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json()["errors"][0]["code"] == 971
        assert images(broken) == before
    assert broken.upload(JPEG).status_code == 200
    seen = broken.http.get(f"{broken.url}/cloudflare/control/faults").json()["result"]["faults"][0]
    assert (seen["times"], seen["hits"]) == (0, 2)


@pytest.mark.parametrize(("status", "code"), [(500, 5500), (503, 5503), (502, None), (524, None)])
def test_errors_of_images_and_of_the_edge_before_it(broken, switch, status, code):
    switch({"kind": "error", "operation": "list", "status": status, "times": 1})
    answer = broken.http.get(f"{broken.account}/v2")
    assert answer.status_code == status
    if code:
        assert answer.json()["errors"][0]["code"] == code
    else:
        assert answer.text == f"error code: {status}"


def test_delivery_fails_with_its_own_numbers(broken, switch):
    image_id = broken.uploaded(JPEG)
    switch(
        {"kind": "rate-limit", "operation": "delivery", "times": 1},
        {"kind": "error", "operation": "delivery", "times": 1},
    )
    first, second = broken.deliver(image_id, "public"), broken.deliver(image_id, "public")
    assert (first.status_code, first.headers["cf-images"], first.headers["retry-after"]) == (429, "err=9422", "1")
    assert (second.status_code, second.headers["cf-images"]) == (500, "err=9523")
    assert broken.deliver(image_id, "public").status_code == 200


def test_a_call_that_hangs_does_nothing(broken, switch):
    switch({"kind": "hang", "operation": "create", "times": 1})
    before = images(broken)
    with sent(broken) as call:
        wait_for(lambda: hits(broken) == 1)
        call.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            call.getresponse()
        assert images(broken) == before


def test_a_short_hang_ends_with_a_broken_connection(broken, switch):
    switch({"kind": "hang", "seconds": 0.05, "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        broken.http.get(f"{broken.account}/v2")


def test_a_cut_answer_was_done_and_cannot_be_read(broken, switch):
    switch({"kind": "cut", "operation": "create", "times": 1})
    before = images(broken)
    with pytest.raises(httpx.RemoteProtocolError):
        broken.upload(JPEG)
    assert images(broken) == before + 1


def test_a_lost_answer_was_done(broken, switch):
    image_id = broken.uploaded(JPEG)
    switch({"kind": "lose", "operation": "create", "times": 1}, {"kind": "lose", "operation": "delete", "times": 1})
    before = images(broken)
    with pytest.raises(httpx.RemoteProtocolError):
        broken.upload(JPEG)
    assert images(broken) == before + 1
    with pytest.raises(httpx.RemoteProtocolError):
        broken.http.delete(f"{broken.account}/v1/{image_id}")
    assert broken.http.get(f"{broken.account}/v1/{image_id}").status_code == 404


def test_a_cut_picture_is_seen_as_one(broken, switch):
    image_id = broken.uploaded(JPEG)
    switch({"kind": "cut", "operation": "delivery", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        broken.deliver(image_id, "w=50")
    assert broken.deliver(image_id, "w=50").status_code == 200


def test_a_rate_strikes_some(broken, switch):
    switch({"kind": "error", "operation": "stats", "rate": 0.5}, {"kind": "error", "operation": "stats", "rate": 0})
    answers = [broken.http.get(f"{broken.account}/v1/stats").status_code for _ in range(60)]
    assert set(answers) == {200, 500}


def test_other_operations_and_strangers_are_left_alone(broken, switch):
    switch({"kind": "error", "operation": "stats", "times": 1})
    assert broken.http.get(f"{broken.account}/v2").status_code == 200
    assert anybody.get(f"{broken.account}/v1/stats").status_code == 401
    assert broken.http.get(f"{broken.account}/v1/stats").status_code == 500


def test_switches_need_the_token_and_survive_a_kill(broken, switch):
    path = f"{broken.url}/cloudflare/control/faults"
    body = {"faults": [{"kind": "error"}]}
    assert anybody.put(path, json=body).status_code == 401
    assert anybody.get(path, headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 403
    switch({"kind": "error", "operation": "list", "times": 1})
    broken.kill()
    broken.start()
    assert broken.http.get(f"{broken.account}/v2").status_code == 500
    seen = broken.http.get(path).json()["result"]["faults"][0]
    assert (seen["times"], seen["hits"]) == (0, 1)


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "explode"},
        {"kind": "error", "operation": "everything"},
        {"kind": "error", "times": 0},
        {"kind": "error", "times": True},
        {"kind": "error", "times": 1.5},
        {"kind": "error", "rate": 2},
        {"kind": "error", "rate": float("nan")},
        {"kind": "error", "status": 404},
        {"kind": "hang", "seconds": 1e9},
        {"kind": "error", "hits": 3},
        [],
    ],
)
def test_what_is_no_fault_is_refused_and_changes_nothing(broken, switch, fault):
    before = switch({"kind": "error", "operation": "blob", "times": 5})
    path = f"{broken.url}/cloudflare/control/faults"
    for answer in (
        broken.http.post(path, content=json.dumps(fault)),
        broken.http.put(path, content=json.dumps({"faults": [fault]})),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 5400)
    assert broken.http.get(path).json()["result"]["faults"] == before


def test_a_lost_answer_may_leave_the_client_waiting(broken, switch):
    """`lose` with seconds: the work is done at once, the client waits."""
    switch({"kind": "lose", "operation": "create", "times": 1, "seconds": 300})
    before = images(broken)
    with sent(broken) as call:
        wait_for(lambda: images(broken) == before + 1)
        call.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            call.getresponse()
