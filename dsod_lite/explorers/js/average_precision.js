// PASCAL VOC's average precision of one class, as evaluate_voc in dsod_lite/evaluation.py computes it.

// The object that each detection overlaps most, difficult or already found though it be; the first of equals.
// detections: [{image, box, score}]; objects: [{image, box, difficult}]; all of one class. Gives the detections best
// first (equal scores stay in the order given), each with `object`, an index or -1, and `iou`. There is no threshold in
// it, so once is enough.
function claims(detections, objects) {
  const places = new Map(); // image -> its objects
  objects.forEach(({ image, box }, index) => {
    if (!places.has(image)) places.set(image, { indices: [], boxes: [] });
    places.get(image).indices.push(index);
    places.get(image).boxes.push(...box);
  });
  const claimed = detections.map((detection) => {
    const place = places.get(detection.image);
    if (!place) return { ...detection, object: -1, iou: 0 };
    const overlaps = boxIou(detection.box, place.boxes);
    const iou = Math.max(...overlaps);
    return { ...detection, object: place.indices[overlaps.indexOf(iou)], iou };
  });
  return claimed.sort((a, b) => b.score - a.score);
}

// What each detection counts as at a threshold. claimed: from claims. Gives a text each:
// "true": the first to find its object; "missed": a false positive that overlaps no object enough; "again": a false
// positive whose object was found before; "difficult": not counted, because its object is.
function verdicts(claimed, objects, threshold) {
  const found = new Set();
  return claimed.map(({ object, iou }) => {
    if (object < 0 || iou < threshold) return "missed";
    if (objects[object].difficult) return "difficult";
    if (found.has(object)) return "again";
    found.add(object);
    return "true";
  });
}

// Precision and recall after each counted detection, best first: {precision, recall, rank}; rank says which of the
// verdicts a point belongs to. total: how many objects are not difficult.
function precisionRecall(verdictList, total) {
  const curve = { precision: [], recall: [], rank: [] };
  let hits = 0;
  verdictList.forEach((verdict, rank) => {
    if (verdict === "difficult") return;
    if (verdict === "true") hits += 1;
    curve.rank.push(rank);
    curve.precision.push(hits / curve.rank.length);
    curve.recall.push(hits / Math.max(total, 1));
  });
  return curve;
}

// The best precision at this recall or a higher one.
function envelope(precision) {
  const best = precision.slice();
  for (let i = best.length - 2; i >= 0; i--) best[i] = Math.max(best[i], best[i + 1]);
  return best;
}

// What the 11-point area is the mean of: the envelope at a recall of 0, 0.1, ..., 1.
function elevenPrecisions(precision, recall) {
  const best = envelope(precision);
  return Array.from({ length: 11 }, (_, i) => {
    const at = recall.findIndex((r) => r >= i / 10); // divided: in floats 3 * 0.1 is more than 3 / 10
    return at < 0 ? 0 : best[at];
  });
}

// The area under a curve. method: "11point" (VOC 2007) or "all-point" (VOC 2010 and later).
function averagePrecision(precision, recall, method) {
  if (method === "11point") return elevenPrecisions(precision, recall).reduce((sum, p) => sum + p, 0) / 11;
  return envelope(precision).reduce((area, p, i) => area + p * (recall[i] - (i ? recall[i - 1] : 0)), 0);
}
