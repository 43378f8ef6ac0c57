"""Letters to a real mail server: what is in them, and that none is lost."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from images_app.core.letters import Letter
from images_app.database import Database
from images_app.errors import MailError
from images_app.mail import SmtpMailer
from images_app.models import PasswordLink
from images_app.settings import load
from tests.support.mail import PASSWORD, USER, MailServer
from tests.support.pipeline import wait_for
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer

LETTER = Letter("bob@example.com", "Grüße", "Hello,\n\nthis is a very long line: " + "é" * 200 + "\n.\nBye\n")
FROM = "Aeontel Images <images@example.com>"


@pytest.fixture
def post() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def mailer(
    post: MailServer, *, security: str = "none", password: str = PASSWORD, port: int | None = None
) -> SmtpMailer:
    return SmtpMailer("127.0.0.1", port or post.port, security, USER, password, FROM)  # type: ignore[arg-type]


def test_a_letter_arrives_as_it_was_written(post: MailServer) -> None:
    mailer(post).send(LETTER)
    [letter] = post.letters
    assert (letter["to"], letter["from"], letter["subject"]) == (LETTER.to, FROM, "Grüße")
    assert letter.get_content().replace("\r\n", "\n") == LETTER.text
    assert letter.get_content_type() == "text/plain"
    assert letter["message-id"].endswith("@example.com>")
    assert letter["date"]


def test_what_the_server_does_not_take_is_a_mail_error(post: MailServer) -> None:
    post.busy = 1
    with pytest.raises(MailError, match="451"):
        mailer(post).send(LETTER)
    with pytest.raises(MailError, match="535"):
        mailer(post, password="wrong").send(LETTER)
    with pytest.raises(MailError, match=r"STARTTLS"):
        mailer(post, security="starttls").send(LETTER)
    with pytest.raises(MailError, match=r"[Rr]efused"):
        mailer(post, port=1).send(LETTER)
    with pytest.raises(MailError):
        mailer(post).send(Letter("bob@example.com\r\nBcc: eve@example.com", "x", "x"))
    assert post.letters == []


def test_a_password_never_goes_to_a_server_that_cannot_prove_who_it_is(tmp_path: Path) -> None:
    """Its certificate is its own; a mail client that took it would hand the password to anybody in between."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "1"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with MailServer(tls=(certificate, key)) as post:
        with pytest.raises(MailError, match="certificate"):
            mailer(post, security="starttls").send(LETTER)
        assert post.names == []
        assert post.letters == []


def link_in(letter: object) -> str:
    found = re.search(r"^(http\S+/password)#(\S+)\s*$", letter.get_content(), re.MULTILINE)  # type: ignore[attr-defined]
    assert found is not None
    return found[2]


def test_invitations_and_forgotten_passwords_go_by_mail_and_survive_a_busy_server(
    tmp_path: Path, post: MailServer
) -> None:
    post.busy = 1
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none", "smtp_from": FROM}
    with RunningServer(tmp_path / "data", **smtp, smtp_user=USER, smtp_password=PASSWORD) as server:
        admin = httpx.Client(base_url=server.url, timeout=30)
        assert admin.post("/api/session", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).status_code == 200
        made = admin.post("/api/users", json={"email": "bob@example.com"}).json()
        assert (made["link"]["url"], made["link"]["sentTo"]) == (None, "bob@example.com")

        wait_for(lambda: post.letters)
        assert post.asked == 2
        assert post.recipients == [["bob@example.com"]]
        assert post.letters[0]["subject"] == "Your invitation to Aeontel Images"
        browser = httpx.Client(base_url=server.url, timeout=30)
        token = link_in(post.letters[0])
        assert token not in server.log
        assert not any(token.encode() in path.read_bytes() for path in server.data_dir.glob("aeontel.db*"))
        used = browser.post("/api/password", json={"token": token, "password": "bob's own password"})
        assert used.status_code == 200

        for email in ("nobody@example.com", "BOB@example.com"):
            answer = browser.post("/api/password/forgotten", json={"email": email})
            assert (answer.status_code, answer.json()) == (202, {"success": True})
        wait_for(lambda: len(post.letters) == 2)
        assert post.letters[1]["subject"] == "Set a new password for Aeontel Images"
        reset = browser.post("/api/password", json={"token": link_in(post.letters[1]), "password": "another password"})
        assert reset.status_code == 200
        assert post.recipients == [["bob@example.com"]] * 2

        for _ in range(3):
            last = browser.post("/api/password/forgotten", json={"email": "bob@example.com"})
        assert (last.status_code, last.json()["code"]) == (429, "too_many_attempts")
        for client in (admin, browser):
            client.close()


def test_an_invited_person_gets_another_letter_when_somebody_else_invites_them(
    tmp_path: Path, post: MailServer
) -> None:
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none", "smtp_from": FROM}
    with (
        RunningServer(tmp_path / "data", **smtp, smtp_user=USER, smtp_password=PASSWORD) as server,
        server.client() as client,
    ):
        assert client.get("/api/limits").json()["mail"] is True
        for name in ("One", "Two"):
            workspace = client.post("/api/workspaces", json={"name": name}).json()["id"]
            body = {"email": "new@example.com", "role": "viewer"}
            count = len(post.letters)
            invited = client.post(f"/api/workspaces/{workspace}/members", json=body).json()
            assert (invited["link"]["url"], invited["link"]["sentTo"]) == (None, "new@example.com")
            wait_for(lambda count=count: len(post.letters) > count)  # type: ignore[misc]
        old, new = (link_in(letter) for letter in post.letters)
        assert client.post("/api/password/check", json={"token": old}).status_code == 404
        assert client.post("/api/password/check", json={"token": new}).status_code == 200
        database = Database(load(data_dir=server.data_dir).database_url)
        with database.read() as session:
            assert len(session.exec(select(PasswordLink)).all()) == 1
        database.close()
