// The look into one box, below the rest of the figure: what it is, its offsets, the scores of its classes.

// show({ colour, title, lines, offsets, scores }), or show(null) for no box. offsets: [name, value, meaning] each;
// scores: [name, value, colour, whether it is the box's own class] each. As many lines as ever, so nothing jumps.
function boxLook(root, scoreRows) {
  const title = html("p", { class: "explorer-title" });
  const words = html("div", { class: "explorer-words" }, title, ...[0, 1, 2].map(() => html("p")));
  const offsets = barTable("Offsets", 4, 4);
  const scores = barTable("Scores", scoreRows, 3);
  root.append(html("div", { class: "explorer-look", role: "group", "aria-label": "The box looked into" },
    html("div", {}, words, offsets), html("div", {}, scores)));

  return function show(box) {
    title.textContent = box ? box.title : "No box";
    title.style.borderColor = box ? box.colour : "transparent";
    [...words.children].slice(1).forEach((line, i) => { line.textContent = box ? box.lines[i] : ""; });
    [...offsets.tBodies[0].rows].forEach((row, i) => {
      const [name, value, meaning] = box ? box.offsets[i] : ["", 0, ""];
      const share = 50 * Math.min(Math.abs(value) / 5, 1); // 5 moves by half the prior's side, or stretches by e
      fillRow(row, [name, box ? signed(value) : "", meaning], value < 0 ? 50 - share : 50, share);
    });
    [...scores.tBodies[0].rows].forEach((row, i) => {
      const [name, value, colour, own] = box ? box.scores[i] : ["", 0, "", false];
      fillRow(row, [name, box ? value.toFixed(3) : ""], 0, 100 * value, colour);
      row.classList.toggle("explorer-own", own);
    });
  };
}

// A name, a bar, and what else the columns hold, in every row.
function barTable(caption, rows, columns) {
  const row = () => {
    const bar = html("td", { class: "explorer-bar" }, html("i"));
    return html("tr", {}, html("th", { scope: "row" }), bar, ...Array.from({ length: columns - 2 }, () => html("td")));
  };
  return html("table", { class: `explorer-bars explorer-bars-${columns}` }, html("caption", {}, caption),
    html("tbody", {}, ...Array.from({ length: rows }, row)));
}

function fillRow(row, [name, ...texts], left, width, colour = "") {
  const [head, bar, ...cells] = row.children;
  head.textContent = name;
  assign(bar.firstChild, { style: `left: ${left}%; width: ${width}%; background: ${colour}` });
  cells.forEach((cell, i) => { cell.textContent = texts[i]; });
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
