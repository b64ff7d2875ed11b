"""`flashcards scan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import common

if TYPE_CHECKING:
    from flashcards.catalog.report import Ambiguity, Change, ScanReport
    from flashcards.collection import Collection


@click.command("scan")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Read the decks and say what changed since the last time.

    Every other command does this by itself; `scan` shows it: notes that were added, edited, moved, removed or came
    back, and by which rule an edited note was recognised.

    \b
    flashcards scan
    flashcards scan --json
    """
    with common.unscanned() as collection:
        report, _ = common.scan(collection)
        if as_json:
            common.print_json(_summary(collection, report))
        else:
            _print(collection, report)


def _summary(collection: Collection, report: ScanReport) -> dict[str, Any]:
    files, notes = collection.catalog.counts()
    return {
        "files": files,
        "notes": notes,
        "cards": _cards(collection),
        "added": [_place(change) for change in report.added],
        "edited": [_edit(change) for change in report.edited],
        "moved": [_place(change) for change in report.moved],
        "removed": [_place(change) for change in report.removed],
        "returned": [_edit(change) for change in report.returned],
        "ambiguous": [_unclear(unclear) for unclear in report.ambiguous],
        "problems": sum(1 for _ in collection.catalog.problems()),
    }


def _cards(collection: Collection) -> int:
    (cards,) = collection.connection.execute("SELECT count(*) FROM cards WHERE active = 1").fetchone()
    return int(cards)


def _place(change: Change) -> dict[str, Any]:
    return {"note": change.key, "file": change.path, "line": change.line}


def _edit(change: Change) -> dict[str, Any]:
    return _place(change) | {
        "rule": change.rule,
        "score": change.score,
        "before": _text(change.before),
        "after": _text(change.after),
    }


def _unclear(unclear: Ambiguity) -> dict[str, Any]:
    candidates = [
        _place(change) | {"score": score, "text": _text(change.before)} for change, score in unclear.candidates
    ]
    return _place(unclear.added) | {"text": _text(unclear.added.after), "candidates": candidates}


def _text(note: Any) -> str:
    return "\n".join(note.fields) if note else ""


def _print(collection: Collection, report: ScanReport) -> None:
    for word in ("added", "edited", "moved", "returned", "removed"):
        changes: list[Change] = getattr(report, word)
        for change in changes[:20]:
            how = (
                f"  ({change.rule}, {change.score:.2f})"
                if word in ("edited", "returned") or change.rule == "copy"
                else ""
            )
            note = change.after or change.before
            line = common.shortened(note.fields[0]) if note else ""
            common.flow(f"{word:9}{common.visible(change.path)}:{change.line}  {line}{how}", 2)
        if len(changes) > 20:
            common.flow(f"{word:9}… and {len(changes) - 20:,} more")
    files, notes = collection.catalog.counts()
    words = [common.plural(files, "file"), common.plural(notes, "note"), common.plural(_cards(collection), "card")]
    common.flow(", ".join(words) + ("." if report else "; nothing changed."))
    problems = sum(1 for _ in collection.catalog.problems())
    if problems:
        common.flow(f"{common.plural(problems, 'problem')}: `flashcards check` lists them.", err=True)
