"""The pages of a review, whose forms act only once each, and the settings of a device."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import RedirectResponse, Response

from flashcards.collection import Collection, now_ms
from flashcards.render.html.tags import list_typed_answers
from flashcards.review import events
from flashcards.review.grading import choose_expected, find_difference, is_same_text, remove_points
from flashcards.review.keys import RATINGS, Action, make_event
from flashcards.review.report import describe_counts, describe_done, describe_results, describe_upcoming
from flashcards.review.session_plan import SessionPlan
from flashcards.review.views import Answer, Asked, Finished, Question, View, find_count
from scheduler import Rating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.web.shared_state import Site, Visit


LATE = "late"
"""The result for a form of an outdated page, which changes nothing."""

_REPEATABLE = (events.ShowAnswer, events.TypeAnswer, events.Tick, events.Flag, events.Refresh)
"""Events that are harmless when repeated, so they keep the page's stamp."""


@dataclass
class BrowserSession:
    """A running session; `words` are the query that chose its cards.

    Each page has the current `stamp`. A form is ignored if its stamp is outdated, and every action that must not be
    repeated makes a new stamp. So a second tab, a double tap, a reload or the back button cannot rate twice.
    """

    collection: Collection
    plan: SessionPlan
    now_ms: int
    words: str = ""
    _id: str = field(default_factory=lambda: secrets.token_hex(4))
    _number: int = 0
    _last: tuple[str, str] = ("", "")  # the stamp and name of the last action

    def __post_init__(self) -> None:
        self.backend = self.plan.open_backend(self.collection, self.now_ms)
        self.session = self.plan.begin(self.collection, self.backend, self.now_ms)
        self.day = self.collection.clock.day(self.now_ms)

    @property
    def view(self) -> View:
        """The current view."""
        return self.session.view

    @property
    def stamp(self) -> str:
        """The stamp for the forms of the current page."""
        return f"{self._id}.{self._number}"

    @property
    def progress(self) -> tuple[int, int]:
        """The number of finished cards and of all cards."""
        done = self.session.cards_done
        left = self.view.summary.left if isinstance(self.view, Finished) else self.view.counts
        return done, done + sum(left)

    def act(self, stamp: str, name: str, found: Sequence[events.Event]) -> str:
        """Perform the action of a form; return `late` if its page is outdated, unless it was just sent twice."""
        if stamp != self.stamp:
            return "" if (stamp, name) == self._last else LATE
        before = self.view
        for event in found:
            self.session.handle(event)
            if not isinstance(event, _REPEATABLE) and self.view is not before:
                self._last = (stamp, name)
                self._number += 1
        return ""

    def read_again(self, now_ms: int) -> None:
        """Read the card again if its file changed. Choose the cards again if a new day has begun."""
        day = self.collection.clock.day(now_ms)
        view = self.view
        if isinstance(view, Finished):
            return
        if day != self.day or self.backend.rescan_if_changed(view.asked.card.id):
            self.day = day
            self.session.handle(events.Refresh(now_ms))


def tick_points(view: Answer, points: set[int], now_ms: int) -> list[events.Event]:
    """Return the events that make exactly `points` ticked."""
    return [events.Tick(now_ms, point) for point in sorted(view.ticked ^ points)]


LATE_SENTENCE: Final = "That page was out of date, so nothing was changed. This is where you are now."
_COUNTS: Final = ("new", "learning", "review")


def show_review(site: Site, visit: Visit) -> Response:
    """Show the question, the answer or the end."""
    review = site.review
    review.read_again(now_ms())
    view = review.view
    done, total = review.progress
    notice = LATE_SENTENCE if visit.query.get("notice") == LATE else view.message
    shared: dict[str, Any] = {"session": review, "notice": notice, "done": done, "total": total, "keys": site.keys}
    if isinstance(view, Finished):
        return site.show(visit, "end.html", **shared, **_describe_end(site, view))
    shared |= _describe_card(site, view.asked, view.counts)
    if isinstance(view, Question):
        return site.show(visit, "question.html", **shared)
    return site.show(visit, "answer.html", **shared, **_describe_answer(site, view))


def act(site: Site, visit: Visit) -> Response:
    """Perform the action of a button, and show the next page."""
    review = site.review
    name = visit.field("do")
    found = _read_events(review.view, name, visit, now_ms())
    notice = review.act(visit.field("stamp"), name, found)
    return RedirectResponse(f"/review?notice={notice}" if notice else "/review", 303)


def start_again(site: Site, _visit: Visit) -> Response:
    """Start the same review again. More cards may be due now."""
    site.start(site.review.plan, site.review.words)
    return RedirectResponse("/review", 303)


def stop(site: Site, visit: Visit) -> Response:
    """End the program."""
    if site.stop:
        site.stop()
    return site.show(visit, "stopped.html")


def _read_events(view: View, name: str, visit: Visit, now: int) -> list[events.Event]:
    """Return the session events that a button triggers."""
    ticks: list[events.Event] = []
    if isinstance(view, Answer) and view.asked.entry.note.points:
        ticks = tick_points(view, visit.points, now)
    if name.startswith("flag") and name[4:] in tuple("01234567"):
        return [events.Flag(now, int(name[4:]))]
    if name == "show":
        given = visit.field("given")
        return [events.TypeAnswer(now, given) if given.strip() else events.ShowAnswer(now)]
    if name == "accept":
        return [*ticks, events.Accept(now)]
    event = make_event(Action(name), now) if name in tuple(Action) else None
    return [] if event is None else [*ticks, event] if isinstance(event, events.Rate) else [event]


def _describe_card(site: Site, asked: Asked, counts: Any) -> dict[str, Any]:
    entry = asked.entry
    return {
        "asked": asked,
        "place": [*entry.deck.split("::"), *entry.note.breadcrumb],
        "tags": entry.note.tags,
        "counts": [(name, getattr(counts, name)) for name in _COUNTS],
        "spoken_counts": describe_counts(counts),
        "own_count": find_count(asked.card),
        "front": render(site, asked, asked.face.front),
    }


def _describe_answer(site: Site, view: Answer) -> dict[str, Any]:
    buttons = [
        (rating.name.capitalize(), action.value, seconds, rating is view.proposed, site.keys.label(action))
        for (action, rating), seconds in zip(RATINGS.items(), view.intervals, strict=True)
    ]
    return describe_back(site, view.asked, view.ticked) | {"buttons": buttons, "typed": _compare(site, view)}


def describe_back(site: Site, asked: Asked, ticked: frozenset[int]) -> dict[str, Any]:
    """Return the template values of a card's back: its answer, and the points of a rubric with their keys."""
    note = asked.entry.note
    markdown = remove_points(asked.face.back) if note.points else asked.face.back
    labels = site.keys.assign_point_keys(len(note.points))
    return {
        "back": render(site, asked, markdown) if markdown else "",
        "points": [
            (render(site, asked, point), labels[at] if at < len(labels) else "", at in ticked)
            for at, point in enumerate(note.points)
        ],
        "thresholds": " ".join(map(str, site.collection.settings.rubric_thresholds)),
    }


def _compare(site: Site, view: Answer) -> dict[str, Any] | None:
    if view.given is None:
        return None
    answers = list_typed_answers(view.asked.expected, view.asked.entry.note.definitions, site.macros)
    expected = choose_expected(view.given, answers)
    is_right = is_same_text(view.given, expected)
    pieces = [] if is_right else [(text, kind.value) for text, kind in find_difference(view.given, expected)]
    return {"given": view.given.strip(), "is_right": is_right, "pieces": pieces}


def _describe_end(site: Site, view: Finished) -> dict[str, Any]:
    summary, clock = view.summary, site.collection.clock
    lead, lines = "", describe_upcoming(summary.upcoming, clock)
    if summary.cards:
        lead, lines = describe_done(summary), describe_results(summary, clock)
    most = max(summary.ratings.values(), default=0)
    ratings = [(rating.name.capitalize(), summary.ratings.get(rating, 0)) for rating in Rating]
    can_go_on = bool(any(summary.left) or summary.upcoming.now)
    return {
        "lead": lead,
        "lines": lines,
        "ratings": ratings,
        "most": most,
        "summary": summary,
        "can_go_on": can_go_on,
    }


def render(site: Site, asked: Asked, markdown: str) -> str:
    """Render one side of a card."""
    return site.render_side(asked.entry.path, asked.face, markdown, asked.entry.note.definitions)


_CHOICES: Final = (
    ("sound", "on", "Play sound and video automatically when a side contains them, and read aloud text with `say:`"),
    ("voice", "off", "Read cards without sound aloud with a voice of this device"),
)
_KEPT: Final = 400 * 86_400  # seconds, the longest that browsers keep a cookie
_READ_ALOUD: Final = ("v", "read the side aloud with a voice of this device")


def show_settings(site: Site, visit: Visit) -> Response:
    """Show the settings and the keys."""
    keys = [(key, text.replace("`", "")) for key, text in (*site.keys.explanations(), _READ_ALOUD)]
    saved = visit.query.get("notice") == "saved"
    return site.show(visit, "settings.html", choices=_CHOICES, explanations=keys, saved=saved)


def keep_settings(_site: Site, visit: Visit) -> Response:
    """Store the chosen settings in the browser."""
    answer = RedirectResponse("/settings?notice=saved", 303)
    for name, _, _ in _CHOICES:
        value = "on" if visit.field(name) else "off"
        answer.set_cookie(f"flashcards-{name}", value, max_age=_KEPT, httponly=True, samesite="strict")
    return answer


PAGES: Final = (
    ("/review", show_review, ["GET"]),
    ("/review", act, ["POST"]),
    ("/review/start", start_again, ["POST"]),
    ("/stop", stop, ["POST"]),
    ("/settings", show_settings, ["GET"]),
    ("/settings", keep_settings, ["POST"]),
)
