export function render({model}) {
  const made = iconButton(model.icon, model.label, () => model.send_msg({}), "")
  const draw = () => {
    made.firstChild.textContent = model.icon
    made.title = model.label
    made.setAttribute("aria-label", model.label)
    made.disabled = model.disabled
  }
  for (const name of ["icon", "label", "disabled"]) { model.on(name, draw) }
  draw()
  return made
}
