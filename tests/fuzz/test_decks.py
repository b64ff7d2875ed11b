"""Decks of any text are read, checked and drawn without an error, and nothing in them becomes markup of Anki.

Run for longer with `make fuzz`.
"""

from __future__ import annotations

import json
import re
from itertools import chain

import pytest
from rich.console import Console

from flashcards.anki.to_markdown.convert import Converter
from flashcards.deck.cloze import build_face
from flashcards.deck.front_matter import read_front_matter
from flashcards.deck.html import split_html
from flashcards.deck.media_references import find_references
from flashcards.deck.model import Kind, Note
from flashcards.deck.parse import parse
from flashcards.deck.pitfalls import find_conflict, find_dead_links, find_lost_cells, find_unbalanced_math
from flashcards.deck.source import normalize
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from flashcards.render.html.tags import write_typed_answer
from flashcards.render.terminal.renderer import TerminalRenderer, render_plain
from tests.fuzz.inputs import MARKDOWN, YAML, bounded, generate, mutate_fixtures

HTML = HtmlRenderer({}, lambda name: f"media-{len(name)}.mp3")
TERMINAL = TerminalRenderer({}, plain=False)
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


def examine(text: str) -> None:
    """Read a deck, and use each of its notes as a review, an export and `check` do."""
    find_conflict(normalize(text))
    deck = parse(text, "a/b.md")
    json.dumps([deck.settings, deck.setting_lines])
    assert not CONTROLS.search(deck.name)
    lines = normalize(text).count("\n") + 1
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
            write_typed_answer(note.fields[-1], note.definitions)


def test_any_deck_is_read_and_drawn() -> None:
    for text in bounded(chain(generate(MARKDOWN), mutate_fixtures())):
        examine(text)


def test_any_front_matter_is_read() -> None:
    for text in bounded(generate(YAML)):
        found = read_front_matter(normalize(f"---\n{text}\n---\n"))
        json.dumps(found.values)
        examine(f"---\n{text}\n---\nQ: a\nA: b\n")


def test_any_html_of_a_field_becomes_a_note() -> None:
    converter = Converter(lambda name: name)
    for text in bounded(generate(MARKDOWN)):
        for is_cloze in (False, True):
            found = converter.convert(text, cloze=is_cloze)
            render_plain(found.markdown)
