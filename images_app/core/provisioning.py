"""From a stored file to an image at Cloudflare: the steps of one attempt, and who may commit what."""

from typing import Protocol

from sqlmodel import Session


class Queue(Protocol):
    """The durable engine as the pipeline sees it: work is enqueued in the transaction that makes it necessary."""

    def provision(self, session: Session, file_id: str, run: int, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue one attempt; the same (file, run, attempt) twice is one."""

    def delete_remote(self, session: Session, cf_image_id: str, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue the deletion of an image at Cloudflare; the same (image, attempt) twice is one."""
