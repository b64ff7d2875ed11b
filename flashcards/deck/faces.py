"""The two sides of a card."""

from __future__ import annotations

from flashcards.deck.cloze import choose_marks, replace_gaps
from flashcards.deck.model import REVERSE, Face, Gap, Kind, Note


def face(note: Note, slot: str) -> Face:
    """The front and back of the card `slot` of `note`, as Markdown.

    A cloze asks for the gaps of its number, shown as `[…]` or `[hint]`, and shows the others as plain text.

    Raises:
        KeyError: the note has no such card.
    """
    if slot not in note.slots:
        raise KeyError(slot)
    if note.kind is not Kind.CLOZE:
        front, back = note.fields
        return Face(back, front) if slot == REVERSE else Face(front, back)
    text = note.fields[0]
    number = int(slot[1:])
    opening, closing = choose_marks(text)

    def ask(gap: Gap, inner: str) -> str:
        return f"{opening}[{gap.hint or '…'}]{closing}" if number in gap.numbers else inner

    def reveal(gap: Gap, inner: str) -> str:
        return f"{opening}{inner}{closing}" if number in gap.numbers else inner

    return Face(replace_gaps(text, note.gaps, ask), replace_gaps(text, note.gaps, reveal), (opening, closing))


def hidden_text(note: Note, slot: str) -> str:
    """What the gaps of a cloze card hide, or the back of any other card: what a typed answer is compared with."""
    if note.kind is not Kind.CLOZE:
        return face(note, slot).back
    number = int(slot[1:])
    inner_texts: dict[Gap, str] = {}

    def remember(gap: Gap, inner: str) -> str:
        inner_texts[gap] = inner
        return inner

    replace_gaps(note.fields[0], note.gaps, remember)
    texts = []
    until = 0
    for gap in note.gaps:
        if number in gap.numbers and gap.start >= until:
            texts.append(inner_texts[gap])
            until = gap.end
    return ", ".join(dict.fromkeys(texts))
