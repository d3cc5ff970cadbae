export function render({model}) {
  const bar = make("div", "bar")
  const tell = (name, value) => model.send_msg({name, value})
  const toggle = (field, option, isOn, act) => {
    const made = button("quiet", null, act)
    if (option.color) { made.append(swatch(option.color)) }
    made.append(make("span", "", option.label))
    if (option.title) { made.title = option.title }
    made.disabled = Boolean(option.disabled)
    setPressed(made, isOn)
    return made
  }
  const swatch = (color) => {
    const made = make("span", "swatch")
    if (/^#[0-9a-fA-F]{6}$/.test(color)) { made.style.background = color }
    return made
  }
  const kinds = {
    many: (field) => field.options.map((option) => {
      const made = toggle(field, option, field.value.includes(option.value), () => {
        const isOn = field.value.includes(option.value)
        // Known at once: a second toggle may be pressed before the first has been answered.
        field.value = isOn ? field.value.filter((one) => one !== option.value) : [...field.value, option.value]
        setPressed(made, !isOn)
        tell(field.name, field.value)
      })
      return made
    }),
    one: (field) => field.options.map((option) => toggle(
      field, option, field.value === option.value, () => tell(field.name, option.value))),
    choice: (field) => {
      const made = make("select")
      for (const option of field.options) {
        const shown = make("option", "", option.label)
        shown.value = option.value
        made.append(shown)
      }
      made.value = field.value
      made.setAttribute("aria-label", field.label)
      made.addEventListener("change", () => tell(field.name, made.value))
      return [made]
    },
    number: (field) => {
      const made = textInput(field.label, field.value)
      made.inputMode = "decimal"
      made.placeholder = field.hint ?? ""
      made.addEventListener("change", () => tell(field.name, made.value.trim()))
      return [made]
    },
  }
  const drawField = (field) => {
    const box = make("div", `field ${field.kind}`)
    const controls = make("div", "controls")
    controls.append(...kinds[field.kind](field))
    if (field.kind === "many" || field.kind === "one") {
      controls.setAttribute("role", "group")
      controls.setAttribute("aria-label", field.label)
    }
    box.append(make("span", "caption", field.label), controls)
    return box
  }
  let drawn = new Map()
  const draw = () => {
    const next = new Map()
    for (const field of model.fields) {
      const told = JSON.stringify(field)
      const before = drawn.get(field.name)
      if (before && before.told === told) { next.set(field.name, before); continue }
      const place = before ? [...before.box.querySelectorAll("button, input, select")].indexOf(before.box.getRootNode().activeElement) : -1
      next.set(field.name, {told, box: drawField({...field}), place})
    }
    for (const [name, {box}] of drawn) { if (next.get(name)?.box !== box) { box.remove() } }
    drawn = next
    // What stands where it belongs is not moved, for it would lose the focus.
    let at = bar.firstChild
    for (const {box} of drawn.values()) {
      if (box === at) { at = at.nextSibling } else { bar.insertBefore(box, at) }
    }
    for (const each of drawn.values()) {
      if (each.place >= 0) { each.box.querySelectorAll("button, input, select")[each.place]?.focus() }
      each.place = -1
    }
  }
  model.on("fields", draw)
  draw()
  return bar
}
