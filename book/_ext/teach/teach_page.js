// The page's part: buttons, and talking to the worker, which does the work.

const HOME = document.currentScript.src; // the folder of the worker and of all that it loads
const PHONE = navigator.maxTouchPoints > 0 && innerWidth < 700;
const FILES = [PHONE ? "training_small.onnx" : "training.onnx", "network.onnx"]; // small: four pictures a step, not eight
const TOTAL = 350; // steps
const PEAK = 0.01; // the learning rate's highest

function teachDetector(el) {
  let worker = null;
  let seed = Number(new URLSearchParams(location.search).get("seed") ?? Math.floor(1e6 * Math.random()));
  let total = TOTAL;
  let peak = PEAK;
  let batch = 8;
  let ownName = "yours";
  const names = () => ["circle", "rectangle", "triangle", ownName];

  const state = (value) => {
    el.dataset.state = value;
    root.dataset.state = value;
    showButtons();
  };
  const send = (message, transfer = []) => worker.postMessage(message, transfer);
  const say = (text) => { status.textContent = text; };

  // ---- the figure
  const { root, figure, controls, facts } = layout(el, "A detector that learns");
  const showHeld = heldBoard(figure);
  const loading = html("div", { class: "live-loading" });
  figure.append(loading);
  const row = html("div", { class: "explorer-row" });
  controls.append(row);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const size = ["onnxruntime.wasm", ...FILES].reduce((sum, name) => sum + FILE_SIZES[name], 0);
  const make = (action, label, press) => assign(button(row, label, press).input, { "data-action": action });
  const START = `Watch a detector learn (loads ${megabytes(size)})`;
  const start = make("start", START, begin);
  start.classList.add("live-load");
  const pause = make("pause", "Pause", () => send({ type: "pause" }));
  const one = make("step", "One step", () => send({ type: "step" }));
  const restart = make("restart", "Start again, with other random weights", () => newWeights(seed + 1));
  const next = make("next", "Another picture", () => send({ type: "look", next: 1 }));
  const progress = html("progress", { "aria-label": "Loaded", max: 1, value: 0, hidden: true });
  const status = html("p", { class: "explorer-note", role: "status" });
  loading.append(progress, status);
  const choice = threadChoice(row, (error) => say(`More threads are not to be had here: ${error.message}`));
  const rate = slider(controls, "Learning rate, at its highest",
    { min: -3, max: 0.5, step: 0.05, format: (v) => (10 ** v).toPrecision(2) }, (exponent) => {
      peak = 10 ** exponent;
      rate.show(exponent);
      worker?.postMessage({ type: "rate", peak });
    });
  rate.input.parentElement.classList.add("explorer-wide");
  rate.show(Math.log10(PEAK));

  const more = html("div", { class: "teach-more" });
  const yours = html("div", { class: "teach-more" });
  const files = html("div", { class: "teach-more teach-files" });
  root.append(more, yours, files);
  const showMarks = learnedBoard(more);
  const log = trainingLog(controls, facts, more);
  const reader = readerClass(yours, ({ name, ...content }) => {
    ownName = name;
    send({ type: "pause" });
    send({ type: "class", ...content });
    newWeights(seed + 1);
  });
  const kept = keptFiles(files, { say, send: (message, transfer) => send({ ...message, name: ownName, total: TOTAL }, transfer) });
  const redraw = oncePerFrame(() => {
    log.draw({ total, batch, names: names() });
    kept.show(log.step());
  });

  addEventListener("beforeunload", (event) => {
    if (kept.unsaved(log.step()) || reader.pictures()) event.preventDefault(); // the browser asks whether to leave
  });

  if (location.protocol === "file:") {
    start.remove();
    say("This page was opened as a file, and browsers start no worker and load no WebAssembly from there. Serve "
      + "the book with “make serve”, or the folder of its pages with “python -m http.server”, and open http://localhost:8000.");
  } else if (PHONE) {
    say("It computes for some minutes with all that one core has. On a phone that takes battery: here it learns from "
      + "four pictures a step, not eight.");
  }

  // ---- talking to the worker
  function begin() {
    if (el.dataset.state === "loading") return;
    if (el.dataset.state === "paused" || el.dataset.state === "done") {
      if (el.dataset.state === "done") {
        total += TOTAL;
        send({ type: "longer", total });
      }
      state("training");
      send({ type: "run" });
      return;
    }
    state("loading");
    progress.hidden = false;
    let loaded = 0;
    // Through a blob, which has the headers of the page, and not those that the server sends with a script.
    const script = new Blob([`import ${JSON.stringify(fileAt("teach_worker.js", HOME))};`], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(script), { type: "module" });
    worker.onerror = (event) => fail(event.message || "the worker did not start");
    worker.onmessage = ({ data: { type, ...content } }) => heard[type](content);
    heard.loaded = ({ bytes }) => {
      loaded += bytes;
      progress.value = Math.min(1, loaded / size);
      say(`${megabytes(loaded)} of ${megabytes(size)}`);
    };
    send({ type: "load", base: new URL(".", HOME).href, files: FILES, threads: threadsNow() });
  }

  function newWeights(another) {
    seed = another;
    total = TOTAL;
    say("Drawing random weights");
    send({ type: "pause" });
    send({ type: "begin", seed, total, peak });
  }

  function forget() {
    log.forget();
    kept.forget();
    for (const name of ["step", "loss", "ap50", "seconds"]) delete el.dataset[name];
    redraw();
  }

  function fail(message) {
    const loading = el.dataset.state === "loading";
    say(loading ? `It did not load: ${message}` : message);
    progress.hidden = true;
    if (loading) { // another begins at the next press
      worker.terminate();
      worker = null;
    }
    state("failed");
  }

  const heard = {
    opening: () => say("Opening it: some seconds"),
    ready: (content) => {
      batch = content.batch;
      progress.hidden = true;
      newWeights(seed);
    },
    begun: () => {
      forget();
      state("training");
      say("It began with random weights.");
      send({ type: "run" });
    },
    stepped: (content) => {
      log.stepped(content);
      assign(el, { "data-step": content.step, "data-loss": content.loss.toFixed(5), "data-seconds": content.seconds.toFixed(2) });
      redraw();
    },
    looked: (content) => showHeld(content, names()),
    learnedFrom: showMarks,
    judged: (content) => {
      assign(el, { "data-ap50": log.judged(content).toFixed(4), "data-seconds": content.seconds.toFixed(2) });
      redraw();
    },
    paused: () => state("paused"),
    done: () => {
      say("Done. It began with random numbers; all that it knows it has learned here.");
      state("done");
    },
    saved: (content) => kept.saved(content).then(redraw),
    opened: ({ classes }) => {
      forget();
      total = TOTAL;
      ownName = classes.at(-1);
      say("Opened. “Go on” trains it further.");
      state("paused");
    },
    // What cannot be done with a file ends nothing; what happens while it loads or trains does.
    failed: ({ message, during }) => {
      if (["open", "save", "class"].includes(during)) say(message);
      else fail(message);
    },
  };

  function showButtons() {
    const now = el.dataset.state;
    const loaded = now !== "loading" && worker !== null;
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    start.hidden = now === "training" || (now === "failed" && worker !== null);
    const words = { idle: START, loading: "Loading", paused: "Go on", done: `${TOTAL} steps more`, failed: "Try again" };
    start.textContent = words[now] ?? start.textContent;
    assign(start, { "aria-disabled": now === "loading" && "true" });
    if (choice) choice.hidden = now !== "idle";
    pause.hidden = now !== "training";
    one.hidden = now !== "paused";
    restart.hidden = !loaded;
    next.hidden = !loaded || now === "failed";
    more.hidden = yours.hidden = files.hidden = !loaded || now === "failed";
    if (focused?.hidden) row.querySelector("button:not([hidden])")?.focus(); // keyboards stay here
  }

  state("idle");
  redraw();
}

teachDetector(document.getElementById("train-in-page"));
