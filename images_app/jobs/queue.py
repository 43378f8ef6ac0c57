"""Enqueueing durable work inside the transaction that makes it necessary (DBOS's own tables are in our database)."""

import logging
import threading

from dbos import DBOS, DBOSClient, EnqueueOptions
from sqlmodel import Session

logging.getLogger("dbos").setLevel(logging.WARNING)  # it reports each of its 60 migrations

APPLICATION = "aeontel"
VERSION = "1"
"""Fixed: by default it is a hash of the source, and then work from before an upgrade would never run."""
PROVISION_QUEUE = "provision"
CLEANUP_QUEUE = "cleanup"
MAIL_QUEUE = "mail"
PROVISION, DELETE_REMOTE, TIDY, ERASE, MAIL_LINK = "provision", "delete_remote", "tidy", "erase", "mail_link"
_POLL_S = 0.1
_CLEANUP_POLL_S = 1.0
_CONNECTIONS = 3
"""Enough for the loops of one process: work is enqueued on the connection of its caller."""


class DurableQueue:
    """The `Queue` of the pipeline. A workflow id is made of what is worked on: enqueued twice, it is there once."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._lock = threading.Lock()
        self._connected: DBOSClient | None = None

    def prepare(self, provision_concurrency: int) -> None:
        """Make or migrate the engine's tables and queues. Before the first enqueue; again without effect."""
        DBOS.migrate(self._url)
        client = self.client()
        for name, concurrency, poll in (
            (PROVISION_QUEUE, provision_concurrency, _POLL_S),
            (CLEANUP_QUEUE, 2, _CLEANUP_POLL_S),
            (MAIL_QUEUE, 1, _CLEANUP_POLL_S),  # apart: a mail server that hangs must hold up nothing else
        ):
            client.register_queue(name, worker_concurrency=concurrency, polling_interval_sec=poll)

    def client(self) -> DBOSClient:
        """The engine as seen from outside: lists and deletes workflows, too."""
        with self._lock:
            if self._connected is None:
                self._connected = DBOSClient(
                    system_database_url=self._url,
                    system_database_pool_size=_CONNECTIONS,
                    application_name=APPLICATION,
                    lazy=True,
                    retry_connection_errors=False,
                )
            return self._connected

    def provision(self, session: Session, file_id: str, run: int, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue one attempt; the same (file, run, attempt) twice is one."""
        options = _options(PROVISION_QUEUE, PROVISION, provision_id(file_id, run, attempt), delay_seconds)
        self.client().enqueue_in_transaction(session, options, file_id, run, attempt)

    def delete_remote(self, session: Session, cf_image_id: str, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue the deletion of an image at Cloudflare; the same (image, attempt) twice is one."""
        options = _options(CLEANUP_QUEUE, DELETE_REMOTE, deletion_id(cf_image_id, attempt), delay_seconds)
        self.client().enqueue_in_transaction(session, options, cf_image_id, attempt)

    def tidy(self, session: Session, file_id: str, run: int, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue a look for images of a file that nobody committed; the same (file, run, attempt) twice is one."""
        options = _options(CLEANUP_QUEUE, TIDY, f"tidy:{file_id}:{run}:{attempt}", delay_seconds)
        self.client().enqueue_in_transaction(session, options, file_id, run, attempt)

    def erase(
        self, session: Session, file_id: str, object_key: str, look: bool, attempt: int, delay_seconds: float = 0
    ) -> None:
        """Enqueue the end of a purged file's bytes; the same (file, attempt) twice is one."""
        options = _options(CLEANUP_QUEUE, ERASE, f"erase:{file_id}:{attempt}", delay_seconds)
        self.client().enqueue_in_transaction(session, options, file_id, object_key, look, attempt)

    def mail_link(self, session: Session, link_id: str, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue a letter with a link to set a password; the same (link, attempt) twice is one."""
        options = _options(MAIL_QUEUE, MAIL_LINK, f"mail:{link_id}:{attempt}", delay_seconds)
        self.client().enqueue_in_transaction(session, options, link_id, attempt)

    def close(self) -> None:
        """Return its connections."""
        with self._lock:
            if self._connected is not None:
                self._connected.destroy()
                self._connected = None


def provision_id(file_id: str, run: int, attempt: int) -> str:
    """Id of the workflow of an attempt."""
    return f"provision:{file_id}:{run}:{attempt}"


def deletion_id(cf_image_id: str, attempt: int) -> str:
    """Id of the workflow that tries to delete an image at Cloudflare."""
    return f"delete:{cf_image_id}:{attempt}"


def _options(queue: str, workflow: str, workflow_id: str, delay_seconds: float) -> EnqueueOptions:
    options: EnqueueOptions = {
        "queue_name": queue,
        "workflow_name": workflow,
        "workflow_id": workflow_id,
        "app_version": VERSION,
    }
    if delay_seconds > 0:
        options["delay_seconds"] = delay_seconds
    return options
