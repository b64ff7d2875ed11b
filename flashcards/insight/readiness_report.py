"""Build the report of `readiness`: recall on the day, the work until then, and the cards to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flashcards.cards import format_card_id
from flashcards.insight import report
from flashcards.insight.forecast import ASSUMED_SPEED
from flashcards.insight.overview import FrontText, read_question
from flashcards.insight.readiness import Readiness, StudyPlan, build_empty, predict_readiness
from flashcards.text import plural
from scheduler.policy import find_deadline_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flashcards.collection import Collection

FARTHEST: Final = 3650
"""The maximum number of days ahead."""


def find_last_deadline(collection: Collection) -> int | None:
    """Return the day of the last deadline of the decks."""
    return max(
        (day for deck in collection.deck_policies if (day := find_deadline_day(deck.policy)) is not None), default=None
    )


def report_readiness(
    collection: Collection, at_ms: int, day: int, only: frozenset[int] | None, progress: Callable[[int, int], None]
) -> report.Report:
    """Predict a future day, for all cards or for `only` some of them, and return the report."""
    if not collection.deck_policies or only == frozenset():
        return build_readiness_report(build_empty(collection, at_ms, day), {}, {})
    found = predict_readiness(collection, at_ms, day, only, progress)
    names, questions = {}, {}
    for gain in found.gains:
        card = collection.store.card(gain.card)
        entry = collection.note_of(card)
        names[gain.card] = format_card_id(entry, card.slot)
        questions[gain.card] = read_question(entry, card.slot)
    return build_readiness_report(found, names, questions)


def build_readiness_report(
    found: Readiness, names: Mapping[int, str], questions: Mapping[int, FrontText]
) -> report.Report:
    """Build the report; `names` and `questions` are the ids and questions of the cards to begin with."""
    record = _build_record(found, names)
    tiles = [
        ("days left", report.whole(found.day - found.today)),
        ("if the plan is kept", report.whole_percent(found.total.kept)),
        ("if nothing more is done", report.whole_percent(found.total.idle)),
        ("never seen", report.whole(found.plan.new_left)),
        ("minutes a day", report.whole(found.plan.minutes_a_day)),
    ]
    figures = [_build_curve(found), _build_decks(record)]
    if found.gains:
        rows = [
            row | {"question": questions[gain.card]} for row, gain in zip(record["gains"], found.gains, strict=True)
        ]
        columns = [
            report.Column("question", "question", FrontText.format, kind="text"),
            report.Column("gain", "gain", "+{:.0%}".format),
            report.Column("card", "id"),
        ]
        figures.append(
            report.Figure(
                "Cards that gain most from a review now",
                "How much one review raises the probability of recall on the day.",
                table=report.DataTable(columns, rows),
                wide=True,
            )
        )
    title = f"Ready on {found.clock.date(found.day)}?"
    return report.Report(title, describe_readiness(found), tiles, [report.FigureGroup("The day", figures)], record)


def describe_readiness(found: Readiness) -> list[str]:
    """Describe the recall on the day and the work until then, in short paragraphs."""
    plan, days = found.plan, found.day - found.today
    said = [
        f"On {found.clock.date(found.day)}, in {plural(days, 'day')}: {found.total.idle:.0%} recalled if"
        f" nothing more is done, {found.total.kept:.0%} if the plan is kept."
    ]
    said.append(_describe_error(found))
    if found.sampled < 1:
        said.append(
            f"Each of three simulated lives contained one card in {round(1 / found.sampled)};"
            f" they differ by {100 * found.spread:.1f} points."
        )
    if found.is_speed_assumed:
        said.append(ASSUMED_SPEED)
    minutes = plural(round(plan.minutes_a_day), "minute")
    if not plan.new_left:
        return [*said, f"Every card was seen. The reviews take {minutes} a day."]
    said.append(
        f"{plan.new_left:,} of {found.total.cards:,} cards"
        f" {'was never seen and counts' if plan.new_left == 1 else 'were never seen and count'} as not known."
        f" To see all in time:"
        f" {plural(plan.new_a_day, 'new card')} a day, {minutes} a day with their reviews."
    )
    if plan.feasible:
        said.append("Your limits allow it.")
    else:
        unseen = plural(plan.unseen, "card")
        said.append(f"Not feasible within your limits: {unseen} would stay unseen. {_name_limit(plan)}")
    return said


def _describe_error(found: Readiness) -> str:
    """Describe the likely error of the prediction, measured on the person's log."""
    past = found.past_error
    if past is None:
        return (
            "Your log is too short to tell how far such predictions are off;"
            f" by the luck of simulated lives alone they differ by {100 * found.spread:.1f} points."
        )
    total = found.total
    idle_low, idle_high = past.find_range(total.idle, total.seen / max(1, total.cards))
    low, high = past.find_range(total.kept)
    return (
        f"At {plural(past.dates, 'earlier date')} of your log, predictions {plural(past.days, 'day')} ahead were off by"
        f" {100 * past.error:.1f} points: likely {low:.0%} to {high:.0%} if the plan is kept,"
        f" {idle_low:.0%} to {idle_high:.0%} if nothing more is done."
    )


def _name_limit(plan: StudyPlan) -> str:
    """Describe which limit to raise, and to what value."""
    if plan.new_per_day < plan.new_a_day:
        return f"`new_per_day` allows {plan.new_per_day:,} a day; set it to {plan.new_a_day:,}."
    return f"`reviews_per_day` also holds new cards back: set it to {plan.cards_a_day:,}, as on the busiest day."


def _build_curve(found: Readiness) -> report.Figure:
    plot = report.Curves(
        [float(day) for day, _, _ in found.curve],
        [f"{found.clock.date(day):%d %b}" for day, _, _ in found.curve],
        [
            report.Series("if the plan is kept", [kept for _, _, kept in found.curve], 2),
            report.Series("if nothing more is done", [idle for _, idle, _ in found.curve], 3),
        ],
        report.percent,
        high=1,
    )
    return report.Figure(
        "From today to the day", "The share of the cards that are recalled.", plot, wide=True, in_terminal="plot"
    )


def _build_decks(record: Mapping[str, Any]) -> report.Figure:
    columns = [
        report.Column("deck", "deck"),
        report.Column("cards", "cards", report.whole),
        report.Column("seen", "seen", report.whole),
        report.Column("idle", "idle", report.whole_percent),
        report.Column("kept", "kept", report.whole_percent),
    ]
    rows = [*record["decks"], {"deck": "all", **record["total"]}]
    text = (
        "Recalled on the day if nothing more is done (idle), and if the plan is kept."
        " Cards never seen count as not known."
    )
    return report.Figure("Decks", text, table=report.DataTable(columns, rows, report.RowBar("kept", 1)), wide=True)


def _build_record(found: Readiness, names: Mapping[int, str]) -> dict[str, Any]:
    date, plan = found.clock.date, found.plan
    return {
        "on": str(date(found.day)),
        "days": found.day - found.today,
        "total": found.total._asdict(),
        "spread": found.spread,
        "sampled": found.sampled,
        "decks": [{"deck": deck, **recall._asdict()} for deck, recall in found.decks.items()],
        "plan": {
            "new_left": plan.new_left,
            "new_a_day": plan.new_a_day,
            "minutes_a_day": plan.minutes_a_day,
            "unseen": plan.unseen,
            "cards_a_day": plan.cards_a_day,
            "feasible": plan.feasible,
        },
        "gains": [{"id": names[g.card], "now": g.now, "on_day": g.on_day, "gain": g.gain} for g in found.gains],
        "curve": [{"date": str(date(day)), "idle": idle, "kept": kept} for day, idle, kept in found.curve],
        "speed_assumed": found.is_speed_assumed,
        "past_error": found.past_error._asdict() if found.past_error else None,
    }
