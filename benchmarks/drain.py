"""A worker process of `bench_peers`: says `ready`, waits for a line, and drains one contender's queue."""

import sys

from benchmarks.contenders import CONTENDERS


def _wait_for_go() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    CONTENDERS[sys.argv[1]].drain(sys.argv[2], _wait_for_go)
    print("done", flush=True)
