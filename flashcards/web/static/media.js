// Sound that plays by itself, pictures that open large, and the browser's own voices.

function players() {
  const side = document.querySelector(".answer") ?? document.querySelector(".sheet");
  return side ? [...side.querySelectorAll("audio, video")] : [];
}

let turn = 0;

// Plays what the present side names, one after the other.
export async function play() {
  const mine = ++turn;
  for (const player of document.querySelectorAll("audio, video")) player.pause();
  for (const player of players()) {
    if (mine !== turn || !player.isConnected) return;
    try {
      player.currentTime = 0;
      await player.play();
      await new Promise((resolve) => {
        for (const name of ["ended", "pause", "error"]) player.addEventListener(name, resolve, { once: true });
      });
    } catch {
      return; // browsers play nothing before the first key or tap
    }
  }
}

function findSide() {
  return document.querySelector(".answer .text") ?? document.querySelector(".side .text");
}

// Reads the present side with voices of this device, each part in its language; nothing is sent anywhere.
export function speak() {
  if (!("speechSynthesis" in window)) return;
  const side = findSide();
  speechSynthesis.cancel();
  if (!side) return;
  const copy = side.cloneNode(true);
  for (const extra of copy.querySelectorAll(SILENT)) extra.remove();
  const voices = speechSynthesis.getVoices();
  const own = voices.filter((voice) => voice.localService);
  if (voices.length && !own.length) return; // the others are on the web
  for (const { text, language } of splitByLanguage(copy)) {
    const words = new SpeechSynthesisUtterance(text);
    if (language) words.lang = language;
    words.voice = (language && findVoice(own, language)) || own.find((voice) => voice.default) || own[0] || null;
    speechSynthesis.speak(words);
  }
}

// The voice of a language, of its country if there is one; some systems write `ja_JP`.
function findVoice(voices, language) {
  const clean = (name) => name.toLowerCase().replaceAll("_", "-");
  const starts = (name) => voices.find((voice) => `${clean(voice.lang)}-`.startsWith(`${name}-`));
  return starts(clean(language)) ?? starts(clean(language).split("-")[0]);
}

const SILENT = "rt, rp, .katex-html, annotation, details:not([open]) > :not(summary)";

function splitByLanguage(side) {
  const parts = [];
  const nodes = document.createTreeWalker(side, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const text = nodes.currentNode.data;
    const language = nodes.currentNode.parentElement.closest("[lang]")?.lang ?? "";
    const last = parts.at(-1);
    if (last && (last.language === language || !text.trim())) last.text += text;
    else if (text.trim()) parts.push({ text, language });
  }
  return parts;
}

export function beginMedia() {
  turn++;
  if ("speechSynthesis" in window) speechSynthesis.cancel();
  const pictures = document.querySelectorAll("a.zoom");
  if (pictures.length && document.body.dataset.open) pictures[0].dataset.keys = document.body.dataset.open;
  for (const button of document.querySelectorAll("[data-does=play]")) button.hidden = false;
  for (const button of document.querySelectorAll("[data-does=speak]")) button.hidden = !("speechSynthesis" in window);
  const { sound, voice } = document.body.dataset;
  if (sound === "on" && players().length) play();
  else if (voice === "on" || (sound === "on" && "say" in (findSide()?.dataset ?? {}))) speak();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.zoom");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    openPicture(link);
  }
  const does = event.target.closest("[data-does]")?.dataset.does;
  if (does === "play") play();
  if (does === "speak") speak();
});

function openPicture(link) {
  const box = document.createElement("dialog");
  box.className = "picture";
  box.setAttribute("aria-label", "Picture");
  const close = document.createElement("button");
  close.textContent = "Close";
  const image = document.createElement("img");
  image.src = link.href;
  image.alt = link.querySelector("img")?.alt ?? "";
  image.tabIndex = 0;
  image.addEventListener("click", () => image.classList.toggle("whole"));
  close.addEventListener("click", () => box.close());
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("close", () => box.remove());
  box.append(close, image);
  document.body.append(box);
  box.showModal();
}
