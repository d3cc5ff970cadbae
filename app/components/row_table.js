const UNHEARD_MS = 5000

class RowTable {
  constructor(model) {
    this.model = model
    this.marks = new Map()  // made here and not yet in what the server says: it answers one mark after the other
    this.lines = new Map()
    this.root = make("div", "whole")
    this.table = make("table")
    this.head = make("thead")
    this.body = make("tbody")
    this.table.append(this.head, this.body)
    const frame = make("div", "frame")
    frame.append(this.table)
    this.nothing = make("div", "nothing")
    this.root.append(frame, this.nothing, this.makePager())
    this.body.addEventListener("click", (event) => this.onClick(event))
    this.body.addEventListener("keydown", (event) => this.onKey(event))
    this.draw()
  }

  makePager() {
    const pager = make("div", "pager")
    this.span = make("span", "caption")
    this.span.setAttribute("role", "status")
    this.back = iconButton("chevron_left", "Previous page", () => this.turn(-1))
    this.on = iconButton("chevron_right", "Next page", () => this.turn(1))
    pager.append(this.span, this.back, this.on)
    return pager
  }

  turn(step) {
    this.model.send_msg({type: "turn", step})
  }

  draw() {
    this.drawHead()
    this.drawRows()
    this.drawPlace()
  }

  drawHead() {
    const {columns, sort, descending, selectable} = this.model
    const active = this.root.getRootNode().activeElement?.dataset?.column
    const line = make("tr")
    if (selectable) { line.append(this.makeAllCell()) }
    for (const column of columns) {
      const cell = make("th", `${column.number ? "number " : ""}spare${column.spare ?? 0}`)
      cell.scope = "col"
      const isSorted = column.name === sort
      if (column.sortable) {
        const title = button("sort", null, () => this.model.send_msg({type: "sort", column: column.name}))
        const arrow = icon(isSorted && !descending ? "arrow_upward" : "arrow_downward")
        if (!isSorted) { arrow.classList.add("unsorted") }
        title.append(...(column.number ? [arrow, make("span", "", column.title)] : [make("span", "", column.title), arrow]))
        title.dataset.column = column.name
        cell.append(title)
        cell.setAttribute("aria-sort", isSorted ? (descending ? "descending" : "ascending") : "none")
      } else {
        cell.append(make("span", "unsortable", column.title))
      }
      if (column.hint) { cell.title = column.hint }
      line.append(cell)
    }
    this.head.replaceChildren(line)
    if (active) { [...line.querySelectorAll("[data-column]")].find((one) => one.dataset.column === active)?.focus() }
  }

  makeAllCell() {
    const cell = make("th", "box")
    this.all = make("input")
    this.all.type = "checkbox"
    this.all.setAttribute("aria-label", "Select the rows of this page")
    this.all.addEventListener("change", () => this.select(this.model.rows.map((row) => row.id), this.all.checked))
    cell.append(this.all)
    return cell
  }

  select(ids, on) {
    for (const id of ids) { this.marks.set(id, on) }
    clearTimeout(this.forgetting)
    this.forgetting = setTimeout(() => { this.marks.clear(); this.drawRows() }, UNHEARD_MS)
    this.model.send_msg({type: "select", ids, on})
  }

  chosen() {
    const chosen = new Set(this.model.selected)
    for (const [id, on] of this.marks) {
      if (chosen.has(id) === on) { this.marks.delete(id) } else if (on) { chosen.add(id) } else { chosen.delete(id) }
    }
    return chosen
  }

  // A row that did not change stays as it is, and keeps the cursor.
  drawRows() {
    const {rows, columns, selectable} = this.model
    const chosen = this.chosen()
    const before = this.lines
    this.lines = new Map()
    for (const row of rows) {
      const told = JSON.stringify([row, columns, selectable])
      const old = before.get(row.id)
      this.lines.set(row.id, old?.told === told ? old : {told, element: this.makeRow(row)})
    }
    const wanted = [...this.lines.values()].map((line) => line.element)
    const focused = this.focusedKey()
    for (const element of [...this.body.children]) { if (!wanted.includes(element)) { element.remove() } }
    wanted.forEach((element, place) => {
      if (this.body.children[place] !== element) { this.body.insertBefore(element, this.body.children[place] ?? null) }
    })
    for (const row of rows) {
      const element = this.lines.get(row.id).element
      const box = element.querySelector("input[type=checkbox]")
      if (box) { box.checked = chosen.has(row.id) }
      element.classList.toggle("selected", chosen.has(row.id))
    }
    if (focused != null && this.focusedKey() == null) { this.lines.get(focused)?.element.querySelector(".first")?.focus() }
    this.drawAll(rows, chosen)
    this.nothing.textContent = this.model.nothing
    this.nothing.hidden = rows.length > 0 || this.model.nothing === ""
  }

  drawAll(rows, chosen) {
    if (!this.all) { return }
    const count = rows.filter((row) => chosen.has(row.id)).length
    this.all.checked = rows.length > 0 && count === rows.length
    this.all.indeterminate = count > 0 && count < rows.length
    this.all.disabled = rows.length === 0
  }

  focusedKey() {
    const line = this.root.getRootNode().activeElement?.closest?.("tbody tr")
    return line ? line.rowId : null
  }

  makeRow(row) {
    const line = make("tr")
    line.rowId = row.id
    if (this.model.selectable) { line.append(this.makeBoxCell(row)) }
    for (const column of this.model.columns) {
      const look = column.number ? "number " : column.unbroken ? "unbroken " : ""
      const cell = make("td", `${look}spare${column.spare ?? 0}`)
      this.fillCell(cell, row.cells[column.name])
      line.append(cell)
    }
    return line
  }

  makeBoxCell(row) {
    const cell = make("td", "box")
    const box = make("input")
    box.type = "checkbox"
    box.setAttribute("aria-label", `Select ${row.label}`)
    box.addEventListener("change", () => this.select([row.id], box.checked))
    cell.append(box)
    return cell
  }

  fillCell(cell, value) {
    if (value == null || typeof value !== "object") { cell.textContent = value ?? "–"; return }
    if (value.state != null) { cell.append(this.makeState(value)); return }
    if (value.tags != null && value.text == null) { cell.append(this.makeTags(value.tags)); return }
    const first = make(value.href ? "a" : value.opens ? "button" : "span", value.mono ? "mono" : "")
    first.textContent = value.text
    if (value.href) { first.className = "place first"; first.href = value.href }
    if (value.opens && !value.href) { first.className = "opens first"; first.type = "button" }
    cell.append(first)
    if (value.below) { cell.append(make("span", "below", value.below)) }
    if (value.bar != null) { cell.append(this.makeBar(value.bar)) }
    if (value.tags?.length) { cell.append(this.makeTags(value.tags)) }
    if (value.caution) { first.classList.add("caution") }
  }

  makeBar(share) {
    const bar = make("span", "bar")
    const done = make("span", "done")
    done.style.width = `${100 * Math.min(1, Math.max(0, share))}%`
    bar.append(done)
    return bar
  }

  makeTags(tags) {
    const line = make("span", "tags")
    line.append(...tags.map((tag) => chip(tag)))
    return line
  }

  makeState({state, more}) {
    const [glyph, word, ink] = this.model.states[state] ?? ["help", state, "inherit"]
    const badge = make("span", "badge")
    badge.style.color = ink
    badge.append(icon(glyph), make("span", "", `${word} ${more ?? ""}`.trim()))
    return badge
  }

  onClick(event) {
    const line = event.target.closest("tr")
    if (!line || event.target.closest("td.box")) { return }
    if (event.target.closest("a.place") && (event.ctrlKey || event.metaKey || event.shiftKey)) { return }
    event.preventDefault()
    if (String(window.getSelection()).length > 0 && !event.target.closest(".first")) { return }  // text being copied
    this.model.send_msg({type: "open", id: line.rowId})
  }

  onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") { return }
    const line = event.target.closest("tr")
    const next = event.key === "ArrowDown" ? line?.nextElementSibling : line?.previousElementSibling
    const same = event.target.matches("input") ? "input" : ".first"
    if (next) { event.preventDefault(); next.querySelector(same)?.focus() }
  }

  drawPlace() {
    const {first = 0, last = 0, total = 0} = this.model.place
    const many = (count) => count.toLocaleString("en")
    this.span.textContent = last >= first && total > 0 ? `${many(first)}–${many(last)} of ${many(total)}` : `none of ${many(total)}`
    this.back.disabled = first <= 1
    this.on.disabled = last >= total
  }
}

export function render({model}) {
  const table = new RowTable(model)
  for (const name of ["sort", "descending"]) { model.on(name, () => table.drawHead()) }
  for (const name of ["columns", "selectable"]) { model.on(name, () => table.draw()) }
  for (const name of ["rows", "selected", "nothing"]) { model.on(name, () => table.drawRows()) }
  model.on("place", () => table.drawPlace())
  return table.root
}
