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
  button.append(picture(item))
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
  if (event.altKey || event.ctrlKey || event.metaKey || (at instanceof HTMLElement && at.closest("input, textarea, .grid"))) return
  const button = document.querySelector(TURNS[event.key] ?? "nothing")
  if (button && !button.disabled) setTimeout(() => button.click(), 0)
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
  grid.style.setProperty("--tile", `${data.tile}px`)
  grid.setAttribute("aria-label", data.label)
  grids.set(data.label, grid)
  const mark = JSON.stringify(data.items.map(i => [i.id, i.alt, i.caption, i.note, i.mark, i.right, i.rank, i.score_text, i.named, i.src.length]))
  if (drawn.get(grid) !== mark) {
    rearrange(grid, data.items.map(tile))
    ;[...grid.children].forEach((t, i) => (t.tabIndex = i ? -1 : 0))
    drawn.set(grid, mark)
  }
  grid.onclick = event => {
    const found = event.target.closest(".tile")
    if (!found) return
    returnTo(data.label, found.dataset.id)
    setTriggerValue("open", found.dataset.id)
  }
  grid.onkeydown = event => rove(grid, event)
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
