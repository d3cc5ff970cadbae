const SETTLE_MS = 150

// Places are counted in characters, as the server counts them, not in the halves of a pair.
function count(text) {
  return [...text].length
}

class SearchLine {
  constructor(model) {
    this.model = model
    this.words = []
    this.active = -1
    this.root = make("div", "search")
    this.input = this.makeInput()
    this.list = this.makeList()
    this.clear = iconButton("close", "Clear the search", () => { this.input.value = ""; this.search() })
    this.trouble = make("div", "trouble")
    this.trouble.setAttribute("role", "alert")
    this.pins = make("div", "pins")
    const frame = make("div", "frame")
    frame.append(icon("search"), this.input, this.clear)
    const top = make("div", "top")
    top.setAttribute("role", "search")
    top.append(frame, button("go run", "Search", () => this.search()), ...this.makeMenu())
    this.root.append(top, this.list, this.trouble, this.pins)
  }

  makeInput() {
    const input = textInput("Search experiments")
    input.maxLength = 2000
    input.placeholder = this.model.example
    input.setAttribute("role", "combobox")
    input.setAttribute("aria-autocomplete", "list")
    input.setAttribute("aria-expanded", "false")
    input.setAttribute("aria-controls", "completions")
    input.addEventListener("input", () => { this.clear.hidden = input.value === ""; this.narrow(); this.askLater() })
    input.addEventListener("keydown", (event) => this.onKey(event))
    input.addEventListener("blur", () => this.close())
    return input
  }

  makeList() {
    const list = make("div", "panel completions")
    list.id = "completions"
    list.popover = "manual"
    list.setAttribute("role", "listbox")
    list.setAttribute("aria-label", "Completions")
    list.addEventListener("mousedown", (event) => event.preventDefault())  // the field keeps the cursor
    return list
  }

  onKey(event) {
    const open = this.words.length > 0
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault()
      if (open) { this.mark((this.active + (event.key === "ArrowDown" ? 1 : -1) + this.words.length) % this.words.length) } else { this.ask() }
    } else if ((event.key === "Enter" || event.key === "Tab") && open && this.active >= 0) {
      event.preventDefault()
      this.accept(this.words[this.active])
    } else if (event.key === "Enter") {
      this.search()
    } else if (event.key === "Escape" && open) {
      this.close()
    }
  }

  // Until the next answer comes, what is offered is narrowed to what is typed: nothing else can be picked.
  narrow() {
    if (this.words.length === 0) { return }
    const typed = [...this.input.value].slice(this.start, this.cursor()).join("").toLowerCase()
    this.words = this.cursor() < this.start ? [] : this.words.filter((word) => word.toLowerCase().startsWith(typed))
    this.active = -1
    this.drawList()
  }

  askLater() {
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => this.ask(), SETTLE_MS)
  }

  ask() {
    this.tell({type: "complete", text: this.input.value, position: this.cursor()})
  }

  cursor() {
    return count(this.input.value.slice(0, this.input.selectionStart))
  }

  // An answer to what has been typed over is dropped.
  take() {
    const {text, position, start, words} = this.model.completion
    if (text !== this.input.value || position !== this.cursor() || !this.isFocused()) { return }
    this.start = start
    this.words = words
    this.active = -1
    this.drawList()
  }

  isFocused() {
    return this.input.getRootNode().activeElement === this.input
  }

  drawList() {
    this.list.replaceChildren(...this.words.map((word, place) => {
      const option = make("div", "option", word)
      option.id = `completion-${place}`
      option.setAttribute("role", "option")
      option.addEventListener("click", () => this.accept(word))
      return option
    }))
    const open = this.words.length > 0
    this.input.setAttribute("aria-expanded", String(open))
    this.input.removeAttribute("aria-activedescendant")
    if (open && !this.list.matches(":popover-open")) { this.list.showPopover() }
    if (open) { hangBelow(this.list, this.input) } else if (this.list.matches(":popover-open")) { this.list.hidePopover() }
  }

  mark(place) {
    this.active = place
    for (const [at, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(at === place))
      if (at === place) { option.scrollIntoView({block: "nearest"}) }
    }
    this.input.setAttribute("aria-activedescendant", `completion-${place}`)
  }

  accept(word) {
    const {value, selectionStart} = this.input
    const before = [...value].slice(0, this.start).join("") + word
    const after = value.slice(selectionStart)
    this.input.value = before + after
    this.input.setSelectionRange(before.length, before.length)
    this.close()
    if (/[:.<>=]$/.test(word)) { this.ask() }
  }

  close() {
    clearTimeout(this.waiting)
    this.words = []
    this.active = -1
    this.drawList()
  }

  search() {
    this.close()
    this.tell({type: "search", text: this.input.value.trim()})
  }

  makeMenu() {
    const open = button("quiet", null, () => {})
    open.append(icon("bookmark_border"), make("span", "word", "Saved"))
    open.setAttribute("aria-label", "Saved searches")
    this.menu = popover(open, "Saved searches", (panel) => this.fillMenu(panel))
    return [open, this.menu.panel]
  }

  fillMenu(panel) {
    const lines = this.model.saved.map((one) => this.makeSaved(one))
    const nothing = make("div", "caption", "No search is kept yet. Search, then give it a name here.")
    panel.replaceChildren(this.makeSave(), ...(lines.length ? lines : [nothing]))
  }

  makeSave() {
    const name = textInput("Name of the search")
    name.placeholder = this.model.text === "" ? "Search for something first" : "Name"
    const go = button("go", "Save", () => { if (name.value.trim()) { this.tell({type: "save", name: name.value.trim()}) } })
    go.disabled = name.disabled = this.model.text === ""
    name.addEventListener("keydown", (event) => { if (event.key === "Enter") { go.click() } })
    const line = make("div", "line")
    line.append(name, go)
    return line
  }

  makeSaved(one) {
    const line = make("div", "saved")
    const run = button("kept", null, () => { this.menu.hide(); this.tell({type: "use", id: one.id}) })
    run.append(make("span", "name", one.name), make("span", "caption mono", one.query))
    const pin = iconButton("push_pin", one.pinned ? `Unpin ${one.name}` : `Pin ${one.name}`, () => this.tell({type: "pin", id: one.id, pinned: !one.pinned}))
    setPressed(pin, one.pinned)
    const remove = iconButton("delete_outline", `Delete ${one.name}`, () => {
      const sure = button("go danger", "Delete", () => this.tell({type: "delete", id: one.id}))
      sure.setAttribute("aria-label", `Delete ${one.name} for good`)
      remove.replaceWith(sure)
      sure.focus()
    })
    line.append(run, pin, iconButton("edit", `Rename ${one.name}`, () => this.rename(line, one)), remove)
    return line
  }

  rename(line, one) {
    const name = textInput(`New name of ${one.name}`, one.name)
    const go = button("go", "Rename", () => { if (name.value.trim()) { this.tell({type: "rename", id: one.id, name: name.value.trim()}) } })
    name.addEventListener("keydown", (event) => { if (event.key === "Enter") { go.click() } })
    line.replaceChildren(name, go)
    name.focus()
  }

  tell(message) {
    this.model.send_msg(message)
  }

  draw() {
    this.drawText()
    this.drawTrouble()
    this.drawSaved()
  }

  drawText() {
    if (this.input.value !== this.model.text) { this.input.value = this.model.text }
    this.clear.hidden = this.input.value === ""
    this.drawPins()
  }

  drawTrouble() {
    const {message, text, position, length, suggestions} = this.model.trouble
    this.trouble.hidden = !message
    this.input.setAttribute("aria-invalid", String(Boolean(message)))
    if (!message) { return }
    const words = make("div", "", message)
    const place = make("pre", "mono", `${text}\n${" ".repeat(position)}${"^".repeat(Math.max(1, length))}`)
    const fixes = make("div", "fixes")
    fixes.append(...suggestions.map((word) => this.makeFix(word)))
    this.trouble.replaceChildren(words, ...(position == null ? [] : [place]), ...(suggestions.length ? [fixes] : []))
  }

  makeFix(word) {
    return button("quiet", `Use ${word}`, () => {
      const {text, position, length} = this.model.trouble
      const letters = [...text]
      this.input.value = [...letters.slice(0, position), word, ...letters.slice(position + length)].join("")
      this.search()
      this.input.focus()
    })
  }

  drawSaved() {
    this.drawPins()
    if (this.menu.panel.matches(":popover-open")) { this.fillMenu(this.menu.panel) }
  }

  drawPins() {
    const pinned = this.model.saved.filter((one) => one.pinned)
    this.pins.hidden = pinned.length === 0
    this.pins.replaceChildren(...pinned.map((one) => {
      const pin = button("pin", one.name, () => this.tell({type: "use", id: one.id}))
      pin.title = one.query
      setPressed(pin, one.query === this.model.text)
      return pin
    }))
  }
}

export function render({model}) {
  const line = new SearchLine(model)
  model.on("text", () => line.drawText())
  model.on("trouble", () => line.drawTrouble())
  model.on("saved", () => line.drawSaved())
  model.on("completion", () => line.take())
  line.draw()
  return line.root
}
