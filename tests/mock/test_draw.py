from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashcards.mock.plan import Candidate, compute_weakness, sample_cards
from flashcards.mock.recorder import find_skills

candidates = st.lists(
    st.builds(
        Candidate,
        card_id=st.integers(1, 10_000),
        skills=st.lists(st.sampled_from(["risk", "scope", "metrics"]), max_size=2).map(tuple),
        recall=st.none() | st.floats(0, 1),
        missed=st.floats(0, 1),
        days_since=st.none() | st.integers(0, 400),
    ),
    max_size=20,
    unique_by=lambda candidate: candidate.card_id,
)


def plain(card: int, skill: str = "", recall: float | None = 0.9) -> Candidate:
    return Candidate(card, (skill,) if skill else (), recall, 0.0, 1)


@given(candidates, st.integers(1, 30), st.integers())
def test_each_card_is_drawn_once_and_as_many_as_there_are(found: list[Candidate], count: int, seed: int) -> None:
    cards = sample_cards(found, count, seed)
    assert len(cards) == len(set(cards)) == min(count, len(found))
    assert set(cards) <= {candidate.card_id for candidate in found}
    assert sample_cards(list(reversed(found)), count, seed) == cards


def test_skills_take_turns() -> None:
    many = [plain(card, "risk") for card in range(1, 20)] + [plain(30, "scope"), plain(31, "metrics")]
    assert {30, 31} <= set(sample_cards(many, 3, 1))


def test_weak_cards_are_chosen_more_often() -> None:
    found = [plain(card, recall=0.99) for card in range(1, 11)] + [Candidate(99, (), 0.05, 1.0, None)]
    hits = sum(99 in sample_cards(found, 2, seed) for seed in range(200))
    assert hits > 80  # 36 by luck alone


def test_forgotten_missed_and_not_seen_for_long_add_up() -> None:
    base = Candidate(1, (), 0.9, 0.0, 0)
    assert compute_weakness(base) < compute_weakness(base._replace(recall=0.5))
    assert compute_weakness(base) < compute_weakness(base._replace(missed=0.5))
    later = base._replace(days_since=20)
    assert compute_weakness(base) < compute_weakness(later) < compute_weakness(base._replace(days_since=None))
    assert compute_weakness(base) < compute_weakness(base._replace(recall=None))


def test_the_skills_of_a_note_come_before_those_of_its_file() -> None:
    assert find_skills(("scenario", "skill:risk", "skill:scope")) == ("scope", "risk")
