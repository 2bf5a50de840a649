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

// ONNX Runtime Web, from the folder `base`. More threads than one need a page that is isolated from other sites.
async function loadEngine(base, progress, threads = 1) {
  const wasm = await fetchBytes(fileAt("onnxruntime.wasm", base), progress);
  const engine = await import(await withHeadersOfPage(fileAt("onnxruntime.js", base)));
  engine.env.wasm.wasmBinary = wasm;
  engine.env.wasm.numThreads = threads;
  return engine;
}

// The address of a script's copy. A thread that begins with the copy has the headers of the page; with the script itself it
// would have those that the server sent.
async function withHeadersOfPage(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return URL.createObjectURL(await response.blob());
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

// What the detector finds on a canvas of its input's size, best first: [{ label, score, box }], with boxes as corners in
// fractions of the picture.
async function findObjects({ engine, session, config, priors }, canvas) {
  const shape = [1, 3, config.image_size, config.image_size];
  const { offsets, logits } = await session.run({ pictures: new engine.Tensor("float32", toInput(canvas, config), shape) });
  return toDetections({ config, priors }, offsets.data, logits.data);
}
