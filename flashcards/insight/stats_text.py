"""What `stats` and `forecast` show in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flashcards.insight.drawing import SHADES, bar, columns, level
from flashcards.insight.overview import hardest_decks
from flashcards.words import plural

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
_NARROW: Final = 78  # columns; below it only what matters most is shown


def console() -> Console:
    """Draws at the width of the terminal; without colour where that is asked for or nothing could show it."""
    return Console(markup=False, highlight=False, emoji=False)


def stats_text(overview: Overview, width: int) -> RenderableType:
    """Everything, from today to the figures of fit."""
    parts = [_today(overview), _year(overview, width), _states(overview, width), _retention(overview, width)]
    parts += [_buttons(overview, width), _hours(overview), _spread(overview, width)]
    parts += [_hardest(overview), _prediction(overview)]
    return Group(*(part for part in parts if part is not None))


def forecast_text(forecast: Forecast, width: int) -> RenderableType:
    """A line a day, and the sums."""
    narrow = width < _NARROW
    heads = ("expected", "with new", "min") if narrow else ("due now", "expected", "with new", "new", "minutes", "")
    table = _table("", *heads)
    most = max((day.with_new for day in forecast.days), default=0)
    for at, day in enumerate(forecast.days):
        date = forecast.clock.date(day.day)
        due, reviews, with_new, new = (f"{count:,}" for count in (day.due, day.reviews, day.with_new, day.new))
        minutes, line = f"{day.minutes:.0f}", Text(bar(day.with_new, most, max(5, width - 62)), "green")
        cells = (reviews, with_new, minutes) if narrow else (due, reviews, with_new, new, minutes, line)
        table.add_row("today" if at == 0 else f"{date:%a %d %b}", *cells)
    overdue = f"{forecast.overdue:,} of those due today are overdue. " if forecast.overdue else ""
    note = "Expected: every day kept, without and with new cards."
    return Group(table, Text(f"\n{overdue}{note}", "bright_black"))


def _part(title: str, *lines: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", "bold"), *(Padding(line, (0, 0, 0, 2)) for line in lines))


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(heads), header_style="bright_black")
    for at, head in enumerate(heads):
        table.add_column(head, justify="left" if at == 0 or not head else "right", no_wrap=True)
    return table


def _share(recall: Recall) -> str:
    return "-" if recall.retention is None else f"{recall.retention:.1%}"


def _today(overview: Overview) -> RenderableType:
    now, streak = overview.now, overview.activity.streak
    days = f"{streak:,} day" if streak == 1 else f"{streak:,} days"
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
    total = sum(day.reviews for day in days)
    minutes = sum(day.seconds for day in days) / 60
    active = sum(day.reviews > 0 for day in days)
    words = (
        f"{plural(total, 'answer')} in {plural(round(minutes), 'minute')} on {active:,} of {plural(len(days), 'day')},"
        f" {plural(sum(day.new for day in days), 'new card')}. The busiest day: {most:,}."
    )
    return _part("Days", *rows, Text(words, "bright_black"))


def _states(overview: Overview, width: int) -> RenderableType:
    held = overview.holdings
    most = max(held.states.values(), default=0)
    table = _table("", "", "")
    for name, count in held.states.items():
        if count:
            table.add_row(name, f"{count:,}", Text(bar(count, most, max(5, width - 30)), _STATES[name]))
    lines: list[RenderableType] = [table]
    if held.orphaned:
        lines.append(Text(f"{held.orphaned:,} more lost their text; their history is kept.", "bright_black"))
    return _part("Cards", *lines)


def _retention(overview: Overview, width: int) -> RenderableType | None:
    done = overview.activity
    if not done.young.reviews and not done.mature.reviews:
        return None
    table = _table("", "recalled", "of", "")
    for name, recall in (("young", done.young), ("mature", done.mature)):
        table.add_row(name, _share(recall), f"{recall.reviews:,}", "")
    for week, recall in list(done.weeks.items())[-_WEEKS_SHOWN:]:
        line = Text(bar(recall.retention or 0, 1, max(5, width - 40)), "green")
        table.add_row(f"{overview.clock.date(week):%d %b}", _share(recall), f"{recall.reviews:,}", line)
    return _part("True retention, and by week", table)


def _buttons(overview: Overview, width: int) -> RenderableType | None:
    table = _table("", "Again", "Hard", "Good", "Easy")
    for kind, counts in overview.activity.buttons.items():
        total = sum(counts)
        if total:
            shares = [f"{count / total:.0%}" for count in counts]
            numbers = [f"{count:,} ({share})" for count, share in zip(counts, shares, strict=True)]
            table.add_row(kind, *(shares if width < _NARROW else numbers))
    return _part("Answers", table) if table.row_count else None


def _hours(overview: Overview) -> RenderableType | None:
    hours = overview.activity.hours
    if not any(hour.recall.reviews for hour in hours):
        return None
    counts = columns([float(hour.recall.reviews) for hour in hours])
    shares = columns([hour.recall.retention for hour in hours])
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
    table = _table("", "", "half <" if narrow else "")
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
        table.add_row(name, columns([float(span.cards) for span in spans]), words)
    return _part("How cards are spread", table)


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


def _hardest(overview: Overview) -> RenderableType | None:
    if not overview.hardest:
        return None
    cards = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", expand=True)
    cards.add_column("", no_wrap=True, max_width=22)
    cards.add_column("lapses", justify="right", no_wrap=True, min_width=6)
    cards.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for card in overview.hardest:
        cards.add_row(card.name, str(card.lapses), card.front)
    decks = _table("", "recalled", "of")
    for name, recall in hardest_decks(overview)[:5]:
        decks.add_row(name, _share(recall), f"{recall.reviews:,}")
    return _part("Hardest cards, and decks", cards, Text(""), decks)


def _prediction(overview: Overview) -> RenderableType | None:
    predictions = overview.activity.predictions
    if predictions.figures is None or predictions.average is None:
        return None
    table = _table("predicted", "recalled", "of", "")
    for each in predictions.bins:
        if each.reviews:
            table.add_row(f"{each.predicted:.0%}", f"{each.recalled:.0%}", f"{each.reviews:,}", "")
    ours, average = predictions.figures, predictions.average
    words = (
        f"Log loss {ours.log_loss:.4f}, RMSE(bins) {ours.rmse_bins:.4f}; always the average:"
        f" {average.log_loss:.4f}, {average.rmse_bins:.4f}. Lower is better."
    )
    return _part("How well recall was predicted", table, Text(words, "bright_black"))
