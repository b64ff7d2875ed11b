from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from flashcards.deck.cloze import build_face, find_hidden_text
from flashcards.deck.model import Deck, Kind, Note
from flashcards.deck.parse import parse
from flashcards.deck.source import normalize
from tests.deck.markdown_like import broken_note, good_notes, texts

some = settings(max_examples=150, deadline=None)


def lines_of(text: str) -> list[str]:
    return normalize(text).split("\n")


def is_subsequence(part: str, whole: str) -> bool:
    rest = iter(whole)
    return all(character in rest for character in part)


@some
@given(texts)
def test_parsing_never_raises_whatever_the_text_is(text: str) -> None:
    assert isinstance(parse(text, "a/b.md"), Deck)


OPENINGS = [
    *(r"\[", r"\(", "$", "$$", "`", "``", "```", "~~~", "<!--", '<a href="', "<div>", "<script>", "<details>", "<pre>"),
    *("%%", "==", "{{c1::", "[[", "![[", "![a", "[a](", "[a][", "**", "~~", "<?", "<![CDATA[", "<", "^[", "[", "{"),
]
CLOSINGS = [
    *(
        r"\]",
        r"\)",
        "$",
        "$$",
        "`",
        "``",
        "```",
        "~~~",
        "-->",
        '">x</a>',
        "</div>",
        "</script>",
        "</details>",
        "</pre>",
    ),
    *("%%", "==", "}}", "]]", "](x)", ")", "]", "**", "~~", "?>", "]]>", ">", "}", ""),
]


@some
@given(
    st.lists(st.sampled_from(OPENINGS), min_size=1, max_size=3).map(" ".join),
    st.sampled_from(CLOSINGS),
    st.sampled_from(["\n", "\n\n"]),
)
def test_nothing_left_open_swallows_the_marker_that_follows(opening: str, closing: str, between: str) -> None:
    text = f"Q: a {opening} x\nA: b{between}Q: c\nA: d {closing} e{between}T: f\nD: g {closing}\n"
    assert [note.kind for note in parse(text, "x.md").notes] == [Kind.QUESTION, Kind.QUESTION, Kind.TERM]


@some
@given(texts)
@example("- 0\n0 :: <!--")
@example("- 0\n\\0 :: 0")
def test_the_lines_of_every_note_contain_its_fields(text: str) -> None:
    lines = lines_of(text)
    for note in parse(text, "x.md").notes:
        assert 1 <= note.line <= note.end_line <= len(lines)
        block = "\n".join(lines[note.line - 1 : note.end_line])
        joined = " ".join(line.strip() for line in block.split("\n"))  # a pair that was wrapped is one line
        for source in note.fields:
            filled = [line.strip() for line in source.split("\n") if line.strip()]
            for line in (filled[0], filled[-1]):
                # Attribute comments are cut out of the text, and nothing else; a first sign may be escaped.
                assert any(
                    is_subsequence(typed, whole) if "<!--" in block else typed in whole
                    for typed in (line, line.replace("\\", "", 1))
                    for whole in (block, joined)
                )


@some
@given(texts)
def test_a_field_contains_every_line_between_its_first_and_its_last(text: str) -> None:
    if "<!--" in text:
        return
    lines = lines_of(text)
    for note in parse(text, "x.md").notes:
        if note.kind is Kind.PAIR:
            continue  # its lines, if a formatter wrapped it, are joined
        inside = [line.strip() for line in lines[note.line : note.end_line]]
        found = [line.strip() for source in note.fields for line in source.split("\n")]
        assert [line for line in inside if line and line not in found and line[1:2] not in (":", "：")] == []


@some
@given(texts)
def test_notes_are_in_order_and_do_not_overlap(text: str) -> None:
    notes = parse(text, "x.md").notes
    for one, other in pairwise(notes):
        assert one.end_line < other.line


@some
@given(texts)
def test_every_gap_is_at_its_offsets(text: str) -> None:
    for note in parse(text, "x.md").notes:
        assert (note.kind is Kind.CLOZE) == bool(note.gaps)
        for gap in note.gaps:
            source = note.fields[0]
            assert 0 <= gap.start < gap.inner_start < gap.inner_end < gap.end <= len(source)
            opening, closing = source[gap.start : gap.inner_start], source[gap.inner_end : gap.end]
            if opening.startswith("{{c"):
                assert opening.endswith("::")
                assert closing == (f"::{gap.hint}}}}}" if closing != "}}" else "}}")
            else:
                assert (opening, closing) in (("[", "]"), ("==", "=="))
            assert source[gap.inner_start : gap.inner_end].strip()


@some
@given(texts)
def test_gaps_are_in_order_and_nested_or_disjoint(text: str) -> None:
    for note in parse(text, "x.md").notes:
        assert list(note.gaps) == sorted(note.gaps, key=lambda gap: gap.start)
        for index, gap in enumerate(note.gaps):
            for later in note.gaps[index + 1 :]:
                nested = gap.inner_start <= later.start and later.end <= gap.inner_end
                assert nested or later.start >= gap.end


@some
@given(texts)
def test_the_cards_of_a_note_are_those_of_its_kind_and_gaps(text: str) -> None:
    for note in parse(text, "x.md").notes:
        if note.kind is Kind.CLOZE:
            numbers = sorted({number for gap in note.gaps for number in gap.numbers})
            assert note.slots == tuple(f"c{number}" for number in numbers)
        else:
            assert note.slots in (("forward",), ("forward", "reverse"))
        assert len(note.fields) == (1 if note.kind is Kind.CLOZE else 2)
        assert all(source.strip() for source in note.fields)


@some
@given(texts)
@example("::\n\xa0\n0")
def test_every_problem_is_in_the_file_and_has_a_message_of_one_line(text: str) -> None:
    deck = parse(text, "x.md")
    for problem in deck.problems:
        assert 1 <= problem.line <= len(lines_of(text))
        assert "\n" not in problem.message + problem.hint
        assert problem.message.endswith(".")
    assert [problem.line for problem in deck.problems] == sorted(problem.line for problem in deck.problems)


@some
@given(texts)
def test_line_endings_and_a_byte_order_mark_change_nothing(text: str) -> None:
    text = normalize(text).removeprefix("\ufeff")
    deck = parse(text, "x.md")
    assert parse(text.replace("\n", "\r\n"), "x.md") == deck
    assert parse(text.replace("\n", "\r"), "x.md") == deck
    assert parse("\ufeff" + text, "x.md") == deck


@some
@given(texts)
def test_every_card_has_two_sides_and_its_marks_are_balanced(text: str) -> None:
    for note in parse(text, "x.md").notes:
        for slot in note.slots:
            both = build_face(note, slot)
            assert both.front.strip()
            assert both.back.strip()
            assert find_hidden_text(note, slot).strip()
            assert bool(both.delimiters) == (note.kind is Kind.CLOZE)
            if both.delimiters:
                assert_balanced(both.front, both.delimiters[0], both.delimiters[1])
                assert_balanced(both.back, both.delimiters[0], both.delimiters[1])
                assert not set(both.delimiters) & set(note.fields[0])


def assert_balanced(text: str, opening: str, closing: str) -> None:
    depth = 0
    for character in text:
        depth += (character == opening) - (character == closing)
        assert depth >= 0
    assert depth == 0
    assert opening in text


@some
@given(good_notes, broken_note, st.data())
def test_a_broken_note_between_breaks_changes_no_other_note(notes: list[str], broken: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(notes)))
    more = [*notes[:place], broken, *notes[place:]]
    assert without_lines(more) == without_lines(notes)


def without_lines(notes: list[str]) -> list[Note]:
    deck = parse("Prose.\n\n---\n\n" + "\n\n---\n\n".join(notes), "x.md")
    return [note._replace(line=0, end_line=0) for note in deck.notes]
