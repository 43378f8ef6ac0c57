"""The event log as a list and as a live stream, over real sockets."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import httpx
import pytest
from sqlmodel import col, delete, select

from images_app.api import events as events_api
from images_app.core import counters, events
from images_app.database import Database
from images_app.models import Event, Membership, Session, Token, User
from images_app.wakeups.local import LocalWakeups
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_failed, add_file

WITHIN_S = 30


class Stream:
    """A live stream, read by a thread of its own."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._messages: Queue[dict[str, str] | None] = Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        message: dict[str, str] = {}
        try:
            for line in self.answer.iter_lines():
                if line == "":
                    if message:
                        self._messages.put(message)
                    message = {}
                else:
                    name, _, value = line.partition(":")
                    message[name] = value.strip()
        except (httpx.TransportError, httpx.StreamError):
            pass
        self._messages.put(None)

    def next(self) -> dict[str, str] | None:
        """The next message, None at the end. Raises Empty when neither comes."""
        return self._messages.get(timeout=WITHIN_S)

    def event(self) -> dict[str, Any]:
        """The next event."""
        while True:
            message = self.next()
            assert message is not None, "the stream ended"
            if "data" in message and message.get("event") != "rights":
                event: dict[str, Any] = json.loads(message["data"])
                assert message["id"] == str(event["seq"])
                assert "event" not in message, "onmessage gets unnamed messages only"
                return event

    def ends(self) -> list[dict[str, str]]:
        """What still comes until the end."""
        rest = []
        while (message := self.next()) is not None:
            rest.append(message)
        return rest

    def is_silent_for(self, seconds: float) -> bool:
        try:
            return "data" not in (self._messages.get(timeout=seconds) or {"data": "the end"})
        except Empty:
            return True


@contextmanager
def stream(client: httpx.Client, *, since: str | None = None, **params: str) -> Iterator[Stream]:
    headers = {"Accept": "text/event-stream"} | ({} if since is None else {"Last-Event-ID": since})
    with client.stream("GET", "/api/events", params=params, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        opened = Stream(answer)
        assert opened.next() == {"retry": "2000"}
        try:
            yield opened
        finally:
            # Closing alone would wait for the thread that still reads.
            answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def touch(gallery: Gallery) -> str:
    """One more event (`file.ready`); the id of its file."""
    return add_file(gallery.api.world, gallery.ada, gallery.workspace).id


def test_the_log_is_a_list_in_order(gallery: Gallery) -> None:
    file = gallery.image()
    answer = gallery.client.get("/api/events").json()
    assert [event["type"] for event in answer["data"]] == ["file.ready", "image.provision_requested", "image.created"]
    seqs = [event["seq"] for event in answer["data"]]
    assert seqs == sorted(seqs)
    created_at = answer["data"][0].pop("createdAt")
    assert len(created_at) == 24
    assert answer["data"][0] == {
        "id": answer["data"][0]["id"],
        "seq": seqs[0],
        "type": "file.ready",
        "workspaceId": gallery.workspace.id,
        "fileId": file.id,
        "imageId": None,
        "actorId": gallery.ada.id,
        "data": {"name": "photo.jpg", "mime": "image/jpeg", "size": file.size},
    }
    assert {**answer["pageInfo"], "startCursor": "", "endCursor": ""} == {
        "total": 3,
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": "",
        "endCursor": "",
    }
    for cursor in (str(seqs[0]), answer["data"][0]["id"], answer["pageInfo"]["startCursor"]):
        rest = gallery.client.get("/api/events", params={"after": cursor, "limit": 1}).json()
        assert [event["seq"] for event in rest["data"]] == [seqs[1]]
        assert rest["pageInfo"]["hasPreviousPage"]
        assert rest["pageInfo"]["hasNextPage"]


def test_the_log_is_filtered_and_totals_follow(gallery: Gallery) -> None:
    image = gallery.image()
    failed = add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    other = gallery.api.workspace(gallery.ada, "Other")
    elsewhere = add_file(gallery.api.world, gallery.ada, other)

    def listed(**params: str) -> tuple[list[tuple[str, str]], int]:
        answer = gallery.client.get("/api/events", params=params).json()
        return [(event["type"], event["fileId"]) for event in answer["data"]], answer["pageInfo"]["total"]

    assert listed()[1] == 7
    assert listed(workspace_id=other.id) == ([("file.ready", elsewhere.id)], 1)
    assert listed(type="image.created") == ([("image.created", image.id)], 1)
    assert listed(type="file.ready", workspace_id=gallery.workspace.id)[1] == 2
    assert listed(file_id=failed.id)[1] == 3
    assert listed(file_id=failed.id, type="image.provision_failed") == ([("image.provision_failed", failed.id)], 1)
    assert listed(file_id=failed.id, workspace_id=other.id) == ([], 0)
    assert listed(file_id="nonsense") == ([], 0)
    assert problem(gallery.client.get("/api/events?type=file.exploded")) == (400, "invalid_parameter")
    outsider = gallery.outsider()
    assert outsider.get("/api/events").json()["pageInfo"]["total"] == 0
    assert outsider.get("/api/events", params={"file_id": image.id}).json()["data"] == []


def test_the_totals_of_the_log_count_every_event(gallery: Gallery) -> None:
    gallery.image()
    add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    with gallery.api.world.database.read() as session:
        for name in counters.EVENTS:
            kind = name.removeprefix("event:")
            number = len(session.exec(select(Event.seq).where(Event.type == kind)).all())
            assert counters.total(session, [gallery.workspace.id], name) == number


def test_a_stream_begins_now_and_brings_what_happens(gallery: Gallery) -> None:
    touch(gallery)
    with stream(gallery.client) as live:
        assert live.answer.headers["content-type"].startswith("text/event-stream")
        assert live.answer.headers["cache-control"] == "no-cache"
        made = [touch(gallery) for _ in range(3)]
        got = [live.event() for _ in range(3)]
    assert [event["fileId"] for event in got] == made
    listed = gallery.client.get("/api/events", params={"after": str(got[0]["seq"] - 1)}).json()["data"]
    assert got == listed


def test_a_stream_goes_on_where_the_last_one_ended(gallery: Gallery) -> None:
    made = [touch(gallery) for _ in range(4)]
    seqs = [event["seq"] for event in gallery.client.get("/api/events").json()["data"]]
    with stream(gallery.client, since=str(seqs[1])) as live:
        assert [live.event()["fileId"] for _ in range(2)] == made[2:]
    with stream(gallery.client, after=str(seqs[2])) as live:
        assert live.event()["fileId"] == made[3]
    # A browser repeats its address when it connects again, and adds the header: the header is newer.
    with stream(gallery.client, since=str(seqs[2]), after="0") as live:
        assert live.event()["fileId"] == made[3]
    with stream(gallery.client, after="0") as live:
        assert [live.event()["fileId"] for _ in range(4)] == made


def test_a_long_backlog_arrives_whole_and_in_order(gallery: Gallery) -> None:
    with gallery.api.world.database.write() as session:
        session.add_all(Event(type="file.ready", workspace_id=gallery.workspace.id) for _ in range(350))
    with stream(gallery.client, after="0") as live:
        seqs = [live.event()["seq"] for _ in range(350)]
    assert seqs == sorted(set(seqs))


def test_a_cursor_beyond_the_end_means_the_end(gallery: Gallery) -> None:
    touch(gallery)
    with stream(gallery.client, since="999999") as live:
        made = touch(gallery)
        assert live.event()["fileId"] == made


@pytest.mark.parametrize("since", ["nonsense", "-1", "1.5", "9" * 40, "evt_01m7vpggc6e7a834dncn5fcrp4"])
def test_a_stream_with_a_bad_cursor_is_refused(gallery: Gallery, since: str) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": since}
    assert problem(gallery.client.get("/api/events", headers=headers)) == (400, "invalid_cursor")


def test_a_stream_shows_what_its_viewer_sees_and_asked_for(gallery: Gallery) -> None:
    other = gallery.api.workspace(gallery.ada, "Other")
    eve = gallery.api.user("eve@example.com")
    eves = gallery.api.client(gallery.api.token(eve)[1])
    admin = gallery.api.client(gallery.api.token(gallery.api.user("root@example.com", is_admin=True))[1])
    home = gallery.api.workspace(eve)
    with (
        stream(eves) as foreign,
        stream(admin) as everything,
        stream(gallery.client, workspace_id=other.id) as of_workspace,
        stream(gallery.client, type="image.created") as of_type,
    ):
        first = touch(gallery)
        image = gallery.image()
        second = add_file(gallery.api.world, gallery.ada, other)
        own = add_file(gallery.api.world, eve, home)
        assert foreign.event()["fileId"] == own.id
        assert [everything.event()["fileId"] for _ in range(6)] == [first, *[image.id] * 3, second.id, own.id]
        assert of_workspace.event()["fileId"] == second.id
        assert of_type.event()["fileId"] == image.id
    for params in ({"workspace_id": home.id}, {"workspace_id": "nonsense"}):
        headers = {"Accept": "text/event-stream"}
        assert problem(gallery.client.get("/api/events", params=params, headers=headers)) == (404, "not_found")


def revoke_token(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(delete(Token).where(col(Token.user_id) == user.id))


def remove_member(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(delete(Membership).where(col(Membership.user_id) == user.id))


@pytest.mark.parametrize("lose", [revoke_token, remove_member])
def test_a_stream_ends_when_its_right_does(gallery: Gallery, lose: Callable[[Gallery, User], None]) -> None:
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "viewer")
    client = gallery.api.client(gallery.api.token(bob)[1])
    with stream(client, workspace_id=gallery.workspace.id) as live:
        touch(gallery)
        assert live.event()["type"] == "file.ready"
        lose(gallery, bob)
        touch(gallery)
        assert live.ends() == []


def test_a_removed_member_hears_no_more_of_that_workspace(gallery: Gallery) -> None:
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "viewer")
    home = gallery.api.workspace(bob)
    with stream(gallery.api.client(gallery.api.token(bob)[1])) as live:
        touch(gallery)
        assert live.event()["workspaceId"] == gallery.workspace.id
        with gallery.api.world.database.write() as session:
            left = Membership.workspace_id == gallery.workspace.id
            session.exec(delete(Membership).where(col(Membership.user_id) == bob.id, left))
        touch(gallery)
        own = add_file(gallery.api.world, bob, home)
        assert live.event()["fileId"] == own.id


def test_a_stream_ends_with_its_session(gallery: Gallery) -> None:
    client = gallery.api.browser(gallery.ada)
    with stream(client) as live:
        with gallery.api.world.database.write() as session:
            session.exec(delete(Session))
        assert live.ends() == []


def test_what_another_process_commits_arrives_as_well(gallery: Gallery) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    other = Database(gallery.api.world.settings.database_url)  # nobody here is told of its commits
    with stream(gallery.client) as live:
        with other.write() as session:
            events.emit(session, "file.restored", file)
        assert live.event()["type"] == "file.restored"
    other.close()


def test_a_quiet_stream_shows_that_it_lives(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_api, "_HEARTBEAT_S", 0.5)
    with stream(gallery.client) as live:
        assert live.next() == {"": ""}
        assert live.next() == {"": ""}


def test_leaving_unhooks_the_stream(gallery: Gallery) -> None:
    wakeups = gallery.api.world.wakeups
    assert isinstance(wakeups, LocalWakeups)
    listeners = wakeups._rings
    with stream(gallery.client) as live:
        touch(gallery)
        live.event()
        assert len(listeners) == 1
    gone = threading.Event()
    for _ in range(WITHIN_S * 10):
        if not listeners:
            gone.set()
            break
        gone.wait(0.1)
    assert gone.is_set()


def test_head_and_plain_requests_get_the_list(gallery: Gallery) -> None:
    touch(gallery)
    head = gallery.client.head("/api/events", headers={"Accept": "text/event-stream"})
    assert (head.status_code, head.content) == (200, b"")
    for accept in ("application/json", "*/*", "text/html"):
        answer = gallery.client.get("/api/events", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
    anonymous = gallery.api.client().get("/api/events", headers={"Accept": "text/event-stream"})
    assert problem(anonymous) == (401, "unauthenticated")


def test_a_change_of_rights_is_told_while_the_stream_goes_on(gallery: Gallery) -> None:
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "editor")
    other = gallery.api.workspace(gallery.ada, "Other")
    owner = gallery.api.browser(gallery.ada)

    def tell(live: Stream) -> list[dict[str, str]]:
        message = live.next()
        assert message is not None
        assert (message["event"], "id" in message) == ("rights", False)
        found: list[dict[str, str]] = json.loads(message["data"])["workspaces"]
        return found

    with stream(gallery.api.browser(bob)) as live:
        owner.put(f"/api/workspaces/{gallery.workspace.id}/members/{bob.id}", json={"role": "viewer"})
        assert tell(live) == [{"id": gallery.workspace.id, "role": "viewer"}]
        owner.put(f"/api/workspaces/{other.id}/members/{bob.id}", json={"role": "owner"})
        assert len(tell(live)) == 2
        seen = add_file(gallery.api.world, gallery.ada, other)
        assert live.event()["fileId"] == seen.id
        owner.delete(f"/api/workspaces/{gallery.workspace.id}/members/{bob.id}")
        assert tell(live) == [{"id": other.id, "role": "owner"}]
        touch(gallery)
        seen = add_file(gallery.api.world, gallery.ada, other)
        assert live.event()["fileId"] == seen.id


def test_a_removed_member_loses_the_stream_of_the_workspace(gallery: Gallery) -> None:
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "editor")
    owner = gallery.api.browser(gallery.ada)
    with stream(gallery.api.browser(bob), workspace_id=gallery.workspace.id) as live:
        owner.delete(f"/api/workspaces/{gallery.workspace.id}/members/{bob.id}")
        touch(gallery)
        assert live.ends() == []
