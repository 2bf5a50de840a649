// IoU, and the offsets between priors and boxes: dsod_lite/boxes.py and torchvision's box_iou, on flat arrays of four
// numbers a box. Corners are [x1, y1, x2, y2], centres [cx, cy, w, h].
//
// Boxes and IoU are rounded to single precision at every step, as PyTorch's are. The sums come out the same to the last
// bit, so overlaps that are equal there are equal here, and the same prior is the first of them.

const CENTRE_VARIANCE = 0.1;
const SIZE_VARIANCE = 0.2;

function toCorners(centres) {
  const corners = new Float32Array(centres.length);
  for (let i = 0; i < centres.length; i += 4) {
    const halfWidth = 0.5 * centres[i + 2]; // a half is exact
    const halfHeight = 0.5 * centres[i + 3];
    corners[i] = centres[i] - halfWidth;
    corners[i + 1] = centres[i + 1] - halfHeight;
    corners[i + 2] = centres[i] + halfWidth;
    corners[i + 3] = centres[i + 1] + halfHeight;
  }
  return corners;
}

// IoU of every box of `a` with every box of `b`, Float32Array corners both: [M * P], a row of P for each box of `a`.
function boxIou(a, b) {
  const round = Math.fround;
  const columns = b.length / 4;
  const areas = new Float32Array(columns);
  for (let j = 0; j < columns; j++) {
    areas[j] = round(b[4 * j + 2] - b[4 * j]) * round(b[4 * j + 3] - b[4 * j + 1]);
  }
  const iou = new Float32Array((a.length / 4) * columns);
  for (let i = 0, at = 0; i < a.length; i += 4) {
    const x1 = a[i], y1 = a[i + 1], x2 = a[i + 2], y2 = a[i + 3];
    const area = round(round(x2 - x1) * round(y2 - y1));
    for (let j = 0; j < columns; j++, at++) {
      const width = round(Math.min(x2, b[4 * j + 2]) - Math.max(x1, b[4 * j]));
      const height = round(Math.min(y2, b[4 * j + 3]) - Math.max(y1, b[4 * j + 1]));
      if (width <= 0 || height <= 0) continue;
      const both = round(width * height);
      iou[at] = both / round(round(area + areas[j]) - both);
    }
  }
  return iou;
}

// The offsets that lead from a prior [cx, cy, w, h] to a box [x1, y1, x2, y2]: [dx, dy, dw, dh].
function encode(box, prior) {
  const [x1, y1, x2, y2] = box;
  return [
    ((x1 + x2) / 2 - prior[0]) / prior[2] / CENTRE_VARIANCE,
    ((y1 + y2) / 2 - prior[1]) / prior[3] / CENTRE_VARIANCE,
    Math.log((x2 - x1) / prior[2]) / SIZE_VARIANCE,
    Math.log((y2 - y1) / prior[3]) / SIZE_VARIANCE,
  ];
}

// The inverse: a box [x1, y1, x2, y2] from offsets and a prior.
function decode(offsets, prior) {
  return toCorners([
    prior[0] + offsets[0] * CENTRE_VARIANCE * prior[2],
    prior[1] + offsets[1] * CENTRE_VARIANCE * prior[3],
    prior[2] * Math.exp(offsets[2] * SIZE_VARIANCE),
    prior[3] * Math.exp(offsets[3] * SIZE_VARIANCE),
  ]);
}
