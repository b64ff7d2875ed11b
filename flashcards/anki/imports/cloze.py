"""Convert a cloze note of a package: its text with the gaps, and the text of only its back as another gap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import reduce
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.anki.imports.card_sides import drop_answer_lines, drop_empty, strip_edges
from flashcards.anki.imports.templates import UNSEEN, is_shown
from flashcards.anki.to_markdown.convert import EMPTY_GAP, NOTHING, Converter
from flashcards.deck.cloze import MAX_NUMBER, GapError, find_gaps, replace_gaps
from flashcards.deck.model import Gap, Kind, Note

if TYPE_CHECKING:
    from flashcards.anki.imports.incoming_notes import IncomingNote

_GAP: Final = re.compile(r"\{\{c([0-9]{1,9}(?:,[0-9]{1,9})*)::")
_GAP_IN_MARKDOWN: Final = re.compile(rf"(?<!\\)(?:\\\\)*{_GAP.pattern}")
_GAP_IN_GAP: Final = re.compile(r"\{\{c[0-9,]+::\{\{c")
_SIGN: Final = re.compile(r"\{\{c([0-9]{1,9}(?:,[0-9]{1,9})*)::|\}\}")
_DEEPEST: Final = 50  # nested gaps; Anki reads at most 8 levels
_JOINT: Final = "\ue005"
_LATER: Final = re.compile(r'(<(?:span|div) class="more[^"]*">(?:\{\{c[0-9,]+::)+)')
_KEPT: Final = {"{{": "\ue002", "}}": "\ue003", "::": "\ue004"}  # replacements for the signs of gaps that stay


def make_cloze(
    draft: IncomingNote, converter: Converter, text: str, extra: str, ords: Sequence[int], *, typed: bool
) -> IncomingNote:
    """Make a cloze note from a draft, the HTML of the question with its gaps, and the HTML of only the back.

    If the latter becomes an ending of the text, the draft keeps both sides apart. Anki keeps cards whose gap is no
    longer in the text until empty cards are removed; such a card asks a gap at the end.
    """
    problems = list(draft.problems)
    markdown, more = converter.convert(UNSEEN.sub("", text), cloze=True)
    problems += more
    numbers = find_gap_numbers(markdown)
    cards = _number_gaps(ords)
    if len(cards) < len(ords):
        problems.append(f"only the first of its cards with gaps beyond {MAX_NUMBER} is kept")
    without = sorted(cards.keys() - numbers)
    if without:
        problems.append("a card has no gap in its text and now asks one at the end")
    ending = ""
    if is_shown(extra) and (numbers or without):
        added, more = converter.convert(_make_gap(extra, sorted({*numbers, *without})), cloze=True)
        if EMPTY_GAP not in more:
            problems += more
            ending = _tighten_gap(added)
    raw = draft.raw if markdown and ending else ("\x1f".join(draft.raw),)
    if without and not ending:
        ending = f"{_open_gap(without)}{NOTHING}}}}}"
    return draft._replace(
        kind=Kind.CLOZE,
        fields=("\n\n".join(each for each in (markdown, ending) if each),),
        cards=list_gaps(ords),
        typed=typed,
        problems=tuple(dict.fromkeys(problems)),
        raw=raw,
    )


def list_gaps(ords: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """Return the cards of a cloze note: the ord of each in Anki, and its slot."""
    return tuple((each, f"c{number}") for number, each in sorted(_number_gaps(ords).items()))


def _number_gaps(ords: Sequence[int]) -> dict[int, int]:
    return {min(each + 1, MAX_NUMBER): each for each in reversed(ords)}


def find_gap_numbers(markdown: str) -> set[int]:
    """Find the numbers of the gaps in Markdown, where a backslash before a gap makes it text."""
    return _read_numbers(_GAP_IN_MARKDOWN.findall(markdown))


def find_field_gaps(html: str) -> set[int]:
    """Find the numbers of the gaps in a field of Anki, where a backslash does not make a gap text."""
    return _read_numbers(_GAP.findall(html))


def _read_numbers(gaps: Iterable[str]) -> set[int]:
    return {int(each) for gap in gaps for each in gap.split(",")}


def filter_ords(ords: Sequence[int], text: str) -> list[int]:
    """Return the ords of the cards whose gaps are in a text, or all if the text has no such gap."""
    numbers = find_field_gaps(text)
    return [each for each in ords if each + 1 in numbers] or list(ords)


class CardGroup(NamedTuple):
    """The cards of a cloze note that become one note: its known part, the ords, and the names of the fields shown."""

    part: int | None
    ords: list[int]
    names: Set[str]


def group_cards(
    ords: Sequence[int], fields: Mapping[str, str], homes: Mapping[int, int], parts: Mapping[int, int]
) -> Iterator[CardGroup]:
    """Group the cards of a cloze note by the fields that they show; a field without the card's gap is empty.

    `fields` are those that the template shows with gaps; `homes` defines which cards stay separate. A card that was
    imported before stays in its part of the note, from `parts`. A card whose gap is nowhere joins the first group.
    """
    numbers = {name: find_field_gaps(text) for name, text in fields.items()}
    shown = {each: frozenset(name for name in fields if each + 1 in numbers[name]) for each in ords}
    first = frozenset(fields)
    if len(fields) > 1:
        first = next((names for names in shown.values() if names), first)
    shown = {each: (names or first) if len(fields) > 1 else first for each, names in shown.items()}
    alike = {shown[each]: parts[each] for each in reversed(ords) if each in parts}
    together: dict[object, CardGroup] = {}
    for number, names in sorted(shown.items(), key=lambda each: (homes[each[0]], each[1]) != (homes[ords[0]], first)):
        part = parts.get(number, alike.get(names))
        key = (homes[number], names) if part is None else part
        before = together.get(key, CardGroup(part, [], frozenset()))
        together[key] = CardGroup(part, [*before.ords, number], before.names | names)
    yield from together.values()


def keep_gaps_of(ords: Sequence[int], html: str) -> str:
    """Keep only the gaps of some cards in a field; those of other cards become text."""
    numbers = {each + 1 for each in ords}

    def one(opening: re.Match[str], inner: str) -> str:
        if kept := numbers.intersection(map(int, opening[1].split(","))):
            gap = f"{_open_gap(sorted(kept))}{inner}}}}}"
            return reduce(lambda text, sign: text.replace(sign, _KEPT[sign]), _KEPT, gap)
        return inner.partition("::")[0]

    return reduce(lambda text, sign: text.replace(_KEPT[sign], sign), _KEPT, _replace_each_gap(html, one))


def merge_gaps(draft: IncomingNote) -> IncomingNote:
    """Merge a gap that contains only another gap, as our packages write a gap with several numbers."""
    (text,) = draft.fields
    return draft._replace(fields=(_merge_text(text),)) if _GAP_IN_GAP.search(text) else draft


def mark_later_parts(html: str) -> str:
    """Mark the later parts of gaps in several blocks, as our packages write them; see `join_parts`."""
    return _LATER.sub(rf"\1{_JOINT}", html)


def join_parts(draft: IncomingNote) -> IncomingNote:
    """Join each marked part of a gap to the part before it, if both have the same number and hint."""
    (text,) = draft.fields
    if _JOINT not in text:
        return draft
    parts = text.replace(_JOINT, "")
    joined = _join_text(text)
    return draft._replace(fields=(joined if _write_bare(joined) == _write_bare(parts) else parts,))


def _join_text(text: str) -> str:
    try:
        gaps = find_gaps(text)
    except GapError:
        return text
    cuts: list[tuple[int, int]] = []
    last: dict[tuple[int, ...], Gap] = {}  # by number
    for gap in gaps:
        before, last[gap.numbers] = last.get(gap.numbers), gap
        if before and before.end <= gap.start and text.startswith(_JOINT, gap.inner_start):
            end = gap.inner_start + len(_JOINT)
            is_block = text.endswith("\n", 0, gap.start)
            cuts += [
                (len(text[: before.inner_end].rstrip("\n")) if is_block else before.inner_end, before.end),
                (gap.start, len(text) - len(text[end:].lstrip("\n")) if is_block else end),
            ]
    for start, end in sorted(cuts, reverse=True):
        text = text[:start] + text[end:]
    return text.replace(_JOINT, "")


def _write_bare(text: str) -> str | None:
    """Write a text as our packages do, without spaces and the elements around later parts of gaps."""
    from flashcards.render.html.cloze import render_cloze
    from flashcards.render.html.renderer import HtmlRenderer

    try:
        note = Note(Kind.CLOZE, 1, 1, (text,), (), find_gaps(text))
    except GapError:
        return None
    bare = re.sub(r"\s|</?(?:span|div)\b[^>]*>", "", render_cloze(note, HtmlRenderer({}, str)))
    return bare.replace("<p></p>", "")


def _merge_text(text: str) -> str:
    try:
        gaps = find_gaps(text)
    except GapError:
        return text
    hints = {(gap.start, gap.end): gap.hint for gap in gaps}

    def write(gap: Gap, inner: str) -> str:
        if hints.get((gap.inner_start, gap.inner_end)) == gap.hint:
            return f"{{{{c{','.join(map(str, gap.numbers))},{inner.removeprefix('{{c')}"
        return f"{text[gap.start : gap.inner_start]}{inner}{text[gap.inner_end : gap.end]}"

    return replace_gaps(text, gaps, write)


def _replace_each_gap(html: str, make: Callable[[re.Match[str], str], str]) -> str:
    """Replace each gap by the result of `make` for its opening and its content, innermost first."""
    openings: list[re.Match[str]] = []
    pieces: list[list[str]] = [[]]  # of the text outside, and of each open gap
    at = 0
    for sign in _SIGN.finditer(html):
        pieces[-1].append(html[at : sign.start()])
        at = sign.end()
        if sign[1] and len(openings) < _DEEPEST:
            openings.append(sign)
            pieces.append([])
        elif not sign[1] and openings:
            inner = "".join(pieces.pop())
            pieces[-1].append(make(openings.pop(), inner))
        else:
            pieces[-1].append(sign[0])
    left = ("".join((opening[0], *inner)) for opening, inner in zip(openings, pieces[1:], strict=True))
    return "".join((*pieces[0], *left, html[at:]))


def _open_gap(numbers: Iterable[int]) -> str:
    return f"{{{{c{','.join(map(str, numbers))}::"


def _make_gap(extra: str, numbers: list[int]) -> str:
    """Wrap the text of only the back in a gap that every card of the cloze asks."""
    text = strip_edges(drop_empty(drop_answer_lines(UNSEEN.sub("", extra))))
    text = _replace_each_gap(text, lambda _opening, inner: inner.partition("::")[0])
    text = text.replace("}}", "}&#125;").replace("{{", "{&#123;").replace("::", ":&#58;")
    return f"{_open_gap(numbers)}{text}}}}}"


def _tighten_gap(gap: str) -> str:
    """Remove insignificant blank lines and line breaks at the edges of a gap over several paragraphs."""
    gap = re.sub(r"\A(\{\{c[0-9,]+::)\n+(?![-*|>`<]|[0-9]+[.)])", r"\1", gap)
    if gap.endswith(">\n\n}}"):  # HTML continues up to a blank line
        return gap
    return re.sub(r"(?<![`|>])(?:(?<!\\)\\)?\n+\}\}\Z", "}}", gap)
