// The clock of a mock interview, what is written kept while it is written, and a recording that never leaves the page.

let loaded = 0; // when the present question appeared
let recorder = null;
let address = ""; // of the recording of the present question

const format = (seconds) => {
  const whole = Math.abs(Math.round(seconds));
  return `${seconds < 0 ? "-" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

function tick() {
  const clock = document.querySelector(".clock");
  if (!clock) return;
  const passed = (performance.now() - loaded) / 1000;
  const left = [clock.dataset.question - passed, clock.dataset.whole - passed];
  for (const [at, part] of clock.querySelectorAll("b").entries()) part.textContent = format(left[at]);
  clock.classList.toggle("late", left[0] <= 0);
  const over = document.querySelector("#over");
  if (over && left[0] <= 0) over.hidden = false;
}

// What is written is sent a moment after each change, so that nothing ends it.
let waiting = 0;

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-keep]")) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => keep(target), 1000);
});

async function keep(box) {
  if (!box.isConnected) return;
  const body = new URLSearchParams({ stamp: box.dataset.keep, do: "keep", answer: box.value });
  try {
    await fetch(box.form.action, { method: "POST", body, credentials: "same-origin", redirect: "manual", keepalive: true });
  } catch {
    // the next change tries again
  }
}

document.addEventListener("visibilitychange", () => {
  const box = document.querySelector("[data-keep]");
  if (document.hidden && box?.value) keep(box);
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-does=record]");
  if (!button) return;
  if (recorder) return recorder.stop();
  const said = document.querySelector("#recorded");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      URL.revokeObjectURL(address);
      address = URL.createObjectURL(new Blob(parts, { type: recorder.mimeType }));
      recorder = null;
      begin();
    });
    recorder.start();
    button.textContent = "Stop recording";
    said.textContent = "Recording. It stays in this page and is gone when you leave it.";
  } catch {
    said.textContent = "The microphone cannot be used. Allow it in the browser's settings, or go on without.";
  }
});

function begin() {
  loaded = performance.now();
  tick();
  const button = document.querySelector("[data-does=record]");
  if (button) {
    button.hidden = !(navigator.mediaDevices && window.MediaRecorder);
    button.textContent = recorder ? "Stop recording" : address ? "Record again" : "Record yourself";
  }
  if (!document.querySelector(".clock")) recorder?.stop();
  const place = document.querySelector("#recordings");
  if (place && address && !place.firstChild) {
    const player = document.createElement("audio");
    player.controls = true;
    player.src = address;
    player.setAttribute("aria-label", "Your recording");
    place.append(player);
  }
}

document.addEventListener("shown", () => {
  if (document.querySelector(".clock")) {
    URL.revokeObjectURL(address);
    address = "";
  }
  begin();
});
setInterval(tick, 250);
begin();
