// What a slide looks like: it fits the screen, and the last one stays until the next is drawn.
const OLD = "stage-old", LEAST_CHART = 0.45, MOST_CHART = 0.7, AXIS_ROWS = 4, ROW_REM = 2.1875, TIGHTEST = 3, BESIDE = 140, NARROW = 640, LOW = 500
// As many images of a list as are worth smaller ones, and their widths in rem.
const WANTED = 10, TILES = [8.2, 7.4, 6.6, 5.9, 5.2]
// How much larger and smaller than usual words may become, and the pixels over and under the row of a table.
const MOST_GROWN = 1.9, LEAST_GROWN = 0.6, MOST_PAD = 28
const FIRST_LOOK = 900, LONGEST_WAIT = 8000, LOOKS = 3
// How tight a slide is, and how wide its images are in rem (0: as they are).
const FIRST_ROW = [[0, 0], [1, 0], [1, 6.6], [2, 6.6], [2, 5.2]]

const find = selector => document.querySelector(selector)
const main = () => find("[data-testid=stMain]")
const seen = element => element.getClientRects().length > 0
const within = (root, selector) => [...root.querySelectorAll(selector)].filter(seen)

// --- the room of a screen ---------------------------------------------------------------------------------

const slideNow = () => find(".st-key-stage-answer") || find(".st-key-stage-slide")

// Where the first screen ends: at the bar, whatever was scrolled.
const fold = () => find(".st-key-stage-bar").getBoundingClientRect().top + main().scrollTop - 6
const topOf = element => element.getBoundingClientRect().top + main().scrollTop
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize)
const footOf = element => element.getBoundingClientRect().bottom + main().scrollTop

// A chart gets what is left; where that is too little, what stands above it gives way, its smallest print first.
const fitCharts = slide => {
  const root = document.documentElement
  const charts = within(slide, "[class*=st-key-stage-chart-]")
  const rows = Math.max(0, ...charts.map(chart => Number(chart.className.match(/-rows(\d+)/)?.[1] || 0)))
  const least = Math.max(LEAST_CHART * innerHeight, Math.min((rows + AXIS_ROWS) * rem(), MOST_CHART * innerHeight))
  const pictures = within(slide, "[data-testid=stElementContainer]").find(element => tilesOf(element).length)
  const first = charts.length && !(pictures && topOf(pictures) < topOf(charts[0]))
  let room = 0
  root.dataset.stageTight = 0
  root.style.removeProperty("--stage-tile")
  if (pictures && !first) {
    fitFirstRow(pictures)
    fitTiles(slide)
  }
  for (let tight = 0; first && tight <= TIGHTEST; tight += 1) {
    root.dataset.stageTight = tight
    // Charts side by side have one height, that of the lowest of them.
    const tops = charts.map(topOf).filter((top, i, all) => top < all[0] + BESIDE)
    room = fold() - Math.max(...tops)
    if (room >= least) break
  }
  // Under pictures there may be no room: then a chart has the next screen to itself.
  root.style.setProperty("--stage-room", `${Math.floor(room >= least / 2 ? room : innerHeight * 0.7)}px`)
}

// Where a slide is about images, its first row of them is on the first screen: what stands above gives way, and the
// images themselves before the figures do.
const fitFirstRow = pictures => {
  const root = document.documentElement
  for (const [tight, tile] of FIRST_ROW) {
    root.dataset.stageTight = tight
    if (tile) root.style.setProperty("--stage-tile", `${tile}rem`)
    if (footOfRow(tilesOf(pictures)) <= fold()) return
  }
  // No room for them whatever gives way: the slide is about what stands above, as it is.
  root.dataset.stageTight = 0
  root.style.removeProperty("--stage-tile")
}

// Words and figures as large as the screen holds them whole, and rows of a table as far apart as they then can be.
const fitWords = slide => {
  const style = document.documentElement.style, found = within(slide, ".step-table, .step-claims")
  style.removeProperty("--stage-grow")
  style.removeProperty("--stage-pad")
  const end = () => slide.getBoundingClientRect().bottom + main().scrollTop
  const holds = () => end() <= fold() && found.every(part => part.scrollWidth <= part.parentElement.clientWidth + 1)
  if (!found.length) return
  for (let grow = MOST_GROWN; grow >= LEAST_GROWN; grow -= 0.04) {
    style.setProperty("--stage-grow", grow.toFixed(2))
    if (holds()) break
  }
  const rows = within(slide, ".step-table tr").length
  if (rows) style.setProperty("--stage-pad", `${Math.max(0, Math.min(MOST_PAD, (fold() - end()) / rows / 2 - 0.5))}px`)
}

// Images as large as they can be while whole rows hold all that are wanted, or the most there is room for.
const fitTiles = slide => {
  const root = document.documentElement, most = parseFloat(getComputedStyle(root).getPropertyValue("--stage-tile"))
  const grids = within(slide, "[data-testid=stElementContainer]").map(tilesOf).filter(tiles => tiles.length)
  const whole = () => {
    const end = fold()
    const held = tiles => tiles.filter(tile => footOfRow(tiles.filter(t => t.offsetTop === tile.offsetTop)) <= end).length
    return grids.reduce((sum, tiles) => sum + Math.min(WANTED, held(tiles)), 0)
  }
  let best = most, shown = whole()
  for (const tile of TILES.filter(width => width < most)) {
    root.style.setProperty("--stage-tile", `${tile}rem`)
    const now = whole()
    if (now > shown) [best, shown] = [tile, now]
  }
  root.style.setProperty("--stage-tile", `${best}rem`)
}

const footOfRow = tiles => Math.max(...tiles.filter(tile => tile.offsetTop === tiles[0].offsetTop).map(footOf))

const tilesOf = element => {
  const host = element.querySelector("[data-testid=stBidiComponentIsolated]")
  return host?.shadowRoot ? [...host.shadowRoot.querySelectorAll(".tile")] : []
}

// Whole rows only: what would be cut at the fold is taken away.
const fitRows = (element, end) => {
  const tiles = tilesOf(element)
  if (tiles.length) {
    const bottoms = tiles.map(tile => tile.getBoundingClientRect().bottom + main().scrollTop)
    const rows = new Map(tiles.map((tile, i) => [tile.offsetTop, 0]))
    tiles.forEach((tile, i) => rows.set(tile.offsetTop, Math.max(rows.get(tile.offsetTop), bottoms[i])))
    const last = Math.max(0, ...[...rows.values()].filter(bottom => bottom <= end))
    return last ? last - topOf(element) + 4 : 0
  }
  if (!element.querySelector("[data-testid=stDataFrame]")) return 0
  const row = ROW_REM * rem()
  return Math.floor((end - topOf(element)) / row) * row + 1
}

const fitBlocks = slide => {
  const end = fold(), blocks = within(slide, "[data-testid=stElementContainer]")
  for (const block of blocks) {
    if (block.querySelector("[data-testid=stElementContainer]")) continue
    block.style.maxHeight = block.style.overflow = ""
    // A chart goes with the words over it.
    const whole = block.closest("[class*=st-key-chart-of-]") || block
    if (whole === block || block.querySelector(".stPlotlyChart")) delete whole.dataset.stageBelow
    if (topOf(block) >= end - 2) whole.dataset.stageBelow = ""
    if (topOf(block) >= end - 2 || footOf(block) <= end + 2) continue
    const high = fitRows(block, end)
    if (high > 60) Object.assign(block.style, { maxHeight: `${high}px`, overflow: "hidden" })
    // What begins high on the screen is what the slide is about: cut is better than gone.
    else if (topOf(block) > end / 2) whole.dataset.stageBelow = ""
  }
}

// What has lost all that stood under it has nothing to say: a title of a part, the name of a list. A sentence is a finding.
const dropTitles = slide => {
  const end = fold()
  const shown = within(slide, "[data-testid=stElementContainer]").filter(block =>
    !block.querySelector("[data-testid=stElementContainer]") && getComputedStyle(block).visibility !== "hidden" &&
    block.getBoundingClientRect().height > 1 && topOf(block) < end - 2)
  const kept = new Set(shown.filter(block => !isTitle(block)))
  for (const block of shown.filter(isTitle)) {
    const part = block.parentElement?.closest("[data-testid=stVerticalBlock]")
    const after = [...kept].some(other =>
      part?.contains(other) && block.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING)
    if (!after) block.dataset.stageBelow = ""
  }
}

const isTitle = block => {
  // The slide's own title says what all of it is about.
  if (block.closest(".st-key-stage-heading")) return false
  const words = block.querySelector("[data-testid=stHeading], [data-testid=stMarkdown] p > strong:only-child")
  const said = block.innerText.trim()
  return Boolean(words) && words.innerText.trim() === said && !/[.)]$/.test(said)
}

// Where controls were there is no hole.
const dropHoles = slide => {
  for (const part of slide.querySelectorAll("[data-testid=stLayoutWrapper]")) {
    const parts = [...part.querySelectorAll("[data-testid=stElementContainer]")]
    part.toggleAttribute("data-stage-hole", !parts.some(element => element.getBoundingClientRect().height > 1))
  }
}

// The watcher must not see what fitting itself changes.
const watcher = new MutationObserver(() => later())
const WATCHED = { childList: true, subtree: true }
let waiting = 0

const fit = () => {
  const slide = slideNow()
  if (!slide || !find(".st-key-stage-bar")) return
  watcher.disconnect()
  dropHoles(slide)
  // On a phone, and where a reader has magnified the page, a slide is scrolled, not fitted.
  const fits = innerWidth >= NARROW && innerHeight >= LOW
  document.documentElement.toggleAttribute("data-stage-fits", fits)
  if (fits) {
    main().scrollTop = 0
    fitCharts(slide)
    fitWords(slide)
    fitBlocks(slide)
    dropTitles(slide)
  } else document.documentElement.style.setProperty("--stage-room", `${Math.floor(innerHeight / 2)}px`)
  watcher.observe(document.body, WATCHED)
}
const later = () => {
  clearTimeout(waiting)
  waiting = setTimeout(fit, 80)
}

const startFitting = () => {
  watcher.observe(document.body, WATCHED)
  addEventListener("resize", later)
  later()
}
const stopFitting = () => {
  watcher.disconnect()
  clearTimeout(waiting)
  removeEventListener("resize", later)
  document.documentElement.removeAttribute("data-stage-fits")
}

// --- no blank screen between two slides -------------------------------------------------------------------

// A copy with what `cloneNode` leaves out: shadow roots, and what canvases show.
const copied = source => {
  const made = source.cloneNode(false)
  if (source instanceof HTMLCanvasElement && source.width && source.height) made.getContext("2d")?.drawImage(source, 0, 0)
  if (source.shadowRoot) {
    const root = made.attachShadow({ mode: "open" })
    root.adoptedStyleSheets = [...source.shadowRoot.adoptedStyleSheets]
    root.append(...[...source.shadowRoot.childNodes].map(copied))
  }
  if (source.childNodes.length) made.append(...[...source.childNodes].map(copied))
  return made
}

const LEFT_OUT = ".st-key-stage-bar, .st-key-stage-warm, .st-key-clicker, .st-key-out-of-sight, style, script"

// A key must move the slides whatever cannot be copied.
const hold = () => {
  try {
    cover()
  } catch (error) {
    console.warn("the last slide cannot be kept", error)
  }
}

const cover = () => {
  const now = main(), bar = find(".st-key-stage-bar"), body = find("[data-testid=stMainBlockContainer]")
  if (!body || !bar || document.getElementById(OLD)) return
  const over = document.createElement("div"), copy = copied(body)
  copy.querySelectorAll(LEFT_OUT).forEach(part => part.remove())
  over.id = OLD
  over.dataset.testid = "stMain"
  over.inert = true
  over.setAttribute("aria-hidden", "true")
  over.style.bottom = `${innerHeight - bar.getBoundingClientRect().top}px`
  over.append(copy)
  now.parentElement.append(over)
  over.scrollTop = now.scrollTop
  now.scrollTop = 0
  letGo(over)
}

const drawn = () => within(main(), "[data-testid=stPlotlyChart], .stPlotlyChart").every(c => c.querySelector(".main-svg"))

const letGo = over => {
  const began = performance.now()
  let ran = false, looks = 0
  const look = setInterval(() => {
    const since = performance.now() - began
    const running = find("[data-testid=stApp]")?.dataset.testScriptState !== "notRunning"
    ran ||= running
    looks = !running && (ran || since > FIRST_LOOK) && drawn() ? looks + 1 : 0
    if (looks === 1) fit()
    if (looks < LOOKS && since < LONGEST_WAIT) return
    clearInterval(look)
    fit()
    over.remove()
  }, 60)
}
