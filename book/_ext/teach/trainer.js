// A detector that learns: the training step and the network, each an ONNX file, and the state that goes from step to step.

// Linear warm-up, then half a cosine down to 0 over `total` steps, as dsod_lite/training/optimizer.py has it.
function rateAt(step, total, peak, warmup = 20) {
  if (step < warmup) return peak * (step + 1) / warmup;
  return peak * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, (step - warmup) / Math.max(1, total - warmup))));
}

// engine: ONNX Runtime Web; training, network: the files' bytes.
async function openTrainer(engine, training, network) {
  const about = Object.fromEntries(Object.entries(onnxMetadata(training)).map(([key, value]) => [key, JSON.parse(value)]));
  const { config } = about;
  const open = (bytes) => engine.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const stepSession = await open(training);
  const lookSession = await open(network);
  const shapeOf = Object.fromEntries(stepSession.inputMetadata.map(({ name, shape }) => [name, shape]));
  const [batch, objects] = shapeOf.boxes;
  const size = config.image_size;
  const detector = { config, priors: priorsOf(config) };
  let state = null;
  let steps = 0;

  const tensor = (values, shape) => new engine.Tensor(values instanceof BigInt64Array ? "int64" : "float32", values, shape);

  // From new random weights.
  function begin(random) {
    load({ weights: firstWeights(about.parameters, random), statistics: firstStatistics(about.statistics) });
  }
  // From weights that are there, the optimizer's memory empty.
  function load({ weights, statistics, memory = new Float32Array(countOf(shapeOf.memory)), done = 0 }) {
    state = { weights, statistics, memory };
    steps = done;
  }

  // One step on `batch` pictures: pictures Float32Array [B * 3 * S * S], normalised; objects a list of { box, label } each.
  async function step(pictures, truth, rate) {
    const boxes = new Float32Array(batch * objects * 4);
    const labels = new BigInt64Array(batch * objects);
    for (let i = 0; i < boxes.length; i += 4) boxes.set([2, 2, 2.1, 2.1], i); // nowhere: outside of the picture
    truth.forEach((things, picture) => things.slice(0, objects).forEach(({ box, label }, i) => {
      boxes.set(box, 4 * (picture * objects + i));
      labels[picture * objects + i] = BigInt(label);
    }));
    const given = {
      weights: state.weights, memory: state.memory, statistics: state.statistics, steps: new Float32Array([steps]),
      pictures, boxes, labels, rate: new Float32Array([rate]),
    };
    const feeds = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, tensor(values, shapeOf[name])]));
    const out = await stepSession.run(feeds);
    const [regression, classification] = out.losses.data;
    const answers = { offsets: out.offsets.data, logits: out.logits.data, gradient: out.gradient.data };
    const loss = regression + classification;
    if (!Number.isFinite(loss)) return { loss, regression, classification, ...answers };
    state = { weights: out.new_weights.data, memory: out.new_memory.data, statistics: out.new_statistics.data };
    steps += 1;
    return { loss, regression, classification, ...answers };
  }

  // What it finds in a picture [3 * S * S], with the weights of this moment.
  async function look(pixels, threshold = config.score_threshold) {
    const { offsets, logits } = await lookSession.run({
      weights: tensor(state.weights, shapeOf.weights),
      statistics: tensor(state.statistics, shapeOf.statistics),
      pictures: tensor(pixels, [1, 3, size, size]),
    });
    return toDetections({ ...detector, config: { ...config, score_threshold: threshold } }, offsets.data, logits.data);
  }

  return {
    about, networkBytes: network, batch, size, priors: detector.priors, begin, load, step, look,
    state: () => ({ ...state, done: steps }),
    steps: () => steps,
  };
}

// The area under the precision-recall curve at an IoU of 0.5, for each class that occurs: { label: area }.
// found: for each picture [{ label, score, box }]; truth: for each picture [{ label, box }].
function ap50s(found, truth) {
  const labels = [...new Set(truth.flat().map(({ label }) => label))].sort();
  const flat = (lists, label) => lists.flatMap((list, image) =>
    list.filter((thing) => thing.label === label).map((thing) => ({ image, ...thing })));
  return Object.fromEntries(labels.map((label) => {
    const objects = flat(truth, label);
    const { precision, recall } = precisionRecall(verdicts(claims(flat(found, label), objects), objects, 0.5), objects.length);
    return [label, averagePrecision(precision, recall, "all-point")];
  }));
}

// Which priors a step learned from, in one picture of its batch: { positive: [prior], negative: [prior] }.
function learnedFrom({ config, priors }, things, logits) {
  const count = priors.length / 4;
  const classes = config.num_classes;
  const corners = Float32Array.from(things.flatMap(({ box }) => box));
  const matched = match(boxIou(corners, toCorners(priors)), things.length, count, config.match_threshold, "bipartite");
  const positive = [];
  const others = [];
  matched.forEach((object, prior) => (object >= 0 ? positive : others).push(prior));
  const background = new Map(others.map((prior) => {
    const row = logits.subarray(prior * classes, (prior + 1) * classes);
    const largest = Math.max(...row);
    return [prior, largest - row[0] + Math.log(row.reduce((sum, v) => sum + Math.exp(v - largest), 0))];
  }));
  others.sort((a, b) => background.get(b) - background.get(a));
  const wanted = minedNegatives(positive.length, count, config.negatives_per_positive, config.min_negatives);
  return { positive, negative: others.slice(0, wanted) };
}
