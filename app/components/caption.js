export function render({model}) {
  const line = make("div", "caption")
  const draw = () => { line.textContent = model.words }
  model.on("words", draw)
  draw()
  return line
}
