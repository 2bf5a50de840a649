// A small canvas to draw a stamp on. It is pasted into the scenes as a class of its own.

const PAD = 160; // pixels

// Gives { cut(), isEmpty() }: the drawing without the blank around it, as { image, shape }; null if there is nothing.
function stampPad(parent, changed) {
  const canvas = html("canvas", {
    class: "teach-pad", width: PAD, height: PAD, role: "img",
    "aria-label": "Draw here with the mouse or a finger. Ready made puts a face here instead.",
  });
  parent.append(canvas);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { lineWidth: 14, lineCap: "round", lineJoin: "round" });
  let last = null;

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [PAD * (event.clientX - box.left) / box.width, PAD * (event.clientY - box.top) / box.height];
  };
  const line = (from, to) => {
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]); // a line of no length would leave no dot
    context.stroke();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    line(last, last);
    changed();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = place(event);
    line(last, here);
    last = here;
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });

  const pens = group(parent, "Pen");
  const swatches = COLOURS_OF_PEN.map(([name, value]) => {
    const { input } = button(pens, "", () => pick(input, value));
    return assign(input, { class: "live-swatch", style: `background: ${value}`, "aria-label": name, title: name });
  });
  function pick(pressed, value) {
    context.strokeStyle = value;
    for (const swatch of swatches) assign(swatch, { "aria-pressed": String(swatch === pressed) });
  }
  pick(swatches[0], COLOURS_OF_PEN[0][1]);
  const row = html("div", { class: "explorer-row" });
  parent.append(row);
  button(row, "Wipe", () => {
    context.clearRect(0, 0, PAD, PAD);
    changed();
  });
  button(row, "Ready made", () => {
    paintFace(context);
    changed();
  });

  function cut() {
    const { data } = context.getImageData(0, 0, PAD, PAD);
    const [xs, ys] = [[], []];
    for (let i = 0; i < PAD * PAD; i++) {
      if (data[4 * i + 3] < 32) continue;
      xs.push(i % PAD);
      ys.push(Math.floor(i / PAD));
    }
    if (!xs.length) return null;
    const least = (values) => values.reduce((a, b) => Math.min(a, b));
    const most = (values) => values.reduce((a, b) => Math.max(a, b));
    const [x, y, width, height] = [least(xs), least(ys), most(xs) - least(xs) + 1, most(ys) - least(ys) + 1];
    const image = new OffscreenCanvas(width, height);
    image.getContext("2d").drawImage(canvas, x, y, width, height, 0, 0, width, height);
    return { image: image.transferToImageBitmap(), shape: height / width };
  }
  return { cut };
}

const COLOURS_OF_PEN = [["black", "#22242a"], ["white", "#f3efe6"], ["red", "#c23b3b"], ["yellow", "#f1c944"], ["blue", "#3c6fc0"]];

// A face: what to teach if one cannot draw, or not just now.
function paintFace(context) {
  context.save();
  context.clearRect(0, 0, PAD, PAD);
  context.scale(PAD / 100, PAD / 100);
  const disc = (x, y, radius, colour) => {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  };
  disc(50, 50, 44, "#f1c944");
  disc(34, 40, 8, "#22242a");
  disc(66, 40, 8, "#22242a");
  context.lineWidth = 8;
  context.strokeStyle = "#22242a";
  context.beginPath();
  context.arc(50, 52, 24, 0.15 * Math.PI, 0.85 * Math.PI);
  context.stroke();
  context.restore();
}
