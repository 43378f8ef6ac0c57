"""Every page of the face, one module each."""

from images_app.pages import content, file, files, home, login, trash

__all__ = ["content", "file", "files", "home", "login", "trash"]
