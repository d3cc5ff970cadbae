// Bokeh's own tooltip has the page laid out at every repaint beneath the pointer, twice as long as the repaint.
export default ({plot, source, columns, words}, event, _data, {index}) => {
  const view = index.get_one(plot)
  if (!view) { return }
  let box = view.shadow_el.querySelector(".readout")
  if (event.event_name !== "mousemove") {
    if (box) { box.style.visibility = "hidden" }
    return
  }
  const at = source.data[columns[0]]
  if (!at || at.length === 0) { return }
  if (!box) {
    box = document.createElement("div")
    box.className = "readout"
    box.style.cssText = words.style
    view.shadow_el.append(box)
  }
  let low = 0
  let high = at.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (at[middle] < event.x) { low = middle } else { high = middle }
  }
  const place = Math.abs(at[low] - event.x) <= Math.abs(at[high] - event.x) ? low : high
  const told = columns.map((name, n) => {
    const value = Number(source.data[name][place])
    return `${words.names[n]} ${String(Number(value.toPrecision(words.digits[n])))} ${words.units[n]}`.trim()
  })
  box.textContent = [...new Set(told)].join("\n")
  const isRight = event.sx > 0.6 * plot.outer_width
  box.style.visibility = "visible"
  box.style.transform = `translate(${event.sx}px, ${event.sy}px) translate(${isRight ? "calc(-100% - 12px)" : "12px"}, 12px)`
}
