// Detections one after another, the curve of precision and recall they draw, and the picture behind each point.

function render({ model, el }) {
  const [classes, labels, sizes] = ["classes", "labels", "sizes"].map((name) => model.get(name));
  const rows = (boxes, kind) => {
    const numbers = floats(model.get(boxes));
    const ofClass = model.get(`${kind}_labels`);
    return model.get(`${kind}_pictures`).map((image, i) =>
      ({ image, label: ofClass[i], box: numbers.subarray(4 * i, 4 * i + 4) }));
  };
  const scores = floats(model.get("scores"));
  const detections = rows("boxes", "box").map((row, i) => ({ ...row, score: scores[i] }));
  const difficult = model.get("object_difficult");
  const objects = rows("objects", "object").map((row, i) => ({ ...row, difficult: difficult[i] }));

  // Of the class that is shown: its objects, and its detections, best first.
  const ofClass = new Map(labels.map((label) => {
    const own = objects.filter((object) => object.label === label);
    return [label, { objects: own, claimed: claims(detections.filter((found) => found.label === label), own) }];
  }));
  let state = null; // of the last redraw
  let hovered = -1; // a rank

  // ---- the figure
  const parts = layout(el, "Explorer of average precision");
  const plot = curvePlot(parts.figure, "Precision against recall");
  const strip = rankStrip(parts.figure, "The detections, best first: found ones up, false ones down");
  const place = (i) => (i ? `${i} of ${state.claimed.length}` : "none");
  const stepper = slider(parts.figure, "Detection, best first", { min: 1, max: 1, step: 1, format: place },
    (i) => set(model, "selected", i - 1));
  legend(parts.figure, [
    ["var(--explorer-true)", "dot", "true positive"],
    ["var(--explorer-false)", "cross", "false positive"],
    ["var(--explorer-accent)", "line", "best precision from here on"],
  ]);
  const showShot = shot(parts.figure);

  // ---- the controls
  const range = { min: 0.05, max: 0.95, step: 0.05, format: (v) => v.toFixed(2) };
  const iou = slider(parts.controls, "IoU at least", range, (v) => set(model, "iou_threshold", v));
  const score = slider(parts.controls, "Score at least", { ...range, min: 0, max: 1, step: 0.01 }, (v) => {
    set(model, "selected", -1);
    set(model, "score_threshold", v);
  });
  const only = select(parts.controls, "Class", labels.map((one) => [one, classes[one - 1]]), (label) => {
    set(model, "selected", -1);
    set(model, "label", label);
  });
  const methods = [["all-point", "whole curve (VOC 2010)"], ["11point", "11 points (VOC 2007)"]];
  const method = select(parts.controls, "Shaded area", methods, (value) => set(model, "method", value));
  const note = html("p", { class: "explorer-note" });
  parts.side.append(note);

  // ---- what is drawn
  function redraw() {
    const label = model.get("label");
    const { objects: own, claimed } = ofClass.get(label);
    const verdictList = verdicts(claimed, own, model.get("iou_threshold"));
    const total = own.filter((object) => !object.difficult).length;
    const curve = precisionRecall(verdictList, total);
    const shown = claimed.filter((found) => found.score >= model.get("score_threshold")).length;
    const drawn = curve.rank.filter((rank) => rank < shown).length;
    state = { label, own, claimed, verdictList, total, curve, shown, drawn, method: model.get("method") };

    const areas = ["11point", "all-point"].map((kind) => [drawn, curve.rank.length].map((n) =>
      averagePrecision(curve.precision.slice(0, n), curve.recall.slice(0, n), kind).toFixed(3)));
    const hits = verdictList.slice(0, shown).filter((verdict) => verdict === "true").length;
    showFacts(parts.facts, [
      ["11-point AP so far", `${areas[0][0]} of ${areas[0][1]}`],
      ["All-point AP so far", `${areas[1][0]} of ${areas[1][1]}`],
      ["Precision", drawn ? `${curve.precision[drawn - 1].toFixed(3)}` : "–"],
      ["Recall", drawn ? `${curve.recall[drawn - 1].toFixed(3)}` : "0.000"],
      ["True positives", hits],
      ["False positives", drawn - hits],
      ["Objects not found", total - hits],
    ]);
    iou.show(model.get("iou_threshold"));
    score.show(model.get("score_threshold"));
    only.show(label);
    method.show(state.method);
    stepper.input.max = Math.max(claimed.length, 1);
    stepper.input.disabled = !claimed.length;
    const all = model.get("totals")[labels.indexOf(label)];
    note.textContent = claimed.length < all
      ? `The best ${claimed.length} of ${all.toLocaleString("en")} detections; the others score `
        + `${claimed.at(-1).score.toFixed(3)} at most.`
      : `All ${all} detections.`;
    redrawRank();
  }

  // The detection under the mouse, else the chosen one, else the last that is drawn.
  function rank() {
    if (hovered >= 0) return hovered;
    const chosen = model.get("selected");
    return Math.min(chosen < 0 ? Math.max(state.shown - 1, 0) : chosen, state.claimed.length - 1);
  }

  function redrawRank() {
    const at = rank();
    plot.show({ ...state, rank: at });
    strip.show({ ...state, rank: at });
    stepper.show(at + 1);
    const found = state.claimed[at];
    showShot(found && {
      href: model.get("pictures")[found.image],
      size: sizes[found.image],
      box: found.box,
      objects: state.own.filter((object) => object.image === found.image),
      verdict: state.verdictList[at],
      lines: [`${classes[state.label - 1]} ${found.score.toFixed(2)}`, reason(at), after(at), where(at)],
    });
  }

  // ---- what is said about a detection
  function reason(at) {
    const { object, iou: overlap } = state.claimed[at];
    const name = classes[state.label - 1];
    const needed = model.get("iou_threshold").toFixed(2);
    if (object < 0) return `This picture has no object of the class ${name}.`;
    const says = {
      true: `IoU ${overlap.toFixed(2)} with an object; ${needed} is enough.`,
      missed: `IoU ${overlap.toFixed(2)} with the nearest object; it needs ${needed}.`,
      difficult: `IoU ${overlap.toFixed(2)} with a difficult object: it counts neither way.`,
    };
    const first = state.claimed.findIndex((other, i) => other.object === object && state.verdictList[i] === "true");
    return says[state.verdictList[at]] ?? `IoU ${overlap.toFixed(2)}, but detection ${first + 1} has found the object.`;
  }

  function after(at) {
    const point = state.curve.rank.indexOf(at);
    if (point < 0) return "No point of the curve is its own.";
    const { precision, recall } = state.curve;
    return `Precision ${precision[point].toFixed(3)}, recall ${recall[point].toFixed(3)} as far as this.`;
  }

  const where = (at) => `Picture ${state.claimed[at].image + 1} of ${sizes.length}`;

  // ---- picking a detection on the curve or among the ticks
  const soon = oncePerFrame(redrawRank);
  const pick = (element, find) => {
    element.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse") return;
      hovered = find(event, 16);
      soon();
    });
    element.addEventListener("pointerleave", () => {
      hovered = -1;
      soon();
    });
    element.addEventListener("click", (event) => {
      const found = find(event, 60);
      if (found >= 0) set(model, "selected", found);
    });
  };
  pick(plot.element, (event, reach) => state.curve.rank[plot.at(event, reach)] ?? -1);
  pick(strip.element, (event) => strip.at(event));

  redraw();
  const stops = [
    listen(model, ["label", "iou_threshold", "score_threshold", "method"], redraw),
    listen(model, ["selected"], redrawRank),
    onResize(plot.element, redrawRank),
  ];
  return () => stops.forEach((stop) => stop());
}
