"""`add` writes notes into decks, `format` says how they are written, `check --advice` what could be better."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flashcards.deck.parse import parse
from tests.cli.runner import Runner

DATA = ".obsidian/plugins/obsidian-spaced-repetition/data.json"


def read(cli: Runner, path: str) -> str:
    return (cli.root / path).read_text(encoding="utf-8")


class TestAdd:
    def test_a_question_and_its_answer_make_a_new_deck(self, cli: Runner) -> None:
        assert cli("add", "tpm::tools", "What is RAID?", "A log.").out == "Added 1 note: tpm/tools.md:1.\n"
        assert read(cli, "tpm/tools.md") == "Q: What is RAID?\nA: A log.\n"
        assert cli.card()["deck"] == "tpm::tools"

    def test_a_note_goes_to_the_end_of_the_file_that_holds_its_deck(self, cli: Runner) -> None:
        cli.write("notes.md", "---\ndeck: Bio\n---\n# Cells\n\nQ: a\nA: b\n\n## Prose\n\nMore text.\n\n\n")
        cli("add", "Bio", "c?", "d")
        assert read(cli, "notes.md").endswith("More text.\n\nQ: c?\nA: d\n")
        assert [card["deck"] for card in cli("list", "--json").lines] == ["Bio", "Bio"]

    def test_a_path_names_a_file_new_or_old(self, cli: Runner) -> None:
        cli.write("sub/b.md", "---\ndeck: Other\n---\nQ: a\nA: b\n")
        cli.write("sub/empty.md", "")
        assert cli("add", "sub/b.md", "c?", "d").out == "Added 1 note: sub/b.md:7.\n"
        assert cli("add", "sub/empty.md", "e?", "f").out == "Added 1 note: sub/empty.md:1.\n"
        assert cli("add", "new/x.MD", "g?", "h").out == "Added 1 note: new/x.MD:1.\n"
        decks = [card["deck"] for card in cli("list", "--json").lines]
        assert sorted(decks) == ["Other", "Other", "new::x", "sub::empty"]

    def test_a_path_is_seen_from_the_working_folder(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        (cli.root / "sub").mkdir()
        monkeypatch.chdir(cli.root / "sub")
        cli("-C", str(cli.root), "add", "b.md", "c?", "d")
        assert read(cli, "sub/b.md") == "Q: c?\nA: d\n"

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("sub/b", "Levels of a deck are separated by `::`, as in `sub::b`."),
            ("../x", "as in `x`."),
            ("../x.md", "not for files of this collection"),
            ("::".join(["a"] * 101), "more than 100 levels"),
            ("a/" * 101 + "x.md", "nested in more than 100 folders"),
            (".flashcards/x.md", "not for files of this collection"),
            ("vault.md", "vault.md is written in the format of another program"),
            (".draft.md", ".draft.md is not read as a deck"),
            (" ", "The name of the deck is empty."),
            ("\udcff", "the deck or the text is not UTF-8."),
        ],
    )
    def test_a_path_that_is_not_a_deck_file_is_refused(self, cli: Runner, target: str, said: str) -> None:
        cli.write("vault.md", "---\nformat: obsidian\n---\n#flashcards\n\nx::y\n")
        cli.write(".draft.md", "text\n")
        before = sorted(cli.root.rglob("*"))
        result = cli("add", target, "a?", "b", code=None)
        assert result.code in (1, 2)
        assert sorted(cli.root.rglob("*")) == before
        assert said in " ".join(result.err.split())

    def test_attributes_are_written(self, cli: Runner) -> None:
        cli("add", "d", "a?", "b", "--tags", "hard, exam", "--reverse", "--type")
        assert read(cli, "d.md") == "Q: a?\nA: b\n<!-- tags: hard, exam; reverse; type -->\n"

    def test_a_sign_without_a_tag_is_no_tag(self, cli: Runner) -> None:
        cli("add", "d", "a?", "b", "--tags", "#hard, #, ##, ##AK")
        assert read(cli, "d.md") == "Q: a?\nA: b\n<!-- tags: hard, ##AK -->\n"

    def test_markdown_is_one_text_or_standard_input(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        cli("add", "d", "C: Speech is [produced].")
        monkeypatch.setattr("sys.stdin", io.StringIO("T: agonist\nD: activates\n\nC: [x] y\n"))
        assert cli("add", "d").out == "Added 2 notes: d.md:3, d.md:6.\n"
        assert sorted(card["kind"] for card in cli("list", "--json").lines) == ["cloze", "cloze", "term", "term"]

    def test_the_new_cards_are_printed_as_json(self, cli: Runner) -> None:
        (card,) = cli("add", "d", "a?", "b", "--json").lines
        assert (card["front"], card["deck"], card["state"]) == ("a?", "d", "new")

    def test_a_pair_after_a_question_is_a_separate_note(self, cli: Runner) -> None:
        cli("add", "d", "a?", "b")
        cli("add", "d", "front :: back")
        assert [note.fields for note in parse(read(cli, "d.md"), "d.md").notes] == [("a?", "b"), ("front", "back")]

    def test_a_new_file_in_a_vault_states_the_native_format(self, cli: Runner) -> None:
        cli.write(DATA, "{}")
        cli.write("d.md", "#flashcards\n\nx::y\n")
        cli("add", "d", "a?", "b")
        assert read(cli, "d-2.md").startswith("---\nformat: native\ndeck: d\n---\n")
        assert read(cli, "d.md") == "#flashcards\n\nx::y\n"

    def test_windows_line_ends_stay(self, cli: Runner) -> None:
        cli.write("d.md", "Q: a\r\nA: b\r\n")
        cli("add", "d", "c?", "d")
        assert (cli.root / "d.md").read_bytes() == b"Q: a\r\nA: b\r\n\r\nQ: c?\r\nA: d\r\n"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("Q: no answer", "Line 1: `Q:` without `A:`."),
            ("C: no gap", "Line 1: `C:` without a gap."),
            ("Q: a\nA: ![](missing.png)", "The file `missing.png` is missing."),
            ("Q: a\nA: $$x", "`$$` is left open."),
            ("prose only", "contains no note. Give the deck first"),
            ("", "contains no note. Give the deck first"),
            ("Q: known\nA: yes", "the same note is at d.md:1"),
            ("a :: b\n\na :: b", "the same note is at another line of the text"),
        ],
    )
    def test_what_check_would_report_is_refused(self, cli: Runner, text: str, said: str) -> None:
        cli.write("d.md", "Q: known\nA: yes\n")
        result = cli("add", "d", text, code=None)
        assert result.code in (1, 2)
        assert said in " ".join(result.err.split())
        assert read(cli, "d.md") == "Q: known\nA: yes\n"

    def test_similar_notes_are_shown_and_a_person_decides(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        cli.write("d.md", "Q: What is the capital of France?\nA: Paris\n")
        answers = iter([False, True])
        monkeypatch.setattr("click.confirm", lambda *_, **__: next(answers))
        result = cli("add", "d", "What is the capital city of France?", "Paris!")
        assert "Similar: d.md:1: What is the capital of France?" in result.err
        assert result.out == ""
        assert cli("add", "d", "What is the capital city of France?", "Paris!").out.startswith("Added 1 note")

    def test_a_dry_run_writes_nothing(self, cli: Runner) -> None:
        assert cli("add", "x::y", "a?", "b", "--dry-run").out == "1 note would be added to x/y.md.\n"
        assert not (cli.root / "x").exists()

    def test_the_editor_is_opened_at_a_terminal(self, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

        def write(path: Path, _line: int) -> None:
            assert path.read_text(encoding="utf-8") == "Q: \nA: \n"
            path.write_text("Q: from\nA: editor\n", encoding="utf-8")

        monkeypatch.setattr("flashcards.review.programs.open_editor", write)
        cli("add", "d")
        assert read(cli, "d.md") == "Q: from\nA: editor\n"


class TestFormat:
    def test_the_page_names_every_marker_and_its_example_has_no_problem(self, cli: Runner) -> None:
        page = cli("format").out
        example = (
            page.partition("```markdown\n")[2]
            .partition("```")[0]
            .replace("        # only if it differs from the path", "")
        )
        example = example.replace("                 # for all notes of the file", "")
        deck = parse(example, "x.md")
        assert not deck.problems
        assert {note.kind.value for note in deck.notes} == {"question", "term", "cloze", "pair"}


class TestAdvice:
    def advice(self, cli: Runner) -> list[tuple[int, str]]:
        return [(each["line"], each["code"]) for each in cli("check", "--advice", "--json").lines]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("Q: Why?\nA: " + "word " * 61, "advice-long-answer"),
            ("Q: Is it?\nA: **Yes**, it is.", "advice-yes-no"),
            ("Q: In a matrix, does the manager decide?\nA: No: the sponsor does.", "advice-yes-no"),
            ("Q: True or false: it floats.\nA: True, in salt water.", "advice-yes-no"),
            ("it floats :: yes", "advice-yes-no"),
            ("Q: Ist es wahr?\nA: Nein", "advice-yes-no"),
            ("Q: 为什么？\nA: " + "字" * 101, "advice-long-answer"),
            ("Q: 字符串能修改吗？\nA: 不能，它不可变。", "advice-yes-no"),
            ("Q: 水は燃えますか？\nA: いいえ", "advice-yes-no"),
            ("Q: Which?\nA:\n- a\n- b\n- c\n- d\n- e", "advice-list"),
            ("Q: Which?\nA: a and b and c and d", "advice-and"),
            ("C: [a] [b] [c] [d] [e] [f]", "advice-many-gaps"),
        ],
    )
    def test_a_card_that_is_hard_to_learn_is_named(self, cli: Runner, text: str, code: str) -> None:
        cli.write("a.md", text + "\n")
        assert self.advice(cli) == [(1, code)]

    @pytest.mark.parametrize(
        "text",
        [
            "Q: Why?\nA: " + "word " * 60,
            "Q: Why?\nA: one\n\n```\n" + "code " * 100 + "\n```",
            "Q: Who?\nA: Noah",
            "Q: What does HTTP status 204 mean?\nA: No content",
            "Q: In a matrix, who decides, and does the manager agree?\nA: No one: they bargain.",
            "status of TLS 1.0 :: no longer recommended",
            "Q: Is it safe, and why?\nA: No: it wakes up by itself.",
            "Q: Was passiert dann?\nA: Nein sagen",
            "Q: 为什么？\nA: " + "字" * 100,
            "Q: 字符串有什么特点？\nA: 不能修改",
            "to be able :: 会",
            "Q: What?\nA:\n- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n- [ ] e",
            "Q: Which?\nA: salt and pepper and sand",
        ],
    )
    def test_a_card_that_is_fine_is_not(self, cli: Runner, text: str) -> None:
        cli.write("a.md", text + "\n")
        assert self.advice(cli) == []

    def test_the_same_answer_of_several_notes_is_named(self, cli: Runner) -> None:
        cli.write("a.md", "one :: Paris\n\ntwo :: paris.\n\nthree :: Paris\n\nfour :: Rome\n")
        assert self.advice(cli) == [(line, "advice-same-answer") for line in (1, 3, 5)]

    def test_a_leech_is_named(self, cli: Runner) -> None:
        cli.write("flashcards.toml", 'leech_threshold = 1\nlearning_steps = ""\nrelearning_steps = ""\n')
        cli.write("a.md", "Q: a\nA: b\n")
        card = cli.card()["id"]
        for at, rating in (("2026-01-01", "good"), ("2026-02-01", "again")):
            cli("answer", card, rating, "--at", f"{at}T12:00")
        assert self.advice(cli) == [(1, "advice-leech")]

    def test_advice_is_not_a_problem_and_is_given_only_on_request(self, cli: Runner) -> None:
        cli.write("a.md", "Q: Is it?\nA: Yes.\n")
        assert cli("check").err == "No problems.\n"
        result = cli("check", "--advice")
        assert result.err == "No problems. 1 piece of advice.\n"
        assert result.out.startswith("a.md:1: The answer is yes or no.")
