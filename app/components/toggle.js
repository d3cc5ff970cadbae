export function render({model}) {
  const made = button("quiet", null, () => model.send_msg({type: "toggle", on: !model.on}))
  const draw = () => {
    made.replaceChildren(...(model.icon ? [icon(model.icon)] : []), make("span", "", model.label))
    setPressed(made, model.on)
  }
  for (const name of ["label", "icon", "on"]) { model.on(name, draw) }
  draw()
  return made
}
