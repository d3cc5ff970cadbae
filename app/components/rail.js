// The left rail: real links, so that a page also opens in another tab.
const HOME_MARK = "M2 13h4l2-8 4 15 3-10 2 5h5"  // a struck signal
const CHEVRON = "M15 6l-6 6 6 6"
const SVG = "http://www.w3.org/2000/svg"

function stroke(path, className) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  svg.setAttribute("class", className)
  const line = document.createElementNS(SVG, "path")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}

function follow(model, event, path) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) { return }
  event.preventDefault()
  model.send_msg({path})
}

function entry(model, {path, title, icon: glyph}) {
  const link = make("a", "entry")
  link.href = path
  link.title = title
  link.addEventListener("click", (event) => follow(model, event, path))
  link.append(icon(glyph), make("span", "name", title))
  return link
}

export function render({model}) {
  const rail = make("nav", "pages")
  rail.setAttribute("aria-label", "Pages")
  const brand = make("a", "brand")
  brand.href = "/"
  brand.title = "Brinell"
  brand.addEventListener("click", (event) => follow(model, event, "/"))
  brand.append(stroke(HOME_MARK, "mark"), make("span", "name", "Brinell"))
  const links = model.entries.map((item) => entry(model, item))
  const fold = make("button", "fold")
  fold.append(stroke(CHEVRON, "chevron"), make("span", "name", "Collapse"))
  rail.append(brand, ...links, make("span", "filler"), fold)

  const mark = () => links.forEach((link) => {
    const current = link.getAttribute("href") === model.active
    if (current) { link.setAttribute("aria-current", "page") } else { link.removeAttribute("aria-current") }
  })
  const size = () => {
    rail.classList.toggle("folded", model.collapsed)
    const label = model.collapsed ? "Show names" : "Collapse"
    fold.title = label
    fold.setAttribute("aria-label", label)
  }
  fold.addEventListener("click", () => {
    model.collapsed = !model.collapsed
    document.cookie = `brinell_rail=${model.collapsed ? "collapsed" : "expanded"}; path=/; max-age=31536000; SameSite=Strict`
  })
  model.on("active", mark)
  model.on("collapsed", size)
  mark()
  size()
  return rail
}
