// What a detector answered about a picture, and what becomes of it: the state of a PredictionExplorer as numbers.

// priors: those that the answers are for, [K * 4] as centres in fractions.
function readAnswers(model, priors) {
  const [width, height, classes, indices] = ["width", "height", "classes", "prior_indices"].map((k) => model.get(k));
  const numClasses = classes.length + 1;
  const [offsets, logits] = ["offsets", "logits"].map((name) => floats(model.get(name)));
  const boxes = new Float32Array(priors.length); // corners, fractions; what overflows in PyTorch overflows here
  for (let i = 0; i < boxes.length; i += 4) boxes.set(decode(offsets.subarray(i, i + 4), priors.subarray(i, i + 4)), i);
  const overlaps = mutualIou(boxes);
  const scores = softmax(logits, numClasses);
  const all = candidates(scores, boxes, numClasses, model.get("candidates_per_class"));
  const pixels = (fractions, row) => [width, height, width, height].map((side, c) => fractions[4 * row + c] * side);
  return {
    width, height, classes, indices, numClasses, offsets, boxes, scores,
    corners: (prior) => pixels(boxes, prior), // of a prior's box
    centred: (prior) => pixels(priors, prior), // the prior itself: cx, cy, w, h
    name: (label) => classes[label - 1],
    // The boxes above the threshold, best first; for each the better one that suppresses it or -1; and what is left.
    settle() {
      const found = above(all, model.get("score_threshold"));
      const by = suppress(found, overlaps, model.get("nms_threshold"));
      return { found, by, kept: found.filter((_, i) => by[i] < 0).slice(0, model.get("detections_per_image")) };
    },
  };
}

// ---- in words -------------------------------------------------------------------------------------------------------

// at: the box's place among those found, -1 if it is not there.
function fateOf({ boxes, name }, { found, by, kept }, at) {
  if (at < 0) return "Not above the score threshold.";
  if (by[at] < 0) {
    if (!kept.includes(found[at])) return `Left out: only the best ${kept.length} are kept.`;
    return `Kept; suppression drops ${by.filter((i) => i === at).length || "none"} for it.`;
  }
  const better = found[by[at]];
  const [a, b] = [found[at], better].map(({ prior }) => boxes.subarray(4 * prior, 4 * prior + 4));
  const iou = boxIou(a, b)[0].toFixed(2);
  return `Suppression drops it: IoU ${iou} with ${name(better.label)} ${better.score.toFixed(2)}.`;
}

// objects: [x1, y1, x2, y2, label] each.
function overlapOf({ corners, name }, objects, prior) {
  if (!objects.length) return "";
  const overlaps = boxIou(corners(prior), objects.flatMap((object) => object.slice(0, 4)));
  const most = Math.max(...overlaps);
  const nearest = objects[overlaps.indexOf(most)];
  return most > 0 ? `IoU ${most.toFixed(2)} with the nearest object, ${name(nearest[4])}.` : "Touches no object.";
}

function priorOf({ indices, centred }, aspectRatios, mapSizes, prior) {
  const { map, row, column, shape } = priorPlace(indices[prior], { aspectRatios }, mapSizes);
  const [, , w, h] = centred(prior);
  return `Prior ${indices[prior].toLocaleString("en")}: map of ${mapSizes[map]} × ${mapSizes[map]} cells, row ${row}, `
    + `column ${column}, ${shapeName(shape, aspectRatios[map])}, ${w.toFixed(0)} × ${h.toFixed(0)} px`;
}

// [name, value, what it does to the prior] of each of the four.
function offsetsOf({ offsets, centred }, prior) {
  const [dx, dy, dw, dh] = offsets.subarray(4 * prior, 4 * prior + 4);
  const [, , w, h] = centred(prior);
  const shift = (v, side, less, more) => `${Math.abs(v * CENTRE_VARIANCE * side).toFixed(1)} px ${v < 0 ? less : more}`;
  const stretch = (v, word) => `${Math.exp(v * SIZE_VARIANCE).toFixed(2)} × as ${word}`;
  return [
    ["dx", dx, shift(dx, w, "left", "right")],
    ["dy", dy, shift(dy, h, "up", "down")],
    ["dw", dw, stretch(dw, "wide")],
    ["dh", dh, stretch(dh, "high")],
  ];
}

// [name, score, colour, whether it is this label] of the background and the classes; of many classes the best.
function scoresOf({ scores, numClasses, name }, prior, label, rows) {
  const own = Array.from(scores.subarray(prior * numClasses, (prior + 1) * numClasses), (score, c) => [c, score]);
  const order = numClasses <= rows ? own : [own[0], ...own.slice(1).sort((a, b) => b[1] - a[1])];
  return order.slice(0, rows).map(([c, score]) =>
    [c ? name(c) : "background", score, c ? series(c - 1) : "var(--explorer-muted)", c === label]);
}
