"""The kind of a file is told by its bytes, and by the client only where that is harmless."""

import pytest

from images_app.core.media.sniff import HEAD, claims_image, mime_of, sniff
from tests.support import photos

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize("mime", photos.FORMATS)
def test_every_picture_format_is_known_by_its_bytes(mime: str) -> None:
    assert sniff(photos.FORMATS[mime]()[:HEAD]) == mime


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (photos.tiff(8, 8, big=True)[:HEAD], "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10", "image/tiff"),
        (b"GIF87a\1\0\1\0", "image/gif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "image/heif"),
        (b"\0\0\0\x18ftypavis\0\0\0\0msf1avis", "image/avif"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
        (b"\xff\xff\xff\xffftypheic", "image/heic"),
        (b"\0\0\0\0ftyp", "video/mp4"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
        (photos.pdf(), "application/pdf"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"", None),
        (b"\xff", None),
        (b"BMW is a maker of cars, and this is a text", None),
        (b"RIFF", None),
        (photos.text_named_jpg()[1], None),
        (b"<?php echo 1; ?>", None),
    ],
)
def test_signatures(head: bytes, mime: str | None) -> None:
    assert sniff(head) == mime


@pytest.mark.parametrize(
    "text",
    [
        "<svg/>",
        "<svg xmlns='http://www.w3.org/2000/svg'>",
        " \r\n\t<svg>",
        "\ufeff<?xml version='1.0'?>\n<!-- a > b -->\n<!-- two --><svg>",
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x/svg11.dtd"><svg>',
        '<!DOCTYPE svg PUBLIC "x" "y" [ <!ENTITY ns "http://www.w3.org/2000/svg"> ]>\n<svg xmlns="&ns;">',
        "<s:svg xmlns:s='http://www.w3.org/2000/svg'>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_svg_is_found_behind_any_prolog(text: str, encoding: str) -> None:
    assert sniff(text.removeprefix("\ufeff" if encoding == "utf-16" else "").encode(encoding)) == "image/svg+xml"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><svg>",
        "<html><svg></svg></html>",
        "<!-- <svg> --><p>",
        "text <svg>",
        "<svgfoo>",
        "<?xml version='1.0'?><rss/>",
        "<!-- never closed <svg>",
    ],
)
def test_what_only_contains_svg_is_none(text: str) -> None:
    assert sniff(text.encode()) is None


@pytest.mark.parametrize(
    ("declared", "name", "claims"),
    [
        ("image/jpeg", "x", True),
        ("IMAGE/PNG; a=b", "x", True),
        (None, "holiday.JPG", True),
        ("text/plain", "holiday.heic", True),
        (None, "notes.txt", False),
        (None, "jpg", True),
        ("application/pdf", "photo.jpg.pdf", False),
        ("", "", False),
    ],
)
def test_a_file_claims_to_be_a_picture_by_type_or_by_name(declared: str | None, name: str, claims: bool) -> None:
    assert claims_image(declared, name) is claims


@pytest.mark.parametrize(
    ("head", "declared", "name", "mime"),
    [
        (photos.png(8, 8), "image/jpeg", "a.jpg", "image/png"),
        (photos.png(8, 8), "text/html", "a.html", "image/png"),
        (b"no picture", "image/jpeg", "a.jpg", "application/octet-stream"),
        (b"no picture", "text/html", "a.html", "application/octet-stream"),
        (b"no picture", "text/javascript", "a.js", "application/octet-stream"),
        (b"no picture", "application/xhtml+xml", "a", "application/octet-stream"),
        (b"no picture", "image/svg+xml", "a.svg", "application/octet-stream"),
        (b"no picture", "application/x-shockwave-flash", "a", "application/octet-stream"),
        (b"no picture", "multipart/x-mixed-replace", "a", "application/octet-stream"),
        (b"no picture", "text/plain\r\nSet-Cookie: a", "a", "application/octet-stream"),
        (b"no picture", "a" * 200 + "/b", "a", "application/octet-stream"),
        (b"no picture", "text/plain; charset=utf-8", "a", "text/plain"),
        (b"no picture", "Text/CSV", "a", "text/csv"),
        (b"no picture", None, "notes.txt", "text/plain"),
        (b"no picture", None, "page.html", "application/octet-stream"),
        (b"no picture", "application/octet-stream", "notes.csv", "text/csv"),
        (b"no picture", None, "nothing", "application/octet-stream"),
        (photos.pdf(), "text/plain", "a.txt", "application/pdf"),
        (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "a.odt", "application/vnd.oasis.opendocument.text"),
        (b"PK\x03\x04", "text/html", "a.html", "application/zip"),
        (b"PK\x03\x04", "text/plain", "a.txt", "application/zip"),
        (b"PK\x03\x04", None, "a.docx", DOCX),
        (b"no picture", "application/xml", "a.xml", "application/octet-stream"),
        (b"no picture", "application/atom+xml", "a", "application/octet-stream"),
        (b"PK\x03\x04", "image/png", "a.png", "application/zip"),
    ],
)
def test_the_bytes_win_and_only_a_harmless_claim_is_believed(
    head: bytes, declared: str | None, name: str, mime: str
) -> None:
    assert mime_of(head, declared, name) == mime
