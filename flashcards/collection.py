"""Open a collection: its folder, settings, catalog and scheduler."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from enum import Enum
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Self

from flashcards.catalog.changes import FileWork, FolderChanges, ScanReport, find_changes
from flashcards.catalog.files import IgnoreRules, Unreadable, place_files, sort_decks
from flashcards.catalog.store import MIGRATIONS, TABLES, Catalog, Entry
from flashcards.dialects.choose import Chooser
from flashcards.disk.paths import refuse_strange_files
from flashcards.errors import FlashcardsError, UsageError
from flashcards.settings import FILE_NAME, Settings, load_settings
from flashcards.text import list_deck_path
from scheduler import (
    DEFAULT_PARAMETERS,
    Card,
    Clock,
    DatabaseCorrupt,
    Model,
    Policy,
    Store,
    TableSet,
    open_database,
    transaction,
    translate_errors,
)
from scheduler.backup_files import BACKUPS as BACKUPS
from scheduler.connection import close_live, copy_to_memory, flush
from scheduler.database import create_database, open_reading
from scheduler.policy import COLLECTION, DeckPolicy
from scheduler.store import TABLE_SET
from scheduler.write_ahead_log import ReadingConnection

ActRecorder = Callable[[str, Mapping[str, Path | None]], None]

STATE_FOLDER = ".flashcards"
DATABASE = "state.db"
VARIABLE = "FLASHCARDS_COLLECTION"

TABLE_SETS = (TABLE_SET, TableSet("catalog", "flashcards.catalog.schema", MIGRATIONS, TABLES))
"""The tables of a collection's database."""


class FolderMissing(FlashcardsError):
    """The folder of the collection does not exist, or is not a folder."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        what = "is not a folder" if path.exists() else "does not exist"
        super().__init__(f"{path} {what}. Name a folder of Markdown files with -C, or make one with `flashcards init`.")


class StateUnwritable(FlashcardsError):
    """The folder of the review state cannot be created."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be made: {reason}. The review state is kept there; check its permissions.")


def find_collection(given: str | None) -> Path:
    """Find the folder of the collection; raise FolderMissing if it does not exist.

    It is `given`, else `$FLASHCARDS_COLLECTION`, else the nearest parent folder with `flashcards.toml` or
    `.flashcards/`, else `./decks` if it exists, else the current folder.
    """
    named = given or os.environ.get(VARIABLE)
    if named:
        root = expand_home(named)
        if not root.is_dir():
            raise FolderMissing(root)
        return root
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file() or (folder / STATE_FOLDER).is_dir():
            return folder
    return here / "decks" if (here / "decks").is_dir() else here


def can_keep_state(root: Path) -> bool:
    """Return whether the state of a folder can be written or created."""
    folder = root / STATE_FOLDER
    database = folder / DATABASE
    return os.access(folder if folder.exists() else root, os.W_OK) and (
        not database.exists() or os.access(database, os.W_OK)
    )


def expand_home(path: str) -> Path:
    """Replace `~` in `path` by the home folder, if it names one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # `~name` of an unknown user
        return Path(path)


def now_ms() -> int:
    """Return the current time in epoch milliseconds."""
    try:
        return time.time_ns() // 1_000_000
    except OverflowError:
        raise UsageError("The clock of this computer is set beyond the year 2262. Correct it and try again.") from None


class Access(Enum):
    """How a command uses the state of a collection."""

    READ = "read"
    """Read the state and write nothing; changes of the decks are applied in memory."""
    ACT = "act"
    """Change the state. If there is none yet, work in memory until `keep` is called."""
    KEEP = "keep"
    """Change the state, creating it at once if there is none yet."""


class Collection:
    """An open collection; close it, or use it as a context manager."""

    def __init__(self, root: Path, access: Access = Access.KEEP) -> None:
        """Open the collection in `root`; raise an error if the folder, its settings or its database cannot be used."""
        self.root = root
        self.backup_ms = 0  # when an import last backed up the state through this object; 0 if never
        self.act_recorder: ActRecorder | None = None  # see `record_act`
        self.ahead: FileWork | None = None  # what else to do with the notes of files that a scan parses
        self._access = access
        refuse_strange_files(self.state_folder, root)
        in_memory = access is Access.READ or (access is Access.ACT and not self.database.exists())
        if not in_memory:
            self._finish_imports()
        self.settings: Settings = load_settings(root)
        self.clock = Clock(self.settings.rollover)
        if access is Access.ACT and in_memory:
            self._check_place()
        self._attach(open_reading(self.database, TABLE_SETS) if in_memory else self._open())

    def _check_place(self) -> None:
        """Check that the state can be created, before any work that must be kept."""
        folder = self.state_folder
        if folder.exists() and not folder.is_dir():
            raise StateUnwritable(folder, "a file is in its place")
        if not can_keep_state(self.root):
            raise StateUnwritable(folder, "Permission denied")

    def _attach(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.store = Store(connection, self.clock)
        self.catalog = Catalog(connection, self.root)  # its files and notes as of the last scan
        self.forget_policies()

    @property
    def is_kept(self) -> bool:
        """Return whether changes are stored on disk, rather than in memory until the collection is closed."""
        return not isinstance(self.connection, ReadingConnection)

    def keep(self) -> None:
        """Store the state on disk from now on, if it is only in memory; raise StateUnwritable."""
        if self.is_kept or self._access is Access.READ:
            return
        self._make_folder()
        create_database(self.database, self.connection)
        connection = self._open()
        self.connection.close()
        self._attach(connection)

    def detach(self) -> None:
        """Turn a read-only database into a copy in memory that can be changed."""
        if self._access is Access.READ and self.connection.execute("PRAGMA database_list").fetchone()[2]:
            self._attach(copy_to_memory(self.connection))

    @property
    def state_folder(self) -> Path:
        """The folder of the state."""
        return self.root / STATE_FOLDER

    @property
    def database(self) -> Path:
        """The file of the state."""
        return self.state_folder / DATABASE

    @property
    def backups(self) -> Path:
        """The folder of the backups of the state."""
        return self.state_folder / BACKUPS

    @property
    def import_folder(self) -> Path:
        """The folder of staged files during an import."""
        return self.state_folder / "import"

    def _finish_imports(self) -> None:
        """Finish an import that was killed while it wrote files: complete it if committed, else undo it."""
        if not self.import_folder.is_dir():
            return
        from flashcards.catalog.imports import Origins
        from flashcards.disk.journal import find_unfinished, finish

        if not find_unfinished(self.import_folder):
            return
        with closing(self._open()) as connection, transaction(connection):
            # Checked again, because another process may have been faster.
            for mark in find_unfinished(self.import_folder):
                committed = Origins(connection).is_recorded(mark)
                finish(self.root, self.import_folder, mark, committed=committed)

    def _open(self) -> sqlite3.Connection:
        self._make_folder()
        return open_database(self.database, TABLE_SETS, self.backups)

    def _make_folder(self) -> None:
        folder = self.state_folder
        if not folder.is_dir():
            try:
                folder.mkdir()
                (folder / ".gitignore").write_text("*\n", encoding="utf-8")
                flush(self.root)
            except FileExistsError:
                if not folder.is_dir():
                    raise StateUnwritable(folder, "a file is in its place") from None
            except OSError as error:
                raise StateUnwritable(folder, error.strerror or str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        close_live(self.connection)

    def chooser(self) -> Chooser:
        """Return the chooser of dialects, for the current folders and vaults."""
        return Chooser(self.root, self.settings.formats)

    def scan(self, progress: Callable[[int, int], None] | None = None) -> tuple[ScanReport, list[Unreadable]]:
        """Read the changes in the folder, and update catalog and scheduler in one transaction.

        Returns the changes, and the unreadable folders and files. `progress` gets the number of changed files read so
        far, and their total.
        """
        with translate_errors(self.database):
            ignore = IgnoreRules(self.settings.ignore)
            changes = find_changes(self.root, self.catalog, self.chooser(), progress, ignore, self.ahead)
            if self._access is Access.READ:
                changes.leave_out_unchanged()
            if not changes:
                return ScanReport(), changes.unreadable
            self.detach()
            report = self.apply(changes, now_ms())
        return report, changes.unreadable

    def apply(self, changes: FolderChanges, at_ms: int) -> ScanReport:
        """Apply changes to catalog and scheduler in one transaction, or within the open one."""
        from flashcards.catalog.scan import Scan, update_cards, update_embeds

        with transaction(self.connection):
            report = Scan(self.connection, at_ms).apply(changes)
            copies = None
            if report.orphaned:
                from flashcards.catalog.corrections import Copies

                copies = Copies(self.connection, self.store, at_ms)
                copies.link_copies(report)
            update_cards(self.store, self.clock, report, at_ms)
            if copies:
                copies.clear()
            place_files(self.connection)
            update_embeds(self.connection, self.root, report, at_ms)
            if report.stated:
                from flashcards.catalog.imports import take_statements

                self.forget_policies()
                take_statements(self.connection, self.clock, report.stated, self.model, at_ms)
        self.catalog.cache_notes({change.note: change.after for change in report.added if change.after}, at_ms)
        self.forget_policies()
        return report

    def record_act(self, summary: str, staged: Mapping[str, Path | None] = MappingProxyType({})) -> None:
        """Record the open transaction as an act if it can be undone; `staged` are the files that it replaces."""
        if self.act_recorder:
            self.act_recorder(summary, staged)

    def model(self, deck: int) -> Model:
        """Return FSRS with the parameters of a deck."""
        return self.store.model(self.policy(deck).parameters)

    @cached_property
    def deck_policies(self) -> list[DeckPolicy]:
        """Every deck with its parents and its policy, in the order of new cards, as of the last scan.

        The collection itself comes first: the settings at the top of its file apply to all decks.
        """
        decks = self.catalog.decks()
        front_matter = self.catalog.deck_settings()
        found = [DeckPolicy(COLLECTION, (), self.settings.policy)] if decks else []
        orders = {name: values.get("order") for name, values in front_matter.items() if "order" in values}
        for name in sort_decks(decks, {**self.settings.orders, **orders}):
            parents = (COLLECTION, *(decks[above] for above in list_deck_path(name)[:-1]))
            found.append(DeckPolicy(decks[name], parents, self.settings.policy_for(name, front_matter.get(name, {}))))
        return found

    def update_memory_states(self) -> int:
        """Recompute memory states if the parameters changed; due days stay. Return the number of changed cards."""
        wanted = {
            deck.id: " ".join(map(repr, deck.policy.parameters))
            for deck in self.deck_policies
            if deck.policy.parameters != DEFAULT_PARAMETERS
        }
        if wanted == self.store.parameters_in_use():
            return 0
        self.detach()
        with transaction(self.connection):
            found = self.store.repair(lambda deck: self.policy(deck).parameters)
            self.store.set_parameters_in_use(wanted)
        return len({difference.card for difference in found})

    def policy(self, deck: int) -> Policy:
        """Return the policy of the deck with this id."""
        return self._policies.get(deck, self.settings.policy)

    @cached_property
    def _policies(self) -> dict[int, Policy]:
        return {deck.id: deck.policy for deck in self.deck_policies}

    def predict_recall(self, card: Card, day: int) -> float | None:
        """Return the probability of recalling a card on a day, or nothing if it was never rated."""
        if card.stability is None:
            return None
        return self.model(card.deck).retrievability(card.stability, card.elapsed_days(day))

    def forget_policies(self) -> None:
        """Drop the cached decks and policies after they changed."""
        for name in ("deck_policies", "_policies"):
            self.__dict__.pop(name, None)

    def note_of(self, card: Card) -> Entry:
        """Return the note of a card; raise DatabaseCorrupt if there is no such note."""
        try:
            return self.catalog.entry(card.note)
        except KeyError:
            raise DatabaseCorrupt(self.database) from None


_DECKS = "SELECT DISTINCT deck FROM cards WHERE active = 1"
_DECKS_OF = "SELECT DISTINCT deck FROM cards WHERE id IN (SELECT value FROM json_each(?))"


def find_session_policy(collection: Collection, only: frozenset[int] | None = None) -> Policy:
    """Find the settings that order a session: those of the nearest deck with all cards (`only`), or the top ones."""
    common = collection.settings.policy
    if all(_get_order(deck.policy) == _get_order(common) for deck in collection.deck_policies):
        return common
    names = collection.catalog.deck_names()
    import json  # imported late, because most collections have one order

    rows = collection.connection.execute(
        _DECKS if only is None else _DECKS_OF, () if only is None else (json.dumps(list(only)),)
    )
    paths = [names[deck].split("::") for (deck,) in rows if deck in names]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    nearest = "::".join(parts[0] for parts in shared)
    policies = {names[deck.id]: deck.policy for deck in collection.deck_policies if deck.id in names}
    return policies.get(nearest, common)


def _get_order(policy: Policy) -> tuple[str, str]:
    return policy.review_order, policy.new_mix
