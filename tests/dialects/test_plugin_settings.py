"""The settings of the plugins that send cards from Obsidian to Anki."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards.cli import run
from flashcards.deck.model import Deck
from flashcards.dialects import plugin_settings
from flashcards.dialects.choose import Chooser
from flashcards.dialects.flashcards_obsidian import read_flashcards_obsidian
from flashcards.dialects.obsidian_to_anki import read_obsidian_to_anki
from flashcards.dialects.read import read_deck

TO_ANKI, FLASHCARDS = plugin_settings.FILES["obsidian-to-anki"], plugin_settings.FILES["flashcards-obsidian"]
QUESTION_ANSWER = r"^Q: ((?:.+\n)*)\n*A: (.+(?:\n(?:^.{1,3}$|^.{4}(?<!<!--).*))*)"
HEADING = r"^#+\s(.+)\n*((?:\n(?:^[^\n#].{0,2}$|^[^\n#].{3}(?<!<!--).*))+)"
ONE_LINE = r"^(.*[^\n:]{1}):{2}([^\n:]{1}.*)"
PARAGRAPH = r"((?:.+\n)*(?:.*{.*)(?:\n(?:^.{1,3}$|^.{4}(?<!<!--).*))*)"


def write(root: Path, file: str, data: object) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")


def read(root: Path, dialect: str, text: str, path: str = "notes/a.md") -> Deck:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    return read_deck(text, path, Chooser(root, {"": dialect}).choose(path))[0]


def to_anki(root: Path, text: str, data: Any = None, **settings: object) -> Deck:
    write(root, TO_ANKI[0], (data or {}) | {"settings": settings})
    return read(root, "obsidian-to-anki", text)


def cards(root: Path, text: str, **settings: object) -> list[tuple[str, ...]]:
    write(root, FLASHCARDS[0], settings)
    return [note.fields for note in read(root, "flashcards-obsidian", text).notes]


def fields(deck: Deck) -> list[tuple[str, ...]]:
    return [note.fields for note in deck.notes]


class TestObsidianToAnki:
    @pytest.mark.parametrize(
        ("kind", "regex", "text", "found"),
        [
            ("Basic", QUESTION_ANSWER, "Q: a\nb\nA: c\nd\n\nx\n\nQ: e\nA: f", [("a\nb", "c\nd"), ("e", "f")]),
            ("Basic", HEADING, "# One\na\nb\n\n## Two\nc\n", [("One", "a\nb"), ("Two", "c")]),
            ("Basic", ONE_LINE, "front::back\nnot:this\n", [("front", "back")]),
            ("Cloze", PARAGRAPH, "A {gap} here\nand more\n\nno gap\n", [("A {gap} here\nand more",)]),
            ("Basic", r"\[(?<first>\w[^]*?)\]\((.*?)\)", "[a\nb](c)", [("a\nb", "c")]),
            ("Basic", r"^\(?<b>(.+)<\/b>(.+)", "(<b>a</b>b\n\n<b>c</b>d\n", [("a", "b"), ("c", "d")]),
            ("Basic", r"^[(?<](.+)\\/(.+)", "<a\\/b\n\nPc\\/d\n", [("a", "b")]),
            ("Basic", r"^(?<mark>[+*])(.+)\k<mark>", "+a+\n\n*b+\n", [("+", "a")]),
        ],
    )
    def test_notes_in_a_syntax_of_ones_own(
        self, tmp_path: Path, kind: str, regex: str, text: str, found: list[tuple[str, ...]]
    ) -> None:
        assert fields(to_anki(tmp_path, text, CUSTOM_REGEXPS={kind: regex})) == found

    def test_a_regular_expression_that_tries_too_many_ways_costs_seconds_once(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("flashcards.dialects.obsidian_to_anki.SECONDS", 0.2)
        write(tmp_path, TO_ANKI[0], {"settings": {"CUSTOM_REGEXPS": {"Basic": "^((?:x|xx)+)(y)$"}}})
        (tmp_path / "flashcards.toml").write_text('[formats]\nnotes = "obsidian-to-anki"\n')
        for name in ("a", "b", "c"):
            write(tmp_path, f"notes/{name}.md", f"{'x' * 200}!y\n")
        write(tmp_path, "good.md", "Q: good\nA: yes\n")
        assert run(["-C", str(tmp_path), "check"]) == 1
        out = capsys.readouterr().out
        assert out.count("takes too long for this file") == 3
        assert run(["-C", str(tmp_path), "list"]) == 0
        assert "good" in capsys.readouterr().out

    @pytest.mark.parametrize("regex", ["((a{1000}){1000}){1000}", "a" * 3000, "(?:" * 900 + ")" * 900])
    def test_a_regular_expression_that_is_costly_to_compile_is_refused(self, tmp_path: Path, regex: str) -> None:
        assert to_anki(tmp_path, "a", CUSTOM_REGEXPS={"Basic": regex}).notes == ()
        found = Chooser(tmp_path, {"": "obsidian-to-anki"}).choose("notes/a.md").find_settings("obsidian-to-anki")
        assert "is not valid here" in found.error

    def test_tags_and_an_id_follow_such_a_note(self, tmp_path: Path) -> None:
        text = "Q: a\nA: b\n<!--ID: 1566052191670-->\n\nc::d Tags: x y\nID: 1566052191671\n"
        deck = to_anki(tmp_path, text, CUSTOM_REGEXPS={"Basic": QUESTION_ANSWER, "Own": ONE_LINE})
        assert [(note.line, note.end_line, note.fields, note.tags, note.pin) for note in deck.notes] == [
            (1, 3, ("a", "b"), (), "1566052191670"),
            (5, 6, ("c", "d"), ("x", "y"), "1566052191671"),
        ]

    def test_such_a_note_is_outside_of_other_notes_code_and_formulas(self, tmp_path: Path) -> None:
        text = "START\nBasic\na::b\nBack: c\nEND\n\n```\nd::e\n```\n\n$$\nf::g\n$$\n\nh::i\n"
        assert fields(to_anki(tmp_path, text, CUSTOM_REGEXPS={"Basic": ONE_LINE})) == [("a::b", "c"), ("h", "i")]

    def test_markers_follow_the_settings(self, tmp_path: Path) -> None:
        names = {"Begin Note": "((", "End Note": "))", "Begin Inline Note": "<<", "End Inline Note": ">>"}
        names |= {"Target Deck Line": "Deck", "File Tags Line": "Tags here", "Frozen Fields Line": "ALWAYS"}
        text = "Deck: X\nTags here: t\n\nALWAYS - Basic:\nBack: always\n\n((\nBasic\na\nBack: b\n))\n\n"
        text += "<<[Basic] c Back: d>>"
        deck = to_anki(tmp_path, text + "\n\nSTART\nBasic\ne\nBack: f\nEND", Syntax=names)
        assert (deck.name, fields(deck)) == ("X", [("a", "b\nalways"), ("c", "d\nalways")])
        assert deck.notes[0].tags == ("t",)

    def test_fields_of_note_types_of_ones_own_are_known(self, tmp_path: Path) -> None:
        text = "START\nVocabulary\nhello\nMeaning: hallo\nNote: greeting\nEND\n"
        names = {"fields_dict": {"Vocabulary": ["Word", "Meaning"]}}
        assert fields(to_anki(tmp_path, text, names)) == [("hello", "hallo\nNote: greeting")]

    def test_braces_are_text_if_the_settings_say_so(self, tmp_path: Path) -> None:
        text = "START\nCloze\na {b} {{c1::c}}\nEND\n"
        (note,) = to_anki(tmp_path, text, Defaults={"CurlyCloze": False}).notes
        assert [note.fields[0][gap.inner_start : gap.inner_end] for gap in note.gaps] == ["c"]
        text = "START\nCloze\na {b} {{c1::c}} ==d==\nEND\n"
        off = {"CurlyCloze": True, "CurlyCloze - Highlights to Clozes": False}
        (note,) = to_anki(tmp_path, text, Defaults=off).notes
        assert [note.fields[0][gap.inner_start : gap.inner_end] for gap in note.gaps] == ["b", "c"]

    def test_a_folder_gives_its_deck_and_tags_unless_the_file_names_a_deck(self, tmp_path: Path) -> None:
        own = {"FOLDER_DECKS": {"notes": "School", "notes/x": ""}, "FOLDER_TAGS": {"notes": "one two"}}
        write(tmp_path, TO_ANKI[0], {"settings": own})
        text = "STARTI [Basic] a Back: b ENDI\n"
        deck = read(tmp_path, "obsidian-to-anki", text, "notes/x/a.md")
        assert (deck.name, deck.notes[0].tags) == ("School", ("one", "two"))
        assert read(tmp_path, "obsidian-to-anki", f"TARGET DECK: Y\n{text}", "notes/a.md").name == "Y"

    def test_a_file_has_the_tags_of_all_folders_and_the_deck_of_the_nearest(self, tmp_path: Path) -> None:
        own = {"FOLDER_DECKS": {"a": "A", "a/b": "B"}, "FOLDER_TAGS": {"a": "one", "a/b": "two three", "c": "four"}}
        write(tmp_path, TO_ANKI[0], {"settings": own})
        deck = read(tmp_path, "obsidian-to-anki", "STARTI [Basic] x Back: y ENDI\n", "a/b/c/d.md")
        assert (deck.name, deck.notes[0].tags) == ("B", ("two", "three", "one"))

    def test_the_deck_and_the_tags_may_be_in_the_front_matter(self, tmp_path: Path) -> None:
        text = "---\nTARGET DECK: 02::Algebra\nFILE TAGS: '#a b'\n---\nSTARTI [Basic] c Back: d ENDI\n"
        deck = to_anki(tmp_path, text)
        assert (deck.name, deck.notes[0].tags) == ("02::Algebra", ("a", "b"))

    def test_tags_and_id_may_be_separated_by_a_blank_line(self, tmp_path: Path) -> None:
        (note,) = to_anki(tmp_path, "START\nBasic\na\nBack: b\nTags: x\n\n<!--ID: 1566052191670-->\n\nEND\n").notes
        assert (note.fields, note.tags, note.pin) == (("a", "b"), ("x",), "1566052191670")

    def test_the_settings_of_the_script_are_read_too(self, tmp_path: Path) -> None:
        ini = f"[Syntax]\nBegin Note = ((\nEnd Note = ))\n[Custom Regexps]\nBasic = {QUESTION_ANSWER}\n"
        write(tmp_path, TO_ANKI[1], ini)
        deck = read(tmp_path, "obsidian-to-anki", "((\nBasic\na\nBack: b\n))\n\nQ: c\nA: d\n")
        assert fields(deck) == [("a", "b"), ("c", "d")]

    @pytest.mark.parametrize("content", ["{", "[]", json.dumps({"settings": {"CUSTOM_REGEXPS": {"Basic": "(a"}}})])
    def test_invalid_settings_are_named_and_the_other_notes_are_read(self, tmp_path: Path, content: str) -> None:
        write(tmp_path, TO_ANKI[0], content)
        chooser = Chooser(tmp_path, {"": "obsidian-to-anki"})
        assert chooser.choose("a.md").find_settings("obsidian-to-anki").error
        assert fields(read(tmp_path, "obsidian-to-anki", "STARTI [Basic] a Back: b ENDI\n")) == [("a", "b")]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"\xff", ("it is not UTF-8. Correct it; until then the plugin's defaults apply.",)),
            (
                b'{"settings": {"CUSTOM_REGEXPS": {"Basic": "(a"}}}',
                ("of `Basic` is not valid here", "until then the notes that it finds are not read."),
            ),
        ],
    )
    def test_check_says_what_happens_without_settings_that_cannot_be_used(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: tuple[str, ...]
    ) -> None:
        write(tmp_path, TO_ANKI[0], "")
        (tmp_path / TO_ANKI[0]).write_bytes(content)
        write(tmp_path, "a.md", "---\nformat: obsidian-to-anki\n---\nSTARTI [Basic] a Back: b ENDI\n")
        assert run(["-C", str(tmp_path), "check"]) == 1
        out = " ".join(capsys.readouterr().out.split())
        assert [text for text in said if text not in out] == []


class TestFlashcards:
    def test_tag_and_separators_follow_the_settings(self, tmp_path: Path) -> None:
        text = "a #karte\nb\n\nc #card\n\nd;;e\n\nf<>g\n\nh::i\n"
        own = {"flashcardsTag": "karte", "inlineSeparator": ";;", "inlineSeparatorReverse": "<>"}
        assert cards(tmp_path, text, **own) == [("a", "b"), ("d", "e"), ("f", "g")]

    def test_a_folder_is_a_deck_if_the_settings_say_so(self, tmp_path: Path) -> None:
        write(tmp_path, FLASHCARDS[0], {"folderBasedDeck": True})
        assert read(tmp_path, "flashcards-obsidian", "a::b", "x/y/z.md").name == "x::y"
        assert read(tmp_path, "flashcards-obsidian", "a::b", "x/etc./z.md").name == "x::etc."
        assert read(tmp_path, "flashcards-obsidian", "a::b", "z.md").name == "z"
        assert read(tmp_path, "flashcards-obsidian", "---\ncards-deck: D\n---\na::b", "x/z.md").name == "D"


def test_the_settings_of_a_vault_around_the_collection_are_read(tmp_path: Path) -> None:
    write(tmp_path, FLASHCARDS[0], {"inlineSeparator": ";;", "folderBasedDeck": True})
    deck = read(tmp_path / "collection", "flashcards-obsidian", "a;;b", "x/z.md")
    assert (deck.name, fields(deck)) == ("collection::x", [("a", "b")])


def test_a_signature_changes_with_the_settings_that_read_a_file(tmp_path: Path) -> None:
    def sign(dialect: str) -> str:
        return Chooser(tmp_path, {}).signature("a.md", dialect)

    before = sign("flashcards-obsidian"), sign("native")
    write(tmp_path, FLASHCARDS[0], {"inlineSeparator": ";;"})
    assert sign("flashcards-obsidian") != before[0]
    assert sign("native") == before[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = ("settings", "Syntax", "CUSTOM_REGEXPS", "FOLDER_DECKS", "Defaults", "fields_dict", "flashcardsTag")


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(NAMES), JSON) | JSON))
def test_any_value_of_a_setting_is_read_or_skipped(data: dict[str, Any]) -> None:
    read_obsidian_to_anki("a::b", "a.md", plugin_settings.pick_to_anki_settings(data), "")
    read_flashcards_obsidian("a::b", "a.md", plugin_settings.pick_flashcards_settings(data), "")


@given(text=st.text(), file=st.sampled_from((*TO_ANKI, *FLASHCARDS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_settings_or_named_as_an_error(tmp_path: Path, text: str, file: str) -> None:
    write(tmp_path, file, text)
    find = Chooser(tmp_path, {}).choose("a.md").find_settings
    found = find("obsidian-to-anki" if file in TO_ANKI else "flashcards-obsidian")
    assert found.error or found.values is not None
    (tmp_path / file).unlink()
