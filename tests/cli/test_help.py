"""Every command explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.cli import COMMANDS, GROUPS

if TYPE_CHECKING:
    from tests.cli.runner import Runner


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself_with_an_example(cli: Runner, command: str, option: str) -> None:
    shown = cli(command, option)
    assert shown.err == ""
    assert shown.out.startswith(f"Usage: flashcards {command}")
    text = shown.out.partition("\n")[2]
    assert f"flashcards {command}" in text, "an example"
    assert not (cli.root / ".flashcards").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_text(command: str) -> None:
    from flashcards.cli import group

    found = group.get_command(group.make_context("flashcards", ["x"]), command)
    assert found
    for parameter in found.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{command} {parameter.name}"


def test_the_help_lists_every_command_with_a_sentence(cli: Runner) -> None:
    shown = cli("--help").out
    rows = [line.split(maxsplit=1) for line in shown.partition("Every day:\n")[2].splitlines() if line[:1] == " "]
    assert [name for name, *_ in rows] == list(COMMANDS)
    assert all(len(sentence) <= 60 and sentence.endswith(".") for _, sentence in rows)


def test_the_help_groups_commands_by_purpose(cli: Runner) -> None:
    titles = [line.rstrip(":") for line in cli("--help").out.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles == ["Options", *GROUPS]


def test_without_a_command_the_help_is_shown(cli: Runner) -> None:
    result = cli(code=2)
    assert "Usage: flashcards" in result.out + result.err


def test_the_version_is_shown(cli: Runner) -> None:
    import flashcards

    assert cli("--version").out == f"flashcards, version {flashcards.__version__}\n"


def test_a_misspelt_command_is_put_right(cli: Runner) -> None:
    assert "There is no command `lsit`. Did you mean `list`?" in cli.fails("lsit")
    assert "`flashcards --help` lists the commands." in cli.fails("xyzzy")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_refused_with_the_usage(cli: Runner, command: str) -> None:
    assert "No such option" in cli.fails(command, "--no-such-option")


@pytest.mark.parametrize("command", COMMANDS)
def test_only_examples_and_lists_of_values_are_wider_than_a_narrow_window(
    cli: Runner, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = cli(command, "--help").out.splitlines()
    long = [line for line in lines if len(line) > 40 and "flashcards " not in line and "|" not in line]
    assert not long


def test_a_wide_window_keeps_short_names_and_their_explanations_on_one_line(
    cli: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "52")
    assert "  --json      Print JSON Lines, one card a line." in cli("list", "--help").out.splitlines()
