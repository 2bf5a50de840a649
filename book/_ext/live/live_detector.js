// The page's part: what is looked at, the shapes or a picture, and what the detector finds in it.

const HOME = document.currentScript.src; // the folder of the engine and the model
const DISPLAY = 512; // pixels of the canvas that the reader sees; the network gets one of its own
const LARGEST = 1024; // pixels of a given picture's longer side

function liveDetector(el) {
  let photo = null; // a picture that was given, instead of the shapes
  let engine = null;
  let detector = null;
  let modelName = "";
  let found = [];
  let milliseconds = []; // of the last frames
  let threshold = 0.3;

  // ---- the figure
  const parts = layout(el, "Live detector");
  const canvas = html("canvas", { class: "live-canvas", role: "img", width: DISPLAY, height: DISPLAY });
  const frame = html("div", { class: "live-frame" }, canvas);
  const loading = html("div", { class: "live-loading" });
  const hint = html("p", { class: "explorer-note", id: uid("hint") },
    "Drag a shape, or its handle to scale it. Keys: arrows move, Shift and arrows scale, Delete removes.");
  const palette = html("div", { class: "live-palette" });
  parts.figure.append(frame, loading, hint, palette);
  const overlay = stage(frame, "Shapes and detections", 0, 0, SIDE, SIDE);
  const boxes = svg("g", { class: "live-boxes", "aria-hidden": "true" });
  overlay.append(boxes);
  const thresholdControl = slider(parts.controls, "Score threshold",
    { min: 0.05, max: 0.95, step: 0.01, format: (v) => v.toFixed(2) }, (value) => {
      threshold = value;
      drawBoxes();
    });
  thresholdControl.input.parentElement.classList.add("explorer-wide");
  const shapeControls = html("div", { class: "explorer-controls" });
  parts.controls.append(shapeControls);
  const editor = shapeEditor(overlay, palette, shapeControls, hint, changed);

  // ---- loading
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const total = Object.values(FILE_SIZES).reduce((a, b) => a + b);
  const taught = location.hash === "#taught"; // in this browser, on the page where a detector learns: see taught.js
  const label = taught ? "Load the detector that you have taught" : "Load the detector";
  const loader = button(loading, `${label} (${megabytes(total)})`, load).input;
  loader.classList.add("live-load");
  const progress = html("progress", { "aria-label": "Loaded", max: 1, value: 0, hidden: true });
  const status = html("p", { class: "explorer-note", role: "status" });
  loading.append(progress, status);
  if (location.protocol === "file:") {
    loader.remove();
    status.textContent = "This page was opened as a file, and browsers load no WebAssembly from there. Serve the book with "
      + "“make serve”, or the folder of its pages with “python -m http.server”, and open http://localhost:8000. The "
      + "shapes can be moved all the same.";
  }

  async function load() {
    if (loader.hasAttribute("aria-disabled")) return;
    assign(loader, { "aria-disabled": "true" }); // `disabled` would take the focus from a keyboard
    progress.hidden = false;
    let loaded = 0;
    const more = (bytes) => {
      loaded += bytes;
      progress.value = Math.min(1, loaded / total);
      status.textContent = `${megabytes(loaded)} of ${megabytes(total)}`;
    };
    try {
      const model = fetchBytes(fileAt("detector.onnx", HOME), more);
      [engine] = await Promise.all([loadEngine(HOME, more), model]);
      const own = taught && await taughtDetector();
      await (own ? use(own, "the detector that you have taught") : use(await model, "the book’s detector"));
      if (document.activeElement === loader) thresholdControl.input.focus();
      loader.remove();
    } catch (error) {
      status.textContent = `It could not be loaded: ${error.message}`;
      assign(loader, { "aria-disabled": null });
    }
    progress.hidden = true;
  }

  async function use(bytes, name) {
    detector = await openDetector(engine, bytes);
    modelName = name;
    ownModel.hidden = false;
    found = [];
    milliseconds = [];
    sayWhoLooks();
    changed();
  }

  function sayWhoLooks() {
    if (!detector) return;
    const { config: { image_size: size }, classes } = detector;
    status.textContent = `Now looking: ${modelName}, at ${size} × ${size} pixels, for ${classes.join(", ")}.`;
  }

  // ---- pictures and models of the reader's own
  const row = html("div", { class: "explorer-row" });
  parts.controls.append(row);
  // A button that opens the browser's file dialog.
  function fileButton(label, accept, take) {
    const input = html("input", { type: "file", accept, hidden: true, change: () => {
      if (input.files.length) take(input.files[0]);
      input.value = ""; // the same file can be chosen again
    } });
    const pressed = button(row, label, () => input.click()).input;
    pressed.after(input);
    return pressed;
  }
  fileButton("A picture of yours…", "image/*", takePicture);
  const back = button(row, "Back to the shapes", () => showPicture(null)).input;
  const ownModel = fileButton("A model of yours (.onnx)…", ".onnx", takeModel);
  back.hidden = ownModel.hidden = true;

  async function takePicture(file) {
    try {
      showPicture(await createImageBitmap(file)); // the right way up, if a camera's file says which that is
    } catch {
      status.textContent = `${file.name} is no picture that this browser reads.`;
    }
  }
  async function takeModel(file) {
    try {
      if (!engine) throw new Error("load the book’s detector first, then it can take its place");
      await use(new Uint8Array(await file.arrayBuffer()), file.name);
    } catch (error) {
      status.textContent = `${file.name}: ${error.message}`;
    }
  }
  parts.root.addEventListener("dragover", (event) => event.preventDefault());
  parts.root.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) (file.name.endsWith(".onnx") ? takeModel : takePicture)(file);
  });

  function showPicture(picture) {
    photo?.close();
    photo = picture;
    const [width, height] = photo ? [photo.width, photo.height] : [DISPLAY, DISPLAY];
    const longest = Math.max(width, height);
    const scale = Math.min(1, LARGEST / longest);
    canvas.width = Math.max(1, Math.round(scale * width));
    canvas.height = Math.max(1, Math.round(scale * height));
    setView(overlay, 0, 0, SIDE * width / longest, SIDE * height / longest);
    editor.hide(Boolean(photo));
    back.hidden = !photo;
    found = [];
    sayWhoLooks();
    changed();
  }

  // ---- a frame
  const input = html("canvas");
  input.getContext("2d", { willReadFrequently: true });

  function paint(onto) {
    if (photo) paintOnWhite(onto, photo);
    else editor.paint(onto);
  }

  // Draws what there is, and looks at it. A frame that is asked for while one is on its way comes after it; one that fails
  // is said, and the next one tried.
  let busy = false;
  let again = false;
  let failed = false;
  async function changed() {
    again = true;
    if (busy) return;
    busy = true;
    while (again || (editor.isDrifting() && !photo)) {
      again = false;
      await new Promise(requestAnimationFrame);
      try {
        if (editor.isDrifting()) editor.drift();
        paint(canvas);
        editor.draw();
        if (detector) await look();
        if (failed) sayWhoLooks();
        failed = false;
      } catch (error) {
        failed = true;
        found = [];
        status.textContent = `This look failed: ${error.message ?? error}. The next change is looked at again.`;
      }
      drawBoxes();
    }
    busy = false;
  }

  async function look() {
    const start = performance.now();
    const size = detector.config.image_size;
    if (input.width !== size) input.width = input.height = size;
    paint(input);
    found = await findObjects(detector, input);
    milliseconds = [...milliseconds.slice(-9), performance.now() - start];
  }

  function drawBoxes() {
    const words = showFound(boxes, overlay, found.filter(({ score }) => score > threshold), detector?.classes);
    const looked = milliseconds.length > 0;
    canvas.setAttribute("aria-label", looked ? `The picture. Found: ${words}` : "The picture");
    const mean = milliseconds.reduce((a, b) => a + b, 0) / milliseconds.length;
    showFacts(parts.facts, looked ? [
      ["Found", words],
      ["One frame", `${mean.toFixed(0)} ms`],
      ["Frames a second", (1000 / mean).toFixed(mean > 100 ? 1 : 0)],
    ] : [["Found", "nobody is looking yet"]]);
    thresholdControl.show(threshold);
  }

  onResize(overlay, changed);
  changed();
}

liveDetector(document.getElementById("live-detector"));
