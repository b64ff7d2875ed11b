"""Edit a note in the browser, and save it unless its file has changed meanwhile."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

from flashcards.collection import now_ms
from flashcards.deck.source import split_lines
from flashcards.disk.atomic import FileChanged, replace_unchanged
from flashcards.disk.paths import find_place
from flashcards.errors import FlashcardsError, describe_os_error
from flashcards.review.programs import EditorMissing, find_editor_command, find_new_problems, open_editor
from flashcards.web.cards_page import find_entry, find_number, read_number

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.web.shared_state import Site, Visit

_WINDOWS: Final = frozenset(
    {"code", "code-insiders", "codium", "subl", "zed", "kate", "gedit", "gvim", "mate", "cursor"}
)
_EMPTY: Final = "The text is empty. To remove a note, delete it in its file."


@dataclass(frozen=True, slots=True)
class NoteText:
    """The lines of a note as they are in its file."""

    path: str  # the file, within the collection
    # line, end_line: its first and last line, from 1
    line: int
    end_line: int
    text: str  # the lines, with `\n` between them
    digest: str  # of the whole file


@dataclass(frozen=True, slots=True)
class LastEdit:
    """The last save, kept so that it can be undone."""

    path: str
    before: bytes
    after: bytes


def read_note_text(root: Path, entry: Entry) -> NoteText:
    """Read the lines of a note."""
    data = find_place(root, entry.path).read_bytes()
    first, last = entry.note.line, entry.note.end_line
    text = "".join(_split_lines(data, entry.path)[first - 1 : last])
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").removeprefix("\ufeff")
    return NoteText(entry.path, first, last, text, sha256(data).hexdigest())


def write_note_text(root: Path, old: NoteText, text: str) -> LastEdit | None:
    """Replace the lines of a note; nothing if the text is the same. Raise `FileChanged` if the file changed."""
    path = find_place(root, old.path)
    before = path.read_bytes()
    if sha256(before).hexdigest() != old.digest:
        raise FileChanged(path)
    lines = _split_lines(before, old.path)
    if not 1 <= old.line <= old.end_line <= len(lines):
        raise FileChanged(path)
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    fresh = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if fresh == old.text:
        return None
    head, tail = lines[: old.line - 1], lines[old.end_line :]
    mark = "\ufeff" if not head and lines and lines[0].startswith("\ufeff") else ""
    has_end = bool(tail) or lines[old.end_line - 1].endswith(("\n", "\r"))
    middle = mark + fresh.replace("\n", ending) + (ending if has_end else "")
    after = ("".join(head) + middle + "".join(tail)).encode()
    replace_unchanged(path, before, after)
    return LastEdit(old.path, before, after)


def show_editor(site: Site, visit: Visit) -> Response:
    """Show the text of a note in a text box."""
    site.collection.scan()
    entry = find_entry(site, visit)
    return _show(site, visit, read_note_text(site.root, entry))


def save(site: Site, visit: Visit) -> Response:
    """Save the text. List the new problems of the file and offer to undo the edit."""
    entry = find_entry(site, visit)
    numbers = [read_number(visit.field(name), 0, 1_000_000_000) or 0 for name in ("line", "end")]
    text = visit.field("text")
    old = NoteText(entry.path, numbers[0], numbers[1], visit.field("old").replace("\r\n", "\n"), visit.field("digest"))
    if not text.strip():
        return _show(site, visit, old, problem=_EMPTY)
    known = list(site.collection.catalog.problems())
    try:
        edit = write_note_text(site.root, old, text)
    except OSError as error:
        return _show(site, visit, old, text=text, problem=f"{entry.path} cannot be written: {describe_os_error(error)}")
    except FileChanged:
        problem = "The file changed since this page was opened, so nothing was saved. Your text is below. Copy it, open"
        return _show(site, visit, old, text=text, problem=f"{problem} the note again and paste the text.", is_late=True)
    if edit is None:
        return RedirectResponse(_find_previous_page(visit), 303)
    site.last_edit = edit
    site.collection.scan()
    site.refresh(now_ms())
    fresh = find_new_problems(site.collection, entry.path, known)
    if not fresh:
        return RedirectResponse(_find_previous_page(visit), 303)
    problems = [f"{entry.path}:{each.line}: {each.message} {each.hint}" for each in fresh]
    return site.show(visit, "edited.html", problems=problems, back=_find_previous_page(visit), path=entry.path)


def undo_edit(site: Site, visit: Visit) -> Response:
    """Restore the file as it was before the last edit, unless it has changed since."""
    edit = site.last_edit
    if edit is not None:
        replace_unchanged(find_place(site.root, edit.path), edit.after, edit.before)
        site.last_edit = None
        site.collection.scan()
        site.refresh(now_ms())
    return RedirectResponse(_find_previous_page(visit), 303)


def open_in_editor(site: Site, visit: Visit) -> Response:
    """Open the file in an editor on this computer. The page follows when the file is saved."""
    entry = find_entry(site, visit)
    if visit.is_local and has_editor():
        path = find_place(site.root, entry.path)
        threading.Thread(target=_open_quietly, args=(path, entry.note.line), daemon=True).start()
    return RedirectResponse(_find_previous_page(visit), 303)


def has_editor() -> bool:
    """Return whether an editor can be opened: a graphical one, or any if the program runs in a terminal."""
    try:
        name = Path(find_editor_command()[0]).name
    except EditorMissing:
        return False
    return name in _WINDOWS or bool(sys.stdin and sys.stdin.isatty())


def _open_quietly(path: Path, line: int) -> None:
    with suppress(FlashcardsError):  # the terminal shows that no editor opened
        open_editor(path, line)


def _show(
    site: Site, visit: Visit, old: NoteText, *, text: str | None = None, problem: str = "", is_late: bool = False
) -> Response:
    return site.show(
        visit,
        "edit.html",
        409 if problem else 200,
        old=old,
        text=old.text if text is None else text,
        card=find_number(visit),
        problem=problem,
        is_late=is_late,
        back=_find_previous_page(visit),
        has_editor=visit.is_local and has_editor(),
    )


def _find_previous_page(visit: Visit) -> str:
    """Return the previous page: that of the card, or the review."""
    return f"/card/{find_number(visit)}" if "card" in (visit.field("from"), visit.query.get("from")) else "/review"


def _split_lines(data: bytes, path: str) -> list[str]:
    try:
        return split_lines(data.decode())
    except UnicodeDecodeError as error:
        raise FlashcardsError(
            f"{path} is not UTF-8. Edit it with a program that knows its encoding, and save it as UTF-8."
        ) from error


PAGES: Final = (
    ("/edit/{card:int}", show_editor, ["GET"]),
    ("/edit/{card:int}", save, ["POST"]),
    ("/edit/{card:int}/open", open_in_editor, ["POST"]),
    ("/edit/{card:int}/back", undo_edit, ["POST"]),
)
