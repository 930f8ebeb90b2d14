"""Library: models, data sets, stored vectors and running work."""

from pages.data_and_models import datasets, models, report, vectors, work
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import page_title

page_title("What is on this machine, and what can be brought here?")
for block in (work.show, vectors.show, report.show, models.show, datasets.show):
    with errors_in_place():
        block(engine())
