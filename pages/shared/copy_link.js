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

export default function (component) {
  const { data, parentElement } = component
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
