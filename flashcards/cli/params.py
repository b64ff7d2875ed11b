"""Types of option values that click lacks, and rules about which options go together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from flashcards.cli.dates import read_date
from flashcards.errors import UsageError


class Number(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse and check the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Day(click.ParamType[str]):
    """A date; it stays text, because a collection says when its day begins."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the date."""
        if read_date(str(value), datetime.now().astimezone().date()) is None:
            self.fail(f"{value!r} is not a date. Write it like 2026-12-15, `tomorrow`, +3 or fri.", param, ctx)
        return str(value)


class OptionsConflict(UsageError):
    """Options that contradict each other."""

    def __init__(self, option: str, others: Sequence[str], because: str) -> None:
        super().__init__(f"{option} cannot be combined with {_join_names(others, 'and')}: {because}.")


class OptionIncomplete(UsageError):
    """An option without another one that it needs."""

    def __init__(self, option: str, others: Sequence[str], because: str) -> None:
        super().__init__(f"{option} needs {_join_names(others, 'or')}: {because}.")


class Excludes(NamedTuple):
    """A rule: `option` excludes `others`; `because` ends the error message."""

    option: str
    others: tuple[str, ...]
    because: str

    def check(self, given: Sequence[str]) -> None:
        """Raise an error if the options given break the rule."""
        clash = [other for other in self.others if other in given]
        if self.option in given and clash:
            raise OptionsConflict(self.option, clash, self.because)


class Requires(NamedTuple):
    """A rule: `option` needs one of `others`; `because` ends the error message."""

    option: str
    others: tuple[str, ...]
    because: str

    def check(self, given: Sequence[str]) -> None:
        """Raise an error if the options given break the rule."""
        if self.option in given and not any(other in given for other in self.others):
            raise OptionIncomplete(self.option, self.others, self.because)


Rule = Excludes | Requires


class OptionRules:
    """A decorator for a command: checks its options against `rules` before it runs.

    Place it below the options. Rules name an option as it is typed, an argument in capitals: `QUERY`.
    """

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function with the check; the attribute `rules` of the result lists the rules."""

        @wraps(function)
        def checked(*arguments: Any, **values: Any) -> Any:
            given = _names_given(click.get_current_context())
            for rule in self.rules:
                rule.check(given)
            return function(*arguments, **values)

        checked.rules = self.rules  # type: ignore[attr-defined]  # a function takes any attribute
        return checked


def _names_given(context: click.Context) -> list[str]:
    """List the options and arguments given on the command line, by their first names."""
    return [
        option_name(parameter)
        for parameter in context.command.params
        if parameter.name
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        and context.params.get(parameter.name) not in (None, ())
    ]


def option_name(parameter: click.Parameter) -> str:
    """Return the name that rules use for a parameter."""
    return parameter.opts[0] if isinstance(parameter, click.Option) else (parameter.name or "").upper()


def _join_names(names: Sequence[str], word: str) -> str:
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
