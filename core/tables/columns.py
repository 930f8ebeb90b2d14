"""The columns of tables, said once for pages, reports and files: which are worth reading, and under which words."""

from __future__ import annotations

from typing import Any

from core.stats.accuracy import METRICS, Metric
from core.tables.forms import Column
from core.types import Provenance
from core.words.glossary import GLOSSARY
from core.words.names import say_dataset, say_model


def who(model: str, dataset: str) -> dict[str, str]:
    """Whose row it is: model and data set, by their exact names and as they are said."""
    return {"model": model, "model_title": say_model(model), "dataset": dataset, "dataset_title": say_dataset(dataset)}


def made_how(provenance: Provenance) -> dict[str, Any]:
    """Where the vectors of a row come from, as far as a table can hold it."""
    fields = ("skipped", "device", "precision", "date", "model_digest", "data_digest")
    return {name: getattr(provenance, name) for name in fields}


def _score(metric: Metric) -> Column:
    """A figure, with its interval where that is shown."""
    ends = {"low": f"{metric.name}_low", "high": f"{metric.name}_high"} if metric.interval_column else {}
    return Column(
        heading=metric.heading,
        kind="share",
        help=GLOSSARY.get(metric.title.lower(), GLOSSARY["top-k"] if metric.name == "acc5" else metric.title),
        **ends,
    )


MRR_SAID = GLOSSARY["MRR"]
WHO = {
    "model_title": Column(heading="Model"),
    "dataset_title": Column(heading="Data set"),
    "split": Column(heading="Split"),
}
ACCURACY = {
    **WHO,
    "n": Column(heading="Images", kind="count"),
    **{metric.name: _score(metric) for metric in METRICS},
    "published_acc1": Column(heading="Published top-1", kind="share"),
    "deck_acc1": Column(heading="Original study, top-1", kind="share"),
    "templates": Column(heading="Templates", kind="count"),
    "classnames": Column(heading="Class names"),
}
REFERENCES = {
    "model_title": Column(heading="Model"),
    "dataset_title": Column(heading="Data set"),
    "metric_title": Column(heading="Figure"),
    "kind": Column(heading="Whose"),
    "value": Column(heading="Theirs", kind="share"),
    "measured": Column(heading="Here", kind="share"),
    "difference": Column(heading="Difference, points", kind="points"),
    "lies": Column(heading="Against our interval"),
    "protocol": Column(heading="How it was made"),
    "source": Column(heading="Source"),
}
DIFFERENCES = {
    "dataset_title": Column(heading="Data set"),
    "a": Column(heading="A"),
    "b": Column(heading="B"),
    "n": Column(heading="Images", kind="count"),
    "difference": Column(
        heading="A minus B", alone="A minus B, points", kind="points", low="difference_low", high="difference_high"
    ),
    "only_a": Column(heading="Right only with A", kind="count"),
    "only_b": Column(heading="Right only with B", kind="count"),
    "p_value": Column(heading="p", kind="p"),
    "test": Column(heading="Test"),
}
LEADERS = {
    "dataset_title": Column(heading="Data set"),
    "model_title": Column(heading="Leader"),
    "value": Column(heading="Value", kind="share"),
    "low": Column(heading="95 % from", kind="share"),
    "high": Column(heading="to", kind="share"),
    "n": Column(heading="Images", kind="count"),
    "models": Column(heading="Models", kind="count"),
    "tied_models": Column(heading="Tied with the leader"),
    "test": Column(heading="Compared"),
}
CLASSES = {
    "classname": Column(heading="Class"),
    "n": Column(heading="Images", kind="count"),
    "correct": Column(heading="Correct", kind="count"),
    "recall": Column(heading="Recall", kind="share", low="recall_low", high="recall_high"),
}
TEMPLATES = {
    "model_title": Column(heading="Model"),
    "template_title": Column(heading="Template"),
    "n": Column(heading="Images", kind="count"),
    "acc1": Column(heading="Top-1", kind="share", low="acc1_low", high="acc1_high"),
    "acc5": Column(heading="Top-5", kind="share"),
    "difference": Column(
        heading="Points",
        alone="To the baseline, points",
        help="Against the baseline, on the same images",
        kind="points",
        low="difference_low",
        high="difference_high",
    ),
    "p_value": Column(heading="p", kind="p", help="McNemar's exact test, unadjusted"),
    "p_holm": Column(heading="p, Holm", kind="p", help="Adjusted over all templates of a model (Holm 1979)"),
    "changed": Column(heading="Answers changed", kind="count"),
    "deck_acc1": Column(heading="The original study", alone="Original study, top-1", kind="share"),
}
PROBES = {
    "model_title": Column(heading="Model"),
    "dataset_title": Column(heading="Data set"),
    "method_title": Column(heading="Method"),
    "split": Column(heading="Split"),
    "n": Column(heading="Images", kind="count"),
    "acc1": Column(heading="Top-1", kind="share", low="acc1_low", high="acc1_high"),
    "acc5": Column(heading="Top-5", kind="share"),
    "published_acc1": Column(heading="Published top-1", kind="share"),
    "deck_acc1": Column(heading="Original study, top-1", kind="share"),
}
FEW_SHOT = {
    "model_title": Column(heading="Model"),
    "method_title": Column(heading="Method"),
    "shots": Column(heading="K", alone="Images per class", kind="count"),
    "draws": Column(heading="Draws", kind="count"),
    "acc1_mean": Column(heading="Mean top-1", alone="Top-1, mean", kind="share"),
    "acc1_std": Column(heading="Spread", alone="Standard deviation", kind="share"),
    "lowest": Column(heading="Lowest draw", alone="Lowest", kind="share"),
    "highest": Column(heading="Highest draw", alone="Highest", kind="share"),
    "published": Column(heading="Published", kind="share"),
}
RECALLS = {
    "model_title": Column(heading="Model"),
    "side_title": Column(heading="Direction"),
    "recall@1": Column(heading="Recall@1", alone="R@1 (95 %)", kind="share", low="recall@1_low", high="recall@1_high"),
    "recall@5": Column(heading="Recall@5", alone="R@5 (95 %)", kind="share", low="recall@5_low", high="recall@5_high"),
    "recall@10": Column(
        heading="Recall@10", alone="R@10 (95 %)", kind="share", low="recall@10_low", high="recall@10_high"
    ),
    "median_rank": Column(heading="Median rank", kind="number", help="Half of the matches are at this rank or better"),
    "mrr": Column(heading="MRR", kind="number", help=MRR_SAID),
    "n_images": Column(heading="Images", kind="count"),
    "n_texts": Column(heading="Captions", kind="count"),
}
CHECKS = {
    "question": Column(heading="Question"),
    "verdict": Column(heading="Verdict"),
    "evidence": Column(heading="Evidence"),
    "otherwise": Column(heading="Without it"),
    "otherwise_acc1": Column(
        heading="Top-1 then", alone="Top-1 then", kind="share", low="otherwise_acc1_low", high="otherwise_acc1_high"
    ),
}
PROVENANCE = {
    "model": Column(heading="Model"),
    "dataset": Column(heading="Data set"),
    "split": Column(heading="Split"),
    "weights": Column(heading="Weights"),
    "pictures": Column(heading="Images"),
    "preprocessing": Column(heading="Preprocessing"),
    "precision": Column(heading="Precision, device"),
    "software": Column(heading="Software"),
    "date": Column(heading="Embedded"),
    "skipped": Column(heading="Skipped", kind="count"),
}
FEW_SHOT_SETTINGS = {
    "published_difference": Column(heading="Points from it", kind="points"),
    "trained_on": Column(heading="Trained on"),
    "chosen_on": Column(heading="Settings chosen on"),
    "settings": Column(heading="Settings"),
}
"""What a page shows beside `FEW_SHOT`: a report has it in its lines."""
