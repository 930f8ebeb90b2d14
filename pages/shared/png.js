// A chart as a picture of itself: what the browser shows, with the fonts of the page put in, so that no text is wider
// than the room it was given. (The camera of the chart's own toolbar draws in whatever font the machine has.)
const SCALE = 3

const once = make => {
  let made
  return () => (made ??= make())
}

const base64 = async url => {
  const blob = await (await fetch(url)).blob()
  return new Promise((done, failed) => {
    const reader = new FileReader()
    reader.onload = () => done(reader.result)
    reader.onerror = failed
    reader.readAsDataURL(blob)
  })
}

// The faces of the page's text, as rules that hold the font itself: a picture may fetch nothing.
const faces = once(async () => {
  const sheets = [...document.styleSheets].flatMap(sheet => {
    try {
      return [...sheet.cssRules].map(rule => [rule, sheet.href || document.baseURI])
    } catch {
      return [] // a sheet of another origin
    }
  })
  const wanted = sheets.filter(([rule]) => rule instanceof CSSFontFaceRule && rule.style.fontStyle !== "italic" &&
    /^["']?Source Sans/.test(rule.style.getPropertyValue("font-family")))
  const rules = await Promise.all(wanted.map(async ([rule, base]) => {
    const source = /url\(["']?([^"')]+)/.exec(rule.style.getPropertyValue("src"))
    return source ? rule.cssText.replace(source[1], await base64(new URL(source[1], base))) : ""
  }))
  return rules.join("\n")
})

const whole = (layers, width, height, style) => {
  const out = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) out.setAttribute(name, value)
  const rules = document.createElementNS(out.namespaceURI, "style")
  // Lines grow with the picture; on the screen some are told not to.
  rules.textContent = style + "\n* { vector-effect: none !important; } .crisp { shape-rendering: crispEdges; }"
  out.append(rules, ...layers.map(layer => layer.cloneNode(true)))
  for (const gone of out.querySelectorAll(".hoverlayer, .draglayer, .select-outline")) gone.remove()
  return new XMLSerializer().serializeToString(out)
}

const drawn = async (xml, width, height, background) => {
  const image = new Image()
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(xml)
  await image.decode()
  const canvas = Object.assign(document.createElement("canvas"), { width: SCALE * width, height: SCALE * height })
  const pen = canvas.getContext("2d")
  pen.fillStyle = background
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise(done => canvas.toBlob(done, "image/png"))
}

const save = async (chart, filename) => {
  const layers = [...chart.querySelectorAll(":scope > .main-svg")]
  const { width, height } = chart.getBoundingClientRect()
  const xml = whole(layers, width, height, await faces())
  const blob = await drawn(xml, width, height, layers[0].style.background || "white")
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: filename })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

export default function (component) {
  const { data, parentElement } = component
  const button = parentElement.querySelector("button")
  if (!button) return
  button.setAttribute("aria-label", data.label)
  button.title = data.label
  button.onclick = () => {
    const chart = document.querySelector(`.st-key-${data.chart} .svg-container`)
    if (chart) save(chart, data.filename)
  }
}
