"""Any settings file, and any damage of the state, ends in a sentence and changes no deck.

Run for longer with `make fuzz`.
"""

from __future__ import annotations

import gc
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashcards.cli import run
from flashcards.collection import Collection
from flashcards.settings import SETTINGS
from scheduler import Rating
from tests.fuzz.inputs import INPUTS, RARE, SEED, bounded, read_pieces

DECK = "---\ntags: [x]\n---\n" + "".join(f"Q: q{n}\nA: a{n}\n\n" for n in range(40)) + "C: [one] and [two]\n"
READERS = [
    *(["due"], ["due", "--json"], ["list", "--json"], ["list", "is:due"], ["stats", "--json"], ["stats"], ["status"]),
    *(["forecast"], ["check"], ["doctor"], ["show", "a.md:4", "--json"], ["orphans"], ["undo", "--list"], ["scan"]),
    *(["readiness", "--on", "2030-01-01", "--json"], ["mock", "--history"], ["export", "--format", "json"], ["backup"]),
]
WRITERS = [
    *(["answer", "a.md:4", "good"], ["flag", "1", "q1"], ["suspend", "q2"], ["undo"], ["set-due", "3", "q3", "-y"]),
    *(["forget", "q4", "-y"], ["pin", "q5"], ["add", "a", "new?", "yes"], ["doctor", "--rebuild"], ["import", "l.csv"]),
    *(["bury", "q6"], ["optimize"], ["export", "-o", "out.apkg"], ["link", "a.md:4", "a.md:7"], ["unlink", "a.md:4"]),
]
NAMES = [setting.name for setting in SETTINGS]
ODD = [
    *("true", "-1", "0", "1", "1e9", "1e400", "nan", "-inf", "9" * 30, "0x" + "f" * 300, '""', "[]", "{}", "[[1]]"),
    *("2026-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "25:61:00", "[1, 2, 3]", '["1m", "10m"]', "{a = {b = 1}}"),
    *(
        f"[{', '.join(['0.1'] * 21)}]",
        f"[{', '.join(['1e308'] * 21)}]",
        f'"{"x" * 9000}"',
        '"\\u0000\\u001b]0;x\\u0007"',
    ),
    *(f'"{piece}"' for piece in ("a", "4:00", "24:00", "-1:00", "1m", "1m 10m", "0s", "99999999d", "../..", "/etc")),
]
TABLES = [
    "",
    "[decks.a]",
    '[decks."a::b"]',
    '[decks."\\u001b"]',
    "[formats]",
    "[mock.x]",
    "[keys]",
    "[ignore]",
    "[[decks]]",
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template")
    (root / "a.md").write_text(DECK)
    (root / "l.csv").write_text("card,rating,time\na.md:4,3,2024-01-01T10:00:00\n")
    with Collection(root) as collection:
        collection.scan()
        cards = collection.connection.execute("SELECT id FROM cards ORDER BY id").fetchall()
        for number, (card,) in enumerate(cards[:20] * 3):
            rating = Rating(1 + number % 4)
            collection.store.rate(card, rating, collection.policy(1), 1_780_000_000_000 + number * 90_000_000, 900)
    assert run(["-C", str(root), "backup"]) == 0
    return root


def copies(template: Path, folder: Path, kind: str, count: int) -> Iterator[tuple[Path, random.Random, int]]:
    for number in range(count):
        root = folder / "home"
        shutil.copytree(template, root)
        yield root, random.Random(f"{SEED}/{kind}/{number}"), number
        shutil.rmtree(root)


def make_settings(source: random.Random) -> bytes:
    """Settings of which one to four have any value; some files are right."""
    if source.random() < 0.25:
        return f"new_per_day = {source.randrange(99)}\n[decks.a]\nretention = 0.{source.randrange(80, 97)}\n".encode()
    lines = []
    for _ in range(source.randrange(1, 5)):
        if source.random() < 0.4:
            lines.append(source.choice(TABLES))
        name = source.choice([*NAMES, "ignore", "macros", "a.b.c", '"\\u0007"'])
        value = source.choice(ODD) if source.random() < 0.8 else source.choice(read_pieces("yaml"))
        lines.append(f"{name} = {value}")
    text = "\n".join(lines) + "\n"
    if source.random() < 0.1:
        at = source.randrange(len(text))
        text = text[:at] + source.choice([*RARE, "[" * 2000, "a." * 2000]) + text[at:]
    return text.encode("utf-8", "surrogatepass") if source.random() < 0.97 else b"\xff" + text.encode("utf-8", "ignore")


def damage(path: Path, source: random.Random) -> None:
    """Damage a file in one of the ways in which disks and programs do."""
    data = bytearray(path.read_bytes())
    kind = source.randrange(5)
    if kind == 0:
        data = data[: source.randrange(len(data))]
    elif kind == 1:
        start = source.randrange(0, len(data), 512)
        data[start : start + 512 * source.randrange(1, 20)] = bytes(512)
    elif kind == 2:
        start, other = (source.randrange(0, len(data), 4096) for _ in range(2))
        data[start : start + 4096] = data[other : other + 4096]
    else:
        for _ in range(source.choice((1, 3, 30, 300))):
            at = source.randrange(100 if kind == 3 else len(data))
            data[at] = source.randrange(256)
    path.write_bytes(data)


def run_quietly(root: Path, words: list[str], capsys: pytest.CaptureFixture[str], number: int) -> int:
    """Run a command, which ends without an exception and says at most a sentence on failure."""
    code = run(["-C", str(root), *words])
    out, err = capsys.readouterr()
    assert code in (0, 1, 2), (number, words, code)
    assert code == 0 or out or err.strip(), (number, words)
    assert not set(out + err) & set("\x1b\x07\x7f\x9b"), (number, words)
    return code


def test_any_settings_end_in_a_sentence(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    count = max(25, min(5_000, INPUTS // 25))
    codes: dict[int, int] = {}
    for root, source, number in bounded(copies(template, tmp_path, "settings", count)):
        (root / "flashcards.toml").write_bytes(make_settings(source))
        for words in source.sample(READERS, 2) + source.sample(WRITERS, 1):
            code = run_quietly(root, words, capsys, number)
            codes[code] = codes.get(code, 0) + 1
    assert codes[0]
    assert codes[2]


@pytest.mark.slow
def test_any_damage_of_the_state_is_explained_and_can_be_repaired(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    count = max(15, min(2_000, INPUTS // 40))
    failed = 0
    for root, source, number in bounded(copies(template, tmp_path, "damage", count)):
        damage(root / ".flashcards" / "state.db", source)
        words: Any = source.choice(READERS + WRITERS)
        deck = (root / "a.md").read_bytes()
        code = run_quietly(root, words, capsys, number)
        failed += code != 0
        # These write their line before the scan that may come upon the damage; the line is right in any state.
        assert words[0] in ("pin", "add") or (root / "a.md").read_bytes() == deck, (number, words)
        gc.collect()  # closes what a failed command left open in this process
        assert run_quietly(root, ["restore", "-y"], capsys, number) == 0, (number, words)
        assert run_quietly(root, ["doctor"], capsys, number) == 0, (number, words)
    assert failed
