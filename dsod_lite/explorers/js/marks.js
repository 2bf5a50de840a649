// Signs that several explorers draw on a picture or a plot.

// Outlines in white and black dashes in turn: one of the two shows on any picture. Gives show(path data).
function truthMarks(parent) {
  const paths = ["explorer-truth", "explorer-truth explorer-truth-dash"].map((name) => svg("path", { class: name }));
  parent.append(...paths);
  return (outlines) => paths.forEach((path) => path.setAttribute("d", outlines));
}

function disc(x, y, radius) {
  return `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`;
}

function cross(x, y, radius) {
  return `M${x - radius} ${y - radius}l${2 * radius} ${2 * radius}m0 ${-2 * radius}l${-2 * radius} ${2 * radius}`;
}
