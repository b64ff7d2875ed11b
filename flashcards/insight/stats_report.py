"""Build the report of `stats`: reviews, recall, and the state of the cards."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any, Final

from flashcards.insight.overview import DayActivity, FrontText, Overview, Recall, Span
from flashcards.insight.report import (
    Bars,
    Calendar,
    Column,
    Curves,
    DataTable,
    Figure,
    FigureGroup,
    Level,
    Point,
    Report,
    RowBar,
    Scatter,
    Series,
    number,
    percent,
    share,
    tenth,
    whole,
    whole_percent,
)
from flashcards.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flashcards.insight.predictions import Predictions

_CALENDAR_DAYS: Final = 371  # 53 weeks
_LEAST_DAYS: Final = 7  # minimum number of days in a plot
_WEEKS_SHOWN: Final = 8
_DECKS_SHOWN: Final = 5
_RATINGS: Final = (("Again", 4), ("Hard", 3), ("Good", 2), ("Easy", 1))
_STATES: Final = {
    "new": "blue",
    "learning": "yellow",
    "relearning": "red",
    "young": "green",
    "mature": "bright_green",
    "suspended": "bright_black",
    "buried": "bright_black",
}
_RECALLED: Final = (Column("recalled", "retention", share), Column("of", "reviews", whole))


def build_stats_report(overview: Overview) -> Report:
    """Build the report; docs/stats.md explains each number."""
    record = build_record(overview)
    done, now = overview.activity, overview.now
    both = Recall(done.young.reviews + done.mature.reviews, done.young.recalled + done.mature.recalled)
    learned = sum(overview.cards.states[name] for name in ("young", "mature", "relearning"))
    tiles = [
        ("answers today", whole(now.reviews)),
        ("new today", whole(now.new)),
        ("minutes today", whole(now.seconds / 60)),
        ("days in a row", whole(done.streak)),
        ("cards learned", whole(learned)),
        ("true retention", share(both.retention)),
    ]
    today = [plural(now.reviews, "answer"), plural(now.new, "new card"), plural(round(now.seconds / 60), "minute")]
    if now.reviews:
        today.append(f"{now.again / now.reviews:.0%} Again")
    text = [
        f"{overview.clock.date(overview.today)}, looking back over {plural(len(done.days), 'day')}.",
        f"Today: {', '.join(today)}. Streak: {plural(done.streak, 'day')}.",
    ]
    if done.later:
        text.append(f"{plural(done.later, 'answer')} dated after today, as by a fast clock, not counted yet.")
    groups = [
        FigureGroup("Work", _build_work(overview, record)),
        FigureGroup("Recall", _build_recall(overview, record)),
        FigureGroup("Cards", _build_cards(overview, record)),
        FigureGroup("Prediction", [_build_prediction(done.predictions, record)]),
    ]
    return Report("Statistics", text, tiles, groups, record)


def build_record(overview: Overview) -> dict[str, Any]:
    """Build the JSON object. Its lists are also the rows of the tables."""
    done, cards, now = overview.activity, overview.cards, overview.now
    date = overview.clock.date
    today = {"date": str(date(overview.today)), **_count_day(now), "streak": done.streak}
    decks = sorted(overview.decks.items(), key=lambda pair: (pair[1].retention or 0.0, pair[0]))
    return {
        "today": today,
        "days": [{"date": str(date(day.day)), **_count_day(day)} for day in done.days],
        "retention": {
            "young": _count_recall(done.young),
            "mature": _count_recall(done.mature),
            "weeks": [{"week": str(date(week)), **_count_recall(recall)} for week, recall in done.weeks.items()],
        },
        "states": {**cards.states, "orphaned": cards.orphaned},
        "stability": _list_spans(cards.stability),
        "difficulty": _list_spans(cards.difficulty),
        "retrievability": _list_spans(cards.retrievability),
        "interval": _list_spans(cards.interval),
        "hardest_cards": [
            {
                "id": each.id,
                "deck": each.deck,
                "front": " ".join(each.question.markdown.split()),
                "lapses": each.lapses,
                "difficulty": each.difficulty,
            }
            for each in overview.hardest
        ],
        "decks": [{"deck": deck, **_count_recall(recall)} for deck, recall in decks],
        "hours": [{"hour": hour, **_count_recall(recall)} for hour, recall in enumerate(done.hours)],
        "buttons": {
            kind: dict(zip(("again", "hard", "good", "easy"), counts, strict=True))
            for kind, counts in done.buttons.items()
        },
        "calibration": [each._asdict() for each in done.predictions.bins],
        "prediction": done.predictions.figures and done.predictions.figures._asdict(),
        "always_the_average": done.predictions.average and done.predictions.average._asdict(),
    }


def _build_work(overview: Overview, record: Mapping[str, Any]) -> list[Figure]:
    days = _skip_days_before_first(overview.activity.days)
    dates = [overview.clock.date(day.day) for day in days]
    names = [f"{date:%d %b}" for date in dates]
    calendar = [
        (date, day.reviews, f"{date}: {plural(day.reviews, 'answer')}")
        for date, day in zip(dates[-_CALENDAR_DAYS:], days[-_CALENDAR_DAYS:], strict=True)
    ]
    columns = [
        Column("day", "date"),
        Column("answers", "reviews", whole),
        Column("new", "new", whole),
        Column("Again", "again", whole),
        Column("minutes", "minutes", tenth),
    ]
    worked = [row for row in reversed(record["days"]) if row["reviews"]]
    answers = [
        Series("reviews", [day.reviews - day.new for day in days], 1),
        Series("new cards", [day.new for day in days], 2),
    ]
    minutes = Series("minutes", [round(day.seconds / 60, 1) for day in days], 5)
    return [
        Figure("Days", _sum_up(overview), Calendar(calendar), wide=True, newest_last=True, in_terminal="plot"),
        Figure(
            "Answers per day",
            "Every rating counts, including steps.",
            Bars(names, answers, dates=True),
            DataTable(columns, worked),
            wide=True,
            newest_last=True,
            in_terminal="nothing",
        ),
        Figure(
            "Minutes a day",
            "Time spent answering, at most a minute per card.",
            Bars(names, [minutes], dates=True),
            in_terminal="nothing",
        ),
        _build_hours(record["hours"]),
        _build_buttons(record["buttons"]),
    ]


def _sum_up(overview: Overview) -> str:
    days = overview.activity.days
    total, minutes = sum(day.reviews for day in days), sum(day.seconds for day in days) / 60
    active = sum(day.reviews > 0 for day in days)
    return (
        f"{plural(total, 'answer')} in {plural(round(minutes), 'minute')} on {active:,} of {plural(len(days), 'day')},"
        f" {plural(sum(day.new for day in days), 'new card')}. Most in one day: {max(day.reviews for day in days):,}."
    )


def _skip_days_before_first(days: Sequence[DayActivity]) -> Sequence[DayActivity]:
    """Return the days from the first review on, or the newest week if that is longer."""
    first = next((at for at, day in enumerate(days) if day.reviews), len(days))
    return days[max(0, min(first, len(days) - _LEAST_DAYS)) :]


def _build_hours(hours: Sequence[Mapping[str, Any]]) -> Figure:
    columns = [Column("hour", "hour", "{}:00".format), Column("reviews", "reviews", whole)]
    table = DataTable([*columns, Column("recalled", "retention", share)], [row for row in hours if row["reviews"]])
    reviews = Series("reviews", [row["reviews"] for row in hours], 3)
    recalled = Series("recalled", [row["retention"] for row in hours], 2)
    plot = Bars([str(row["hour"]) for row in hours], [reviews], rate=recalled)
    return Figure("Hours of the day", "Reviews of learned cards by local time.", plot, table, in_terminal="plot")


def _build_buttons(buttons: Mapping[str, Mapping[str, int]]) -> Figure:
    rows = []
    for kind, counts in buttons.items():
        total = sum(counts.values())
        if total:
            rows.append({"kind": kind, **{name: (count, count / total) for name, count in counts.items()}})
    series = [
        Series(name, [counts[name.lower()] / (sum(counts.values()) or 1) for counts in buttons.values()], colour)
        for name, colour in _RATINGS
    ]
    columns = [Column("", "kind"), *(Column(name, name.lower(), _format_part) for name, _ in _RATINGS)]
    plot = Bars(list(buttons), series, percent)
    return Figure("Answers", "How often each rating was given, by type of card.", plot, DataTable(columns, rows))


def _build_recall(overview: Overview, record: Mapping[str, Any]) -> list[Figure]:
    retention = record["retention"]
    maturity = [{"kind": name, **retention[name]} for name in ("young", "mature") if retention[name]["reviews"]]
    figures = [
        _build_weekly_recall(overview, retention["weeks"]),
        Figure(
            "True retention by maturity",
            "Young cards have an interval below 21 days.",
            table=DataTable([Column("", "kind"), *_RECALLED], maturity),
        ),
        Figure(
            "Decks",
            "True retention, the lowest first.",
            table=DataTable([Column("deck", "deck"), *_RECALLED], record["decks"], most_rows=_DECKS_SHOWN),
        ),
    ]
    if overview.hardest:
        columns = [
            Column("question", "question", FrontText.format, kind="text"),
            Column("lapses", "lapses", whole),
            Column("card", "id"),
        ]
        pairs = zip(record["hardest_cards"], overview.hardest, strict=True)
        table = DataTable(columns, [row | {"question": hard.question} for row, hard in pairs])
        figures.append(Figure("Hardest cards", "The cards forgotten most often.", table=table, wide=True))
    return figures


def _build_weekly_recall(overview: Overview, weeks: list[dict[str, Any]]) -> Figure:
    days = list(overview.activity.weeks)
    shares = [row["retention"] for row in weeks]
    lowest = min((value or 0 for value in shares), default=0.5)
    plot = Curves(
        [float(day) for day in days],
        [f"{overview.clock.date(day):%d %b}" for day in days],
        [Series("recalled", shares, 2)],
        percent,
        low=floor(10 * lowest) / 10,
        high=1,
        levels=[Level("your setting", overview.retention)],
    )
    table = DataTable(
        [Column("week of", "week"), *_RECALLED], weeks[::-1], RowBar("retention", 1), most_rows=_WEEKS_SHOWN
    )
    about = "The share of learned cards that were recalled when due."
    return Figure("True retention by week", about, plot, table, wide=True, newest_last=True)


def _build_cards(overview: Overview, record: Mapping[str, Any]) -> list[Figure]:
    cards = overview.cards
    states = [{"state": name, "cards": count} for name, count in cards.states.items() if count]
    lost = f"{cards.orphaned:,} more have lost their text; their history is kept." if cards.orphaned else ""
    most = max(cards.states.values(), default=0)
    table = DataTable(
        [Column("", "state"), Column("cards", "cards", whole)], states, RowBar("cards", most, styles=_STATES)
    )
    plot = Bars(list(cards.states), [Series("cards", list(cards.states.values()), 2)])
    kinds = (
        ("Stability", "Days until recall falls to 90 %.", "stability", "d"),
        ("Interval", "Days between the last review of a learned card and the next one.", "interval", "d"),
        ("Difficulty", "1 is the easiest, 10 the hardest.", "difficulty", ""),
        ("Recall now", "The probability of recalling a card now.", "retrievability", "%"),
    )
    spread = [_build_spread(title, text, record[key], unit) for title, text, key, unit in kinds]
    return [Figure("Cards", lost or "As they are now.", plot, table), *spread]


def _build_spread(title: str, text: str, spans: Sequence[Mapping[str, Any]], unit: str) -> Figure:
    names = [f"{number(round(span['from'] * (100 if unit == '%' else 1)))}{unit}" for span in spans]
    return Figure(title, text, Bars(names, [Series("cards", [span["cards"] for span in spans], 1)]), in_terminal="plot")


def _build_prediction(predictions: Predictions, record: Mapping[str, Any]) -> Figure:
    rows = [row for row in record["calibration"] if row["reviews"]]
    points = [
        Point(
            row["predicted"],
            row["recalled"],
            f"{row['reviews']:,} reviews: predicted {row['predicted']:.1%}, recalled {row['recalled']:.1%}",
            row["reviews"],
        )
        for row in rows
    ]
    words = "On the diagonal, recall was as FSRS predicted before the review."
    ours, average = predictions.figures, predictions.average
    if ours and average:
        words += (
            f" Log loss {ours.log_loss:.4f}, RMSE(bins) {ours.rmse_bins:.4f}; always predicting your average recall:"
            f" {average.log_loss:.4f}, {average.rmse_bins:.4f}. Lower is better."
        )
    columns = [
        Column("predicted", "predicted", whole_percent),
        Column("recalled", "recalled", whole_percent),
        Column("of", "reviews", whole),
    ]
    return Figure(
        "Predicted and actual recall", words, Scatter(points, "predicted", "recalled"), DataTable(columns, rows)
    )


def _count_day(day: DayActivity) -> dict[str, Any]:
    return {"new": day.new, "reviews": day.reviews, "again": day.again, "minutes": round(day.seconds / 60, 1)}


def _count_recall(recall: Recall) -> dict[str, Any]:
    return {"reviews": recall.reviews, "recalled": recall.recalled, "retention": recall.retention}


def _list_spans(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"from": span.low, "to": span.high, "cards": span.cards} for span in spans]


def _format_part(value: tuple[int, float]) -> str:
    """Format `208 (68%)`."""
    count, part = value
    return f"{count:,} ({part:.0%})"
