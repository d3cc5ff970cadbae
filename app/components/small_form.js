function makeInput({kind, label, value, options, hint}) {
  if (kind === "choice") {
    const select = make("select")
    select.append(...options.map((one) => { const option = make("option", "", one); option.value = one; return option }))
    select.value = value
    return select
  }
  const input = kind === "long" ? make("textarea") : textInput(label, value)
  if (kind === "long") { input.value = value; input.rows = 10 }
  if (hint) { input.placeholder = hint }
  return input
}

export function render({model}) {
  const root = make("form", "form")
  const inputs = new Map()
  const grid = make("div", "grid")
  const trouble = make("div", "trouble")
  trouble.setAttribute("role", "alert")
  const draw = () => {
    inputs.clear()
    grid.replaceChildren(...model.fields.map((one) => {
      const input = makeInput(one)
      inputs.set(one.name, input)
      const box = field(one.label, input)
      if (one.kind === "long") { box.classList.add("wide") }
      return box
    }))
  }
  const say = () => { trouble.textContent = model.trouble; trouble.hidden = model.trouble === "" }
  const go = button("go", model.submit, () => {})
  go.type = "submit"
  const buttons = make("div", "line")
  buttons.append(go, button("quiet", "Cancel", () => model.send_msg({type: "cancel"})))
  root.addEventListener("submit", (event) => {
    event.preventDefault()
    trouble.hidden = true
    model.trouble = ""
    model.send_msg({type: "submit", values: Object.fromEntries([...inputs].map(([name, input]) => [name, input.value]))})
  })
  root.addEventListener("keydown", (event) => { if (event.key === "Escape") { model.send_msg({type: "cancel"}) } })
  root.setAttribute("aria-label", model.title)
  root.append(...(model.title ? [make("div", "title", model.title)] : []), grid, trouble, buttons)
  model.on("fields", draw)
  model.on("trouble", say)
  draw()
  say()
  setTimeout(() => { const first = inputs.values().next().value; first?.focus(); first?.select?.() })
  return root
}
