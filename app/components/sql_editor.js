const SETTLE_MS = 300

// The editor's scripts lie beside the framework's own; they are fetched when the first question is written.
let loading = null
function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = make("script")
    script.src = address
    script.onload = resolve
    script.onerror = () => reject(new Error(`${address} could not be loaded`))
    document.head.append(script)
  })
}
function loadAce(base) {
  loading ??= loadScript(`${base}ace.js`)
    .then(() => loadScript(`${base}ext-language_tools.js`))
    .then(() => { window.ace.config.set("basePath", base); return window.ace })
  return loading
}

class SqlEditor {
  constructor(model) {
    this.model = model
    this.root = make("div", "editor")
    this.plain = make("textarea", "mono")
    this.plain.setAttribute("aria-label", "SQL")
    this.plain.spellcheck = false
    this.plain.value = model.sql
    this.plain.addEventListener("input", () => this.tellLater())
    this.plain.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.run() }
    })
    this.root.append(this.plain)
  }

  get text() { return this.ace ? this.ace.getValue() : this.plain.value }

  // Where the scripts are not served, as in a notebook, the plain field stays.
  async upgrade() {
    if (!this.model.scripts) { return }
    const ace = await loadAce(this.model.scripts)
    if (!this.root.isConnected) { return }
    const place = make("div", "ace")
    const kept = this.plain.value
    this.plain.replaceWith(place)
    this.ace = ace.edit(place, {
      mode: "ace/mode/sql", value: kept, minLines: 7, maxLines: 24, fontSize: 13, showPrintMargin: false, tabSize: 2,
      useSoftTabs: true, enableBasicAutocompletion: true, enableLiveAutocompletion: true, highlightActiveLine: false,
      showGutter: false, scrollPastEnd: 0, wrap: true,
    })
    this.ace.clearSelection()
    this.ace.renderer.attachToShadowRoot()
    this.ace.renderer.setPadding(10)
    this.ace.renderer.setScrollMargin(8, 8, 0, 0)
    this.ace.textInput.setAriaOptions({setLabel: true})
    this.ace.textInput.getElement().setAttribute("aria-label", "SQL")
    this.ace.completers = [{getCompletions: (_editor, _session, _at, prefix, take) => take(null, this.complete(prefix))}]
    this.ace.commands.addCommand({name: "ask", bindKey: {win: "Ctrl-Enter", mac: "Command-Enter"}, exec: () => this.run()})
    // Tab leads on where nothing is being completed: the keyboard must get out of the field.
    this.ace.commands.removeCommand("indent")
    this.ace.commands.removeCommand("outdent")
    this.ace.session.on("change", () => this.tellLater())
    this.drawTheme()
    this.watch = new MutationObserver(() => this.drawTheme())
    this.watch.observe(document.documentElement, {attributes: true, attributeFilter: ["data-brinell-theme"]})
  }

  complete(prefix) {
    const begun = prefix.toLowerCase()
    return this.model.words
      .filter(({word}) => word.toLowerCase().startsWith(begun))
      .map(({word, kind}) => ({caption: word, value: word, meta: kind, score: kind === "keyword" ? 1 : 2}))
  }

  drawTheme() {
    const dark = document.documentElement.dataset.brinellTheme === "dark"
    this.ace?.setTheme(dark ? "ace/theme/github_dark" : "ace/theme/github_light_default")
  }

  drawText() {
    if (this.text === this.model.sql) { return }
    if (this.ace) { this.ace.setValue(this.model.sql, 1) } else { this.plain.value = this.model.sql }
  }

  tellLater() {
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => this.model.send_msg({type: "edit", text: this.text}), SETTLE_MS)
  }

  run() {
    clearTimeout(this.waiting)
    this.model.send_msg({type: "run", text: this.text})
  }

  insert(words) {
    if (this.ace) { this.ace.insert(words); this.ace.focus() } else { this.plain.setRangeText(words); this.plain.focus() }
    this.tellLater()
  }

  close() {
    this.watch?.disconnect()
    this.ace?.destroy()
  }
}

export function render({model}) {
  const editor = new SqlEditor(model)
  const bar = make("div", "line")
  const run = button("go", "Run", () => editor.run())
  run.title = "Run the question (Ctrl+Enter)"
  const stop = button("quiet", "Stop", () => model.send_msg({type: "stop"}))
  const hint = make("span", "caption", "Ctrl+Enter runs it; Ctrl+Space completes")
  bar.append(run, stop, hint)
  const drawBusy = () => { run.disabled = model.busy; stop.hidden = !model.busy; run.textContent = model.busy ? "Running …" : "Run" }
  model.on("sql", () => editor.drawText())
  model.on("busy", drawBusy)
  model.on("msg:custom", ({insert}) => editor.insert(insert))
  model.on("remove", () => editor.close())
  drawBusy()
  const root = make("div", "question")
  root.append(editor.root, bar)
  requestAnimationFrame(() => editor.upgrade())
  return root
}
