"""Everything a person can get wrong ends in one clear sentence, the right exit code, and nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flashcards.cli import run
from flashcards.collection import now_ms
from flashcards.errors import UsageError
from tests.cli.runner import Runner, process, question, unprivileged


def one_sentence(error: str, *parts: str) -> None:
    """Assert that an error is one line that begins as errors do and holds these parts."""
    assert error.startswith("Error: ")
    assert error.count("\n") == 1, error
    for part in parts:
        assert part in error


@pytest.mark.skipif(os.name == "nt", reason="needs a folder that can be removed while it is used")
def test_a_removed_working_folder_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    monkeypatch.delenv("FLASHCARDS_COLLECTION", raising=False)
    (tmp_path / "gone").rmdir()
    assert run(["due"]) == 1
    one_sentence(capsys.readouterr().err, "The working folder no longer exists. Change to another folder")


def test_a_clock_beyond_the_times_of_the_system_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow() -> int:
        raise OverflowError

    with monkeypatch.context() as patch, pytest.raises(UsageError, match="is set beyond the year 2262"):
        patch.setattr("time.time_ns", overflow)
        now_ms()


def test_a_control_character_in_a_log_begins_no_line(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    (cli.root / "l.csv").write_text("card,rating,time\nx\u202ey\x9b,3,2024-01-01T10:00:00\n", "utf-8")
    said = cli("import", "l.csv").err
    assert "l.csv: `x\ufffdy\ufffd` is not a card, or several" in said


class TestDecks:
    def test_a_file_that_is_not_utf_8_is_reported_with_its_line_and_the_others_are_asked(self, cli: Runner) -> None:
        (cli.root / "bad.md").write_bytes(b"Q: one\nA: caf\xe9\n")
        cli.write("good.md", question("two"))
        assert [card["front"] for card in cli("list", "--json").lines] == ["two"]
        found = cli("check", code=1)
        hint = "Save it as UTF-8; until then its notes stay as they were."
        assert found.out == f"bad.md:2: The file is not UTF-8 at this line. {hint}\n"

    def test_circular_and_broken_links_are_reported_and_the_rest_is_read(self, cli: Runner) -> None:
        cli.write("good.md", question("two"))
        (cli.root / "loop.md").symlink_to("loop.md")
        (cli.root / "gone.md").symlink_to("nowhere")
        (cli.root / "round").symlink_to(".")
        assert cli("list", "--json").out.count("\n") == 1
        found = cli("check", "--json", code=1).lines
        assert [(each["file"], each["code"]) for each in found] == [
            ("gone.md", "unreadable"),
            ("loop.md", "unreadable"),
        ]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("macros.tex", "macros.tex:1: It cannot be read: Not a regular file."),
            ("flashcards.toml", "Error: flashcards.toml: cannot be read: Not a regular file."),
            (".flashcards/state.db", ".flashcards/state.db is neither a file nor a folder. Move it away."),
            (".flashcards/state.db-wal", ".flashcards/state.db-wal is neither a file nor a folder. Move it away."),
        ],
    )
    def test_a_pipe_in_place_of_a_file_is_reported_without_waiting(self, cli: Runner, name: str, said: str) -> None:
        cli.write("good.md", question("two"))
        (cli.root / name).parent.mkdir(exist_ok=True)
        os.mkfifo(cli.root / name)
        found = process(["-C", ".", "check"], cli.root, code=1)
        assert said in found.out + found.err

    def test_a_name_of_a_million_letters_is_cut_where_it_is_printed(self, cli: Runner) -> None:
        cli.write("a.md", f"Q: a\nA: ![]({'n' * 1_000_000}.png)\n")
        said = cli("check", code=1).out
        assert said.startswith(f"a.md:1: The file `{'n' * 190}")
        assert len(said) < 500

    @pytest.mark.parametrize("name", [".flashcards", ".flashcards/state.db", ".flashcards/backups", "new.md"])
    def test_a_link_to_itself_is_reported_by_commands_that_would_write_through_it(self, cli: Runner, name: str) -> None:
        cli.write("good.md", question("two"))
        (cli.root / name).parent.mkdir(exist_ok=True)
        (cli.root / name).symlink_to(Path(name).name)
        found = process(["-C", ".", "add", "new.md", "q", "a"], cli.root, code=1)
        assert f"{name} leads to a place that is not for files of this collection." in found.err

    def test_a_file_too_large_for_a_deck_is_reported_and_the_rest_is_read(self, cli: Runner) -> None:
        cli.write("good.md", question("two"))
        with (cli.root / "dump.md").open("wb") as file:
            file.truncate(65 << 20)
        assert len(cli.ids()) == 1
        said = "dump.md:1: The file cannot be read: Larger than 64 MB. Split it into several files.\n"
        assert cli("check", code=1).out == said

    def test_names_that_are_not_utf_8_are_reported_and_the_rest_is_read(self, cli: Runner) -> None:
        cli.write("good.md", question("two"))
        for name in (b"x\xff.md", b"x\xfe.md"):
            (cli.root / os.fsdecode(name)).write_bytes(b"Q: a\nA: b\n")
        listed = process(["list", "--json"], cli.root)
        assert len(listed.lines) == 1
        assert listed.err.count("Warning: x\ufffd.md cannot be read: its name is not UTF-8.\n") == 2
        found = process(["check"], cli.root, code=1).out.splitlines()
        assert found == ["x\ufffd.md:1: It cannot be read: its name is not UTF-8. Fix it or remove it."] * 2

    def test_a_file_without_permission_is_reported_and_keeps_its_cards(self, cli: Runner) -> None:
        prefix = unprivileged()
        if prefix is None:
            pytest.skip("permissions do not bind this user")
        file = cli.write("a.md", question("one"))
        cli("scan")
        name = cli.ids()[0]
        cli.write("a.md", question("one"), question("two"))
        file.chmod(0)
        found = process(["check"], cli.root, code=1, prefix=prefix)
        assert found.out == "a.md:1: The file cannot be read: Permission denied. Check its permissions.\n"
        assert [card["id"] for card in process(["list", "--json"], cli.root, prefix=prefix).lines] == [name]
        file.chmod(0o644)
        assert len(cli.ids()) == 2

    def test_a_folder_without_permission_is_reported_and_keeps_its_cards(self, cli: Runner) -> None:
        prefix = unprivileged()
        if prefix is None:
            pytest.skip("permissions do not bind this user")
        cli.write("sub/a.md", question("one"))
        cli("scan")
        name = cli.ids()[0]
        (cli.root / "sub").chmod(0)
        try:
            listed = process(["list", "--json"], cli.root, prefix=prefix)
            found = process(["check"], cli.root, code=1, prefix=prefix)
            process(["scan"], cli.root, prefix=prefix)
        finally:
            (cli.root / "sub").chmod(0o755)
        assert found.out.startswith("sub:1: It cannot be read: Permission denied. Fix it or remove it.\n")
        assert listed.err == "Warning: sub/ cannot be read: Permission denied.\n"
        assert [card["id"] for card in listed.lines] == [name]

    def test_own_properties_are_no_problem_but_are_named(self, cli: Runner) -> None:
        cli.write("a.md", "---\nprofessor: X\nDate Created: 2026-01-01\ntitle: T\n---\n", question("one"))
        found = cli("check")
        assert found.out == ""
        assert found.err == (
            "No problems.\nIgnored in front matter, because they are not settings: `Date Created` and `professor`.\n"
        )

    def test_files_without_content_and_with_one_endless_line_are_not_errors(self, cli: Runner) -> None:
        cli.write("empty.md")
        cli.write("blank.md", " \n\n\t\n")
        cli.write("huge.md", "[" * 20_000 + "word " * 100_000)
        cli.write("card.md", "Q: " + "long " * 50_000 + "\nA: b\n")
        assert cli("check").out == ""
        (line,) = cli("list").out.split("\n")[:1]
        assert len(line) < 160

    @pytest.mark.parametrize(
        ("front_matter", "line", "message"),
        [
            ("new_per_dya: 3", 2, "Unknown setting `new_per_dya`. Did you mean `new_per_day`?"),
            ("tags: [a]\nretention: 2", 3, "`retention` must be between 0.7 and 0.99, not 2.0."),
            ("new_per_day: many", 2, "`new_per_day` must be a whole number. Its default is 20."),
            ("new_per_day: true", 2, "`new_per_day` must be a whole number. Its default is 20."),
            ("learning_steps: 1 minute", 2, '`learning_steps` must be steps such as "1m 10m" or "30s 1h 2d".'),
            ("format: word", 2, 'The format "word" is not known.'),
            ("deck: [unclosed", 2, "This setting cannot be read: "),
            ("deck = x = y", 2, "This setting cannot be read: "),
            ("deck: x\nname: y", 3, "`name` has no effect here. Remove it; `deck` names the deck."),
        ],
    )
    def test_a_problem_in_the_front_matter_is_reported_and_the_cards_are_asked(
        self, cli: Runner, front_matter: str, line: int, message: str
    ) -> None:
        cli.write("a.md", f"---\n{front_matter}\n---\n", question("one"))
        found = cli("check", code=1).out
        assert found.startswith(f"a.md:{line}: {message}")
        assert found.count("\n") == 1
        assert len(cli.ids()) == 1
        cli("due")


class TestArguments:
    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("is:nonsense", "`is:nonsense` is unknown."),
            ("deck:", "`deck:` needs a value"),
            ("dek:tpm", "`dek:` is unknown. Did you mean `deck:`?"),
            ("(one", "a `(` is not closed."),
            ("one)", "a `)` without a `(`."),
            ('"one', 'a `"` is not closed.'),
            ("(one or)", "a condition is missing."),
            ("-", "`-` has nothing to negate."),
            ("prop:size>3", "must be like `prop:lapses>3`"),
            ("rated:0", "must be a number of days, 1 being today."),
            ("rated:1:5", "must end with a rating, 1 to 4."),
            ("flag:8", "must be a flag, 0 to 7."),
            ("(" * 3000, "it has more than 250 words."),
        ],
    )
    def test_an_invalid_query_is_reported_with_the_reason(self, cli: Runner, query: str, message: str) -> None:
        one_sentence(cli.fails("list", query), "The query `", "cannot be read: ", message)

    def test_a_deck_that_does_not_exist_is_reported(self, cli: Runner) -> None:
        cli.write("a.md", question("one"))
        for command in ("list", "suspend"):
            assert "There is no deck `nowhere`." in cli.fails(command, "deck:nowhere", code=2)

    @pytest.mark.parametrize(
        "name",
        [
            *("", ".", "..", ".forward", "nowhere", "a.md:", f"a.md:{'9' * 30}"),
            *("no/where.md:1", "loop.md:1", f"{'x' * 5000}:1", "%", "_______", "'; DROP TABLE cards; --"),
            *("/etc/passwd:1", "../a.md:1"),
        ],
    )
    def test_a_card_that_does_not_exist_is_refused(self, cli: Runner, name: str) -> None:
        cli.write("a.md", question("one"))
        (cli.root / "loop.md").symlink_to("loop.md")
        error = cli("show", "--", name, code=2).err.splitlines()[-1] + "\n"
        shown = name if len(name) < 2000 else f"{name[:199]}…"
        one_sentence(error, f"There is no card `{shown}`. `flashcards list` shows every card with its id.")

    @pytest.mark.parametrize("command", [["list"], ["show"], ["suspend"], ["pin"]], ids=" ".join)
    def test_an_argument_that_is_not_utf_8_is_refused(self, cli: Runner, command: list[str]) -> None:
        cli.write("a.md", question("one"))
        one_sentence(process([*command, b"x\xff"], cli.root, code=2).err)

    @pytest.mark.parametrize("path", ["/etc", "..", "../a.md", "loop.md", "x" * 5000])
    def test_a_path_that_is_not_in_the_collection_is_refused(self, cli: Runner, path: str) -> None:
        (cli.root / "loop.md").symlink_to("loop.md")
        cli.write("a.md", question("one"))
        one_sentence(cli.fails("check", path), "is outside the collection")

    @pytest.mark.parametrize("path", ["x" * 5000, "a.md/sub", "nul"])
    def test_an_impossible_place_for_a_collection_is_refused(self, cli: Runner, path: str) -> None:
        cli.write("a.md", question("one"))
        one_sentence(cli("-C", path, "list", code=None).err)

    def test_a_missing_folder_whose_name_is_not_utf_8_is_refused_in_one_sentence(self, cli: Runner) -> None:
        one_sentence(process([b"-C", b"x\xff", "list"], cli.root, code=2).err, "does not exist")


class TestSettings:
    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("\n\nretension = 0.9\n", 3, "`retension` is not a setting. Did you mean `retention`?"),
            ("xyzzy = 1\n", 1, "`xyzzy` is not a setting. Remove it."),
            ("retention = 1.5\n", 1, "`retention` must be between 0.7 and 0.99, not 1.5."),
            ("retention = 0.9\n[decks.tpm]\nretention = 1.5\n", 3, "`retention` must be between 0.7 and 0.99"),
            ("[decks.tpm]\nnew_per_dya = 1\n", 2, "`new_per_dya` is not a setting. Did you mean `new_per_day`?"),
            ("rollover = 24\n", 1, "`rollover` must be an hour, 0 to 23."),
            ("[keys]\nundo = 'zz'\n", 1, "`keys` must be a table of single characters"),
        ],
    )
    def test_an_invalid_setting_is_refused_with_its_line(self, cli: Runner, text: str, line: int, message: str) -> None:
        cli.write("flashcards.toml", text)
        one_sentence(cli.fails("list", code=1), f"Error: flashcards.toml:{line}: {message}")

    def test_settings_that_are_no_toml_are_refused_with_the_place(self, cli: Runner) -> None:
        cli.write("flashcards.toml", "retention = 0.9\nnew_per_day 3\n")
        one_sentence(cli.fails("list", code=1), "flashcards.toml:2: is not valid TOML: ")

    def test_settings_that_are_not_utf_8_are_refused(self, cli: Runner) -> None:
        (cli.root / "flashcards.toml").write_bytes(b"# caf\xe9\n")
        one_sentence(cli.fails("list", code=1), "flashcards.toml: is not UTF-8. Save it as UTF-8.")

    def test_settings_that_are_a_folder_are_refused(self, cli: Runner) -> None:
        (cli.root / "flashcards.toml").mkdir()
        one_sentence(cli.fails("-C", ".", "list", code=1), "flashcards.toml: cannot be read: Is a directory.")

    def test_nothing_is_written_where_the_settings_are_wrong(self, cli: Runner) -> None:
        cli.write("flashcards.toml", "retension = 0.9\n")
        cli.fails("list", code=1)
        assert [path.name for path in cli.root.iterdir()] == ["flashcards.toml"]


class TestTextThatIsShownOtherwise:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "Q: Operators?\nA:\n| op | meaning |\n|---|---|\n| `a|b` | or |\n",
                "a.md:1: The table row | `a|b` | or | has 3 cells, but its header has 2 columns. "
                "The last ones are not shown; "
                "write `\\|` for a `|` that is text, or add columns to the header.\n",
            ),
            (
                "Q: Half?\nA: $\\frac{1{2}$\n",
                "a.md:1: `$` is left open. Close it, or write `\\$`.\n",
            ),
            (
                "Q: Half \\[ x\nA: Whole \\[y\\]\n",
                "a.md:1: `\\[` is left open. Close it, or write `\\\\[` if it is text.\n",
            ),
            (
                "Q: Where?\nA: [here](file:///etc/hosts) [and](other.md) [there](obsidian://open?vault=V)\n",
                "a.md:1: The link to `file:///etc/hosts` has no target in Anki, which only opens links of known "
                "programs. Also write the address as text.\n",
            ),
            (
                "# RAID\n\n**Q:** What is RAID?\n\n**A:** Risks\n",
                "a.md:3: This looks like a question, but it makes no card. "
                "Write `Q:` and `A:` at the start of a line, without other signs in front of them.\n",
            ),
        ],
    )
    def test_is_reported_by_check(self, cli: Runner, text: str, said: str) -> None:
        cli.write("a.md", text)
        assert cli("check", code=1).out == said

    def test_properties_of_other_programs_are_no_problem_but_slips_are(self, cli: Runner) -> None:
        properties = "aliases: [x]\ncssclasses: wide\ncreated: 2024-01-01\nTitle: Rome\nauthor: me\n"
        cli.write("a.md", f"---\n{properties}---\n", question("one"))
        assert cli("check").out == ""
        cli.write("a.md", f"---\n{properties}tag: x\nnew_per_dy: 3\n---\n", question("one"))
        assert [line.partition(" ")[0] for line in cli("check", code=1).out.splitlines()] == ["a.md:7:", "a.md:8:"]


@pytest.mark.parametrize(
    ("word", "meant"), [("biologi", "biology"), ("chemistri", "chemistry"), ("tag:exm", "tag:exam"), ("nothing", "")]
)
@pytest.mark.parametrize("command", [["list"], ["due"], ["suspend"], ["pin"]])
def test_a_query_that_finds_nothing_names_the_deck_or_tag_that_was_meant(
    cli: Runner, command: list[str], word: str, meant: str
) -> None:
    cli.write("biology.md", "---\ntags: [exam]\n---\n", question("one"))
    cli.write("school/chemistry.md", question("two"))
    hint = f" Did you mean `{meant}`?" if meant else ""
    assert cli(*command, word).err.splitlines()[0] == f"No card matches.{hint}"


@pytest.mark.parametrize("name", ["biology.md", "biology.md:0", "biology.md:1", "biology.md:99"])
def test_a_place_without_a_card_names_the_nearest_one(cli: Runner, name: str) -> None:
    cli.write("biology.md", "Prose.\n\n", question("one"))
    assert cli.fails("show", name) == f"Error: There is no card `{name}`. The nearest note is biology.md:3.\n"


def test_a_path_that_does_not_exist_is_not_called_outside(cli: Runner) -> None:
    cli.write("biology.md", question("one"))
    assert "There is no file or folder biologi.md in the collection" in cli.fails("check", "biologi.md")
