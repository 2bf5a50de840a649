// A DSOD in the page: ONNX Runtime Web computes the network, the functions of the explorers do the rest.

// The bytes of a file. `progress` is told, chunk by chunk, how many have come.
async function fetchBytes(url, progress) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const chunks = [];
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(value);
    progress(value.length);
  }
}

// ONNX Runtime Web, from the folder `base`.
async function loadEngine(base, progress) {
  const wasm = await fetchBytes(new URL("onnxruntime.wasm", base), progress);
  const engine = await import(new URL("onnxruntime.js", base));
  engine.env.wasm.wasmBinary = wasm;
  engine.env.wasm.numThreads = 1; // more would need headers that a plain server does not send
  return engine;
}

// A detector from the bytes of a file that `python -m dsod_lite export` wrote.
async function openDetector(engine, bytes) {
  let about = {};
  try {
    about = onnxMetadata(bytes);
  } catch (error) {
    throw new Error(`this is no ONNX file: ${error.message}`);
  }
  for (const field of ["config", "classes"]) {
    if (!(field in about)) throw new Error(`the file's metadata have no "${field}": python -m dsod_lite export writes it`);
  }
  const config = JSON.parse(about.config);
  const names = JSON.parse(about.classes);
  const classes = Array.from({ length: config.num_classes - 1 }, (_, i) => names[i] ?? String(i + 1));
  const priors = priorsOf(config);
  const session = await engine.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const detector = { engine, session, config, classes, priors };
  const blank = Object.assign(document.createElement("canvas"), { width: config.image_size, height: config.image_size });
  await findObjects(detector, blank); // the first time takes many times as long, and shows whether the file fits
  return detector;
}

// The priors of a detector, from the fields of its config.
function priorsOf(config) {
  const mapSizes = [Math.ceil(config.image_size / 8)];
  for (const _ of config.prediction_channels) mapSizes.push(Math.ceil(mapSizes.at(-1) / 2));
  const numbers = {
    minSizes: config.priors.min_sizes,
    maxSizes: config.priors.max_sizes,
    aspectRatios: config.priors.aspect_ratios,
    steps: config.priors.steps ?? mapSizes.map((cells) => config.image_size / cells),
  };
  return priorBoxes(numbers, mapSizes, config.image_size);
}

// The network's input from a canvas of its size: the channels one after another, normalised as `DSOD.normalize` does it.
function toInput(canvas, { image_size: size, channel_order: order, mean, std }) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, size, size);
  const input = new Float32Array(3 * size * size);
  for (let channel = 0; channel < 3; channel++) {
    const from = order === "BGR" ? 2 - channel : channel;
    const start = channel * size * size;
    for (let i = 0; i < size * size; i++) input[start + i] = (data[4 * i + from] - mean[channel]) / std;
  }
  return input;
}

// What the detector finds on a canvas of its input's size, best first: [{ label, score, box }], with boxes as corners in
// fractions of the picture.
async function findObjects({ engine, session, config, priors }, canvas) {
  const shape = [1, 3, config.image_size, config.image_size];
  const { offsets, logits } = await session.run({ pictures: new engine.Tensor("float32", toInput(canvas, config), shape) });
  return toDetections({ config, priors }, offsets.data, logits.data);
}

// The same from the network's answers. Only priors that score enough are looked at: the others are most of them.
function toDetections({ config, priors }, offsets, logits) {
  const classes = config.num_classes;
  const all = softmax(logits, classes);
  const limit = Math.fround(config.score_threshold);
  const promising = Array.from({ length: priors.length / 4 }, (_, i) => i)
    .filter((i) => all.subarray(i * classes + 1, (i + 1) * classes).some((score) => score > limit));
  const corners = new Float32Array(4 * promising.length);
  const scores = new Float32Array(classes * promising.length);
  promising.forEach((prior, i) => {
    const four = [4 * prior, 4 * prior + 4];
    corners.set(decode(offsets.subarray(...four), priors.subarray(...four)), 4 * i);
    scores.set(all.subarray(prior * classes, (prior + 1) * classes), classes * i);
  });
  const kept = detect(scores, corners, classes, {
    scoreThreshold: config.score_threshold,
    nmsThreshold: config.nms_threshold,
    perClass: config.candidates_per_class,
    perImage: config.detections_per_image,
  });
  const clip = (v) => (config.clip_boxes ? Math.min(1, Math.max(0, v)) : v);
  return kept.map(({ prior, label, score }) =>
    ({ label, score, box: Array.from(corners.subarray(4 * prior, 4 * prior + 4), clip) }));
}
