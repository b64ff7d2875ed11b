"""Find all problems of a collection, and cards whose wording makes them hard to learn."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flashcards.deck.media_references import find_references
from flashcards.deck.model import Kind, Note
from flashcards.deck.pitfalls import find_dead_links, find_joined_note, find_lost_cells, find_math_problems, find_pair
from flashcards.deck.wiki_links import drop_targets, list_targets, read_targets
from flashcards.disk.atomic import read_text
from flashcards.disk.media_files import FileFinder, MediaError, find_media_file
from flashcards.nested import find_splits
from flashcards.render.formulas import MACROS_FILE, find_endless_macros, parse_macros
from flashcards.review.keys import DEFAULTS, KeyMap
from flashcards.settings import (
    FILE_NAME,
    SettingInvalid,
    find_front_matter_problems,
    find_key_line,
    find_own_properties,
    find_unknown_decks,
)
from flashcards.text import list_some, plural, suggest

if TYPE_CHECKING:
    from pathlib import Path

    from flashcards.catalog.files import Unreadable
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection


_STUDIED_TWICE: Final = "Both were studied; reword one, so that they ask for different things."


class FileProblem(NamedTuple):
    """A problem and its place; `file` is the path within the collection."""

    file: str
    line: int
    code: str
    message: str
    hint: str


def find_problems(collection: Collection, unreadable: Iterable[Unreadable] = ()) -> list[FileProblem]:
    """Find every problem as of the last scan, and each unreadable place, in order of file and line."""
    found = [
        FileProblem(each.path or ".", 1, "unreadable", f"It cannot be read: {each.reason}.", "Fix it or remove it.")
        for each in unreadable
    ]
    found += [
        FileProblem(path, problem.line, problem.code, problem.message, problem.hint)
        for path, problem in collection.catalog.problems()
    ]
    found += [
        FileProblem(split.folder or ".", 1, "nested-collection", split.message, split.hint)
        for split in find_splits(collection)
    ]
    found += _check_front_matter(collection)
    found += _check_deck_tables(collection)
    found += _check_keys(collection)
    found += _check_macros(collection.root)
    found += _find_vaults(collection)
    entries = list(collection.catalog.entries())
    rows = collection.connection.execute("SELECT note, sum(reps) FROM cards WHERE reps > 0 GROUP BY note")
    reviews: dict[int, int] = dict(rows)
    found += _find_same_notes(entries, reviews)
    found += _find_same_questions(entries, reviews)
    for places in collection.catalog.find_shared_pins():
        found += _check_shared_pin(places)
    finder = FileFinder(collection.root)
    embedded: dict[str, list[str]] = {}
    foreign = {path for path, dialect in collection.catalog.dialects().items() if dialect != "native"}
    for entry in entries:
        told = [*_check_text(entry.note, is_native=entry.path not in foreign), *_check_embeds(entry.note)]
        found += [FileProblem(entry.path, entry.note.line, *problem) for problem in told]
        found += _check_media(collection, entry, finder, embedded)
    return sorted(found)


def _check_front_matter(collection: Collection) -> Iterator[FileProblem]:
    rows = collection.connection.execute(
        "SELECT path, settings FROM files WHERE present = 1 AND settings != '{}' ORDER BY path"
    )
    counting: dict[tuple[str, str], tuple[str, Any]] = {}  # deck and setting -> the place that counts, its value
    for path, text in rows:
        data = json.loads(text)
        for name, value in data["values"].items():
            line = data["lines"].get(name, 1)
            place, first = counting.setdefault((data["deck"], name), (f"{path}:{line}", value))
            if value != first:
                message = f"{place} sets a different `{name}` for deck `{data['deck']}`; that one is used."
                yield FileProblem(path, line, "setting", message, "Keep one of them.")
        for name, message, hint in find_front_matter_problems(data["values"]):
            yield FileProblem(path, data["lines"].get(name, 1), "setting", message, hint)


def find_ignored_properties(collection: Collection) -> Iterator[tuple[str, str]]:
    """Yield the file and the name of each property that is neither a setting nor known from another program."""
    rows = collection.connection.execute("SELECT path, settings FROM files WHERE present = 1 AND settings != '{}'")
    for path, text in rows:
        for name in find_own_properties(json.loads(text)["values"]):
            yield path, name


def _check_deck_tables(collection: Collection) -> Iterator[FileProblem]:
    decks = collection.catalog.decks()
    for line, name in find_unknown_decks(collection.root, collection.settings, decks):
        hint = suggest(name, decks, "Remove its table, or correct the name.")
        yield FileProblem(FILE_NAME, line, "setting", f"There is no deck `{name}`.", hint)


def _check_keys(collection: Collection) -> Iterator[FileProblem]:
    try:
        KeyMap(collection.settings.keys)
    except SettingInvalid as error:
        message = str(error).partition(": ")[2]
        unknown = next((name for name in collection.settings.keys if name not in DEFAULTS), "")
        line = find_key_line(collection.root, unknown)
        yield FileProblem(FILE_NAME, line, "setting", message, "Fix it; until then no review can start.")


def _find_vaults(collection: Collection) -> Iterator[FileProblem]:
    """Report the vaults whose plugin settings cannot be read."""
    chooser = collection.chooser()
    settings = {chooser.choose(path).find_settings(name) for path, name in collection.catalog.dialects().items()}
    for path, error, is_read in sorted({(each.path, each.error, each.values is not None) for each in settings}):
        if not error:
            continue
        rest = "the notes that it finds are not read" if is_read else "the plugin's defaults apply"
        hint = f"Correct it; until then {rest}."
        yield FileProblem(path, 1, "dialect", f"These settings of a plugin cannot be used: {error}.", hint)
    for vault in chooser.vaults():
        if vault.error:
            message = f"The settings of Obsidian's spaced repetition plugin cannot be read: {vault.error}."
            hint = "Fix the file or remove it; until then the plugin's defaults apply."
            yield FileProblem(vault.data, 1, "dialect", message, hint)


def _check_macros(root: Path) -> Iterator[FileProblem]:
    """Find invalid lines of `macros.tex`, and unusable macros."""
    try:
        text = read_text(root / MACROS_FILE)
    except FileNotFoundError:
        return
    except OSError as error:
        message = f"It cannot be read: {error.strerror}."
        yield FileProblem(MACROS_FILE, 1, "unreadable", message, "Fix it or remove it.")
        return
    macros = parse_macros(text)
    for problem in (*macros.problems, *find_endless_macros(macros)):
        yield FileProblem(MACROS_FILE, problem.line, "macro", problem.message, problem.hint)


def _find_same_notes(entries: Sequence[Entry], reviews: Mapping[int, int]) -> Iterator[FileProblem]:
    """Find notes with the same text; if one was studied, state which one to keep."""
    for same in _group_entries(entries, lambda entry: entry.fingerprint):
        studied = any(entry.id in reviews for entry in same)
        ranked = sorted(same, key=lambda entry: -reviews.get(entry.id, 0))
        several = sum(entry.id in reviews for entry in same) > 1
        for entry in same:
            named = (_name_place(each, reviews, studied) for each in ranked if each.id != entry.id)
            others = list_some(named, len(same) - 1)
            mine = f"; this one has {_describe_reviews(entry, reviews)}" if studied else ""
            hint = "Remove one of them."
            if studied:
                hint = _STUDIED_TWICE if several else "Keep it." if entry.id in reviews else "Remove this one."
            message = f"The same note is at {others}{mine}."
            yield FileProblem(entry.path, entry.note.line, "same-note", message, hint)


def _find_same_questions(entries: Sequence[Entry], reviews: Mapping[int, int]) -> Iterator[FileProblem]:
    """Find new notes with the question of a studied note in another file, below the same heading."""
    for same in _group_entries(entries, _normalize_question):
        studied = [entry for entry in same if entry.id in reviews]
        for entry in same:
            elsewhere = [each for each in studied if each.path != entry.path and each.fingerprint != entry.fingerprint]
            if elsewhere and entry.id not in reviews:
                places = list_some((_name_place(each, reviews, True) for each in elsewhere), len(elsewhere))
                message = f"The same question, with another answer, is at {places}; this one has no review."
                hint = "Remove one of them, or reword its question."
                yield FileProblem(entry.path, entry.note.line, "same-question", message, hint)


def _normalize_question(entry: Entry) -> Hashable:
    front = unicodedata.normalize("NFC", " ".join(entry.note.fields[0].split())).casefold()
    return entry.note.breadcrumb[-1:], front


def _group_entries(entries: Iterable[Entry], of: Callable[[Entry], Hashable]) -> Iterator[list[Entry]]:
    """Group the entries with the same `of`, if there are several, in order of file and line."""
    groups: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[of(entry)].append(entry)
    for same in groups.values():
        if len(same) > 1:
            yield sorted(same, key=lambda entry: (entry.path, entry.note.line))


def _name_place(entry: Entry, reviews: Mapping[int, int], counted: bool) -> str:
    return f"{entry.place} ({_describe_reviews(entry, reviews)})" if counted else entry.place


def _describe_reviews(entry: Entry, reviews: Mapping[int, int]) -> str:
    return plural(reviews[entry.id], "review") if entry.id in reviews else "no review"


def _check_shared_pin(places: list[tuple[str, int]]) -> Iterator[FileProblem]:
    """Report each place of a duplicate pinned id."""
    for path, line in places:
        others = list_some((f"{other}:{at}" for other, at in places if (other, at) != (path, line)), len(places) - 1)
        hint = "Give one of them another id, or remove its id."
        yield FileProblem(path, line, "same-id", f"The same id is at {others}.", hint)


def _check_text(note: Note, *, is_native: bool) -> Iterator[tuple[str, str, str]]:
    """Find the problems of a note's text: code, message and hint."""
    for message, hint in find_math_problems(note):
        yield "unbalanced-math", message, hint
    if is_native and note.kind in (Kind.QUESTION, Kind.TERM) and (pair := find_pair(note.fields[1])):
        message = f"`{shorten(pair, 40, placeholder='…')}` is part of the answer, not a separate note."
        yield "pair-in-answer", message, "Write `---` on a line before it, or `\\::` if it is text."
    if is_native and (marker := find_joined_note(note)):
        message = (
            f"`{marker}:` in the middle of a line does not begin a note; a formatter seems to have joined the lines."
        )
        hint = f"Write each marker at the start of a line, below a blank line, or `\\{marker}:` if it is text."
        yield "joined", message, hint
    for text in note.fields:
        if lost := find_lost_cells(text):
            row = shorten(text.split("\n")[lost.line].strip(), 40, placeholder="…")
            columns = plural(lost.columns, "column")
            message = f"The table row {row} has {lost.cells} cells, but its header has {columns}."
            hint = "The last ones are not shown; write `\\|` for a `|` that is text, or add columns to the header."
            yield "table", message, hint
        for url in find_dead_links(text, note.definitions):
            message = f"The link to `{url}` has no target in Anki, which only opens links of known programs."
            yield "link", message, "Also write the address as text."


def _check_embeds(note: Note) -> Iterator[tuple[str, str, str]]:
    """Find missing embedded notes and files: code, message and hint."""
    targets = read_targets(note.definitions)
    for embeds, target in list_targets("\n".join(note.fields)) if targets else ():
        if embeds and targets.get(f"!{target}", "") is None:
            message = f"The embedded note or file `{target}` is not in the collection, or lacks that part."
            yield "note-missing", message, "Add the note, or fix the link."


def _check_media(
    collection: Collection, entry: Entry, finder: FileFinder, embedded: dict[str, list[str]]
) -> Iterable[FileProblem]:
    """Check the media files of a note; `embedded` holds those of texts that several notes embed."""
    note = entry.note
    definitions = drop_targets(note.definitions)
    urls = _list_media(note._replace(definitions=definitions))
    for target, text in read_targets(note.definitions).items() if definitions != note.definitions else ():
        if text and target.startswith("!"):
            if text not in embedded:
                embedded[text] = _list_media(note._replace(fields=(text,), definitions=definitions))
            urls += embedded[text]
    for url in urls:
        try:
            find_media_file(collection.root, entry.path, url, finder)
        except MediaError as error:
            yield FileProblem(entry.path, note.line, error.code, error.message, error.hint)


def _list_media(note: Note) -> list[str]:
    return [reference.url for reference in find_references(note)]


_LONG: Final = 60  # words of an answer
_LONG_WITHOUT_SPACES: Final = 100  # characters of an answer in Chinese or Japanese
_LIST: Final = 5  # items of an answer
_ANDS: Final = 3  # number of times that an answer continues with "and"
_MANY_GAPS: Final = 5
_SAME: Final = 3  # notes with the same answer
_SHORTEST: Final = 4  # minimum characters of an answer to compare
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
_ITEM: Final = re.compile(r"^(?:[-*+]|\d{1,3}[.)])[ \t]", re.MULTILINE)
_AND: Final = re.compile(r"\b(?:and|und|et|y)\b", re.IGNORECASE)
_YES_NO: Final = re.compile(r"(?:yes|no|true|false|ja|nein|oui|non|si|sí)\b", re.IGNORECASE)
_ONLY: Final = re.compile(rf"(?:{_YES_NO.pattern})\W*", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[,;:()–—]|\s-\s")
_OPEN: Final = re.compile(  # the beginning of a clause that asks for more than yes or no
    r"(?:(?:and|but|or|und|aber|et|y|in|on|at|to|for|from|with|of|by|under|mit|bei|für|von|zu|à|de|pour|con|por|para)\s+)*"
    r"(?:what|which|who|whom|whose|why|how|when|where|welch\w*|wer|wen|wem|warum|wieso|wie|wann|wo|woher|wohin"
    r"|quel\w*|pourquoi|comment|combien|quand|où|quoi|qué|quién|cuál|cómo|cuándo|dónde|cuánt\w*)\b",
    re.IGNORECASE,
)
_CLOSED: Final = re.compile(  # the beginning of a clause that yes or no can answer
    r"(?:(?:and|but|so|und|aber|et|y)\s+)*(?:true or false|richtig oder falsch|vrai ou faux"
    r"|am|is|are|was|were|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would|need|isn't|aren't"
    r"|doesn't|don't|can't|ist|sind|war|waren|hat|haben|kann|können|darf|muss|soll|wird|gibt|est-ce|est|sont|peut"
    r"|es|son|está|puede|hay|tiene)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\w+")
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")  # of languages that do not space words
_YES_NO_UNSPACED: Final = re.compile(
    r"(?:是的?|不是|否|对的?|不对|對的?|不對|不?能|不?会|不?會|不?可以|有|没有|沒有|はい|いいえ)(?!\w)"
)
_OPEN_UNSPACED: Final = re.compile(
    r"什么|什麼|谁|誰|哪|怎么|怎麼|怎样|怎樣|如何|多少|几|幾|何|どう|なぜ|いつ|どこ|だれ|どの|どれ"
)
_CLOSED_UNSPACED: Final = re.compile(
    r"吗|嗎|是否|能否|可否|会否|會否|是不是|能不能|会不会|會不會|有没有|有沒有|对不对|對不對|か\W?\Z"
)


def find_advice(collection: Collection) -> list[FileProblem]:
    """Return suggestions for improving cards, in order of file and line."""
    entries = list(collection.catalog.entries())
    found = [advice for entry in entries for advice in _judge_note(entry)]
    found += _find_same_answers(entries)
    found += _find_leeches(collection, entries)
    return sorted(found)


def _judge_note(entry: Entry) -> Iterator[FileProblem]:
    note = entry.note
    if note.kind is Kind.CLOZE:
        if len(note.slots) > _MANY_GAPS:
            message = f"This cloze makes {len(note.slots)} cards."
            yield _advise(entry, "advice-many-gaps", message, "Split it, or hide only what is worth recalling.")
        return
    if note.points:
        return
    answer = _CODE.sub(" ", note.fields[1])
    characters = len(_UNSPACED.findall(answer))
    words = len(_WORD.findall(_UNSPACED.sub(" ", answer)))
    items = len(_ITEM.findall(answer))
    if _is_yes_or_no(_CODE.sub(" ", note.fields[0]), answer):
        hint = "Ask what, why or how: a guess is right half of the time."
        yield _advise(entry, "advice-yes-no", "The answer is yes or no.", hint)
    if items >= _LIST:
        hint = "Ask for the parts one by one, or make it a rubric with `- [ ]`."
        yield _advise(entry, "advice-list", f"The answer is a list of {items} items.", hint)
    elif words / _LONG + characters / _LONG_WITHOUT_SPACES > 1:
        hint = "Split it into several cards, or say the answer in one sentence and explain below."
        size = f"{characters} characters" if characters > words else f"{words} words"
        yield _advise(entry, "advice-long-answer", f"The answer has {size}.", hint)
    elif len(_AND.findall(answer)) >= _ANDS:
        hint = "Ask for each of them on a card of its own."
        yield _advise(entry, "advice-and", "The answer joins several things with “and”.", hint)


def _is_yes_or_no(question: str, answer: str) -> bool:
    """Return whether the answer is yes or no, and the question asks only for that."""
    answer = answer.strip("*_ \n")
    if found := _YES_NO_UNSPACED.match(answer):
        is_alone = not _WORD.search(answer, found.end()) and _UNSPACED.search(question) is not None
        return not _OPEN_UNSPACED.search(question) and (is_alone or bool(_CLOSED_UNSPACED.search(question)))
    if not _YES_NO.match(answer):
        return False
    clauses = [clause.strip(" *_\n?¿") for clause in _CLAUSE.split(re.split(r"[.!]\s+", question.strip())[-1])]
    is_german = answer[:2].casefold() in ("ja", "ne")
    if any(_OPEN.match(clause) or (is_german and clause.startswith(("Was ", "was "))) for clause in clauses):
        return False
    return bool(_ONLY.fullmatch(answer)) or any(_CLOSED.match(clause) for clause in clauses)


def _find_same_answers(entries: Sequence[Entry]) -> Iterator[FileProblem]:
    """Advise on answers shared by several notes of one file, which are easily confused or guessed."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.note.kind is not Kind.CLOZE:
            answer = " ".join(entry.note.fields[1].split()).casefold().rstrip(".")
            if len(answer) >= _SHORTEST:
                groups[entry.path, answer].append(entry)
    for same in groups.values():
        if len(same) < _SAME:
            continue
        for entry in same:
            message = f"{plural(len(same), 'note')} of this file have the same answer."
            yield _advise(entry, "advice-same-answer", message, "Ask for what tells them apart.")


def _find_leeches(collection: Collection, entries: Iterable[Entry]) -> Iterator[FileProblem]:
    rows = collection.connection.execute(
        "SELECT note, max(lapses) FROM cards WHERE leech = 1 AND active = 1 GROUP BY note"
    )
    lapses = dict(rows.fetchall())
    for entry in entries:
        if entry.id in lapses:
            message = f"This note was forgotten {plural(lapses[entry.id], 'time')}."
            yield _advise(entry, "advice-leech", message, "Reword it, split it, or add a hint or an example.")


def _advise(entry: Entry, code: str, message: str, hint: str) -> FileProblem:
    return FileProblem(entry.path, entry.note.line, code, message, hint)
