export function render({model}) {
  const root = make("div", "tags")
  const input = textInput("Add a tag")
  input.placeholder = "Add a tag"
  const send = () => {
    const names = input.value.split(",").map((name) => name.trim()).filter(Boolean)
    input.value = ""
    if (names.length) { model.send_msg({type: "add", names}) }
  }
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") { send() } })
  input.addEventListener("change", send)
  let words = null
  const offer = () => { words?.remove(); words = offerWords(input, model.known); root.append(words) }
  const draw = () => {
    const chips = model.borne.map((tag) => {
      const made = chip(tag)
      made.append(iconButton("close", `Take off ${tag.name}`, () => { input.focus(); model.send_msg({type: "remove", name: tag.name}) }, "cross"))
      return made
    })
    for (const old of [...root.querySelectorAll(".chip")]) { old.remove() }
    root.prepend(...chips)
  }
  root.append(input)
  draw()
  offer()
  model.on("borne", draw)
  model.on("known", offer)
  return root
}
