"""Random collections of the real core: note types, HTML, decks, tags and schedules that come here and go back."""

from __future__ import annotations

import html
import random
import re
from pathlib import Path
from typing import Any, Final

import pytest

from flashcards.anki.exports.notes import clean_tags
from flashcards.collection import Collection
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.anki.imports.judge import differences, find_slot
from tests.real import history_world
from tests.real.history_world import exported, into

pytest.importorskip("anki.collection", reason="needs the anki wheel")

PIECES: Final = (
    *("{}", "<b>{}</b>", "<i>{} <u>{}</u></i>", "<ul><li>{}</li><li>{}<ul><li>{}</li></ul></li></ul>", "<h2>{}</h2>{}"),
    "<table><tr><th colspan=2>{}</th></tr><tr><td>{}</td><td>{}</td></tr></table>",
    *("<div>{}</div><div><br></div><div>{}</div>", "{}&nbsp;&nbsp;{}\t{}", "{} &lt;tag&gt; &amp;amp; {}"),
    *("\\({}^2\\)", "\\[\\frac{{{}}}{{2}}\\]", "[latex]\\alpha {}[/latex]", "[$]{}[/$]", '<img src="pic.png">{}'),
    *("<ruby>漢{}<rt>かん</rt></ruby>", '<div dir="rtl">שלום {}</div>', "<code>{} &lt; {}</code>"),
    *("<pre>{}\n  {}\n</pre>", '<span style="color: rgb(255, 0, 0);">{}</span>', "<blockquote>{}</blockquote>"),
    *('<a href="https://x.org/?a=1&amp;b">{}</a>', "x<sup>2</sup>{}", "<b> {} </b>{}", "<!-- c -->{}", "{}\\{} \\*"),
    *("# {}", "- {}", "1. {}", "Q: {}", "{} :: {}", "*{}* _{}_ `{}`", "$5 and $6 {}", "---<br>{}", "|{}|{}|", "> {}"),
    *("<details><summary>{}</summary>{}</details>", "{{{{{}}}}}", "\u200b{}", "😀{}", "<svg><text>{}</text></svg>"),
    *("{}<br><ul><li></li><li>{}</li></ul>", "<dl><dt>{}</dt><dd>{}</dd></dl>"),
)
"""Pieces of fields; each {} becomes another word."""

FRONTS: Final = (
    *("{{A}}", "{{#B}}{{A}} {{B}}{{/B}}{{^B}}{{A}} none{{/B}}", "<div class=q>{{A}}</div>{{hint:C}}"),
    *("{{A}}{{type:B}}", "{{text:A}} {{C}}", "{{furigana:A}}", "{{B}}?{{#A}} {{A}}{{/A}}"),
    "{{edit:A}}<script>var x;</script>",
)
BACKS: Final = (
    *("{{FrontSide}}<hr id=answer>{{B}}", "{{B}}", "{{FrontSide}}<hr id=answer>{{#C}}{{C}}{{/C}}{{^C}}{{B}}{{/C}}"),
    "{{A}}<hr id=answer>{{C}}{{B}}",
)
CLOZES: Final = (("{{cloze:A}}<br>{{B}}", "{{cloze:A}}<br>{{C}}"), ("{{#B}}{{B}}<br>{{/B}}{{cloze:A}}", "{{cloze:A}}"))
DECKS: Final = ("A", "A::B", "Ünï::日本", "x: y?", "CON", ".dot", 'quote"s', "#hash::[br]", "emoji 😀")
TAGS: Final = ("t1", "p::c", "p::c::d", "marked", "UPPER", "ünï", "<b>", "1")
WORD: Final = re.compile(r"w\d+w")


class RandomCollection:
    """A collection of Anki in which each word is there once."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World(folder, fsrs=seed % 2 == 0, chance=self.chance)
        self._words = 0
        self.world.col.media.write_data("pic.png", b"\x89PNG")
        kinds = ["Basic (and reversed card)", "Cloze", self._add_type(0, cloze=True)]
        kinds += [self._add_type(number, cloze=False) for number in range(1, 4)]
        for _ in range(25):
            self._add_note(self.chance.choice(kinds))
        self.world.study(6, 6)
        for card in self.world.db.list("SELECT id FROM cards"):
            self._mark(card)

    def _word(self) -> str:
        self._words += 1
        return f"w{self._words}w"

    def _field(self) -> str:
        pieces = self.chance.sample(PIECES, self.chance.choice([1, 1, 2, 3]))
        return " ".join(piece.format(*[self._word() for _ in range(3)]) for piece in pieces)

    def _cloze(self) -> str:
        gaps = (
            f"{{{{c{number}::{self._word()}{self.chance.choice(['', '::hint'])}}}}} {self._field()}"
            for number in (1, 2, 7)
        )
        return f"{' '.join(gaps)} {{{{c3::{self._word()} {{{{c4::{self._word()}}}}}}}}}"

    def _add_type(self, number: int, *, cloze: bool) -> str:
        models = self.world.col.models
        kind = models.new(f"T{number}")
        kind["type"] = int(cloze)
        for name in "ABC":
            models.add_field(kind, models.new_field(name))
        fronts = self.chance.sample(FRONTS, 2)
        sides = [self.chance.choice(CLOZES)] if cloze else [(front, self.chance.choice(BACKS)) for front in fronts]
        for index, (front, back) in enumerate(sides):
            template = models.new_template(f"card {index}")
            template["qfmt"], template["afmt"] = front, back
            models.add_template(kind, template)
        models.add_dict(kind)
        return str(kind["name"])

    def _add_note(self, name: str) -> None:
        world, chance = self.world, self.chance
        kind = world.col.models.by_name(name)
        assert kind is not None
        note = world.col.new_note(kind)
        for index in range(len(note.fields)):
            if index == 0:
                note.fields[0] = self._cloze() if kind["type"] else self._field()
            elif chance.random() < 0.75:
                note.fields[index] = self._field()
        note.tags = chance.sample(TAGS, chance.choice([0, 1, 2]))
        world.col.add_note(note, world.decks.id(chance.choice(DECKS)))
        cards = note.card_ids()
        if len(cards) > 1 and chance.random() < 0.3:
            world.col.set_deck([cards[-1]], world.decks.id(chance.choice(DECKS)))

    def _mark(self, card: Any) -> None:
        match self.chance.randrange(12):
            case 0:
                self.world.sched.suspend_cards([card])
            case 1:
                self.world.sched.bury_cards([card], manual=self.chance.random() < 0.5)
            case 2:
                self.world.col.set_user_flag_for_cards(self.chance.randrange(8), [card])
            case 3:
                self.world.sched.set_due_date([card], "3-9!")
            case 4:
                self.world.sched.schedule_cards_as_new([card])


def read_words(text: str) -> set[str]:
    """The words that a side shows, those of LaTeX and of drawings included."""
    unseen = r'<style>.*?</style>|<div class=source>.*?</div>|data-cloze="[^"]*"'
    text = re.sub(unseen, "", text, flags=re.DOTALL)
    return set(WORD.findall(html.unescape(text)))


def pair_cards(collection: Collection, world: World) -> dict[int, int]:
    """The cards of Anki and their ids here."""
    found = {}
    for source, part, note in collection.connection.execute("SELECT source, part, note FROM origins"):
        slots = dict(collection.connection.execute("SELECT slot, id FROM cards WHERE note = ?", (note,)))
        query = "SELECT c.id, c.ord FROM cards c JOIN notes n ON n.id = c.nid WHERE n.guid = ?"
        for card, number in world.db.execute(query, source):
            if (slot := find_slot(number, part, slots)) is not None:
                found[card] = slots[slot]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "suffix", "legacy"), [(0, "apkg", False), (1, "colpkg", False), (2, "apkg", True)])
def test_a_random_collection_comes_here_and_goes_back_whole(
    tmp_path: Path, seed: int, suffix: str, legacy: bool
) -> None:
    made = RandomCollection(tmp_path / "anki", seed)
    world, home, other = made.world, Home(tmp_path / "decks"), World(tmp_path / "other", limits=True)
    package = world.export(tmp_path / f"x.{suffix}", legacy=legacy)
    home.import_file(package)
    assert not home.import_file(package).changes_anything
    before = [world.db.all(f"SELECT * FROM {table} ORDER BY id") for table in ("notes", "cards", "revlog")]
    with Collection(home.root) as collection:
        collection.scan()
        assert differences(collection, world.db, world.sched.today) == []
        back = exported(collection, tmp_path / "back.apkg")
        into(other, back)
        assert history_world.differences(collection, other) == []
        pairs = pair_cards(collection, world)
    assert pairs.keys() == set(world.db.list("SELECT id FROM cards"))
    for there, here in pairs.items():
        one, two = world.col.get_card(there), other.col.get_card(here)  # type: ignore[arg-type]
        assert world.decks.name(one.did) == other.decks.name(two.did)
        assert {*clean_tags(one.note().tags)} == {*clean_tags(two.note().tags)}
        if "front-of-card-is-blank" not in one.question():
            assert read_words(one.question()) == read_words(two.question())
            typed = one.note()["B"] if "{{type:B}}" in str(one.template()["qfmt"]) else ""
            whole = read_words(one.question() + one.answer() + typed)
            assert whole == read_words(two.question() + two.answer())
    into(world, back)
    kept = {row[0] for row in before[0]}
    assert [row for row in world.db.all("SELECT * FROM notes ORDER BY id") if row[0] in kept] == before[0]
    files = home.files()
    home.import_file(other.export(tmp_path / "again.apkg"))
    assert home.files() == files
    world.close()
    other.close()
