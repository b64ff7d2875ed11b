"""Any history that a package may hold: taken over as it is, and once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards.collection import Collection
from scheduler import ReviewKind
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, Made, write_package

DAY_MS = 86_400_000
START = (CREATED + 86_400) * 1000

rows = st.lists(
    st.tuples(
        st.integers(1_000, 40 * DAY_MS),  # since the row before
        st.integers(0, 4),  # ease
        st.integers(-90_000, 400),  # interval
        st.integers(-90_000, 400),
        st.sampled_from([0, 0, 1300, 2500]),  # factor
        st.integers(0, 60_000),  # time
        st.integers(0, 5),  # type
    ),
    max_size=12,
)
cards = st.fixed_dictionaries(
    {
        "type": st.integers(0, 3),
        "queue": st.integers(-3, 3),
        "due": st.integers(-10, 5_000) | st.just(1_600_000_000),
        "ivl": st.integers(0, 400),
        "factor": st.sampled_from([0, 1300, 2500]),
        "reps": st.integers(0, 30),
        "lapses": st.integers(0, 9),
        "left": st.sampled_from([0, 1, 1001, 2002]),
        "flags": st.integers(0, 7),
        "data": st.sampled_from(["", "{}", "{", '{"s":12.5,"d":5.5,"pos":3}', '{"s":"x","d":null}', "[]"]),
    }
)


def made(card: dict[str, int | str], log: list[tuple[int, ...]], front: str = "a") -> Made:
    at = START
    found = []
    for gap, *rest in log:
        at += gap
        found.append((at, *rest))
    return Made([front, "b"], cards={0: card}, log=found)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(card=cards, log=rows, known=st.integers(0, 12), earlier=cards)
def test_any_history_is_adopted_once_and_follows_from_the_log(
    card: dict[str, int | str], log: list[tuple[int, ...]], known: int, earlier: dict[str, int | str]
) -> None:
    with TemporaryDirectory() as folder:
        home = Home(Path(folder) / "decks")
        package = Path(folder) / "x.apkg"
        home.import_file(write_package(package, [made(earlier | {"mod": CREATED}, log[:known])]))
        card["mod"] = CREATED + 9
        write_package(package, [made(card, log)])
        home.import_file(package)
        if not log and not any(card[name] for name in ("type", "queue", "flags", "reps", "lapses")):
            card = earlier  # a package without schedules leaves them as they were
            log = log[:known]
        with Collection(home.root) as collection:
            (here,) = [collection.store.card(row[0]) for row in collection.connection.execute("SELECT id FROM cards")]
            assert int(here.state) == card["type"]
            assert (here.reps, here.lapses) == (card["reps"], card["lapses"])
            assert (here.suspended, here.flag) == (card["queue"] == -1, card["flags"])
            kept = [row.id for row in collection.store.log(here.id) if row.kind is not ReviewKind.TAKEN_OVER]
            assert kept == [row[0] for row in made(card, log).log]
            assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
        assert not home.import_file(package).changes_anything


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logs=st.lists(rows, min_size=2, max_size=4), order=st.permutations(range(4)))
def test_parts_of_a_history_in_any_order_make_the_same_log(logs: list[list[tuple[int, ...]]], order: list[int]) -> None:
    """Each package holds another part of the reviews of one card."""
    at = START
    parts: list[list[tuple[int, ...]]] = []
    for log in logs:
        part = []
        for gap, *rest in log:
            at += gap
            part.append((at, *rest))
        parts.append(part)
    with TemporaryDirectory() as folder:
        home = Home(Path(folder) / "decks")
        package = Path(folder) / "x.apkg"
        for number in order:
            if number < len(parts):
                reps = sum(row[6] != 4 for row in parts[number])
                note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 5, "reps": reps}}, log=parts[number])
                home.import_file(write_package(package, [note]))
        with Collection(home.root) as collection:
            card = collection.connection.execute("SELECT id FROM cards").fetchone()[0]
            kept = [row.id for row in collection.store.log(card) if row.kind is not ReviewKind.TAKEN_OVER]
            assert kept == [row[0] for part in parts for row in part]
            assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
