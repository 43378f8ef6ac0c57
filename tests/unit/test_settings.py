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
        if info.default not in ("",):
            default = f"./{info.default}" if isinstance(info.default, Path) else str(info.default)
            assert shown == f"`{default}`", field
