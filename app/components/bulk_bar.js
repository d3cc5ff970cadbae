class BulkBar {
  constructor(model) {
    this.model = model
    this.root = make("div", "bulk")
    this.root.setAttribute("role", "toolbar")
    this.root.setAttribute("aria-label", "Selected rows")
    this.told = make("span", "told")
    this.told.setAttribute("role", "status")
    this.compare = button("go", "", () => this.tell("compare"))
    this.put = button("plain", "", () => this.tell(this.model.archived ? "restore" : "archive"))
    this.acts = [
      ...this.makeNames("tag", "Tag", "Tag the selected rows", "Add"),
      ...this.makeNames("untag", "Untag", "Take a tag off the selected rows", "Take off"),
      ...this.makeNote(),
      this.put,
      button("plain danger", "Delete…", () => this.tell("delete")),
    ]
    const clear = iconButton("close", "Select nothing", () => this.tell("clear"))
    this.root.append(this.told, clear, this.compare, ...this.acts)
    this.draw()
  }

  tell(type, values = {}) {
    this.model.send_msg({type, ...values})
  }

  makeNames(type, word, label, verb) {
    const open = button("plain", word, () => {})
    const menu = popover(open, label, (panel) => {
      const input = textInput("Tags, separated by commas")
      input.placeholder = "baseline, to check"
      const send = () => {
        const names = input.value.split(",").map((name) => name.trim()).filter(Boolean)
        if (names.length) { menu.hide(); this.tell(type, {names}) }
      }
      input.addEventListener("keydown", (event) => { if (event.key === "Enter") { send() } })
      const line = make("div", "line")
      line.append(input, button("go", verb, send))
      panel.replaceChildren(make("div", "caption", label), line, offerWords(input, this.model.known))
    })
    return [open, menu.panel]
  }

  makeNote() {
    const open = button("plain", "Note", () => {})
    const menu = popover(open, "Add a note to the selected rows", (panel) => {
      const input = make("textarea")
      input.setAttribute("aria-label", "Note in Markdown")
      input.placeholder = "Added to the notes of each, in Markdown"
      const send = () => { if (input.value.trim()) { menu.hide(); this.tell("note", {text: input.value}) } }
      const line = make("div", "line")
      line.append(button("go", "Add to notes", send))
      panel.replaceChildren(input, line)
    })
    return [open, menu.panel]
  }

  draw() {
    const {count, archived, comparable, refusal} = this.model
    this.root.hidden = count === 0
    this.told.textContent = `${count.toLocaleString("en")} selected`
    this.compare.textContent = `Compare ${count.toLocaleString("en")}`
    this.compare.hidden = !comparable || count < 2
    this.put.textContent = archived ? "Restore" : "Archive"
    for (const act of this.acts.filter((one) => one.matches("button"))) {
      act.disabled = refusal !== ""
      act.title = refusal
    }
  }
}

export function render({model}) {
  const bar = new BulkBar(model)
  for (const name of ["count", "archived", "comparable", "refusal"]) { model.on(name, () => bar.draw()) }
  return bar.root
}
