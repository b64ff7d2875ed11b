"""What the values of options may be, beyond what click knows."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import click


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
