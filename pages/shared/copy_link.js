// Copies the link of the view. Where a page is not served securely, browsers offer no clipboard; a selection does it.
const copied = async text => {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const box = document.createElement("textarea")
    box.value = text
    box.style.cssText = "position: fixed; opacity: 0"
    document.body.append(box)
    box.select()
    document.execCommand("copy")
    box.remove()
  }
}

// Streamlit writes to the address what a reader has chosen, not what a page opened with; a link that is copied from the
// bar should show the same later, so what is missing there is added. What Streamlit has written is left alone.
const complete = query => {
  const here = new URL(location.href), asked = new URLSearchParams(query)
  const missing = [...new Set(asked.keys())].filter(name => !here.searchParams.has(name))
  if (!missing.length) return
  for (const name of missing) for (const value of asked.getAll(name)) here.searchParams.append(name, value)
  history.replaceState(history.state, "", here)
}

export default function (component) {
  const { data, parentElement } = component
  complete(data.query)
  const button = parentElement.querySelector("button")
  if (!button) return
  button.onclick = async () => {
    const here = new URL(location.href)
    here.search = data.query
    await copied(here.href)
    button.textContent = "Copied"
    setTimeout(() => (button.textContent = "Copy link"), 1500)
  }
}
