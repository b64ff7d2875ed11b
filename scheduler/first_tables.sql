-- The tables of the first version. The state of a card is a cache; the log of reviews is the truth.

CREATE TABLE "cards" (
   "id" INTEGER PRIMARY KEY,
   "note" INTEGER NOT NULL,
   "slot" TEXT NOT NULL,
   "deck" INTEGER NOT NULL,
   "position" INTEGER NOT NULL,
   "state" INTEGER NOT NULL DEFAULT 0,
   "due_day" INTEGER,
   "due_ms" INTEGER,
   "steps_left" INTEGER NOT NULL DEFAULT 0,
   "stability" REAL,
   "difficulty" REAL,
   "last_day" INTEGER,
   "last_ms" INTEGER,
   "interval" INTEGER NOT NULL DEFAULT 0,
   "reps" INTEGER NOT NULL DEFAULT 0,
   "lapses" INTEGER NOT NULL DEFAULT 0,
   "suspended" INTEGER NOT NULL DEFAULT 0,
   "buried_day" INTEGER,
   "buried_by" INTEGER,
   "flag" INTEGER NOT NULL DEFAULT 0,
   "leech" INTEGER NOT NULL DEFAULT 0,
   "active" INTEGER NOT NULL DEFAULT 1
) STRICT

CREATE UNIQUE INDEX "idx_cards_note_slot"
    ON "cards" ("note", "slot")

CREATE TABLE "reviews" (
   "id" INTEGER PRIMARY KEY,
   "card" INTEGER NOT NULL REFERENCES "cards"("id"),
   "kind" INTEGER NOT NULL,
   "rating" INTEGER,
   "day" INTEGER NOT NULL,
   "offset_minutes" INTEGER NOT NULL,
   "duration_ms" INTEGER NOT NULL,
   "state_before" INTEGER NOT NULL,
   "state_after" INTEGER NOT NULL,
   "steps_left" INTEGER NOT NULL,
   "interval_before" INTEGER NOT NULL,
   "interval_after" INTEGER NOT NULL,
   "due_day" INTEGER,
   "due_ms" INTEGER,
   "stability" REAL,
   "difficulty" REAL,
   "leech" INTEGER NOT NULL DEFAULT 0,
   "voids" INTEGER REFERENCES "reviews"("id")
) STRICT

-- Each of these answers a query of the queue by itself: new cards of a deck, due cards, current steps.
CREATE INDEX cards_new ON cards(deck, position, id, note, buried_day) WHERE state = 0 AND active = 1 AND suspended = 0

CREATE INDEX cards_due ON cards(due_day, deck, id, note, state, buried_day) WHERE due_day IS NOT NULL AND active = 1 AND suspended = 0

CREATE INDEX cards_learning ON cards(due_ms) WHERE due_ms IS NOT NULL AND active = 1 AND suspended = 0

CREATE INDEX reviews_card ON reviews(card)

CREATE INDEX reviews_day ON reviews(day)

CREATE UNIQUE INDEX reviews_voids ON reviews(voids) WHERE voids IS NOT NULL
