// Pictures of the reader's own, from files or the camera, and the boxes that are dragged on them.

const PHOTO = 384; // pixels of a side: pictures are warped to a square, as the network does it
const APART = 5; // every fifth picture is kept apart, to judge by
const MOST_BOXES = 6; // of a picture: the training step was written for so many
const SMALLEST_BOX = 3; // hundredths of a side

// changed() is called when a box or a picture came or went. Gives sorted(): { photos, kept }, those to learn from and those to
// judge by, { image, boxes } each, of the pictures that have a box.
function photoBoxes(parent, changed) {
  let pictures = [];
  let at = 0; // the picture shown
  let held = 0; // the box chosen
  let video = null; // the camera's, while it is on or asked for
  const boxes = () => pictures[at]?.boxes ?? [];
  const isApart = (i) => i % APART === APART - 1;
  const within = (v, low, high) => Math.min(Math.max(v, low), high);

  // ---- pictures
  const row = html("div", { class: "explorer-row" });
  const input = html("input", { type: "file", accept: "image/*", multiple: true, hidden: true, change: takeFiles, "aria-label": "Pictures" });
  button(row, "Pictures…", () => input.click());
  const camera = button(row, "Camera", useCamera);
  camera.input.hidden = !navigator.mediaDevices?.getUserMedia; // a page from a server has it only with https
  const off = button(row, "Camera off", endCamera).input;
  off.hidden = true;
  const canvas = html("canvas", { class: "live-canvas", role: "img", width: PHOTO, height: PHOTO });
  const frame = html("div", { class: "live-frame teach-photo" }, canvas);
  const hint = html("p", { class: "explorer-note", id: uid("hint") },
    "Drag over a thing to put a box around it. Keys: arrows move a box, Shift and arrows resize it, Delete removes it.");
  const words = html("p", { class: "explorer-note", role: "status" });
  parent.append(row, input, frame, hint, words);
  const overlay = stage(frame, "Boxes", 0, 0, SIDE, SIDE);
  const tools = html("div", { class: "explorer-row" });
  parent.append(tools);
  const needPicture = [
    button(tools, "Box", () => add([35, 35, 65, 65])),
    button(tools, "Next picture", () => show((at + 1) % pictures.length)),
    button(tools, "Remove picture", () => {
      pictures = pictures.filter((_, i) => i !== at);
      show(Math.max(0, Math.min(at, pictures.length - 1)));
      changed();
    }),
  ];

  async function takeFiles() {
    const files = [...input.files];
    input.value = ""; // the same files can be chosen again
    const unread = [];
    for (const file of files) {
      try {
        const picture = await createImageBitmap(file); // the right way up, if a camera's file says which that is
        take(picture);
        picture.close(); // a phone's takes 200 MB
      } catch {
        unread.push(file.name);
      }
    }
    if (unread.length) words.textContent = `No pictures that this browser reads: ${unread.join(", ")}.`;
  }
  function take(source) {
    const square = new OffscreenCanvas(PHOTO, PHOTO);
    paintOnWhite(square, source);
    pictures = [...pictures, { image: square.transferToImageBitmap(), boxes: [] }];
    show(pictures.length - 1);
  }
  async function useCamera() {
    if (video) {
      if (video.videoWidth) take(video); // else the reader is being asked
      return;
    }
    video = html("video", { class: "live-canvas", muted: true, playsinline: true });
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      row.after(video);
      await video.play();
      off.hidden = false;
      camera.show("Take a picture");
    } catch (error) {
      endCamera();
      words.textContent = `There is no camera to be used: ${error.message}`;
    }
  }
  function endCamera() {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.remove();
    video = null;
    camera.show("Camera");
    if (document.activeElement === off) camera.input.focus();
    off.hidden = true;
  }

  // ---- boxes, in units of the stage
  const setBox = (i, box) => {
    pictures[at].boxes = boxes().map((old, j) => (i === j ? box : old));
    draw();
  };
  // Gives its place, -1 if the picture has no room for it.
  function add(box) {
    if (boxes().length === MOST_BOXES) {
      words.textContent = `A picture takes ${MOST_BOXES} boxes, and no more.`;
      return -1;
    }
    pictures[at].boxes = [...boxes(), box];
    hold(boxes().length - 1);
    changed();
    return held;
  }
  function remove(i) {
    pictures[at].boxes = boxes().filter((_, j) => j !== i);
    hold(Math.min(held, boxes().length - 1));
    targets.children[held]?.focus({ preventScroll: true });
    changed();
  }
  function hold(i) {
    held = Math.max(0, i);
    draw();
  }
  function move(i, [x1, y1, x2, y2], dx, dy) {
    const [right, down] = [within(dx, -x1, SIDE - x2), within(dy, -y1, SIDE - y2)];
    setBox(i, [x1 + right, y1 + down, x2 + right, y2 + down]);
  }
  function resize(i, [x1, y1], x, y) {
    setBox(i, [x1, y1, within(x, x1 + SMALLEST_BOX, SIDE), within(y, y1 + SMALLEST_BOX, SIDE)]);
  }

  const ground = svg("rect", { class: "teach-ground", width: SIDE, height: SIDE });
  const targets = svg("g");
  overlay.append(ground, targets);
  const corner = handle(overlay);
  const keepPage = (element) => element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  keepPage(ground);
  // A box begins when it is large enough: a click, or a second finger, leaves none.
  drag(ground, overlay, ({ x, y }) => ({ x, y, place: -1 }), (point, _, from) => {
    const [x, y] = [within(point.x, 0, SIDE), within(point.y, 0, SIDE)];
    const box = [Math.min(x, from.x), Math.min(y, from.y), Math.max(x, from.x), Math.max(y, from.y)];
    if (Math.min(box[2] - box[0], box[3] - box[1]) < SMALLEST_BOX) return;
    if (from.place < 0) from.place = add(box);
    else setBox(from.place, box);
  });
  drag(corner.element, overlay, () => true, ({ x, y }) => resize(held, boxes()[held], x, y));

  function target(i) {
    const element = svg("path", { class: "teach-box", tabindex: 0, role: "button", "aria-describedby": hint.id, focus: () => hold(i) });
    keepPage(element);
    drag(element, overlay, (point) => {
      element.focus({ preventScroll: true });
      return { point, box: boxes()[i] };
    }, (point, _, from) => move(i, from.box, point.x - from.point.x, point.y - from.point.y));
    arrows(element, (dx, dy, event) => {
      const box = boxes()[i];
      if (event.shiftKey) resize(i, box, box[2] + dx, box[3] + dy);
      else move(i, box, dx, dy);
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      remove(i);
    });
    return element;
  }

  function draw() {
    while (targets.children.length > boxes().length) targets.lastChild.remove();
    while (targets.children.length < boxes().length) targets.append(target(targets.children.length));
    boxes().forEach((box, i) => assign(targets.children[i], {
      d: boxPath(...box), "aria-pressed": String(i === held),
      "aria-label": `Box from ${box.slice(0, 2).map(Math.round)} to ${box.slice(2).map(Math.round)}`,
    }));
    const box = boxes()[held];
    corner.element.style.visibility = box ? "" : "hidden";
    if (box) corner.place(box[2], box[3], unit(overlay));
    const { photos, kept } = sorted();
    const place = `Picture ${at + 1} of ${pictures.length}${isApart(at) ? ", kept apart to judge by" : ""}.`;
    canvas.setAttribute("aria-label", place);
    words.textContent = pictures.length
      ? `${place} With boxes: ${photos.length} to learn from, ${kept.length} to judge by.`
      : "Ten pictures or more, from near and far. Every fifth is kept apart: it is never learned from.";
  }

  function show(i) {
    at = i;
    frame.hidden = !pictures.length;
    for (const { input: pressed } of needPicture) pressed.disabled = !pictures.length;
    if (pictures.length) canvas.getContext("2d").drawImage(pictures[at].image, 0, 0);
    hold(0);
  }

  function sorted() {
    const all = pictures.map(({ image, boxes: drawn }) => ({ image, boxes: drawn.map((box) => box.map((v) => v / SIDE)) }));
    const boxed = (apart) => all.filter((photo, i) => photo.boxes.length && isApart(i) === apart);
    return { photos: boxed(false), kept: boxed(true) };
  }

  show(0);
  return { sorted };
}
