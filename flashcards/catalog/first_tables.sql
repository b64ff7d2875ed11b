-- The tables of the first version: files, decks, notes, their earlier texts, and the links between them.

-- path: within the collection, with "/"
-- mtime_ns: -1 to read the file again, regardless of its size and time
-- settings: JSON of the front matter without deck and tags
-- problems: JSON, [line, code, message, hint] each
-- present: 0 if the file is gone
CREATE TABLE "files" (
   "id" INTEGER PRIMARY KEY,
   "path" TEXT NOT NULL,
   "size" INTEGER NOT NULL,
   "mtime_ns" INTEGER NOT NULL,
   "hash" BLOB NOT NULL,
   "settings" TEXT NOT NULL,
   "problems" TEXT NOT NULL,
   "present" INTEGER NOT NULL
) STRICT

CREATE UNIQUE INDEX "idx_files_path"
    ON "files" ("path")

CREATE TABLE "decks" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL
) STRICT

CREATE UNIQUE INDEX "idx_decks_name"
    ON "decks" ("name")

-- id: epoch milliseconds when first seen, increased until unique
-- top_gap: the highest gap number that it ever had
-- tags: " a b ", for searching
-- body: JSON of the note
-- modified_ms: when its text or attributes last changed
-- active: 0 if its text is gone (an orphan)
CREATE TABLE "notes" (
   "id" INTEGER PRIMARY KEY,
   "key" TEXT NOT NULL,
   "pin" TEXT NOT NULL,
   "file" INTEGER NOT NULL REFERENCES "files"("id"),
   "line" INTEGER NOT NULL,
   "end_line" INTEGER NOT NULL,
   "deck" INTEGER NOT NULL REFERENCES "decks"("id"),
   "fingerprint" BLOB NOT NULL,
   "top_gap" INTEGER NOT NULL,
   "tags" TEXT NOT NULL,
   "body" TEXT NOT NULL,
   "modified_ms" INTEGER NOT NULL,
   "active" INTEGER NOT NULL
) STRICT

CREATE UNIQUE INDEX "idx_notes_key"
    ON "notes" ("key")

CREATE INDEX "idx_notes_file"
    ON "notes" ("file")

-- Texts are looked up only among the orphans; the active notes of a changed file are read together.
CREATE INDEX notes_orphan_text ON notes(fingerprint) WHERE active = 0

CREATE INDEX notes_pin ON notes(pin) WHERE pin != ''

CREATE TABLE "texts" (
   "fingerprint" BLOB,
   "note" INTEGER REFERENCES "notes"("id"),
   "body" TEXT NOT NULL,
   "until_ms" INTEGER NOT NULL,
   PRIMARY KEY ("fingerprint", "note")
) STRICT

CREATE TABLE "links" (
   "id" INTEGER PRIMARY KEY,
   "note" INTEGER NOT NULL REFERENCES "notes"("id"),
   "at_ms" INTEGER NOT NULL,
   "rule" TEXT NOT NULL,
   "score" REAL NOT NULL,
   "before" BLOB NOT NULL,
   "after" BLOB NOT NULL
) STRICT

CREATE INDEX "idx_links_note"
    ON "links" ("note")
