// Draws formulas with KaTeX, which is fetched from this server when the first formula appears.

let loading;

function load() {
  loading ??= (async () => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("katex/katex.min.css", import.meta.url).href;
    document.head.append(style);
    for (const name of ["katex/katex.min.js", "katex/mhchem.min.js"]) await run(new URL(name, import.meta.url).href);
  })();
  return loading;
}

function run(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

const GAP = /\\htmlClass\{gap\}/g;

export async function drawMath(root) {
  const formulas = root.querySelectorAll(".math[data-tex]");
  if (!formulas.length) return;
  try {
    await load();
  } catch {
    return; // the words stay
  }
  for (const place of formulas) {
    const tex = place.dataset.tex;
    if (!draw(place, tex)) draw(place, tex.replace(GAP, ""));
  }
}

const DEEPEST = 200; // elements within each other; some thousands crash browsers

function isDeep(root) {
  let level = [root];
  for (let depth = 0; depth < DEEPEST && level.length; depth++) level = level.flatMap((element) => [...element.children]);
  return level.length > 0;
}

function draw(place, tex) {
  const fresh = document.createElement("span");
  try {
    katex.render(tex, fresh, {
      displayMode: "display" in place.dataset,
      throwOnError: true,
      strict: "ignore",
      maxExpand: 1000,
      maxSize: 30,
      trust: (context) => context.command === "\\htmlClass" && context.class === "gap",
    });
  } catch {
    return false;
  }
  if (isDeep(fresh)) return false;
  place.replaceChildren(...fresh.childNodes);
  place.classList.add("drawn");
  return true;
}
