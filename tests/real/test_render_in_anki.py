from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flashcards.anki.package.model import CLOZE
from flashcards.anki.package.notetypes import make_note_type
from flashcards.deck.cloze import find_gaps
from flashcards.deck.model import Kind, Note
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from tests.render.fixture import cases
from tests.render.produce import MACROS, media

if TYPE_CHECKING:
    from anki.cards import Card
    from anki.collection import Collection

pytest.importorskip("anki.collection", reason="needs the anki wheel")

RENDERER = HtmlRenderer(MACROS, media)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    from anki.collection import Collection

    opened = Collection(str(Path(tmp_path_factory.mktemp("anki")) / "collection.anki2"))
    yield opened
    opened.close()


def added(collection: Collection, note_type: str, fields: list[str]) -> list[Card]:
    from anki.decks import DeckId

    model = collection.models.by_name(note_type)
    assert model is not None
    note = collection.new_note(model)
    note.fields[: len(fields)] = fields
    collection.add_note(note, DeckId(1))
    return note.cards()


def cloze_note(source: str) -> Note:
    gaps = find_gaps(source)
    slots = tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
    return Note(Kind.CLOZE, 1, 1, (source,), slots, gaps)


def ids(name: str) -> list[object]:
    return [pytest.param(case.source, id=str(case)) for case in cases(name)]


@pytest.mark.parametrize("source", ids("html"))
def test_a_field_shows_in_anki_as_it_was_rendered(collection: Collection, source: str) -> None:
    html = RENDERER.render(source)
    (card,) = added(collection, "Basic", [html or "&nbsp;", html])
    output = card.render_output()
    assert "{{" not in output.question_text.replace("{{d", "").replace("{{c}", "")
    assert html.split("[sound:")[0] in output.answer_text
    sounds = [tag.filename for tag in output.answer_av_tags if hasattr(tag, "filename")]
    assert len(sounds) >= html.count("[sound:")


@pytest.mark.parametrize("source", ids("cloze"))
def test_a_cloze_makes_a_card_for_each_number(collection: Collection, source: str) -> None:
    note = cloze_note(source)
    cards = added(collection, "Cloze", [render_cloze(note, RENDERER)])
    assert {f"c{card.ord + 1}" for card in cards} == set(note.slots)
    for card in cards:
        output = card.render_output()
        hints = {gap.hint.replace("::", ":&#58;") for gap in note.gaps if card.ord + 1 in gap.numbers}
        assert 'class="cloze"' in output.question_text
        assert any(f"[{hint or '...'}]" in output.question_text for hint in hints)
        assert "{{c" not in output.question_text
        assert "}}" not in output.answer_text.replace("{&#123;c1::x}}", "")


@pytest.mark.parametrize(
    ("source", "hidden", "shown"),
    [
        (r"{{c1::$\frac{\frac{a}{b}}{c}$}} is", r"\(\frac{\frac{a}{b} }{c}\)", "is"),
        ("[std::vector] grows", "std:&#58;vector", "grows"),
        ("[`{{x}}`] is a field", "<code>{&#123;x}&#125;</code>", "is a field"),
        ("{[c]}", "c", "&#123;"),
        ("{{c1::a {{c2::b}} c}} d", "b", "d"),
        ("[a:] b", "a&#58;", "b"),
    ],
)
def test_a_gap_is_hidden_on_the_front_and_whole_on_the_back(
    collection: Collection, source: str, hidden: str, shown: str
) -> None:
    card, *_ = added(collection, "Cloze", [render_cloze(cloze_note(source), RENDERER)])
    output = card.render_output()
    question = output.question_text.split("</style>")[-1]
    visible = "".join(part.split(">", 1)[-1] for part in question.split('data-cloze="'))
    assert hidden not in visible or hidden in ("c",)
    assert shown in question
    assert hidden in output.answer_text


class _Front(HTMLParser):
    """Counts the gaps that a front shows as `[…]`."""

    def __init__(self, html: str, number: int) -> None:
        super().__init__()
        self.shown = 0
        self._hider = f"more{number}"
        self._open: list[str] = []  # the names and classes of the open elements
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._open.append(f"{tag} {values.get('class')}")
        self.shown += "data-cloze" in values and not any(self._hider in each.split() for each in self._open)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().startswith(tag)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Intro {{c1::first\n\nsecond {{c2::in}}}} end.", [1, 1]),
        ("- {{c1,2::a\n- b}}\n- c", [1, 1]),
        ("x {{c1::a\n\n```py\ncode\n```\n\nb\n\nc}}", [1]),
        ("*x {{c1::a {{c2::b* c}} d}}", [1, 1]),
        ("{{c1::a}} and {{c1::b}}\n\n{{c1::c}}", [3]),
    ],
)
def test_a_gap_over_several_blocks_is_shown_once(collection: Collection, source: str, shown: list[int]) -> None:
    cards = added(collection, "Cloze", [render_cloze(cloze_note(source), RENDERER)])
    fronts = [card.render_output().question_text.split("</style>")[-1] for card in cards]
    assert [_Front(front, number).shown for number, front in enumerate(fronts, 1)] == shown
    assert ".card2 .more2 .cloze[data-cloze]" in make_note_type(CLOZE).css


def test_math_and_media_survive_in_a_cloze(collection: Collection) -> None:
    source = "If $x < y$ then [\\(y > x\\)] ![](a.mp3) ![m](b.png)"
    (card,) = added(collection, "Cloze", [render_cloze(cloze_note(source), RENDERER)])
    output = card.render_output()
    assert r"\(x &lt; y\)" in output.question_text
    assert r"\(y &gt; x\)" in output.answer_text
    assert [tag.filename for tag in output.answer_av_tags if hasattr(tag, "filename")] == ["a.mp3"]
    names = collection.media.files_in_str(card.note().mid, card.note().fields[0])
    assert sorted(names) == ["a.mp3", "b.png"]


def test_typed_cloze_markers_make_no_cloze(collection: Collection) -> None:
    html = RENDERER.render("text {{c1::x}} and $a{{c2::b}}$ and `{{c3::d}}`")
    from anki.notes import NoteFieldsCheckResult

    model = collection.models.by_name("Basic")
    assert model is not None
    note = collection.new_note(model)
    note.fields = [html, html]
    assert note.fields_check() == NoteFieldsCheckResult.NORMAL


@pytest.mark.parametrize(
    "markdown",
    [
        "`[sound:x1.mp3]`",
        "```\n[sound:x2.mp3]\n```",
        "[sound:x3.mp3] and \\[sound:x4.mp3\\] and $$[sound:x5.mp3]$$",
        "[anki:tts lang=en_US]x[/anki:tts]",
        "[anki:play:q:0]",
    ],
)
def test_text_in_square_brackets_is_not_played(collection: Collection, markdown: str) -> None:
    html = RENDERER.render(markdown)
    (card,) = added(collection, "Basic", [html, html])
    output = card.render_output()
    assert output.question_av_tags == [] == output.answer_av_tags
    assert "[anki:play" not in output.question_text
    assert not [name for name in collection.media.check().missing if name.startswith("x")]


@pytest.mark.parametrize(
    "markdown", ["`[latex]x[/latex]`", r"[latex]\\input{x}[/latex]", r"[\$]x[/\$]", r"[\$\$]x[/\$\$]"]
)
def test_text_is_not_compiled_as_latex(collection: Collection, markdown: str) -> None:
    from anki.latex import render_latex_returning_errors

    html = RENDERER.render(markdown)
    (card,) = added(collection, "Basic", [html, html])
    _, errors = render_latex_returning_errors(card.render_output().question_text, card.note_type(), collection)
    assert errors == []
    assert "<img" not in card.render_output().question_text


def test_escaped_math_in_a_cloze_is_text(collection: Collection) -> None:
    html = render_cloze(cloze_note(r"a \\(b\\) {{c1::x \\(**y**\\)}}"), RENDERER)
    (card,) = added(collection, "Cloze", [html])
    output = card.render_output()
    assert "<strong>y</strong>" in output.answer_text
    assert r"\(" not in output.answer_text
