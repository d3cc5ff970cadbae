// Painting takes most of a gesture's time: the old picture, moved, is only worth it where the new one is far.
let waiting = null

export default ({plot, source, patience_ms}, changed, _data, {index}) => {
  const paint = () => {
    clearTimeout(waiting)
    waiting = null
    plot.setv({hold_render: false}, {sync: false})
    // Bokeh would wait another frame, as it takes what it left out for a painting.
    requestAnimationFrame(() => index.find_one(plot)?.repaint())
  }
  if (changed !== source && waiting === null) {
    plot.setv({hold_render: true}, {sync: false})
    waiting = setTimeout(paint, patience_ms)
  } else if (changed === source && waiting !== null) {
    paint()
  }
}
