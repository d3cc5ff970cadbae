const MANY = 12

class PickMenu {
  constructor(model) {
    this.model = model
    this.root = make("div", "menu")
    this.button = button("quiet", null, () => {})
    this.words = ""
    this.menu = popover(this.button, model.label, (panel) => {
      this.words = ""
      model.send_msg({type: "open"})
      this.fill(panel)
    })
    this.root.append(this.button, this.menu.panel)
    this.drawButton()
  }

  drawButton() {
    const {label, icon: name, kind, picked, options} = this.model
    const chosen = kind === "one" && picked.length > 0 ? options.find((one) => one.value === (picked[0] ?? ""))?.label ?? picked[0] : null
    this.button.replaceChildren(...(name ? [icon(name)] : []), make("span", "", chosen ? `${label}: ${chosen}` : label))
  }

  fill(panel) {
    const words = textInput(`Find in ${this.model.label}`, this.words)
    words.placeholder = "Find"
    words.addEventListener("input", () => { this.words = words.value; this.drawList() })
    this.list = make("div", "list")
    const heads = this.model.options.length > MANY ? [words] : []
    if (this.model.usual.length > 0) { heads.push(button("plain", "As usual", () => this.pick([...this.model.usual]))) }
    panel.replaceChildren(...heads, this.list)
    this.drawList()
  }

  drawList() {
    const active = this.list.getRootNode().activeElement?.dataset?.value
    const sought = this.words.trim().toLowerCase()
    const shown = this.model.options.filter((one) => one.label.toLowerCase().includes(sought))
    const lines = []
    let group = null
    for (const one of shown) {
      if (one.group && one.group !== group) { lines.push(make("div", "caption group", one.group)) }
      group = one.group
      lines.push(this.makeLine(one))
    }
    this.list.replaceChildren(...(lines.length ? lines : [make("div", "caption", "Nothing of that name")]))
    if (active != null) { this.list.querySelector(`[data-value="${CSS.escape(active)}"]`)?.focus() }
  }

  makeLine(one) {
    if (this.model.kind === "act") {
      return button(one.danger ? "plain danger" : "plain", one.label, () => { this.menu.hide(); this.pick([one.value]) })
    }
    const line = make("label", "option")
    const box = make("input")
    box.type = this.model.kind === "one" ? "radio" : "checkbox"
    box.name = "picked"
    box.dataset.value = one.value
    box.checked = this.model.kind === "one" ? (this.model.picked[0] ?? "") === one.value : this.model.picked.includes(one.value)
    box.addEventListener("change", () => this.pick(this.changed(one.value, box.checked)))
    const label = make("span", "", one.label)
    label.title = one.label
    line.append(box, label)
    return line
  }

  changed(value, isOn) {
    if (this.model.kind === "one") { return value === "" ? [] : [value] }
    const left = this.model.picked.filter((other) => other !== value)
    return isOn ? [...left, value] : left
  }

  pick(values) {
    this.model.send_msg({type: "pick", values})
  }

  redraw() {
    this.drawButton()
    if (!this.menu.panel.matches(":popover-open")) { return }
    if (this.list?.isConnected && this.list.childElementCount > 1) { this.drawList() } else { this.fill(this.menu.panel) }
  }
}

export function render({model}) {
  const menu = new PickMenu(model)
  for (const name of ["options", "picked", "label"]) { model.on(name, () => menu.redraw()) }
  return menu.root
}
