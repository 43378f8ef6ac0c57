"""How the suite is spread over processes (`pytest -n auto`, by pytest-xdist), and what holds for all made-up input.

Tests of one group run in one process, in their order: those of a file and kind of engines, since they share what is
dear (a served API, a database of today's shape), and browser tests, since they share a server and a browser.
"""

import os
import re

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_STORMS = "tests/integration/test_storm.py"
"""Each of its tests is a group: it starts everything that it needs, and takes long."""
_APART = (
    *("tests/e2e/test_scale.py", "tests/e2e/test_signing.py", "tests/e2e/test_two_servers.py"),
    *("tests/e2e/test_react_example.py", _STORMS),
)
"""Files that are a group each, at least: they start servers of their own, or take long."""
_TURNS = ("tests/e2e/", "tests/integration/", *_APART, "tests/contract/", "tests/unit/")
"""Long groups begin first, so that no process is left with one when the others have ended; the many small groups come
last. All of `_APART` would only wait in the beginning: the front end is built once."""

# How long an example takes depends on what else the machine does.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def group_of(nodeid: str) -> str:
    """The group of a test, such as `tests/integration/test_files.py production`."""
    path, _, name = nodeid.partition("::")
    if path.startswith("tests/e2e/") and path not in _APART:
        return "tests/e2e/"
    if path == _STORMS:
        return nodeid
    engines = re.search(r"[\[-](embedded|production)[]-]", name)
    return f"{path} {engines[1]}" if engines else path


def _turn(nodeid: str) -> tuple[int, bool]:
    group = group_of(nodeid)
    turns = [number for number, prefix in enumerate(_TURNS) if group.startswith(prefix)]
    # All of one kind of engines first: a process sets a kind up again when it comes back to it.
    return max(turns, default=0), group.endswith(" production")


class _Groups(LoadScopeScheduling):
    """Gives whole groups to processes, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Groups(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """Three processes for two cores: much of the suite waits."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _turn(item.nodeid))
