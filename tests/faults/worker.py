"""Runs commands in forked processes of one that has `faults.c` loaded: `python -m tests.faults.worker`.

Each line of standard input is an order as JSON; the answer is a line with the exit code and the number of calls that
changed a file below the folder. A code below 0 is the signal that ended the process.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sqlite3
import sys
import traceback
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

from flashcards.cli import COMMANDS, run
from flashcards.errors import FlashcardsError
from flashcards.sync.wire import Refusal
from scheduler.errors import SchedulerError
from tests.faults.inside import INSIDE

SECONDS = 120  # before a command counts as hanging
HEAVY = """
    sqlite_utils numpy genanki fsrs_rs_python orjson tomlkit yaml nh3 imagesize tempfile
    flashcards.anki.imports.run flashcards.anki.exports.export flashcards.importers.hashcards
    flashcards.importers.review_csv flashcards.importers.state_database flashcards.importers.transaction
    flashcards.undo flashcards.convert flashcards.catalog.scan flashcards.deck.parse flashcards.query
    flashcards.disk.journal flashcards.insight.page flashcards.links flashcards.add scheduler.backups scheduler.fit
"""
"""The modules that commands import late, so that a fault case need not wait for them."""


def carry_out(order: dict[str, Any], library: ctypes.CDLL) -> int:
    root = Path(order["root"])
    os.chdir(root)
    for number, name in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
    signal.alarm(SECONDS)
    trace = os.open(order["trace"], os.O_CREAT | os.O_WRONLY, 0o600) if order["trace"] else -1
    library.fault_arm(os.fsencode(root), ctypes.c_long(order["at"]), order["kind"], trace)
    try:
        words = order["words"]
        inside = INSIDE.get(words[0])
        code = inside(root) if inside else run(["-C", str(root), *words])
    except (FlashcardsError, SchedulerError, Refusal, sqlite3.Error, OSError) as error:  # what a person is told
        os.write(2, str(error).encode())
        code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code


def main() -> None:
    library = ctypes.CDLL(None)
    library.fault_count.restype = ctypes.c_long
    for name in (*HEAVY.split(), *(f"flashcards.cli.{module}" for module in set(COMMANDS.values()))):
        importlib.import_module(name)
    with suppress(ImportError), redirect_stdout(sys.stderr):  # it prints deprecation warnings
        importlib.import_module("tests.sync.anki_connect_standin")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = carry_out(json.loads(line), library)
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(status), library.fault_count()]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
