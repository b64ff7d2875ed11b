from __future__ import annotations

import io
import random
import re
import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from flashcards.collection import Collection, now_ms
from scheduler import DEFAULT_PARAMETERS, Policy, Rating, ReviewKind
from scheduler.fit import Figures, Fit
from tests.scheduler.learners import FORGETFUL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.runner import Runner

DAY_MS = 86_400_000


def learn(root: Path, days: int = 80) -> None:
    """Let somebody who recalls half of what is due review 80 cards, as the program schedules them."""
    chance = random.Random(1)
    with Collection(root) as collection:
        collection.scan()
        store, policy = collection.store, Policy(learning_steps=(), relearning_steps=())
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
        start = now_ms() - days * DAY_MS
        due = {card: (days - 20) * number // len(cards) for number, card in enumerate(cards)}
        seen: set[int] = set()
        for day in range(days):
            for number, card in enumerate(cards):
                if due[card] == day:
                    rating = Rating.GOOD if card not in seen or chance.random() < 0.5 else Rating.AGAIN
                    review = store.rate(card, rating, policy, start + day * DAY_MS + number * 1000)
                    seen.add(card)
                    due[card] = day + max(1, review.interval_after // 86_400)


@pytest.fixture(scope="module")
def learned_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: thousands of reviews are made once."""
    root = tmp_path_factory.mktemp("learned")
    text = "".join(f"Q: question {number}\nA: answer {number}\n\n" for number in range(80))
    (root / "deck.md").write_text(text, encoding="utf-8")
    (root / "flashcards.toml").write_text('# mine\nlearning_steps = ""\n', encoding="utf-8")
    learn(root)
    return root


@pytest.fixture
def learned(cli: Runner, learned_once: Path) -> Runner:
    shutil.copytree(learned_once, cli.root, dirs_exist_ok=True)
    return cli


def parameters(cli: Runner) -> list[float] | None:
    found = tomllib.loads((cli.root / "flashcards.toml").read_text(encoding="utf-8"))
    values: list[float] | None = found.get("parameters")
    return values


def test_too_few_reviews_are_refused_in_a_sentence(cli: Runner) -> None:
    (cli.root / "deck.md").write_text("Q: a\nA: b\n", encoding="utf-8")
    error = cli.fails("optimize", code=1)
    assert "optimize needs 400." in error


def test_a_trial_changes_nothing(learned: Runner) -> None:
    before = (learned.root / "flashcards.toml").read_bytes()
    found = learned("optimize", "--dry-run", "--json").json
    assert found["scopes"][0]["wanted"] is True
    assert (found["written"], found["recomputed"], found["rescheduled"]) == ([], 0, 0)
    assert (learned.root / "flashcards.toml").read_bytes() == before


def test_a_trial_shows_the_new_days_and_changes_no_card(learned: Runner) -> None:
    def state() -> list[tuple[object, ...]]:
        with Collection(learned.root) as collection:
            return collection.connection.execute("SELECT * FROM cards ORDER BY id").fetchall()

    before = state()
    trial = learned("optimize", "--reschedule", "--dry-run").out
    assert "they would be used" in trial
    assert state() == before
    real = learned("optimize", "--reschedule", "--yes").out
    assert "Cards due:" in trial
    assert trial[trial.index("Cards due:") :] in real


def test_a_call_whose_answer_would_fail_is_refused_before_any_change(learned: Runner) -> None:
    before = (learned.root / "flashcards.toml").read_bytes()
    assert "Add --yes." in learned.fails("optimize", "--reschedule", "--json")
    assert (learned.root / "flashcards.toml").read_bytes() == before


def test_better_parameters_are_added_to_the_settings_and_states_follow(learned: Runner) -> None:
    with Collection(learned.root) as collection:
        due = collection.connection.execute("SELECT id, due_day FROM cards").fetchall()
    result = learned("optimize")
    assert "The fitted parameters predict better: they are now used." in result.out
    assert "memory states recomputed." in result.out
    assert (learned.root / "flashcards.toml").read_text(encoding="utf-8").startswith("# mine\n")
    found = parameters(learned)
    assert found is not None
    assert len(found) == len(DEFAULT_PARAMETERS)
    assert found[2] < DEFAULT_PARAMETERS[2]
    learned("doctor")  # leaves with 1 where a state is not what the log says
    with Collection(learned.root) as collection:
        assert collection.connection.execute("SELECT id, due_day FROM cards").fetchall() == due


F = Figures(100, 0.3, 0.05)


@pytest.mark.parametrize(
    ("taken", "current", "fitted", "said"),
    [
        ("defaults", 0.40, 0.36, "The FSRS defaults predict best: they are now used."),
        ("current", 0.34, 0.36, "The current parameters predict at least as well and are kept."),
        ("current", 0.36, 0.34, "Over all reviews, the current parameters predict at least as well"),
    ],
)
def test_the_best_parameters_are_reported_and_written(
    learned: Runner, monkeypatch: pytest.MonkeyPatch, taken: Any, current: float, fitted: float, said: str
) -> None:
    toml = learned.root / "flashcards.toml"
    toml.write_text(f"parameters = {list(FORGETFUL)}\n", encoding="utf-8")
    values = DEFAULT_PARAMETERS if taken == "defaults" else FORGETFUL
    found = Fit(
        values, taken, 500, F._replace(log_loss=current), F._replace(log_loss=fitted), F._replace(log_loss=0.35), F
    )
    monkeypatch.setattr("flashcards.insight.optimize.fit", lambda *_: found)
    shown = learned("optimize").out
    assert said in shown
    assert re.search(r"FSRS defaults +0\.3500", shown)
    assert parameters(learned) == list(values)


def test_due_days_move_only_on_request_and_are_logged(learned: Runner) -> None:
    learned("optimize")
    found = learned("optimize", "--reschedule", "--yes", "--json").json
    assert found["rescheduled"] > 0
    with Collection(learned.root) as collection:
        (rows,) = collection.connection.execute(
            "SELECT count(*) FROM reviews WHERE kind = ?", (int(ReviewKind.RESCHEDULED),)
        ).fetchone()
    assert rows == found["rescheduled"]
    learned("doctor")
    assert learned("optimize", "--reschedule", "--yes", "--json").json["rescheduled"] == 0


def test_the_days_ahead_are_shown_before_due_days_move(learned: Runner) -> None:
    learned("optimize")
    result = learned("optimize", "--reschedule", "--yes")
    assert re.search(r"Cards due:\nday +now +then\n\d{4}-\d\d-\d\d ", result.out)


def test_parameters_changed_by_hand_take_effect_immediately(learned: Runner) -> None:
    toml = learned.root / "flashcards.toml"
    toml.write_text(f'learning_steps = ""\nparameters = {list(FORGETFUL)}\n', encoding="utf-8")
    assert learned("due").err == ""
    assert "memory states recomputed. Due days are unchanged." in learned("scan").err
    assert learned("scan").err == ""
    learned("doctor")
    toml.write_text('learning_steps = ""\n', encoding="utf-8")
    assert "memory states recomputed. Due days are unchanged." in learned("scan").err


def test_a_deck_gets_its_own_parameters_only_if_they_predict_better(learned: Runner) -> None:
    result = learned("optimize", "--per-deck", "--dry-run")
    assert "deck: " in result.out
    assert "Separate parameters would not predict better" in result.out


USUAL = f"parameters = {list(DEFAULT_PARAMETERS)}\n"


def test_a_deck_with_its_own_parameters_is_fitted_separately_and_keeps_its_table(learned: Runner) -> None:
    toml = learned.root / "flashcards.toml"
    toml.write_text(f'learning_steps = ""\n[decks.deck]\n{USUAL}', encoding="utf-8")
    trial = learned("optimize", "--dry-run", "--reschedule").out
    assert trial.startswith("deck: ")
    assert "All" not in trial.split("Cards due")[0]
    result = learned("optimize", "--reschedule", "--yes")
    assert "The fitted parameters predict better: they are now used." in result.out
    assert trial[trial.index("Cards due:") :] in result.out
    written = tomllib.loads(toml.read_text(encoding="utf-8"))
    assert "parameters" not in written
    assert written["decks"]["deck"]["parameters"][2] < DEFAULT_PARAMETERS[2]
    learned("doctor")


def test_decks_with_the_same_parameters_are_fitted_together(learned: Runner) -> None:
    text = (learned.root / "deck.md").read_text(encoding="utf-8")
    half = text.index("Q: question 40\n")
    learned.write("deck.md", text[:half])
    learned.write("other.md", text[half:])
    toml = learned.root / "flashcards.toml"
    toml.write_text(f'learning_steps = ""\n[decks.deck]\n{USUAL}[decks.other]\n{USUAL}', encoding="utf-8")
    found = learned("optimize", "--json").json
    assert found["written"] == ["deck", "other"]
    nothing, first, second = found["scopes"]
    assert (nothing["deck"], nothing["reviews"], nothing["wanted"]) == ("", 0, False)
    assert first["reviews"] == second["reviews"] > 400
    assert first["parameters"] == second["parameters"]
    assert "deck, other: " in learned("optimize", "--dry-run").out


def test_parameters_in_a_front_matter_are_left_alone(learned: Runner) -> None:
    text = (learned.root / "deck.md").read_text(encoding="utf-8")
    learned.write("deck.md", f"---\nparameters: {list(DEFAULT_PARAMETERS)}\n---\n{text}")
    assert "Only 0 usable reviews" in learned.fails("optimize", code=1)


@pytest.mark.parametrize("place", ["deck", "front matter"])
def test_the_date_may_be_set_for_a_single_deck(learned: Runner, place: str) -> None:
    if place == "deck":
        text = '[decks."deck"]\nignore_reviews_before = 2100-01-01\n'
        (learned.root / "flashcards.toml").write_text(text, encoding="utf-8")
    else:
        path = learned.root / "deck.md"
        path.write_text(
            "---\nignore_reviews_before: 2100-01-01\n---\n" + path.read_text(encoding="utf-8"), encoding="utf-8"
        )
    assert "0 usable reviews" in learned.fails("optimize", code=1)


def test_cards_learnt_before_the_date_set_do_not_count(learned: Runner) -> None:
    (learned.root / "flashcards.toml").write_text("ignore_reviews_before = 2100-01-01\n", encoding="utf-8")
    said = learned.fails("optimize", code=1)
    assert "0 usable reviews" in said
    assert "of cards first learned since 2100-01-01 (`ignore_reviews_before`)" in said


def test_without_an_answer_due_days_stay_and_no_change_is_reported(
    learned: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    result = learned("optimize", "--reschedule", code=1)
    assert "Cancelled: no input to confirm with. Use --yes" in result.err
    assert "nterrupted" not in result.err
    assert learned("optimize", "--reschedule", "--yes", "--json").json["rescheduled"] > 0
