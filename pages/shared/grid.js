// Pictures as buttons in a grid. Everything a stranger wrote is set as text, never as markup.
const SHARED = "text-meets-vision-picture"
const drawn = new WeakMap()

const element = (tag, className, text) => {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

const picture = item => {
  const frame = element("span", "frame")
  if (!item.src) {
    frame.append(element("span", "absent", "not here"))
    frame.setAttribute("role", "img")
    frame.setAttribute("aria-label", item.alt)
    return frame
  }
  const image = element("img")
  image.alt = item.alt
  image.decoding = "async"
  // A picture with fewer pixels than its tile is enlarged as squares, never blurred.
  image.onload = () => image.classList.toggle("sharp", image.naturalWidth * 1.2 < image.clientWidth * devicePixelRatio)
  image.src = item.src
  frame.append(image)
  return frame
}

const scoreLine = item => {
  const line = element("span", "line")
  if (item.rank) line.append(element("span", "rank", String(item.rank)))
  if (item.score !== null) {
    const bar = element("span", "bar"), fill = element("i")
    fill.style.width = `${Math.round(100 * Math.min(1, Math.max(0, item.score)))}%`
    bar.append(fill)
    line.append(bar)
  }
  if (item.score_text) line.append(element("span", "score", item.score_text))
  return line
}

const tile = item => {
  const button = element("button", "tile")
  button.type = "button"
  button.dataset.id = button.title = item.id
  button.classList.toggle("right", item.right)
  button.append(picture(item), element("span", "tick"))
  if (item.rank || item.score !== null || item.score_text) button.append(scoreLine(item))
  if (item.mark) button.append(element("span", "mark", item.mark))
  if (item.caption) button.append(element("span", "caption", item.caption))
  if (item.note) button.append(element("span", "note", item.note))
  if (item.named) button.append(element("span", "name", item.id))
  return button
}

// One tab stop for the whole grid; arrows move inside it (the roving tabindex of the ARIA practices).
const columns = tiles => {
  const first = tiles[0].offsetTop
  const next = tiles.findIndex(t => t.offsetTop !== first)
  return next < 0 ? tiles.length : next
}

const target = (key, at, tiles) => {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(tiles), ArrowUp: -columns(tiles) }[key]
  if (key === "Home") return 0
  if (key === "End") return tiles.length - 1
  return step === undefined ? at : Math.min(tiles.length - 1, Math.max(0, at + step))
}

const rove = (grid, event) => {
  const tiles = [...grid.children], at = tiles.indexOf(event.target.closest(".tile"))
  if (at < 0) return
  const to = target(event.key, at, tiles)
  if (to === at) return
  event.preventDefault()
  tiles.forEach((t, i) => (t.tabIndex = i === to ? 0 : -1))
  tiles[to].focus()
}

const shareHover = (grid, event, over) => {
  const found = event.target.closest(".tile")
  if (found) window.dispatchEvent(new CustomEvent(SHARED, { detail: { id: found.dataset.id, over, from: grid } }))
}

// --- what a reader does with a grid: filter, sort, tick. It stays over the runs of the page. ---

const MANY = 8
const readers = new Map()

const readerOf = data => {
  const name = [data.key, ...(data.of ?? [])].join("\n")
  if (!readers.has(name)) readers.set(name, { words: "", order: "given", ticked: new Map(), naming: false, title: "" })
  return readers.get(name)
}

const labelOf = item => item.label || item.caption || item.alt
const scoreOf = item => item.score ?? Number.parseFloat((item.score_text.match(/[−-]?[\d.]+/) ?? [""])[0].replace("−", "-"))
const plainly = text => text.toLocaleLowerCase().trim()
const ORDERS = {
  given: null,
  label: (a, b) => labelOf(a).localeCompare(labelOf(b), undefined, { numeric: true }),
  high: (a, b) => scoreOf(b) - scoreOf(a),
  low: (a, b) => scoreOf(a) - scoreOf(b),
}
const ORDER_NAMES = { given: "As given", label: "By label", high: "Highest score first", low: "Lowest score first" }

const shownOf = (items, reader) => {
  const found = items.filter(i => plainly([i.label, i.caption, i.mark, i.note].join(" ")).includes(plainly(reader.words)))
  const order = ORDERS[reader.order]
  return order ? [...found].sort(order) : found
}

const labelled = (text, field) => {
  const made = element("label")
  made.append(element("span", "", text), field)
  return made
}

const tools = (place, data, reader, changed) => {
  const many = data.tools && data.items.length > MANY
  place.hidden = !many
  if (!many || place.childElementCount) return
  const words = element("input"), order = element("select"), count = element("span", "count")
  words.type = "search"
  words.value = reader.words
  words.oninput = () => { reader.words = words.value; changed() }
  const scored = data.items.every(i => !Number.isNaN(scoreOf(i)))
  for (const [value, name] of Object.entries(ORDER_NAMES)) {
    if (!scored && (value === "high" || value === "low")) continue
    const option = element("option", "", name)
    option.value = value
    order.append(option)
  }
  order.value = reader.order
  order.onchange = () => { reader.order = order.value; changed() }
  count.setAttribute("role", "status")
  place.append(labelled("Filter by label", words), labelled("Sort", order), count)
}

const quoted = text => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const saveIds = (data, reader) => {
  const [dataset, split] = data.of
  const rows = [...reader.ticked].map(([id, label]) => [id, dataset, split, label].map(quoted).join(","))
  const link = element("a")
  link.href = URL.createObjectURL(new Blob([["id,dataset,split,label", ...rows, ""].join("\r\n")], { type: "text/csv" }))
  link.download = "selected-images.csv"
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

const action = (text, act) => {
  const made = element("button", "", text)
  made.type = "button"
  made.onclick = act
  return made
}

const selection = (place, data, reader, changed, send) => {
  place.replaceChildren()
  place.hidden = !reader.ticked.size
  if (place.hidden) return
  const count = element("span", "count", `${reader.ticked.size.toLocaleString("en")} selected`)
  count.setAttribute("role", "status")
  place.append(count, action("CSV", () => saveIds(data, reader)))
  if (reader.naming) {
    const name = element("input")
    name.maxLength = 80
    name.value = reader.title
    name.oninput = () => (reader.title = name.value)
    const save = () => {
      send("save", { title: reader.title, images: [...reader.ticked] })
      reader.naming = false
      changed()
    }
    name.onkeydown = event => {
      event.stopPropagation()
      if (event.key === "Enter") save()
      if (event.key === "Escape") { reader.naming = false; changed() }
    }
    place.append(labelled("Name of the collection", name), action("Save", save))
    name.focus()
  } else {
    place.append(action("Save as collection", () => { reader.naming = true; changed() }))
  }
  place.append(action("Clear", () => { reader.ticked.clear(); reader.naming = false; changed() }))
}

const showTicks = (grid, reader) => {
  for (const t of grid.children) {
    const ticked = reader.ticked.has(t.dataset.id)
    t.classList.toggle("ticked", ticked)
    if (ticked) t.setAttribute("aria-description", "selected")
    else t.removeAttribute("aria-description")
  }
}

// Images that stay move to their new place, others fade in: one sees what a change of the question did.
const CALM = matchMedia("(prefers-reduced-motion: reduce)")

const rearrange = (grid, tiles) => {
  const before = new Map([...grid.children].map(t => [t.dataset.id, t.getBoundingClientRect()]))
  grid.replaceChildren(...tiles)
  if (!before.size || CALM.matches) return
  for (const t of tiles) {
    const from = before.get(t.dataset.id), to = t.getBoundingClientRect()
    const start = from
      ? { transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }
      : { opacity: 0 }
    t.animate([start, from ? { transform: "none" } : { opacity: 1 }], { duration: 350, easing: "ease-out" })
  }
}

// When the image over the page is closed, the keyboard is at the image that was looked at last. The dialog comes and
// goes with every turn, and gives the focus away last of all, so this waits until it has been away for a second.
const grids = new Map()
const TURNS = { ArrowLeft: ".st-key-turn-previous button", ArrowRight: ".st-key-turn-next button" }

const turn = event => {
  const at = event.composedPath()[0]
  if (event.altKey || event.ctrlKey || event.metaKey || (at instanceof HTMLElement && at.closest("input, select, textarea, .grid"))) return
  const button = document.querySelector(TURNS[event.key] ?? "nothing")
  if (button && !button.disabled) setTimeout(() => { button.click(); stayInside(TURNS[event.key]) }, 0)
}

// A turn draws the dialog anew, and the focus with which Escape closes it falls to the page: it is put back.
const stayInside = where => {
  let times = 0
  const look = setInterval(() => {
    const dialog = document.querySelector('[role="dialog"]')
    if (dialog && !dialog.contains(document.activeElement)) {
      const button = [where, ...Object.values(TURNS)].map(w => document.querySelector(w)).find(b => b && !b.disabled)
      button?.focus()
    }
    if ((times += 1) > 30) clearInterval(look)
  }, 100)
}

if (!window.textMeetsVisionTurns) document.addEventListener("keydown", (window.textMeetsVisionTurns = turn), true)

const tileOf = (label, id) => grids.get(label)?.querySelector(`.tile[data-id="${CSS.escape(id)}"]`)

const returnTo = (label, id) => {
  let last = id, seen = false, without = 0
  const look = setInterval(() => {
    without += 1
    if (document.querySelector('[role="dialog"]')) {
      seen = true
      without = 0
      for (const value of new URLSearchParams(location.search).values()) if (tileOf(label, value)) last = value
    } else if (without > (seen ? 4 : 50)) {
      clearInterval(look)
      if (seen) tileOf(label, last)?.focus()
    }
  }, 200)
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const grid = parentElement.querySelector(".grid")
  if (!grid) return
  const bar = parentElement.querySelector(".tools"), chosen = parentElement.querySelector(".selection")
  const reader = readerOf(data)
  grid.style.setProperty("--tile", `${data.tile}px`)
  grid.setAttribute("aria-label", data.label)
  grid.classList.toggle("ticking", Boolean(data.of))
  grids.set(data.label, grid)
  const show = () => {
    const many = data.tools && data.items.length > MANY
    const items = many ? shownOf(data.items, reader) : data.items
    const mark = JSON.stringify(items.map(i => [i.id, i.alt, i.caption, i.note, i.mark, i.right, i.rank, i.score_text, i.named, i.src.length]))
    if (drawn.get(grid) !== mark) {
      rearrange(grid, items.map(tile))
      ;[...grid.children].forEach((t, i) => (t.tabIndex = i ? -1 : 0))
      drawn.set(grid, mark)
    }
    tools(bar, data, reader, show)
    if (many) bar.querySelector(".count").textContent = items.length === data.items.length ? "" : `${items.length} of ${data.items.length}`
    showTicks(grid, reader)
    selection(chosen, data, reader, show, setTriggerValue)
  }
  const tickOne = id => {
    const item = data.items.find(i => i.id === id)
    if (!reader.ticked.delete(id)) reader.ticked.set(id, item.label || "")
    showTicks(grid, reader)
    selection(chosen, data, reader, show, setTriggerValue)
  }
  show()
  grid.onclick = event => {
    const found = event.target.closest(".tile")
    if (!found) return
    if (data.of && event.target.closest(".tick")) return tickOne(found.dataset.id)
    returnTo(data.label, found.dataset.id)
    setTriggerValue("open", { id: found.dataset.id, among: [...grid.children].map(t => t.dataset.id) })
  }
  grid.onkeydown = event => {
    const found = event.target.closest(".tile")
    if (event.key === " " && data.of && found) {
      event.preventDefault()
      tickOne(found.dataset.id)
    } else rove(grid, event)
  }
  // Some browsers press a button when Space is let go.
  grid.onkeyup = event => { if (event.key === " " && data.of) event.preventDefault() }
  grid.onmouseover = grid.onfocus = event => shareHover(grid, event, true)
  grid.onmouseout = event => shareHover(grid, event, false)
  const twin = event => {
    if (event.detail.from === grid) return
    for (const t of grid.children) if (t.dataset.id === event.detail.id) t.classList.toggle("twin", event.detail.over)
  }
  window.removeEventListener(SHARED, grid.twin)
  window.addEventListener(SHARED, (grid.twin = twin))
  return () => window.removeEventListener(SHARED, grid.twin)
}
