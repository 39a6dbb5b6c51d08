"""`make fuzz`: each target for some seconds, in a process of its own; what breaks one is kept and named.

`--target meta --seconds 600` fuzzes one of them longer, `--input FILE` tries one input again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

KEPT = Path(".fuzz")
_TOO_LONG = 64 * 1024
_TOO_SLOW_S = 10
_AS_BYTES = 0.3


def fuzz(name: str, seconds: float, kept: Path) -> None:
    """Fuzz one target and end the process: with 0, or with the first input that broke it in `kept`."""
    import atheris

    with atheris.instrument_imports(include=["wa_integrasi"]):
        from tests.fuzz.targets import begun, targets

    target = targets()[name]
    corpus = kept / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)

    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-max_len={_TOO_LONG}",
        f"-timeout={_TOO_SLOW_S}",
        f"-artifact_prefix={kept}/{name}-",
        "-rss_limit_mb=2048",
        "-verbosity=0",
        str(corpus),
    ]
    own: dict[str, Any] = (
        {"custom_mutator": partial(_changed, lambda *asked: atheris.Mutate(*asked), target.mutate)}
        if target.mutate
        else {}
    )
    with tempfile.TemporaryDirectory(prefix="wa-fuzz-") as folder, begun(target, Path(folder)) as run:
        atheris.Setup([sys.argv[0], *options], run, **own)
        atheris.Fuzz()


def _changed(
    any_bytes: Callable[[bytes, int], bytes],
    mutate: Callable[[bytes, Random], bytes],
    data: bytes,
    longest: int,
    seed: int,
) -> bytes:
    """An input changed by its structure, or now and then as any bytes."""
    chance = Random(seed)
    return any_bytes(data, longest) if chance.random() < _AS_BYTES else mutate(data, chance)[:longest]


def try_again(name: str, file: Path) -> None:
    """Run one input, without a fuzzer."""
    from tests.fuzz.targets import begun, targets

    with tempfile.TemporaryDirectory(prefix="wa-fuzz-") as folder, begun(targets()[name], Path(folder)) as run:
        run(file.read_bytes())


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", help="all of them unless told")
    parser.add_argument("--seconds", type=float, default=60, help="for each (%(default)s)")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where inputs are kept (%(default)s)")
    parser.add_argument("--input", type=Path, help="a file to try again on the one target")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        fuzz(chosen.target[0], chosen.seconds, chosen.kept)
        return 0
    if chosen.input:
        try_again(chosen.target[0], chosen.input)
        return 0
    from tests.fuzz.targets import targets

    broken = []
    for name in chosen.target or targets():
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        asked = ["--here", "--target", name, "--seconds", str(chosen.seconds), "--kept", str(chosen.kept)]
        if subprocess.run([sys.executable, "-m", "tests.fuzz", *asked], check=False).returncode:
            broken.append(name)
    sys.stdout.write(f"BROKEN: {', '.join(broken)}; see {chosen.kept}\n" if broken else "nothing broke\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
