export function render({model}) {
  const button = document.createElement("button")
  button.type = "button"
  const glyph = document.createElement("span")
  glyph.className = "glyph"
  glyph.setAttribute("aria-hidden", "true")
  button.append(glyph)
  const draw = () => {
    glyph.textContent = model.icon
    button.title = model.label
    button.setAttribute("aria-label", model.label)
    button.disabled = model.disabled
  }
  for (const name of ["icon", "label", "disabled"]) { model.on(name, draw) }
  button.addEventListener("click", () => model.send_msg({}))
  draw()
  return button
}
