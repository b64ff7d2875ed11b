"""Note types as people design them: what is seen of a card in Anki is seen of it here, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashcards.importers.transaction import ImportReport
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, Made, note_type, write_package


class Designs:
    """Imports a single note of one type."""

    def __init__(self, home: Home, path: Path) -> None:
        self._home = home
        self._path = path

    def imported(
        self, made: dict[str, Any], fields: list[str], ords: tuple[int, ...] = (0,), changed: int = CREATED
    ) -> ImportReport:
        note = Made(fields, type=9, mod=changed, cards={each: {} for each in ords})
        package = write_package(self._path, [note], types={9: made})
        report = self._home.import_file(package)
        assert not self._home.import_file(package).changes_anything
        return report

    def text(self, made: dict[str, Any], fields: list[str], ords: tuple[int, ...] = (0,)) -> str:
        self.imported(made, fields, ords)
        return self._home.read("Deck.md")


@pytest.fixture
def designs(home: Home, tmp_path: Path) -> Designs:
    return Designs(home, tmp_path / "x.apkg")


GEOGRAPHY = note_type(
    "Geography",
    0,
    ["Country", "Capital", "Flag"],
    (
        '{{#Capital}}<div class="value">{{Country}}</div><hr><div class="type">Capital</div>{{/Capital}}',
        '<div class="value">{{Country}}</div>\n<hr>\n<div class="type">Capital</div>\n<hr id="answer">{{Capital}}',
    ),
    (
        "{{#Flag}}<div>{{Flag}}</div>Country{{/Flag}}",
        "<p>{{Flag}}</p>Country<hr id=answer>{{Country}}",
    ),
)


def test_a_back_that_repeats_the_front_in_other_elements_is_only_its_answer(designs: Designs) -> None:
    text = designs.text(GEOGRAPHY, ["Moldova", "Chisinau", '<img src="m.svg">'], (0, 1))
    assert text == ("Q: Moldova\n\n<hr>\n\nCapital\n\nA: Chisinau\n\nQ: ![](media/m.svg)\\\nCountry\n\nA: Moldova\n")


def test_a_cloze_back_that_repeats_the_front_in_other_elements_adds_no_gap(designs: Designs) -> None:
    made = note_type(
        "Titled",
        1,
        ["Title", "Text", "Extra"],
        (
            '<div class="front">{{#Title}}<h3>{{Title}}</h3>{{/Title}}<div>{{cloze:Text}}</div></div>',
            '<div class="back">{{#Title}}<b>{{Title}}</b>{{/Title}}<p>{{cloze:Text}}</p></div><hr>{{Extra}}',
        ),
    )
    assert designs.text(made, ["T", "{{c1::a}}", "more"]) == "C: **T**\n\n{{c1::a}}\n\n{{c1::more}}\n"


OVERLAPPING = note_type(
    "Overlapping",
    1,
    ["Text1", "Text2", "Full", "Original"],
    ("{{cloze:Text1}}{{cloze:Text2}}{{cloze:Full}}", "{{cloze:Text1}}{{cloze:Text2}}{{cloze:Full}}{{Original}}"),
)


def test_a_card_shows_only_those_fields_that_hold_its_gap(designs: Designs) -> None:
    fields = ["{{c1::one}} ...", "one {{c2::two}}", "{{c21::one two}}", ""]
    assert designs.text(OVERLAPPING, fields, (0, 1, 20)) == (
        "C: {{c1::one}} ...\n\nC: one {{c2::two}}\n\nC: {{c21::one two}}\n"
    )


def test_gaps_of_cards_that_show_other_fields_are_text(designs: Designs) -> None:
    fields = ["{{c1::one}} {{c2::two::hint}} ", "{{c2::TWO}}", "nothing {{c3::{{c1::nested}} deep}}", ""]
    assert designs.text(OVERLAPPING, fields, (0, 1, 2)) == (
        "C: {{c1::one}} two nothing {{c1::nested}} deep\n\nC: one {{c2::two::hint}} {{c2::TWO}}\n\n"
        "C: nothing {{c3::nested deep}}\n"
    )


def test_a_field_that_a_cloze_template_shows_without_gaps_is_reported(designs: Designs) -> None:
    report = designs.imported(OVERLAPPING, ["{{c1::one}}", "plain", "", ""])
    assert [remark.message for remark in report.remarks] == [
        "The field `Text2` is not shown on any card of 1 note that fills it in; it was left out."
    ]


def test_a_cloze_type_without_a_template_is_reported(designs: Designs) -> None:
    report = designs.imported(note_type("Bare", 1, ["Text"]), ["{{c1::a}}"])
    assert "without a template left out" in report.remarks[0].message


@pytest.mark.parametrize("value", ["y", "1", "true"])
def test_a_switch_that_only_a_script_reads_is_left_out(designs: Designs, value: str) -> None:
    made = note_type(
        "Switch",
        0,
        ["Front", "Back", "On"],
        ('{{Front}}{{#On}}<div id="s" style="color: red; display: none">{{On}}</div>{{/On}}', "{{Back}}"),
    )
    assert designs.text(made, ["a", "b", value]) == "Q: a\nA: b\n"


@pytest.mark.parametrize("hidden", ["style='display:none'", 'class="x hidden"', "hidden"])
def test_text_that_a_script_reveals_on_the_front_can_be_opened(designs: Designs, hidden: str) -> None:
    made = note_type("Hidden", 0, ["Front", "Back", "Hint"], ("{{Front}}<p " + hidden + ">{{Hint}}</p>", "{{Back}}"))
    assert designs.text(made, ["a", "b", "the hint"]) == (
        "Q: a\n\n<details><summary>…</summary>the hint</details>\n\nA: b\n"
    )


KATEX = '<span class="katex"><math><annotation encoding="application/x-tex">x</annotation></math>'


@pytest.mark.parametrize("extra", ["<button>more", "<script>more", "<!-- more", "<title>more", "<noscript>more", KATEX])
def test_an_element_left_open_on_a_back_loses_no_card(designs: Designs, home: Home, extra: str) -> None:
    made = note_type("Open", 1, ["Text", "Extra"], ("{{cloze:Text}}", "{{cloze:Text}}<br>{{Extra}}"))
    designs.imported(made, ["a {{c1::b}}", f"x {extra}"])
    assert home.read("Deck.md").startswith("C: a {{c1::b}}\n\n{{c1::x")
    assert len(home.state()[0]) == 1


def test_text_that_anki_reads_aloud_is_left_out(designs: Designs) -> None:
    made = note_type("Speech", 0, ["Front", "Back"], ("{{Front}}", "{{Back}}[anki:tts lang=de_DE]{{Back}}[/anki:tts]"))
    report = designs.imported(made, ["a", "b"])
    assert [remark.message for remark in report.remarks] == ["1 note: text that Anki reads aloud was left out."]


def test_a_side_that_is_only_read_aloud_shows_its_text(designs: Designs) -> None:
    made = note_type("L", 0, ["F", "B"], ("{{tts ja_JP:F}}", "{{FrontSide}}<hr id=answer>{{B}}"))
    report = designs.imported(made, ["東京", "Tokyo"])
    assert [remark.message for remark in report.remarks] == [
        "1 note: text that Anki only reads aloud is shown, since there is no other."
    ]
    assert designs.text(made, ["東京", "Tokyo"]) == "Q: 東京\nA: Tokyo\n"


def test_a_side_that_only_a_script_fills_shows_the_fields_in_it(designs: Designs) -> None:
    made = note_type(
        "J", 0, ["F", "B"], ("<p id=f></p><script>f.innerHTML = '{{text:F}}'</script>", "<script>g(`{{B}}`)</script>")
    )
    report = designs.imported(made, ["Rome?", "Italy"])
    assert "1 note: text that only a script shows is shown, since there is no other." in [
        remark.message for remark in report.remarks
    ]
    assert designs.text(made, ["Rome?", "Italy"]) == "Q: Rome?\nA: Italy\n"


@pytest.mark.parametrize(("tags", "shown"), [("x", "tagged"), ("", "bare")])
def test_sections_ask_whether_a_note_has_tags_and_all_have_a_deck(
    home: Home, tmp_path: Path, tags: str, shown: str
) -> None:
    front = "{{F}} {{#Tags}}tagged{{/Tags}}{{^Tags}}bare{{/Tags}}{{#Deck}} in{{/Deck}}{{^Card}} no{{/Card}}"
    made = note_type("S", 0, ["F", "B"], (front, "{{B}}"))
    note = Made(["a", "b"], type=9, tags=tags)
    report = home.import_file(write_package(tmp_path / "x.apkg", [note], types={9: made}))
    assert f"Q: a {shown} in\nA: b\n" in home.read("Deck.md")
    assert report.remarks == []


def test_a_hint_on_a_back_stays_closed(designs: Designs) -> None:
    made = note_type("H", 0, ["F", "B", "C"], ("{{F}}", "{{FrontSide}}<hr id=answer>{{B}}{{hint:C}}"))
    assert designs.text(made, ["a", "b", "c"]) == "Q: a\nA: b\n\n<details><summary>C</summary>c</details>\n"


@pytest.mark.parametrize(("note", "told"), [("", 0), ("note", 1)])
def test_a_typed_answer_that_is_only_part_of_the_back_is_reported(designs: Designs, note: str, told: int) -> None:
    made = note_type("Typed", 0, ["Front", "Back", "Note"], ("{{Front}}{{type:Back}}", "{{type:Back}}{{Note}}"))
    report = designs.imported(made, ["a", "<b>b</b> c", note])
    assert [remark.message for remark in report.remarks] == [
        "1 note: the typed answer is now compared with the whole answer."
    ] * told


def test_a_typed_answer_is_on_its_own_line(designs: Designs) -> None:
    made = note_type(
        "Typed",
        0,
        ["Front", "Back", "Note"],
        ("{{Front}}{{type:Back}}", "{{Front}}<hr id=answer>{{type:Back}}{{Note}}"),
    )
    assert designs.text(made, ["a", "b", "note"]) == "Q: a\nA: b\\\nnote\n\n<!-- type -->\n"


def test_an_answer_to_type_that_the_back_does_not_repeat_begins_it(designs: Designs) -> None:
    made = note_type(
        "Typed", 0, ["Front", "Back", "Note"], ("{{Front}}{{type:Back}}", "{{FrontSide}}<hr id=answer>{{Note}}")
    )
    assert designs.text(made, ["a", "b", "note"]) == "Q: a\nA: b\\\nnote\n\n<!-- type -->\n"


@pytest.mark.parametrize("edge", ["<hr>", "</div><hr class=x><br>"])
def test_a_line_between_front_and_back_is_not_part_of_the_back(designs: Designs, edge: str) -> None:
    made = note_type("Line", 1, ["Text", "Extra"], ("{{cloze:Text}}", "{{cloze:Text}}" + edge + "{{Extra}}"))
    assert designs.text(made, ["{{c1::a}}", "more"]) == "C: {{c1::a}}\n\n{{c1::more}}\n"


def test_the_same_edit_on_both_sides_is_no_conflict_for_any_note_type(designs: Designs, home: Home) -> None:
    made = note_type("Own", 0, ["Front", "Back", "Note"], ("{{Front}}", "{{Back}}<br>{{Note}}"))
    designs.imported(made, ["a", "b", "c"])
    home.write("Deck.md", "Q: a\nA: __b__ and *d*\\\nc\n")
    report = designs.imported(made, ["a", "<b>b</b> and <i>d</i>", "c"], changed=CREATED + 9)
    assert (report.kept, report.unchanged, report.remarks) == (0, 1, [])
    assert home.read("Deck.md") == "Q: a\nA: __b__ and *d*\\\nc\n"


@pytest.mark.parametrize(
    "used",
    [
        "<!-- {{Extra}} -->",
        "<script>var extra = `{{Extra}}`</script>",
        '<div class="card {{Extra}}"></div>',
        '<div data-x="{{Extra}}"></div>',
    ],
)
def test_a_field_that_a_template_uses_only_in_hidden_places_is_reported(
    designs: Designs, home: Home, used: str
) -> None:
    made = note_type("Own", 0, ["Front", "Back", "Extra"], ("{{Front}}", used + "{{Back}}" + used))
    report = designs.imported(made, ["a", "b", 'precious <b>"text"</b>'])
    assert home.read("Deck.md") == "Q: a\nA: b\n"
    assert "The field `Extra` is not shown on any card of 1 note that fills it in; it was left out." in [
        remark.message for remark in report.remarks
    ]


def test_a_field_in_the_address_of_a_link_or_picture_is_seen(designs: Designs, home: Home) -> None:
    made = note_type(
        "Own",
        0,
        ["Word", "Image"],
        ('<a href="https://x.org/{{Word}}">{{Word}}</a>', '<img src="https://y.org/{{Image}}">'),
    )
    assert designs.imported(made, ["a", "b.png"]).remarks == []
    assert home.read("Deck.md") == "Q: [a](https://x.org/a)\nA: ![](https://y.org/b.png)\n"


def test_a_template_may_have_other_braces(designs: Designs) -> None:
    made = note_type(
        "Other", 0, ["Front", "Back"], ("{{=<% %>=}}\n<%Front%> {{x}}", "{{=<% %>=}}<%#Back%><%Back%><%/Back%>")
    )
    assert designs.text(made, ["a", "b"]) == "Q: a {{x}}\nA: b\n"


def test_a_field_with_gaps_shown_only_on_the_back_is_on_the_same_cards_as_in_anki(designs: Designs, home: Home) -> None:
    made = note_type("Own", 1, ["Text", "More", "Never"], ("{{cloze:Text}}", "{{cloze:More}} {{cloze:Never}}"))
    report = designs.imported(made, ["{{c1::a}}", "see {{c1::b::hint}}", "no gap"])
    assert home.read("Deck.md") == "C: {{c1::a}}\n\n{{c1::see b}}\n"
    assert [remark.message for remark in report.remarks] == [
        "The field `Never` is not shown on any card of 1 note that fills it in; it was left out."
    ]


@pytest.mark.parametrize(
    ("front", "question"),
    [
        ('<div style="overflow: hidden">{{A}}</div>', "5"),
        ('<span aria-label="not hidden">{{A}}</span> times', "5 times"),
        ('<p title="a hidden gem">{{A}}</p>', "5"),
        ("Is 3 < {{A}}?", "Is 3 < 5?"),
        ("<div hidden></div>What {{A}}?", "What 5?"),
    ],
)
def test_only_hidden_text_is_left_out_of_a_question(designs: Designs, front: str, question: str) -> None:
    kind = note_type("Hidden", 0, ["A", "B"], (front, "{{FrontSide}}<hr id=answer>{{B}}"))
    assert designs.text(kind, ["5", "six"]) == f"Q: {question}\nA: six\n"


def test_the_text_of_a_field_has_no_scripts(designs: Designs) -> None:
    kind = note_type("T", 0, ["A", "B"], ("{{text:A}}", "{{B}}"))
    assert designs.text(kind, ["<b>a</b><script>x = 1</script><!-- c -->", "b"]) == "Q: a\nA: b\n"


@pytest.mark.parametrize("filter_", ["furigana", "kana", "kanji"])
def test_a_sound_in_brackets_is_not_read_as_furigana(home: Home, tmp_path: Path, filter_: str) -> None:
    types = {9: note_type("Japanese", 0, ["Expression", "Meaning"], (f"{{{{{filter_}:Expression}}}}", "{{Meaning}}"))}
    note = Made(["く[sound:a.mp3]", "to go"], type=9)
    home.import_file(write_package(tmp_path / "x.apkg", [note], types=types, media={"a.mp3": b"x"}))
    assert "media/a.mp3" in home.read("Deck.md")


def test_macros_of_a_template_are_added_to_those_of_the_collection(home: Home, tmp_path: Path) -> None:
    front = r"\( \def \R {\mathbb R} \def\seq#1{({#1})_n} \)\[\newcommand{\N}[1]{\mathbb{N}_{#1}} x\]<br>{{F}}"
    types = {9: note_type("Maths", 0, ["F", "B"], (front, "{{B}}"))}
    home.write("macros.tex", r"\R \mathbf{R}")
    package = write_package(tmp_path / "x.apkg", [Made([r"What is \(\R\)?", "reals"], type=9)], types=types)
    (remark,) = home.import_file(package).remarks
    assert home.read("macros.tex") == "\\R \\mathbf{R}\n\\seq ({#1})_n\n\\N \\mathbb{N}_{#1}\n"
    assert "def" not in home.read("Deck.md")
    assert "newcommand" not in home.read("Deck.md")
    assert (remark.place, "the existing definition was kept" in remark.message) == ("macros.tex", True)
    assert not home.import_file(package).changes_anything


@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("{{Q}}", "{{Shown}}<hr><div>{{A}}</div>"),
        ('{{Q}}<div class="hidden">{{A}}</div>', "{{Shown}}<div>{{A}}</div>"),
        ('{{Q}}<table id="t"></table>', "{{Q}}<div>{{A}}</div>"),
    ],
)
def test_a_back_that_repeats_the_front_by_another_field_is_shown_once(
    home: Home, tmp_path: Path, front: str, back: str
) -> None:
    types = {9: note_type("Rep", 0, ["Q", "Shown", "A"], (front, back))}
    home.import_file(
        write_package(tmp_path / "x.apkg", [Made(["Long?<br>one", "Long?<br>one", "It"], type=9)], types=types)
    )
    assert home.read("Deck.md").partition("A: ")[2].strip() == "It"


def test_a_hidden_field_is_never_dropped_as_a_switch(home: Home, tmp_path: Path) -> None:
    types = {9: note_type("MCQ", 0, ["Q", "O", "A"], ('{{Q}}<div class="hidden">{{O}}</div>', "{{A}}"))}
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["pick", "yes", "a"], type=9)], types=types))
    assert "<details><summary>…</summary>yes</details>" in home.read("Deck.md")


def test_scripts_and_special_fields_are_reported(home: Home, tmp_path: Path) -> None:
    types = {9: note_type("S", 0, ["Q", "A"], ("{{Q}}{{Tags}}<script>x()</script>", "{{A}} {{Deck}}"))}
    report = home.import_file(write_package(tmp_path / "x.apkg", [Made(["q", "a"], type=9)], types=types))
    assert [remark.message for remark in report.remarks] == [
        "The templates have scripts, `{{Tags}}`, `{{Deck}}`, which cannot be shown."
    ]


def test_hidden_text_of_a_back_can_be_opened(designs: Designs) -> None:
    made = note_type("Hidden", 0, ["Q", "A", "X"], ("{{Q}}", '{{A}}<div class="hidden">{{X}}</div>'))
    assert "A: a\n\n<details><summary>…</summary>x</details>" in designs.text(made, ["q", "a", "x"])


@pytest.mark.parametrize(
    ("css", "is_hidden"),
    [
        (".card { color: red }\n.more { display: none; }", True),
        ("@import url('_x.css'); .card .more,div#y{visibility:hidden}", True),
        ("/* .more {display:block} */ #extra{DISPLAY : NONE}", True),
        (".more{display:none} .more{display:block}", False),
        ("@media print { .x{color:red} .more{display:none} }", False),
        (".mobile .more{display:none} .more:hover{display:none} .more-or-less{display:none}", False),
        (".more{overflow:hidden; text-decoration:none; content:'display'}", False),
    ],
)
def test_text_that_the_style_sheet_hides_can_be_opened(designs: Designs, css: str, is_hidden: bool) -> None:
    side = '{{Q}}<div class="x more" id=extra>{{X}}</div>'
    made = note_type("Styled", 0, ["Q", "A", "X"], (side, "{{A}}")) | {"css": css}
    question = "q\n\n<details><summary>…</summary>x</details>" if is_hidden else "q\\\nx"
    assert designs.text(made, ["q", "a", "x"]).startswith(f"Q: {question}\n")


def test_the_label_of_a_button_becomes_the_summary_of_hidden_text(designs: Designs) -> None:
    button = '<a onclick="x()">More</a> <button onclick="x()">More</button> <div style="display:none">{{X}}</div>'
    made = note_type("Button", 1, ["T", "X"], ("{{cloze:T}}", "<div>{{cloze:T}}</div><hr>" + button))
    assert "{{c1::\n<details><summary>More</summary>x</details>\n\n}}" in designs.text(made, ["{{c1::a}} b", "x"])


def test_what_is_hidden_ends_where_its_element_ends(designs: Designs) -> None:
    front = '{{Q}}<div class="hidden"><div>{{X}}</div><div hidden>in<br></div></div><div>more</div>'
    made = note_type("Nested", 0, ["Q", "A", "X"], (front, "{{A}}"))
    hidden = "<details><summary>…</summary><div>x</div><div>in<br></div></details>"
    assert f"Q: q\n\n{hidden}\n\nmore\n\nA: a" in designs.text(made, ["q", "a", "x"])


def test_hidden_and_hinted_extras_of_a_cloze_can_be_opened_and_keep_their_form(designs: Designs) -> None:
    back = "{{cloze:T}}<br>{{X}}<div style='display:none'>{{Y}}</div>{{hint:Z}}"
    made = note_type("Extras", 1, ["T", "X", "Y", "Z"], ("{{cloze:T}}", back))
    text = designs.text(made, ["{{c1::a}} b", "x", "y", "<ul><li>z</li></ul>"])
    closed = "<details><summary>…</summary>y</details>\n\n<details><summary>Z</summary><ul><li>z</li></ul></details>"
    assert f"{{{{c1::x\n\n{closed}\n\n}}}}" in text


def test_a_second_text_with_gaps_for_scripts_is_shown_once(designs: Designs) -> None:
    front = "{{#c1}}<span hidden>c1</span>{{/c1}}<div hidden>{{cloze:T}}</div><div>{{edit:T}}</div>"
    made = note_type("Scripted", 1, ["T"], (front, "{{cloze:T}}"))
    assert designs.text(made, ["{{c1::a}} b"]).strip() == "C: {{c1::a}} b"


@pytest.mark.parametrize(
    ("css", "side", "is_hidden"),
    [
        (".front .more{display:none}", '<div class="front">{{Q}}<b class=more>{{X}}</b></div>', True),
        (".front > .x.more{display:none}", '<div class="front">{{Q}}<b class="more x">{{X}}</b></div>', True),
        (".front .more{display:none}", '<div class="front">{{Q}}</div><div class="more">{{X}}</div>', False),
        (".nightMode .more{display:none}", '{{Q}}<div class="more">{{X}}</div>', False),
        ("#m{display:none} .front .more{display:block}", "<p class=front>{{Q}}</p><p id=m class=more>{{X}}</p>", True),
        (".a .more{display:none} .more{display:block}", '<div class=a>{{Q}}<p class="more">{{X}}</p></div>', True),
        ("", '<div><style>.more{display:none}</style>{{Q}}</div><section class="more">{{X}}</section>', True),
        ("ul.more{display:none}", '{{Q}}<ul class="more"><li>{{X}}</li></ul>', True),
        ("", '{{Q}}<div style="visibility:hidden">{{X}}</div>', True),
        ("", '{{Q}}<div style="backface-visibility:hidden">{{X}}</div>', False),
    ],
)
def test_a_rule_hides_only_the_elements_that_it_is_for(designs: Designs, css: str, side: str, is_hidden: bool) -> None:
    made = note_type("Styled", 0, ["Q", "A", "X"], (side, "{{A}}")) | {"css": css}
    assert ("<details>" in designs.text(made, ["q", "a", "x"])) is is_hidden


def test_text_in_a_field_that_the_style_sheet_or_a_style_in_it_hides_can_be_opened(designs: Designs) -> None:
    made = note_type("Styled", 0, ["Q", "A"], ("{{Q}}", "{{A}}")) | {"css": ".more{display:none}"}
    fields = ['q <b class="more">x</b>', '<style>#y{display:none}</style>a<div id="y">z</div>']
    assert designs.text(made, fields) == (
        "Q: q\n\n<details><summary>…</summary>x</details>\n\nA: a\n\n<details><summary>…</summary>z</details>\n"
    )


def test_a_picture_that_the_front_leaves_out_of_a_text_with_gaps_is_on_the_back(designs: Designs) -> None:
    made = note_type("Text", 1, ["T", "X"], ("{{cloze:text:T}}", "{{cloze:T}}<br>{{X}}"))
    text = designs.text(made, ['the <b>{{c1::cat}}</b> <img src="cat.png">', "x"])
    assert text == "C: the {{c1::cat}}\n\n{{c1::![](media/cat.png)\\\nx}}\n"


def test_a_cloze_that_the_front_only_asks_to_type_shows_its_text(designs: Designs) -> None:
    made = note_type("Typed", 1, ["T", "X"], ("{{type:cloze:T}}", "{{type:cloze:T}}<br>{{X}}"))
    assert designs.text(made, ["le {{c1::chat}}", "x"]) == "C: le {{c1::chat}}\n\n{{c1::x}}\n\n<!-- type -->\n"


def test_a_field_with_a_non_breaking_space_is_not_empty(designs: Designs) -> None:
    made = note_type("Blank", 0, ["Q", "A"], ("{{^A}}no{{/A}}{{#A}}yes{{/A}} {{Q}}", "{{Q}}"))
    assert designs.text(made, ["q", "&nbsp;"]).startswith("Q: yes q\n")


def test_the_lists_of_a_note_type_are_in_order_whatever_their_numbers(designs: Designs) -> None:
    made = note_type("Order", 0, ["Q", "A"], ("{{Q}}", "{{A}}"), ("{{A}}", "{{Q}}"))
    made["flds"][0]["ord"], made["flds"][1]["ord"] = 1, 0
    assert designs.text(made, ["q", "a"]) == "Q: q\nA: a\n"


def test_letters_before_the_items_of_a_list_are_kept(designs: Designs) -> None:
    made = note_type("MCQ", 0, ["Q", "A"], ("{{Q}}", "{{A}}"))
    text = designs.text(made, ['<ol type="A"><li>one</li><li>two</li></ol>', "B"])
    assert '<ol type="A"><li>one</li><li>two</li></ol>' in text


def test_readings_beside_gaps_stay_on_their_side_of_the_gap(designs: Designs) -> None:
    made = note_type("Furigana", 1, ["T", "X"], ("{{furigana:cloze:T}}", "{{furigana:cloze:T}}{{X}}"))
    fields = ["{{c1:: 首都[しゅと]}}は{{c2::東京[とうきょう]::hint}}", ""]
    assert designs.text(made, fields, (0, 1)) == (
        "C: {{c1::<ruby>首都<rt>しゅと</rt></ruby>}}は{{c2::<ruby>東京<rt>とうきょう</rt></ruby>::hint}}\n"
    )


def test_an_answer_that_the_front_hides_and_the_back_shows_is_the_answer(designs: Designs) -> None:
    sides = '<div>{{Q}}</div><div class="back">{{A}}</div>', "<div>{{Q}}</div><hr><div>{{A}}</div>"
    made = note_type("Hidden", 0, ["Q", "A"], sides) | {"css": ".back{display:none}"}
    assert designs.text(made, ["q", "the answer"]) == "Q: q\nA: the answer\n"
