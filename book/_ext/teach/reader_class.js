// The reader's class: what it is called, and a stamp or pictures to learn it from.

// learn({ name, stamp }) or learn({ name, photos, kept }) is called when a button asks for it. Gives { pictures() }: how many
// have boxes.
function readerClass(parent, learn) {
  const column = (title) => {
    const element = html("div", { class: "teach-column" }, html("p", { class: "explorer-title" }, title));
    parent.append(element);
    return element;
  };
  const stampSide = column("Teach it a thing of yours: draw it");
  const nameField = html("input", { type: "text", value: "yours", maxlength: 20, id: uid("name") });
  stampSide.append(html("div", { class: "explorer-select" }, html("label", { for: nameField.id }, "What it is called"), nameField));
  const name = () => nameField.value.trim() || "yours";
  const learner = (side, action, label, press) => assign(button(side, label, press).input, { "data-action": action, disabled: true });
  const pad = stampPad(stampSide, () => { fromStamp.disabled = !pad.cut(); });
  const fromStamp = learner(stampSide, "teach", "Learn it, from new random weights", () => learn({ name: name(), stamp: pad.cut() }));

  const photoSide = column("… or show it, in pictures of your own");
  photoSide.append(html("p", { class: "explorer-note" }, "They stay in this page, and are gone when it is closed."));
  const photos = photoBoxes(photoSide, () => {
    const { photos: some, kept } = photos.sorted();
    fromPhotos.disabled = !some.length || !kept.length;
  });
  const fromPhotos = learner(photoSide, "teach-photos", "Learn from these pictures", () => learn({ name: name(), ...photos.sorted() }));
  return { pictures: () => Object.values(photos.sorted()).flat().length };
}
