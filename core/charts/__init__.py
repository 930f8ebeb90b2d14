"""Charts: pure functions of frames. Each returns a `Chart` (figure, title, alt text, rows, file name)."""

from core.charts.accuracy import accuracy_chart
from core.charts.calibration import reliability_chart
from core.charts.classes import predicted_chart, recall_chart
from core.charts.compare import difference_chart
from core.charts.confusion import confusion_chart
from core.charts.cost import cost_chart
from core.charts.palette import Theme, bar_fill, model_color, model_mark, model_pattern, model_symbol
from core.charts.theme import Chart, Look, look

__all__ = [
    "Chart",
    "Look",
    "Theme",
    "accuracy_chart",
    "bar_fill",
    "confusion_chart",
    "cost_chart",
    "difference_chart",
    "look",
    "model_color",
    "model_mark",
    "model_pattern",
    "model_symbol",
    "predicted_chart",
    "recall_chart",
    "reliability_chart",
]
