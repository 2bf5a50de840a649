// The worker: it paints scenes, trains on them, looks and judges, so that the page itself never waits.
//
// It is told { type, … }: load, begin, run, pause, step, rate, look, class, save, open. It answers loaded (bytes that came),
// ready, stepped, looked, judged, done, saved and failed.

const LOOK_EVERY = 5; // steps
const JUDGE_EVERY = 50;
const CROWDED = 4; // things of a scene to learn from, at least, if they fit: each teaches. Those to judge by have one to three
const HELD_OUT = 60; // pictures
const HELD_OUT_SEED = 20170807; // far from the seeds of training

let trainer = null;
let canvas = null;
let random = null; // the scenes' numbers
let heldOut = []; // [{ scene, pixels, truth }]
let own = { stamps: [], photos: [], kept: [] }; // the reader's class: see the message "class"
let plan = {}; // { total, peak }: how many steps, and the rate's highest
let running = false;
let shown = 0; // which held-out picture is looked at
let seconds = 0; // of training

const tell = (type, content = {}, transfer = []) => postMessage({ type, ...content }, transfer);

function pixelsOf(scene) {
  paintScene(canvas, scene);
  return toInput(canvas, trainer.about.config);
}

// For the reader's eyes.
function paintedLarge(scene) {
  const large = new OffscreenCanvas(384, 384);
  paintScene(large, scene);
  return large.transferToImageBitmap();
}

// Cuttings from the pictures to learn from have no place among those to judge by: there a drawn stamp alone is pasted in.
function paintHeldOut() {
  const numbers = randomNumbers(HELD_OUT_SEED);
  const stamps = own.photos.length ? [] : own.stamps;
  const scenes = [
    ...own.kept.map((photo) => asScene(photo)),
    ...Array.from({ length: HELD_OUT }, () => randomScene(numbers, stamps)),
  ];
  heldOut = scenes.map((scene) => ({ scene, pixels: pixelsOf(scene), truth: scene.things }));
}

// Every other picture of a batch is one of the reader's, if there are any.
function nextScene(place) {
  if (own.photos.length && place % 2) return photoScene(random, own.photos[Math.floor(own.photos.length * random())], own.stamps);
  return randomScene(random, own.stamps, CROWDED);
}

async function oneStep() {
  const start = performance.now();
  const { batch, size } = trainer;
  const scenes = Array.from({ length: batch }, (_, i) => nextScene(i));
  const pictures = new Float32Array(batch * 3 * size * size);
  scenes.forEach((scene, i) => pictures.set(pixelsOf(scene), i * 3 * size * size));
  const rate = rateAt(trainer.steps(), plan.total, plan.peak);
  const result = await trainer.step(pictures, scenes.map(({ things }) => things), rate);
  if (!Number.isFinite(result.loss)) {
    running = false;
    tell("failed", { message: "The loss is no number any more: the steps were too long. Start again, with a smaller learning rate.", ruined: true });
    return false;
  }
  const step = trainer.steps();
  seconds += (performance.now() - start) / 1000;
  tell("stepped", {
    step, rate, seconds, loss: result.loss, regression: result.regression, classification: result.classification,
    lengths: step % LOOK_EVERY === 1 || !running ? gradientLengths(trainer.about.parameters, result.gradient) : null,
  });
  if (step % LOOK_EVERY === 1 || !running) {
    const logits = result.logits.subarray(0, trainer.priors.length / 4 * trainer.about.config.num_classes);
    const { positive, negative } = learnedFrom({ config: trainer.about.config, priors: trainer.priors }, scenes[0].things, logits);
    const boxes = (list) => list.map((prior) => Array.from(toCorners(trainer.priors.subarray(4 * prior, 4 * prior + 4))));
    const image = paintedLarge(scenes[0]);
    tell("learnedFrom", { image, positive: boxes(positive), negative: boxes(negative) }, [image]);
  }
  return true;
}

async function look() {
  const { scene, pixels, truth } = heldOut[shown];
  const start = performance.now();
  const found = await trainer.look(pixels, 0.05);
  if (running) seconds += (performance.now() - start) / 1000;
  const image = paintedLarge(scene);
  tell("looked", { image, found, truth: truth.map(({ box, label }) => ({ box, label })) }, [image]);
}

async function judge() {
  const start = performance.now();
  const found = [];
  for (const { pixels } of heldOut) found.push(await trainer.look(pixels, 0.02));
  const each = ap50s(found, heldOut.map(({ truth }) => truth));
  if (running) seconds += (performance.now() - start) / 1000;
  tell("judged", { step: trainer.steps(), each, seconds });
}

// The end of the loop: no step is under way any more.
async function stopped() {
  running = false;
  await loop;
}

// The loop. It lets messages in between two steps.
let loop = Promise.resolve();
function run() {
  if (!running) loop = steps().catch(failed);
}
async function steps() {
  running = true;
  while (running && trainer.steps() < plan.total) {
    if (!(await oneStep())) return;
    if (trainer.steps() % LOOK_EVERY === 0) await look();
    if (trainer.steps() % JUDGE_EVERY === 0) await judge();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const finished = trainer.steps() >= plan.total;
  running = false;
  tell(finished ? "done" : "paused", { step: trainer.steps(), seconds });
}

const answers = {
  async load({ base, files, threads }) {
    const more = (bytes) => tell("loaded", { bytes });
    const [engine, training, network] = await Promise.all([
      loadEngine(base, more, threads),
      ...files.map((file) => fetchBytes(fileAt(file, base), more)),
    ]);
    tell("opening");
    trainer = await openTrainer(engine, training, network);
    canvas = new OffscreenCanvas(trainer.size, trainer.size);
    tell("ready", { batch: trainer.batch, classes: trainer.about.classes });
  },
  async begin({ seed, total, peak }) {
    await stopped();
    plan = { total, peak };
    random = randomNumbers(seed + 1);
    trainer.begin(randomNumbers(seed));
    seconds = 0;
    paintHeldOut();
    await look();
    tell("begun", { total });
  },
  run,
  pause() { running = false; },
  async step() {
    await stopped();
    if (!(await oneStep())) return;
    await look();
    tell("paused", { step: trainer.steps(), seconds });
  },
  rate({ peak }) { plan.peak = peak; },
  longer({ total }) { plan.total = total; },
  async look({ next }) {
    shown = (shown + next) % heldOut.length;
    if (!running) await look();
  },
  // stamp: what was drawn, or null. photos: the reader's pictures to learn from, kept: those to judge by.
  async class({ stamp = null, photos = [], kept = [] }) {
    await stopped();
    own = { stamps: stamp ? [stamp] : cutOuts(photos), photos, kept };
    shown = 0;
    paintHeldOut();
    await look();
  },
  async save({ format, name }) {
    const { weights, statistics } = trainer.state();
    const classes = [...LEARNED, name];
    const bytes = format === "safetensors"
      ? safetensors(trainer.about, { weights, statistics }, classes)
      : withWeights(trainer.networkBytes, { weights, statistics }, { classes });
    tell("saved", { format, bytes, step: trainer.steps() }, [bytes.buffer]);
  },
  async open({ bytes, total }) {
    await stopped();
    const { classes, ...state } = readSafetensors(trainer.about, bytes);
    trainer.load(state);
    seconds = 0;
    plan.total = total;
    await look();
    tell("opened", { classes });
    await judge();
  },
};

function failed(error, during = "run") {
  running = false;
  tell("failed", { message: error.message, during });
}

// One after another: the engine does one thing at a time. Only what stops the loop, or waits for nothing, comes at once.
const AT_ONCE = ["pause", "rate", "longer"];
let queue = Promise.resolve();
onmessage = ({ data: { type, ...content } }) => {
  if (AT_ONCE.includes(type)) answers[type](content);
  else queue = queue.then(() => answers[type](content)).catch((error) => failed(error, type));
};
