"""The interview as a machine: whatever a person does, the results are what was done."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from flashcards.mock import report
from flashcards.mock.recorder import Mock, MockAnswer
from flashcards.mock.session import Asking, Judging, MockSession, Noting, Over, Result, Timing
from flashcards.review.views import Asked
from scheduler import Rating
from tests.review.fake_backend import asked, card

MINUTE = 60_000


@dataclass
class Recorder:
    results: list[Result] = field(default_factory=list)
    begins: list[Result] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    ends: int = 0

    def record_answer(self, result: Result, now_ms: int) -> None:  # noqa: ARG002 - as the protocol has it
        self.results.append(result)

    def keep_draft(self, result: Result) -> None:
        self.begins.append(result)

    def record_note(self, result: Result) -> None:
        self.notes.append((result.number, result.note))

    def finish(self) -> None:
        self.ends += 1


def rubric(number: int, points: int) -> Asked:
    plain = asked(card(number))
    note = plain.entry.note._replace(points=tuple(f"point {at}" for at in range(points)))
    return Asked(plain.card, plain.entry._replace(note=note), plain.face)


def session(*points: int, each: int = MINUTE, total: int = 10 * MINUTE) -> tuple[MockSession, Recorder]:
    recorder = Recorder()
    questions = [(rubric(number, count), ("risk",)) for number, count in enumerate(points, 1)]
    return MockSession(questions, Timing(total, each), recorder, 0), recorder


def test_a_question_is_answered_judged_noted_and_followed_by_the_next() -> None:
    mock, recorder = session(4, 0)
    assert isinstance(mock.view, Asking)
    assert (mock.view.number, mock.view.total, mock.view.question_until_ms) == (1, 2, MINUTE)
    view = mock.answer(30_000, "my words")
    assert isinstance(view, Judging)
    assert (view.seconds, view.answer, view.proposed) == (30.0, "my words", Rating.AGAIN)
    for point in (0, 1, 2):
        view = mock.tick(point)
    assert isinstance(view, Judging)
    assert view.proposed is Rating.GOOD
    view = mock.rate(40_000, Rating.HARD)
    assert isinstance(view, Noting)
    assert recorder.results[0].covered == ("point 0", "point 1", "point 2")
    assert recorder.results[0].missed == ("point 3",)
    assert recorder.results[0].rating is Rating.HARD
    view = mock.note(50_000, " slower ")
    assert recorder.notes == [(1, "slower")]
    assert isinstance(view, Asking)
    assert (view.number, view.since_ms) == (2, 50_000)


def test_a_question_may_take_longer_than_its_time() -> None:
    mock, recorder = session(2, 2)
    mock.answer(5 * MINUTE, "")
    mock.rate(5 * MINUTE, Rating.GOOD)
    assert recorder.results[0].seconds == 300.0
    assert isinstance(mock.note(5 * MINUTE, ""), Asking)


def test_when_the_time_of_the_mock_is_over_no_question_follows() -> None:
    mock, recorder = session(2, 2, 2, total=2 * MINUTE)
    mock.answer(3 * MINUTE, "")
    mock.rate(3 * MINUTE, Rating.GOOD)
    view = mock.note(3 * MINUTE, "")
    assert isinstance(view, Over)
    assert (view.finished, view.reason, len(view.results), recorder.ends) == (True, "Your time is up.", 1, 1)


def test_leaving_keeps_all_ratings_and_is_not_reported_as_finished() -> None:
    mock, recorder = session(2, 2)
    mock.answer(1, "")
    mock.rate(2, Rating.GOOD)
    mock.note(3, "")
    view = mock.leave()
    assert isinstance(view, Over)
    assert (view.finished, len(view.results), recorder.ends) == (False, 1, 0)


def test_text_and_ticks_are_saved_before_the_rating() -> None:
    mock, recorder = session(2)
    mock.keep_text(5_000, "first\nsec")
    mock.answer(9_000, "first\nsecond")
    mock.tick(1)
    mock.leave()
    kept = [(each.answer, each.seconds, each.rating, each.covered, each.missed) for each in recorder.begins]
    assert kept == [
        ("first\nsec", 5.0, None, (), ()),
        ("first\nsecond", 9.0, None, (), ()),
        ("first\nsecond", 9.0, None, ("point 1",), ()),
    ]
    assert recorder.results == []


def test_nothing_written_is_nothing_to_keep() -> None:
    mock, recorder = session(2)
    mock.keep_text(5_000, " ")
    mock.leave()
    assert recorder.begins == []


def test_half_a_note_is_kept() -> None:
    mock, recorder = session(2)
    mock.answer(1, "")
    mock.rate(2, Rating.GOOD)
    mock.keep_text(3, "half a no")
    assert recorder.notes == [(1, "half a no")]


def row(number: int, rating: int, covered: tuple[str, ...] = (), missed: tuple[str, ...] = ()) -> MockAnswer:
    return MockAnswer(number, number, f"front {number}", ("risk",), 30.0, 60, "words", "", rating, covered, missed)


def test_an_answer_that_was_not_rated_is_shown_and_counts_for_nothing() -> None:
    answers = [row(1, 3, ("a",), ("b",)), row(2, 0, ("c",))]
    lines = report.format_lines(Mock(0, "", 1, 5, 600, finished=False), answers, ())
    assert lines[0] == "1 of 5 questions, 1 of 2 points (50%), 1 min of 10 min used."
    at = lines.index("  2. front 2")
    assert lines[at - 3 : at] == ["  1. front 1", "     Good, 30 s of 1 min", "     missed: b"]
    assert lines[at + 1] == "     not rated, 30 s of 1 min"
    assert report.group_by_skill(answers) == {"risk": (1, 2)}


def test_questions_and_points_are_reported_as_plain_text() -> None:
    answer = row(1, 1, (), ("name the **owner**",))._replace(front="What is `x` in **risk**?")
    lines = report.format_lines(Mock(0, "", 1, 1, 600, finished=True), [answer], ())
    assert "  1. What is x in risk?" in lines
    assert "     missed: name the owner" in lines


def test_without_ratings_the_report_has_no_skills_and_no_trend() -> None:
    lines = report.format_lines(
        Mock(0, "", 1, 5, 600, finished=False), [row(1, 0)], [(Mock(0, "", 1, 1, 1, True), [row(1, 3)])]
    )
    assert [line for line in lines if "Skills" in line or "Trend" in line] == []


deeds = st.lists(
    st.tuples(
        st.sampled_from(["answer", "tick", "rate", "note", "leave"]),
        st.integers(0, 100_000),
        st.integers(0, 5),
        st.sampled_from(Rating),
    ),
    max_size=40,
)


@given(st.lists(st.integers(0, 4), max_size=5), deeds)
def test_whatever_is_done_the_report_counts_what_was_recorded(
    points: list[int], done: list[tuple[str, int, int, Rating]]
) -> None:
    mock, recorder = session(*points)
    now = 0
    for deed, wait, number, rating in done:
        now += wait
        match deed:
            case "answer":
                mock.answer(now, "words")
            case "tick":
                mock.tick(number)
            case "rate":
                mock.rate(now, rating)
            case "note":
                mock.note(now, "n" * number)
            case "leave" if number == 0:
                mock.leave()
    answers = [
        MockAnswer(
            r.number,
            r.asked.card.id,
            "front",
            r.skills,
            r.seconds,
            60,
            r.answer,
            r.note,
            int(r.rating or 0),
            r.covered,
            r.missed,
        )
        for r in recorder.results
    ]
    assert [answer.number for answer in answers] == list(range(1, len(answers) + 1))
    assert all(len(answer.covered) + len(answer.missed) == points[answer.number - 1] for answer in answers)
    whole = report.measure_coverage(answers)
    assert whole.points == sum(max(1, points[answer.number - 1]) for answer in answers)
    assert sum(each.points for each in report.group_by_skill(answers).values()) == whole.points
    mock_row = Mock(0, "", 1, len(points), 600, finished=False)
    lines = report.format_lines(mock_row, answers, ())
    if answers:
        assert lines[0].startswith(
            f"{len(answers)} of {len(points)} questions, {whole.covered} of {whole.points} points"
        )
