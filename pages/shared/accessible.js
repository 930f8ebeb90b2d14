// What the framework's own markup tells a screen reader wrongly, put right wherever it appears.
//
// - The menu of a narrow screen is a list whose items lie in boxes of their own: it is read as plain links instead.
// - The place where a file is dropped has a name but the role of nothing: it is a group.
// - Code that scrolls sideways can be reached and scrolled by key.
// - The names of helps and fields are Markdown as it was escaped: "Help for Top\-1 accuracy".
// - What a menu opens lies beside the page, in no landmark: it is a region.
// - The drawer of a narrow screen is remembered open and would cover the next page after a load: it begins closed, and
//   Escape or a link in it closes it.
// - Headings have ids made of their words, which here change with the data: no heading has one.
const MENDS = [
  ['[data-testid="stSidebarNavItems"]:not([role]), [data-testid="stSidebarNavItems"] li:not([role])', e => e.setAttribute("role", "none")],
  ['[data-testid="stFileUploaderDropzone"][role="presentation"]', e => e.setAttribute("role", "group")],
  ['[data-testid="stCode"] pre:not([tabindex])', e => e.setAttribute("tabindex", "0")],
  ['[data-floating-ui-portal]:not([role]):has([role="menu"], [role="listbox"])', e => {
    e.setAttribute("role", "region")
    e.setAttribute("aria-label", "Opened menu")
  }],
  ['[aria-label*="\\\\"]', e => e.setAttribute("aria-label", e.getAttribute("aria-label").replace(/\\([^\w\s])/g, "$1"))],
  ['[data-testid="stHeading"] :is(h1, h2, h3, h4)[id]', e => e.removeAttribute("id")],
]

// Up to this width the framework lays its drawer over the page.
const NARROW = 768
let asked = false

const closeDrawer = () => {
  if (window.innerWidth > NARROW || asked) return
  document.querySelector('[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click()
}

const watchDrawer = () => {
  document.addEventListener("click", e => {
    if (e.target.closest?.('[data-testid="stExpandSidebarButton"]')) asked = true
    if (e.target.closest?.('[data-testid="stSidebarNavLink"]')) { asked = false; setTimeout(closeDrawer, 50) }
  }, true)
  document.addEventListener("keydown", e => {
    if (e.key === "Escape" && asked) { asked = false; closeDrawer() }
  })
}

const mend = () => {
  for (const [where, how] of MENDS) document.querySelectorAll(where).forEach(how)
  closeDrawer()
}

export default function () {
  if (window.textMeetsVisionMends) return
  let due = false
  const later = () => {
    if (due) return
    due = true
    setTimeout(() => { due = false; mend() }, 50)
  }
  window.textMeetsVisionMends = new MutationObserver(later)
  window.textMeetsVisionMends.observe(document.body, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label", "role", "id"],
  })
  watchDrawer()
  mend()
}
