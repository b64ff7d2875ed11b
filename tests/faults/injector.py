"""Runs a command on a copy of a folder while one of its file operations fails, is cut or is the last one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.runner import REPOSITORY

SOURCE = Path(__file__).with_name("faults.c")


class Fault(IntEnum):
    """What happens at the chosen call; the numbers are those of `faults.c`."""

    NONE = 0
    FULL = 1
    """The disk is full from then on."""
    BROKEN = 2
    """The disk fails once."""
    KILL = 3
    """The process is killed right before."""
    CUT = 4
    """The process is killed after half of a write."""


class Run(NamedTuple):
    """What a command left: its exit code or signal, the number of calls that change files, what it said."""

    code: int
    calls: int
    out: str
    err: str


def build_library(folder: Path) -> Path:
    """Compile `faults.c`; skip the test if that cannot be done here."""
    compiler = shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and gcc")
    library = folder / "faults.so"
    words = ["-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run([compiler, *words], check=True, capture_output=True)
    return library


class Injector:
    """A process with the library, which runs commands in forks of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        environment = {
            **os.environ,
            "LD_PRELOAD": str(build_library(folder)),
            "PYTHONPATH": str(REPOSITORY),
            "VISUAL": "true",
        }
        environment.pop("FLASHCARDS_COLLECTION", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=REPOSITORY,
        )

    def run(
        self, root: Path, words: list[str], fault: Fault = Fault.NONE, at: int = 0, trace: Path | None = None
    ) -> Run:
        """Run a command in a folder with a fault at one of its calls, counted from 1."""
        out, err = self._folder / "out", self._folder / "err"
        for path in (out, err):
            path.unlink(missing_ok=True)
        order = {"root": str(root), "words": words, "kind": int(fault), "at": at}
        order |= {"out": str(out), "err": str(err), "trace": str(trace or "")}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code, calls = json.loads(self._process.stdout.readline())
        return Run(code, calls, out.read_text(errors="replace"), err.read_text(errors="replace"))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
