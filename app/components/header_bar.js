// The one header line, and what only the browser knows: its address, its theme, whether it is looked at.
const ICON_PATHS = {
  light: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10Zm0-6 2 4h-4l2-4Zm0 22-2-4h4l-2 4ZM1 12l4-2v4l-4-2Zm22 0-4 2v-4l4 2ZM4.2 4.2 8.4 5.6 5.6 8.4 4.2 4.2Zm15.6 15.6-4.2-1.4 2.8-2.8 1.4 4.2ZM19.8 4.2l-1.4 4.2-2.8-2.8 4.2-1.4ZM4.2 19.8l1.4-4.2 2.8 2.8-4.2 1.4Z",
  dark: "M12 3a9 9 0 1 0 9 9c0-.5 0-.9-.1-1.4A5.5 5.5 0 0 1 13.4 3.1 9 9 0 0 0 12 3Z",
}
const SVG = "http://www.w3.org/2000/svg"

function drawing(name) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS(SVG, "path")
  path.setAttribute("d", ICON_PATHS[name])
  svg.append(path)
  return svg
}

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; SameSite=Strict`
}

function recall(name) {
  return document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`))?.split("=")[1]
}

// Bokeh nests shadow roots, which querySelector does not enter.
function findShown(root, selector) {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(selector) && element.checkVisibility()) { return element }
    const found = element.shadowRoot && element.checkVisibility() ? findShown(element.shadowRoot, selector) : null
    if (found) { return found }
  }
  return null
}

function isTyping() {
  let element = document.activeElement
  while (element?.shadowRoot?.activeElement) { element = element.shadowRoot.activeElement }
  return element != null && (element.matches("input, textarea, select") || element.isContentEditable)
}

function follow(model, event, path, query) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) { return }
  event.preventDefault()
  model.send_msg({type: "go", path, query})
}

// Links within pages lead to other places of the application; Tabulator must not take the click as well.
function followPlace(model, event) {
  const link = event.composedPath().find((element) => element.matches?.("a.place"))
  if (!link) { return }
  event.stopPropagation()
  follow(model, event, link.pathname, link.search)
}

function focusSearch() {
  const field = findShown(document, ".page-search")
  const input = field && (field.matches("input") ? field : findShown(field.shadowRoot ?? field, "input"))
  if (input) { input.focus(); input.select() }
  return Boolean(input)
}

// A page just opened may not have drawn its field yet.
function focusSearchSoon(tries = 50) {
  if (!isTyping() && !focusSearch() && tries > 0) { setTimeout(() => focusSearchSoon(tries - 1), 100) }
}

function renderTrail(model, trail) {
  const title = make("a", "title", model.title)
  title.href = model.path
  title.addEventListener("click", (event) => follow(model, event, model.path, ""))
  trail.replaceChildren(title)
  for (const text of model.breadcrumb) {
    trail.append(make("span", "slash", "/"), make("span", "crumb", text))
  }
}

function renderJob(model, job) {
  const row = make("a", "job")
  row.href = job.path + job.query
  row.addEventListener("click", (event) => follow(model, event, job.path, job.query))
  const share = job.fraction == null ? "" : `${Math.floor(100 * job.fraction)} %`
  row.append(make("span", "job-title", job.title), make("span", "share", share), meter(job.fraction))
  return row
}

function meter(fraction) {
  const bar = make("span", fraction == null ? "meter open" : "meter")
  const fill = make("span", "fill")
  fill.style.width = fraction == null ? "30%" : `${100 * Math.min(1, Math.max(0, fraction))}%`
  bar.append(fill)
  return bar
}

function renderJobs(model, chip, panel) {
  const {jobs, running} = model
  chip.hidden = jobs.length === 0
  if (jobs.length === 0) { panel.hidden = true }
  const all = running <= jobs.length  // a mean over some would be taken for the mean over all
  const known = all ? jobs.map((job) => job.fraction).filter((fraction) => fraction != null) : []
  const mean = known.length ? known.reduce((a, b) => a + b, 0) / known.length : null
  const share = mean == null ? "" : `, ${Math.floor(100 * mean)} %`
  const count = make("span", "count", `${running.toLocaleString("en")} running${share}`)
  chip.replaceChildren(make("span", "pulse"), count, ...(all ? [meter(mean)] : []))
  chip.setAttribute("aria-expanded", String(!panel.hidden))
  panel.replaceChildren(...jobs.map((job) => renderJob(model, job)))
  if (!all) {
    panel.append(make("span", "more", `and ${(running - jobs.length).toLocaleString("en")} that began before these`))
  }
}

function applyTheme(model, toggle) {
  document.documentElement.dataset.brinellTheme = model.dark ? "dark" : "light"
  const label = model.dark ? "Use the light theme" : "Use the dark theme"
  toggle.replaceChildren(drawing(model.dark ? "light" : "dark"))
  toggle.title = label
  toggle.setAttribute("aria-label", label)
}

// A change made before the document is idle reaches the server, but its answer is not drawn.
function whenIdle(document, act) {
  if (document.is_idle) { act() } else { document.idle.connect(act) }
}

function followSystemTheme(model, view) {
  const system = window.matchMedia("(prefers-color-scheme: dark)")
  const take = () => {
    if (["light", "dark"].includes(recall("brinell_theme"))) { return }
    remember("brinell_theme", system.matches ? "system-dark" : "system-light")
    model.dark = system.matches
  }
  whenIdle(view.model.document, take)
  system.addEventListener("change", take)
  return () => system.removeEventListener("change", take)
}

function writeAddress(model) {
  const {url, push} = model.address
  if (!url || url === location.pathname + location.search) { return }
  history[push ? "pushState" : "replaceState"]({}, "", url)
}

function listen(target, type, handler, options) {
  target.addEventListener(type, handler, options)
  return () => target.removeEventListener(type, handler, options)
}

// At every repaint Bokeh asks the browser for a style of each property of each glyph, axis and label: half of
// the repaint's time. Nothing sets what it asks for, properties named --bk-*, so it is told so at once.
function paintWithoutAsking() {
  window.Bokeh.require("core/visuals/visual").VisualProperties.prototype._get_css_value = () => ""
}

export function render({model, view}) {
  paintWithoutAsking()
  const bar = make("div", "bar")
  const trail = make("nav", "trail")
  trail.setAttribute("aria-label", "Breadcrumb")
  const chip = make("button", "chip")
  chip.setAttribute("aria-label", "Running jobs")
  const panel = make("div", "jobs")
  panel.hidden = true
  const toggle = make("button", "toggle")
  bar.append(trail, chip, panel, toggle)

  const stops = [
    followSystemTheme(model, view),
    listen(window, "popstate", () => {
      model.send_msg({type: "back", path: location.pathname, query: location.search})
    }),
    listen(document, "visibilitychange", () => model.send_msg({type: "seen", seen: !document.hidden})),
    listen(document, "keydown", (event) => {
      if (event.key === "Escape") { panel.hidden = true }
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping()) { return }
      event.preventDefault()
      focusSearchSoon()
    }),
    listen(document, "click", (event) => followPlace(model, event), {capture: true}),
    listen(document, "click", (event) => {
      if (!event.composedPath().includes(chip)) { panel.hidden = true }
    }),
  ]
  chip.addEventListener("click", () => {
    panel.hidden = !panel.hidden
    chip.setAttribute("aria-expanded", String(!panel.hidden))
  })
  toggle.addEventListener("click", () => {
    model.dark = !model.dark
    remember("brinell_theme", model.dark ? "dark" : "light")
  })
  const showTitle = () => { document.title = model.document_title }
  const draw = {trail: () => renderTrail(model, trail), jobs: () => renderJobs(model, chip, panel)}
  model.on("title", draw.trail)
  model.on("breadcrumb", draw.trail)
  model.on("path", draw.trail)
  for (const name of ["jobs", "running"]) { model.on(name, draw.jobs) }
  model.on("dark", () => applyTheme(model, toggle))
  model.on("document_title", showTitle)
  model.on("address", () => writeAddress(model))
  model.on("remove", () => stops.forEach((stop) => stop()))
  draw.trail()
  draw.jobs()
  applyTheme(model, toggle)
  showTitle()
  writeAddress(model)
  return bar
}
