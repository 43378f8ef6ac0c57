"""Settings: what is derived, what is refused, and that the documented table is the whole truth."""

import re
from pathlib import Path

import pytest

from images_app.errors import SettingsError
from images_app.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", *(f"IMAGES_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)


def test_every_address_follows_port_and_data_dir(tmp_path: Path) -> None:
    own = load(port=4100, data_dir=tmp_path)
    assert own.public_url == "http://localhost:4100"
    assert own.internal_url == "http://127.0.0.1:4100"
    assert own.delivery_base == "http://localhost:4100/imagedelivery"
    assert own.database_url == f"sqlite:///{tmp_path}/aeontel.db"


def test_a_public_url_moves_the_delivery_base_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGES_PUBLIC_URL", "https://images.example.com/")
    assert load().delivery_base == "https://images.example.com/imagedelivery"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("IMAGES_MAX_FILE_BYTES", "-1"),
        ("IMAGES_STORAGE", "tape"),
        ("IMAGES_CLOUDFLARE", "elsewhere"),
        ("IMAGES_URL_SIGNING", "rot13"),
        ("IMAGES_URL_VALIDITY_SECONDS", "1"),
        ("IMAGES_DELIVERY_BASE", "images.example.com"),
        ("IMAGES_DELIVERY_BASE", "ftp://images.example.com"),
        ("IMAGES_DELIVERY_BASE", "https://images.example.com/?a=b"),
        ("IMAGES_DELIVERY_BASE", "https://imagedelivery.net"),
        ("IMAGES_TRASH_DAYS", "0"),
        ("IMAGES_CORS_ORIGINS", "*"),
        ("IMAGES_CORS_ORIGINS", "null"),
        ("IMAGES_CORS_ORIGINS", "https://app.example.com, app.example.com"),
        ("IMAGES_CORS_ORIGINS", "https://app.example.com/"),
        ("IMAGES_CORS_ORIGINS", "https://App.example.com"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load()


@pytest.mark.parametrize("base", ["https://imagedelivery.net", "https://IMAGEDELIVERY.net:443/"])
def test_tokens_are_refused_where_nobody_checks_them(base: str) -> None:
    with pytest.raises(SettingsError, match=r"^IMAGES_URL_SIGNING=jwt cannot work on imagedelivery\.net"):
        load(url_signing="jwt", delivery_base=base)
    assert load(url_signing="jwt", delivery_base="https://images.example.com").url_signing == "jwt"


ACCOUNT = "0123456789abcdef0123456789abcdef"
REMOTE = {"cloudflare": "remote", "cloudflare_account_id": ACCOUNT, "cloudflare_api_token": "a-secret-token"}
BUCKET = {"s3_bucket": "b", "s3_access_key_id": "k", "s3_secret_access_key": "s"}
REACHABLE = {"storage": "s3", "s3_endpoint": "https://x.r2.cloudflarestorage.com", **BUCKET}
"""Where the real Cloudflare can pull originals from."""


def test_pictures_of_the_real_cloudflare_come_from_its_own_host_unless_a_zone_is_named() -> None:
    assert load(**REMOTE, **REACHABLE).delivery_base == "https://imagedelivery.net"
    zone = "https://images.example.com/cdn-cgi/imagedelivery"
    assert load(**REMOTE, **REACHABLE, delivery_base=zone, url_signing="jwt").delivery_base == zone


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"cloudflare_account_id": ""}, "IMAGES_CLOUDFLARE_ACCOUNT_ID"),
        ({"cloudflare_account_id": "my account"}, "IMAGES_CLOUDFLARE_ACCOUNT_ID"),
        ({"cloudflare_account_id": f"{ACCOUNT}/../x"}, "IMAGES_CLOUDFLARE_ACCOUNT_ID"),
        ({"cloudflare_api_token": ""}, "IMAGES_CLOUDFLARE_API_TOKEN"),
        ({"cloudflare_api_token": "a-secret-token\r\nX: 1"}, "IMAGES_CLOUDFLARE_API_TOKEN"),
        ({"cloudflare_account_hash": "a/b"}, "IMAGES_CLOUDFLARE_ACCOUNT_HASH"),
        ({"cloudflare_api_base": "api.cloudflare.com"}, "IMAGES_CLOUDFLARE_API_BASE"),
        ({"cloudflare_batch_base": "ftp://batch"}, "IMAGES_CLOUDFLARE_BATCH_BASE"),
        ({"url_signing": "cloudflare"}, "IMAGES_CLOUDFLARE_SIGNING_KEY"),
        ({"url_signing": "cloudflare", "cloudflare_signing_key": "a\nb"}, "IMAGES_CLOUDFLARE_SIGNING_KEY"),
        ({"url_signing": "jwt"}, "IMAGES_URL_SIGNING=jwt cannot work on imagedelivery.net"),
    ],
)
def test_a_remote_cloudflare_that_cannot_work_is_refused_in_one_line_without_its_secrets(
    wrong: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        load(**{**REMOTE, **REACHABLE, **wrong})
    assert "\n" not in str(refused.value)
    assert "a-secret-token" not in str(refused.value)


def test_a_bucket_without_its_name_or_keys_is_refused_by_naming_what_is_missing() -> None:
    with pytest.raises(
        SettingsError, match=r"^IMAGES_STORAGE=s3 needs IMAGES_S3_BUCKET and IMAGES_S3_SECRET_ACCESS_KEY$"
    ):
        load(storage="s3", s3_endpoint="https://s3.example.com", s3_access_key_id="k")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"s3_bucket": ""}, "IMAGES_S3_BUCKET"),
        ({"s3_bucket": "a/b"}, "IMAGES_S3_BUCKET"),
        ({"s3_bucket": ".."}, "IMAGES_S3_BUCKET"),
        ({"s3_access_key_id": ""}, "IMAGES_S3_ACCESS_KEY_ID"),
        ({"s3_access_key_id": "k\r\nX: 1"}, "IMAGES_S3_ACCESS_KEY_ID"),
        ({"s3_secret_access_key": ""}, "IMAGES_S3_SECRET_ACCESS_KEY"),
        ({"s3_secret_access_key": "a secret in words"}, "IMAGES_S3_SECRET_ACCESS_KEY"),
        ({"s3_endpoint": "x.r2.cloudflarestorage.com"}, "IMAGES_S3_ENDPOINT must be"),
        ({"s3_endpoint": "https://k:secret@x.r2.cloudflarestorage.com"}, "IMAGES_S3_ENDPOINT must be"),
        ({"s3_endpoint": "https://x.r2.cloudflarestorage.com/b"}, "IMAGES_S3_ENDPOINT must not contain the bucket"),
        ({"s3_endpoint": "https://b.x.r2.cloudflarestorage.com"}, "IMAGES_S3_ENDPOINT must not contain the bucket"),
        ({"s3_endpoint": ""}, "IMAGES_S3_ENDPOINT, or for AWS itself IMAGES_S3_REGION"),
    ],
)
def test_a_bucket_that_cannot_work_is_refused_in_one_line_without_its_secrets(
    wrong: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named) as refused:
        load(**{**REACHABLE, **wrong})
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value).replace("IMAGES_S3_SECRET", "")


def test_a_secret_of_the_bucket_is_not_in_what_settings_look_like() -> None:
    own = load(**{**REACHABLE, "s3_secret_access_key": "hunter2"})
    assert "hunter2" not in repr(own)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:9000",
        "http://minio:9000",
        "http://127.0.0.1:9000",
        "http://127.1:9000",
        "http://0x7f.0.0.1",
        "http://2130706433",
        "http://10.1.2.3",
        "http://100.64.0.1",
        "http://[::1]:9000",
        "http://[fd00::1]",
        "http://[::ffff:192.168.1.1]",
        "https://s3.local",
        "https://S3.Internal.",
    ],
)
def test_originals_that_the_real_cloudflare_cannot_reach_are_refused(address: str) -> None:
    refusal = r"^IMAGES_CLOUDFLARE=remote cannot reach the originals at {}"
    with pytest.raises(SettingsError, match=refusal.format("IMAGES_S3_ENDPOINT")):
        load(**{**REMOTE, **REACHABLE, "s3_endpoint": address})
    with pytest.raises(SettingsError, match=refusal.format("IMAGES_PUBLIC_URL")):
        load(**REMOTE, public_url=address)
    with pytest.raises(SettingsError, match=refusal.format("IMAGES_INTERNAL_URL")):
        load(**REMOTE, public_url="https://images.example.com", internal_url=address)


def test_a_cloudflare_of_this_network_reaches_what_is_in_it() -> None:
    own = load(**REMOTE, cloudflare_api_base="http://127.0.0.1:9390/client/v4")
    assert own.internal_url == own.public_url
    assert load(
        **{**REMOTE, **REACHABLE, "s3_endpoint": "http://minio:9000/"}, cloudflare_api_base="http://images:1/v4"
    )


def test_the_real_cloudflare_pulls_from_the_public_address_unless_another_is_named() -> None:
    public = "https://images.example.com"
    assert load(**REMOTE, public_url=public).internal_url == public
    assert load(**REMOTE, public_url=public, internal_url="https://tunnel.example.com/").internal_url == (
        "https://tunnel.example.com"
    )


def test_settings_that_contradict_each_other_are_refused_without_telling_secrets() -> None:
    with pytest.raises(SettingsError) as refused:
        load(delivery_base="nowhere", admin_password="correct horse")
    assert str(refused.value) == "IMAGES_DELIVERY_BASE must be an http or https URL without a query"


def test_the_documented_table_names_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    names = {"PORT" if field == "port" else f"IMAGES_{field.upper()}" for field in Settings.model_fields}
    assert set(rows) == names
    for field, info in Settings.model_fields.items():
        shown = rows["PORT" if field == "port" else f"IMAGES_{field.upper()}"]
        if info.default not in ("", None, ()):
            default = f"./{info.default}" if isinstance(info.default, Path) else str(info.default)
            assert shown == f"`{default}`", field
