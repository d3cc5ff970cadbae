// Tables, questions that are ready, questions that were kept: three lists that fold.
function fold(title, open, lines, nothing) {
  const details = make("details")
  details.open = open
  const summary = make("summary", null, title)
  const body = make("div", "body")
  body.append(...(lines.length ? lines : [make("div", "caption", nothing)]))
  details.append(summary, body)
  return details
}

function makeTable(model, table) {
  const details = make("details", "table")
  const summary = make("summary", "mono")
  summary.append(make("span", "name", table.name))
  summary.title = table.sentence
  const look = iconButton("visibility", `Look at ${table.name}`, (event) => {
    event.preventDefault()
    model.send_msg({type: "look", name: table.name})
  })
  summary.append(look)
  const columns = table.columns.map((column) => {
    const line = button("column mono", null, () => model.send_msg({type: "insert", text: column.name}))
    line.append(make("span", "name", column.name), make("span", "caption", column.type.toLowerCase()))
    line.title = column.sentence
    return line
  })
  details.append(summary, make("div", "caption", table.sentence), ...columns)
  return details
}

function makeReady(model, one) {
  const line = button("kept", null, () => model.send_msg({type: "ready", name: one.name}))
  line.append(make("span", "name", one.title), make("span", "caption", one.sentence))
  return line
}

function makeSaved(model, one) {
  const line = make("div", "saved")
  const open = button("kept", null, () => model.send_msg({type: "open", id: one.id}))
  const whose = one.own ? (one.shared ? "shared with all" : "only yours") : `shared by ${one.owner}`
  open.append(make("span", "name", one.name), make("span", "caption", `${whose} · used ${one.uses} ×`))
  line.append(open)
  if (!one.own) { return line }
  const share = iconButton(one.shared ? "group" : "person_outline", one.shared ? `Stop sharing ${one.name}` : `Share ${one.name}`,
    () => model.send_msg({type: "share", id: one.id, shared: !one.shared}))
  setPressed(share, one.shared)
  const remove = iconButton("delete_outline", `Delete ${one.name}`, () => {
    const sure = button("go danger", "Delete", () => model.send_msg({type: "delete", id: one.id}))
    sure.setAttribute("aria-label", `Delete ${one.name} for good`)
    remove.replaceWith(sure)
    sure.focus()
  })
  line.append(share, remove)
  return line
}

export function render({model}) {
  const root = make("div", "shelf")
  const isOpen = (place, first) => root.children[place]?.open ?? first
  const draw = () => {
    root.replaceChildren(
      fold("Ready-made questions", isOpen(0, true), model.ready.map((one) => makeReady(model, one)), "None."),
      fold("Saved questions", isOpen(1, true), model.saved.map((one) => makeSaved(model, one)),
        "None is kept yet. Write one, then save it below the editor."),
      fold("Tables", isOpen(2, true), model.tables.map((one) => makeTable(model, one)), "None."),
    )
  }
  for (const name of ["ready", "saved", "tables"]) { model.on(name, draw) }
  draw()
  return root
}
