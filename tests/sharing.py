"""How several test processes share the tests (pytest-xdist): by file, but some folders stay whole."""

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

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


HOUSES = {HOUSE, *APART.values()}

_FILES_BESIDE = 20
"""So many files one process tests while the others have the houses: about as long as a house takes."""


class Sharing(LoadFileScheduling):
    """What has the same scope runs in one process, in the order in which it was collected.

    Where there are more processes than houses, the houses begin early enough that the process without one is still
    busy when they end.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        folder = str(PurePosixPath(file).parent)
        if folder in ALONE:
            return "alone"
        if folder != HOUSE or file == DEMO:
            return file
        return APART.get(file, HOUSE)

    def _assign_work_unit(self, node: WorkerController) -> None:
        houses = [scope for scope in self.workqueue if scope in HOUSES]
        if houses and self._enough() and len(self.workqueue) - len(houses) <= _FILES_BESIDE:
            self.workqueue.move_to_end(houses[0], last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        had = HOUSES & self.assigned_work.get(node, {}).keys()
        if had and self._enough() and not HOUSES & self.workqueue.keys():
            node.shutdown()  # nothing may run behind a house: tests/prefect/conftest.py
        else:
            super()._reschedule(node)

    def _enough(self) -> bool:
        return len(self.nodes) > len(HOUSES)
