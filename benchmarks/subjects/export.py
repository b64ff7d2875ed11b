"""Writing packages for Anki from decks that were never scanned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import peers
from benchmarks.bench import OURS, Bench, flashcards, program
from benchmarks.make_decks import Form
from benchmarks.measure import run
from benchmarks.packages import notes_in
from benchmarks.rows import Row, Target, megabytes_at_most, seconds_at_most, times_ours_at_least

TITLE = "Export, cold: decks without any state, to one package"

_STEEPEST = 1.1  # how much more a note may cost at ten times the size, and growth still counts as linear


def measure(bench: Bench) -> Iterator[Row]:
    """Our export at three sizes, and the peers at the middle one: in files of a hundred notes, and in one file."""
    small = _ours(bench, 1_000, 10)
    yield small
    ours = _ours(bench, 10_000, 100)
    yield ours.with_targets(seconds_at_most(ours, 0.40))
    yield _genanki(bench, 10_000).compared_with(ours)
    yield _markdown_anki_decks(bench, 10_000, 100).compared_with(ours)
    # What markdown-anki-decks needs grows faster than its files do: the aim is for one deck, in one file.
    one_file = _ours(bench, 10_000, 1)
    yield one_file.with_targets(seconds_at_most(one_file, 0.42))
    theirs = _markdown_anki_decks(bench, 10_000, 1).compared_with(one_file)
    yield theirs.with_targets(times_ours_at_least(theirs, 20))
    mixed = _ours(bench, 10_000, 100, Form.MIXED)
    yield mixed.with_targets(seconds_at_most(mixed, 0.6))
    if not bench.quick:
        large = _ours(bench, 100_000, 1_000)
        yield large.with_targets(
            seconds_at_most(large, 3.6), megabytes_at_most(large, 300), _growth(small, ours, large)
        )


def _ours(bench: Bench, notes: int, files: int, form: Form = Form.NATIVE) -> Row:
    decks = bench.decks(notes, files, form)
    package = bench.folder / "ours.apkg"
    command = flashcards(bench.folder / "copy", "export", "-o", package)
    time = bench.time if notes <= 10_000 else bench.time_few
    row = time(_what(notes, files, form), OURS, command, lambda: bench.copy_of(decks))
    return _checked(row, notes, lambda: [package])


def _genanki(bench: Bench, notes: int) -> Row:
    what = f"{notes:,} notes, their HTML given"
    if not peers.genanki():
        return Row(what, "genanki", None, peers.missing("genanki"))
    given, package = bench.folder / "notes.json", bench.folder / "genanki.apkg"
    run(program("render_notes", bench.decks(notes, 100), given), bench.folder)
    row = bench.time(what, "genanki", program("genanki_package", given, package))
    return _checked(row, notes, lambda: [package])


def _markdown_anki_decks(bench: Bench, notes: int, files: int) -> Row:
    name, what = "markdown-anki-decks", _what(notes, files, Form.HEADINGS)
    command = peers.markdown_anki_decks()
    if command is None:
        return Row(what, name, None, peers.missing(name))
    packages = bench.folder / f"headings-{files}"
    packages.mkdir()
    row = bench.time_few(what, name, [command, bench.decks(notes, files, Form.HEADINGS), packages])
    return _checked(row, notes, lambda: packages.glob("*.apkg"))


def _what(notes: int, files: int, form: Form) -> str:
    return f"{notes:,} notes, {form}, in {files:,} {'file' if files == 1 else 'files'}"


def _checked(row: Row, notes: int, packages: Callable[[], Iterable[Path]]) -> Row:
    """Return the row, or a failed one if the packages lack some of the notes."""
    if not row.measured:
        return row
    written = notes_in(packages())
    return row if written == notes else replace(row, measured=None, note=f"failed: wrote {written:,} notes")


def _growth(small: Row, middle: Row, large: Row) -> Target | None:
    """Whether a further note costs the same at every size; what starting costs is left out of it."""
    if not small.measured or not middle.measured or not large.measured:
        return None
    first = (middle.measured.median - small.measured.median) / 9_000
    then = (large.measured.median - middle.measured.median) / 90_000
    text = f"a further note costs at most {_STEEPEST} times as much as up to 10,000"
    return Target(text, f"{then / first:.2f} times", then <= first * _STEEPEST)
