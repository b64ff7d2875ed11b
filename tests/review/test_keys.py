from __future__ import annotations

import pytest

from flashcards.review.keys import DEFAULTS, Action, KeyMap
from flashcards.settings import SettingInvalid


def test_space_and_enter_show_the_answer() -> None:
    keys = KeyMap({})
    assert [keys.action(key) for key in (" ", "\r", "\n")] == [Action.SHOW] * 3


@pytest.mark.parametrize("key", ["q", "\x1b", "\x04", ""])
def test_q_escape_ctrl_d_or_the_end_of_input_ends_the_session(key: str) -> None:
    assert KeyMap({}).action(key) is Action.QUIT


def test_the_digits_rate() -> None:
    keys = KeyMap({})
    assert [keys.action(key) for key in "1234"] == [Action.AGAIN, Action.HARD, Action.GOOD, Action.EASY]


def test_an_unknown_key_does_nothing() -> None:
    assert KeyMap({}).action("x") is None


def test_a_setting_gives_an_action_another_key() -> None:
    keys = KeyMap({"undo": "z"})
    assert keys.action("z") is Action.UNDO
    assert keys.action("u") is None
    assert keys.label(Action.UNDO) == "z"


def test_two_actions_may_swap_their_keys() -> None:
    keys = KeyMap({"undo": "e", "edit": "u"})
    assert keys.action("e") is Action.UNDO
    assert keys.action("u") is Action.EDIT


def test_an_unknown_action_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(SettingInvalid, match=r"`undoo`.*Did you mean `undo`\?"):
        KeyMap({"undoo": "z"})


def test_an_action_like_no_other_is_an_error_that_lists_them() -> None:
    with pytest.raises(SettingInvalid, match="The actions are show, again"):
        KeyMap({"xyzzy": "z"})


def test_one_key_for_two_actions_is_an_error_that_names_both() -> None:
    with pytest.raises(SettingInvalid, match=r"`(undo|edit)` and `(undo|edit)`.*`e`"):
        KeyMap({"undo": "e"})


@pytest.mark.parametrize("key", ["\r", "\x1b", "\x04"])
def test_reserved_keys_cannot_be_reassigned(key: str) -> None:
    with pytest.raises(SettingInvalid, match="reserved"):
        KeyMap({"undo": key})


def test_the_help_explains_every_key_once() -> None:
    explained = KeyMap({}).explanations()
    assert len(explained) == len({key for key, _ in explained}) == len(DEFAULTS) + 2
    assert ("space", "show the answer, then Good (also Enter)") in explained
