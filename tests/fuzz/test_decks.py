"""Decks of any text are read, checked and drawn without an error, and nothing in them becomes markup of Anki.

Run for longer with `make fuzz`.
"""

from __future__ import annotations

import json
import re
from itertools import islice

import pytest
from rich.console import Console

from flashcards.anki.to_markdown.convert import Converter
from flashcards.deck.cloze import build_face
from flashcards.deck.front_matter import read_front_matter
from flashcards.deck.html import split_html
from flashcards.deck.media_references import find_references
from flashcards.deck.model import Deck, Kind, Note
from flashcards.deck.parse import parse
from flashcards.deck.pitfalls import find_conflict, find_dead_links, find_lost_cells, find_unbalanced_math
from flashcards.deck.source import normalize
from flashcards.dialects import NAMES, NATIVE
from flashcards.dialects.choose import Choice, Vault
from flashcards.dialects.obsidian_data import BOLD, CURLY, HIGHLIGHT, pick_settings
from flashcards.dialects.read import read_deck
from flashcards.render.formulas import find_endless_macros, parse_macros
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from flashcards.render.html.tags import list_typed_answers
from flashcards.render.terminal.renderer import TerminalRenderer, render_plain
from flashcards.render.tex import tex_to_text
from tests.fuzz.inputs import INPUTS, MARKDOWN, TEX, YAML, check_each, generate, generate_decks

HTML = HtmlRenderer({}, lambda name: f"media-{len(name)}.mp3")
TERMINAL = TerminalRenderer({}, plain=False)
VAULTS = [
    {},
    {"clozePatterns": [BOLD, CURLY, HIGHLIGHT, "[123;;]::answer::[hint;;]"], "convertFoldersToDecks": True},
    {"singleLineCardSeparator": ";;", "multilineCardSeparator": "---", "multilineCardEndMarker": "+++"},
    {"flashcardTags": ["#x", "#deck"], "multilineReversedCardSeparator": "", "convertBoldTextToClozes": True},
]
CHOICES = [Choice(name, "", None) for name in NAMES] + [
    Choice("obsidian", "", Vault("data.json", "", "", pick_settings({"settings": settings}), "", {}))
    for settings in VAULTS
]
MARKUP = re.compile(r"\[(?:sound:(?!media-\d+\.mp3\])|anki:|/?latex\]|/?\$\$?\]|\[?type:)", re.IGNORECASE)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
ACTIVE = re.compile(r"<script|<style|<iframe|javascript:|\son\w+\s*=", re.IGNORECASE)

pytestmark = pytest.mark.filterwarnings("error")


def draw(note: Note, slot: str) -> str:
    console = Console(width=40, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        face = build_face(note, slot)
        for side in (face.front, face.back):
            console.print(TERMINAL.render(side, note.definitions, face.delimiters))
    return captured.get()


def export(note: Note) -> str:
    if note.kind is Kind.CLOZE:
        return render_cloze(note, HTML)
    return "\x1e".join(HTML.render(field, note.definitions) for field in note.fields)


def examine(deck: Deck, text: str) -> None:
    """Use each note of a deck as a review, an export and `check` do."""
    json.dumps([deck.settings, deck.setting_lines])
    assert not CONTROLS.search(deck.name)
    lines = text.count("\n") + 1
    for problem in deck.problems:
        assert 1 <= problem.line <= lines, problem
        assert problem.message, problem
    for note in deck.notes:
        assert 1 <= note.line <= note.end_line <= lines
        html = export(note)
        tags = [piece for piece in split_html(html.replace("\x1e", " ")) if not isinstance(piece, str)]
        assert not MARKUP.search(html), html
        assert note.kind is Kind.CLOZE or not re.search(r"\{\{c[0-9]", html), html
        assert not any(ACTIVE.search(f"<{tag.name} {' '.join(tag.attributes)}") for tag in tags), html
        find_references(note)
        for field in note.fields:
            find_lost_cells(field)
            find_unbalanced_math(field)
            find_dead_links(field, note.definitions)
        for slot in note.slots:
            assert not CONTROLS.search(draw(note, slot))
        if note.typed:
            list_typed_answers(note.fields[-1], note.definitions)


def test_any_deck_is_read_and_drawn() -> None:
    def read(numbered: tuple[int, str]) -> None:
        number, text = numbered
        find_conflict(normalize(text))
        examine(parse(text, "a/b.md"), normalize(text))
        choice = CHOICES[number % len(CHOICES)]
        deck, name = read_deck(text, "a/b.md", choice)
        if name != NATIVE:
            examine(deck, normalize(text))

    check_each(enumerate(generate_decks()), read)


def test_any_front_matter_is_read() -> None:
    check_each(generate(YAML), lambda text: json.dumps(read_front_matter(normalize(f"---\n{text}\n---\n")).values))


def test_any_formula_is_written() -> None:
    def write(texts: tuple[str, str]) -> None:
        formula, lines = texts
        macros = parse_macros(lines)
        find_endless_macros(macros)
        assert "\x1b" not in tex_to_text(normalize(formula), macros.bodies, inline=len(formula) % 2 == 0)

    check_each(zip(generate(TEX), generate([*TEX, "\n\\name ", "\n\\two "]), strict=True), write)


def test_any_html_of_a_field_becomes_a_note() -> None:
    converter = Converter(lambda name: name)

    def convert(text: str) -> None:
        render_plain(converter.convert(text, cloze=len(text) % 2 == 0).markdown)

    check_each(islice(generate(MARKDOWN), max(1, INPUTS // 4)), convert)
