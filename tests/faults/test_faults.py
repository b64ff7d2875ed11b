"""Whatever fails at whatever moment, a command happens as a whole or not at all, and what it said is true.

Each command is run again and again, and each time another one of its calls that change files fails for a full disk,
fails for a broken one, is the last one before a kill, or writes half; and the power is cut after each of them.
`make faults` plays every point, `FAULT_POINTS` of them for each command and kind otherwise.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashcards.cli import run as run_here
from flashcards.errors import FlashcardsError
from scheduler.errors import SchedulerError
from tests.faults.anki import copy_anki, keep_steps, take_step
from tests.faults.cases import CASES, Case, Snapshot, make_folder, take_snapshot
from tests.faults.injector import Fault, Injector, Run
from tests.faults.power import play_cuts, read_trace

POINTS = int(os.environ.get("FAULT_POINTS", "2"))  # 0 means all
RATING = ("rate-all", "rate-in-browser", "hold-mock")
KINDS = [Fault.FULL, Fault.BROKEN, Fault.KILL, Fault.CUT]

pytestmark = pytest.mark.slow


class Trial:
    """A command in a folder: what the folder holds before it and after it."""

    def __init__(self, case: Case, injector: Injector, folder: Path) -> None:
        self.case = case
        self.injector = injector
        self.folder = folder
        self.template = folder / "template"
        make_folder(self.template)
        case.prepare(self.template)
        orphan = self.template / ".orphan"
        self.words = [orphan.read_text() if word == "ORPHAN" else word for word in case.words]
        self.before = self.look(self.copy())
        done = self.copy()
        keep_steps(done)
        self.whole = injector.run(done, self.words, trace=folder / "trace")
        assert self.whole.code == 0, self.whole
        self.after = self.look(done)
        assert self.after

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def copy(self) -> Path:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.template, self.root)
        copy_anki(self.template, self.root)
        return self.root

    def look(self, root: Path) -> Snapshot | None:
        """Return what a folder holds; nothing if its state is damaged or lost, and a restore is due."""
        try:
            return take_snapshot(root)
        except SchedulerError:
            assert self.case.name.startswith("restore of"), "the state is damaged"
            assert run_here(["-C", str(root), "restore", "-y"]) == 0
            assert take_snapshot(root)
            return None

    def judge(self, root: Path, done: Run) -> str:
        """Return what is wrong with what a command left; nothing if all is well."""
        if "Traceback" in done.err:
            return f"traceback: {done.err[-300:]}"
        if done.code > 0 and len(done.err.strip().splitlines()) > 2:
            return f"more than a sentence: {done.err}"
        try:
            found = self.look(root)
        except (AssertionError, SchedulerError, FlashcardsError) as error:
            return f"cannot be opened: {error!r}"[:300]
        if self.case.words[0] in RATING:
            return self.judge_ratings(found, done)
        if self.case.has_steps:
            return self.repeat(root, found, done)
        may_be = [self.after] if done.code == 0 or self.is_acknowledged(done.out) else [self.before, self.after]
        if "Nothing was changed" in done.err:
            may_be = [self.before]
        if any(self.is_same(found, each) for each in may_be):
            return self.restore(root)
        differences = [found.compare(each) if found and each else "damaged" for each in may_be]
        return f"code {done.code}, {done.err.strip()!r}: differs in {' / '.join(differences)}"

    def is_same(self, one: Snapshot | None, other: Snapshot | None) -> bool:
        """Compare what there is; a backup more than expected does no harm, a backup less does."""
        if one is None or other is None:
            return one is other
        return one._replace(backups=0) == other._replace(backups=0) and one.backups >= min(other.backups, self.least)

    @property
    def least(self) -> int:
        return self.before.backups if self.before and self.case.name != "backup" else 99

    def is_acknowledged(self, out: str) -> bool:
        return bool(out) and out == self.whole.out and not self.case.says_first

    def repeat(self, root: Path, found: Snapshot | None, done: Run) -> str:
        """Return what is wrong if each step must be whole and running the command again must complete all."""
        assert found
        assert self.before
        assert self.after
        if (done.code == 0 or self.is_acknowledged(done.out)) and not self.is_same(found, self.after):
            return f"it was reported, but differs in {found.compare(self.after)}"
        for name, content in found.files.items():
            if content not in (self.before.files.get(name), self.after.files.get(name)):
                return f"{name} is not whole"
        again = self.injector.run(root, self.words)
        if again.code != 0:
            return f"it cannot be repeated: {again.err}"
        found = self.look(root)
        assert found
        return "" if self.is_same(found, self.after) else f"repeated, it differs in {found.compare(self.after)}"

    def judge_ratings(self, found: Snapshot | None, done: Run) -> str:
        assert found
        assert self.before
        recorded, said = len(found.reviews) - len(self.before.reviews), done.out.count("rated")
        if recorded not in (said, said + 1):
            return f"{said} ratings were said, {recorded} are there"
        answered = sum(1 for row in found.mocks if row[1])
        is_mock = self.after and self.after.mocks
        return f"{recorded} ratings, but {answered} answers" if is_mock and answered != recorded else ""

    def restore(self, root: Path) -> str:
        if self.case.begins_empty:
            return ""
        return "" if run_here(["-C", str(root), "restore", "-y"]) == 0 else "cannot be restored"


class Trials:
    """The trials of all cases, each prepared once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._injector = Injector(folder)
        self._trials: dict[str, Trial] = {}

    def find(self, case: Case) -> Trial:
        if case.name not in self._trials:
            folder = self._folder / case.name.replace(" ", "-")
            folder.mkdir()
            self._trials[case.name] = Trial(case, self._injector, folder)
        return self._trials[case.name]

    def close(self) -> None:
        self._injector.close()


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    found = Trials(tmp_path_factory.mktemp("faults"))
    yield found
    found.close()


def choose(calls: int) -> range:
    """The calls at which something happens, counted from 1: all, or some that are spread over the whole run."""
    return (
        range(1, calls + 1)
        if not POINTS or calls <= POINTS
        else range(calls // POINTS // 2 + 1, calls + 1, calls // POINTS)
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_command_that_fails_at_any_point_is_done_wholly_or_not_at_all(
    case: Case, trials: Trials, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trials.find(case)
    wrong, runs = [], 0
    for kind in KINDS:
        for at in choose(trial.whole.calls):
            done = trial.injector.run(trial.copy(), trial.words, kind, at)
            runs += 1
            problem = trial.judge(trial.root, done)
            if problem:
                wrong.append(f"{kind.name} at {at} of {trial.whole.calls}: {problem}")
    capsys.readouterr()
    assert not wrong, "\n".join(wrong[:30]) + f"\n{len(wrong)} of {runs}"


def test_a_commit_whose_log_could_not_reach_the_disk_is_not_found_there_later(
    trials: Trials, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trials.find(next(case for case in CASES if case.name == "sync of a phone"))
    calls = [(call.call, call.path.rpartition("/")[2]) for call in read_trace(trial.folder / "trace")]
    for at in [at for at, call in enumerate(calls, start=1) if call == ("sync", "state.db-wal")]:
        done = trial.injector.run(trial.copy(), trial.words, Fault.BROKEN, at)
        assert trial.judge(trial.root, done) == ""
    capsys.readouterr()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
def test_a_power_cut_loses_nothing_that_was_reported(
    case: Case, strict: bool, trials: Trials, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trials.find(case)
    operations = list(read_trace(trial.folder / "trace"))
    shutil.rmtree(trial.root)
    trial.copy()
    wrong, cuts = [], 0
    points = choose(len(operations) - 1)
    for at, said in play_cuts(trial.root, operations, trial.folder / "disk", points, strict=strict):
        cuts += 1
        take_step(trial.root, said, trial.folder / "disk")
        problem = trial.judge(trial.folder / "disk", Run(-9, 0, said, ""))
        if problem:
            last = operations[at - 1] if at else None
            wrong.append(
                f"after {at} of {len(operations)} ({last.call if last else ''}"
                f" {last.path[len(str(trial.root)) :] if last else ''}): {problem}"
            )
    capsys.readouterr()
    assert not wrong, "\n".join(wrong[:30]) + f"\n{len(wrong)} of {cuts}"


@pytest.mark.parametrize("name", ["import", "link", "optimize"])
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
def test_what_was_done_before_a_power_cut_can_be_undone(name: str, strict: bool, trials: Trials) -> None:
    trial = trials.find(next(case for case in CASES if case.name == name))
    operations = list(read_trace(trial.folder / "trace"))
    disk = trial.folder / "disk"
    for _ in play_cuts(trial.copy(), operations, disk, range(0), strict=strict):
        assert run_here(["-C", str(disk), "undo"]) == 0
        found = trial.look(disk)
        assert found
        assert trial.before
        assert found._replace(acts=[], backups=0) == trial.before._replace(acts=[], backups=0)
