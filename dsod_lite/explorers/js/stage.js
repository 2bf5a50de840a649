// What every explorer with a drawing shares: a stage that scales, what is put on it, and dragging by mouse, finger and
// keys. A stage is an SVG that is as wide as its place, in units of its own.

function stage(parent, label, x, y, width, height) {
  const element = svg("svg", { class: "explorer-stage", role: "group", "aria-label": label });
  setView(element, x, y, width, height);
  parent.append(element);
  return element;
}

function setView(stageElement, x, y, width, height) {
  stageElement.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
}

// A picture stretched over a box of the stage. `href` may be empty: then its place is a blank sheet.
function picture(parent, href, x, y, width, height) {
  const sheet = svg("rect", { class: "explorer-sheet", x, y, width, height });
  parent.append(sheet);
  if (href) parent.append(svg("image", { href, x, y, width, height, preserveAspectRatio: "none" }));
  return sheet;
}

// Units of the stage in one CSS pixel: for handles and words that keep their size on every screen.
function unit(stageElement) {
  const box = stageElement.getBoundingClientRect();
  const view = stageElement.viewBox.baseVal;
  return box.width ? Math.max(view.width / box.width, view.height / box.height) : 1;
}

// Where on the stage a pointer is, in its units.
function pointOf(stageElement, event) {
  const point = new DOMPoint(event.clientX, event.clientY);
  const { x, y } = point.matrixTransform(stageElement.getScreenCTM().inverse());
  return { x, y };
}

// Calls redraw whenever the stage gets another width. Gives a function that ends it.
function onResize(stageElement, redraw) {
  let width = 0;
  const observer = new ResizeObserver(([entry]) => {
    if (entry.contentRect.width !== width) {
      width = entry.contentRect.width;
      redraw();
    }
  });
  observer.observe(stageElement);
  return () => observer.disconnect();
}

// How wide words are in CSS pixels: names may be of any script.
const ruler = document.createElement("canvas").getContext("2d");
function widthOf(text) {
  ruler.font = "600 12px system-ui, sans-serif";
  return ruler.measureText(text).width;
}

// A few words on a plate whose lower left corner is at (x, y), or as near as the stage has room: at the same size on
// every screen.
function plate(stageElement, x, y, text) {
  const px = unit(stageElement);
  const view = stageElement.viewBox.baseVal;
  const width = (widthOf(text) + 8) * px;
  const height = 17 * px;
  const left = Math.max(view.x, Math.min(x, view.x + view.width - width));
  const bottom = Math.max(y, view.y + height);
  return svg("g", { class: "explorer-plate" },
    svg("rect", { x: left, y: bottom - height, width, height, rx: 3 * px }),
    svg("text", { x: left + 4 * px, y: bottom - 4.5 * px, "font-size": 12 * px }, text));
}

function boxPath(x1, y1, x2, y2) {
  return `M${x1} ${y1}H${x2}V${y2}H${x1}Z`;
}

// The colour of the i-th thing, told apart with every common kind of colour blindness.
function series(i) {
  return `var(--explorer-series-${i % 6})`;
}

// ---- dragging -------------------------------------------------------------------------------------------------------

// A round handle, for mouse and finger. place(x, y, unit) puts it where it belongs, at the same size on every screen.
function handle(parent) {
  const reach = svg("circle", { class: "explorer-reach" });
  const dot = svg("circle", { class: "explorer-dot" });
  const element = svg("g", { class: "explorer-handle", "aria-hidden": "true" }, reach, dot);
  parent.append(element);
  // A finger on a handle drags it, and beside it scrolls the page. (Chromium heeds no touch-action inside an SVG.)
  element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  const place = (x, y, unit) => {
    assign(reach, { cx: x, cy: y, r: 16 * unit });
    assign(dot, { cx: x, cy: y, r: 7 * unit });
  };
  return { element, place };
}

// Calls start(point, event) when the element is taken hold of and move(point, event, started) while it is dragged, with
// points in the stage's units. `started` is what start gave back; if that is false, nothing is dragged.
function drag(element, stageElement, start, move) {
  let pointer = null;
  let started;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    started = start(pointOf(stageElement, event), event);
    if (started === false) return;
    event.stopPropagation(); // what lies beneath is not dragged as well
    pointer = event.pointerId;
    element.setPointerCapture(pointer);
  });
  for (const moved of ["pointermove", "pointerup"]) { // the last step of a finger may come with its lifting only
    element.addEventListener(moved, (event) => {
      if (event.pointerId === pointer) move(pointOf(stageElement, event), event, started);
    });
  }
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => { pointer = null; });
}

// step(dx, dy, event) with -1, 0 or 1 each, when an arrow key is pressed on the focused element.
function arrows(element, step) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  element.addEventListener("keydown", (event) => {
    const found = steps[event.key];
    if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(found[0], found[1], event);
  });
}
