// How two boxes [x1, y1, x2, y2] lie to each other: IoU, and its relatives GIoU and DIoU, as torchvision has them.

function overlap(a, b) {
  const area = (width, height) => Math.max(width, 0) * Math.max(height, 0);
  const shared = area(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const union = area(a[2] - a[0], a[3] - a[1]) + area(b[2] - b[0], b[3] - b[1]) - shared;
  const hull = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
  const hullArea = area(hull[2] - hull[0], hull[3] - hull[1]);
  const apart = ((a[0] + a[2] - b[0] - b[2]) ** 2 + (a[1] + a[3] - b[1] - b[3]) ** 2) / 4; // the centres, squared
  const diagonal = (hull[2] - hull[0]) ** 2 + (hull[3] - hull[1]) ** 2; // of the hull, squared
  const iou = shared / union;
  return {
    iou, giou: iou - (hullArea - union) / hullArea, diou: iou - apart / diagonal,
    shared, union, hull, hullArea, apart, diagonal,
  };
}
