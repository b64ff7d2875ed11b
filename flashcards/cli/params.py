"""What the values of options may be, beyond what click knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from flashcards.errors import UsageError


class Number(click.FloatRange):
    """A number in a range; neither `nan` nor an infinite one lies in any."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, checked."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


class Day(click.DateTime):
    """A calendar date."""

    name = "date"

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The date at 00:00."""
        try:
            day: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no date such as 2026-12-15.", param, ctx)
        return day


class OptionsApart(UsageError):
    """Options that contradict each other."""

    def __init__(self, option: str, others: Sequence[str], because: str) -> None:
        super().__init__(f"{option} does not go together with {_listed(others, 'and')}: {because}.")


class OptionAlone(UsageError):
    """An option without the one that gives it a meaning."""

    def __init__(self, option: str, others: Sequence[str], because: str) -> None:
        super().__init__(f"{option} goes only with {_listed(others, 'or')}: {because}.")


class Apart(NamedTuple):
    """`option` stands with none of `others`; `because` ends the sentence that says so."""

    option: str
    others: tuple[str, ...]
    because: str

    def check(self, given: Sequence[str]) -> None:
        """Refuse what was given where it breaks the rule."""
        clash = [other for other in self.others if other in given]
        if self.option in given and clash:
            raise OptionsApart(self.option, clash, self.because)


class Needs(NamedTuple):
    """`option` stands with one of `others` only; `because` ends the sentence that says so."""

    option: str
    others: tuple[str, ...]
    because: str

    def check(self, given: Sequence[str]) -> None:
        """Refuse what was given where it breaks the rule."""
        if self.option in given and not any(other in given for other in self.others):
            raise OptionAlone(self.option, self.others, self.because)


Rule = Apart | Needs


class Ruled:
    """Decorates the function of a command, below its options: they are held against `rules` before it runs.

    An option is named as it is typed, the words of a command by their name in capitals: `QUERY`.
    """

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with the rules before it; a test finds them as its attribute `rules`."""

        @wraps(function)
        def checked(*arguments: Any, **values: Any) -> Any:
            given = _given(click.get_current_context())
            for rule in self.rules:
                rule.check(given)
            return function(*arguments, **values)

        checked.rules = self.rules  # type: ignore[attr-defined]  # a function takes any attribute
        return checked


def _given(context: click.Context) -> list[str]:
    """The options and arguments that the command line holds, by their first names."""
    return [
        spelling(parameter)
        for parameter in context.command.params
        if parameter.name
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        and context.params.get(parameter.name) not in (None, ())
    ]


def spelling(parameter: click.Parameter) -> str:
    """How the rules name a parameter."""
    return parameter.opts[0] if isinstance(parameter, click.Option) else (parameter.name or "").upper()


def _listed(names: Sequence[str], word: str) -> str:
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
