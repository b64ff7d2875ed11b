from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashcards.deck.front_matter import FrontMatter, read_front_matter
from flashcards.deck.parse import parse
from flashcards.deck.source import normalize
from tests.deck.markdown_like import characters

NOTE = "Q: one\nA: two\n"
yaml_text = st.text("ab1 :#-[]{},&*!|>%@`'\"\\\n\té🦊ש", max_size=9)


def test_yaml_gives_values_and_their_lines() -> None:
    text = "---\ndeck: a::b\n# remark\ntags: [x, y]\n\n'steps': {again: 10m}\n---\n"
    assert read_front_matter(text + NOTE) == FrontMatter(
        len(text), {"deck": "a::b", "tags": ["x", "y"], "steps": {"again": "10m"}}, {"deck": 2, "tags": 4, "steps": 6}
    )


def test_toml_as_hashcards_writes_it_gives_values_and_their_lines() -> None:
    text = '---\nname = "Chemistry"\nnew_per_day = 10\n---\n'
    assert read_front_matter(text + NOTE) == FrontMatter(
        len(text), {"name": "Chemistry", "new_per_day": 10}, {"name": 2, "new_per_day": 3}
    )


def test_toml_between_plus_signs_is_read_and_a_bad_line_costs_only_itself() -> None:
    text = '+++\ntags = ["a"]\ntitle = unquoted\ndeck = "T::Z"\n+++\n'
    found = read_front_matter(text + NOTE)
    assert (found.end, found.values) == (len(text), {"tags": ["a"], "deck": "T::Z"})
    ((line, _, _, hint),) = found.problems
    assert (line, hint) == (3, "Write one `name = value` per line; the other settings are used.")
    assert read_front_matter(f"+++\n{NOTE}+++\n") == FrontMatter()


@pytest.mark.parametrize("table", ["[params]", "  [params]", '["a b".c]  # ours', "[[menu]]"])
def test_a_key_below_a_table_of_toml_is_no_setting_after_a_bad_line_either(table: str) -> None:
    found = read_front_matter(f'+++\ntitle = unquoted\ndeck = "T"\n{table}\ndeck = "X"\nretention = 0.8\n+++\n')
    assert found.values["deck"] == "T"
    assert "retention" not in found.values
    assert [problem.line for problem in found.problems] == [2]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("tags: #exam", 2),
        ("x: 1\ntags: #exam #oral", 3),
        ("tags:\n- #exam\n- oral", 2),
        ("tags:\n  - oral\n  - #exam", 2),
        ("deck: #Biology", 2),
    ],
)
def test_a_tag_that_yaml_reads_as_a_comment_is_reported(body: str, line: int) -> None:
    found = read_front_matter(f"---\n{body}\n---\n").problems
    assert [problem.line for problem in found] == [line]
    assert "`#` begins a comment" in found[0].message


@pytest.mark.parametrize("body", ["tags: # none yet", "tags:", "tags: [a] # b", "x: #exam", "tags:\n# exam\n- a"])
def test_an_ordinary_comment_is_not_reported(body: str) -> None:
    assert read_front_matter(f"---\n{body}\n---\n").problems == ()


def test_a_colon_in_a_toml_value_does_not_make_it_yaml() -> None:
    assert read_front_matter('---\nname = "a: b"\ndeck = "c::d"\n---\n').values == {"name": "a: b", "deck": "c::d"}


def test_an_equals_sign_in_a_yaml_value_does_not_make_it_toml() -> None:
    assert read_front_matter("---\nname: a = b\n---\n").values == {"name": "a = b"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        NOTE,
        f"---\n{NOTE}---\n{NOTE}",
        f"---\n{NOTE}",
        "---\nParis :: capital of France\n---\n",
        "---\n\nProse, no names.\n\n---\n",
        " ---\ndeck: x\n---\n",
        "\n---\ndeck: x\n---\n",
        "----\ndeck: x\n---\n",
        "---\ndeck: x\n",
        "```\n---\ndeck: x\n---\n```\n",
    ],
)
def test_text_that_only_looks_like_front_matter_belongs_to_the_deck(text: str) -> None:
    assert read_front_matter(text) == FrontMatter()


@pytest.mark.parametrize("text", ["---\n---\n", "---\n{}\n---\n", "--- \n\n...\t\n", "---\n---"])
def test_empty_front_matter_holds_no_settings(text: str) -> None:
    assert read_front_matter(text) == FrontMatter(end=len(text))


@pytest.mark.parametrize(
    ("body", "line", "values"),
    [
        ("deck: [a\n", 2, {}),
        ("deck: a\ntags: b: c\n", 3, {"deck": "a"}),
        ("tags: [a]\ntitle: Rome: the early years\ndeck: b\n", 3, {"tags": ["a"], "deck": "b"}),
        ("x: 1\ntags: [a\ny: 2\n", 3, {"x": 1, "y": 2}),
        ("x: 1\ny: 'two\nz: 3\n", 3, {"x": 1, "z": 3}),
        ("x: 1\nnonsense\ny: 2\n", 3, {"x": 1, "y": 2}),
        ("x: 1\ny: *bold*\nz: 3\n", 3, {"x": 1, "z": 3}),
        ("x: 1\ny: @name\nz: 3\n", 3, {"x": 1, "z": 3}),
        ("x: 1\ny:\n  - a: b: c\n  - d\nz: 3\n", 4, {"x": 1, "y": None, "z": 3}),
        ("x: {a: {b: [*c]}}\ny: 2\n", 2, {"y": 2}),
        ("deck: x\n\ttags: y\n", 3, {"deck": "x"}),
        ("deck:a\n", 2, {}),
        ("x: a\u2028b\x85c\ny: b: c\nz: 3\n", 3, {"x": "a b c", "z": 3}),
        ("x: !!python/object:os.system {}\n", 2, {}),
        ("fuzz: !!bool maybe\ny: 2\n", 2, {"y": 2}),
        ("retention: !!float\n", 2, {}),
        ("deadline: !!timestamp soon\n", 2, {}),
        ('deck: "\\ud800"\n', 2, {}),
        ('deck: "\\UFFFFFFFF"\n', 2, {}),
        ('name = "x\n', 2, {}),
        ("a = 1\nb = =\nc = 2\n", 3, {"a": 1, "c": 2}),
        ("a = [1\nb = 2\nc = 3\n", 2, {"b": 2, "c": 3}),
        ("a = 1\n[b]\nc = =\n", 4, {"a": 1, "b": {}}),
        ("a.a" + ".a" * 5000 + " = 1\nb = 2\n", 2, {"b": 2}),
        ("x: " + "9" * 5000 + "\ny: 2\n", 2, {"y": 2}),
        ("x: 0x" + "f" * 5000 + "\n", 2, {}),
        ("x = " + "9" * 5000 + "\n", 2, {}),
        ("x = 0x" + "f" * 5000 + "\ny = 2\n", 2, {"y": 2}),
    ],
)
def test_an_unreadable_line_affects_only_its_setting(body: str, line: int, values: dict[str, Any]) -> None:
    text = f"---\n{body}---\n{NOTE}"
    found = read_front_matter(text)
    assert ([each.line for each in found.problems], found.values) == ([line], values)
    deck = parse(text, "x.md")
    assert [(problem.code, problem.line) for problem in deck.problems] == [("front-matter", line)]
    assert [note.fields for note in deck.notes] == [("one", "two")]


def test_front_matter_that_is_too_long_is_not_read() -> None:
    (problem,) = read_front_matter("---\nx: 1\n" + "# remark\n" * 5000 + "---\n").problems
    assert problem.message == "The front matter has 45,005 characters; only 16,384 can be read."


@pytest.mark.parametrize("letters", [9, 30])
def test_aliases_do_not_multiply_what_is_read(letters: int) -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * letters)}]" for n in range(1, 9))]
    found = read_front_matter("---\n" + "\n".join(lines) + "\n---\n")
    assert found.values == {"a0": ["x"]}
    assert [each.line for each in found.problems] == list(range(3, 11))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7", 7), ("-1_000", -1000), ("1.5", 1.5), (".5", 0.5), ("yes", True), ("Off", False), ("~", None), ("", None),
        ("017", "017"), ("0x1F", "0x1F"), ("12:30", "12:30"), ("1.2.3", "1.2.3"),
        ("20240101123456789012", "20240101123456789012"),
        ("2024-2-3", "2024-02-03"), ("2024-99-99", "2024-99-99"), ("'7'", "7"), ("[]", []), ("[ a,  2 ]", ["a", 2]),
        ("a#b", "a#b"), ("a # b", "a"), ("a::b", "a::b"), ("|\n  a\n  b", "a\nb\n"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_people_expect(written: str, value: object) -> None:
    found = read_front_matter(f"---\nx: {written}\n---\n")
    assert (found.values, found.problems) == ({"x": value}, ())


@pytest.mark.parametrize("typed", ["yes", "007", "1.10", "2024-1-5", "0x1F"])
def test_names_of_decks_and_tags_stay_as_they_are_typed(typed: str) -> None:
    deck = parse(f"---\ndeck: {typed}\ntags: [{typed}]\n---\n{NOTE}", "x.md")
    assert (deck.name, deck.notes[0].tags) == (typed, (typed,))


@pytest.mark.parametrize("opening", ["x: [", "x: {a: ", "x = [", "? ", "- x: "])
def test_nesting_without_end_is_a_problem_and_no_crash(opening: str) -> None:
    deck = parse(f"---\nx: 1\n{opening * 20_000}\n---\n{NOTE}", "x.md")
    assert [problem.code for problem in deck.problems] == ["front-matter"]
    assert len(deck.notes) == 1


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("tags: a\nx: 1\n'tags': b\n", 4, "`tags` on lines 2 and 4."),
        ("tags: a\nx: 1\ntags: b\nx: 2\nx: 3\n", 4, "`tags` on lines 2 and 4; `x` on lines 3, 5 and 6."),
    ],
)
def test_a_setting_given_twice_is_a_problem_and_its_last_value_counts(body: str, line: int, message: str) -> None:
    deck = parse(f"---\n{body}---\n{NOTE}", "x.md")
    (problem,) = deck.problems
    assert (problem.code, problem.line) == ("front-matter", line)
    assert problem.message == f"Given more than once, where only the last counts: {message}"
    assert deck.notes[0].tags == ("b",)


def test_a_name_given_twice_inside_a_table_is_not_a_problem() -> None:
    assert read_front_matter("---\nx: {a: 1}\ny: {a: 2, a: 3}\na: 3\n---\n").problems == ()


@pytest.mark.parametrize("body", ["a = 1\na = 2\n", "a = {}\n[a]\n"])
def test_a_setting_given_twice_in_toml_is_reported(body: str) -> None:
    (problem,) = parse(f"---\n{body}---\n{NOTE}", "x.md").problems
    assert problem.line == 3
    assert problem.message == "Given more than once, where only the last counts: `a` on lines 2 and 3."


def test_dates_become_what_json_can_hold() -> None:
    values = read_front_matter("---\nday: 2024-02-29\nat: 2024-02-29 04:00:00\n1: true\n---\n").values
    assert values == {"day": "2024-02-29", "at": "2024-02-29T04:00:00", "1": True}


def test_lists_deeper_than_in_any_setting_are_cut_off() -> None:
    assert read_front_matter("---\nx: [[1, [2]], 3]\n---\n").values == {"x": [[1, None], 3]}


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["day", "a1", "new_per_day", "x-y"]),
        st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), yaml_text, st.lists(yaml_text)),
        min_size=1,
    )
)
def test_settings_written_as_json_are_read_as_yaml(values: dict[str, Any]) -> None:
    text = (
        "---\n"
        + "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
        + "---\n"
    )
    found = read_front_matter(text + NOTE)
    assert (found.values, found.problems, found.end) == (values, (), len(text))
    assert found.lines == {name: line for line, name in enumerate(values, start=2)}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["a: ", "b = ", "[", "]", "{", "}", "&x ", "*x", "- ", "\n", "  ", '"', "'", "|", "#"]))
)
def test_reading_never_raises(pieces: list[str]) -> None:
    body = "".join(pieces)
    json.dumps(read_front_matter(f"---\n{body}\n---\n").values)


@settings(max_examples=200, deadline=None)
@given(st.text(characters))
def test_reading_never_raises_for_arbitrary_text(body: str) -> None:
    json.dumps(read_front_matter(normalize(f"---\na: {body}\n---\n")).values)


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("", "x.md", "x"),
        ("", "a/b c/d.md", "a::b c::d"),
        ("", ".md", "deck"),
        ("---\ndeck: Neuro::Synapses\n---\n", "x.md", "Neuro::Synapses"),
        ("---\nname: Neuro\n---\n", "x.md", "Neuro"),
        ("---\ndeck: ' a ::  b   c:: '\n---\n", "x.md", "a::b c"),
        ("---\ndeck: '::'\n---\n", "x.md", "deck"),
        ("---\ndeck:\n---\n", "a/x.md", "a::x"),
        ("---\ndeck: 7\n---\n", "x.md", "7"),
    ],
)
def test_a_deck_is_named_by_its_front_matter_or_else_by_its_path(text: str, path: str, name: str) -> None:
    assert parse(text, path).name == name
