// Figures grow at a tap: to their full size in a dialog that scrolls. A tap, Escape or Enter closes it.

document.addEventListener("DOMContentLoaded", () => {
  const figures = [...document.querySelectorAll("main article img")].filter((img) => !img.closest("a, .explorer"));
  if (!figures.length) return;
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.addEventListener("click", () => dialog.close());
  // Escape, too: the theme keeps it from dialogs, for its own search.
  dialog.addEventListener("keydown", (event) => ["Enter", "Escape"].includes(event.key) && dialog.close());
  document.body.append(dialog);

  function enlarge(img) {
    const large = new Image();
    large.src = img.src;
    large.alt = img.alt;
    large.width = Math.max(img.naturalWidth, Math.min(0.9 * innerWidth, 2 * img.naturalWidth));
    dialog.setAttribute("aria-label", "The figure, enlarged");
    dialog.replaceChildren(large);
    dialog.tabIndex = 0; // what scrolls can be scrolled by the keyboard
    dialog.showModal();
  }

  for (const img of figures) {
    img.tabIndex = 0;
    img.setAttribute("role", "button");
    img.setAttribute("aria-label", `Enlarge: ${img.alt}`);
    img.addEventListener("click", () => enlarge(img));
    img.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      enlarge(img);
    });
  }
});
