"""What building the front end leaves behind."""

from pathlib import Path

from images_app import frontend
from images_app.settings import Settings
from tests.support.server import RunningServer


def test_the_next_start_has_nothing_to_build(server: RunningServer, web_dir: Path) -> None:
    """The build itself must not change what it is made of, or every second start would build again."""
    assert frontend.is_current(Settings(port=server.port, data_dir=server.data_dir, web_dir=str(web_dir)))
