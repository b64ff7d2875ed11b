"""What `stats` and `forecast` write as an HTML page."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from flashcards.insight.grid import level
from flashcards.insight.overview import hardest_decks
from flashcards.insight.page import Figure, Page, Section, Table
from flashcards.insight.svg import Cell, Level, Point, Series, bars, heatmap, lines, percent, plain, scatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.insight.forecast import Forecast
    from flashcards.insight.holdings import Span
    from flashcards.insight.overview import Overview
    from flashcards.insight.stats import Recall

_WEEKDAYS = ("Mon", "", "Wed", "", "Fri", "", "Sun")
_YEAR = 371  # days: 53 weeks


def stats_page(overview: Overview) -> Page:
    """The page of everything."""
    done, held, now = overview.activity, overview.holdings, overview.now
    tiles = [
        ("answers today", f"{now.reviews:,}"),
        ("new today", f"{now.new:,}"),
        ("minutes today", f"{now.seconds / 60:.0f}"),
        ("days in a row", f"{done.streak:,}"),
        ("cards learnt", f"{sum(held.states[name] for name in ('young', 'mature', 'relearning')):,}"),
        ("true retention", _share(_all(done.young, done.mature))),
    ]
    return Page(
        "Statistics",
        f"As of {overview.clock.date(overview.today)}, over {len(done.days):,} days.",
        tiles,
        [_work(overview), _recall(overview), _cards(overview), _prediction(overview)],
    )


def forecast_page(forecast: Forecast) -> Page:
    """The page of the days ahead."""
    names = [f"{forecast.clock.date(day.day):%d %b}" for day in forecast.days]
    rows = [
        (str(forecast.clock.date(day.day)), *(f"{value:,}" for value in (day.due, day.reviews, day.with_new, day.new)))
        for day in forecast.days
    ]
    xs = [float(day.day) for day in forecast.days]
    series = [
        Series("due now", [day.due for day in forecast.days], 6),
        Series("expected, no new cards", [day.reviews for day in forecast.days], 1),
        Series("expected, with new cards", [day.with_new for day in forecast.days], 2),
    ]
    due = Figure(
        "Reviews a day",
        "By the due days as they are, and as they will be when every day is kept.",
        lines("Reviews a day", xs, names, series, wide=True),
        [(one.name, one.colour) for one in series],
        Table(("day", "due now", "expected", "with new", "new"), rows),
        wide=True,
    )
    minutes = Figure(
        "Minutes a day",
        "With new cards, at your pace.",
        bars("Minutes a day", names, [Series("minutes", [day.minutes for day in forecast.days], 5)], wide=True),
        wide=True,
    )
    total = sum(day.with_new for day in forecast.days)
    tiles = [
        ("due today", f"{forecast.days[0].due:,}"),
        ("overdue", f"{forecast.overdue:,}"),
        ("reviews to come", f"{total:,}"),
        ("minutes a day", f"{sum(day.minutes for day in forecast.days) / len(forecast.days):.0f}"),
    ]
    return Page("Forecast", f"The next {len(forecast.days):,} days.", tiles, [Section("Days ahead", [due, minutes])])


def _work(overview: Overview) -> Section:
    days = overview.activity.days
    names = [f"{overview.clock.date(day.day):%d %b}" for day in days]
    kinds = [
        Series("reviews", [day.reviews - day.new for day in days], 1),
        Series("new cards", [day.new for day in days], 2),
    ]
    rows = [
        (
            str(overview.clock.date(day.day)),
            f"{day.reviews:,}",
            f"{day.new:,}",
            f"{day.again:,}",
            f"{day.seconds / 60:.1f}",
        )
        for day in reversed(days)
        if day.reviews
    ]
    answers = Figure(
        "Answers a day",
        "Every rating counts, steps included.",
        bars("Answers a day", names, kinds, wide=True),
        [(one.name, one.colour) for one in kinds],
        Table(("day", "answers", "new", "Again", "minutes"), rows),
        wide=True,
        newest_last=True,
    )
    minutes = Figure(
        "Minutes a day",
        "Time before the screen, at most a minute a card.",
        bars("Minutes a day", names, [Series("minutes", [round(day.seconds / 60, 1) for day in days], 5)]),
    )
    return Section("Work", [_heat(overview), answers, minutes, _hours(overview), _buttons(overview)])


def _heat(overview: Overview) -> Figure:
    days = overview.activity.days[-_YEAR:]
    first = days[0].day - (days[0].day + 3) % 7
    most = max(day.reviews for day in days)
    cells = [
        Cell(
            (day.day - first) // 7,
            (day.day + 3) % 7,
            level(day.reviews, most),
            f"{overview.clock.date(day.day)}: {day.reviews:,} answers",
        )
        for day in days
    ]
    weeks = [overview.clock.date(first + 7 * week) for week in range((days[-1].day - first) // 7 + 1)]
    # The first month has no room for its name where it ends within its first weeks.
    months = [f"{week:%b}" if at and week.month != weeks[at - 1].month else "" for at, week in enumerate(weeks)]
    return Figure(
        "The days",
        "The stronger the colour, the more answers.",
        heatmap("Answers a day", cells, months, _WEEKDAYS),
        wide=True,
        newest_last=True,
    )


def _hours(overview: Overview) -> Figure:
    hours = overview.activity.hours
    names = [str(hour.hour) for hour in hours]
    rows = [
        (f"{hour.hour}:00", f"{hour.recall.reviews:,}", _share(hour.recall)) for hour in hours if hour.recall.reviews
    ]
    plot = bars("Reviews by hour", names, [Series("reviews", [hour.recall.reviews for hour in hours], 3)])
    table = Table(("hour", "reviews", "recalled"), rows)
    return Figure("Hours of the day", "Reviews of learnt cards by local time.", plot, table=table)


def _buttons(overview: Overview) -> Figure:
    buttons = overview.activity.buttons
    names = list(buttons)
    kinds = [
        Series(name, [_part(counts[at], sum(counts)) for counts in buttons.values()], colour)
        for at, (name, colour) in enumerate((("Again", 4), ("Hard", 3), ("Good", 2), ("Easy", 1)))
    ]
    rows = [(kind, *(f"{count:,}" for count in counts)) for kind, counts in buttons.items()]
    return Figure(
        "Answers",
        "The part of each rating, by what the card was.",
        bars("Answers", names, kinds, percent),
        [(one.name, one.colour) for one in kinds],
        Table(("", "Again", "Hard", "Good", "Easy"), rows),
    )


def _recall(overview: Overview) -> Section:
    done = overview.activity
    weeks = list(done.weeks.items())
    names = [f"{overview.clock.date(week):%d %b}" for week, _ in weeks]
    rows = [(str(overview.clock.date(week)), f"{recall.reviews:,}", _share(recall)) for week, recall in reversed(weeks)]
    by_week = Figure(
        "True retention by week",
        "The part of learnt cards that was recalled when it was due.",
        lines(
            "True retention by week",
            [float(week) for week, _ in weeks],
            names,
            [Series("recalled", [recall.retention for _, recall in weeks], 2)],
            percent,
            low=floor(10 * min((recall.retention or 0 for _, recall in weeks), default=0.5)) / 10,
            high=1,
            levels=[Level("wanted", overview.retention)],
            wide=True,
        ),
        table=Table(("week of", "reviews", "recalled"), rows),
        wide=True,
        newest_last=True,
    )
    maturity = Figure(
        "True retention by maturity",
        "Young cards have an interval below 21 days.",
        table=Table(
            ("", "reviews", "recalled"),
            [
                (name, f"{recall.reviews:,}", _share(recall))
                for name, recall in (("young", done.young), ("mature", done.mature))
            ],
        ),
    )
    decks = Figure(
        "Decks",
        "Those recalled worst first.",
        table=Table(
            ("deck", "reviews", "recalled"),
            [(deck, f"{recall.reviews:,}", _share(recall)) for deck, recall in hardest_decks(overview)],
        ),
    )
    cards = Figure(
        "Hardest cards",
        "Those forgotten most often.",
        table=Table(("question", "lapses", "card"), [(c.front, str(c.lapses), c.name) for c in overview.hardest]),
        wide=True,
    )
    return Section("Recall", [by_week, maturity, decks, *([cards] if overview.hardest else [])])


def _cards(overview: Overview) -> Section:
    held = overview.holdings
    states = Figure(
        "Cards by state",
        f"{held.orphaned:,} more have lost their text." if held.orphaned else "As they are now.",
        bars("Cards by state", list(held.states), [Series("cards", list(held.states.values()), 2)]),
    )
    spread = [
        _spread("Stability", "Days until recall falls to 90 %.", held.stability, "d"),
        _spread("Interval", "Days that learnt cards wait.", held.interval, "d"),
        _spread("Difficulty", "1 is the easiest, 10 the hardest.", held.difficulty, ""),
        _spread("Recall now", "The chance that a card would be recalled now.", held.retrievability, ""),
    ]
    return Section("Cards", [states, *spread])


def _spread(title: str, text: str, spans: Sequence[Span], unit: str) -> Figure:
    names = [f"{plain(span.low)}{unit}" for span in spans]
    return Figure(title, text, bars(title, names, [Series("cards", [span.cards for span in spans], 1)]))


def _prediction(overview: Overview) -> Section:
    predictions = overview.activity.predictions
    used = [each for each in predictions.bins if each.reviews]
    points = [
        Point(
            each.predicted,
            each.recalled,
            f"{each.reviews:,} reviews: predicted {each.predicted:.1%}, recalled {each.recalled:.1%}",
            each.reviews,
        )
        for each in used
    ]
    rows = [(percent(each.predicted), percent(each.recalled), f"{each.reviews:,}") for each in used]
    figures, average = predictions.figures, predictions.average
    words = "On the diagonal, as much was recalled as FSRS predicted before the review."
    if figures and average:
        words += (
            f" Log loss {figures.log_loss:.4f}, RMSE(bins) {figures.rmse_bins:.4f}; always the average:"
            f" {average.log_loss:.4f}, {average.rmse_bins:.4f}."
        )
    plot = scatter("Calibration", points, "predicted", "recalled")
    return Section(
        "Prediction", [Figure("Calibration", words, plot, table=Table(("predicted", "recalled", "reviews"), rows))]
    )


def _all(one: Recall, other: Recall) -> Recall:
    return type(one)(one.reviews + other.reviews, one.recalled + other.recalled)


def _share(recall: Recall) -> str:
    return "-" if recall.retention is None else f"{recall.retention:.1%}"


def _part(count: int, total: int) -> float:
    return count / total if total else 0.0
