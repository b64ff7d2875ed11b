"""Find cards whose wording makes them hard to learn."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from flashcards.check import FileProblem
from flashcards.deck.model import Kind
from flashcards.text import plural

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection

_LONG: Final = 60  # words of an answer
_LIST: Final = 5  # items of an answer
_ANDS: Final = 3  # times that an answer goes on with "and"
_MANY_GAPS: Final = 5
_SAME: Final = 3  # notes with the same answer
_SHORTEST: Final = 4  # characters of an answer that is worth comparing
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
_CLOSED: Final = re.compile(  # the beginning of a clause that can be answered by yes or no
    r"(?:(?:and|but|so|und|aber|et|y)\s+)*(?:true or false|richtig oder falsch|vrai ou faux"
    r"|am|is|are|was|were|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would|need|isn't|aren't"
    r"|doesn't|don't|can't|ist|sind|war|waren|hat|haben|kann|können|darf|muss|soll|wird|gibt|est-ce|est|sont|peut"
    r"|es|son|está|puede|hay|tiene)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\w+")


def find_advice(collection: Collection) -> list[FileProblem]:
    """Return what could be better about the cards, in order of file and line."""
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
    words = len(_WORD.findall(answer))
    items = len(_ITEM.findall(answer))
    if _is_yes_or_no(_CODE.sub(" ", note.fields[0]), answer):
        hint = "Ask what, why or how: a guess is right half of the time."
        yield _advise(entry, "advice-yes-no", "The answer is yes or no.", hint)
    if items >= _LIST:
        hint = "Ask for the parts one by one, or make it a rubric with `- [ ]`."
        yield _advise(entry, "advice-list", f"The answer is a list of {items} items.", hint)
    elif words > _LONG:
        hint = "Split it into several cards, or say the answer in one sentence and explain below."
        yield _advise(entry, "advice-long-answer", f"The answer has {words} words.", hint)
    elif len(_AND.findall(answer)) >= _ANDS:
        hint = "Ask for each of them on a card of its own."
        yield _advise(entry, "advice-and", "The answer joins several things with “and”.", hint)


def _is_yes_or_no(question: str, answer: str) -> bool:
    """Return whether an answer says yes or no to a question that asks for no more than that."""
    answer = answer.strip("*_ \n")
    if not _YES_NO.match(answer):
        return False
    clauses = [clause.strip(" *_\n?¿") for clause in _CLAUSE.split(re.split(r"[.!]\s+", question.strip())[-1])]
    is_german = answer[:2].casefold() in ("ja", "ne")
    if any(_OPEN.match(clause) or (is_german and clause.startswith(("Was ", "was "))) for clause in clauses):
        return False
    return bool(_ONLY.fullmatch(answer)) or any(_CLOSED.match(clause) for clause in clauses)


def _find_same_answers(entries: Sequence[Entry]) -> Iterator[FileProblem]:
    """Advise on answers that several notes of one file share: they are easily confused, or guessed."""
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
