// Draws every chart of the report from the JSON beside it, and again at the width of the paper when it is printed.
(function () {
  "use strict";
  var plots = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  plots.forEach(function (place) {
    var spec = JSON.parse(document.getElementById(place.id + "-spec").textContent);
    spec.config.responsive = true;
    Plotly.newPlot(place, spec.figure.data, spec.figure.layout, spec.config);
  });
  document.querySelectorAll(".shots img").forEach(function (image) {
    function sharpen() { if (Math.max(image.naturalWidth, image.naturalHeight) <= 96) image.classList.add("small"); }
    if (image.complete) sharpen(); else image.addEventListener("load", sharpen);
  });
  window.addEventListener("beforeprint", function () {
    plots.forEach(function (place) { Plotly.relayout(place, { width: 660, autosize: false }); });
  });
  window.addEventListener("afterprint", function () {
    plots.forEach(function (place) { Plotly.relayout(place, { width: null, autosize: true }); });
  });
})();
