// Keys of a presentation. Clickers send Page Down and Page Up, some the arrows; what is typed is left alone.
const WAYS = {
  PageDown: "next", ArrowRight: "next", " ": "next", n: "next", PageUp: "back", ArrowLeft: "back", p: "back",
  Home: "first", End: "last", Escape: "leave",
}
const EVEN_WHILE_TYPING = new Set(["PageDown", "PageUp", "Escape"])
const BLANK = "stage-blank"
let presses = 0

const typing = target => target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"))
const pressable = target => target instanceof HTMLElement && target.closest("button, a, summary, [role=button]")

const focused = event => event.composedPath()[0]

const blank = () => {
  const there = document.getElementById(BLANK)
  if (there) return there.remove()
  const cover = document.createElement("div")
  cover.id = BLANK
  cover.style.cssText = "position: fixed; inset: 0; background: #000; z-index: 9999999"
  cover.onclick = () => cover.remove()
  document.body.append(cover)
}

const fill = () => {
  if (document.fullscreenElement) document.exitFullscreen()
  else document.documentElement.requestFullscreen?.().catch(() => {})
}

// The box for the audience's prompt. On a screen that is still being drawn it gets the focus once it is there, and
// letters until then do not move the slides.
const ASK_EVERY = 50, ASK_FOR = 10_000
let asking = 0

const stopAsking = () => { clearTimeout(asking); asking = 0 }
const ask = (left = ASK_FOR) => {
  stopAsking()
  const box = document.querySelector(".st-key-stage-ask input")
  if (box) return box.focus()
  if (left > 0) asking = setTimeout(ask, ASK_EVERY, left - ASK_EVERY)
}

const OTHERS = { b: blank, ".": blank, f: fill, "/": ask }

export default function (component) {
  const { data, setStateValue, setTriggerValue } = component
  // Charts are drawn by the server, their type for a screen as wide as this one.
  if (data.width !== innerWidth) setStateValue("width", innerWidth)
  const pressed = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const at = focused(event)
    // The box itself answers Enter, and says so; what is typed is then done with, and the keys move the slides again.
    if (typing(at) && event.key === "Enter" && !event.isComposing) {
      if (at.value) hold()
      return void setTimeout(() => at.blur(), 0)
    }
    if (event.defaultPrevented) return
    if (typing(at)) {
      if (event.key === "Escape" && at.value) return void at.blur()
      if (!EVEN_WHILE_TYPING.has(event.key)) return
    }
    if (asking && !EVEN_WHILE_TYPING.has(event.key)) return event.preventDefault()
    stopAsking()
    // A key that presses what has the focus belongs to it.
    if (event.key === " " && pressable(at)) return
    const covered = document.getElementById(BLANK)
    const other = OTHERS[event.key.toLowerCase()]
    const way = event.key === " " && event.shiftKey ? "back" : WAYS[event.key]
    if (!other && !way) return
    event.preventDefault()
    if (covered && way) return covered.remove()
    if (other) return other()
    presses += 1
    hold()
    setTriggerValue("go", `${way} ${presses}`)
  }
  const clicked = event => event.target.closest?.(".st-key-stage-bar button") && hold()
  document.addEventListener("keydown", pressed)
  document.addEventListener("click", clicked, true)
  startFitting()
  document.documentElement.dataset.stage = "listens"
  return () => {
    document.removeEventListener("keydown", pressed)
    document.removeEventListener("click", clicked, true)
    stopFitting()
    delete document.documentElement.dataset.stage
  }
}
