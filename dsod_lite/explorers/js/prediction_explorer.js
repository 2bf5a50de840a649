// A detector's raw answers about one picture: thresholds, suppression, and a look into any box.

const MOST_SCORES = 8; // rows of class scores
const CROWD = 40; // more boxes than this get thin lines and no words

function render({ model, el }) {
  const answers = readAnswers(model, floats(model.get("priors")));
  const { width, height, classes, indices, numClasses, scores, corners, centred, name } = answers;
  const rowOf = new Map(indices.map((index, row) => [index, row]));
  let settled = null;
  let shown = [];
  let hovered = null;

  // ---- the figure
  const parts = layout(el, "Explorer of predictions");
  const margin = 0.04 * Math.max(width, height);
  const board = stage(parts.figure, "The picture with the boxes the detector answers",
    -margin, -margin, width + 2 * margin, height + 2 * margin);
  board.classList.add("explorer-pick");
  picture(board, model.get("picture"), 0, 0, width, height);
  const layer = (className, more = {}) => {
    const path = svg("path", { class: className, ...more });
    board.append(path);
    return path;
  };
  const halo = layer("explorer-halo");
  const ofClass = classes.map((_, i) => layer("explorer-box", { style: `stroke: ${series(i)}` }));
  const dropped = layer("explorer-box explorer-dropped");
  const priorHalo = layer("explorer-halo");
  const priorBox = layer("explorer-box explorer-origin");
  const move = layer("explorer-box explorer-move");
  const chosenHalo = layer("explorer-halo explorer-chosen-halo");
  const chosen = layer("explorer-box explorer-chosen");
  const showTruth = truthMarks(board);
  const words = svg("g");
  board.append(words);
  legend(parts.figure, [
    ...(numClasses <= 7 ? classes.map((text, i) => [series(i), "line", text]) : []),
    ["var(--explorer-ink)", "dashed", "ground truth"],
    ["var(--explorer-ink)", "dotted", "prior of the chosen box"],
  ]);

  // ---- the controls
  const range = { min: 0.01, max: 0.99, step: 0.01, format: (v) => v.toFixed(2) };
  const threshold = slider(parts.controls, "Score above", range, (v) => set(model, "score_threshold", v));
  const nms = slider(parts.controls, "NMS: IoU above", { ...range, max: 1 }, (v) => set(model, "nms_threshold", v));
  const switches = html("div", { class: "explorer-row" });
  parts.controls.append(switches);
  const suppression = checkbox(switches, "Suppression (NMS)", (on) => set(model, "suppression", on));
  const truth = checkbox(switches, "Ground truth", (on) => set(model, "truth", on));
  const choose = ({ prior, label }) => set(model, "selected", [indices[prior], label]);
  const place = (i) => (i ? `${i} of ${shown.length}` : "not shown");
  const stepper = slider(parts.controls, "Box, best first", { min: 1, max: 1, step: 1, format: place },
    (i) => choose(shown[i - 1]));
  stepper.input.parentElement.classList.add("explorer-long");
  const choices = [[0, "all classes"], ...classes.map((text, i) => [i + 1, text])];
  const only = select(parts.controls, "Class", choices, (label) => set(model, "label", label));
  const all = model.get("num_priors").toLocaleString("en");
  const leftOut = model.get("best_left_out").toFixed(3);
  parts.side.append(html("p", { class: "explorer-note" }, indices.length < model.get("num_priors")
    ? `The ${indices.length} best of ${all} priors; no other gives a class more than ${leftOut}.`
    : `All ${all} priors.`));
  const showLook = boxLook(parts.root, Math.min(numClasses, MOST_SCORES));

  // ---- what is drawn
  const outline = (list) => list.map(({ prior }) => boxPath(...corners(prior))).join("");

  function redraw() {
    settled = answers.settle();
    const wanted = (label) => !model.get("label") || model.get("label") === label;
    const above = settled.found.filter((box) => wanted(box.label));
    const left = settled.kept.filter((box) => wanted(box.label));
    shown = model.get("suppression") ? left : above;

    ofClass.forEach((path, i) => path.setAttribute("d", outline(shown.filter(({ label }) => label === i + 1))));
    const crowd = shown.length > CROWD;
    board.classList.toggle("explorer-crowd", crowd);
    halo.setAttribute("d", crowd ? "" : outline(shown));
    const objects = model.get("objects").filter((object) => wanted(object[4]));
    showTruth(model.get("truth") ? objects.map((object) => boxPath(...object.slice(0, 4))).join("") : "");

    threshold.show(model.get("score_threshold"));
    nms.show(model.get("nms_threshold"));
    nms.input.disabled = !model.get("suppression");
    suppression.show(model.get("suppression"));
    truth.show(model.get("truth"));
    only.show(model.get("label"));
    stepper.input.max = Math.max(shown.length, 1);
    stepper.input.disabled = !shown.length;
    showFacts(parts.facts, [
      ["Boxes above the threshold", above.length.toLocaleString("en")],
      ["… left by suppression", left.length],
      ["Objects", objects.length],
    ]);
    redrawLook();
  }

  // The box under the mouse, else the one that was chosen.
  function active() {
    if (hovered) return hovered;
    const [index, label] = model.get("selected");
    const prior = rowOf.get(index);
    return prior === undefined ? null : { prior, label, score: scores[prior * numClasses + label] };
  }

  function redrawLook() {
    const box = active();
    const same = (other) => other.prior === box?.prior && other.label === box?.label;
    const at = settled.found.findIndex(same);
    stepper.show(shown.findIndex(same) + 1);
    const named = shown.length > CROWD ? [] : shown.filter((other) => !same(other));
    words.replaceChildren(...plates(box ? [box, ...named] : named).reverse());
    showLook(box && {
      colour: series(box.label - 1),
      title: `${name(box.label)} ${box.score.toFixed(2)}`,
      lines: [
        fateOf(answers, settled, at),
        overlapOf(answers, model.get("objects"), box.prior),
        priorOf(answers, model.get("aspect_ratios"), model.get("map_sizes"), box.prior),
      ],
      offsets: offsetsOf(answers, box.prior),
      scores: scoresOf(answers, box.prior, box.label, MOST_SCORES),
    });

    const colour = box ? `stroke: ${series(box.label - 1)}` : "";
    const suppressed = settled.found.filter((_, i) => at >= 0 && settled.by[i] === at);
    assign(dropped, { d: model.get("suppression") ? outline(suppressed) : "", style: colour });
    assign(chosen, { d: box ? outline([box]) : "", style: colour });
    assign(chosenHalo, { d: box ? outline([box]) : "" });
    const prior = box && centred(box.prior);
    const [x1, y1, x2, y2] = box ? corners(box.prior) : [];
    const origin = box ? boxPath(...toCorners(prior)) : "";
    const arrow = box ? `M${prior[0]} ${prior[1]}L${(x1 + x2) / 2} ${(y1 + y2) / 2}` : "";
    assign(priorBox, { d: origin });
    assign(move, { d: arrow });
    assign(priorHalo, { d: origin + arrow });
  }

  // Words on the boxes, the first ones first, as far as none hides another's.
  function plates(list) {
    const taken = [];
    return list.flatMap(({ prior, label, score }) => {
      const [x1, y1] = corners(prior);
      const text = `${name(label)} ${score.toFixed(2)}`;
      const words = plate(board, x1, y1, text);
      const [x, y, w, h] = ["x", "y", "width", "height"].map((k) => Number(words.firstChild.getAttribute(k)));
      if (taken.some((t) => x < t.x + t.w && t.x < x + w && y < t.y + t.h && t.y < y + h)) return [];
      taken.push({ x, y, w, h });
      return [words];
    });
  }

  // ---- picking a box on the picture: of those around the pointer the one whose edge is nearest
  function boxAt(event, reach) {
    const { x, y } = pointOf(board, event);
    let [best, least] = [null, Infinity];
    for (const box of shown) {
      const [x1, y1, x2, y2] = corners(box.prior);
      const inside = Math.min(x - x1, x2 - x, y - y1, y2 - y);
      const away = inside >= 0 ? inside : Math.hypot(Math.max(x1 - x, 0, x - x2), Math.max(y1 - y, 0, y - y2));
      if (away < least && (inside >= 0 || away <= reach * unit(board))) [best, least] = [box, away];
    }
    return best;
  }
  const soon = oncePerFrame(redrawLook);
  board.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    hovered = boxAt(event, 6);
    soon();
  });
  board.addEventListener("pointerleave", () => {
    hovered = null;
    soon();
  });
  board.addEventListener("click", (event) => {
    const box = boxAt(event, 20);
    if (box) choose(box);
  });

  redraw();
  const stops = [
    listen(model, ["score_threshold", "nms_threshold", "suppression", "label", "truth", "objects"], redraw),
    listen(model, ["selected"], redrawLook),
    onResize(board, redrawLook),
  ];
  return () => stops.forEach((stop) => stop());
}
