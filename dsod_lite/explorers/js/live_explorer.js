// LiveExplorer: a detector looks at pictures, videos and the camera. live.py describes the state.

const LARGEST = 1024; // pixels of the canvas's longer side

function render({ model, el }) {
  const config = JSON.parse(model.get("config"));
  const graph = JSON.parse(model.get("graph"));
  const weights = floats(model.get("weights"));
  const classes = model.get("classes");
  const priors = priorsOf(config);
  let source = null; // an image, or a video, from a file or the camera
  let stream = null; // of the camera
  let turn = 0; // how often it was stopped: a camera may be given when something else is wanted already
  let found = [];
  let milliseconds = []; // of the last frames

  // ---- the figure
  const parts = layout(el, "Live detector");
  const canvas = html("canvas", { class: "live-canvas", role: "img", width: 512, height: 384, "aria-label": "No picture" });
  const frame = html("div", { class: "live-frame" }, canvas);
  const status = html("p", { class: "explorer-note", role: "status" });
  parts.figure.append(frame, status);
  const overlay = stage(frame, "Detections", 0, 0, 512, 384);
  const boxes = svg("g", { class: "live-boxes", "aria-hidden": "true" });
  overlay.append(boxes);
  const threshold = slider(parts.controls, "Score threshold",
    { min: 0.05, max: 0.95, step: 0.01, format: (v) => v.toFixed(2) }, (value) => set(model, "score_threshold", value));
  threshold.input.parentElement.classList.add("explorer-wide");
  const row = html("div", { class: "explorer-row" });
  parts.controls.append(row);

  // ---- what it looks at
  const file = html("input", { type: "file", accept: "image/*,video/*", hidden: true, change: () => {
    if (file.files.length) take(file.files[0]);
    file.value = ""; // the same file can be chosen again
  } });
  button(row, "A picture or video of yours…", () => file.click());
  row.append(file);
  const camera = button(row, "Camera", () => (stream ? stop() : start()));
  camera.input.hidden = !navigator.mediaDevices?.getUserMedia; // a page from a server has it only with https
  parts.root.addEventListener("dragover", (event) => event.preventDefault());
  parts.root.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });

  async function take(given) {
    stop();
    try {
      if (given.type.startsWith("video/")) await play({ src: URL.createObjectURL(given), loop: true });
      else look(await createImageBitmap(given), given.name); // the right way up, if a camera's file says which that is
    } catch {
      status.textContent = `${given.name} is nothing that this browser shows.`;
    }
  }
  async function start() {
    stop();
    const mine = turn;
    try {
      const given = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
      if (mine !== turn) return given.getTracks().forEach((track) => track.stop());
      stream = given;
      await play({});
      camera.show("Stop the camera");
    } catch (error) {
      if (mine !== turn) return;
      stop();
      status.textContent = `There is no camera to be had: ${error.message}`;
    }
  }
  async function play(attributes) {
    const video = html("video", { muted: true, playsinline: true, ...attributes });
    video.muted = true; // else no browser plays it by itself
    if (stream) video.srcObject = stream;
    await video.play();
    look(video, "");
  }
  function stop() {
    turn += 1;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    if (source instanceof HTMLVideoElement) source.pause();
    camera.show("Camera");
  }
  function look(at, name) {
    source?.close?.(); // a picture's memory
    source = at;
    milliseconds = [];
    failed = false;
    status.textContent = name;
    next();
  }

  // ---- a frame
  const input = html("canvas", { width: config.image_size, height: config.image_size });
  input.getContext("2d", { willReadFrequently: true });
  let waiting = false;
  let failed = false;

  // Looks at the source, and again as long as it moves.
  function next() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (!source || !el.isConnected) return stop();
      try {
        see();
        if (failed) status.textContent = "";
        failed = false;
      } catch (error) {
        failed = true;
        status.textContent = `This look failed: ${error.message}. The next picture is looked at again.`;
      }
      if (source instanceof HTMLVideoElement && !source.paused) next();
    });
  }
  function see() {
    const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
    if (!width) return;
    const scale = Math.min(1, LARGEST / Math.max(width, height));
    const [w, h] = [width, height].map((side) => Math.max(1, Math.round(scale * side)));
    if (canvas.width !== w || canvas.height !== h) {
      assign(canvas, { width: w, height: h });
      setView(overlay, 0, 0, w, h);
    }
    const begun = performance.now();
    for (const sheet of [canvas, input]) paintOnWhite(sheet, source);
    const side = config.image_size;
    const picture = { data: toInput(input, config), channels: 3, height: side, width: side };
    found = toDetections({ config, priors }, ...runNetwork(graph, weights, picture));
    milliseconds = [...milliseconds.slice(-9), performance.now() - begun];
    draw();
  }

  function draw() {
    const least = model.get("score_threshold");
    threshold.show(least);
    const words = showFound(boxes, overlay, found.filter(({ score }) => score >= least), classes);
    const best = found[0] ? `${classes[found[0].label - 1]} ${found[0].score.toFixed(2)}` : "–";
    const mean = milliseconds.reduce((a, b) => a + b, 0) / milliseconds.length;
    if (milliseconds.length) canvas.setAttribute("aria-label", `The picture. Found: ${words}`);
    showFacts(parts.facts, milliseconds.length
      ? [["Found", words], ["Surest", best], ["One picture", `${mean.toFixed(0)} ms`]]
      : [["Found", "nobody is looking yet"]]);
  }

  if (model.get("picture")) {
    const first = new Image();
    first.onload = () => source ?? look(first, "");
    first.src = model.get("picture");
  }
  const ended = [listen(model, ["score_threshold"], draw), onResize(overlay, draw), stop];
  draw();
  return () => ended.forEach((end) => end());
}
