// Objects that can be dragged, the priors that match them, and the offsets of one prior in numbers.

function render({ model, el }) {
  const size = model.get("image_size");
  const mapSizes = model.get("map_sizes");
  const names = model.get("names");
  const margin = 0.12 * size;
  const smallest = 0.02 * size;

  // ---- the figure
  const parts = layout(el, "Explorer of matching");
  parts.root.classList.add("explorer-faded");
  const svgStage = stage(parts.figure, "The picture, its objects and the priors that match them",
    -margin, -margin, size + 2 * margin, size + 2 * margin);
  picture(svgStage, model.get("picture"), 0, 0, size, size);
  const path = (className, colour) => {
    const element = svg("path", { class: className, style: `stroke: ${colour}` });
    svgStage.append(element);
    return element;
  };
  const matchedPaths = names.map((_, i) => path("explorer-matched", series(i)));
  const forcedPaths = names.map((_, i) => path("explorer-forced", series(i)));
  const shownHalo = path("explorer-halo", "var(--explorer-paper)");
  const shownPath = path("explorer-shown", "var(--explorer-ink)");
  const hint = html("p", { class: "explorer-note", id: uid("hint") },
    "Drag an object or its corners. With the keyboard: arrows move it, Shift and arrows resize it.");
  const counts = names.map(() => 0); // priors of each object
  const movable = movableBoxes(model, svgStage, {
    size, margin, smallest, hint, redraw,
    names: names.map((name, m) => `${m + 1} ${name}`),
    label: (m, place) => `Object ${m + 1}, ${names[m]}: left ${place[0]}, top ${place[1]}, width ${place[2]}, `
      + `height ${place[3]}; ${counts[m]} priors`,
  });
  legend(parts.figure, [
    ...names.map((name, i) => [series(i), "line", `priors of ${i + 1}: ${name}`]),
    ["var(--explorer-muted)", "thick", "the object's own prior"],
    ["var(--explorer-muted)", "thick explorer-sign-dashed", "… below the threshold"],
    ["var(--explorer-ink)", "line", "the prior whose offsets are shown"],
  ]);
  parts.figure.append(hint);

  // ---- the controls
  const thresholdControl = slider(parts.controls, "Threshold (IoU)",
    { min: 0.05, max: 0.95, step: 0.01, format: (v) => v.toFixed(2) }, (value) => set(model, "threshold", value));
  thresholdControl.input.parentElement.classList.add("explorer-wide");
  const methods = [["bipartite", "bipartite: no two share one"], ["best", "best: the later object takes it"]];
  const methodControl = select(parts.controls, "An object's own prior", methods,
    (value) => set(model, "method", value));
  const offsets = offsetsPanel(parts.side, step);

  // ---- what follows from the state
  let priors, positives, matched;
  const shownPrior = () => (positives.includes(model.get("prior")) ? model.get("prior") : positives[0] ?? -1);
  function step(by) {
    if (!positives.length) return;
    const place = positives.indexOf(shownPrior()) + by;
    set(model, "prior", positives[(place + positives.length) % positives.length]);
  }

  function redraw() {
    const state = priorNumbers(model);
    const boxes = model.get("boxes");
    const threshold = model.get("threshold");
    priors = priorBoxes(state, mapSizes, size);
    const corners = toCorners(priors);
    const iou = boxIou(Float32Array.from(boxes.flat(), (v) => Math.fround(v) / size), corners);
    const count = priors.length / 4;
    matched = match(iou, boxes.length, count, Math.fround(threshold), model.get("method"));
    const own = ownPriors(iou, boxes.length, count, model.get("method"));
    positives = [];
    matched.forEach((m, p) => { if (m >= 0) positives.push(p); });

    const outline = (p) => boxPath(...corners.subarray(4 * p, 4 * p + 4).map((v) => v * size));
    let forcedBelow = 0;
    boxes.forEach((box, m) => {
      const mine = positives.filter((p) => matched[p] === m);
      matchedPaths[m].setAttribute("d", mine.map(outline).join(""));
      const prior = own[m] >= 0 && matched[own[m]] === m ? own[m] : -1; // with "best" it may have been taken away
      const below = prior >= 0 && iou[m * count + prior] < Math.fround(threshold);
      forcedBelow += below;
      forcedPaths[m].setAttribute("d", prior >= 0 ? outline(prior) : "");
      forcedPaths[m].classList.toggle("explorer-below", below);
      counts[m] = mine.length;
    });
    movable.draw();

    const shown = shownPrior();
    shownPath.setAttribute("d", shown < 0 ? "" : outline(shown));
    shownHalo.setAttribute("d", shown < 0 ? "" : outline(shown));
    showOffsets(shown, boxes, iou, state);

    thresholdControl.show(threshold);
    methodControl.show(model.get("method"));
    const ratio = model.get("negatives_per_positive");
    const mined = minedNegatives(positives.length, count, ratio, model.get("min_negatives"));
    showFacts(parts.facts, [
      ["Priors", number(count)],
      ["Positives", number(positives.length)],
      ["… only because forced", number(forcedBelow)],
      ["Negatives", number(count - positives.length)],
      [`… mined, ${ratio} a positive`, number(mined)],
    ]);
  }

  // The offsets that lead from the prior shown to its object.
  function showOffsets(shown, boxes, iou, state) {
    if (shown < 0) {
      offsets.show("No prior is matched.", null, null);
      return;
    }
    const m = matched[shown];
    const { map, shape } = priorPlace(shown, state, mapSizes);
    const name = `${shapeName(shape, state.aspectRatios[map])} on the ${mapSizes[map]} × ${mapSizes[map]} map`;
    const overlap = iou[m * (priors.length / 4) + shown].toFixed(2);
    const place = `${positives.indexOf(shown) + 1} of ${positives.length}`;
    const prior = Array.from(priors.subarray(4 * shown, 4 * shown + 4), (v) => v * size);
    offsets.show(`${place}: ${name}, IoU ${overlap} with ${m + 1}: ${names[m]}`, boxes[m], prior);
  }

  // A click or tap also shows the matched prior whose outline is nearest.
  movable.onClick((point) => {
    const distance = (p) => {
      const [cx, cy, w, h] = priors.subarray(4 * p, 4 * p + 4);
      const right = Math.abs(point.x / size - cx) - w / 2;
      const down = Math.abs(point.y / size - cy) - h / 2;
      return right <= 0 && down <= 0 ? -Math.max(right, down) : Math.hypot(Math.max(right, 0), Math.max(down, 0));
    };
    if (positives.length) set(model, "prior", positives.reduce((a, b) => (distance(b) < distance(a) ? b : a)));
  });

  redraw();
  const traits = ["boxes", "threshold", "method", "prior", "min_sizes", "max_sizes", "aspect_ratios", "steps"];
  const stops = [listen(model, traits, redraw), onResize(svgStage, redraw)];
  return () => stops.forEach((stop) => stop());
}
