"""What becomes of a package: notes, media, tags, settings, schedules; and what an import leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards import cli
from flashcards.collection import Collection
from scheduler import ReviewKind, State
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CLOZE, CREATED, DAY_MS, REVERSED, START, Made, note_type, studied, write_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def test_each_deck_becomes_a_file_in_folders(home: Home, package: Path) -> None:
    notes = [Made(["a", "b"], deck=5), Made(["c", "d"], deck=6)]
    write_package(package, notes, decks={5: "Big::Small", 6: "Big"})
    assert home.import_file(package).files == ["Big/Small.md", "Big.md"]
    assert home.read("Big/Small.md") == "Q: a\nA: b\n"
    assert home.read("Big.md") == "Q: c\nA: d\n"


@pytest.mark.parametrize("name", ["a/b", ".hidden", "con", "x: y?", " blanks  here ", "ünï", "a" * 300, "...", "-"])
def test_a_deck_of_any_name_keeps_its_name(home: Home, package: Path, name: str) -> None:
    write_package(package, [Made(["a", "b"], deck=5)], decks={5: name})
    home.import_file(package)
    expected = " ".join(name.split())
    decks = home.with_collection(lambda collection: {entry.deck for entry in collection.catalog.entries()})
    assert decks == {expected}


def test_decks_whose_names_differ_only_in_case_get_separate_files(home: Home, package: Path) -> None:
    write_package(package, [Made(["a", "b"], deck=5), Made(["c", "d"], deck=6)], decks={5: "One", 6: "one"})
    assert len({path.casefold() for path in home.import_file(package).files}) == 2


def test_a_file_of_a_person_is_never_written_to(home: Home, package: Path) -> None:
    home.write("Deck.md", "Q: mine\nA: yes\n")
    report = home.import_file(write_package(package, [Made(["a", "b"])]))
    assert home.read("Deck.md") == "Q: mine\nA: yes\n"
    assert report.files == ["Deck-anki.md"]
    assert home.read("Deck-anki.md").startswith("---\ndeck: Deck\n---\n")


@pytest.mark.parametrize(("mine", "there"), [("DECK.md", "Deck"), ("one/TWO.md", "One::Two"), ("u\u0308.md", "Ü")])
def test_a_name_that_some_disks_take_for_an_existing_file_is_not_used(
    home: Home, package: Path, mine: str, there: str
) -> None:
    (home.root / mine).parent.mkdir(exist_ok=True)
    home.write(mine, "Q: mine\nA: yes\n")
    report = home.import_file(write_package(package, [Made(["a", "b"])], decks={1: there}))
    assert report.files == [f"{there.replace('::', '/')}-anki.md"]
    assert home.read(mine) == "Q: mine\nA: yes\n"


def test_a_note_asked_both_ways_is_marked(home: Home, package: Path) -> None:
    write_package(package, [Made(["a", "b"], type=REVERSED, cards={0: {}, 1: {}})])
    home.import_file(package)
    assert home.read("Deck.md") == "Q: a\nA: b\n<!-- reverse -->\n"


def test_a_card_whose_other_side_was_deleted_stays_alone(home: Home, package: Path) -> None:
    write_package(package, [Made(["a", "b"], type=REVERSED, cards={1: {}})])
    home.import_file(package)
    assert home.read("Deck.md") == "Q: b\nA: a\n"


def test_each_card_of_an_unusual_note_type_becomes_a_note(home: Home, package: Path) -> None:
    kind = note_type(
        "Words",
        0,
        ["Word", "Meaning", "Sound", "Remark"],
        ("{{Word}}", "{{FrontSide}}<hr id=answer>{{Meaning}}{{#Sound}}<br>{{Sound}}{{/Sound}}"),
        ("Say: {{Meaning}}", "{{FrontSide}}<hr id=answer>{{Word}}"),
    )
    notes = [Made(["cat", "Katze", "[sound:c.mp3]", "secret"], type=9, cards={0: {}, 1: {}})]
    report = home.import_file(write_package(package, notes, types={9: kind}, media={"c.mp3": b"x"}))
    assert home.read("Deck.md") == "Q: cat\nA: Katze\\\n![](media/c.mp3)\n\nQ: Say: Katze\nA: cat\n"
    assert any("`Remark` is not shown on any card" in remark.message for remark in report.remarks)


def test_what_only_the_back_of_a_cloze_shows_is_hidden_on_its_front(home: Home, package: Path) -> None:
    notes = [Made(["{{c1::a}} and {{c2::b::hint}}", "more <b>text</b>"], type=CLOZE, cards={0: {}, 1: {}})]
    home.import_file(write_package(package, notes))
    assert home.read("Deck.md") == "C: {{c1::a}} and {{c2::b::hint}}\n\n{{c1,2::more **text**}}\n"


def test_tags_that_all_notes_share_are_written_at_the_top(home: Home, package: Path) -> None:
    write_package(package, [Made(["a", "b"], tags="x y::z"), Made(["c", "d"], tags="x w")])
    home.import_file(package)
    text = home.read("Deck.md")
    assert text == "---\ntags: [x]\n---\n\nQ: a\nA: b\n<!-- tags: y::z -->\n\nQ: c\nA: d\n<!-- tags: w -->\n"


@pytest.mark.parametrize(
    "tag",
    ["null", "True", "1", "1e3", "2020-01-01", "~", "a:b", "[a]", "&a", "'a'", "<<", "#h", "##h", "#a::#b&c"],
)
def test_a_tag_that_yaml_reads_as_another_value_stays_a_tag(home: Home, package: Path, tag: str) -> None:
    home.import_file(write_package(package, [Made(["a", "b"], tags=tag)]))
    with Collection(home.root) as collection:
        collection.scan()
        assert [entry.note.tags for entry in collection.catalog.entries()] == [(tag,)]


def test_tags_that_need_another_name_are_reported_once(home: Home, package: Path) -> None:
    notes = [Made(["a", "b"], tags="--> x,y ok #h a::b"), Made(["c", "d"], tags="x,y")]
    messages = [remark.message for remark in home.import_file(write_package(package, notes)).remarks]
    assert messages == ["1 tag gets another name: `x,y` is `x-y`.", "1 tag is left out: `-->`."]
    assert "<!-- tags: ok, ##h, a::b -->" in home.read("Deck.md")


def test_unused_media_files_are_reported_with_their_number(home: Home, package: Path) -> None:
    media = {"a.png": b"1", "_font.ttf": b"2", "b.png": b"3"}
    report = home.import_file(write_package(package, [Made(['<img src="a.png">', "b"])], media=media))
    assert [remark.message for remark in report.remarks] == [
        "2 media files are not used by any note and were not copied: `_font.ttf`, `b.png`."
    ]


def test_media_files_keep_their_names(home: Home, package: Path) -> None:
    notes = [Made(['<img src="a b.png">', "[sound:x.mp3]"], deck=5)]
    write_package(package, notes, decks={5: "A::B"}, media={"a b.png": b"1", "x.mp3": b"2", "unused.png": b"3"})
    assert home.import_file(package).media == 2
    assert home.read("A/B.md") == "Q: ![](../media/a%20b.png)\nA: ![](../media/x.mp3)\n"
    assert (home.root / "media" / "a b.png").read_bytes() == b"1"


def test_a_media_file_that_differs_from_one_of_its_name_gets_another_name(home: Home, package: Path) -> None:
    (home.root / "media").mkdir()
    (home.root / "media" / "a.png").write_bytes(b"mine")
    write_package(package, [Made(['<img src="a.png">', "b"])], media={"a.png": b"theirs"})
    home.import_file(package)
    assert (home.root / "media" / "a.png").read_bytes() == b"mine"
    assert len(list((home.root / "media").iterdir())) == 2


@pytest.mark.parametrize("name", ["x.md", "x.MD", "x.md "])
def test_a_media_file_named_like_a_deck_is_not_read_as_one(home: Home, package: Path, name: str) -> None:
    notes = [Made([f'<a href="{name}">more</a>', "b"])]
    home.import_file(write_package(package, notes, media={name.strip(): b"Q: no\nA: note\n"}))
    with Collection(home.root) as collection:
        collection.scan()
        assert [entry.path for entry in collection.catalog.entries()] == ["Deck.md"]
    assert f"[more](media/{name.strip()}.txt)" in home.read("Deck.md")
    assert (home.root / "media" / f"{name.strip()}.txt").read_bytes() == b"Q: no\nA: note\n"


def test_an_edit_in_a_package_without_media_keeps_the_pictures_of_an_earlier_one(home: Home, package: Path) -> None:
    picture = '<img src="50%.png">'
    home.import_file(write_package(package, [Made([f"a {picture}", "b"])], media={"50%.png": b"\x89PNG"}))
    report = home.import_file(write_package(package, [Made([f"c {picture}", "b"], mod=CREATED + 5)]))
    assert home.read("Deck.md").startswith("Q: c ![](media/50-.png)\n")
    assert report.remarks == []


def test_a_medium_that_is_missing_is_reported(home: Home, package: Path) -> None:
    report = home.import_file(write_package(package, [Made(['<img src="a.png">', "b"])]))
    assert any("`a.png` is missing" in remark.message for remark in report.remarks)


def test_options_of_a_deck_become_settings(home: Home, package: Path) -> None:
    options = {
        "name": "X",
        "desiredRetention": 0.85,
        "new": {"perDay": 7, "delays": [1, 15, 1440]},
        "rev": {},
        "lapse": {},
    }
    home.import_file(write_package(package, [Made(["a", "b"])], presets={1: options}))
    policy = home.with_collection(lambda collection: collection.policy(collection.catalog.decks()["Deck"]))
    assert policy.retention == 0.85  # type: ignore[attr-defined]
    assert policy.new_per_day == 7  # type: ignore[attr-defined]
    assert policy.learning_steps == (60, 900, 86_400)  # type: ignore[attr-defined]


def test_an_edited_settings_file_is_kept_and_the_report_lists_the_lines_to_add(home: Home, package: Path) -> None:
    home.write("flashcards.toml", "retention = 0.8\n")
    options = {"name": "X", "desiredRetention": 0.85}
    report = home.import_file(write_package(package, [Made(["a", "b"])], presets={1: options}))
    assert home.read("flashcards.toml") == "retention = 0.8\n"
    assert any("retention = 0.85" in remark.message for remark in report.remarks)


def test_counts_whose_reviews_are_lost_are_kept(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [studied(reps=50, lapses=4)]))
    with Collection(home.root) as collection:
        card = collection.store.card(collection.connection.execute("SELECT id FROM cards").fetchone()[0])
        assert (card.reps, card.lapses) == (50, 4)
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


def test_a_card_without_a_log_keeps_its_schedule_and_gets_a_memory(home: Home, package: Path) -> None:
    note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 90, "due": 1_200, "reps": 9, "factor": 2500}})
    home.import_file(write_package(package, [note]))
    with Collection(home.root) as collection:
        card = collection.store.card(collection.connection.execute("SELECT id FROM cards").fetchone()[0])
        assert card.state is State.REVIEW
        assert card.interval == 90 * 86_400
        assert card.stability is not None
        assert 80 < card.stability < 100
        assert card.due_day is not None
        assert card.last_day == card.due_day - 90
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


@pytest.mark.parametrize("queue", [1, 2])
def test_the_place_of_a_card_in_a_filtered_deck_is_not_a_due_day(home: Home, package: Path, queue: int) -> None:
    note = studied(due=-99_999, odue=0, odid=1, queue=queue)
    home.import_file(write_package(package, [note]))
    with Collection(home.root) as collection:
        card = collection.store.card(collection.connection.execute("SELECT id FROM cards").fetchone()[0])
        assert card.due_day == CREATED // 86_400


def test_the_memory_state_of_anki_is_used_if_the_start_of_the_log_is_lost(home: Home, package: Path) -> None:
    note = studied(data='{"s":33.5,"d":4.5}')
    note.log = [(*row[:-1], 1) for row in note.log]
    home.import_file(write_package(package, [note]))
    with Collection(home.root) as collection:
        card = collection.store.card(collection.connection.execute("SELECT id FROM cards").fetchone()[0])
        assert (card.stability, card.difficulty) == (33.5, 4.5)
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


def test_a_dry_run_reports_the_changes_without_making_them(home: Home, package: Path) -> None:
    write_package(package, [studied(), Made(['<img src="a.png">', "d"])], media={"a.png": b"x"})
    before = home.files(), home.state()
    dry = home.import_file(package, dry_run=True)
    assert (home.files(), home.state()) == before
    assert not list((home.root / ".flashcards").glob("backups/*"))
    real = home.import_file(package)
    assert (dry.added, dry.reviews, dry.cards, dry.media) == (real.added, real.reviews, real.cards, real.media)
    assert (real.added, real.reviews, real.cards, real.media) == (2, 3, 1, 1)


def test_the_same_package_again_changes_nothing(home: Home, package: Path) -> None:
    write_package(package, [studied(), Made(["c", "d"])], media={"a.png": b"x"})
    home.import_file(package)
    before = home.files(), home.state()
    assert not home.import_file(package).changes_anything
    assert (home.files(), home.state()) == before


def test_a_newer_package_updates_texts_and_tags_where_they_are(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [Made(["a", "b"]), Made(["c", "d"])]))
    home.write("Deck.md", "# Mine\n\nProse.\n\n" + home.read("Deck.md"))
    before = home.state()[0]
    newer = [Made(["a", "better"], tags="t", mod=CREATED + 9), Made(["c", "d"]), Made(["e", "f"])]
    report = home.import_file(write_package(package, newer))
    assert (report.added, report.updated, report.unchanged) == (1, 1, 1)
    assert home.read("Deck.md") == (
        "# Mine\n\nProse.\n\nQ: a\nA: better\n<!-- tags: t -->\n\nQ: c\nA: d\n\nQ: e\nA: f\n"
    )
    assert [row[0] for row in home.state()[0]][:2] == [row[0] for row in before]


def test_changes_that_a_person_made_since_stay_and_are_reported(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [Made(["a", "b"]), Made(["c", "d"])]))
    home.write("Deck.md", home.read("Deck.md").replace("A: b", "A: mine"))
    newer = [Made(["a", "theirs"], mod=CREATED + 9), Made(["c", "new"], mod=CREATED + 9)]
    report = home.import_file(write_package(package, newer))
    assert (report.updated, report.kept) == (1, 1)
    assert home.read("Deck.md") == "Q: a\nA: mine\n\nQ: c\nA: new\n"
    assert any(remark.place == "Deck.md:1" for remark in report.remarks)


def test_a_summary_speaks_of_one_note_as_of_one(home: Home, package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.import_file(write_package(package, [Made(["a", "b"])]))
    home.write("Deck.md", "Q: a\nA: mine\n")
    write_package(package, [Made(["a", "theirs"], mod=CREATED + 9)])
    assert cli.run(["-C", str(home.root), "import", str(package)]) == 0
    assert capsys.readouterr().out == "x.apkg: nothing changed. 1 note is unchanged.\n"


def test_a_note_that_was_deleted_here_stays_deleted(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [Made(["a", "b"]), Made(["c", "d"])]))
    home.write("Deck.md", "Q: a\nA: b\n")
    report = home.import_file(package)
    assert report.removed == 1
    assert home.read("Deck.md") == "Q: a\nA: b\n"


def test_after_the_state_is_lost_an_import_finds_its_notes_by_their_text(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [studied(), Made(["c", "d"])]))
    for file in (home.root / ".flashcards").glob("**/state*.db*"):
        file.unlink()
    report = home.import_file(package)
    assert (report.added, report.unchanged, report.reviews) == (0, 2, 3)
    assert home.read("Deck.md") == "Q: a\nA: b\n\nQ: c\nA: d\n"


def test_reviews_of_both_sides_are_merged_by_time(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [studied(3)]))
    with Collection(home.root) as collection:
        collection.scan()
        card = collection.connection.execute("SELECT id FROM cards").fetchone()[0]
        from scheduler import Policy, Rating

        collection.store.rate(card, Rating.GOOD, Policy(), START + 10 * DAY_MS)
    report = home.import_file(write_package(package, [studied(5)]))
    assert report.reviews == 2
    with Collection(home.root) as collection:
        log = collection.store.log(card)
        assert [row.id for row in log] == sorted(row.id for row in log)
        assert sum(row.kind is ReviewKind.RATING for row in log) == 6
        assert collection.store.card(card).reps == 6
        assert collection.store.card(card).last_ms == START + 10 * DAY_MS
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


def test_two_reviews_at_one_instant_are_each_kept_once(home: Home, package: Path) -> None:
    home.write("mine.md", "Q: mine\nA: yes\n")
    with Collection(home.root) as collection:
        collection.scan()
        from scheduler import Policy, Rating

        card = collection.connection.execute("SELECT id FROM cards").fetchone()[0]
        collection.store.rate(card, Rating.GOOD, Policy(), START)
    write_package(package, [studied(3)])
    assert home.import_file(package).reviews == 3
    assert home.import_file(package).reviews == 0


def test_a_backup_is_made_before_anything_is_changed(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [studied()]))
    assert len(list((home.root / ".flashcards" / "backups").iterdir())) == 1
