"""What `stats` and `forecast` show in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from flashcards.insight.grid import SHADES, Bar, Grid, cards_table, columns, level
from flashcards.insight.overview import hardest_decks
from flashcards.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.insight.forecast import Forecast
    from flashcards.insight.holdings import Span
    from flashcards.insight.overview import Overview
    from flashcards.insight.stats import Recall

_HEAT: Final = ("bright_black", "green", "green", "bright_green", "bright_green")
_STATES: Final = {
    "new": "blue",
    "learning": "yellow",
    "relearning": "red",
    "young": "green",
    "mature": "bright_green",
    "suspended": "bright_black",
    "buried": "bright_black",
}
_WEEKS_SHOWN: Final = 8
_INDENT: Final = 2
_NARROW: Final = 78  # columns; below it only what matters most is shown


def report_console() -> Console:
    """Draws at the width of the terminal; without colour where that is asked for or nothing could show it."""
    return Console(markup=False, highlight=False, emoji=False)


def stats_text(overview: Overview, width: int) -> RenderableType:
    """Everything, from today to the figures of fit."""
    parts = [_today(overview), _year(overview, width), _states(overview, width), _retention(overview, width)]
    parts += [_buttons(overview, width), _hours(overview, width), _spread(overview, width)]
    parts += [_hardest(overview, width), _prediction(overview, width)]
    return Group(*(part for part in parts if part is not None))


def forecast_text(forecast: Forecast, width: int) -> RenderableType:
    """A line a day, and the sums."""
    full = Grid("", "due now", "expected", "with new", "new", "minutes")
    less = Grid("", "expected", "with new", "min")
    most = max((day.with_new for day in forecast.days), default=0)
    for at, day in enumerate(forecast.days):
        date = forecast.clock.date(day.day)
        due, reviews, with_new, new = (f"{count:,}" for count in (day.due, day.reviews, day.with_new, day.new))
        minutes, line = f"{day.minutes:.0f}", Bar(day.with_new, most, "green")
        name = "today" if at == 0 else f"{date:%a %d %b}"
        full.add(name, due, reviews, with_new, new, minutes, bar=line)
        less.add(name, reviews, with_new, minutes)
    table = full if full.fits(width) else less
    overdue = f"{forecast.overdue:,} of those due today are overdue. " if forecast.overdue else ""
    note = "Expected: every day kept, without and with new cards."
    return Group(table.drawn(width), Text(f"\n{overdue}{note}", "bright_black"))


def _part(title: str, *lines: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", "bold"), *(Padding(line, (0, 0, 0, _INDENT)) for line in lines))


def _share(recall: Recall) -> str:
    return "-" if recall.retention is None else f"{recall.retention:.1%}"


def _today(overview: Overview) -> RenderableType:
    now, streak = overview.now, overview.activity.streak
    days = plural(streak, "day")
    text = (
        f"{plural(now.reviews, 'answer')}, {plural(now.new, 'new card')}, {plural(round(now.seconds / 60), 'minute')}"
    )
    if now.reviews:
        text += f", {now.again / now.reviews:.0%} Again"
    return _part("Today", Text(f"{text}. Streak: {days}."))


def _year(overview: Overview, width: int) -> RenderableType:
    days = overview.activity.days
    weeks = max(4, min(53, width - 10))
    shown = days[-7 * weeks + 6 - (days[-1].day + 3) % 7 :] if len(days) > 7 * weeks else days
    most = max(day.reviews for day in shown)
    first = shown[0].day - (shown[0].day + 3) % 7
    rows = [Text(f"{name:4}") for name in ("Mon", "", "Wed", "", "Fri", "", "Sun")]
    for day in shown:
        row = rows[(day.day + 3) % 7]
        column = (day.day - first) // 7
        row.append(" " * (4 + column - len(row.plain)))
        here = level(day.reviews, most)
        row.append(SHADES[here], _HEAT[here])
    total, busiest = sum(day.reviews for day in days), max(day.reviews for day in days)
    minutes = sum(day.seconds for day in days) / 60
    active = sum(day.reviews > 0 for day in days)
    words = (
        f"{plural(total, 'answer')} in {plural(round(minutes), 'minute')} on {active:,} of {plural(len(days), 'day')},"
        f" {plural(sum(day.new for day in days), 'new card')}. The busiest day: {busiest:,}."
    )
    return _part("Days", *rows, Text(words, "bright_black"))


def _states(overview: Overview, width: int) -> RenderableType:
    held = overview.holdings
    most = max(held.states.values(), default=0)
    table = Grid("", "")
    for name, count in held.states.items():
        if count:
            table.add(name, f"{count:,}", bar=Bar(count, most, _STATES[name]))
    lines: list[RenderableType] = [table.drawn(width - _INDENT)]
    if held.orphaned:
        lines.append(Text(f"{held.orphaned:,} more lost their text; their history is kept.", "bright_black"))
    return _part("Cards", *lines)


def _retention(overview: Overview, width: int) -> RenderableType | None:
    done = overview.activity
    if not done.young.reviews and not done.mature.reviews:
        return None
    table = Grid("", "recalled", "of")
    for name, recall in (("young", done.young), ("mature", done.mature)):
        table.add(name, _share(recall), f"{recall.reviews:,}")
    for week, recall in list(done.weeks.items())[-_WEEKS_SHOWN:]:
        line = Bar(recall.retention or 0, 1, "green")
        table.add(f"{overview.clock.date(week):%d %b}", _share(recall), f"{recall.reviews:,}", bar=line)
    return _part("True retention, and by week", table.drawn(width - _INDENT))


def _buttons(overview: Overview, width: int) -> RenderableType | None:
    table = Grid("", "Again", "Hard", "Good", "Easy")
    for kind, counts in overview.activity.buttons.items():
        total = sum(counts)
        if total:
            shares = [f"{count / total:.0%}" for count in counts]
            numbers = [f"{count:,} ({share})" for count, share in zip(counts, shares, strict=True)]
            table.add(kind, *(shares if width < _NARROW else numbers))
    return _part("Answers", table.drawn(width - _INDENT)) if len(table) else None


def _hours(overview: Overview, width: int) -> RenderableType | None:
    hours = overview.activity.hours
    if not any(hour.recall.reviews for hour in hours):
        return None
    counts = columns([float(hour.recall.reviews) for hour in hours])
    shares = columns([hour.recall.retention for hour in hours])
    if width < _INDENT + len("retention ") + 24:
        lines: list[RenderableType] = []
        for first in (0, 12):
            half = slice(first, first + 12)
            lines += [Text(f"{first} to {first + 11} h: reviews", "bright_black"), Text(counts[half], "green")]
            lines += [Text("retention", "bright_black"), Text(shares[half], "cyan")]
        return _part("Hours of the day", *lines)
    return _part(
        "Hours of the day",
        Text(f"reviews   {counts}", "green"),
        Text(f"retention {shares}", "cyan"),
        Text("          0     6     12    18", "bright_black"),
    )


def _spread(overview: Overview, width: int) -> RenderableType | None:
    held = overview.holdings
    if not any(span.cards for span in held.stability):
        return None
    narrow = width < _NARROW
    table = Grid("", "", "half <" if narrow else "", left=(0, 1) if narrow else (0, 1, 2))
    kinds = (
        ("stability", held.stability, "d"),
        ("interval", held.interval, "d"),
        ("difficulty", held.difficulty, ""),
        ("recall now", held.retrievability, ""),
    )
    for name, spans, unit in kinds:
        if not any(span.cards for span in spans):
            continue  # no card has an interval as long as all are in their first steps
        half = f"{_middle(spans)}{unit}"
        words = half if narrow else f"{_ends(spans, unit)}; half below {half}"
        table.add(name, columns([float(span.cards) for span in spans]), words)
    return _part("How cards are spread", table.drawn(width - _INDENT))


def _ends(spans: Sequence[Span], unit: str) -> str:
    used = [span for span in spans if span.cards]
    return f"{used[0].low:g} to {used[-1].high:g}{unit}"


def _middle(spans: Sequence[Span]) -> str:
    left = sum(span.cards for span in spans) / 2
    for span in spans:
        left -= span.cards
        if left <= 0:
            return f"{span.high:g}"
    return "-"


def _hardest(overview: Overview, width: int) -> RenderableType | None:
    if not overview.hardest:
        return None
    room = width - _INDENT
    cards = cards_table("lapses", [(card.name, str(card.lapses), card.front) for card in overview.hardest], room)
    decks = Grid("", "recalled", "of")
    for name, recall in hardest_decks(overview)[:5]:
        decks.add(name, _share(recall), f"{recall.reviews:,}")
    return _part("Hardest cards, and decks", cards, Text(""), decks.drawn(room))


def _prediction(overview: Overview, width: int) -> RenderableType | None:
    predictions = overview.activity.predictions
    if predictions.figures is None or predictions.average is None:
        return None
    table = Grid("predicted", "recalled", "of")
    for each in predictions.bins:
        if each.reviews:
            table.add(f"{each.predicted:.0%}", f"{each.recalled:.0%}", f"{each.reviews:,}")
    ours, average = predictions.figures, predictions.average
    words = (
        f"Log loss {ours.log_loss:.4f}, RMSE(bins) {ours.rmse_bins:.4f}; always the average:"
        f" {average.log_loss:.4f}, {average.rmse_bins:.4f}. Lower is better."
    )
    return _part("How well recall was predicted", table.drawn(width - _INDENT), Text(words, "bright_black"))
