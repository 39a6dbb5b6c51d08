"""A clamd of its own, with a signature database that is made here: nothing is downloaded."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.privacy.files import EICAR

CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
LARGEST_STREAM = 1024 * 1024
LARGEST_FILE = 200 * 1024
CONFIGURATION = f"""
LocalSocket {{folder}}/clamd.sock
DatabaseDirectory {{folder}}/database
LogFile {{folder}}/clamd.log
Foreground yes
StreamMaxLength {LARGEST_STREAM}
MaxFileSize {LARGEST_FILE}
AlertExceedsMax yes
AlertEncrypted yes
"""


class Clamd:
    """The daemon as a process that a test may stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"{folder}/clamd.sock"
        (folder / "database").mkdir()
        (folder / "database/test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
        known = hashlib.md5(b"not nice")
        (folder / "database/test.hdb").write_text(f"{known.hexdigest()}:8:Test.Known\n")
        (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert CLAMD is not None
        with (self._folder / "output").open("wb") as output:
            command = [CLAMD, "-c", f"{self._folder}/clamd.conf"]
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        for _ in range(600):
            if Path(self.address).exists():
                return
            assert self._process.poll() is None, (self._folder / "output").read_text()
            time.sleep(0.05)
        raise AssertionError("clamd did not come up")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


@pytest.fixture(scope="session")
def one_clamd() -> Iterator[Clamd]:
    if CLAMD is None:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")
    # Not below pytest's folder: the path of a socket may have about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="wa-clamd-") as folder:
        daemon = Clamd(Path(folder))
        try:
            yield daemon
        finally:
            daemon.stop()


@pytest.fixture
def clamd(one_clamd: Clamd) -> Clamd:
    """A running clamd, shared by the session; a test that stops it leaves it stopped."""
    if one_clamd._process is None:
        one_clamd.start()
    return one_clamd
