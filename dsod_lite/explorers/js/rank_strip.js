// A tick for each detection, best first: up for a true positive, down for a false one, a dot where it is not counted.

const STRIP_HEIGHT = 34; // CSS pixels

// Gives { element, show({ verdictList, shown, rank }), at(event) }. at: the rank below the pointer, -1 for none.
function rankStrip(parent, label) {
  const board = stage(parent, label, 0, 0, 400, STRIP_HEIGHT);
  board.classList.add("explorer-pick", "explorer-strip");
  const path = (className) => svg("path", { class: className });
  const base = path("explorer-base");
  const ticks = ["", " explorer-ghost"].map((ghost) =>
    ["true", "false", "uncounted"].map((kind) => path(`explorer-tick explorer-tick-${kind}${ghost}`)));
  const cursor = path("explorer-cursor");
  board.append(base, ...ticks.flat(), cursor);
  let count = 0;
  let width = 0;
  const middle = STRIP_HEIGHT / 2;
  const x = (rank) => ((rank + 0.5) * width) / count;

  function show({ verdictList, shown, rank }) {
    count = verdictList.length;
    width = board.getBoundingClientRect().width || 400;
    setView(board, 0, 0, width, STRIP_HEIGHT);
    base.setAttribute("d", `M0 ${middle}H${width}`);
    const marks = { true: "v-12", missed: "v12", again: "v12", difficult: "h0" };
    const draw = (from, to, kinds) => verdictList.slice(from, to).map((verdict, i) =>
      (kinds.includes(verdict) ? `M${x(from + i)} ${middle}${marks[verdict]}` : "")).join("");
    [[0, shown], [shown, count]].forEach(([from, to], faint) => {
      [["true"], ["missed", "again"], ["difficult"]].forEach((kinds, i) => {
        ticks[faint][i].setAttribute("d", draw(from, to, kinds));
        ticks[faint][i].style.strokeWidth = `${Math.min(Math.max(0.6 * (width / count), 1), 4)}px`;
      });
    });
    cursor.setAttribute("d", count ? `M${x(rank)} 0V${STRIP_HEIGHT}` : "");
  }

  const at = (event) => {
    const rank = Math.floor((pointOf(board, event).x / width) * count);
    return Math.min(Math.max(rank, 0), count - 1);
  };
  return { element: board, show, at };
}
