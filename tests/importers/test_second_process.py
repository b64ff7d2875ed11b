from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flashcards.importers.second_process import compute_ahead
from tests.anki.imports.packages import CLOZE, Made, write_package

_PROGRAM = """
import json, os, signal, sys
from flashcards.importers import second_process
from flashcards.importers.second_process import compute_ahead
second_process._can_fork = lambda: True
first, fork = os.getpid(), os.fork
{setting}
def compute(item):
    if item == 7:
        raise ValueError
    if item == {deadly}:
        os._exit(1)
    return [item * item, os.getpid() != first]
batches = [range(start, start + 1000) for start in range(0, 10_000, 1000)]
found = [{{str(item): value for item, value in each.items()}} for each in compute_ahead(compute, batches)]
try:
    os.waitpid(-1, os.WNOHANG)
    sys.exit("a process is left")
except ChildProcessError:
    print(json.dumps(found))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies a process safely")


def _compute(deadly: int = -1, setting: str = "") -> list[dict[str, Any]]:
    program = _PROGRAM.format(deadly=deadly, setting=setting)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_another_process_computes_all_results_but_those_that_fail() -> None:
    found = _compute()
    assert [len(each) for each in found] == [999] + [1000] * 9
    assert found[3]["3456"] == [3456**2, True]


def test_results_are_missing_from_where_the_other_process_ended() -> None:
    found = _compute(deadly=4321)
    assert [len(each) for each in found[:10]] == [999, 1000, 1000, 1000] + [0] * 6


def test_results_arrive_if_the_system_waits_for_processes_that_ended() -> None:
    found = _compute(setting="signal.signal(signal.SIGCHLD, signal.SIG_IGN)")
    assert [len(each) for each in found] == [999] + [1000] * 9


_REFUSE = """
def refuse():
    raise BlockingIOError
os.{} = refuse
"""


@pytest.mark.parametrize("call", ["fork", "pipe"])
def test_all_items_are_left_to_the_caller_if_the_system_allows_no_second_process(call: str) -> None:
    assert _compute(setting=_REFUSE.format(call)) == [{}] * 10


_INTERRUPT_AT_ONCE = """
import atexit
atexit.register(lambda: os.getpid() == first or print("the other process ends like the caller"))
def fork_and_interrupt():
    child = fork()
    if not child:
        os.kill(os.getpid(), signal.SIGINT)
    return child
os.fork = fork_and_interrupt
"""


def test_the_other_process_never_runs_the_code_of_the_caller_when_interrupted() -> None:
    assert _compute(setting=_INTERRUPT_AT_ONCE) == [{}] * 10


def test_a_few_items_are_left_to_the_caller() -> None:
    assert list(compute_ahead(str, [[1, 2], [3]])) == [{}, {}]


_ONE_PROCESSOR = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "


@pytest.mark.slow
def test_an_import_is_the_same_with_and_without_a_second_process(tmp_path: Path) -> None:
    def make_note(number: int) -> Made:
        if number % 3 == 0:
            return Made([f"<b>{{{{c1::a}}}}</b> of {number}", "more&nbsp;text"], type=CLOZE)
        picture = f'<img src="{number}.png">' if number % 3 == 1 else "<i>none</i>"
        return Made([f"<div>front {number}</div>{picture}", f"back<br>{number}"])

    media = {f"{number}.png": str(number).encode() for number in range(1, 40, 3)}
    package = write_package(tmp_path / "x.apkg", [make_note(number) for number in range(2_600)], media=media)
    found = []
    for name, beginning in (("two", ""), ("one", _ONE_PROCESSOR)):
        folder = tmp_path / name
        folder.mkdir()
        program = f"{beginning}from flashcards.cli import main; main()"
        command = [sys.executable, "-c", program, "-C", str(folder), "import", str(package)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        files = {path.name: path.read_bytes() for path in folder.glob("**/*.*") if path.suffix in (".md", ".png")}
        found.append((said.stdout, files))
    assert found[0] == found[1]
    assert len(found[0][1]) == 1 + len(media)
    assert "2,600 notes added" in found[0][0]
