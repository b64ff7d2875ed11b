"""Options that contradict each other are refused before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from flashcards.cli import COMMANDS, group
from flashcards.cli.params import Rule, option_name

if TYPE_CHECKING:
    from tests.cli.runner import Runner


def parameters(command: str) -> dict[str, click.Parameter]:
    found = group.get_command(click.Context(group), command)
    assert found
    return {option_name(parameter): parameter for parameter in found.params}


def rules() -> list[tuple[str, Rule]]:
    found = []
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        found += [(name, rule) for rule in getattr(command and command.callback, "rules", ())]
    return found


def typed(command: str, option: str) -> list[str]:
    """An option with a value that it takes, where it takes one."""
    parameter = parameters(command)[option]
    if isinstance(parameter, click.Argument):
        return ["is:due"]
    assert isinstance(parameter, click.Option)
    if parameter.is_flag:
        return [option]
    if isinstance(parameter.type, click.Choice):
        return [option, parameter.type.choices[0]]
    return [option, "x.md" if isinstance(parameter.type, click.Path) else "1"]


CLASHES = [(name, rule, other) for name, rule in rules() if rule.excludes for other in rule.others]


def test_the_commands_whose_options_can_contradict_each_other_have_rules() -> None:
    assert {name for name, _ in rules()} >= {"review", "mock", "check", "stats"}


@pytest.mark.parametrize(("command", "rule"), rules(), ids=str)
def test_a_rule_names_parameters_of_its_command(command: str, rule: Rule) -> None:
    assert {rule.option, *rule.others} <= set(parameters(command))


@pytest.mark.parametrize(("command", "rule", "other"), CLASHES, ids=lambda each: str(each).partition("(")[0])
def test_contradictory_options_are_refused(cli: Runner, command: str, rule: Rule, other: str) -> None:
    said = cli.fails(command, *typed(command, rule.option), *typed(command, other))
    assert said == f"Error: {rule.option} cannot be combined with {other}: {rule.because}.\n"
    assert list(cli.root.iterdir()) == [], "nothing was done"


@pytest.mark.parametrize(
    ("command", "rule"), [each for each in rules() if not each[1].excludes], ids=lambda each: str(each)[:20]
)
def test_an_option_without_the_one_it_needs_is_refused(cli: Runner, command: str, rule: Rule) -> None:
    said = cli.fails(command, *typed(command, rule.option))
    assert said == f"Error: {rule.option} needs {' or '.join(rule.others)}: {rule.because}.\n"


def test_all_conflicting_options_are_named_together(cli: Runner) -> None:
    said = cli.fails("review", "--cram", "--ahead", "3", "--backlog", "--new", "1")
    assert said == "Error: --cram cannot be combined with --new, --ahead and --backlog: it asks every card.\n"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("stats", "--days", "x"), "'x' is not a valid whole number."),
        (("forecast", "--days", "1.5"), "'1.5' is not a valid whole number."),
        (("simulate", "--retention", "90%"), "'90%' is not a valid number."),
        (("simulate", "--retention", "nan"), "'nan' is not a number."),
    ],
)
def test_a_value_that_is_not_a_number_is_reported(cli: Runner, command: tuple[str, ...], problem: str) -> None:
    assert problem in cli.fails(*command)


def test_json_without_the_schedule_is_refused(cli: Runner) -> None:
    cli.write("a.md", "Q: one\nA: two\n")
    assert "--no-history works only with packages" in cli.fails("export", "--no-history", "-o", "a.json")
    cli("export", "--no-history", "-o", "a.csv")
