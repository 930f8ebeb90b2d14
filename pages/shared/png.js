// Presses the camera of a chart's own toolbar, which shows only under a mouse and cannot be reached by keyboard.
export default function (component) {
  const { data, parentElement } = component
  const button = parentElement.querySelector("button")
  if (!button) return
  button.setAttribute("aria-label", data.label)
  button.title = data.label
  button.onclick = () => {
    const camera = document.querySelector(`.st-key-${data.chart} .modebar-btn[data-attr="download"], ` +
      `.st-key-${data.chart} .modebar-btn[data-title^="Download plot"]`)
    camera?.click()
  }
}
