"""Who may run what, where: every combination."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.unit.commands.texts import TRIGGERS
from wa_integrasi.commands.permission import Allowed, Denied, Reason, may_run

BOTH = ("operator", "pimpinan")


@pytest.mark.parametrize(
    ("roles", "groups", "has", "where", "expected"),
    [
        ((), (), (), None, Reason.NOBODY),
        ((), (), BOTH, None, Reason.NOBODY),
        ((), (), BOTH, "kontrol", Reason.NOBODY),
        (("operator",), (), (), None, Reason.ROLE),
        (("operator",), (), ("pimpinan",), None, Reason.ROLE),
        (("operator",), (), ("operator",), None, None),
        (BOTH, (), ("pimpinan",), None, None),
        (("operator",), (), ("operator",), "kontrol", Reason.NOT_HERE),
        (("operator",), ("kontrol",), ("operator",), "kontrol", None),
        (("operator",), ("kontrol",), ("operator",), None, None),
        (("operator",), ("kontrol",), ("operator",), "lain", Reason.NOT_HERE),
        (("operator",), ("kontrol",), (), "kontrol", Reason.ROLE),
        (("operator",), ("kontrol",), (), None, Reason.ROLE),
        ((), ("kontrol",), (), "kontrol", None),
        ((), ("kontrol",), ("operator",), "kontrol", None),
        ((), ("kontrol",), ("operator",), "lain", Reason.NOT_HERE),
        ((), ("kontrol",), (), "120363012345678901@g.us", Reason.NOT_HERE),
        ((), ("kontrol",), ("operator",), None, Reason.ONLY_IN_GROUP),
        ((), ("kontrol",), (), "", Reason.NOT_HERE),
    ],
)
def test_who_may_run_it(
    roles: tuple[str, ...], groups: tuple[str, ...], has: Collection[str], where: str | None, expected: Reason | None
) -> None:
    trigger = TRIGGERS["suhu"].model_copy(update={"roles": roles, "groups": groups})
    assert may_run(trigger, has, where) == (Denied(expected) if expected else Allowed())
    off = trigger.model_copy(update={"enabled": False})
    assert may_run(off, has, where) == Denied(Reason.OFF)
