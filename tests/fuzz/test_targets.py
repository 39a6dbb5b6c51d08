"""A short form of `make fuzz`: every target over what it begins from and changes of that, and the fuzzer itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.targets import begun, targets

CHANGES = 60


@pytest.mark.parametrize("name", targets())
def test_nothing_breaks_it(name: str, tmp_path: Path) -> None:
    target, chance = targets()[name], Random(name)
    with begun(target, tmp_path) as run:
        for seed in target.seeds:
            run(seed)
        for _ in range(CHANGES):
            data = chance.choice(target.seeds)
            run(target.mutate(data, chance) if target.mutate else data[: chance.randint(0, len(data))] + data)


def test_a_fuzzer_that_sees_which_lines_it_reaches_breaks_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this platform: make fuzz needs Linux on x86-64")
    command = [sys.executable, "-m", "tests.fuzz", "--here", "--target", "meta", "--seconds", "2"]
    ended = subprocess.run([*command, "--kept", str(tmp_path)], capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
