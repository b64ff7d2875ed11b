"""Summarize a mock interview: coverage by skill, time against the budget, missed points, the trend."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from flashcards.mock.recorder import Mock, MockAnswer
from flashcards.render.terminal.renderer import render_plain
from flashcards.text import count_columns, format_duration
from scheduler import Clock, Rating

MARK: Final = "# Mock interview"
"""The first line of a report."""

MOST_IN_TREND: Final = 7  # interviews, this one included
_MOST_MISSED: Final = 10


class Coverage(NamedTuple):
    """Covered points and all points. A question without a rubric counts as one point, covered by Good or Easy."""

    covered: int
    points: int

    @property
    def share(self) -> float:
        """The covered share; 0 if there are no points."""
        return self.covered / self.points if self.points else 0.0


def select_rated(answers: Iterable[MockAnswer]) -> list[MockAnswer]:
    """Select the rated answers. Only these count."""
    return [answer for answer in answers if answer.rating]


def measure_coverage(answers: Iterable[MockAnswer]) -> Coverage:
    """Sum up the points of all rated answers."""
    each = [_measure(answer) for answer in select_rated(answers)]
    return Coverage(sum(one.covered for one in each), sum(one.points for one in each))


def list_trend(answers: Sequence[MockAnswer], earlier: Sequence[tuple[Mock, Sequence[MockAnswer]]]) -> list[float]:
    """List the covered shares of earlier interviews and this one, without those that have no rated answer."""
    return [measure_coverage(each).share for each in (*(each for _, each in earlier), answers) if select_rated(each)]


def group_by_skill(answers: Iterable[MockAnswer]) -> dict[str, Coverage]:
    """Measure each skill, the lowest first; a question counts for its first skill."""
    groups: dict[str, list[MockAnswer]] = defaultdict(list)
    for answer in select_rated(answers):
        groups[answer.skills[0] if answer.skills else "other"].append(answer)
    found = {skill: measure_coverage(group) for skill, group in groups.items()}
    return dict(sorted(found.items(), key=lambda pair: (pair[1].share, pair[0])))


def count_missed(mocks: Iterable[Sequence[MockAnswer]]) -> list[tuple[str, int]]:
    """Count in how many answers each point was missed, most missed first."""
    counts = Counter(point for answers in mocks for answer in answers for point in answer.missed)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_MISSED]


def _measure(answer: MockAnswer) -> Coverage:
    points = len(answer.covered) + len(answer.missed)
    return Coverage(len(answer.covered), points) if points else Coverage(int(answer.rating >= Rating.GOOD), 1)


def _name_rating(answer: MockAnswer) -> str:
    return Rating(answer.rating).name.capitalize() if answer.rating else "not rated"


def format_clock(seconds: float) -> str:
    """Format a clock: `4:05`, or `-0:10` ten seconds after the time is up."""
    minutes, rest = divmod(round(abs(seconds)), 60)
    return f"{'-' if seconds < 0 else ''}{minutes}:{rest:02}"


def format_seconds(seconds: float) -> str:
    """Format a duration: `45 s`, `4 min 10 s`."""
    return format_duration(round(seconds * 1000))


def _write_plainly(markdown: str) -> str:
    """Return a question or a point as one line of plain text."""
    return " ".join(render_plain(markdown).split())


def format_lines(
    mock: Mock, answers: Sequence[MockAnswer], earlier: Sequence[tuple[Mock, Sequence[MockAnswer]]]
) -> list[str]:
    """Format the report for a terminal as a list of lines."""
    if not answers:
        return ["No question was answered."]
    all_of_it = measure_coverage(answers)
    used = sum(answer.seconds for answer in answers)
    found = [
        f"{len(select_rated(answers))} of {mock.questions} questions, {all_of_it.covered} of {all_of_it.points} points"
        f" ({all_of_it.share:.0%}), {format_seconds(used)} of {format_seconds(mock.seconds)} used."
    ]
    if select_rated(answers):
        found += ["", "Skills, weakest first:"]
    skills = group_by_skill(answers)
    wide = max(map(count_columns, skills), default=0)
    found += [
        f"  {skill}{' ' * (wide - count_columns(skill))}  {of.covered:>3} of {of.points:<3} {of.share:4.0%}"
        for skill, of in skills.items()
    ]
    found += ["", "Questions:"]
    for answer in answers:
        over = ", over time" if answer.seconds > answer.budget else ""
        took = f"{format_seconds(answer.seconds)} of {format_seconds(answer.budget)}{over}"
        found.append(f"  {answer.number}. {_write_plainly(answer.front)}")
        found.append(f"     {_name_rating(answer)}, {took}")
        found += [f"     missed: {_write_plainly(point)}" for point in answer.missed]
    trend = list_trend(answers, earlier)[-MOST_IN_TREND:]
    if len(trend) > 1 and select_rated(answers):
        found += ["", f"Trend: {' > '.join(f'{share:.0%}' for share in trend)}"]
    return found


def format_written(answers: Sequence[MockAnswer]) -> list[str]:
    """Format the written answers for a terminal, question by question."""
    found = ["", "What you wrote:"]
    for answer in answers:
        texts = [*answer.answer.splitlines(), *([f"Note: {answer.note}"] if answer.note else [])]
        if texts:
            question = f"  {answer.number}. {_write_plainly(answer.front)}"
            found += [question, *(f"     {text}" for text in texts)]
    return found if len(found) > 2 else []


def format_markdown(
    mock: Mock, answers: Sequence[MockAnswer], earlier: Sequence[tuple[Mock, Sequence[MockAnswer]]], clock: Clock
) -> str:
    """Format the report as Markdown."""
    when = clock.minute(mock.id)
    ending = "" if mock.finished else " It was stopped before the end."
    found = [f"{MARK}, {when}", "", f"Drawn from `{mock.query or 'all cards'}`, seed {mock.seed}.{ending}", ""]
    if not answers:
        return "\n".join([*found, "No question was answered.", ""])
    found += [format_lines(mock, answers, ())[0], "", "| skill | covered | of | |", "| --- | --- | --- | --- |"]
    found += [
        f"| {skill} | {of.covered} | {of.points} | {of.share:.0%} |" for skill, of in group_by_skill(answers).items()
    ]
    for answer in answers:
        found += ["", f"## {answer.number}. {answer.front}", ""]
        found += [f"{format_seconds(answer.seconds)} of {format_seconds(answer.budget)}, {_name_rating(answer)}.", ""]
        found += [f"- [x] {point}" for point in answer.covered] + [f"- [ ] {point}" for point in answer.missed]
        found += ["", *(f"> {line}" for line in answer.answer.splitlines())] if answer.answer else []
        found += ["", f"Note: {answer.note}"] if answer.note else []
    trend = list_trend(answers, earlier)
    if len(trend) > 1:
        found += ["", "## Trend", "", " > ".join(f"{share:.0%}" for share in trend)]
    return "\n".join(found) + "\n"


def to_json(mock: Mock, answers: Sequence[MockAnswer], clock: Clock) -> dict[str, Any]:
    """Return an interview as a JSON object."""
    whole = measure_coverage(answers)
    return {
        "at": clock.iso(mock.id),
        "query": mock.query,
        "seed": mock.seed,
        "questions": mock.questions,
        "answered": len(select_rated(answers)),
        "finished": mock.finished,
        "budget_seconds": mock.seconds,
        "seconds": sum(answer.seconds for answer in answers),
        "covered": whole.covered,
        "points": whole.points,
        "skills": [
            {"skill": skill, "covered": of.covered, "points": of.points}
            for skill, of in group_by_skill(answers).items()
        ],
        "missed": [point for point, _ in count_missed([answers])],
    }


def answers_to_json(answers: Sequence[MockAnswer]) -> list[dict[str, Any]]:
    """Return the questions of an interview as JSON objects; `rating` is null if the person gave no rating."""
    return [
        {
            "number": answer.number,
            "question": answer.front,
            "rating": Rating(answer.rating).name.lower() if answer.rating else None,
            "seconds": answer.seconds,
            "budget_seconds": answer.budget,
            "answer": answer.answer,
            "note": answer.note,
            "covered": list(answer.covered),
            "missed": list(answer.missed),
        }
        for answer in answers
    ]
