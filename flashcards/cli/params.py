"""Option values that click lacks, such as dates (`+3`, `fri`), commands with a query, and rules between options."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial, wraps
from typing import Any, Final, NamedTuple

import click
from click.core import ParameterSource

from flashcards.errors import UsageError

_WORDS: Final = {"today": 0, "tod": 0, "tomorrow": 1, "tom": 1}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_AHEAD: Final = r"\+(\d{1,5})\s*([dw]?)"
_MONTH_DAY: Final = r"(?:([a-z]{3,9})\.? (\d{1,2})|(\d{1,2})\.? ([a-z]{3,9})\.?)"
_LEAST: Final = 3  # letters of a weekday or a month


def read_date(text: str, today: date, *, days_of_month: bool = True) -> date | None:
    """Return the next day that a text means; nothing if it is not a date. A number alone may be a day of the month."""
    word = " ".join(text.lower().split())
    try:
        return date.fromisoformat(word)
    except ValueError:
        pass
    if word in _WORDS:
        return today + timedelta(days=_WORDS[word])
    if ahead := re.fullmatch(_AHEAD, word):
        return _add_days(today, int(ahead[1]) * (7 if ahead[2] == "w" else 1))
    if (weekday := _find_name(word.removeprefix("next "), _WEEKDAYS)) is not None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if days_of_month and re.fullmatch(r"\d{1,2}", word):
        return _find_day_of_month(today, int(word))
    if match := re.fullmatch(_MONTH_DAY, word):
        month = _find_name(match[1] or match[4], _MONTHS)
        return None if month is None else _find_day_of_year(today, month + 1, int(match[2] or match[3]))
    return None


def _add_days(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _find_name(word: str, names: tuple[str, ...]) -> int | None:
    """Return the place of the name that a word is, or begins with at least three letters."""
    found = [place for place, name in enumerate(names) if len(word) >= _LEAST and name.startswith(word)]
    return found[0] if len(found) == 1 else None


def _find_day_of_month(today: date, day: int) -> date | None:
    """Return the next day with this number in its month, after today."""
    for months in range(13):
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        found = _make_date(year, month + 1, day)
        if found and found > today:
            return found
    return None


def _find_day_of_year(today: date, month: int, day: int) -> date | None:
    """Return the next day of this month and number, today included."""
    dates = (_make_date(today.year + years, month, day) for years in range(9))  # a 29 February may be eight years away
    return next((found for found in dates if found and found >= today), None)


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


class WholeNumber(click.IntRange):
    """A whole number in a range."""

    name = "whole number"  # what a message calls it


class Number(click.FloatRange):
    """A finite number in a range."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse and check the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Day(click.ParamType[str]):
    """A date; it stays text, because the collection defines when a day begins."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the date."""
        if read_date(str(value), datetime.now().astimezone().date()) is None:
            self.fail(f"{value!r} is not a date. Write it like 2026-12-15, `tomorrow`, +3 or fri.", param, ctx)
        return str(value)


class QueryCommand(click.Command):
    """A command that takes a query: `-tag:x` negates a term and is not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move the words of the query after `--`, so that click does not read them as options."""
        takes_value = {
            name: not parameter.is_flag
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for word in rest:
            if word == "--":
                words += rest
            elif word in takes_value:
                options += [word, *([next(rest, "")] if takes_value[word] else [])]
            elif word.startswith("--") or (word.startswith("-") and len(word) == 2):
                options.append(word)
            else:
                words.append(word)
        return super().parse_args(ctx, [*options, "--", *words])


class Rule(NamedTuple):
    """How an option depends on others; `because` ends the error message."""

    option: str
    others: tuple[str, ...]
    because: str
    excludes: bool = False  # whether it excludes the others; else it needs one of them

    def check(self, given: Sequence[str]) -> None:
        """Raise an error if the options given break the rule."""
        found = [other for other in self.others if other in given]
        if self.option in given and self.excludes and found:
            raise UsageError(f"{self.option} cannot be combined with {_join_names(found, 'and')}: {self.because}.")
        if self.option in given and not self.excludes and not found:
            raise UsageError(f"{self.option} needs {_join_names(self.others, 'or')}: {self.because}.")


Requires = Rule
Excludes = partial(Rule, excludes=True)


class OptionRules:
    """A decorator that checks options against `rules`, as typed (`QUERY`: an argument); put it below the options."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function with the check; the attribute `rules` of the result lists the rules."""

        @wraps(function)
        def check_and_run(*arguments: Any, **values: Any) -> Any:
            given = _names_given(click.get_current_context())
            for rule in self.rules:
                rule.check(given)
            return function(*arguments, **values)

        check_and_run.rules = self.rules  # type: ignore[attr-defined]  # a function takes any attribute
        return check_and_run


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
