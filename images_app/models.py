"""Every table. Times are UTC; ids are TypeIDs (`ids.py`) and sort by creation time."""

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Column, DateTime, ForeignKey, Index, Integer, String, Table, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from images_app import ids


def now() -> datetime:
    """The present in UTC with millisecond precision, which is what the API shows."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class UtcDateTime(TypeDecorator[datetime]):
    """A timestamp that is aware and in UTC on every engine; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# PostgreSQL would sort by locale; ids are compared byte by byte on both engines.
ID = String(40).with_variant(String(40, collation="C"), "postgresql")
BIG = BigInteger().with_variant(Integer, "sqlite")


def table(model: type[SQLModel]) -> Table:
    """A model's table, for statements that are run with every request: one of plain columns costs a third of one that
    loads objects."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _id(prefix: ids.Prefix) -> Any:
    return Field(default_factory=lambda: ids.new(prefix), primary_key=True, sa_type=ID)


def _ref(table: str, **options: Any) -> Any:
    nullable = options.pop("nullable", False)
    return Field(
        default=None if nullable else ...,
        sa_column=Column(ID, ForeignKey(f"{table}.id"), nullable=nullable, **options),
    )


def _time(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


class User(SQLModel, table=True):
    id: str = _id("usr")
    email: str = Field(unique=True, max_length=320)
    """Lower case, trimmed."""
    password_hash: str | None = None
    """Argon2id; null until a password is set, and then nobody can sign in with one."""
    is_admin: bool = False
    created_at: datetime = _time(default_factory=now)


class Workspace(SQLModel, table=True):
    id: str = _id("wsp")
    name: str = Field(max_length=120)
    bucket: str = Field(unique=True, max_length=63)
    """First segment of every object key of the workspace; made by the server."""
    quota_bytes: int | None = Field(default=None, sa_type=BIG)
    quota_files: int | None = Field(default=None, sa_type=BIG)
    """Null: the server's default holds. 0: no limit."""
    created_at: datetime = _time(default_factory=now)


class Membership(SQLModel, table=True):
    workspace_id: str = Field(sa_column=Column(ID, ForeignKey("workspace.id"), primary_key=True))
    user_id: str = Field(sa_column=Column(ID, ForeignKey("user.id"), primary_key=True, index=True))
    role: str
    """`owner`, `editor` or `viewer`."""
    created_at: datetime = _time(default_factory=now)


class Session(SQLModel, table=True):
    """A sign-in in a browser. Deleting the row signs out, everywhere and at once."""

    __tablename__ = "session"

    id: str = _id("ses")
    secret_hash: str = Field(unique=True, max_length=64)
    user_id: str = _ref("user", index=True)
    user_agent: str = Field(default="", max_length=255)
    created_at: datetime = _time(default_factory=now)
    last_used_at: datetime = _time(default_factory=now)
    expires_at: datetime = _time()


class Token(SQLModel, table=True):
    """A bearer token of a user. Only the SHA-256 of its secret is kept."""

    __table_args__ = (Index("ix_token_user", "user_id", "id"),)

    id: str = _id("tok")
    user_id: str = _ref("user")
    name: str = Field(max_length=120)
    secret_hash: str = Field(unique=True, max_length=64)
    hint: str = Field(max_length=16)
    """The first characters of the secret, to recognise it in a list."""
    scopes: list[str] = Field(sa_type=JSON)
    workspace_ids: list[str] | None = Field(default=None, sa_type=JSON)
    """Null: every workspace of its owner."""
    created_at: datetime = _time(default_factory=now)
    expires_at: datetime | None = _time(default=None)
    last_used_at: datetime | None = _time(default=None)


class PasswordLink(SQLModel, table=True):
    """A link with which somebody sets their password, once. Using it, or making another, deletes the row."""

    __tablename__ = "password_link"

    id: str = _id("lnk")
    user_id: str = _ref("user", index=True)
    secret_hash: str | None = Field(default=None, unique=True, max_length=64)
    """Null until the mail that carries the secret is written."""
    purpose: str = Field(max_length=16)
    """`invite` or `reset`."""
    created_at: datetime = _time(default_factory=now)
    expires_at: datetime = _time()


class SignInFailure(SQLModel, table=True):
    """A wrong password or link; counted per e-mail and per address over a quarter of an hour."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_subject_at", "subject", "at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    subject: str = Field(max_length=400)
    at: datetime = _time(default_factory=now)


class File(SQLModel, table=True):
    """What a member uploaded. Its bytes are in the object store under `object_key` and are never changed."""

    __table_args__ = (
        Index("ix_file_workspace", "workspace_id", "is_trashed", "id"),
        Index("ix_file_workspace_status", "workspace_id", "is_trashed", "status", "id"),
        Index("ix_file_trashed", "is_trashed", "id"),
        Index("ix_file_status", "is_trashed", "status", "id"),
        Index("ix_file_provisioning", "provisioning_state", "next_attempt_at"),
    )

    id: str = _id("fil")
    workspace_id: str = _ref("workspace")
    created_by: str = _ref("user")
    name: str = Field(max_length=255)
    mime: str = Field(max_length=127)
    """From the bytes; the client's word only where the bytes say nothing."""
    size: int = Field(sa_type=BIG)
    sha256: str = Field(max_length=64)
    object_key: str = Field(max_length=1024)
    status: str = "ready"
    """`uploading`, `ready` or `error`."""
    error_code: str | None = None
    error_message: str | None = None
    error_retryable: bool = False
    provisioning_state: str = "none"
    """`none`, `pending`, `running`, `waiting`, `done`, `failed` or `removed` (final until asked again)."""
    run: int = 0
    """Counts requests for provisioning. A worker that holds an older run has lost its right to commit."""
    attempt: int = 0
    """Number of the current attempt within the run, from 1."""
    spared: int = 0
    """How many attempts of the run said nothing about this file (no connection, rate limit, the account): they do not
    use the run up."""
    is_tried: bool = False
    """An attempt has begun at some time: Cloudflare may have an image of the file that nobody committed."""
    lost: int = 0
    """Runs in a row that ended with nobody knowing how: their process died, again and again."""
    next_attempt_at: datetime | None = _time(default=None)
    """Null while nothing is due; `waiting` without it: parked until provisioning is not paused any more."""
    is_trashed: bool = False
    trashed_at: datetime | None = _time(default=None)
    trashed_by: str | None = _ref("user", nullable=True)
    created_at: datetime = _time(default_factory=now)
    updated_at: datetime = _time(default_factory=now)


class Image(SQLModel, table=True):
    """A file's projection in Cloudflare Images: there only while it is provisioned."""

    __table_args__ = (Index("ix_image_workspace", "workspace_id", "id"),)

    id: str = Field(primary_key=True, sa_type=ID)
    file_id: str = _ref("file", unique=True)
    workspace_id: str = _ref("workspace")
    cf_image_id: str = Field(unique=True, max_length=1024)
    width: int | None = None
    height: int | None = None
    """Of the original as displayed, in pixels."""
    size: int | None = Field(default=None, sa_type=BIG)
    """Bytes of the original."""
    exif: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    thumbhash: str | None = Field(default=None, max_length=64)
    """Base64."""
    taken_at: datetime | None = _time(default=None)
    is_private: bool = False
    """Provisioned with requireSignedURLs; `url` follows this, not today's setting."""
    created_at: datetime = _time(default_factory=now)


FileEventType = Literal[
    "file.ready",
    "image.provision_requested",
    "image.provision_retrying",
    "image.created",
    "image.provision_failed",
    "image.deleted",
    "file.deleted",
    "file.restored",
    "file.purged",
]
WorkspaceEventType = Literal[
    "workspace.created",
    "workspace.changed",
    "member.added",
    "member.role_changed",
    "member.removed",
]
AccountEventType = Literal[
    "user.created",
    "token.created",
    "token.revoked",
    "session.started",
    "session.ended",
    "password.link_made",
    "password.changed",
    "provisioning.paused",
    "provisioning.resumed",
    "mcp.called",
]
EventType = FileEventType | WorkspaceEventType | AccountEventType


class Event(SQLModel, table=True):
    """What happened, append-only: live updates, the history of a file and the audit read it."""

    __table_args__ = (
        Index("ix_event_workspace_seq", "workspace_id", "is_audit", "seq"),
        Index("ix_event_audit_seq", "is_audit", "seq"),
        Index("ix_event_workspace_type_seq", "workspace_id", "type", "seq"),
        Index("ix_event_type_seq", "type", "seq"),
        Index("ix_event_file_seq", "file_id", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True))
    id: str = Field(default_factory=lambda: ids.new("evt"), unique=True, sa_type=ID)
    type: str = Field(max_length=64)
    is_audit: bool = False
    """Not about a file: members, roles, workspaces, accounts. Not for every member to see."""
    created_at: datetime = _time(default_factory=now)
    workspace_id: str | None = Field(default=None, sa_type=ID)
    """Null: about an account, for admins."""
    file_id: str | None = Field(default=None, sa_type=ID)
    image_id: str | None = Field(default=None, sa_type=ID)
    actor_id: str | None = Field(default=None, sa_type=ID)
    """The user who caused it; null for the pipeline itself."""
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Counter(SQLModel, table=True):
    """Exact totals per workspace, changed in the transaction that changes what they count (`core/counters.py`)."""

    __table_args__ = (Index("ix_counter_name", "name"),)

    workspace_id: str = Field(sa_type=ID, primary_key=True)
    """Empty: of the server, outside any workspace."""
    name: str = Field(primary_key=True, max_length=40)
    n: int = Field(default=0, sa_type=BIG)


class IdempotencyKey(SQLModel, table=True):
    """What a request with this key made, per user, kept for a day."""

    __tablename__ = "idempotency_key"

    user_id: str = Field(sa_column=Column(ID, ForeignKey("user.id"), primary_key=True))
    key: str = Field(primary_key=True, max_length=255)
    made_id: str = Field(sa_type=ID)
    """Of a file or a workspace."""
    fingerprint: str = Field(max_length=64)
    """SHA-256 of what was asked for."""
    created_at: datetime = _time(default_factory=now)


class RemoteDeletion(SQLModel, table=True):
    """An image that must still be deleted at Cloudflare; the row goes when Cloudflare has confirmed it."""

    __tablename__ = "remote_deletion"

    cf_image_id: str = Field(primary_key=True, max_length=1024)
    workspace_id: str = Field(sa_type=ID)
    file_id: str = Field(sa_type=ID, index=True)
    """A new attempt for this file must not adopt the image."""
    attempt: int = 1
    next_attempt_at: datetime | None = _time(default=None)
    created_at: datetime = _time(default_factory=now)


class ProvisioningPause(SQLModel, table=True):
    """There while nothing is provisioned, because Cloudflare refuses us as a whole and not one picture."""

    __tablename__ = "provisioning_pause"

    id: int = Field(default=1, primary_key=True)
    """1: there is one pause at most."""
    reason: str = Field(max_length=16)
    """`full` or `refused`."""
    code: str = Field(max_length=64)
    message: str = Field(max_length=500)
    since: datetime = _time(default_factory=now)
    probes: int = 0
    """How many files were tried in vain since."""
    next_probe_at: datetime = _time()
    """When the next file may be tried, alone."""
    probe_file_id: str | None = Field(default=None, sa_type=ID)
    """The file that is tried now."""


class Turn(SQLModel, table=True):
    """When the next call of a kind may be made, by whichever server (`core/pace.py`)."""

    name: str = Field(primary_key=True, max_length=64)
    next_at: float
    """Seconds since 1970 by the database's clock."""


class KeyFingerprint(SQLModel, table=True):
    """Of a key that all servers of this database share (`keys.py`)."""

    __tablename__ = "key_fingerprint"

    name: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(max_length=64)


class LearntFact(SQLModel, table=True):
    """What was learnt once and every server must know after a restart, too (`core/learnt.py`)."""

    __tablename__ = "learnt_fact"

    name: str = Field(primary_key=True, max_length=64)
    value: str = Field(max_length=255)
