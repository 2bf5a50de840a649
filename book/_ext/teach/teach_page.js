// The page's part: buttons, curves and pictures. The worker does the work.

const HOME = document.currentScript.src; // the folder of the worker and of all that it loads
const PHONE = navigator.maxTouchPoints > 0 && innerWidth < 700;
const TOTAL = PHONE ? 200 : 350; // steps
const PEAK = 0.01; // the learning rate's highest
const MOST_SHOWN = 12; // detections of a picture: at first it finds things everywhere

function teachDetector(el) {
  let worker = null;
  let seed = Number(new URLSearchParams(location.search).get("seed") ?? Math.floor(1e6 * Math.random()));
  let total = TOTAL;
  let peak = PEAK;
  let losses = [];
  let scores = []; // [step, AP50]
  let areas = {}; // AP50 by label
  let last = null; // of the messages of a step
  let batch = 8;
  let lastSaved = 0; // the step that was saved last

  const state = (value) => {
    el.dataset.state = value;
    root.dataset.state = value;
    showButtons();
  };

  // ---- the figure
  const { root, figure, controls, facts, side } = layout(el, "A detector that learns");
  const held = board(figure, "teach-held", "A picture that it never learns from, and what it finds there");
  const loading = html("div", { class: "live-loading" });
  figure.append(loading);
  const row = html("div", { class: "explorer-row" });
  controls.append(row);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const size = Object.values(FILE_SIZES).reduce((a, b) => a + b);
  const make = (action, label, press) => assign(button(row, label, press).input, { "data-action": action });
  const START = `Watch a detector learn (loads ${megabytes(size)})`;
  const start = make("start", START, begin);
  start.classList.add("live-load");
  const pause = make("pause", "Pause", () => worker.postMessage({ type: "pause" }));
  const one = make("step", "One step", () => worker.postMessage({ type: "step" }));
  const restart = make("restart", "Start again, with other random weights", () => newWeights(seed + 1));
  const next = make("next", "Another picture", () => worker.postMessage({ type: "look", next: 1 }));
  const progress = html("progress", { "aria-label": "Loaded", max: 1, value: 0, hidden: true });
  const status = html("p", { class: "explorer-note", role: "status" });
  loading.append(progress, status);
  const choice = threadChoice(row, (error) => { status.textContent = `More threads are not to be had here: ${error.message}`; });
  const rate = slider(controls, "Learning rate, at its highest",
    { min: -3, max: 0.5, step: 0.05, format: (v) => (10 ** v).toPrecision(2) }, (exponent) => {
      peak = 10 ** exponent;
      rate.show(exponent);
      worker?.postMessage({ type: "rate", peak });
    });
  rate.input.parentElement.classList.add("explorer-wide");
  rate.show(Math.log10(PEAK));
  const curves = html("div", { class: "teach-curves" });
  controls.append(curves);
  const showLosses = progressPlot(curves, "Loss of a batch", series(0), { format: (v) => v.toFixed(2) });
  const showScores = progressPlot(curves, "AP50 on pictures held out", series(2), { top: 1, format: (v) => v.toFixed(2), mark: 0.85 });

  const more = html("div", { class: "teach-more" });
  root.append(more);
  const learned = board(more, "teach-learned", "A picture of the last batch: priors that answered for an object, and hard negatives");
  legend(learned.frame.parentElement, [[series(2), "line", "prior matched to an object"], [series(3), "dashed", "hard negative"]]);
  const lengths = barTable("Length of the gradient, from the first layers to the last", 10, 3);
  more.append(html("div", {}, lengths));

  // ---- a thing of the reader's own, and files
  const yours = html("div", { class: "teach-more" });
  const files = html("div", { class: "teach-more teach-files" });
  root.append(yours, files);
  let ownName = "yours";
  const reader = readerClass(yours, ({ name, ...content }) => {
    ownName = name;
    worker.postMessage({ type: "pause" });
    worker.postMessage({ type: "class", ...content });
    newWeights(seed + 1);
  });
  files.append(html("p", { class: "explorer-title" }, "Keep what it has learned"));
  const fileRow = html("div", { class: "explorer-row" });
  const save = (format, label) => assign(
    button(fileRow, label, () => worker.postMessage({ type: "save", format, name: ownName })).input, { "data-action": `save-${format}` });
  save("live", "Open it in the live detector");
  save("onnx", "Save for the live detector (.onnx)");
  save("safetensors", "Save for Python and this page (.safetensors)");
  const chosen = html("input", { type: "file", accept: ".safetensors", hidden: true, "aria-label": "A saved file", change: openFile });
  button(fileRow, "Open a saved file…", () => chosen.click());
  const unsaved = html("p", { class: "explorer-note" });
  files.append(fileRow, chosen, unsaved);

  async function openFile() {
    const [file] = chosen.files;
    chosen.value = ""; // the same file can be chosen again
    const bytes = new Uint8Array(await file.arrayBuffer());
    worker.postMessage({ type: "pause" });
    worker.postMessage({ type: "open", bytes, total: TOTAL }, [bytes.buffer]);
  }

  addEventListener("beforeunload", (event) => {
    if ((last && last.step > lastSaved) || reader.pictures()) event.preventDefault(); // the browser asks whether to leave
  });

  // A picture with boxes over it.
  function board(parent, name, label) {
    const canvas = html("canvas", { class: "live-canvas", width: 384, height: 384, role: "img", "aria-label": label });
    const frame = html("div", { class: `live-frame ${name}` }, canvas);
    parent.append(html("div", {}, frame, html("p", { class: "explorer-note" }, label)));
    const overlay = svg("svg", { class: "explorer-stage", viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
    frame.append(overlay);
    const paint = (image) => {
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      image.close(); // not when the garbage collector gets to it
    };
    return { canvas, frame, overlay, paint };
  }

  if (location.protocol === "file:") {
    start.remove();
    status.textContent = "This page was opened as a file, and browsers start no worker and load no WebAssembly from there. Serve "
      + "the book with “make serve”, or the folder of its pages with “python -m http.server”, and open http://localhost:8000.";
  } else if (PHONE) {
    status.textContent = "It computes for a minute or some, with all that one core has. On a phone that takes battery: here it stops "
      + `after ${TOTAL} steps, and goes on only if you say so.`;
  }

  // ---- talking to the worker
  function begin() {
    if (el.dataset.state === "loading") return;
    if (el.dataset.state === "paused" || el.dataset.state === "done") {
      if (el.dataset.state === "done") {
        total += TOTAL;
        worker.postMessage({ type: "longer", total });
      }
      state("training");
      worker.postMessage({ type: "run" });
      return;
    }
    state("loading");
    progress.hidden = false;
    let loaded = 0;
    // Through a blob, which has the headers of the page, and not those that the server sends with a script.
    const script = new Blob([`import ${JSON.stringify(new URL("teach_worker.js", HOME))};`], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(script), { type: "module" });
    worker.onerror = (event) => fail(event.message || "the worker did not start");
    worker.onmessage = ({ data: { type, ...content } }) => heard[type](content);
    heard.loaded = ({ bytes }) => {
      loaded += bytes;
      progress.value = Math.min(1, loaded / size);
      status.textContent = `${megabytes(loaded)} of ${megabytes(size)}`;
    };
    worker.postMessage({ type: "load", base: new URL(".", HOME).href, files: ["training.onnx", "network.onnx"], threads: threadsNow() });
  }

  function newWeights(another) {
    seed = another;
    total = TOTAL;
    status.textContent = "Drawing random weights";
    worker.postMessage({ type: "pause" });
    worker.postMessage({ type: "begin", seed, total, peak });
  }

  function forget() {
    [losses, scores, areas, last, lastSaved] = [[], [], {}, null, 0];
    for (const name of ["step", "loss", "ap50", "seconds"]) delete el.dataset[name];
    redraw();
  }

  function fail(message) {
    const loading = el.dataset.state === "loading";
    status.textContent = loading ? `It did not load: ${message}` : message;
    progress.hidden = true;
    if (loading) { // another begins at the next press
      worker.terminate();
      worker = null;
    }
    state("failed");
  }

  const heard = {
    opening: () => { status.textContent = "Opening it: some seconds"; },
    ready: (content) => {
      batch = content.batch;
      progress.hidden = true;
      newWeights(seed);
    },
    begun: () => {
      forget();
      state("training");
      status.textContent = "It began with random weights.";
      worker.postMessage({ type: "run" });
    },
    stepped: (content) => {
      last = { ...last, ...content, lengths: content.lengths ?? last?.lengths };
      losses.push([content.step, content.loss]);
      assign(el, { "data-step": content.step, "data-loss": content.loss.toFixed(5), "data-seconds": content.seconds.toFixed(2) });
      redraw();
    },
    looked: (content) => showHeld(content),
    learnedFrom: (content) => showMarks(content),
    judged: ({ step, each, seconds }) => {
      areas = each;
      const values = Object.values(each);
      const ap50 = values.reduce((a, b) => a + b, 0) / values.length;
      scores.push([step, ap50]);
      assign(el, { "data-ap50": ap50.toFixed(4), "data-seconds": seconds.toFixed(2) });
      redraw();
    },
    paused: () => state("paused"),
    done: () => {
      status.textContent = "Done. It began with random numbers; all that it knows it has learned here.";
      state("done");
    },
    saved: async ({ format, bytes, step }) => {
      if (format === "live") {
        try {
          await keepTaught(bytes);
        } catch (error) {
          status.textContent = `This browser keeps nothing for this page (${error.message}). Save a file instead.`;
          return;
        }
        const opened = open(new URL("live_detector.html#taught", location.href), "_blank");
        status.textContent = opened
          ? "The live detector opens in another tab, with what was learned so far. This browser keeps it there."
          : "This browser keeps it for the page of the live detector, but opened no tab for that.";
      }
      lastSaved = step;
      redraw();
      if (format === "live") return;
      const link = html("a", { href: URL.createObjectURL(new Blob([bytes])), download: `detector.${format}` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      status.textContent = `Saved as detector.${format}, as it was after ${step} steps.`;
    },
    opened: ({ classes }) => {
      forget();
      total = TOTAL;
      ownName = classes.at(-1);
      status.textContent = "Opened. “Go on” trains it further.";
      state("paused");
    },
    // What cannot be done with a file ends nothing; what happens while it loads or trains does.
    failed: ({ message, during }) => {
      if (["open", "save", "class"].includes(during)) status.textContent = message;
      else fail(message);
    },
  };

  // ---- drawing
  function showHeld({ image, found, truth }) {
    held.paint(image);
    const shown = found.filter(({ score }) => score > 0.3).slice(0, MOST_SHOWN);
    const words = showFound(held.overlay, held.overlay, shown, names());
    held.canvas.setAttribute("aria-label",
      `A picture that it never learns from, with ${truth.length} objects. Found: ${words}`);
  }

  function showMarks({ image, positive, negative }) {
    learned.paint(image);
    const marks = (boxes, name) => boxes.map((box) =>
      svg("path", { class: name, d: boxPath(...box.map((v) => v * SIDE)) }));
    learned.overlay.replaceChildren(...marks(negative, "teach-mark teach-negative"), ...marks(positive, "explorer-halo"),
      ...marks(positive, "teach-mark teach-positive"));
  }

  const names = () => ["circle", "rectangle", "triangle", ownName];

  const redraw = oncePerFrame(() => {
    showLosses(losses, total);
    showScores(scores, total);
    const step = last?.step ?? 0;
    const each = last ? last.seconds / step : 0;
    const left = Math.max(0, (total - step) * each);
    showFacts(facts, [
      ["Step", `${step} of ${total}`],
      ["Learning rate now", last ? last.rate.toPrecision(2) : "–"],
      ["Loss of offsets, of classes", last ? `${last.regression.toFixed(2)}, ${last.classification.toFixed(2)}` : "–"],
      ["Pictures a second, threads", last ? `${(batch / each).toFixed(0)}, ${threadsNow()}` : "–"],
      ["AP50 by class", Object.entries(areas).map(([label, area]) => `${names()[label - 1]} ${area.toFixed(2)}`).join(", ") || "–"],
      ["Time so far, left", last ? `${last.seconds.toFixed(0)} s, ${left.toFixed(0)} s` : "–"],
    ]);
    unsaved.textContent = step > lastSaved
      ? `Not saved yet: what it has learned in steps ${lastSaved + 1} to ${step}. It is lost when this tab is closed.` : "Nothing is unsaved.";
    const rows = last?.lengths ?? [];
    const longest = Math.max(...rows.map(([, length]) => length), 1e-9);
    [...lengths.tBodies[0].rows].forEach((tableRow, i) => {
      const [name, length] = rows[i] ?? ["", 0];
      fillRow(tableRow, [name, name && length.toPrecision(2)], 0, 100 * length / longest, series(0));
    });
  });

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
