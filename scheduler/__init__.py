"""Decide when a card is due: FSRS-6 as Anki computes it, an append-only review log, and the queue of a day.

This package is independent of Markdown, deck files and terminals. A deck is an integer whose cards share limits; a note
is an integer whose cards are siblings.
"""

from scheduler.answer import Outcome as Outcome
from scheduler.answer import Outcomes as Outcomes
from scheduler.answer import compute_outcomes as compute_outcomes
from scheduler.backups import backup as backup
from scheduler.backups import check as check
from scheduler.backups import remove_old_backups as remove_old_backups
from scheduler.backups import restore as restore
from scheduler.clock import Clock as Clock
from scheduler.connection import transaction as transaction
from scheduler.database import TableSet as TableSet
from scheduler.database import open_database as open_database
from scheduler.errors import BackupUnusable as BackupUnusable
from scheduler.errors import CardChanged as CardChanged
from scheduler.errors import CardUnknown as CardUnknown
from scheduler.errors import DatabaseBusy as DatabaseBusy
from scheduler.errors import DatabaseCorrupt as DatabaseCorrupt
from scheduler.errors import DatabaseNewer as DatabaseNewer
from scheduler.errors import DatabaseUnreadable as DatabaseUnreadable
from scheduler.errors import DiskFull as DiskFull
from scheduler.errors import NothingToUndo as NothingToUndo
from scheduler.errors import SchedulerError as SchedulerError
from scheduler.errors import StateLost as StateLost
from scheduler.errors import translate_errors as translate_errors
from scheduler.log import Done as Done
from scheduler.memory import DEFAULT_PARAMETERS as DEFAULT_PARAMETERS
from scheduler.memory import Model as Model
from scheduler.model import Card as Card
from scheduler.model import Leech as Leech
from scheduler.model import Memory as Memory
from scheduler.model import NewCard as NewCard
from scheduler.model import Placement as Placement
from scheduler.model import Rating as Rating
from scheduler.model import Review as Review
from scheduler.model import ReviewKind as ReviewKind
from scheduler.model import State as State
from scheduler.policy import DeckPolicy as DeckPolicy
from scheduler.policy import Policy as Policy
from scheduler.policy import find_policy_problems as find_policy_problems
from scheduler.queue import Counts as Counts
from scheduler.queue import Queue as Queue
from scheduler.queue import Wait as Wait
from scheduler.queue import build_queue as build_queue
from scheduler.queue import count_by_deck as count_by_deck
from scheduler.store import TABLE_SET as TABLE_SET
from scheduler.store import Store as Store
