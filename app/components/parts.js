// What all components are made of.
function make(tag, className = "", text = null) {
  const element = document.createElement(tag)
  if (className) { element.className = className }
  if (text != null) { element.textContent = text }
  return element
}

function icon(name) {
  const glyph = make("span", "glyph", name)
  glyph.setAttribute("aria-hidden", "true")
  return glyph
}

function button(className, text, act) {
  const made = make("button", className, text)
  made.type = "button"
  made.addEventListener("click", act)
  return made
}

function iconButton(name, label, act, className = "square") {
  const made = button(className, null, act)
  made.append(icon(name))
  made.title = label
  made.setAttribute("aria-label", label)
  return made
}

function setPressed(element, isOn) {
  element.setAttribute("aria-pressed", String(isOn))
}

// The browser's top layer: nothing clips or covers what hangs there, and Escape closes it.
function hangBelow(panel, anchor) {
  const place = anchor.getBoundingClientRect()
  const width = panel.getBoundingClientRect().width
  panel.style.left = `${Math.max(8, Math.min(place.left, document.documentElement.clientWidth - width - 8))}px`
  panel.style.top = `${place.bottom + 4}px`
  panel.style.maxHeight = `${Math.max(160, window.innerHeight - place.bottom - 16)}px`
}

// A panel that opens at a button; `fill` is asked for its content each time.
function popover(anchor, label, fill) {
  const panel = make("div", "panel")
  panel.popover = "auto"
  panel.setAttribute("role", "dialog")
  panel.setAttribute("aria-label", label)
  anchor.setAttribute("aria-haspopup", "dialog")
  anchor.setAttribute("aria-expanded", "false")
  const follow = (event) => { if (!panel.contains(event.target)) { hangBelow(panel, anchor) } }
  panel.addEventListener("toggle", (event) => {
    const open = event.newState === "open"
    anchor.setAttribute("aria-expanded", String(open))
    window[open ? "addEventListener" : "removeEventListener"]("scroll", follow, true)
  })
  const show = () => {
    fill(panel)
    panel.showPopover()
    hangBelow(panel, anchor)
    const first = panel.querySelector("[autofocus], input, textarea, button, select")
    first?.focus()
  }
  anchor.popoverTargetElement = panel
  anchor.addEventListener("click", (event) => {
    event.preventDefault()
    if (panel.matches(":popover-open")) { panel.hidePopover() } else { show() }
  })
  return {panel, show, hide: () => { if (panel.matches(":popover-open")) { panel.hidePopover(); anchor.focus() } }}
}

function field(label, input) {
  const box = make("label", "field")
  box.append(make("span", "caption", label), input)
  return box
}

function textInput(label, value = "") {
  const input = make("input")
  input.type = "text"
  input.value = value
  input.maxLength = 200
  input.autocomplete = "off"
  input.spellcheck = false
  input.setAttribute("aria-label", label)
  return input
}

let lists = 0
function offerWords(input, words) {
  const list = make("datalist")
  list.id = `words-${++lists}`
  list.append(...words.map((word) => { const option = make("option"); option.value = word; return option }))
  input.setAttribute("list", list.id)
  return list
}

// A tag's colour is its dot and its tint; a colour that is none leaves the chip grey.
function chip(tag, className = "chip") {
  const made = make("span", className, tag.name)
  if (/^#[0-9a-fA-F]{6}$/.test(tag.color ?? "")) { made.style.setProperty("--tag", tag.color) }
  return made
}
