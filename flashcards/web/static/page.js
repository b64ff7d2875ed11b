// Makes the pages quicker: keys, forms without a reload, and a word when the server cannot be reached.
// Without it, every page works by its forms and links alone.

import { drawMath } from "./math.js";
import { beginMedia } from "./media.js";

const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-save]")) {
    const form = event.target.form;
    return form.requestSubmit(form.querySelector("button.main"));
  }
  if (document.querySelector("dialog[open]")) return; // it has its own keys
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const target = event.target;
  if (typing(target)) return; // Enter sends the form by itself
  const menu = document.querySelector(".menu[open]");
  if (menu && /^[0-7]$/.test(event.key)) {
    event.preventDefault();
    menu.querySelector(`[value=flag${event.key}]`).click();
    return;
  }
  if (menu && event.key === "Escape") menu.open = false;
  if (event.key === "Enter" && target.matches("a, button, summary, audio, video")) return;
  if (event.key === " " && target.matches("button, summary, audio, video, input")) return;
  const name = { " ": "space", Enter: "enter" }[event.key] ?? event.key;
  const found = document.querySelector(`[data-keys~="${CSS.escape(name)}"]`);
  if (found) {
    event.preventDefault();
    found.click();
  }
});

let pending = false;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) body.set(event.submitter.name, event.submitter.value);
  send(form.action, body);
});

// The page that follows replaces the present one. What is sent twice is done once, so trying again is safe.
async function send(address, body) {
  if (pending) return;
  pending = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { method: "POST", body, credentials: "same-origin", redirect: "follow" });
    show(await answer.text(), answer.url);
    say("");
  } catch {
    say("The server cannot be reached. What you pressed last is not saved yet.", () => send(address, body));
  } finally {
    pending = false;
    document.body.removeAttribute("aria-busy");
  }
}

let shown = 0; // pages, so that an answer that comes late is not put over a newer one

// What the server sent as the main part, before scripts changed it.
let sent = document.querySelector("main").innerHTML;

// Another window, device or editor may have changed what is shown: look again, and leave the page if it is the same.
async function follow() {
  const hidden = document.hidden && !document.querySelector("[data-waits]");
  if (pending || hidden || document.querySelector("main :is(input:not([type=hidden]), textarea):focus")) return;
  const before = shown;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const text = await answer.text();
    const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (answer.ok && !pending && shown === before && main && main.innerHTML !== sent) show(text, answer.url, false);
  } catch {
    // the next look may reach the server
  }
}

addEventListener("focus", () => document.body.matches(".review") && follow());
setInterval(() => document.querySelector("[data-follow]") && follow(), 700);

function show(text, address, moves = true) {
  shown++;
  const page = new DOMParser().parseFromString(text, "text/html");
  sent = page.querySelector("main")?.innerHTML;
  document.title = page.title;
  document.body.className = page.body.className;
  Object.assign(document.body.dataset, page.body.dataset);
  for (const selector of [".top", "main"]) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (!old || !fresh) return location.assign(address);
    old.replaceWith(document.importNode(fresh, true));
  }
  const clean = new URL(address);
  clean.searchParams.delete("notice");
  history.replaceState(null, "", clean);
  if (moves) scrollTo(0, 0);
  begin();
  document.dispatchEvent(new Event("shown"));
  if (!moves) return;
  const start = document.querySelector("[autofocus]") ?? document.querySelector("main");
  start.focus({ preventScroll: true });
}

function say(sentence, retry) {
  const box = document.querySelector("#connection");
  box.replaceChildren();
  box.hidden = !sentence;
  if (!sentence) return;
  const button = document.createElement("button");
  button.textContent = "Try again";
  button.addEventListener("click", retry);
  box.append(sentence, button);
}

// What each page needs once it is there.
function begin() {
  proposeRating();
  drawMath(document).then(reachWide);
  beginMedia();
  const answer = document.querySelector(".answer");
  if (answer && answer.getBoundingClientRect().top > innerHeight * 0.6) answer.scrollIntoView({ block: "start" });
}

// What is wider than the card scrolls by itself; the keyboard has to reach it.
function reachWide() {
  const formulas = [...document.querySelectorAll(".text .math.drawn:not([data-display])")];
  for (const part of formulas) part.classList.remove("wide"); // in a wider window it fits its line again
  const wide = formulas.filter((part) => {
    const room = part.closest(".text").clientWidth;
    return room > 0 && part.getBoundingClientRect().width > room;
  });
  for (const part of wide) part.classList.add("wide");
  for (const part of document.querySelectorAll(".text :is(table, pre, .math[data-display], .math.wide)")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}

addEventListener("resize", reachWide);

function proposeRating() {
  const rubric = document.querySelector(".rubric[data-thresholds]");
  if (!rubric) return;
  const names = ["again", "hard", "good", "easy"];
  const thresholds = rubric.dataset.thresholds.split(" ").map(Number);
  const update = () => {
    const boxes = [...rubric.querySelectorAll("input")];
    const ticked = boxes.filter((box) => box.checked).length;
    const proposed = thresholds.filter((threshold) => ticked / boxes.length >= threshold).length;
    for (const [at, name] of names.entries()) {
      document.querySelector(`.rate.${name}`)?.classList.toggle("proposed", ticked > 0 && at === proposed);
    }
    const word = document.querySelector(`.rate.${names[proposed]} .name`)?.textContent;
    rubric.querySelector("#proposal").textContent = ticked ? `${ticked} of ${boxes.length} covered: ${word}` : "";
  };
  rubric.addEventListener("change", update);
  update();
}

begin();
