// Files on their way to the server: chosen or dropped here, sent by one request that tells how far it is.
const SHOWN = 6
const FACTS = [
  ["rate_hz", "Sampling rate (Hz)"],
  ["rpm", "Speed (rpm)"],
  ["unit", "Unit of the samples"],
  ["load", "Load"],
  ["fault_class", "Fault class"],
  ["severity", "Severity"],
  ["bearing_model", "Bearing model"],
  ["bearing_id", "Which bearing"],
  ["machine_id", "Machine"],
]
const NUMBERS = ["rate_hz", "rpm"]
const RATES = [
  ["resample", "Resample to the usual rate"],
  ["refuse", "Refuse records of another rate"],
  ["keep", "Keep every record's own rate"],
]

function size(bytes) {
  if (bytes < 1000) { return `${bytes} B` }
  const [value, unit] = bytes >= 1e9 ? [bytes / 1e9, "GB"] : bytes >= 1e6 ? [bytes / 1e6, "MB"] : [bytes / 1e3, "kB"]
  return `${value.toLocaleString("en", {minimumFractionDigits: 1, maximumFractionDigits: 1})} ${unit}`
}

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`
}

function span(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
}

function labelled(id, label, input) {
  const box = make("div", "field")
  const name = make("label", "", label)
  name.htmlFor = input.id = id
  box.append(name, input)
  return box
}

// A file of a folder keeps its way from there; what the system hides is no recording.
async function listEntry(entry, path = "") {
  if (entry.isFile) {
    const file = await new Promise((found, lost) => entry.file(found, lost))
    return [{file, name: path + file.name}]
  }
  const reader = entry.createReader()
  const inner = []
  for (;;) {
    const some = await new Promise((found, lost) => reader.readEntries(found, lost))
    if (some.length === 0) { break }
    inner.push(...some)
  }
  return (await Promise.all(inner.map((one) => listEntry(one, `${path}${entry.name}/`)))).flat()
}

async function listDropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean)
  if (entries.length === 0) { return [...transfer.files].map((file) => ({file, name: file.name})) }
  return (await Promise.all(entries.map((entry) => listEntry(entry)))).flat()
}

function listChosen(input) {
  return [...input.files].map((file) => ({file, name: file.webkitRelativePath || file.name}))
}

function isHidden(name) {
  return name.split("/").some((part) => part.startsWith("."))
}

// Two folders may hold files of one name; only the same file chosen again is the same.
function identity({file, name}) {
  return JSON.stringify([name, file.size, file.lastModified])
}

class Form {
  constructor(model) {
    this.model = model
    this.files = []
    this.request = null
    this.root = make("div", "form")
    this.picked = make("div", "picked")
    this.trouble = make("div", "trouble")
    this.trouble.setAttribute("role", "alert")
    this.sending = make("div", "sending")
    const files = make("div", "files")
    files.append(this.makeDrop(), this.picked)
    this.root.append(files, this.makeFields(), this.trouble, this.sending)
    this.say("")
    this.sending.hidden = true
    this.draw()
  }

  makeDrop() {
    const drop = make("div", "drop")
    const glyph = make("span", "glyph", "upload_file")
    glyph.setAttribute("aria-hidden", "true")
    const choose = make("div", "choose")
    choose.append(...this.makeChooser("Choose files", false), ...this.makeChooser("Choose a folder", true))
    drop.append(glyph, make("div", "", "Drop recordings or a folder of them here"), choose)
    let depth = 0  // entering a child leaves its parent
    const mark = (step) => { depth = Math.max(0, depth + step); drop.classList.toggle("over", depth > 0) }
    drop.addEventListener("dragenter", (event) => { event.preventDefault(); mark(1) })
    drop.addEventListener("dragleave", () => mark(-1))
    drop.addEventListener("dragover", (event) => event.preventDefault())
    drop.addEventListener("drop", (event) => {
      event.preventDefault()
      mark(-depth)
      listDropped(event.dataTransfer).then((found) => this.add(found), () => this.say("What was dropped cannot be read; choose it with the buttons."))
    })
    return drop
  }

  makeChooser(label, folder) {
    const input = make("input")
    input.type = "file"
    input.multiple = true
    input.webkitdirectory = folder
    input.hidden = true
    input.addEventListener("change", () => { this.add(listChosen(input)); input.value = "" })
    return [button("quiet", label, () => input.click()), input]
  }

  makeFields() {
    const fields = make("div", "fields")
    this.dataset = make("input")
    this.dataset.maxLength = 200
    this.dataset.autocomplete = "off"
    this.dataset.spellcheck = false
    this.dataset.setAttribute("list", "stored")
    this.dataset.addEventListener("input", () => this.draw())
    this.dataset.addEventListener("keydown", (event) => { if (event.key === "Enter" && !this.go.disabled) { this.send() } })
    this.stored = make("datalist")
    this.stored.id = "stored"
    this.told = make("div", "caption")
    this.rates = make("select")
    this.rates.append(...RATES.map(([value, words]) => new Option(words, value)))
    this.go = button("go", "Upload and import", () => this.send())
    const named = labelled("dataset", "Data set", this.dataset)
    named.append(this.stored, this.told)
    fields.append(named, labelled("rates", "Records of another sampling rate", this.rates), this.makeFacts(), this.go)
    return fields
  }

  makeFacts() {
    const details = make("details", "facts")
    const grid = make("div", "pairs")
    this.facts = FACTS.map(([name, label]) => {
      const input = make("input")
      input.name = name
      input.maxLength = 200
      input.autocomplete = "off"
      if (NUMBERS.includes(name)) { input.inputMode = "decimal" }
      grid.append(labelled(name, label, input))
      return input
    })
    details.append(make("summary", "", "Facts that the files leave out"), grid)
    return details
  }

  say(words) {
    this.trouble.textContent = words
    this.trouble.hidden = words === ""
  }

  add(found) {
    if (this.request) { return }  // what is on its way is what was chosen
    const known = new Set(this.files.map(identity))
    this.files.push(...found.filter((one) => !isHidden(one.name) && !known.has(identity(one))))
    this.say("")
    this.draw()
  }

  total() {
    return this.files.reduce((sum, {file}) => sum + file.size, 0)
  }

  isLarge({file}) {
    return file.size > this.model.room.file_bytes
  }

  // What the server would refuse is told before a byte is sent.
  objection() {
    const {used_bytes, quota_bytes, file_bytes, most_files} = this.model.room
    const large = this.files.find((one) => this.isLarge(one))
    if (large) { return `${large.name} has ${size(large.file.size)}; a file may have ${size(file_bytes)}. Split it at its source.` }
    if (this.files.length > most_files) { return `${count(this.files.length, "file")} are chosen; one import takes ${most_files.toLocaleString("en")}.` }
    const free = Math.max(0, quota_bytes - used_bytes)
    if (this.total() > free) { return `${size(this.total())} are chosen and ${size(free)} of ${size(quota_bytes)} are free. Import them where they lie: brinell import PATH --dataset NAME` }
    return ""
  }

  draw() {
    const objection = this.objection()
    if (objection) { this.say(objection) }
    const [large, others] = [true, false].map((is) => this.files.filter((one) => this.isLarge(one) === is))
    this.picked.replaceChildren(...[...large, ...others].slice(0, SHOWN).map((one) => this.makeLine(one)))
    if (this.files.length > 0) { this.picked.append(this.makeSum()) }
    const name = this.dataset.value.trim()
    const exists = this.model.datasets.includes(name)
    this.told.textContent = name === "" ? "A new name, or a data set to add to" : exists ? "Exists: new records are added to it" : "New: it will be made"
    this.stored.replaceChildren(...this.model.datasets.map((stored) => new Option(stored, stored)))
    this.go.disabled = this.request != null || this.files.length === 0 || name === "" || objection !== ""
    for (const input of [this.dataset, this.rates, ...this.facts]) { input.disabled = this.request != null }
  }

  makeLine(one) {
    const line = make("div", this.isLarge(one) ? "line over" : "line")
    const name = make("span", "name", one.name)
    name.title = one.name
    const remove = button("drop-one", "×", () => { this.files = this.files.filter((other) => other !== one); this.say(""); this.draw() })
    remove.setAttribute("aria-label", `Leave out ${one.name}`)
    remove.disabled = this.request != null
    line.append(name, make("span", "size", size(one.file.size)), remove)
    return line
  }

  makeSum() {
    const line = make("div", "line sum")
    const more = this.files.length - SHOWN
    const words = `${count(this.files.length, "file")}${more > 0 ? `, ${more.toLocaleString("en")} not shown` : ""}`
    const clear = button("drop-one", "×", () => { this.files = []; this.say(""); this.draw() })
    clear.setAttribute("aria-label", "Leave out all files")
    clear.title = "Leave out all"
    clear.disabled = this.request != null
    line.append(make("span", "name", words), make("span", "size", size(this.total())), clear)
    return line
  }

  send() {
    const form = new FormData()
    form.append("dataset", this.dataset.value.trim())
    form.append("mixed_rates", this.rates.value)
    for (const {name, value} of this.facts) { if (value.trim()) { form.append(name, value.trim()) } }
    for (const {file, name} of this.files) { form.append("files", file, name) }
    const request = this.request = new XMLHttpRequest()
    request.open("POST", "/uploads")
    request.responseType = "json"
    this.showSending(request)
    request.addEventListener("load", () => this.answered(request))
    request.addEventListener("error", () => this.end("The connection to the server broke; nothing was stored. Send the files again."))
    request.addEventListener("abort", () => this.end(""))
    request.send(form)
    this.say("")
    this.draw()
  }

  showSending(request) {
    const words = make("span", "", "Sending")
    words.setAttribute("role", "status")
    const track = make("div", "track")
    track.setAttribute("role", "progressbar")
    track.setAttribute("aria-label", "Upload")
    const done = make("div", "done")
    track.append(done)
    this.sending.replaceChildren(words, button("quiet", "Cancel", () => request.abort()), track)
    this.sending.hidden = false
    const began = performance.now()
    request.upload.addEventListener("progress", ({loaded, total}) => {
      const share = total ? loaded / total : 0
      const seconds = (performance.now() - began) / 1000
      done.style.width = `${100 * share}%`
      track.setAttribute("aria-valuenow", Math.floor(100 * share))
      const left = share < 1 ? `, ${span(seconds * (1 - share) / Math.max(share, 1e-6))} left` : ", being stored"
      words.textContent = `Sending ${size(loaded)} of ${size(total)}${left}`
    })
  }

  answered(request) {
    const answer = request.response ?? {}
    if (request.status !== 201) {
      this.end(answer.detail ?? `The server answered ${request.status}; nothing was stored. Send the files again.`)
      return
    }
    this.files = []
    this.end("")
    this.model.send_msg({import_id: answer.import_id})
  }

  end(words) {
    this.request = null
    this.sending.hidden = true
    this.say(words)
    this.draw()
  }
}

export function render({model}) {
  const form = new Form(model)
  for (const name of ["datasets", "room"]) { model.on(name, () => form.draw()) }
  const warn = (event) => { if (form.request) { event.preventDefault() } }
  window.addEventListener("beforeunload", warn)
  model.on("remove", () => { form.request?.abort(); window.removeEventListener("beforeunload", warn) })
  return form.root
}
