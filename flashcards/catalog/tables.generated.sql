-- Generated from the migrations by `python -m tests.tables_sql`; do not edit.

CREATE TABLE "files" (
   "id" INTEGER PRIMARY KEY,
   "path" TEXT NOT NULL,
   "size" INTEGER NOT NULL,
   "mtime_ns" INTEGER NOT NULL,
   "hash" BLOB NOT NULL,
   "settings" TEXT NOT NULL,
   "problems" TEXT NOT NULL,
   "present" INTEGER NOT NULL
, "format" INTEGER NOT NULL DEFAULT 0, "dialect" TEXT NOT NULL DEFAULT 'native', "reader" TEXT NOT NULL DEFAULT '') STRICT

CREATE UNIQUE INDEX "idx_files_path"
    ON "files" ("path")

CREATE TABLE "decks" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL
) STRICT

CREATE UNIQUE INDEX "idx_decks_name"
    ON "decks" ("name")

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

CREATE TABLE "origins" (
   "source" TEXT,
   "part" INTEGER,
   "note" INTEGER NOT NULL REFERENCES "notes"("id"),
   "base" BLOB NOT NULL,
   "tags" TEXT NOT NULL,
   "content" BLOB NOT NULL, "changed_s" INTEGER NOT NULL DEFAULT 0, "note_type" TEXT,
   PRIMARY KEY ("source", "part")
) STRICT

CREATE TABLE "origin_cards" (
   "card" INTEGER PRIMARY KEY,
   "changed_s" INTEGER NOT NULL
, "suspended" INTEGER, "flag" INTEGER, "package_ms" INTEGER NOT NULL DEFAULT 0, "ease" INTEGER NOT NULL DEFAULT 0, "data" TEXT NOT NULL DEFAULT '', "given" INTEGER, "given_s" INTEGER NOT NULL DEFAULT 0, "is_own" INTEGER NOT NULL DEFAULT 1) STRICT

CREATE TABLE "imports" (
   "mark" TEXT PRIMARY KEY,
   "at_ms" INTEGER NOT NULL,
   "source" TEXT NOT NULL
) STRICT

CREATE TABLE "written_files" (
   "path" TEXT PRIMARY KEY,
   "hash" BLOB NOT NULL
) STRICT

CREATE TABLE "exported_notes" (
   "note" INTEGER PRIMARY KEY REFERENCES "notes"("id"),
   "guid" TEXT NOT NULL,
   "deck" TEXT NOT NULL,
   "ords" TEXT NOT NULL
, "shifted" INTEGER NOT NULL DEFAULT 0) STRICT

CREATE TABLE "ticks" (
   "review" INTEGER,
   "point" TEXT,
   "covered" INTEGER NOT NULL,
   PRIMARY KEY ("review", "point")
) STRICT

CREATE TABLE "mocks" (
   "id" INTEGER PRIMARY KEY,
   "query" TEXT NOT NULL,
   "seed" INTEGER NOT NULL,
   "questions" INTEGER NOT NULL,
   "seconds" INTEGER NOT NULL,
   "finished" INTEGER NOT NULL
) STRICT

CREATE TABLE "mock_answers" (
   "mock" INTEGER REFERENCES "mocks"("id"),
   "number" INTEGER,
   "card" INTEGER NOT NULL,
   "front" TEXT NOT NULL,
   "skills" TEXT NOT NULL,
   "seconds" REAL NOT NULL,
   "budget" INTEGER NOT NULL,
   "answer" TEXT NOT NULL,
   "note" TEXT NOT NULL,
   "rating" INTEGER NOT NULL,
   "covered" TEXT NOT NULL,
   "missed" TEXT NOT NULL,
   PRIMARY KEY ("mock", "number")
) STRICT

CREATE TABLE "anki_ids" (
   "kind" TEXT,
   "here" INTEGER,
   "there" INTEGER NOT NULL,
   PRIMARY KEY ("kind", "here")
) STRICT

CREATE TABLE "note_bases" (
   "note" INTEGER,
   "form" INTEGER,
   "here" BLOB NOT NULL,
   "there" BLOB NOT NULL,
   "earlier" BLOB NOT NULL,
   "tags" TEXT NOT NULL,
   "flags" INTEGER NOT NULL,
   "changed_s" INTEGER NOT NULL, confirmed BLOB NOT NULL DEFAULT x'', "given_s" INTEGER NOT NULL DEFAULT 0,
   PRIMARY KEY ("note", "form")
) STRICT

CREATE TABLE "seen_notes" (
   "source" TEXT PRIMARY KEY,
   "digest" BLOB NOT NULL
) STRICT

CREATE TABLE "embeds" (
   "note" INTEGER PRIMARY KEY REFERENCES "notes"("id"),
   "digest" BLOB NOT NULL
) STRICT

CREATE TABLE "replaced" (
   "old" INTEGER PRIMARY KEY,
   "new" INTEGER NOT NULL
) STRICT
