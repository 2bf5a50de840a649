// Shapes on a textured ground, much like the drawn pictures that the detector learned from. The picture is 100 units wide
// and high, whatever the canvas.

const SIDE = 100;

// A shape's outline, about 1 from its middle to its tips.
const OUTLINES = {
  circle: (path) => path.arc(0, 0, 1, 0, 2 * Math.PI),
  cross: polygon([[-1, -0.36], [-0.36, -0.36], [-0.36, -1], [0.36, -1], [0.36, -0.36], [1, -0.36],
    [1, 0.36], [0.36, 0.36], [0.36, 1], [-0.36, 1], [-0.36, 0.36], [-1, 0.36]]),
  rectangle: polygon([[-1, -0.65], [1, -0.65], [1, 0.65], [-1, 0.65]]),
  ring: (path) => {
    path.arc(0, 0, 1, 0, 2 * Math.PI);
    path.moveTo(0.5, 0);
    path.arc(0, 0, 0.5, 0, 2 * Math.PI, true);
  },
  star: polygon(Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 ? 0.382 : 1; // where the lines from tip to tip cross
    return [radius * Math.sin(i * Math.PI / 5), -radius * Math.cos(i * Math.PI / 5)];
  })),
  triangle: polygon([[0, -1], [1, 0.8], [-1, 0.8]]),
};
const COLOURS = {
  white: "#f3efe6",
  yellow: "#f1c944",
  orange: "#e8803a",
  red: "#c23b3b",
  green: "#3f9b5f",
  blue: "#3c6fc0",
  purple: "#7c4fa8",
  black: "#22242a",
};

function polygon(points) {
  return (path) => {
    points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
  };
}

// Numbers in [0, 1), the same for the same seed: a linear congruential generator (Numerical Recipes, 7.1).
function randomNumbers(seed) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next(); // the first few of neighbouring seeds are alike
  return next;
}

const smooth = (x) => x * x * (3 - 2 * x);
const wave = (x) => 4 * Math.abs(x - Math.floor(x) - 0.5) - 1; // a triangle wave of period 1 between -1 and 1
const mix = (a, b, t) => a + (b - a) * t;

// Smooth noise over the unit square: random values on a grid, blended in between.
function noise(random, cells) {
  const grid = Array.from({ length: (cells + 2) ** 2 }, random);
  return (u, v) => {
    const [i, j] = [u, v].map((x) => Math.floor(x * cells));
    const [s, t] = [smooth(u * cells - i), smooth(v * cells - j)];
    const at = j * (cells + 2) + i;
    return mix(mix(grid[at], grid[at + 1], s), mix(grid[at + cells + 2], grid[at + cells + 3], s), t);
  };
}

// From a place in the unit square to how much of the second colour is there.
const TEXTURES = [
  (random, along) => (u, v) => smooth(Math.min(1, Math.max(0, 0.5 + 0.7 * (along(u, v) - along(0.5, 0.5))))),
  (random) => noise(random, 4 + Math.floor(8 * random())),
  (random, along, scale) => (u, v) => 0.5 + 0.5 * wave(along(u, v) / scale),
  (random, along, scale) => {
    const cloud = noise(random, 4);
    return (u, v) => 0.5 + 0.5 * wave(along(u, v) / scale + 2 * cloud(u, v));
  },
];

// The ground that a seed stands for, as a canvas of side × side pixels.
function paintGround(seed, side) {
  const random = randomNumbers(seed);
  const angle = 2 * Math.PI * random();
  const along = (u, v) => Math.cos(angle) * u + Math.sin(angle) * v;
  const texture = TEXTURES[Math.floor(TEXTURES.length * random())](random, along, 0.1 + 0.3 * random());
  const light = noise(random, 2);
  const first = Array.from({ length: 3 }, () => 50 + 130 * random());
  const second = first.map((value) => value + 60 * (random() - 0.5));
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const [u, v] = [(i % side + 0.5) / side, (Math.floor(i / side) + 0.5) / side];
    const t = texture(u, v);
    const shade = 1 + 0.3 * (light(u, v) - 0.5); // slow light and shade
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = mix(first[c], second[c], t) * shade;
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// Shapes { kind, x, y, size, turn, colour } on a ground that was painted, onto a square canvas of any size.
function paintShapes(canvas, ground, shapes) {
  const context = canvas.getContext("2d");
  context.drawImage(ground, 0, 0, canvas.width, canvas.height);
  for (const { kind, x, y, size, turn, colour } of shapes) {
    const path = new Path2D();
    OUTLINES[kind](path);
    context.save();
    context.scale(canvas.width / SIDE, canvas.height / SIDE);
    context.translate(x, y);
    context.rotate(turn * Math.PI / 180);
    context.scale(size, size);
    context.fillStyle = COLOURS[colour];
    context.fill(path, "evenodd");
    context.restore();
  }
}
