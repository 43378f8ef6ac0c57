"""What a file is called, whatever a client calls it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images_app.core.names import MAX_NAME_BYTES, display_name, key_name
from images_app.storage.rules import check_key


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Фото 1 — été 🏔️.jpg", "Фото 1 — été 🏔️.jpg"),
        ("e\u0301te\u0301.png", "été.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\photo.jpg", "photo.jpg"),
        ("..\\..\\x.gif", "x.gif"),
        ("a\x00b\r\nc\td.txt", "abcd.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2066x\u2069.txt", "x.txt"),
        ("line\u2028break.txt", "linebreak.txt"),
        ("  two   spaces .txt ", "two spaces .txt"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("", "upload"),
        (None, "upload"),
        (".", "upload"),
        ("..", "upload"),
        (". .", "upload"),
        ("/", "upload"),
        ("\ud800", "upload"),
        (".htaccess", ".htaccess"),
        ("CON", "CON"),
    ],
)
def test_people_see_the_clients_name_without_its_tricks(given_name: str | None, shown: str) -> None:
    assert display_name(given_name) == shown


@pytest.mark.parametrize("length", [254, 255, 256, 4096])
@pytest.mark.parametrize("letter", ["a", "é", "🏔"])
def test_long_names_keep_their_extension(letter: str, length: int) -> None:
    name = display_name(letter * length + ".jpeg")
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(".jpeg")
    assert set(name.removesuffix(".jpeg")) == {letter}


@pytest.mark.parametrize(
    ("name", "mime", "key"),
    [
        ("photo.jpg", "image/jpeg", "photo.jpg"),
        ("photo.PNG", "image/jpeg", "photo.jpg"),
        ("Grüße aus Köln.jpeg", "image/jpeg", "Grue-aus-Koln.jpg"),
        ("фото.heic", "image/heic", "upload.heic"),
        ("page.html", "application/octet-stream", "page.bin"),
        ("notes.TXT", "text/plain", "notes.txt"),
        (".htaccess", "application/octet-stream", "htaccess.bin"),
        ('a"b;c%0d%0a.pdf', "application/pdf", "a-b-c-0d-0a.pdf"),
        ("x" * 250 + ".pdf", "application/pdf", "x" * 80 + ".pdf"),
    ],
)
def test_keys_are_plain_and_say_what_the_bytes_are(name: str, mime: str, key: str) -> None:
    assert key_name(name, mime) == key


@given(st.text(), st.sampled_from(["image/jpeg", "text/plain", "application/octet-stream", "application/x-no-such"]))
def test_any_name_becomes_a_name_and_a_key(given_name: str, mime: str) -> None:
    name = display_name(given_name)
    assert 1 <= len(name.encode()) <= MAX_NAME_BYTES
    assert display_name(name) == name
    assert unicodedata.normalize("NFC", name) == name
    key = key_name(name, mime)
    assert key.isascii()
    check_key(f"bucket/{key}")
