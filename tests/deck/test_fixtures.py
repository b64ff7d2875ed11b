from __future__ import annotations

import re
from pathlib import Path

import pytest

from flashcards.deck.cloze import build_face
from flashcards.deck.parse import parse
from flashcards.deck.source import normalize
from tests.deck.fixture_reader import FIXTURES, PATH, Case, cases, describe, read

CASES = cases()
EACH = pytest.mark.parametrize("case", CASES, ids=str)
PROBLEM_CODES = {
    "reflowed",
    "attribute",
    "cloze-without-gap",
    "empty-gap",
    "empty-side",
    "front-matter",
    "gap-number",
    "no-marker",
    "open-comment",
    "other-format",
    "open-fence",
    "open-gap",
    "question-without-answer",
    "stray-answer",
    "stray-attributes",
    "tag",
    "term-without-definition",
}


@EACH
def test_a_fixture_is_parsed_as_expected(case: Case) -> None:
    assert describe(parse(case.text, PATH)) == case.expected, f"{FIXTURES / case.file}:{case.line}"


@EACH
def test_windows_line_ends_and_a_byte_order_mark_change_nothing_in_any_fixture(case: Case) -> None:
    text = normalize(case.text)
    assert parse("\ufeff" + text.replace("\n", "\r\n"), PATH) == parse(text, PATH)


@EACH
def test_a_fixture_reads_the_same_with_blank_lines_at_its_end(case: Case) -> None:
    longer, deck = parse(case.text + "\n\n \n", PATH), parse(case.text, PATH)
    # A fence that nothing closes runs to the end of the file, but the text of a note ends with its last filled line.
    assert longer == deck._replace(problems=longer.problems)
    assert [problem.code for problem in longer.problems] == [problem.code for problem in deck.problems]


@EACH
def test_every_card_of_a_fixture_has_two_sides(case: Case) -> None:
    for note in parse(case.text, PATH).notes:
        for slot in note.slots:
            both = build_face(note, slot)
            assert both.front.strip() != both.back.strip()


@pytest.mark.parametrize("rule", range(1, 11))
def test_every_rule_of_the_deck_format_has_a_fixture(rule: int) -> None:
    assert [case for case in CASES if case.file.startswith(f"rule-{rule:02}-")]


def test_every_problem_of_the_parser_has_a_fixture() -> None:
    shown = {problem.code for case in CASES for problem in parse(case.text, PATH).problems}
    assert shown == PROBLEM_CODES


def test_every_fixture_of_prose_yields_nothing() -> None:
    prose = [case for case in CASES if case.file == "prose.md"]
    assert len(prose) > 5
    assert [str(case) for case in prose if case.expected] == []


def test_a_file_that_lacks_a_block_is_not_a_fixture(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text("# Title\n\n## one\n\n```markdown\nQ: a\n```\n", "utf-8")
    with pytest.raises(ValueError, match=re.escape("bad.md:3: a fixture has two blocks, this one 1")):
        list(read(tmp_path / "bad.md"))
