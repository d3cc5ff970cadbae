export function render({model}) {
  const dialog = make("dialog")
  const answer = (type) => { dialog.close(); model.send_msg({type}) }
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); answer("no") })
  const draw = () => {
    const {title, lines, yes, no} = model.question
    if (!title) { if (dialog.open) { dialog.close() }; return }
    const heading = make("h2", "", title)
    const buttons = make("div", "buttons")
    const keep = button("quiet", no, () => answer("no"))
    buttons.append(keep, button("go danger", yes, () => answer("yes")))
    dialog.setAttribute("aria-label", title)
    dialog.replaceChildren(heading, ...lines.map((line) => make("p", "", line)), buttons)
    if (!dialog.open) { dialog.showModal() }
    keep.focus()
  }
  model.on("question", draw)
  draw()
  return dialog
}
