const FEW = 6

class FacetList {
  constructor(model) {
    this.model = model
    this.shut = new Set()
    this.long = new Set()
    this.root = make("div", "facets folded")
    this.fold = button("quiet fold", null, () => this.setFolded(!this.root.classList.contains("folded")))
    this.groups = make("div", "groups")
    this.root.append(this.fold, this.groups)
    this.draw()
  }

  setFolded(isFolded) {
    this.root.classList.toggle("folded", isFolded)
    this.drawFold()
  }

  drawFold() {
    const chosen = this.model.facets.flatMap((facet) => facet.values).filter((one) => one.on).length
    const isFolded = this.root.classList.contains("folded")
    this.fold.setAttribute("aria-expanded", String(!isFolded))
    this.fold.replaceChildren(icon(isFolded ? "expand_more" : "expand_less"), make("span", "", chosen ? `Filters (${chosen})` : "Filters"))
  }

  draw() {
    const active = this.root.getRootNode().activeElement?.dataset?.key
    this.drawFold()
    this.groups.replaceChildren(...this.model.facets.map((facet) => this.makeGroup(facet)))
    if (active) { [...this.groups.querySelectorAll("[data-key]")].find((one) => one.dataset.key === active)?.focus() }
  }

  makeGroup(facet) {
    const group = make("section", "group")
    const head = button("head", null, () => { this.flip(this.shut, facet.field) })
    const isShut = this.shut.has(facet.field)
    head.append(make("span", "", facet.title), icon(isShut ? "expand_more" : "expand_less"))
    head.setAttribute("aria-expanded", String(!isShut))
    head.dataset.key = `head ${facet.field}`
    group.setAttribute("aria-label", facet.title)
    group.append(head)
    if (isShut) { return group }
    const all = this.long.has(facet.field)
    const shown = facet.values.filter((one, place) => all || place < FEW || one.on)
    group.append(...shown.map((one) => this.makeValue(facet, one)))
    const rest = facet.values.length - shown.length
    if (rest > 0 || all) { group.append(this.makeMore(facet, rest)) }
    return group
  }

  makeMore(facet, rest) {
    const more = button("more", rest > 0 ? `${rest} more` : "fewer", () => this.flip(this.long, facet.field))
    more.dataset.key = `more ${facet.field}`
    return more
  }

  makeValue(facet, one) {
    const value = button("value", null, () => this.model.send_msg({type: "toggle", field: facet.field, value: one.value}))
    const mark = icon(one.icon || (one.on ? "check_box" : "check_box_outline_blank"))
    if (one.ink) { mark.style.color = one.ink }
    if (one.color) { mark.className = "dot"; mark.textContent = ""; mark.style.background = one.color }
    const label = make("span", "label", one.label)
    label.title = one.label
    value.append(mark, label, make("span", "count", one.count == null ? "" : one.count.toLocaleString("en")))
    value.dataset.key = `${facet.field} ${one.value}`
    setPressed(value, one.on)
    return value
  }

  flip(set, field) {
    if (!set.delete(field)) { set.add(field) }
    this.draw()
  }
}

export function render({model}) {
  const list = new FacetList(model)
  model.on("facets", () => list.draw())
  return list.root
}
