"""Who may run a trigger, and where. What is not allowed is denied."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from wa_integrasi.catalog.triggers import Trigger


class Reason(StrEnum):
    """Why somebody may not run a trigger."""

    OFF = "off"
    NOBODY = "nobody"
    ROLE = "role"
    NOT_HERE = "not_here"
    ONLY_IN_GROUP = "only_in_group"


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may run."""


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not."""

    reason: Reason


def may_run(trigger: Trigger, roles: Collection[str], group: str | None) -> Allowed | Denied:
    """Whether somebody with these roles may run a trigger in a group chat of the catalog, or in their own chat (None).

    Roles and groups both count: a trigger with roles wants one of them everywhere; in a group chat it must also name
    that group. Without roles it is for everybody in its groups, and nowhere else. For a group chat that the catalog
    does not have, give its id: no trigger names it.
    """
    has_role = not set(trigger.roles).isdisjoint(roles)
    if not trigger.enabled:
        return Denied(Reason.OFF)
    if not trigger.roles and not trigger.groups:
        return Denied(Reason.NOBODY)
    if trigger.roles and not has_role:
        return Denied(Reason.ROLE)
    if group is None:
        return Allowed() if has_role else Denied(Reason.ONLY_IN_GROUP)
    return Allowed() if group in trigger.groups else Denied(Reason.NOT_HERE)
