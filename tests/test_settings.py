"""Every setting does what it says, wherever it may stand."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.collection import Collection
from flashcards.dialects.choose import DATA
from flashcards.settings import (
    SETTINGS,
    MockPreset,
    SettingInvalid,
    Settings,
    find_front_matter_problems,
    find_own_properties,
    find_unknown_decks,
    load_settings,
    make_default_text,
)
from scheduler import DEFAULT_PARAMETERS, Policy

if TYPE_CHECKING:
    from pathlib import Path

OTHERS: dict[str, tuple[str, Any]] = {
    "retention": ("0.85", 0.85),
    "learning_steps": ('"30s 5m 2h 1d"', (30, 300, 7200, 86_400)),
    "relearning_steps": ('""', ()),
    "maximum_interval": ("365", 365),
    "new_per_day": ("0", 0),
    "reviews_per_day": ("9999", 9999),
    "bury_siblings": ("false", False),
    "leech_threshold": ("0", 0),
    "leech_action": ('"suspend"', "suspend"),
    "fuzz": ("false", False),
    "load_balance": ("false", False),
    "easy_days": ('"sat=0.5 sun=0"', (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0)),
    "new_order": ('"random"', "random"),
    "review_order": ('"retrievability"', "retrievability"),
    "new_mix": ('"first"', "first"),
    "parameters": (
        str([*DEFAULT_PARAMETERS[:3], 9.0, *DEFAULT_PARAMETERS[4:]]),
        (*DEFAULT_PARAMETERS[:3], 9.0, *DEFAULT_PARAMETERS[4:]),
    ),
    "deadline": ('"2026-12-15"', "2026-12-15"),
    "rest_days": ("7", 7),
    "ignore_reviews_before": ('"2024-01-31"', "2024-01-31"),
}
"""For each setting a value other than its default, as TOML and as the policy holds it."""

NAMES = [setting.name for setting in SETTINGS]


def read(root: Path, text: str) -> Settings:
    (root / "flashcards.toml").write_bytes(text.encode())
    return load_settings(root)


def refused(root: Path, text: str) -> str:
    with pytest.raises(SettingInvalid) as error:
        read(root, text)
    return str(error.value)


@pytest.mark.parametrize("name", ["tag", "Tags", "dekc", "new_per_dy", "newPerDay", "new-cards-per-day", "retension"])
def test_a_property_that_is_like_a_setting_is_a_slip(name: str) -> None:
    assert [problem[0] for problem in find_front_matter_problems({name: 1})] == [name]


@pytest.mark.parametrize(
    "name", ["code", "desc", "folder", "pages", "owner", "reading-time", "reviewed", "days", "sort"]
)
def test_a_property_that_only_shares_letters_with_a_setting_is_the_users_own(name: str) -> None:
    assert find_front_matter_problems({name: 1}) == []
    assert find_own_properties({name: 1}) == [name]


def test_every_field_of_a_policy_is_a_setting() -> None:
    assert set(NAMES) == set(Policy._fields) == set(OTHERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_at_the_top_applies_to_every_deck(tmp_path: Path, name: str) -> None:
    written, value = OTHERS[name]
    policy = read(tmp_path, f"{name} = {written}\n").policy_for("any::deck", {})
    assert getattr(policy, name) == value
    assert {other for other in NAMES if getattr(policy, other) != getattr(Policy(), other)} == {name}


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_for_a_deck_applies_to_its_subdecks_too(tmp_path: Path, name: str) -> None:
    written, value = OTHERS[name]
    settings = read(tmp_path, f'[decks."a::b"]\n{name} = {written}\n')
    for deck, expected in {"a::b": value, "a::b::c": value}.items():
        assert getattr(settings.policy_for(deck, {}), name) == expected
    for deck in ("a", "a::bc", "b", "A::B"):
        assert settings.policy_for(deck, {}) == Policy()


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_in_front_matter_applies_only_to_the_deck_of_its_file(tmp_path: Path, name: str) -> None:
    written, value = OTHERS[name]
    (tmp_path / "a.md").write_text(f"---\n{name}: {written}\n---\nQ: q\nA: a\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("Q: q2\nA: a\n", encoding="utf-8")
    with Collection(tmp_path) as collection:
        collection.scan()
        decks = collection.catalog.decks()
        assert getattr(collection.policy(decks["a"]), name) == value
        assert collection.policy(decks["b"]) == Policy()


def test_the_most_specific_setting_applies(tmp_path: Path) -> None:
    text = 'new_per_day = 1\n[decks.a]\nnew_per_day = 2\n[decks."a::b"]\nnew_per_day = 3\n'
    settings = read(tmp_path, text)
    chosen = {deck: settings.policy_for(deck, {}).new_per_day for deck in ("x", "a", "a::x", "a::b", "a::b::c")}
    assert chosen == {"x": 1, "a": 2, "a::x": 2, "a::b": 3, "a::b::c": 3}
    assert settings.policy_for("a::b", {"new_per_day": 4}).new_per_day == 4
    assert settings.policy_for("a::b", {"new_per_day": "many"}).new_per_day == 3


def test_a_star_in_the_name_of_a_table_matches_any_text(tmp_path: Path) -> None:
    tables = {'"a::s*"': "new_per_day = 1\nretention = 0.8", '"a::s-two"': "new_per_day = 2", "a": "new_per_day = 3"}
    settings = read(tmp_path, "".join(f"[decks.{name}]\n{values}\n" for name, values in tables.items()))
    chosen = {deck: settings.policy_for(deck, {}).new_per_day for deck in ("a", "a::t", "a::s", "a::s-one", "a::s-two")}
    assert chosen == {"a": 3, "a::t": 3, "a::s": 1, "a::s-one": 1, "a::s-two": 2}
    assert settings.policy_for("a::s-two", {}).retention == 0.8
    assert settings.policy_for("a::s-two::below", {}).new_per_day == 2
    assert settings.policy_for("ba::s", {}).new_per_day == Policy().new_per_day
    assert find_unknown_decks(tmp_path, settings, ["a::s-two"]) == []
    assert find_unknown_decks(tmp_path, settings, ["a::t"]) == [(1, "a::s*"), (4, "a::s-two")]


@pytest.mark.parametrize("line", ["order = 1", "parameters = []"])
def test_a_setting_of_single_decks_cannot_be_set_for_many(tmp_path: Path, line: str) -> None:
    assert "is a setting of single decks" in refused(tmp_path, f'[decks."a*"]\n{line}\n')


def test_tables_of_very_many_unknown_decks_are_found_in_linear_time(tmp_path: Path) -> None:
    """Quadratic time would be a minute."""
    (tmp_path / "flashcards.toml").write_text("".join(f"[decks.k{n}]\nretention = 0.9\n" for n in range(20_000)))
    found = find_unknown_decks(tmp_path, load_settings(tmp_path), ["k7::x"])
    assert found == [(2 * n + 1, f"k{n}") for n in range(20_000) if n != 7]


@pytest.mark.parametrize("number", [f"0x{'f' * 400}", f"-{'9' * 400}", "9" * 400])
@pytest.mark.parametrize("name", ["spoken_minutes", "retention"])
def test_a_number_too_large_for_the_computer_is_refused(tmp_path: Path, name: str, number: str) -> None:
    assert refused(tmp_path, f"{name} = {number}\n").startswith(f"flashcards.toml:1: `{name}` must be")


def test_how_long_an_answer_at_length_takes_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "spoken_minutes = 1.5\n").spoken_minutes == 1.5
    assert refused(tmp_path, "\nspoken_minutes = 0\n").startswith(
        "flashcards.toml:2: `spoken_minutes` must be a number of minutes"
    )
    assert "Move it above the deck tables" in refused(tmp_path, "[decks.a]\nspoken_minutes = 2\n")


def test_of_several_files_of_a_deck_the_first_by_name_counts(tmp_path: Path) -> None:
    for name, number in (("b.md", 2), ("a.md", 1)):
        text = f"---\ndeck: d\nnew_per_day: {number}\n---\nQ: {name}\nA: a\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
    with Collection(tmp_path) as collection:
        collection.scan()
        assert collection.policy(collection.catalog.decks()["d"]).new_per_day == 1
        (tmp_path / "a.md").unlink()
        collection.scan()
        assert collection.policy(collection.catalog.decks()["d"]).new_per_day == 2


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings() == read(tmp_path, "")


def test_a_vault_gives_the_settings_that_the_file_does_not_set(tmp_path: Path) -> None:
    data = tmp_path / DATA
    data.parent.mkdir(parents=True)
    data.write_text('{"settings": {"startOfDay": "02:00:00", "algorithm": "FSRS", "fsrsDesiredRetention": 0.85}}')
    found = load_settings(tmp_path)
    assert (found.rollover, found.policy.retention) == (2, 0.85)
    assert found.inherited == {"rollover": 2, "retention": 0.85}
    found = read(tmp_path, "retention = 0.93")
    assert (found.rollover, found.policy.retention) == (2, 0.93)
    assert found.inherited == {"rollover": 2}
    (tmp_path / "Uni").mkdir()
    assert load_settings(tmp_path / "Uni").rollover == 2


def test_the_hour_of_a_new_day_and_the_keys_are_read(tmp_path: Path) -> None:
    settings = read(tmp_path, 'rollover = 0\n[keys]\nundo = "z"\n')
    assert settings.rollover == 0
    assert settings.keys == {"undo": "z"}
    with Collection(tmp_path) as collection:
        assert collection.clock.rollover == 0


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff# é\r\nretention = 0.8\r\n").policy.retention == 0.8
    assert refused(tmp_path, "\ufeffnew_per_day = 1\r\nretention = 8\r\n").startswith("flashcards.toml:2: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retension = 0.9", "1: `retension` is not a setting. Did you mean `retention`?"),
        ("# retension\n\n  retension = 0.9", "3: `retension` is not a setting. Did you mean `retention`?"),
        ("qqqq = 1", "1: `qqqq` is not a setting. Remove it."),
        ('"new per day" = 1', "1: `new per day` is not a setting. Did you mean `new_per_day`?"),
        ("deck = 1", "1: `deck` is not a setting. Did you mean `decks`?"),
        ("[deks.a]\nfuzz = true", "1: `deks` is not a setting. Did you mean `decks`?"),
        ("retention = '0.9'", "1: `retention` must be a number."),
        ("retention = true", "1: `retention` must be a number."),
        ("retention = nan", "1: `retention` must be between 0.7 and 0.99, not nan."),
        ("retention = 0.5", "1: `retention` must be between 0.7 and 0.99, not 0.5."),
        ("new_per_day = 1.5", "1: `new_per_day` must be a whole number."),
        ("new_per_day = -1", "1: `new_per_day` must not be negative, but is -1."),
        ("maximum_interval = 0", "1: `maximum_interval` must be 1 to 36500 days, not 0."),
        ("fuzz = 1", "1: `fuzz` must be true or false."),
        ("leech_action = 'delete'", "1: `leech_action` must be one of tag, suspend, not 'delete'."),
        ("leech_action = 1", "1: `leech_action` must be a word in quotes."),
        ("learning_steps = '1m ten'", '1: `learning_steps` must be steps such as "1m 10m" or "30s 1h 2d".'),
        ("learning_steps = 10", '1: `learning_steps` must be steps such as "1m 10m" or "30s 1h 2d".'),
        ("learning_steps = '0.1s'", "1: `learning_steps` each step must be at least one second."),
        ("learning_steps = '36501d'", "1: `learning_steps` must not contain a step of more than 36500 days."),
        (f"learning_steps = '{'9' * 400}d'", "1: `learning_steps` must not contain a step of more than 36500 days."),
        ("parameters = 'x'", "1: `parameters` must be a list of numbers."),
        ("parameters = [1, 'x']", "1: `parameters` must be a list of numbers."),
        (
            "parameters = [1, 2]",
            "1: `parameters` must be parameters of FSRS: 2 numbers belong to no supported version",
        ),
        (f"parameters = {[0.5] * 20 + [0]}", "1: `parameters` must be parameters of FSRS: the last one must be more"),
        ("rollover = 24", "1: `rollover` must be an hour, 0 to 23."),
        ("rollover = true", "1: `rollover` must be an hour, 0 to 23."),
        ("keys = 1", '1: `keys` must be a table of single characters, such as undo = "z".'),
        ("[keys]\nundo = 'ab'", '1: `keys` must be a table of single characters, such as undo = "z".'),
        ("decks = 1", '1: `decks` must contain tables such as [decks."tpm"].'),
        ("[decks]\na = 1", '1: `decks` must contain tables such as [decks."tpm"].'),
        ("fuzz = true\n[decks.a]\n\nfuzz = 1", "4: `fuzz` must be true or false."),
        ("[decks.a]\nfuzz = true\n[decks.'b::c']\nfuzz = 1", "4: `fuzz` must be true or false."),
        ("[decks.a]\nrollover = 3", "2: `rollover` applies to the whole collection."),
        ("decks.a.fuzz = 1", "1: `fuzz` must be true or false."),
        ("mocks = 3", "1: `mocks` must contain tables such as"),
        ("[mocks.a]\nquestion = 3", "1: `a` has no `question`. A mock has query, questions, minutes, per_question."),
        ("fuzz = true\n[mocks.a]\nquestions = 0", "2: `a` has a `questions` that cannot be used: it must be"),
        (
            "[mocks.a]\nminutes = nan",
            "1: `a` has a `minutes` that cannot be used: it must be a number of minutes above 0",
        ),
        ('[mocks."a\\u0007"]', "1: `a\x07` has a name or a query with control characters."),
        ('[mocks.a]\nquery = "\\u009b"', "1: `a` has a name or a query with control characters."),
        ("[mocks.a]\nquery = 3", "1: `a` has a `query` that cannot be used: it must be a word in quotes."),
        ("fuzz = true\ndecks = { a = { fuzz = 1 } }", "2: `fuzz` must be true or false."),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text).startswith(f"flashcards.toml:{message}")


def test_a_mock_may_have_joined_symbols_in_its_name_and_a_query_of_lines(tmp_path: Path) -> None:
    name = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}\N{NO-BREAK SPACE}screen"
    found = read(tmp_path, f'[mocks."{name}"]\nquery = """\ntag:a\nor tag:b"""\n')
    assert found.mocks[name].query == "tag:a\nor tag:b"


@pytest.mark.parametrize("text", ["retention 0.9", "a = [", "[a\n", "a = 1\na = 2", "x = " + "[" * 5000])
def test_invalid_toml_is_refused(tmp_path: Path, text: str) -> None:
    place, _, message = refused(tmp_path, text).partition(": ")
    assert place.removesuffix(":1").removesuffix(":2") == "flashcards.toml"
    assert message.startswith("is not valid TOML: ")


@pytest.mark.parametrize(("text", "name"), [("fuzz = true\nfuzz = false", "fuzz"), ("[decks.a]\n[decks.a]", "decks.a")])
def test_what_is_given_twice_is_named_with_its_line(tmp_path: Path, text: str, name: str) -> None:
    message = f"flashcards.toml:2: is not valid TOML: `{name}` is given twice; keep one of them."
    assert refused(tmp_path, text) == message


def test_a_mock_preset_sets_only_its_own_values(tmp_path: Path) -> None:
    text = '[mocks."phone screen"]\nquery = "tag:a"\nquestions = 4\nminutes = 30\n[mocks.b]\nper_question = 2.5'
    assert read(tmp_path, text).mocks == {
        "phone screen": MockPreset("tag:a", 4, 30.0, None),
        "b": MockPreset("", None, None, 2.5),
    }


def test_empty_parameters_are_the_defaults_of_fsrs(tmp_path: Path) -> None:
    assert read(tmp_path, "parameters = []") == Settings()


def test_the_text_that_explains_the_settings_changes_none_and_names_all(tmp_path: Path) -> None:
    text = make_default_text()
    assert read(tmp_path, text) == Settings()
    for name in NAMES:
        assert f"\n#{name} = " in text
    shown = tomllib.loads("\n".join(line.removeprefix("#") for line in text.splitlines() if not line.startswith("# ")))
    assert {name: shown[name] for name in NAMES if name != "parameters"} == {
        setting.name: tomllib.loads(f"x = {setting.default}")["x"] for setting in SETTINGS if setting.default
    }


def test_settings_that_are_nested_without_end_are_refused_in_words(tmp_path: Path) -> None:
    assert refused(tmp_path, f"a = {'[' * 9000}") == "flashcards.toml: is not valid TOML: it is nested too deeply."


def test_a_line_whose_mark_is_removed_keeps_the_default(tmp_path: Path) -> None:
    for line in make_default_text().partition("#[keys]")[0].splitlines():
        if any(line.startswith(f"#{name} = ") for name in NAMES if name != "parameters"):
            assert read(tmp_path, line.removeprefix("#")) == Settings()


@given(
    st.dictionaries(st.text(max_size=12), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
)
def test_any_front_matter_gives_a_policy_and_only_problems_of_its_own_keys(values: dict[str, Any]) -> None:
    assert isinstance(Settings().policy_for("a::b", values), Policy)
    assert {name for name, _, _ in find_front_matter_problems(values)} <= set(values)


@given(
    st.sampled_from(NAMES),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.floats(), max_size=22)),
)
def test_a_value_is_either_used_or_reported(name: str, value: object) -> None:
    problems = find_front_matter_problems({name: value})
    changed = Settings().policy_for("a", {name: value}) != Policy()
    assert not (problems and changed)
