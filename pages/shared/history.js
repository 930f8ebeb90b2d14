// One step of a reader is one step of the browser's history.
//
// Streamlit pushes an entry whenever the address changes, also where one click changes it twice: when another page is
// opened with choices of its own, their query is pushed on the old page and then the page; and a page that brings its
// choices back from the session pushes them after itself. Back would then need two steps, the first of which shows the
// same page again. So an entry that no act of the reader led to takes the place of the one before.
const ACTS = ["pointerdown", "keydown", "click", "input", "change", "drop"];

export default function () {
  if (window.oneStepBack) return;
  window.oneStepBack = true;
  let acted = Boolean(navigator.userActivation?.hasBeenActive);
  for (const act of ACTS) {
    window.addEventListener(act, () => { acted = true; }, { capture: true, passive: true });
  }
  window.addEventListener("popstate", () => { acted = false; });
  const push = window.history.pushState;
  window.history.pushState = function (...entry) {
    if (!acted) return window.history.replaceState(...entry);
    acted = false;
    return push.apply(window.history, entry);
  };
}
