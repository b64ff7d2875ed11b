"""`convert` rewrites files of other tools in the native format."""

from __future__ import annotations

import pytest

from tests.cli.runner import Runner

DATA = ".obsidian/plugins/obsidian-spaced-repetition/data.json"
VAULT = """---
aliases: [x]
---
# Physics

#flashcards/physics

Intro prose.

- What is c?::The speed of light ^id-1
energy:::joule <!--SR:!2026-12-16,51,230!2000-01-01,1,250-->

Which laws?
?
- one
- two
  more of two
<!--SR:!2026-12-16,51,230-->

Some prose below.

Light is ==fast;;how?== and ==bright== #hard.

## End
"""


@pytest.fixture
def vault(cli: Runner) -> Runner:
    cli.write(DATA, '{"settings": {}}')
    cli.write("notes/a.md", VAULT)
    return cli


def cards(cli: Runner) -> list[tuple[str, str, str, str, int, str | None]]:
    names = ("id", "back", "deck", "state", "reps", "due")
    return sorted(tuple(card[name] for name in names) for card in cli("list", "--json").lines)


def test_every_card_keeps_its_id_its_answer_its_deck_and_its_history(vault: Runner) -> None:
    vault("answer", vault.card('"speed of light"')["id"], "good")
    before = cards(vault)
    shown = vault("convert", "--yes", "notes")
    assert "+- What is c?" in shown.out
    assert cards(vault) == before
    scan = vault("scan", "--json").json
    assert (scan["added"], scan["removed"]) == ([], [])
    assert "check" not in vault("check", code=None).out
    text = (vault.root / "notes/a.md").read_text("utf-8")
    assert text.startswith('---\nformat: native\ndeck: "flashcards::physics"\naliases: [x]\n---\n')
    assert "energy ::: joule\n" in text
    assert "Intro prose." in text
    assert "Some prose below." in text
    assert "SR:!" not in text


def test_nothing_is_written_by_a_dry_run_or_without_consent(vault: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vault("convert", "--dry-run", "notes").out.startswith("--- a/notes/a.md\n+++ b/notes/a.md\n")
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    vault("convert", "notes")
    assert (vault.root / "notes/a.md").read_text("utf-8") == VAULT


def test_the_old_file_is_kept(vault: Runner) -> None:
    vault("convert", "--yes", "notes/a.md")
    (kept,) = (vault.root / ".flashcards/backups").glob("converted-*/notes/a.md")
    assert kept.read_text("utf-8") == VAULT


def test_windows_line_ends_stay(vault: Runner) -> None:
    vault.write("notes/a.md", "#flashcards\r\n\r\na::b\r\n")
    vault("convert", "--yes", "notes")
    data = (vault.root / "notes/a.md").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") > 3


def test_a_file_that_cannot_be_represented_is_left_and_named(vault: Runner) -> None:
    vault.write("notes/a.md", "#flashcards\n\n==ash;;x== and ==sha;;y==\n")
    vault.write("notes/b.md", "#flashcards\n\na::b\n")
    result = vault("convert", "--yes", "notes", code=1)
    assert "notes/a.md:3: The native format cannot represent gaps that other cards hide." in " ".join(
        result.err.split()
    )
    assert (vault.root / "notes/a.md").read_text("utf-8") == "#flashcards\n\n==ash;;x== and ==sha;;y==\n"
    assert "a :: b" in (vault.root / "notes/b.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ask\n?\none\n---\ntwo\n", "In the native format a line of `---` ends a note, and this note contains one."),
        ("ask\n?\n### Part\nanswer\n", "In the native format a heading ends a note, and this note contains one."),
        ("a ==1;;gap== and ==none==\n", "In the native format every `==highlight==` of a cloze is a gap"),
    ],
)
def test_a_file_that_is_left_alone_is_reported_with_the_reason(vault: Runner, text: str, said: str) -> None:
    vault.write("notes/a.md", f"#flashcards\n\n{text}")
    assert said in " ".join(vault("convert", "--yes", "notes/a.md", code=1).err.split())


@pytest.mark.parametrize("data", [b"# deck\n## caf\xe9\nyes\n", b"## a\n<<<<<<< HEAD\nb\n"])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(cli: Runner, data: bytes) -> None:
    (cli.root / "a.md").write_bytes(data)
    done = cli("convert", "--yes", "a.md", code=1)
    assert done.out == ""
    assert done.err.startswith("a.md:2: ")
    assert "nothing to convert" not in done.err
    assert (cli.root / "a.md").read_bytes() == data


def test_a_gap_within_code_is_converted(vault: Runner) -> None:
    vault.write("notes/a.md", "#flashcards\n\nWrite `a == b && b == c` here.\n")
    vault("convert", "--yes", "notes/a.md")
    assert "C: Write `a {{c1:: b && b }} c` here." in (vault.root / "notes/a.md").read_text("utf-8")


def test_notes_of_several_decks_are_reported(vault: Runner) -> None:
    vault.write("notes/a.md", "#flashcards/one\na::b\nc::d\n\n#flashcards/two\ne::f\n")
    assert "1 note from other decks will be in `flashcards::one`" in vault("convert", "--yes", "notes").err


def test_a_file_is_only_marked(vault: Runner) -> None:
    before = cards(vault)
    vault("convert", "--mark", "--yes", "notes")
    text = (vault.root / "notes/a.md").read_text("utf-8")
    assert text == VAULT.replace("---\naliases", "---\nformat: obsidian\naliases", 1)
    assert cards(vault) == before


def test_native_files_are_left_alone(cli: Runner) -> None:
    cli.write("a.md", "Q: a\nA: b\n")
    assert cli("convert", "a.md").err == "There is nothing to convert.\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("headings", "# D\n\n## {{c1::Paris}}?\n\nx\n\n## Why?\n\nso\n\n- a\n\n1. b\n"),
        ("inka", "prose\n\n---\nDeck: D\n\n1. q\n\n> a\n\n<!--ID:1607372352424-->\n2. {x} and {y}\n---\n\nmore\n"),
        (
            "obsidian-to-anki",
            "TARGET DECK: D\n\nSTART\nCloze\na {b} [c]\nEND\n\nprose\n\nSTARTI [Basic] q Back: a ENDI\n",
        ),
        ("flashcards-obsidian", "# H\n\nq? #card\na\n^1607372352424\n\nx::y\n\nThe ==z==\n"),
        ("mdsr", "> [!sr] q\n> a\n\nprose\n\n> [!sr-bi] c\n> d\n"),
    ],
)
def test_every_dialect_can_be_converted(cli: Runner, name: str, text: str) -> None:
    cli.write("x.md", f"---\nformat: {name}\n---\n{text}")
    before = cards(cli)
    assert before
    cli("convert", "--yes", "x.md")
    assert "format:" not in (cli.root / "x.md").read_text("utf-8")
    assert cards(cli) == before


def test_a_heading_right_above_a_card_becomes_text_above_it(cli: Runner) -> None:
    cli.write(DATA, '{"settings": {}}')
    text = "#flashcards\n\n# One\n## Two\nWhat?\n?\nThat\n\n### Three\nThe ==third==\nof ==all==\n"
    cli.write("a.md", f"{text}<!--SR:!2026-12-16,51,230!2026-12-17,51,230-->\n")
    before = [(card["id"], card["due"]) for card in cli("list", "--json").lines]
    assert len(before) == 3
    cli("convert", "--yes", "a.md")
    after = (cli.root / "a.md").read_text("utf-8")
    assert "# One\n## Two\n\nQ: What?\nA: That\n" in after
    assert "### Three\n\nC: The {{c1::third}}\nof {{c2::all}}\n" in after
    assert [(card["id"], card["due"]) for card in cli("list", "--json").lines] == before


def test_the_name_of_the_format_joins_properties_whose_names_have_spaces(cli: Runner) -> None:
    cli.write(DATA, '{"settings": {}}')
    cli.write("a.md", "---\nCreated On: 2023-08-23\n---\n#flashcards\n\na::b\n")
    before = [card["id"] for card in cli("list", "--json").lines]
    cli("convert", "--yes", "a.md")
    text = (cli.root / "a.md").read_text("utf-8")
    assert text == '---\nformat: native\ndeck: "flashcards"\nCreated On: 2023-08-23\n---\n#flashcards\n\na :: b\n'
    assert [card["id"] for card in cli("list", "--json").lines] == before


def test_the_text_next_to_cards_in_a_line_is_kept(cli: Runner) -> None:
    line = "before STARTI [Basic] q Back: a ENDI between STARTI [Basic] r Back: b ENDI after"
    cli.write("x.md", f"---\nformat: obsidian-to-anki\n---\nSTARTI [Basic] first Back: 1 ENDI\n{line}\n")
    before = cards(cli)
    assert len(before) == 3
    cli("convert", "--yes", "x.md")
    assert "before  between  after" in (cli.root / "x.md").read_text("utf-8")
    assert cards(cli) == before


def test_items_of_lists_stay_items_and_keep_their_cards(cli: Runner) -> None:
    cli.write(DATA, '{"settings": {}}')
    cli.write("a.md", "\ufeff#flashcards\n- a\n\t- b::c <!--SR:!2026-12-16,51,230-->\n1. d:::e\n- [ ] f::g\n")
    before = [(card["id"], card["state"]) for card in cli("list", "--json").lines]
    cli("convert", "--yes", "a.md")
    text = (cli.root / "a.md").read_text("utf-8")
    assert text.startswith("\ufeff---\n")
    assert text.endswith("#flashcards\n- a\n\t- b :: c\n1. d ::: e\n- [ ] f :: g\n")
    assert [(card["id"], card["state"]) for card in cli("list", "--json").lines] == before


@pytest.mark.parametrize(
    ("head", "converted"),
    [
        ('{"tags":["flashcards/x"]}', '{"format": "native", "deck": "flashcards::x", "tags":["flashcards/x"]}'),
        (
            '{"deck": "old", "tags": ["flashcards/x"]}',
            '{"deck": "flashcards::x", "tags": ["flashcards/x"], "format": "native"}',
        ),
    ],
)
def test_front_matter_in_json_stays_json(cli: Runner, head: str, converted: str) -> None:
    cli.write(DATA, '{"settings": {"singleLineReversedCardSeparator": ";;"}}')
    cli.write("a.md", f"---\n{head}\n---\na;;b\n")
    before = cards(cli)
    cli("convert", "--yes", "a.md")
    assert (cli.root / "a.md").read_text("utf-8") == f"---\n{converted}\n---\na ::: b\n"
    assert cards(cli) == before


def test_properties_of_the_person_are_no_problem_after_the_conversion(cli: Runner) -> None:
    cli.write(DATA, '{"settings": {}}')
    cli.write("a.md", "---\ntags: flashcards\ntopic_of_mine: x\nnew_per_dya: 3\n---\na::b\n")
    cli("convert", "--yes", "a.md")
    found = cli("check", code=1).out
    assert "new_per_dya" in found
    assert "topic_of_mine" not in found


def test_a_question_that_is_a_heading_loses_its_sign_and_keeps_its_history(cli: Runner) -> None:
    cli.write(DATA, '{"settings": {}}')
    cli.write("a.md", "# Arrays #flashcards\n\n### Delete two?\n?\n- splice\n<!--SR:!2026-12-16,51,230-->\n\n## End\n")
    before = [(card["id"], card["back"], card["due"]) for card in cli("list", "--json").lines]
    cli("convert", "--yes", "a.md")
    assert "# Arrays #flashcards\n\nQ: Delete two?\nA:\n\n- splice\n\n## End\n" in (cli.root / "a.md").read_text(
        "utf-8"
    )
    assert [(card["id"], card["back"], card["due"]) for card in cli("list", "--json").lines] == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\r\ntags: flashcards\r\n---\r\na::b\n", "---\r\nformat: obsidian\r\ntags: flashcards\r\n---\r\na::b\n"),
        ("---\nA: x\ntags: flashcards\n---\na::b", "---\nformat: obsidian\nA: x\ntags: flashcards\n---\na::b"),
        ("+++\ntags = ['flashcards']\n+++\na::b\n", "+++\nformat = \"obsidian\"\ntags = ['flashcards']\n+++\na::b\n"),
        ("\ufeff#flashcards\na::b\n", "\ufeff---\nformat: obsidian\n---\n#flashcards\na::b\n"),
    ],
)
def test_a_mark_changes_nothing_but_the_front_matter(cli: Runner, before: str, after: str) -> None:
    cli.write(DATA, '{"settings": {}}')
    (cli.root / "a.md").write_bytes(before.encode())
    known = cards(cli)
    cli("convert", "--mark", "--yes", "a.md")
    assert (cli.root / "a.md").read_bytes().decode() == after
    assert cards(cli) == known
