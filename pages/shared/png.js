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

const SVG = "http://www.w3.org/2000/svg"
const EDGE = 8 // pixels beside the title

const element = (name, attributes, text = "") => {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.textContent = text
  return made
}

// A text in lines no wider than the picture, broken between words.
const broken = (pen, text, width) => {
  const lines = []
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word
    if (lines.length && pen.measureText(longer).width <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

// Title and note, which the page writes over the chart, and the room they take.
const titled = (texts, font, width) => {
  const pen = document.createElement("canvas").getContext("2d")
  const made = []
  let y = EDGE / 2
  for (const { text, size, weight, fill } of texts) {
    pen.font = `${weight} ${size}px ${font}`
    for (const line of broken(pen, text, width - 2 * EDGE)) {
      y += size * 1.35
      made.push(element("text", { x: EDGE, y, fill, "font-size": size, "font-weight": weight, "font-family": font }, line))
    }
  }
  return [made, Math.ceil(y + EDGE)]
}

const whole = (layers, width, height, style, [title, top]) => {
  const out = element("svg", { width, height: height + top, viewBox: `0 0 ${width} ${height + top}` })
  const rules = document.createElementNS(out.namespaceURI, "style")
  // Lines grow with the picture; on the screen some are told not to.
  rules.textContent = style + "\n* { vector-effect: none !important; } .crisp { shape-rendering: crispEdges; }"
  const below = element("g", { transform: `translate(0, ${top})` })
  below.append(...layers.map(layer => layer.cloneNode(true)))
  out.append(rules, ...title, below)
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

const save = async (chart, { filename, lines, font }) => {
  const layers = [...chart.querySelectorAll(":scope > .main-svg")]
  const { width, height } = chart.getBoundingClientRect()
  const heading = titled(lines, font, width)
  const xml = whole(layers, width, height, await faces(), heading)
  const blob = await drawn(xml, width, height + heading[1], layers[0].style.background || "white")
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
    if (chart) save(chart, data)
  }
}
