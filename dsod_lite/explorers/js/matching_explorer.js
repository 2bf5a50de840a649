// Objects that can be dragged, the priors that match them, and the offsets of one prior in numbers.

function render({ model, el }) {
  const size = model.get("image_size");
  const mapSizes = model.get("map_sizes");
  const names = model.get("names");
  const margin = 0.12 * size;
  const smallest = 0.02 * size;
  let held = 0; // the object whose handles are shown

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
  const objects = names.map((name, i) => {
    const halo = svg("rect", { class: "explorer-halo" });
    const body = svg("rect", { class: "explorer-object", style: `stroke: ${series(i)}; fill: ${series(i)}` });
    const element = svg("g",
      { class: "explorer-movable", tabindex: 0, role: "button", "aria-describedby": hint.id }, halo, body);
    svgStage.append(element);
    return { name, element, halo, body }; // the stage listens for pointers, see objectAt
  });
  const words = svg("g", { "aria-hidden": "true" }); // the objects' labels say the same
  svgStage.append(words);
  const centreHandle = handle(svgStage);
  const cornerHandles = [[0, 1], [2, 1], [0, 3], [2, 3]].map(([x, y]) => ({ x, y, ...handle(svgStage) }));
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
    const px = unit(svgStage);
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
      drawObject(objects[m], box, m, mine.length);
    });
    words.replaceChildren(...boxes.map(([x1, y1], m) => {
      const top = Math.max(y1 - 20 * px, 20 * px - margin); // above the handles, but on the stage
      return plate(x1, top, `${m + 1} ${names[m]}`, px);
    }));
    const box = boxes[held];
    if (box) {
      centreHandle.place((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, px);
      for (const corner of cornerHandles) {
        // outside the corner, so that the handles of a small object stay apart, and on the stage
        const away = 9 * px;
        const keep = (v) => Math.min(Math.max(v, away - margin), size + margin - away);
        const x = box[corner.x] + (corner.x ? away : -away);
        const y = box[corner.y] + (corner.y > 1 ? away : -away);
        corner.place(keep(x), keep(y), px);
      }
    }
    for (const { element } of [centreHandle, ...cornerHandles]) element.style.color = series(held);

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

  function drawObject(object, [x1, y1, x2, y2], m, positives) {
    for (const rect of [object.halo, object.body]) assign(rect, { x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
    const place = [x1, y1, x2 - x1, y2 - y1].map(Math.round);
    assign(object.element, {
      "aria-pressed": String(m === held),
      "aria-label": `Object ${m + 1}, ${object.name}: left ${place[0]}, top ${place[1]}, width ${place[2]}, `
        + `height ${place[3]}; ${positives} priors`,
    });
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

  // ---- moving and resizing
  const setBox = (m, box) => set(model, "boxes", model.get("boxes").map((old, i) => (i === m ? box : old)));
  const within = (v, low, high) => Math.min(Math.max(v, low), high);
  const soon = oncePerFrame(redraw);
  function hold(m) {
    held = m;
    soon();
  }
  function move(m, box, dx, dy) {
    const right = within(dx, -box[0], size - box[2]);
    const down = within(dy, -box[1], size - box[3]);
    setBox(m, [box[0] + right, box[1] + down, box[2] + right, box[3] + down]);
  }
  // `x` is 0 or 2 and `y` 1 or 3: the corner that goes to (toX, toY).
  function resize(m, box, x, y, toX, toY) {
    const changed = [...box];
    changed[x] = x ? within(toX, box[0] + smallest, size) : within(toX, 0, box[2] - smallest);
    changed[y] = y > 1 ? within(toY, box[1] + smallest, size) : within(toY, 0, box[3] - smallest);
    setBox(m, changed);
  }

  // The smallest object under a point, -1 for none: a small one can be reached on a large one.
  function objectAt({ x, y }) {
    const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
    const boxes = model.get("boxes");
    const under = [...boxes.keys()].filter((m) => {
      const [x1, y1, x2, y2] = boxes[m];
      return x >= x1 && x <= x2 && y >= y1 && y <= y2;
    });
    return under.length ? under.reduce((a, b) => (area(boxes[b]) < area(boxes[a]) ? b : a)) : -1;
  }

  let moved = false; // a click that ends a drag does not pick a prior
  function begin(m, point) {
    objects[m].element.focus({ preventScroll: true });
    hold(m);
    return { m, point, box: model.get("boxes")[m] };
  }
  function drags(point, _, { m, point: from, box }) {
    moved ||= Math.hypot(point.x - from.x, point.y - from.y) > 3 * unit(svgStage);
    if (moved) move(m, box, point.x - from.x, point.y - from.y);
  }
  objects.forEach(({ element }, m) => {
    element.addEventListener("focus", () => hold(m));
    arrows(element, (dx, dy, event) => {
      const box = model.get("boxes")[m];
      const far = 0.01 * size;
      if (event.shiftKey) resize(m, box, 2, 3, box[2] + dx * far, box[3] + dy * far);
      else move(m, box, dx * far, dy * far);
    });
  });
  // A finger on an object scrolls the page, as it does beside it; it drags by the handles.
  drag(svgStage, svgStage, (point, event) => {
    const m = event.pointerType === "touch" ? -1 : objectAt(point);
    return m >= 0 && begin(m, point);
  }, drags);
  drag(centreHandle.element, svgStage, (point) => begin(held, point), drags);
  for (const { element, x, y } of cornerHandles) {
    drag(element, svgStage, (point) => begin(held, point), (point, _, { m, point: from, box }) => {
      moved = true;
      resize(m, box, x, y, box[x] + point.x - from.x, box[y] + point.y - from.y);
    });
  }

  // A click or tap takes hold of the object there, and shows the matched prior whose outline is nearest.
  svgStage.addEventListener("pointerdown", () => { moved = false; }, { capture: true });
  svgStage.addEventListener("mousedown", (event) => event.preventDefault()); // the focus was given by hand
  svgStage.addEventListener("click", (event) => {
    if (moved) return;
    const point = pointOf(svgStage, event);
    if (objectAt(point) >= 0) hold(objectAt(point));
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
