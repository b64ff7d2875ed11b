"""Pages of a mock interview: the choice, a question with its clock, the model answer, the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import RedirectResponse, Response

from flashcards.collection import now_ms
from flashcards.errors import UsageError
from flashcards.mock import report
from flashcards.mock.plan import begin_interview, find_preset, plan_interview, sample_questions
from flashcards.mock.recorder import Mock, MockAnswer, Mocks
from flashcards.mock.session import Asking, Judging, MockSession, Noting, Over
from flashcards.query import find_card_ids
from flashcards.render.terminal.renderer import render_plain
from flashcards.review.keys import RATINGS
from flashcards.review.session import NOTHING_TICKED
from flashcards.settings import MockPreset
from flashcards.settings.values import MOST_MINUTES, MOST_QUESTIONS
from flashcards.text import plural
from flashcards.web.review_pages import LATE_SENTENCE, describe_back, render
from scheduler import Rating

if TYPE_CHECKING:
    from flashcards.web.shared_state import Site, Visit

_RATING_OF: Final = {action.value: rating for action, rating in RATINGS.items()}


@dataclass
class MockSitting:
    """An interview under way.

    A page carries the `stamp` of its question. A form with another stamp changes nothing, so a double tap, a reload,
    the back button or a second tab rate once.
    """

    mock: int
    session: MockSession
    draft: str = ""
    """The text of the current answer so far."""
    _done: dict[str, str] = field(default_factory=dict)  # the last action for each stamp

    @property
    def stamp(self) -> str:
        """The stamp for the forms of the current page."""
        view = self.session.view
        number = 0 if isinstance(view, Over | Noting) else view.number
        return f"{self.mock}.{number}.{type(view).__name__.lower()}"

    def act(self, visit: Visit, now: int) -> str:
        """Perform the action of a form. Return a sentence if that was impossible."""
        stamp, name = visit.field("stamp"), visit.field("do")
        if stamp != self.stamp:
            return "" if self._done.get(stamp) == name else LATE_SENTENCE
        session, view = self.session, self.session.view
        self._done[stamp] = name
        if name == "leave":
            self._keep(visit, now)
            session.leave()
        elif name == "keep":
            self._keep(visit, now)
        elif isinstance(view, Asking) and name == "answer":
            session.answer(now, visit.field("answer").strip())
            self.draft = ""
        elif isinstance(view, Judging) and name in (*_RATING_OF, "accept"):
            return self._rate(view, visit, now)
        return ""

    def _keep(self, visit: Visit, now: int) -> None:
        if isinstance(self.session.view, Asking):
            self.draft = visit.field("answer")
            self.session.keep_text(now, self.draft)

    def _rate(self, view: Judging, visit: Visit, now: int) -> str:
        for point in sorted(view.ticked ^ visit.points):
            self.session.tick(point)
        name = visit.field("do")
        if name == "accept" and view.asked.entry.note.points and not visit.points:
            return NOTHING_TICKED
        present = self.session.view
        proposed = present.proposed if isinstance(present, Judging) else Rating.GOOD
        self.session.rate(now, _RATING_OF.get(name, proposed))
        self.session.note(now, visit.field("note"))
        return ""


def choose(site: Site, visit: Visit) -> Response:
    """Show the available interviews and the earlier ones."""
    site.collection.scan()
    mocks = site.collection.settings.mocks
    presets = [(name, plan_interview(preset, MockPreset()), preset.query) for name, preset in mocks.items()]
    kept = Mocks(site.collection.connection)
    held = [(mock, kept.answers(mock.id)) for mock in reversed(kept.all())]
    return site.show(
        visit,
        "mocks.html",
        presets=presets,
        is_held=site.mock is not None and not isinstance(site.mock.session.view, Over),
        held=[_describe_held(site, mock, answers) for mock, answers in held],
        missed=[(render_plain(point), count) for point, count in report.count_missed([each for _, each in held])],
    )


def start(site: Site, visit: Visit) -> Response:
    """Begin the interview that a form describes. A running one ends."""
    collection = site.collection
    collection.scan()
    name = visit.field("preset")
    preset = find_preset(collection, name) if name else MockPreset(visit.field("query").strip())
    given = MockPreset(
        "",
        _read_count(visit.field("questions")),
        _read_minutes(visit.field("minutes")),
        _read_minutes(visit.field("per_question")),
    )
    plan, at = plan_interview(preset, given), now_ms()
    only = find_card_ids(collection, preset.query) if preset.query else None
    seed = visit.field("seed")
    sample = sample_questions(
        collection, only, plan.questions, at, int(seed) if seed[:18].lstrip("-").isdecimal() else None
    )
    if site.mock:
        site.mock.session.leave()
    collection.keep()
    schedule = visit.field("practice") != "on"
    site.mock = MockSitting(*begin_interview(collection, plan, preset.query, sample, at, schedule=schedule))
    return RedirectResponse("/mock/now", 303)


def show_now(site: Site, visit: Visit, notice: str = "") -> Response:
    """Show the question or the model answer."""
    if site.mock is None:
        return RedirectResponse("/mock", 303)
    view, at = site.mock.session.view, now_ms()
    shared: dict[str, Any] = {"session": site.mock, "notice": notice, "keys": site.keys}
    if isinstance(view, Asking):
        return site.show(
            visit,
            "mock_question.html",
            **shared,
            asked=view.asked,
            front=render(site, view.asked, view.asked.face.front),
            view=view,
            left=[round((until - at) / 1000) for until in (view.question_until_ms, view.until_ms)],
            clocks=[report.format_clock((until - at) / 1000) for until in (view.question_until_ms, view.until_ms)],
        )
    if isinstance(view, Judging):
        return site.show(
            visit,
            "mock_answer.html",
            **shared,
            **describe_back(site, view.asked, view.ticked),
            asked=view.asked,
            front=render(site, view.asked, view.asked.face.front),
            buttons=[
                (rating.name.capitalize(), action.value, rating is view.proposed, site.keys.label(action))
                for action, rating in RATINGS.items()
            ],
            took=report.format_seconds(view.seconds),
            view=view,
        )
    return RedirectResponse(f"/mock/report/{site.mock.mock}", 303)


def act(site: Site, visit: Visit) -> Response:
    """Perform the action of a button, and show the next page."""
    if site.mock is None:
        return RedirectResponse("/mock", 303)
    notice = site.mock.act(visit, now_ms())
    if notice:
        return show_now(site, visit, notice)
    return RedirectResponse("/mock/now", 303)


def show_report(site: Site, visit: Visit) -> Response:
    """Show how an interview went."""
    number = int(visit.path["mock"][:18]) if visit.path["mock"].isdecimal() else -1
    try:
        mock, answers, earlier = Mocks(site.collection.connection).read(number)
    except LookupError:
        return site.show_problem(
            visit, "This mock interview does not exist. The page of mock interviews lists them all.", 404
        )
    if "markdown" in visit.query:
        text = report.format_markdown(mock, answers, earlier, site.collection.clock)
        name = site.collection.clock.iso(mock.id)[:10]
        headers = {"content-disposition": f'attachment; filename="mock-{name}.md"'}
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)
    trend = report.list_trend(answers, earlier)[-report.MOST_IN_TREND :]
    return site.show(
        visit,
        "mock_report.html",
        mock=mock,
        when=site.collection.clock.minute(mock.id),
        summary=report.format_lines(mock, answers, ())[0],
        skills=list(report.group_by_skill(answers).items()),
        answers=[_describe_result(answer) for answer in answers],
        trend=trend if len(trend) > 1 and report.select_rated(answers) else [],
    )


PAGES: Final = (
    ("/mock", choose, ["GET"]),
    ("/mock/start", start, ["POST"]),
    ("/mock/now", show_now, ["GET"]),
    ("/mock/now", act, ["POST"]),
    ("/mock/report/{mock}", show_report, ["GET"]),
)


def _describe_held(site: Site, mock: Mock, answers: Sequence[MockAnswer]) -> dict[str, Any]:
    return {
        "id": mock.id,
        "when": site.collection.clock.minute(mock.id),
        "query": mock.query or "all cards",
        "answered": f"{len(report.select_rated(answers))} of {mock.questions}",
        "share": report.measure_coverage(answers).share if report.select_rated(answers) else None,
        "is_left": not mock.finished,
    }


def _describe_result(answer: MockAnswer) -> dict[str, Any]:
    over = answer.seconds > answer.budget
    took = f"{report.format_seconds(answer.seconds)} of {report.format_seconds(answer.budget)}"
    return {
        "number": answer.number,
        "front": render_plain(answer.front),
        "rating": Rating(answer.rating).name.lower() if answer.rating else "",
        "took": f"{took}, over time" if over else took,
        "budget": answer.budget,
        "skills": answer.skills,
        "covered": [render_plain(point) for point in answer.covered],
        "missed": [render_plain(point) for point in answer.missed],
        "answer": answer.answer,
        "note": answer.note,
    }


def _read_count(text: str) -> int | None:
    """Read the number of questions; return nothing if the field is empty."""
    if not text.strip():
        return None
    count = int(text) if text.strip().isdecimal() and len(text) < 6 else 0
    if not 1 <= count <= MOST_QUESTIONS:
        raise UsageError(f"Ask from 1 to {plural(MOST_QUESTIONS, 'question')}.")
    return count


def _read_minutes(text: str) -> float | None:
    """Read a number of minutes; return nothing if the field is empty."""
    if not text.strip():
        return None
    try:
        minutes = float(text.replace(",", ".")) if len(text) < 12 else 0.0
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= MOST_MINUTES:
        raise UsageError(f"Minutes must be a number above 0 and at most {MOST_MINUTES}.")
    return minutes
