"""Deck files as hashcards reads them, compared with hashcards itself on random decks."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from flashcards.importers.hashcards import read_hashcards_file

ATOMS = (
    *("word", "ünï", "[gap]", "[a b]", "![](x)", "\\[", "\\]", "[", "]", "!", "\\", "$x$", "`c`", "  ", "\t", "- item"),
    *("### head", "***", "___", "", "\u3000", "[x][y]", "[[z]]", "\\\\", "![a](b.png)", "{{c1::q}}", "a:", "Q", "> q"),
    *("\r", "\x1f", "**b**"),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_random_decks_have_the_hashes_that_hashcards_gives(seed: int, tmp_path: Path) -> None:
    """50 decks a seed; hashcards refuses some of them."""
    program = shutil.which(os.environ.get("HASHCARDS", "hashcards"))
    if program is None:
        pytest.skip("needs hashcards")
    chance = random.Random(seed)
    for name in ("x", "b.png"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    accepted = 0
    for _ in range(50):
        text = make_deck(chance)
        (tmp_path / "a.md").write_text(text, encoding="utf-8", newline="")
        done = subprocess.run([program, "export", str(tmp_path)], capture_output=True, check=False)
        if done.returncode == 0:
            accepted += 1
            known = {card["hash"] for card in json.loads(done.stdout)["cards"]}
            assert {card.hash for card in read_hashcards_file(text)} == known, text
    assert accepted > 25


def make_deck(chance: random.Random) -> str:
    blocks = [make_block(chance) + chance.choice(["\n", "\n\n---\n", "\n\n"]) for _ in range(chance.randint(1, 8))]
    head = '---\nname = "x"\n---\n' if chance.random() < 0.2 else ""
    return head + "\n".join(blocks)


def make_block(chance: random.Random) -> str:
    kind = chance.choice("QTCCC")
    if kind == "C":
        return make_part(chance, "C: [z]")
    markers = ("Q:", "A:") if kind == "Q" else ("T:", "D:")
    return "\n".join(make_part(chance, marker) for marker in markers)


def make_part(chance: random.Random, start: str) -> str:
    lines = [start + chance.choice(["", " "]) + make_line(chance) + chance.choice(["", "  "])]
    return "\n".join([*lines, *(f" {make_line(chance)}" for _ in range(chance.randint(0, 3)))])


def make_line(chance: random.Random) -> str:
    return "".join(chance.choice(ATOMS) + chance.choice(["", " "]) for _ in range(chance.randint(0, 5)))


def test_text_between_cards_is_passed_over() -> None:
    cards = list(read_hashcards_file("prose\n\nQ: a\nA: b\n---\nmore prose\nA: lost\nC: [c]\n"))
    assert [(card.line, card.kind, card.text) for card in cards] == [(3, "Q", "a"), (8, "C", "c")]
