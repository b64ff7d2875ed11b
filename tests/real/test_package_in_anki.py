from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.make_package import make_package
from tests.anki.exports.core import Anki, body, fields
from tests.anki.exports.folder import Folder

pytest.importorskip("anki.collection", reason="needs the anki wheel")

SHARED = Path(__file__).parents[2] / ".." / "shared"
JUDGE = SHARED / "tools" / "verify_apkg.py"

DECK = r"""---
tags: [Exam, "topic::deep"]
---
# Part *one*

## Chapter

Q: What does $\R^2$ mean, and `a < b`?

A: The *plane*.

| a | b |
| - | - |
| 1 | 2 |

```python
def f(x):
    return "{{c1::no}}" if x else {{}}
```

T: שלום
D: peace, in {{Hebrew}}

Q: Which steps?
A:
- [ ] first
- [ ] second

C: {{c1::Stability}} is the interval at which {{c2::recall::what?}} falls to 90 % or $\frac{1}{{2}}$.

C: [{{x}}] and [a::b] and [`}}`] and [$\frac{a}{{b}}$]

C: {{c1::outer {{c2::inner}} end}} and {{c1,3::both}}

- term :: meaning
- term2 ::: meaning2
"""


@pytest.fixture
def anki(tmp_path: Path) -> Iterator[Anki]:
    opened = Anki(tmp_path / "anki")
    yield opened
    opened.col.close()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "decks")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "out.apkg"


def test_every_card_arrives_and_the_database_check_adds_none(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("a/deck.md", DECK)
    exported = folder.export(package)
    anki.import_package(package)
    assert anki.col.note_count() == exported.notes == 8
    assert anki.col.card_count() == exported.cards == 16
    anki.check()


def test_each_card_has_the_ord_of_its_slot(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "a ::: b\n\nC: {{c2::x}} {{c7,4::y}} [not a gap]\n")
    folder.export(package)
    anki.import_package(package)
    ords = sorted((card.note_type()["name"], card.ord) for card in anki.cards())
    assert ords == [
        ("Flashcards Basic", 0),
        ("Flashcards Basic", 1),
        ("Flashcards Cloze", 1),
        ("Flashcards Cloze", 3),
        ("Flashcards Cloze", 6),
    ]
    anki.check()


def test_no_card_fails_to_render_or_has_an_empty_front(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", DECK)
    folder.write("hidden.md", "Q: <!-- remark -->\nA: <script>alert(1)</script>\n\n---\n\n<br> ::: <div></div>\n")
    folder.export(package)
    anki.import_package(package)
    cards = anki.cards()
    assert len(cards) == 19
    for card in cards:
        question = body(
            anki.col._backend.render_existing_card(card_id=card.id, browser=False, partial_render=False)
            .question_nodes[0]
            .text
        )
        assert "front of this card is blank" not in question
        assert "No cloze" not in question
        assert re.sub(r"<[^>]*>", "", question).strip()
    anki.check()


def test_new_cards_are_asked_in_the_order_of_the_deck(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "".join(f"Q: question {number}\nA: answer\n\n" for number in range(30)))
    folder.export(package)
    anki.import_package(package)
    fronts = [fields(card)["Front"] for card in anki.cards()]
    assert fronts == [f"question {number}" for number in range(30)]
    places = [card.due for card in anki.cards()]
    assert places == list(range(places[0], places[0] + 30))


def test_decks_are_nested_as_their_names_say(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("tpm/scenarios/one.md", "a :: b\n")
    folder.write("other.md", '---\ndeck: "Deep :: er::est"\n---\nc :: d\n')
    folder.write("default.md", "---\ndeck: Default\n---\ne :: f\n")
    folder.export(package)
    anki.import_package(package)
    names = {anki.col.decks.name(card.did) for card in anki.cards()}
    assert names == {"tpm::scenarios::one", "Deep::er::est", "Default"}


def test_tags_arrive_with_their_hierarchy(folder: Folder, package: Path, anki: Anki) -> None:
    tags = '[Exam, "topic::deep", "::odd::", "two words", "#hash", "##AK::#x"]'
    folder.write("d.md", f"---\ntags: {tags}\n---\na :: b\n<!-- tags: own -->\n")
    folder.export(package)
    anki.import_package(package)
    assert sorted(anki.cards()[0].note().tags) == ["#AK::#x", "Exam", "hash", "odd", "own", "topic::deep", "two-words"]


def test_typed_answers_are_compared_with_plain_text(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "Q: less?\nA: **`a < b`** & $x^2$\n<!-- type -->\n\nQ: plain\nA: y\n")
    folder.export(package)
    anki.import_package(package)
    typed, plain = anki.cards()
    assert body(typed.answer()).count("[[type:Answer to type]]") == 1
    assert "[[type:" not in plain.question() + plain.answer()
    assert "typeBad" not in anki.col.compare_answer(fields(typed)["Answer to type"], "a < b & x^2")
    assert "typeBad" in anki.col.compare_answer(fields(typed)["Answer to type"], "a > b & x^2")


def test_a_typed_cloze_asks_for_the_gap(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "C: one [two] three\n<!-- type -->\n\nC: four [five]\n")
    folder.export(package)
    anki.import_package(package)
    typed, plain = anki.cards()
    assert "[[type:cloze:Text]]" in typed.question()
    assert "[[type:cloze:Text]]" in typed.answer()
    assert "[[type:" not in plain.question() + plain.answer()
    assert anki.col.extract_cloze_for_typing(fields(typed)["Text"], 1) == "two"


def test_hints_are_shown_instead_of_their_gaps(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "C: falls to {{c1::90 %::how much?}} of {{c2::a::b::c}}\n")
    folder.export(package)
    anki.import_package(package)
    questions = [body(card.question()) for card in anki.cards()]
    assert "[how much?]" in questions[0]
    assert "90 %" not in questions[0]


def test_math_reaches_mathjax_with_the_macros_written_out(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("macros.tex", "\\R \\mathbb{R}\n")
    folder.write("d.md", "Q: $\\R^2 < 3$\nA:\n\n$$\n\\frac{1}{2}\n$$\n")
    folder.export(package)
    anki.import_package(package)
    (card,) = anki.cards()
    assert "\\(\\mathbb{R}^2 &lt; 3\\)" in card.question()
    assert "\\[" in card.answer()
    assert "\\frac{1}{2}" in card.answer()


def test_code_is_coloured_by_classes_that_the_style_knows_in_light_and_dark(
    folder: Folder, package: Path, anki: Anki
) -> None:
    folder.write("d.md", "Q: code?\nA:\n\n```python\ndef f(): pass\n```\n")
    folder.export(package)
    anki.import_package(package)
    (card,) = anki.cards()
    css = card.note_type()["css"]
    assert '<span class="k">def</span>' in card.answer()
    assert ".hl .k" in css
    assert ".nightMode" in css


def test_right_to_left_text_sets_its_own_direction(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "T: שלום\nD: peace\n")
    folder.export(package)
    anki.import_package(package)
    cards = anki.cards()
    assert len(cards) == 2
    for card in cards:
        assert '<div class=side dir="auto">' in card.question()
        assert card.answer().count('dir="auto"') == 2


def test_the_file_and_its_headings_are_shown_small_above_each_question(
    folder: Folder, package: Path, anki: Anki
) -> None:
    folder.write(
        "a/d.md",
        "# Part <b>\n\n## {{c9::x}}\n\nQ: q\nA: a\n<!-- reverse -->\n\nQ: t\nA: u\n<!-- type; reverse -->\n\nC: [x]\n",
    )
    folder.export(package)
    anki.import_package(package)
    cards = anki.cards()
    assert len(cards) == 5
    for card in cards:
        for side in (card.question(), card.answer()):
            assert body(side).startswith("<div class=source>a/d.md › Part")
            assert side.count("a/d.md") == 1
    anki.check()


def test_headings_make_no_card_of_a_question_that_was_emptied(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "# Part\n\nQ: q\nA: a\n<!-- reverse -->\n")
    folder.export(package)
    anki.import_package(package)
    for emptied, left in (("Front", "Reverse"), ("Back", "Forward")):
        note = anki.cards()[0].note()
        was, note[emptied] = note[emptied], ""
        anki.col.update_note(note)
        (report,) = anki.col.get_empty_cards().notes
        assert len(report.card_ids) == 1
        assert anki.col.get_card(report.card_ids[0]).template()["name"] != left
        note[emptied] = was
        anki.col.update_note(note)


def test_media_arrive_under_names_that_are_found(folder: Folder, package: Path, anki: Anki) -> None:
    pictures = {"a/p.png": b"A", "b/P.png": b"BB", "img/p.png": b"A", "b/q&r's.png": b"Q", "b/con.png": b"con"}
    for path, content in (pictures | {"b/x [1] 50%.mp3": b"M", "b/é.png": b"E", f"b/{'n' * 150}.png": b"N"}).items():
        folder.write(path, content)
    folder.write("a/d.md", "Q: ![](p.png)\nA: ![](@/img/p.png) ![](https://example.org/remote.png)\n")
    folder.write(
        "b/d.md",
        "Q: ![](P.png) ![](<q&r's.png>) ![](con.png)\n"
        f"A: [listen](<x [1] 50%25.mp3>) ![](e%CC%81.png) ![]({'n' * 150}.png)\n",
    )
    exported = folder.export(package)
    assert not exported.problems
    anki.import_package(package)
    assert anki.missing_media() == []
    held = sorted(Path(anki.col.media.dir()).iterdir())
    assert sorted(file.read_bytes() for file in held) == sorted([b"A", b"BB", b"Q", b"con", b"M", b"E", b"N"])
    assert len({file.name.casefold() for file in held}) == 7


@pytest.mark.skipif(not JUDGE.exists(), reason="needs the judge in ../shared")
@pytest.mark.parametrize("name", ["shipped", "ribeiro-decks", "hashcards-example"])
def test_the_judge_finds_no_problem_with_real_decks(tmp_path: Path, name: str) -> None:
    import shutil

    source = Path(__file__).parents[2] / "decks" if name == "shipped" else SHARED / "real" / name
    shutil.copytree(source, tmp_path / "decks", ignore=shutil.ignore_patterns(".flashcards"))
    exported = Folder(tmp_path / "decks").export(tmp_path / "out.apkg")
    run = subprocess.run(
        [sys.executable, str(JUDGE), str(tmp_path / "out.apkg")], capture_output=True, text=True, check=False
    )
    found = json.loads(run.stdout)
    assert found["problems"] == []
    assert (found["notes"], found["cards"]) == (exported.notes, exported.cards)


def test_a_csv_is_imported_into_ankis_standard_note_types(folder: Folder, tmp_path: Path, anki: Anki) -> None:
    from anki.collection import ImportCsvRequest

    from flashcards.anki.exports.export import export_csv
    from flashcards.anki.exports.notes import find_decks_in_use
    from flashcards.collection import Collection as Decks

    folder.write("a/d.md", 'Q: one, "two"\nA:\n\n1. x\n2. y\n\n---\n\na ::: b\n<!-- tags: t -->\n\nC: [x] and [y]\n')
    with Decks(folder.root) as decks:
        decks.scan()
        export_csv(decks, find_decks_in_use(decks), tmp_path / "x.csv")
    path = str(tmp_path / "x.csv")
    for _ in range(2):
        metadata = anki.col.get_csv_metadata(path=path, delimiter=None)
        anki.col.import_csv(ImportCsvRequest(path=path, metadata=metadata))
    found = sorted((card.note_type()["name"], card.ord, anki.col.decks.name(card.did)) for card in anki.cards())
    assert found == [
        ("Basic", 0, "a::d"),
        ("Basic (and reversed card)", 0, "a::d"),
        ("Basic (and reversed card)", 1, "a::d"),
        ("Cloze", 0, "a::d"),
        ("Cloze", 1, "a::d"),
    ]
    assert {card.note()["Front"] for card in anki.cards("note:Basic")} == {'one, "two"'}
    assert [card.note().tags for card in anki.cards("tag:t")] == [["t"], ["t"]]


def test_the_package_of_the_benchmarks_is_one_that_anki_accepts(tmp_path: Path) -> None:
    make_package(tmp_path / "x.apkg", 200, 3)
    anki = Anki(tmp_path / "benchmarks")
    anki.import_package(tmp_path / "x.apkg")
    assert [len(anki.rows(table)) for table in ("notes", "cards", "revlog")] == [200, 200, 600]
    anki.col.close()
