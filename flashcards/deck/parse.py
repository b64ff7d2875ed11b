"""Parse a deck file into notes and problems. No text raises an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from flashcards.deck import attributes, front_matter
from flashcards.deck.attributes import Attributes
from flashcards.deck.cloze import GapError, find_gaps
from flashcards.deck.compose import Composer, NoteError, OpenNote, fold_label
from flashcards.deck.markdown import Heading, find_definitions
from flashcards.deck.model import Deck, Kind, Note, Problem
from flashcards.deck.pitfalls import (
    find_other_format,
    find_reflowed_pairs,
    find_unread_questions,
    may_hold_unread_questions,
)
from flashcards.deck.source import Lines, Span, Spans, normalize
from flashcards.deck.tokens import Token, TokenKind, tokenize

_OPENS = {"Q": Kind.QUESTION, "T": Kind.TERM, "C": Kind.CLOZE}
_TURNS = {"A": Kind.QUESTION, "D": Kind.TERM}
MAX_LEVELS: Final = 100
MAX_NAME_LENGTH: Final = 1000  # characters
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e]")
_SAME_OR_NEXT_LINE = re.compile(r"[ \t]*\n?[ \t]*")


def get_deck_name(path: str) -> str:
    """Return the name of the deck in the file at `path` within the collection: `a/b.md` is `a::b`."""
    levels = re.sub(r"\.md\Z", "", path, flags=re.IGNORECASE).split("/")
    return clean_deck_name("::".join([*levels[: MAX_LEVELS - 1], "/".join(levels[MAX_LEVELS - 1 :])]))


def parse(text: str, path: str) -> Deck:
    """Parse a deck file; its path within the collection names the deck unless the front matter does."""
    text = normalize(text)
    head = front_matter.read_front_matter(text)
    problems = list(head.problems)
    settings = dict(head.values)
    key = "deck" if settings.get("deck") else "name"
    name = _find_name(settings.pop(key, None), path, head.lines.get(key, 1), problems)
    settings.pop("deck", None)
    tags = _read_values(settings, "tags", "tag", attributes.split_tags, head.lines, problems)
    say = _read_values(settings, "say", "say", attributes.split_languages, head.lines, problems)
    # Spaces replace the front matter to preserve offsets and lines.
    body = "".join(" " if character != "\n" else "\n" for character in text[: head.end]) + text[head.end :]
    reader = _DeckReader(body, tags)
    reader.run()
    problems += reader.problems
    problems.sort(key=lambda problem: problem.line)
    lines = {setting: head.lines.get(setting, 1) for setting in settings}
    notes = [note if note.say or not say else note._replace(say=say) for note in reader.notes]
    if "[^" in body:
        from flashcards.deck.markdown_extensions import add_footnotes

        notes = add_footnotes(notes, body)
    return Deck(name, tuple(notes), tuple(problems), settings, lines)


def clean_deck_name(name: str) -> str:
    """Return the name of a deck without control characters, empty levels and unnecessary spaces."""
    parts = (" ".join(_CONTROLS.sub(" ", part).split()) for part in name.split("::"))
    return "::".join(part for part in parts if part) or "deck"


def _find_name(given: object, path: str, line: int, problems: list[Problem]) -> str:
    """Return the name of the deck: the one `given` in the front matter if valid, else by `path`."""
    if not given:
        return get_deck_name(path)
    name = clean_deck_name(str(given))
    levels = name.count("::") + 1
    if levels <= MAX_LEVELS and len(name) <= MAX_NAME_LENGTH:
        return name
    found = f"{levels:,} levels" if levels > MAX_LEVELS else f"{len(name):,} characters"
    limit = f"{MAX_LEVELS} levels" if levels > MAX_LEVELS else f"{MAX_NAME_LENGTH:,} characters"
    message = f"The name of the deck has {found}; the limit is {limit}."
    problems.append(Problem(line, "deck-name", message, "Shorten it; until then the deck is named after its file."))
    return get_deck_name(path)


def _read_values(
    settings: dict[str, Any],
    name: str,
    code: str,
    split: Callable[[object], tuple[tuple[str, ...], tuple[tuple[str, str], ...]]],
    at: Mapping[str, int],
    problems: list[Problem],
) -> tuple[str, ...]:
    """Take a setting out of front matter and split it; `code` names its problems."""
    value = settings.pop(name, None)
    if value is None:
        return ()
    values, found = split(value)
    problems.extend(Problem(at.get(name, 1), code, message, hint) for message, hint in found)
    return values


class _DeckReader:
    """A state machine over the tokens, with at most one open note."""

    def __init__(self, body: str, tags: tuple[str, ...]) -> None:
        self.body = body
        self.notes: list[Note] = []
        self.problems: list[Problem] = []
        self._tokens = tokenize(body)
        self._parts = self._tokens.parts
        self._lines = Lines(body)
        found = find_definitions(body, self._tokens.breaks) if self._parts.links else {}
        definitions = {fold_label(label): body[start:end].strip() for label, (start, end) in found.items()}
        self._composer = Composer(body, self._lines, self._parts, tags, definitions)
        self._headings: list[Heading] = []
        self._breadcrumb: tuple[str, ...] = ()
        self._open: OpenNote | None = None
        self._gap_blocks: dict[Span, bool] = {}

    def run(self) -> None:
        """Read the whole body into `notes` and `problems`."""
        for token in self._tokens.found:
            if token.kind is TokenKind.MARKER:
                self._take_marker(token)
            elif token.kind is TokenKind.PAIR:
                self._take_pair(token)
            elif token.kind is TokenKind.COMMENT:
                self._take_comment(token)
            else:
                self._close_note(token.start)
                if token.heading:
                    above = [heading for heading in self._headings if heading.level < token.heading.level]
                    self._headings = [*above, token.heading]
                    self._breadcrumb = tuple([heading.text for heading in self._headings if heading.text])
        self._close_note(len(self.body))
        if self._tokens.unclosed:
            at, mark = self._tokens.unclosed
            what = "comment" if mark == "-->" else "fence"
            message = f"This {what} is never closed, so the notes below it are not read."
            self._add_problem(at, f"open-{what}", message, f"Write {mark} on its own line where it ends.")
        self._report_unread_questions()
        if "::" in self.body:
            self._report_reflowed_pairs()

    def _list_note_spans(self, notes: Iterable[Note]) -> list[Span]:
        return [(self._lines.find_start(note.line), self._lines.find_start(note.end_line + 1)) for note in notes]

    def _report_reflowed_pairs(self) -> None:
        marked = Spans(self._list_note_spans(note for note in self.notes if note.kind is not Kind.PAIR))
        paragraphs = [each for each in self._parts.paragraphs if each[0] not in marked]
        for at in find_reflowed_pairs(self.body, paragraphs, Spans(self._parts.opaque)):
            message = "A formatter seems to have wrapped or joined lines here, so that pairs are cut or lost."
            hint = "Write each pair as a list item, `- front :: back`, which may be wrapped; ` \\:: ` is text."
            self._add_problem(at, "reflowed", message, hint)

    def _report_unread_questions(self) -> None:
        if not self.notes and (other := find_other_format(self.body, Spans(self._parts.opaque))):
            at, name = other
            message = f"This looks like a note in the format `{name}`, but the file is read as native."
            self._add_problem(at, "other-format", message, f"Write `format: {name}` into its front matter.")
        if not may_hold_unread_questions(self.body):
            return
        notes = Spans(self._list_note_spans(self.notes))
        for at in find_unread_questions(self.body, Spans(self._parts.opaque), notes):
            message = "This looks like a question, but it makes no card."
            hint = "Write `Q:` and `A:` at the start of a line, without other signs in front of them."
            self._add_problem(at, "no-marker", message, hint)

    def _take_marker(self, token: Token) -> None:
        """Open a note, or begin its second side.

        Inside a note, a marker indented more than its own is text. A more indented `A:` still begins the answer, unless
        one with the right indent follows.
        """
        indent = token.end - token.start - 2
        draft = self._open if self._open and self._open.kind is not Kind.PAIR else None
        if token.letter in _OPENS:
            if draft and indent > draft.indent:
                return
            self._close_note(token.start)
            kind = _OPENS[token.letter]
            self._open = OpenNote(kind, token.start, token.end, self._breadcrumb, len(self.body))
            self._open.indent = indent
            return
        kind = _TURNS[token.letter]
        if draft and draft.kind is kind and (draft.back_start < 0 or indent < draft.back_indent):
            draft.front_end, draft.back_start, draft.back_indent = token.start, token.end, indent
            return
        if draft and indent > draft.indent:
            return
        self._close_note(token.start)
        front = "Q" if kind is Kind.QUESTION else "T"
        hint = f"Write the `{front}:` above it, or `\\{token.letter}:` if it is text."
        self._add_problem(token.start, "stray-answer", f"`{token.letter}:` without a `{front}:` before it.", hint)

    def _take_pair(self, token: Token) -> None:
        if self._open and not self._may_give_way(self._open, token):
            return
        # A pair in a list begins after its bullet, but the cloze ends before the list.
        self._close_note(token.block[0] if self._open and self._open.kind is Kind.CLOZE else token.start)
        self._open = draft = OpenNote(Kind.PAIR, token.start, token.start, self._breadcrumb, token.end)
        draft.front_end, draft.back_start = token.separator
        draft.both_ways = draft.back_start - draft.front_end == 3

    def _may_give_way(self, draft: OpenNote, token: Token) -> bool:
        """Return whether the open note ends at a pair.

        In a question or an answer, ` :: ` is text. A cloze ends at a pair in a later block without a gap.
        """
        if draft.kind is Kind.PAIR:
            return token.start >= draft.limit
        return draft.kind is Kind.CLOZE and token.block[0] > draft.front_start and not self._holds_gap(token.block)

    def _holds_gap(self, block: Span) -> bool:
        if block not in self._gap_blocks:
            try:
                self._gap_blocks[block] = bool(find_gaps(self.body[block[0] : block[1]]))
            except GapError:
                self._gap_blocks[block] = True
        return self._gap_blocks[block]

    def _take_comment(self, token: Token) -> None:
        found = attributes.read_attributes(self.body[token.start : token.end])
        if found is None:
            return
        draft = self._open
        if draft and token.start >= draft.limit and _SAME_OR_NEXT_LINE.fullmatch(self.body, draft.limit, token.start):
            draft.limit = token.end
        if draft and token.start < draft.limit:
            for message, hint in found.problems:
                self._add_problem(token.start, "attribute", message, hint)
            draft.attributes.append(found)
            start = token.start
            if draft.cuts and not self.body[draft.cuts[-1][1] : start].strip(" \t"):
                start = draft.cuts.pop()[0]  # adjacent comments are cut as one
            draft.cuts.append((start, token.end))
            if found.reverse and draft.kind is Kind.CLOZE:
                hint = "Remove it, or write the note as `Q:` and `A:`."
                self._add_problem(token.start, "attribute", "`reverse` has no meaning in a cloze.", hint)
        elif found != Attributes(problems=found.problems):
            hint = "Write them inside the note, below its first line."
            self._add_problem(token.start, "stray-attributes", "These attributes belong to no note.", hint)

    def _close_note(self, end: int) -> None:
        if self._open:
            try:
                self.notes.append(self._composer.compose(self._open, end))
            except NoteError as failure:
                self.problems.append(failure.problem)
            self._open = None

    def _add_problem(self, offset: int, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(self._lines.at(offset), code, message, hint))
