from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.model import Kind
from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_data import BOLD, CURLY, HIGHLIGHT, ObsidianSettings
from flashcards.render.terminal.renderer import render_plain
from tests.deck.fixture_reader import PATH, Case, describe, read

FIXTURES = Path(__file__).parent / "fixtures/obsidian"
CASES = [case for path in sorted(FIXTURES.glob("*.md")) for case in read(path)]
MANY = 3000
NASTY = {
    "open gaps": "==a;;" * MANY,
    "open gaps with hints": "==a" + ";;b" * MANY,
    "open gaps in braces": "{{1;;a " * MANY,
    "gaps": "==a==" * MANY,
    "equals": "=" * MANY,
    "numbers": "==" + "1" * MANY + ";;",
    "footnote gaps": "==a==^[b" * MANY,
    "backticks": "`" * MANY + "a::b" + "`" * MANY,
    "lines with backticks": "`a::b`\n" * MANY,
    "brackets": "[[" * MANY + "a::b" + "]]" * MANY,
    "dollars": "$a" * MANY + "::" + "$a" * MANY,
    "separators": "a\n?\n" * MANY,
    "cards": "a::b\n" * MANY,
    "open fences": "```\n" * MANY,
    "open comments": "<!-- \n" * MANY,
    "schedules": "a::b " + "<!--SR:!2026-12-16,51,230-->" * MANY,
    "open schedules": "a::b " + "<!--SR:!" * MANY,
    "parts of a schedule": "a::b <!--SR:" + "!2026-12-16,51,230" * MANY + "-->",
    "tags": "#flashcards " * MANY + "a::b",
    "tags in lines": "#flashcards/a\n" * MANY + "a::b",
    "headings": "# a\n" * MANY + "a::b",
    "indented": " " * MANY + "a::b",
    "blank lines": "a\n?" + "\n \t" * MANY + "b",
    "quotes": ">" * MANY + "a::b",
}
SETTINGS = ObsidianSettings(
    cloze_patterns=(HIGHLIGHT, BOLD, CURLY, r"==answer==[^\[hint\]][\[^123\]]", "((answer[|hint][#1]))")
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fixture_is_parsed_as_expected(case: Case) -> None:
    found = describe(read_obsidian(case.text, PATH, ObsidianSettings()))
    assert found == case.expected, f"{FIXTURES / case.file}:{case.line}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fixture_reads_the_same_with_windows_line_ends(case: Case) -> None:
    one = read_obsidian(case.text, PATH, ObsidianSettings())
    assert read_obsidian("\ufeff" + case.text.replace("\n", "\r\n"), PATH, ObsidianSettings()) == one


@pytest.mark.parametrize("name", NASTY)
def test_nasty_text_is_read(name: str) -> None:
    deck = read_obsidian(f"#flashcards\n\n{NASTY[name]}", PATH, SETTINGS)
    assert all(note.fields[0] for note in deck.notes)


WORDS = (
    "#flashcards",
    "#flashcards/a",
    "a",
    "::",
    ":::",
    "\n?\n",
    "\n??\n",
    "\n",
    "\n\n",
    "==",
    "`",
    "```\n",
    "[[",
    "]]",
)
MORE = (
    "$",
    "<!--",
    "-->",
    "<!--SR:!2026-12-16,51,230-->",
    " ^x1",
    "> ",
    "- ",
    "\t",
    "---\n",
    "**",
    ";;",
    "1;;",
    "ash;;",
    "# ",
)
TEXTS = st.lists(st.sampled_from((*WORDS, *MORE))).map("".join) | st.text()


@given(TEXTS)
def test_no_text_raises_and_every_note_has_its_cards_on_its_lines(text: str) -> None:
    whole = f"#flashcards\n{text}"
    deck = read_obsidian(whole, PATH, SETTINGS)
    lines = len(whole.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    last = 0
    for note in deck.notes:
        assert last < note.line <= note.end_line <= lines
        last = note.end_line
        assert all(note.fields)
        assert note.slots
        assert len(note.schedules) in (0, len(note.slots))
        assert (note.kind is Kind.CLOZE) == bool(note.gaps)


@given(TEXTS)
def test_schedules_and_block_ids_are_no_part_of_a_note(text: str) -> None:
    plain = f"#flashcards\n\n{text}\n\nterm::definition".replace("<!--", "").replace("-->", "")
    before = read_obsidian(plain, PATH, SETTINGS)
    lines = plain.split("\n")
    for note in reversed(before.notes):
        lines.insert(note.end_line, "<!--SR:!2026-12-16,51,230-->")
    after = read_obsidian("\n".join(lines), PATH, SETTINGS)
    assert [note.fields for note in after.notes] == [note.fields for note in before.notes]


@pytest.mark.parametrize(
    "line",
    [
        "tags: x, flashcards/a",
        "tag: flashcards/a",
        "A: x\ntags: flashcards/a",
        "Tags: [x, flashcards/a]",
        "TAGS:\n- null\n- '#flashcards/a'",
    ],
)
def test_tags_of_the_front_matter_are_found_by_any_of_its_names(line: str) -> None:
    (note,) = read_obsidian(f"---\n{line}\n---\na::b", PATH, SETTINGS).notes
    assert note.deck == "flashcards::a"
    assert set(note.tags) <= {"x"}


@pytest.mark.parametrize("name", ["Created On", "Unique ID", "🏷 Status", "作者"])
def test_a_property_whose_name_has_spaces_is_no_text(name: str) -> None:
    (note,) = read_obsidian(f"---\n{name}: a::b, 17:04\n---\n#flashcards\nx::y", PATH, SETTINGS).notes
    assert (note.line, note.fields) == (5, ("x", "y"))
    (note,) = read_obsidian("---\n# a\nb :: c\n---\n", PATH, SETTINGS, only_tagged=False).notes
    assert (note.line, note.fields) == (3, ("b", "c"))


@pytest.mark.parametrize(
    ("gap", "is_cut"), [(r"{{\frac{1}{3}}}", True), (r"{{\frac{1}{3} }}", False), ("{{a}}}", False)]
)
def test_a_gap_in_braces_that_ends_inside_its_formula_is_named(gap: str, is_cut: bool) -> None:
    deck = read_obsidian(f"#flashcards\n\n$x = {gap}$", PATH, SETTINGS)
    assert [problem.code for problem in deck.problems] == ["doubtful-card"] * is_cut


def test_a_longer_separator_without_text_above_it_is_a_card_with_an_empty_side() -> None:
    deck = read_obsidian("#flashcards\n\n??\na ==b==\n\n?\nc ==d==", PATH, SETTINGS)
    assert [problem.code for problem in deck.problems] == ["empty-side"]
    assert [note.fields for note in deck.notes] == [("?\nc ==d==",)]


def test_an_invisible_gap_is_reported() -> None:
    deck = read_obsidian("#flashcards\n\na ==b== <!-- c ==d== -->\n\na <!-- c --> ==d==", PATH, SETTINGS)
    assert [(problem.line, problem.code) for problem in deck.problems] == [(3, "doubtful-card")]


def test_a_separator_in_a_row_of_a_table_is_named() -> None:
    deck = read_obsidian("#flashcards\n\n| a | b |\n|---|---|\n| `x` | std::map |\n\n|a|::b", PATH, SETTINGS)
    assert [(problem.line, problem.code) for problem in deck.problems] == [(5, "doubtful-card")]


class TestSettings:
    def test_decks_come_from_folders(self) -> None:
        settings = ObsidianSettings(folders_are_decks=True)
        deck = read_obsidian("a::b\n\n#flashcards/x c::d", "Uni/Physics/waves.md", settings)
        assert deck.name == "Uni::Physics"
        assert [(note.deck, note.fields) for note in deck.notes] == [("", ("a", "b")), ("", ("c", "d"))]

    def test_a_file_outside_of_any_folder_has_no_cards_by_folder(self) -> None:
        assert not read_obsidian("a::b", "waves.md", ObsidianSettings(folders_are_decks=True)).notes

    def test_an_ignored_tag_keeps_the_whole_file_out(self) -> None:
        settings = ObsidianSettings(ignored_tags=("#template",))
        assert not read_obsidian("#flashcards\na::b\n\ntext #template/x", PATH, settings).notes
        assert read_obsidian("#flashcards\na::b\n\ntext #templates", PATH, settings).notes

    @pytest.mark.parametrize(
        ("folder", "path", "is_out"),
        [
            ("99 - Meta", "99 - Meta/x.md", True),
            ("**/*.excalidraw.md", "a/b/c.excalidraw.md", True),
            ("**/*.excalidraw.md", "c.excalidraw.md", True),
            ("*.md", "a/b.md", False),
            ("Templates/**", "Templates/a/b.md", True),
            ("Daily/*.md", "Daily/2024.md", True),
            ("Daily/*.md", "Work/2024.md", False),
        ],
    )
    def test_a_folder_or_glob_keeps_files_out(self, folder: str, path: str, is_out: bool) -> None:
        assert ObsidianSettings(ignored_folders=(folder,)).is_ignored(path) is is_out
        notes = read_obsidian("#flashcards\na::b", path, ObsidianSettings(ignored_folders=(folder,))).notes
        assert bool(notes) is not is_out

    def test_separators_may_be_anything(self) -> None:
        settings = ObsidianSettings(inline=":>", inline_reversed="<:>", lines=";>", lines_reversed="<;>")
        text = "#flashcards\nQn 1?:>Answer.\n\nQn 2?<:>Answer.\n\na::b\n\nlines\n<;>\nmore"
        deck = read_obsidian(text, PATH, settings)
        assert [(note.fields, len(note.slots)) for note in deck.notes] == [
            (("Qn 1?", "Answer."), 1),
            (("Qn 2?", "Answer."), 2),
            (("lines", "more"), 2),
        ]

    def test_an_empty_separator_makes_no_cards(self) -> None:
        settings = ObsidianSettings(inline="", inline_reversed="", lines="", lines_reversed="")
        assert not read_obsidian("#flashcards\na::b\n\nc\n?\nd", PATH, settings).notes

    def test_an_end_marker_allows_blank_lines_in_an_answer(self) -> None:
        settings = ObsidianSettings(end_marker="+++")
        text = "#flashcards\n\nQuestion\n?\n\n| a |\n|---|\n\nmore\n+++\nrest\n\na ==b==\n\nc\n+++\n"
        deck = read_obsidian(text, PATH, settings)
        assert [note.fields for note in deck.notes] == [
            ("Question", "| a |\n|---|\n\nmore"),
            ("a ==b==\n\nc",),
        ]

    def test_other_flashcard_tags_can_be_set(self) -> None:
        settings = ObsidianSettings(tags=("#karten", "#review/cards"))
        assert not read_obsidian("#flashcards\na::b", PATH, settings).notes
        deck = read_obsidian("#review/cards/x\na::b", PATH, settings)
        assert [note.deck for note in deck.notes] == ["review::cards::x"]

    def test_a_file_that_names_the_dialect_itself_needs_no_tag(self) -> None:
        deck = read_obsidian("a::b", "folder/x.md", ObsidianSettings(), only_tagged=False)
        assert (deck.name, len(deck.notes), deck.notes[0].deck) == ("folder::x", 1, "")


@pytest.mark.parametrize("back", ["> 100 bpm", "- 5", "# 1", "1984."])
def test_a_sign_after_the_separator_of_a_line_is_text(back: str) -> None:
    (note,) = read_obsidian(f"#flashcards\n\nfront::{back}\n", PATH, SETTINGS).notes
    assert render_plain(note.fields[1]) == back
    (note,) = read_obsidian("#flashcards\n\nfront\n?\n> quoted\n", PATH, SETTINGS).notes
    assert note.fields[1] == "> quoted"
