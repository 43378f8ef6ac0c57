"""Cloudflare's list, page by page into the notes: its order is that of upload, so it cannot be read beside ours."""

from images_app.cloudflare.base import CloudflareImages
from images_app.doctor.notes import Notes
from images_app.errors import CloudflareError


def survey(cloudflare: CloudflareImages, notes: Notes) -> None:
    """Note every image that is there, from where the last run stood. Raises CloudflareError.

    What is uploaded meanwhile may or may not be on it; `judge` knows when the run began.
    """
    while not notes.get("listed", False):
        token = notes.get("token")
        try:
            images, following = cloudflare.list_page(token)
        except CloudflareError as error:
            if token is None or error.retryable or error.status != 400:
                raise
            notes.save((), token=None)  # a token of long ago that is not taken any more: from the beginning
            continue
        if following is not None and following == token:
            raise CloudflareError("Cloudflare's list goes in circles.", status=200, retryable=True)
        notes.add_remotes(images, token=following, listed=following is None)
