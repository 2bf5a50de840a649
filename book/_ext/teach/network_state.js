// The state of a training: weights, the optimizer's memory and BatchNorm's statistics, as flat arrays in the order that the
// file's metadata say: `parameters` is [name, shape, kind, size] each, `statistics` [name, shape].

const countOf = (shape) => shape.reduce((product, n) => product * n, 1);

// A number from the normal distribution, by Box and Muller.
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// Random weights, drawn as PyTorch draws them for a new network.
function firstWeights(parameters, random) {
  const draw = {
    uniform: (bound) => bound * (2 * random() - 1),
    normal: (deviation) => deviation * normal(random),
    constant: (value) => value,
  };
  const values = parameters.flatMap(([, shape, kind, size]) => Array.from({ length: countOf(shape) }, () => draw[kind](size)));
  return Float32Array.from(values);
}

// Means of 0 and variances of 1.
function firstStatistics(statistics) {
  return Float32Array.from(statistics.flatMap(([name, shape]) =>
    Array(countOf(shape)).fill(name.endsWith("running_var") ? 1 : 0)));
}

// The flat array's parts by name: { name: { shape, values } }.
function named(layout, values) {
  let at = 0;
  return Object.fromEntries(layout.map(([name, shape]) => {
    const part = values.subarray(at, at + countOf(shape));
    at += part.length;
    return [name, { shape, values: part }];
  }));
}

// How long the gradient is, for each part of the network, in the order that a picture passes them: [[name, length]].
function gradientLengths(parameters, gradient) {
  const squares = new Map();
  for (const [name, { values }] of Object.entries(named(parameters, gradient))) {
    const part = name.split(".")[0];
    squares.set(part, (squares.get(part) ?? 0) + values.reduce((sum, v) => sum + v * v, 0));
  }
  const order = ["stem", "block1", "transition1", "block2", "transition2", "block3", "transition3", "block4", "prediction", "head"];
  return order.filter((part) => squares.has(part)).map((part) => [part, Math.sqrt(squares.get(part))]);
}
