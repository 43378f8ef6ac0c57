"""Who may do what in a bucket, with our secret or with a presigned URL."""

import logging
from datetime import timedelta

import botocore.auth
import pytest

from images_app.errors import StorageRefused
from tests.contract.storing import CALLS, DATA, got, put
from tests.support.http import anybody
from tests.support.pipeline import wait_for
from tests.support.seaweed import Weed


def test_a_store_without_the_right_secret_is_refused_everywhere_and_never_tells_it(
    weed: Weed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "images_app")
    for changes in (
        {"secret_access_key": "not-the-secret-of-this-key"},
        {"access_key_id": "AKIDOFNOBODY"},
        {"bucket": "there-is-no-such-bucket"},
    ):
        with weed.store(**changes) as store:
            for name, call in CALLS.items():
                if (name, *changes) == ("delete", "bucket"):
                    continue  # this server says that it is gone, and it is
                with pytest.raises(StorageRefused) as raised:
                    call(store)
                for secret in ("not-the-secret", "AKIDOFNOBODY", weed.secret_access_key, "Signature="):
                    assert secret not in str(raised.value)
                    assert secret not in caplog.text


def test_a_clock_that_is_wrong_is_a_refusal_that_says_so(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    real = botocore.auth.get_current_datetime
    with weed.store() as store, monkeypatch.context() as an_hour_ago:
        an_hour_ago.setattr(botocore.auth, "get_current_datetime", lambda *a: real(*a) - timedelta(hours=1))
        with pytest.raises(StorageRefused, match=r"RequestTimeTooSkewed \(403\)"):
            store.check()


def test_a_presigned_url_ends_when_it_was_said_to(weed: Weed) -> None:
    with weed.store() as store:
        put(store, "a/b.png")
        url = store.presign_get("a/b.png", expires_in=1, reach="public")
        refused = wait_for(lambda: answer if (answer := anybody.get(url)).status_code != 200 else None)
        assert refused.status_code in (400, 403)
        assert DATA[:16] not in refused.content


def test_a_presigned_url_gives_one_object_to_readers_and_nothing_else(weed: Weed) -> None:
    with weed.store() as store:
        put(store, "a/b.png")
        put(store, "a/c.png")
        url = store.presign_get("a/b.png", expires_in=60, reach="public")
        assert anybody.get(url).content == DATA
        assert anybody.get(url, headers={"Range": "bytes=0-15"}).content == DATA[:16]
        for method in ("PUT", "DELETE", "POST"):
            assert anybody.request(method, url, content=b"x").status_code >= 400
        for other in (
            url.replace("b.png", "c.png"),
            url.replace("X-Amz-Expires=60", "X-Amz-Expires=600000"),
            url + "&response-content-type=text/html",
            url[:-1] + ("0" if url[-1] != "0" else "1"),
            url.partition("?")[0],
        ):
            assert anybody.get(other).status_code in (400, 401, 403), other
        assert got(store, "a/b.png") == DATA


@pytest.mark.parametrize(
    ("content_type", "begins"),
    [("image/png", "inline;"), ("image/svg+xml", "attachment;"), ("text/html", "attachment;")],
)
@pytest.mark.parametrize("times", [1, 12], ids=["small", "large"])
def test_what_is_no_raster_image_is_a_download_by_any_url(
    weed: Weed, content_type: str, begins: str, times: int
) -> None:
    with weed.store() as store:
        put(store, "a/x.bin", DATA * times, content_type)
        shown = anybody.get(store.presign_get("a/x.bin", expires_in=60, reach="public"))
        assert shown.headers["content-type"] == content_type
        assert shown.headers["content-disposition"].startswith(begins)


@pytest.mark.parametrize(
    ("name", "plain", "exact"),
    [
        ('a"b;c.png', "a_b;c.png", "a%22b%3Bc.png"),
        ("naïve 写真.jpg", "na_ve __.jpg", "na%C3%AFve%20%E5%86%99%E7%9C%9F.jpg"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie: a=b", "x%0D%0ASet-Cookie%3A%20a%3Db"),
        ("..\\..\\x%00&response-content-type=text/html", None, None),
        ("\u202egnp.exe", "_gnp.exe", "%E2%80%AEgnp.exe"),
    ],
)
def test_a_hostile_name_stays_inside_its_quotes(weed: Weed, name: str, plain: str | None, exact: str | None) -> None:
    with weed.store() as store:
        put(store, "a/b.png")
        answer = anybody.get(store.presign_get("a/b.png", expires_in=60, reach="public", download_name=name))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert "set-cookie" not in answer.headers
        if plain is not None:
            assert answer.headers["content-disposition"] == (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
            )
