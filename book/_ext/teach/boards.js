// Pictures with boxes over them: what it finds, and what it learned from.

const MOST_SHOWN = 12; // detections of a picture: at first it finds things everywhere

function board(parent, name, label) {
  const canvas = html("canvas", { class: "live-canvas", width: 384, height: 384, role: "img", "aria-label": label });
  const frame = html("div", { class: `live-frame ${name}` }, canvas);
  const place = html("div", {}, frame, html("p", { class: "explorer-note" }, label));
  parent.append(place);
  const overlay = svg("svg", { class: "explorer-stage", viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
  frame.append(overlay);
  const paint = (image) => {
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close(); // not when the garbage collector gets to it
  };
  return { place, canvas, overlay, paint };
}

// Gives show({ image, found, truth }, names): a picture held out, and what was found there.
function heldBoard(parent) {
  const { canvas, overlay, paint } = board(parent, "teach-held", "A picture that it never learns from, and what it finds there");
  let [shown, classes] = [[], []];
  const draw = () => showFound(overlay, overlay, shown, classes);
  onResize(overlay, draw); // words keep their size when a phone is turned
  return function show({ image, found, truth }, names) {
    paint(image);
    [shown, classes] = [found.filter(({ score }) => score > 0.3).slice(0, MOST_SHOWN), names];
    canvas.setAttribute("aria-label", `A picture that it never learns from, with ${truth.length} objects. Found: ${draw()}`);
  };
}

// Gives show({ image, positive, negative }): a picture of the last batch, with corners of priors in fractions.
function learnedBoard(parent) {
  const { place, overlay, paint } = board(parent, "teach-learned",
    "A picture of the last batch: priors that answered for an object, and hard negatives");
  legend(place, [[series(2), "line", "prior matched to an object"], [series(3), "dashed", "hard negative"]]);
  return function show({ image, positive, negative }) {
    paint(image);
    const marks = (boxes, name) => boxes.map((box) =>
      svg("path", { class: name, d: boxPath(...box.map((v) => v * SIDE)) }));
    overlay.replaceChildren(...marks(negative, "teach-mark teach-negative"), ...marks(positive, "explorer-halo"),
      ...marks(positive, "teach-mark teach-positive"));
  };
}
