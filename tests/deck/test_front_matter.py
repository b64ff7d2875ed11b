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
def test_what_only_looks_like_front_matter_is_left_to_the_deck(text: str) -> None:
    assert read_front_matter(text) == FrontMatter()


@pytest.mark.parametrize("text", ["---\n---\n", "--- \n\n...\t\n", "---\n---"])
def test_empty_front_matter_holds_no_settings(text: str) -> None:
    assert read_front_matter(text) == FrontMatter(end=len(text))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("deck: [a\n", 2),
        ("deck: a\ntags: b: c\n", 3),
        ("deck: x\n\ttags: y\n", 3),
        ("deck:a\n", 2),
        ("since: 2024-99-99\ndeck: a\n", 2),
        ("x: !!python/object:os.system {}\n", 2),
        ('deck: "\\ud800"\n', 2),
        ('name = "x\n', 2),
        ("a = 1\nb = =\n", 3),
        ("a = 1\na = 2\n", 3),
        ("x: " + "9" * 5000 + "\n", 2),
        ("x = " + "9" * 5000 + "\n", 2),
    ],
)
def test_broken_front_matter_is_one_problem_and_the_notes_are_read(body: str, line: int) -> None:
    deck = parse(f"---\n{body}---\n{NOTE}", "x.md")
    assert [(problem.code, problem.line) for problem in deck.problems] == [("front-matter", line)]
    assert [note.fields for note in deck.notes] == [("one", "two")]
    assert (deck.name, deck.settings) == ("x", {})


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


def test_a_name_given_twice_further_in_is_no_business_of_the_settings() -> None:
    assert read_front_matter("---\nx: &x {a: 1}\ny: {a: 2}\n<<: *x\na: 3\n---\n").error is None


@pytest.mark.parametrize("body", ["a = 1\na = 2\n", "a = {}\n[a]\n"])
def test_toml_that_gives_a_setting_twice_is_told_so(body: str) -> None:
    (problem,) = parse(f"---\n{body}---\n{NOTE}", "x.md").problems
    assert problem.line == 3
    assert problem.message == "The front matter cannot be read: `a` is given twice; keep one of them."


def test_values_that_hold_themselves_are_cut_off() -> None:
    assert read_front_matter("---\nx: &x [*x, 1]\n---\n").values == {"x": [[None, 1], 1]}


def test_dates_and_sets_become_what_json_can_hold() -> None:
    values = read_front_matter("---\nday: 2024-02-29\nat: 2024-02-29 04:00:00\nnames: !!set {a}\n1: true\n---\n").values
    assert values == {"day": "2024-02-29", "at": "2024-02-29T04:00:00", "names": ["a"], "1": True}


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["deck", "tags", "name", "new_per_day", "x-y"]),
        st.one_of(st.none(), st.booleans(), st.integers(), yaml_text, st.lists(yaml_text)),
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
    assert (found.values, found.error, found.end) == (values, None, len(text))
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
