// Reads lines of JSON ({text, patterns}) and writes for each what clozecraft finds in the text, or null.
const { ClozeCrafter } = require("clozecraft");
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter((line) => line);
for (const line of lines) {
  const { text, patterns } = JSON.parse(line);
  const note = new ClozeCrafter(patterns).createClozeNote(text);
  const found = note && {
    type: note.clozeType,
    faces: [...Array(note.numCards).keys()].map((card) => [note.getCardFront(card), note.getCardBack(card)]),
    gaps: note._clozeDeletions.map((gap) => [gap.raw, gap.answer, gap.hint ?? "", String(gap.seq)]),
  };
  process.stdout.write(JSON.stringify(found) + "\n");
}
