"""Every page of the face, one module each."""

from images_app.pages import (
    account,
    activity,
    content,
    file,
    files,
    home,
    login,
    members,
    password,
    people,
    tokens,
    trash,
    workspace,
)

__all__ = [
    "account",
    "activity",
    "content",
    "file",
    "files",
    "home",
    "login",
    "members",
    "password",
    "people",
    "tokens",
    "trash",
    "workspace",
]
