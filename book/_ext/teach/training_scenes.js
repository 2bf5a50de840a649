// Endless simple scenes: some shapes, a fifth to a half of the picture wide, on a plain ground.
// A scene is { ground, things: [{ kind, x, y, size, turn, colour, label, box }] }, in units of scene.js: the picture is
// 100 wide and high. Boxes are corners in fractions of the picture.

const LEARNED = ["circle", "rectangle", "triangle"]; // labels 1, 2, 3; what the reader adds is label 4
const MOST_OBJECTS = 6; // that a picture may have: the training step was written for so many

// The corners of what a shape covers. Its outline is drawn onto something that only takes notes.
function shapeBox({ kind, x, y, size, turn }) {
  const [cos, sin] = [Math.cos(turn * Math.PI / 180), Math.sin(turn * Math.PI / 180)];
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const reach = (u, v, radius) => {
    const [px, py] = [x + size * (cos * u - sin * v), y + size * (sin * u + cos * v)];
    const r = size * radius;
    box[0] = Math.min(box[0], px - r);
    box[1] = Math.min(box[1], py - r);
    box[2] = Math.max(box[2], px + r);
    box[3] = Math.max(box[3], py + r);
  };
  const point = (u, v) => reach(u, v, 0);
  OUTLINES[kind]({ moveTo: point, lineTo: point, arc: reach, closePath() {} });
  return box.map((v) => v / SIDE);
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

// A colour that stands out from the ground: [r, g, b] each.
function contrasting(random, ground) {
  for (;;) {
    const colour = [0, 1, 2].map(() => Math.floor(256 * random()));
    if (colour.reduce((sum, v, i) => sum + Math.abs(v - ground[i]), 0) > 150) return colour;
  }
}

const cssColour = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// A scene from random numbers, with so many things or up to two more, if there is room. stamps: what stands for the reader's
// class, { image, shape } each, `shape` being its height over its width. One of them takes a shape's place now and then.
function randomScene(random, stamps = [], fewest = 1) {
  const ground = [0, 1, 2].map(() => 30 + Math.floor(196 * random()));
  return withThings(random, { ground, things: [] }, fewest + Math.floor(3 * random()), stamps);
}

// A picture of the reader's as a scene, mirrored half of the time. Up to two things are pasted in beside what is there.
function photoScene(random, photo, stamps) {
  return withThings(random, asScene(photo, random() < 0.5), Math.floor(3 * random()), stamps);
}

// photo: { image, boxes }, with boxes as corners in fractions of the picture.
function asScene({ image, boxes }, mirrored = false) {
  const turn = ([x1, y1, x2, y2]) => (mirrored ? [1 - x2, y1, 1 - x1, y2] : [x1, y1, x2, y2]);
  return { photo: image, mirrored, things: boxes.map((box) => ({ box: turn(box), label: LEARNED.length + 1 })) };
}

// What the boxes hold, cut out: to be pasted into other scenes, which is called copy-paste.
function cutOuts(photos) {
  return photos.flatMap(({ image, boxes }) => boxes.map(([x1, y1, x2, y2]) => {
    const [width, height] = [(x2 - x1) * image.width, (y2 - y1) * image.height];
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)));
    canvas.getContext("2d").drawImage(image, x1 * image.width, y1 * image.height, width, height, 0, 0, canvas.width, canvas.height);
    return { image: canvas.transferToImageBitmap(), shape: height / width };
  }));
}

// The scene with so many things more, none of which touches another.
function withThings(random, scene, more, stamps) {
  const things = [...scene.things];
  const wanted = Math.min(MOST_OBJECTS, things.length + more);
  for (let tries = 0; tries < 40 && things.length < wanted; tries++) {
    const label = 1 + Math.floor((LEARNED.length + (stamps.length ? 1 : 0)) * random());
    const size = (10 + 15 * random()) * (SIDE / 100); // half of the width
    const place = () => size + (SIDE - 2 * size) * random();
    const thing = { kind: LEARNED[label - 1], x: place(), y: place(), size, turn: 30 * random() - 15, label };
    if (thing.kind) thing.box = shapeBox(thing);
    else {
      const stamp = stamps[Math.floor(stamps.length * random())];
      Object.assign(thing, { stamp, turn: 0, flipped: random() < 0.5 });
      const [w, h] = stamp.shape > 1 ? [size / stamp.shape, size] : [size, size * stamp.shape];
      thing.box = [thing.x - w, thing.y - h, thing.x + w, thing.y + h].map((v) => v / SIDE);
    }
    const inside = thing.box.every((v) => v >= 0 && v <= 1);
    if (!inside || things.some((other) => overlap(other.box, thing.box))) continue;
    thing.colour = contrasting(random, scene.ground ?? [128, 128, 128]);
    things.push(thing);
  }
  return { ...scene, things };
}

// The scene on a square canvas of any size.
function paintScene(canvas, { ground, things, photo, mirrored }) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const side = canvas.width;
  if (photo) {
    context.save();
    if (mirrored) context.transform(-1, 0, 0, 1, side, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, side, side);
    context.restore();
  } else {
    context.fillStyle = cssColour(ground);
    context.fillRect(0, 0, side, side);
  }
  for (const { kind, x, y, size, turn, colour, stamp, flipped, box } of things) {
    context.save();
    if (kind) {
      const path = new Path2D();
      OUTLINES[kind](path);
      context.scale(side / SIDE, side / SIDE);
      context.translate(x, y);
      context.rotate(turn * Math.PI / 180);
      context.scale(size, size);
      context.fillStyle = cssColour(colour);
      context.fill(path, "evenodd");
    } else if (stamp) {
      const [x1, y1, x2, y2] = box.map((v) => v * side);
      context.translate(flipped ? x2 : x1, y1);
      context.scale(flipped ? -1 : 1, 1);
      context.imageSmoothingQuality = "high";
      context.drawImage(stamp.image, 0, 0, x2 - x1, y2 - y1);
    }
    context.restore();
  }
}
