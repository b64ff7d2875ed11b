"""What `init`, `list`, `show`, `due`, `scan`, `check`, `orphans` and `completion` do beyond their JSON."""

from __future__ import annotations

import errno
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from flashcards.cli import COMMANDS, group
from tests.cli.runner import Runner, process, question


class TestInit:
    def test_a_folder_with_notes_gets_only_settings(self, cli: Runner) -> None:
        cli.write("notes.md", "# Mine\n")
        cli("init")
        assert not (cli.root / "example.md").exists()
        assert (cli.root / "flashcards.toml").exists()

    def test_makes_a_deck_without_problems_and_settings_at_their_defaults(self, cli: Runner) -> None:
        done = cli("init")
        assert done.out == "Wrote example.md.\nWrote flashcards.toml.\nNext: `flashcards review`\n"
        assert cli("check").err == "No problems.\n"
        assert {card["kind"] for card in cli("list", "--json").lines} == {"question", "term", "pair", "cloze"}
        text = (cli.root / "flashcards.toml").read_text(encoding="utf-8")
        assert tomllib.loads(text) == {}

    def test_makes_the_folder_that_it_is_given(self, cli: Runner) -> None:
        done = cli("init", "new/place")
        assert "Next: `flashcards -C new/place review`" in done.out
        assert (cli.root / "new" / "place" / ".flashcards" / "state.db").is_file()

    def test_existing_text_is_left_unchanged(self, cli: Runner) -> None:
        cli.write("example.md", question("mine"))
        cli.write("flashcards.toml", "new_per_day = 3\n")
        done = cli("init")
        assert done.out.startswith("flashcards.toml already exists and was not changed.")
        assert (cli.root / "example.md").read_text(encoding="utf-8") == question("mine")
        assert (cli.root / "flashcards.toml").read_text(encoding="utf-8") == "new_per_day = 3\n"
        assert cli.card()["front"] == "mine"

    def test_refuses_a_file_in_place_of_the_folder(self, cli: Runner) -> None:
        cli.write("a.md", "")
        cli.fails("init", "a.md")
        assert cli("-C", "a.md", "init", code=1).err.startswith("Error: a.md: File exists.")

    def test_changes_nothing_the_second_time(self, cli: Runner) -> None:
        cli("init")
        before = {path.name: path.read_bytes() for path in cli.root.glob("*.*") if path.is_file()}
        cli("init")
        assert {path.name: path.read_bytes() for path in cli.root.glob("*.*") if path.is_file()} == before


class TestList:
    def test_shows_a_line_a_card_that_names_it(self, cli: Runner) -> None:
        cli.write("a.md", question("one\n  more"), "C: [x] and [y]\n")
        lines = cli("list").out.splitlines()
        assert len([line for line in lines if line]) == 3
        name = lines[0].split()[0]
        assert name.endswith(".forward")
        assert "one more" in lines[0]
        assert cli("show", name).out.startswith("Front:\n  one\n")

    def test_shortens_what_is_too_long_for_a_line(self, cli: Runner) -> None:
        cli.write("a.md", question("word " * 100))
        assert cli("list").out.splitlines()[0].endswith("…")

    def test_a_word_that_names_a_deck_means_that_deck_spaces_included(self, cli: Runner) -> None:
        cli.write("a.md", "---\ndeck: My Deck\n---\n", question("one"))
        cli.write("b.md", question("about My Deck"))
        assert [card["deck"] for card in cli("list", "--json", "my deck").lines] == ["My Deck"]
        assert [card["deck"] for card in cli("list", "--json", "deck:My Deck").lines] == ["My Deck"]
        assert [card["deck"] for card in cli("list", "--json", "-deck:My Deck").lines] == ["b"]
        assert [card["deck"] for card in cli("list", "--json", '"My Deck"').lines] == ["b"]
        assert cli("suspend", "My Deck").out == "1 card suspended.\n"

    def test_words_that_the_shell_kept_together_are_looked_for_together(self, cli: Runner) -> None:
        cli.write("a.md", question("critical path"), question("path critical"), question(r"\frac \critical path"))
        assert len(cli.ids("critical path")) == 2
        assert len(cli.ids("critical", "path")) == 3
        assert len(cli.ids(r"\frac \critical")) == 1
        assert len(cli.ids("tag:x or critical")) == 3


class TestShow:
    def test_shows_text_place_schedule_and_history(self, cli: Runner) -> None:
        cli.write("a/b.md", "# Top\n\n", question("one", "first\nsecond", "<!-- tags: x -->"))
        cli("answer", "a/b.md:3", "easy", "--duration", "3")
        shown = cli("show", "a/b.md:3").out
        for part in (
            "Front:\n  one\n",
            "Back:\n  first\n  second\n",
            "place       a/b.md:3\n",
            "deck        a::b > Top\n",
        ):
            assert part in shown
        for part in ("tags        x\n", "state       review\n", "reviews     1, 0 lapses\n", "easy        3.0s"):
            assert part in shown

    def test_the_card_of_a_removed_gap_shows_its_history(self, cli: Runner) -> None:
        pin = "<!-- id: p1 -->\n"
        cli.write("a.md", "C: [one] and [two]\n", pin)
        cli("answer", "p1.c2", "good")
        cli.write("a.md", "C: [one] and two\n", pin)
        card = cli("show", "p1.c2", "--json").json
        assert (card["front"], card["back"], card["reps"]) == ("[one] and two", "", 1)
        assert "is gone from the decks" in cli.fails("answer", "p1.c2", "good", code=1)


class TestDue:
    def test_shows_a_tree_with_sums(self, cli: Runner) -> None:
        cli.write("a/b.md", question("one"), question("two"))
        cli.write("a/c.md", question("three"))
        cli.write("z.md", question("four"))
        lines = [line.split() for line in cli("due").out.splitlines()]
        assert lines == [
            ["new", "learning", "review"],
            ["a", "3", "0", "0"],
            ["b", "2", "0", "0"],
            ["c", "1", "0", "0"],
            ["z", "1", "0", "0"],
            ["total", "4", "0", "0"],
        ]

    def test_counts_what_the_limits_allow(self, cli: Runner) -> None:
        cli.write("flashcards.toml", '[decks."a"]\nnew_per_day = 1\n')
        cli.write("a/b.md", question("one"), question("two"))
        cli.write("c.md", "---\nnew_per_day: 2\n---\n", *(question(f"{number}") for number in range(5)))
        assert cli("due", "--json").json["total"]["new"] == 3

    def test_counts_a_card_on_a_step_as_learning(self, cli: Runner) -> None:
        cli.write("a.md", question("one"))
        cli("answer", "a.md:1", "good")
        assert cli("due", "--json").json["total"] == {"new": 0, "learning": 1, "review": 0}


class TestScan:
    def test_scan_lists_the_changes_and_their_rules(self, cli: Runner) -> None:
        cli.write("a.md", question("one", comment="<!-- id: p1 -->"), question("two"))
        assert "added    a.md:1  one\nadded    a.md:5  two\n1 file, 2 notes, 2 cards.\n" in cli("scan").out
        cli.write("a.md", question("edited", comment="<!-- id: p1 -->"))
        assert cli("scan").out == (
            "edited   a.md:1  edited  (pin, 1.00)\nremoved  a.md:5  two\n1 file, 1 note, 1 card.\n"
        )
        cli.write("b.md", question("two"))
        assert cli("scan").out.startswith("returned b.md:1  two  (same text, 1.00)\n")
        assert cli("scan").out == "2 files, 2 notes, 2 cards; nothing changed.\n"

    def test_shortens_a_long_list(self, cli: Runner) -> None:
        cli.write("a.md", *(question(f"question {number}") for number in range(50)))
        assert "added    … and 30 more\n" in cli("scan").out

    def test_points_to_the_problems(self, cli: Runner) -> None:
        cli.write("a.md", "Q: one\n")
        assert cli("scan").err == "1 problem in the decks: `flashcards check` lists them.\n"


def test_list_shows_closed_details_by_their_summary(cli: Runner) -> None:
    text = "When <details><summary>Hint</summary>a secret</details> `<details>`"
    cli.write("a.md", question(text))
    cli("scan")
    assert cli("list").out.rstrip().endswith("When ▸ Hint `<details>`")
    assert cli("list", "--json").json["front"] == text


def test_list_and_show_write_signs_as_they_were_typed(cli: Runner) -> None:
    cli.write("a.md", question("> 5 bpm?"), question("why?\n> [!tip]- Hint\n> secret"), "C: \\[x and [y]\n")
    shown = [line.split("  ")[-1] for line in cli("list").out.splitlines()]
    assert shown == ["> 5 bpm?", "why? ▸ Hint", "\\[x and […]"]
    assert "\n  \\[x and y\n" in cli("show", cli.ids()[2]).out


def test_list_keeps_entities_of_brackets_that_were_typed(cli: Runner) -> None:
    cli.write("a.md", "C: HTML writes `&#91;` for [an opening bracket]\n")
    cli("scan")
    assert cli("list", "--json").json["front"] == "HTML writes `&#91;` for […]"


def test_list_prints_a_line_a_card_and_nothing_else(cli: Runner) -> None:
    cli.write("a.md", question("one"), question("two"))
    out = cli("list").out
    assert [line.split()[-1] for line in out.split("\n")[:-1]] == ["one", "two"]
    assert out.endswith("two\n")


class TestCheck:
    def test_finds_every_kind_of_problem(self, cli: Runner) -> None:
        cli.write("a.md", question("same"), question("one", comment="<!-- id: p1 -->"))
        cli.write("b.md", question("same"), question("two", comment="<!-- id: p1; nonsense: 1 -->"))
        cli.write("c.md", "Q: one\n\nC: no gap\n\nC: [open\n\nA: stray\n\nT: x\nD:\n\n")
        cli.write("d.md", question(r"math $\left(x$"), question("![](nowhere.png)"), question("![](../outside.png)"))
        (cli.root.parent / "outside.png").write_bytes(b"")
        cli.write("e.md", "---\nnew_per_dya: 1\n---\n")
        (cli.root / "f.md").write_bytes(b"\xff")
        found = cli("check", "--json", code=1).lines
        codes = {(each["file"], each["line"], each["code"]) for each in found}
        assert codes == {
            ("a.md", 1, "same-note"),
            ("a.md", 4, "same-id"),
            ("b.md", 1, "same-note"),
            ("b.md", 4, "same-id"),
            ("b.md", 6, "attribute"),
            ("c.md", 1, "question-without-answer"),
            ("c.md", 3, "cloze-without-gap"),
            ("c.md", 5, "open-gap"),
            ("c.md", 7, "stray-answer"),
            ("c.md", 9, "empty-side"),
            ("d.md", 1, "unbalanced-math"),
            ("d.md", 4, "media-missing"),
            ("d.md", 7, "media-outside"),
            ("e.md", 2, "setting"),
            ("f.md", 1, "not-utf-8"),
        }
        assert found == sorted(found, key=lambda each: (each["file"], each["line"]))
        twice = next(each for each in found if each["code"] == "same-note")
        assert twice["message"] == "The same note is at b.md:1."

    def test_reports_what_is_wrong_with_macros(self, cli: Runner) -> None:
        cli.write("a.md", question(r"$\R$"))
        cli.write("macros.tex", "\\R \\mathbb{R}\n% \\comment\nword\n\\loop x \\loop\n\\open {x\n\\empty\n")
        found = cli("check", "--json", code=1).lines
        assert [(each["file"], each["line"], each["code"], each["message"]) for each in found] == [
            ("macros.tex", 3, "macro", "This line is not a macro."),
            ("macros.tex", 4, "macro", r"The macro `\loop` calls itself."),
            ("macros.tex", 5, "macro", r"The braces of the macro `\open` do not balance."),
            ("macros.tex", 6, "macro", r"The macro `\empty` has no body."),
        ]
        assert all(each["hint"] for each in found)
        assert cli("check", "macros.tex", code=1).out.startswith("macros.tex:3: This line is not a macro. Write ")
        assert cli("check", "a.md").out == ""

    def test_finds_no_problem_in_good_macros(self, cli: Runner) -> None:
        cli.write("a.md", question(r"$\R$"))
        cli.write("macros.tex", "\\R \\mathbb{R}\n\\pair (#1, #2)\n")
        assert cli("check").err == "No problems.\n"

    def test_reports_macros_that_cannot_be_read(self, cli: Runner) -> None:
        (cli.write("a.md", question("x")).parent / "macros.tex").mkdir()
        (problem,) = cli("check", "--json", code=1).lines
        assert (problem["file"], problem["code"]) == ("macros.tex", "unreadable")
        assert problem["message"] == "It cannot be read: Is a directory."

    def test_names_the_most_studied_of_many_equal_places(self, cli: Runner) -> None:
        cli.write("a.md", question("same") * 6)
        cli("answer", "a.md:16", "good")
        first, *_ = cli("check", "--json", code=1).lines
        assert first["message"] == (
            "The same note is at a.md:16 (1 review) and a.md:4 (no review) and a.md:7 (no review) and 2 more;"
            " this one has no review."
        )

    def test_check_states_which_of_two_equal_notes_was_studied(self, cli: Runner) -> None:
        cli.write("a.md", question("same"))
        cli.write("b.md", question("same"))
        cli("answer", "b.md:1", "good")
        assert cli("check", code=1).out.splitlines() == [
            "a.md:1: The same note is at b.md:1 (1 review); this one has no review. Remove this one.",
            "b.md:1: The same note is at a.md:1 (no review); this one has 1 review. Keep it.",
        ]

    def test_never_advises_to_remove_a_note_that_was_studied(self, cli: Runner) -> None:
        cli.write("a.md", question("same"), question("same"))
        cli("answer", "a.md:1", "good")
        cli("answer", "a.md:4", "good")
        found = cli("check", "--json", code=1).lines
        assert {each["hint"] for each in found} == {
            "Both were studied; reword one, so that they ask for different things."
        }

    def test_doubts_the_question_of_a_studied_note_in_another_file(self, cli: Runner) -> None:
        cli.write("a.md", question("What is  É?", "one"))
        cli.write("b.md", question("what is é?", "two"))
        cli("check")
        cli("answer", "a.md:1", "good")
        (doubt,) = cli("check", "--json", code=1).lines
        assert (doubt["file"], doubt["line"], doubt["code"]) == ("b.md", 1, "same-question")
        assert doubt["message"] == (
            "The same question, with another answer, is at a.md:1 (1 review); this one has no review."
        )
        cli("answer", "b.md:1", "good")
        cli("check")

    @pytest.mark.parametrize("other", ["# Elsewhere\n\n", "---\n---\nC: [x]\n\n# Here too\n\n"])
    def test_the_same_words_below_another_heading_are_another_question(self, cli: Runner, other: str) -> None:
        cli.write("a.md", "# Here\n\n", question("What is it for?", "one"))
        cli.write("b.md", other, question("What is it for?", "two"))
        cli("answer", "a.md:3", "good")
        cli("check")

    def test_names_a_setting_that_another_file_of_the_deck_overrides(self, cli: Runner) -> None:
        cli.write("a.md", "---\ndeck: x\nnew_per_day: 5\nfuzz: true\n---\n", question("one"))
        cli.write("b.md", "---\ndeck: x\nfuzz: true\nnew_per_day: 7\n---\n", question("two"))
        cli.write("c.md", "---\nnew_per_day: 9\n---\n", question("three"))
        assert cli("check", code=1).out == (
            "b.md:4: a.md:3 sets a different `new_per_day` for deck `x`; that one is used. Keep one of them.\n"
        )

    def test_looks_only_at_the_paths_that_it_is_given(self, cli: Runner) -> None:
        for name in ("a.md", "sub/b.md", "subway.md"):
            cli.write(name, "Q: one\n")
        assert [each["file"] for each in cli("check", "--json", "sub", code=1).lines] == ["sub/b.md"]
        assert [each["file"] for each in cli("check", "--json", "sub/", "a.md", code=1).lines] == ["a.md", "sub/b.md"]
        assert len(cli("check", "--json", ".", code=1).lines) == 3

    def test_shows_paths_as_seen_from_here(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        cli.write("c/flashcards.toml", "")
        cli.write("c/sub/a.md", "Q: one\n")
        assert cli("-C", "c", "check", code=1).out.startswith("c/sub/a.md:1: ")
        monkeypatch.chdir(cli.root / "c" / "sub")
        assert cli("check", code=1).out.startswith("a.md:1: ")

    def test_explains_which_lines_made_which_card(self, cli: Runner) -> None:
        cli.write("a.md", question("one"), "C: [x] and [y]\n\n", "- a ::: b\n\n", "Q: do\nA:\n- [ ] this\n- [ ] that\n")
        assert cli("check", "--explain").out.splitlines() == [
            "a.md:1-2: forward: `Q:` and `A:`: one",
            "a.md:4: c1 c2: `C:` with a gap: [x] and [y]",
            "a.md:6: forward reverse: a separator with spaces around it: a",
            "a.md:8-11: forward: `Q:` and `A:`, a task list makes it a rubric: do",
        ]

    @pytest.mark.parametrize(
        ("dialect", "text", "reasons"),
        [
            (
                "obsidian",
                "#flashcards\na::b\n\nc\n?\nd\n\ne ==f==\n",
                ["in the line", "on a line of its own", "a gap in the"],
            ),
            ("headings", "# Deck\n## a\nb\n## {{c1::c}}\nd\n", ["a second-level heading", "a heading with a gap"]),
            ("inka", "---\nDeck: d\n\n1. a\n> b\n\n2. c {d}\n---\n", ["with a `>` below", "a number with a gap"]),
            (
                "obsidian-to-anki",
                "START\nBasic\na\nBack: b\nEND\n\nSTARTI [Basic] c Back: d ENDI\n\nSTART\nCloze\n{e} f\nEND\n",
                ["`START`", "`STARTI`", "with a gap"],
            ),
            ("flashcards-obsidian", "a #card\nb\n\nc::d\n\ne ==f==\n", ["`#card`", "in the line", "a gap in the"]),
            ("mdsr", "> [!sr] a\n> b\n", ["a callout"]),
        ],
        ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
    )
    def test_explains_the_cards_of_every_dialect(
        self, cli: Runner, dialect: str, text: str, reasons: list[str]
    ) -> None:
        cli.write("x/a.md", text)
        cli.write("flashcards.toml", f'[formats]\nx = "{dialect}"\n')
        first, *notes = cli("check", "--explain").out.splitlines()
        assert first.startswith(f"x/a.md: {dialect}: ")
        assert len(notes) == len(reasons)
        assert all(reason in note for reason, note in zip(reasons, notes, strict=True))

    def test_explains_the_other_files_if_one_is_unreadable_by_now(
        self, cli: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read_bytes(path: Path) -> bytes:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        cli.write(".obsidian/plugins/obsidian-spaced-repetition/data.json", "{}")
        cli.write("a.md", "nothing\n")
        cli.write("b.md", "#flashcards\n\nq::a\n")
        cli("scan")
        cli("suspend", "is:new", "--yes")
        monkeypatch.setattr(Path, "read_bytes", read_bytes)
        first, *others = cli("check", "--explain").out.splitlines()
        assert first.endswith("; no cards: Permission denied")
        assert len(others) == 2

    def test_explains_why_a_note_of_a_vault_has_no_cards(self, cli: Runner) -> None:
        data = '{"settings": {"noteFoldersToIgnore": ["Meta"], "flashcardTagsToIgnore": ["#draft"]}}'
        cli.write(".obsidian/plugins/obsidian-spaced-repetition/data.json", data)
        for path, text in (
            ("Meta/a.md", "#flashcards"),
            ("b.md", "#flashcards #draft/x"),
            ("c.md", ""),
            ("d.md", "#cards"),
        ):
            cli.write(path, f"{text}\na::b\n")
        ends = [line.rpartition("; no cards: ")[2] for line in cli("check", "--explain").out.splitlines()]
        none = "it has no flashcard tag (#flashcards)"
        assert ends == [
            "`noteFoldersToIgnore` leaves it out",
            "its tag #draft/x is in `flashcardTagsToIgnore`",
            none,
            none,
        ]


class TestOrphans:
    def test_lists_what_lost_its_text_until_it_is_back(self, cli: Runner) -> None:
        cli.write("a.md", question("one"), question("two"))
        cli("answer", "a.md:1", "good")
        cli.write("a.md", question("two"))
        shown = cli("orphans").out
        assert "  a.md:1  1 review  one answer\n" in shown
        cli.write("b.md", question("one"))
        assert cli("orphans").out == "Every note still has its text.\n"
        assert cli.card('"one"')["reps"] == 1


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_prints_a_script_for_each_shell(self, cli: Runner, shell: str) -> None:
        script = cli("completion", shell).out
        assert "_FLASHCARDS_COMPLETE" in script
        assert list(cli.root.iterdir()) == []

    def test_the_bash_script_is_one(self, cli: Runner, tmp_path: Path) -> None:
        script = tmp_path / "script"
        script.write_text(cli("completion", "bash").out, encoding="utf-8")
        subprocess.run(["/bin/bash", "-n", str(script)], check=True)

    def complete(self, *words: str) -> list[str]:
        complete = ShellComplete(group, {}, "flashcards", "_FLASHCARDS_COMPLETE")
        return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]

    def test_completes_commands(self, cli: Runner) -> None:
        assert list(cli.root.iterdir()) == []
        assert self.complete("un") == [name for name in COMMANDS if name.startswith("un")]

    def test_completes_decks_tags_and_fields(self, cli: Runner) -> None:
        cli.write("tpm/tools.md", question("one", comment="<!-- tags: exam, extra -->"))
        cli("scan")
        assert self.complete("list", "tp") == ["tpm", "tpm::tools"]
        assert self.complete("list", "deck:tpm::") == ["deck:tpm::tools"]
        assert self.complete("suspend", "tag:") == ["tag:", "tag:exam", "tag:extra"]
        assert self.complete("pin", "is:l") == ["is:learn", "is:leech"]

    def test_completes_decks_of_the_collection_that_is_named(self, cli: Runner) -> None:
        cli.write("c/deck.md", question("one"))
        cli("-C", "c", "scan")
        assert self.complete("-C", "c", "list", "de") == ["deck", "deck:", "deck:deck"]

    @pytest.mark.parametrize("content", [None, b"garbage " * 100, b""])
    def test_completes_nothing_where_the_state_cannot_be_read(self, cli: Runner, content: bytes | None) -> None:
        if content is not None:
            cli.write(".flashcards/state.db", content.decode())
        assert self.complete("list", "tp") == []
        assert self.complete("-C", "nowhere", "list", "tp") == []

    def test_every_word_that_is_offered_is_a_query(self, cli: Runner) -> None:
        cli.write("a.md", "---\ndeck: My Deck::Sub\ntags: [x]\n---\n", question("one"))
        cli("scan")
        for word in self.complete("list", ""):
            if not word.endswith(":"):
                cli("list", word)

    def test_answers_the_shell(self, cli: Runner) -> None:
        env = {"_FLASHCARDS_COMPLETE": "bash_complete", "COMP_WORDS": "flashcards or", "COMP_CWORD": "1"}
        assert process([], cli.root, env=env, code=None).out == "plain,orphans\n"

    def test_completes_the_files_of_backups(self, cli: Runner) -> None:
        cli.write("a.md", question("one"))
        cli("scan")
        cli("backup")
        (backup,) = (cli.root / ".flashcards" / "backups").iterdir()
        assert [Path(word).name for word in self.complete("restore", "")] == [backup.name]
