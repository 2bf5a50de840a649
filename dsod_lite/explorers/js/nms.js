// From scores and offsets to detections, as dsod_lite/detect.py does it: softmax, threshold, class-wise greedy
// non-maximum suppression, the best few. Matrices are flat arrays, one row for each prior.

// Softmax of every row: logits [P * C] -> scores [P * C].
function softmax(logits, numClasses) {
  const scores = new Float32Array(logits.length); // float32, so that what ties in PyTorch ties here
  for (let row = 0; row < logits.length; row += numClasses) {
    let largest = -Infinity;
    for (let c = 0; c < numClasses; c++) largest = Math.max(largest, logits[row + c]);
    let sum = 0;
    for (let c = 0; c < numClasses; c++) sum += Math.exp(logits[row + c] - largest);
    for (let c = 0; c < numClasses; c++) scores[row + c] = Math.exp(logits[row + c] - largest) / sum;
  }
  return scores;
}

// Pairs of a prior and a class, [{prior, label, score}], best first: of each class the perClass best. Equal scores come
// by class, then by prior (PyTorch's topk leaves the latter open). boxes: corners [P * 4]; without those not finite.
function candidates(scores, boxes, numClasses, perClass) {
  const priors = boxes.length / 4;
  const finite = ({ prior }) => boxes.subarray(4 * prior, 4 * prior + 4).every(Number.isFinite);
  const found = [];
  for (let label = 1; label < numClasses; label++) {
    const ofClass = [];
    for (let prior = 0; prior < priors; prior++) {
      ofClass.push({ prior, label, score: scores[prior * numClasses + label] });
    }
    ofClass.sort((a, b) => b.score - a.score);
    found.push(...ofClass.slice(0, perClass).filter(finite));
  }
  return found.sort((a, b) => b.score - a.score);
}

// Those of them that score more than the threshold.
function above(found, threshold) {
  const limit = Math.fround(threshold); // scores are float32, and so is what PyTorch compares them with
  const end = found.findIndex(({ score }) => !(score > limit));
  return end < 0 ? found : found.slice(0, end);
}

// IoU of every box with every other: [P * P]. It depends on no threshold and no class, so once is enough.
function mutualIou(boxes) {
  // No box that means anything reaches so far, and the overlap of endless boxes would be inf / inf.
  const near = Float64Array.from(boxes, (v) => Math.min(1e4, Math.max(-1e4, v)));
  return boxIou(near, near);
}

// Greedy suppression within each class. found: candidates, best first; overlaps: mutualIou of all boxes. What becomes
// of each: -1 if it is kept, otherwise the index of the better box, itself kept, that overlaps it by more than the
// threshold.
function suppress(found, overlaps, threshold) {
  const by = new Int32Array(found.length).fill(-1);
  const priors = Math.sqrt(overlaps.length);
  const classes = new Map();
  found.forEach(({ label }, i) => {
    if (!classes.has(label)) classes.set(label, []);
    classes.get(label).push(i);
  });
  for (const members of classes.values()) {
    const rows = members.map((i) => found[i].prior);
    for (let a = 0; a < members.length; a++) {
      if (by[members[a]] >= 0) continue;
      for (let b = a + 1; b < members.length; b++) {
        if (overlaps[rows[a] * priors + rows[b]] > threshold && by[members[b]] < 0) by[members[b]] = members[a];
      }
    }
  }
  return by;
}

// All of it: the detections [{prior, label, score}], best first.
function detect(scores, boxes, numClasses, { scoreThreshold, nmsThreshold, perClass, perImage }) {
  const found = above(candidates(scores, boxes, numClasses, perClass), scoreThreshold);
  const by = suppress(found, mutualIou(boxes), nmsThreshold);
  return found.filter((_, i) => by[i] < 0).slice(0, perImage);
}
