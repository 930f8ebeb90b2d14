"""The columns of a report's tables: which are worth reading, and under which words."""

from __future__ import annotations

from core.report.tables import Column

WHO = {"model_title": Column("Model"), "dataset_title": Column("Data set"), "split": Column("Split")}
ACCURACY = {
    **WHO,
    "n": Column("Pictures", "count"),
    "acc1": Column("Top-1 (95 %)", "share", "acc1_low", "acc1_high"),
    "acc5": Column("Top-5 (95 %)", "share", "acc5_low", "acc5_high"),
    "mean_per_class_recall": Column("Mean recall", "share"),
    "published_acc1": Column("Published top-1", "share"),
    "deck_acc1": Column("Deck top-1", "share"),
    "templates": Column("Templates", "count"),
    "classnames": Column("Class names"),
}
REFERENCES = {
    "model_title": Column("Model"),
    "dataset_title": Column("Data set"),
    "metric_title": Column("Figure"),
    "kind": Column("Whose"),
    "value": Column("Theirs", "share"),
    "measured": Column("Here", "share"),
    "difference": Column("Difference, points", "points"),
    "lies": Column("It lies"),
    "protocol": Column("How it was made"),
    "source": Column("Source"),
}
DIFFERENCES = {
    "dataset_title": Column("Data set"),
    "a": Column("A"),
    "b": Column("B"),
    "n": Column("Pictures", "count"),
    "difference": Column("A minus B, points", "points", "difference_low", "difference_high"),
    "only_a": Column("Right only with A", "count"),
    "only_b": Column("Right only with B", "count"),
    "p_value": Column("p", "p"),
    "test": Column("Test"),
}
CLASSES = {
    "classname": Column("Class"),
    "n": Column("Pictures", "count"),
    "correct": Column("Named right", "count"),
    "recall": Column("Recall (95 %)", "share", "recall_low", "recall_high"),
}
TEMPLATES = {
    "model_title": Column("Model"),
    "template_title": Column("Template"),
    "n": Column("Pictures", "count"),
    "acc1": Column("Top-1 (95 %)", "share", "acc1_low", "acc1_high"),
    "acc5": Column("Top-5", "share"),
    "difference": Column("To the baseline, points", "points", "difference_low", "difference_high"),
    "p_value": Column("p", "p"),
    "changed": Column("Answers changed", "count"),
    "deck_acc1": Column("Deck top-1", "share"),
}
PROBES = {
    "model_title": Column("Model"),
    "dataset_title": Column("Data set"),
    "method_title": Column("Method"),
    "split": Column("Split"),
    "n": Column("Pictures", "count"),
    "acc1": Column("Top-1 (95 %)", "share", "acc1_low", "acc1_high"),
    "acc5": Column("Top-5", "share"),
    "published_acc1": Column("Published top-1", "share"),
    "deck_acc1": Column("Deck top-1", "share"),
}
FEW_SHOT = {
    "model_title": Column("Model"),
    "method_title": Column("Method"),
    "shots": Column("Pictures a class", "count"),
    "draws": Column("Draws", "count"),
    "acc1_mean": Column("Top-1, mean", "share"),
    "acc1_std": Column("Standard deviation", "share"),
    "lowest": Column("Lowest", "share"),
    "highest": Column("Highest", "share"),
    "published": Column("Published", "share"),
}
RECALLS = {
    "model_title": Column("Model"),
    "side_title": Column("Direction"),
    "recall@1": Column("R@1 (95 %)", "share", "recall@1_low", "recall@1_high"),
    "recall@5": Column("R@5 (95 %)", "share", "recall@5_low", "recall@5_high"),
    "recall@10": Column("R@10 (95 %)", "share", "recall@10_low", "recall@10_high"),
    "median_rank": Column("Median rank", "number"),
    "mrr": Column("MRR", "number"),
    "n_images": Column("Pictures", "count"),
    "n_texts": Column("Captions", "count"),
}
CHECKS = {
    "question": Column("Question"),
    "verdict": Column("Verdict"),
    "evidence": Column("Evidence"),
    "otherwise": Column("Without it"),
    "otherwise_acc1": Column("Top-1 then", "share", "otherwise_acc1_low", "otherwise_acc1_high"),
}
PROVENANCE = {
    "model": Column("Model"),
    "dataset": Column("Data set"),
    "split": Column("Split"),
    "weights": Column("Weights"),
    "pictures": Column("Pictures"),
    "preprocessing": Column("Preprocessing"),
    "precision": Column("Precision, device"),
    "software": Column("Software"),
    "date": Column("Embedded"),
    "skipped": Column("Skipped", "count"),
}
