// The picture of one detection: its box, the objects of its class, and in words what it counts as.

const VERDICTS = {
  true: ["✓", "True positive", "var(--explorer-true)"],
  missed: ["✗", "False positive", "var(--explorer-false)"],
  again: ["✗", "False positive, found before", "var(--explorer-false)"],
  difficult: ["–", "Not counted", "var(--explorer-muted)"],
};

// Gives show({ href, size, box, objects, verdict, lines }), or show(undefined) where there is no detection.
function shot(parent) {
  const title = html("p", { class: "explorer-title" });
  const lines = [0, 1, 2, 3].map(() => html("p"));
  const frame = html("div", { class: "explorer-shot-picture" });
  parent.append(html("div", { class: "explorer-shot", role: "group", "aria-label": "The detection looked into" },
    frame, html("div", {}, title, ...lines)));
  const board = stage(frame, "Its picture", 0, 0, 1, 1);
  const image = svg("image", { preserveAspectRatio: "none" });
  const [halo, box] = ["explorer-halo", "explorer-box"].map((name) => svg("path", { class: name }));
  board.append(image);
  const showTruth = truthMarks(board);
  board.append(halo, box);

  return function show(found) {
    board.style.visibility = found ? "" : "hidden";
    lines.forEach((line, i) => { line.textContent = found ? found.lines[i] : ""; });
    const [sign, words, colour] = found ? VERDICTS[found.verdict] : ["", "No detection", "transparent"];
    title.textContent = `${sign} ${words}`;
    title.style.borderColor = colour;
    if (!found) return;
    const [width, height] = found.size;
    setView(board, 0, 0, width, height);
    if (image.getAttribute("href") !== found.href) assign(image, { href: found.href });
    assign(image, { width, height });
    showTruth(found.objects.map((object) => boxPath(...object.box)).join(""));
    for (const path of [halo, box]) path.setAttribute("d", boxPath(...found.box));
    box.style.stroke = colour;
    box.style.strokeDasharray = found.verdict === "true" ? "" : "9 3"; // not by its colour alone
  };
}
