"""Where the demo runs: a folder of its own, whatever the environment says, with secrets made for it."""

from __future__ import annotations

import hashlib
import hmac
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployments.up import HOST, Place, kept_secret, place

PHONE_NUMBER_ID = "106540352242922"
WABA_ID = "100000000000001"
CLAMD = Path("/run/clamav/clamd.ctl")
"""Where clamd listens on this machine, if it does."""


def demo_place(folder: Path, port: int, prefect_port: int) -> Place:
    """A place in `folder`/demo where the account `default` is the simulated phone.

    Every `WA_…` variable of the environment is left out: the demo must never write to a real store or a real channel.
    `environment` in its folder has what a shell must export so that `wa` finds it.
    """
    folder = (folder / "demo").absolute()
    secret = kept_secret(folder)
    own = {
        "WA_DATABASE_URL": f"sqlite:///{folder / 'wa.db'}",
        "WA_SECRET_KEY": secret,
        "WA_MEDIA_PATH": str(folder / "media"),
        # Nobody but whoever holds the simulated phone sends files here.
        "WA_CLAMAV": str(CLAMD) if CLAMD.is_socket() else "off",
        "WA_FILES_PATH": str(folder / "files"),
        "WA_CSV_PATH": str(folder / "csv"),
        "WA_ARCHIVE_PATH": str(folder / "archive"),
        "WA_PROVIDER": "simulator",
        "WA_API_URL": f"http://{HOST}:{port}/simulator",
        "WA_API_KEY": _derived(secret, "api key"),
        "WA_APP_SECRET": _derived(secret, "app secret"),
        "WA_VERIFY_TOKEN": _derived(secret, "verify token"),
        "WA_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WA_WABA_ID": WABA_ID,
    }
    left_out = {name: "" for name in os.environ if name.startswith("WA_") and name not in own}
    at = place(folder, port, prefect_port, {**left_out, **own}, secret)
    _write(folder / "environment", {**own, "PREFECT_API_URL": at.environment["PREFECT_API_URL"]})
    return at


def demo_set_up(at: Place) -> Sequence[str]:
    """The module that prepares the demo, with its arguments."""
    return ["deployments.demo.setup", str(at.folder / "plant.db")]


def _write(file: Path, variables: Mapping[str, str]) -> None:
    """Lines for a shell, for their owner only: they have the demo's secrets."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()
