"""How several test processes share the tests (pytest-xdist): by file, but some folders stay whole."""

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling

ALONE = {"tests/browser", "tests/chaos"}
"""These start processes that use a whole processor: one of them at a time."""

HOUSE = "tests/prefect"
"""Shares a Prefect server, and comes last in its process (tests/prefect/conftest.py)."""

APART = {
    f"{HOUSE}/test_{name}.py": house
    for house, names in {
        "live": ("commands", "gateway_work", "intake", "live", "media", "pi_source"),
        "flows": ("complaints_and_recaps", "flows", "upkeep", "watches"),
    }.items()
    for name in names
}
"""Those of them that have a house of their own, in another process: together they would end long after the others."""

DEMO = f"{HOUSE}/test_demo.py"
"""Has processes of its own only, and mostly waits: it may run beside everything."""


class Sharing(LoadFileScheduling):
    """What has the same scope runs in one process, in the order in which it was collected."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        folder = str(PurePosixPath(file).parent)
        if folder in ALONE:
            return "alone"
        if folder != HOUSE or file == DEMO:
            return file
        return APART.get(file, HOUSE)
