// Which prior answers for which object, of one picture: dsod_lite/matching.py and the counts of its mining.
// `iou` is [M * P], a row for each of the M objects, as boxIou gives it.

const NO_OVERLAP = 1e-6;

// The object of each prior, -1 for background: Int32Array [P].
function match(iou, objects, priors, threshold, method) {
  const matched = new Int32Array(priors).fill(-1);
  for (let p = 0; p < priors; p++) {
    let best = -Infinity;
    for (let m = 0; m < objects; m++) {
      const value = iou[m * priors + p];
      if (value > best) {
        best = value;
        if (value >= threshold) matched[p] = m;
      }
    }
  }
  // What an object was forced to is its own, and where two were forced to the same prior the later has it.
  ownPriors(iou, objects, priors, method).forEach((prior, m) => {
    if (prior >= 0) matched[prior] = m;
  });
  return matched;
}

// The prior that each object gets however small the overlap, -1 where it touches none: [M].
function ownPriors(iou, objects, priors, method) {
  const own = new Int32Array(objects).fill(-1);
  const taken = new Set();
  const best = (m) => {
    let prior = -1;
    let value = NO_OVERLAP;
    for (let p = 0; p < priors; p++) {
      if (iou[m * priors + p] > value && !taken.has(p)) {
        prior = p;
        value = iou[m * priors + p];
      }
    }
    return { m, prior, value };
  };
  if (method === "best") {
    for (let m = 0; m < objects; m++) own[m] = best(m).prior;
    return own;
  }
  // The pair of largest IoU first, then the largest among the objects and priors left; of equals the first prior, and
  // for it the first object.
  const better = (a, b) => (b.value > a.value || (b.value === a.value && b.prior < a.prior) ? b : a);
  let waiting = Array.from({ length: objects }, (_, m) => best(m));
  while (waiting.length) {
    const next = waiting.reduce(better);
    if (next.prior < 0) break;
    own[next.m] = next.prior;
    taken.add(next.prior);
    waiting = waiting
      .filter(({ m }) => m !== next.m)
      .map((other) => (other.prior === next.prior ? best(other.m) : other));
  }
  return own;
}

// How many negatives are mined beside so many positives, out of P priors.
function minedNegatives(positives, priors, ratio, atLeast) {
  return Math.min(priors - positives, Math.ceil(Math.max(ratio * positives, atLeast)));
}
