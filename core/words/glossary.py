"""What the field's terms mean, each in one line: the only table, read by pages (tooltips) and reports."""

from __future__ import annotations

GLOSSARY = {
    "linear probe": "Logistic regression on the frozen image features, trained on labels.",
    "C": "Inverse strength of the probe's regularization: a larger C fits the training images more closely. It is "
    "chosen on held-out training images.",
    "top-k": "An image counts as correct if its class is among the k best-scoring classes.",
    "mean per-class recall": "The share of correct images in each class, averaged over classes, so that every class "
    "counts equally.",
    "macro F1": "F1 of a class is the harmonic mean of its recall and its precision; the macro F1 is its mean over the "
    "classes that have images.",
    "ECE": "Expected calibration error: the average gap between confidence and accuracy, over 15 bins of confidence. "
    "0 % is perfect.",
    "logit scale": "The factor, learned by the model, that multiplies cosines before the softmax turns them into "
    "probabilities.",
    "MRR": "Mean reciprocal rank: the average of 1 / rank; 1 if every match is first.",
    "recall@k": "The share of queries whose match is among the first k results.",
    "agreement of the two rankings": "Rank-biased overlap with weight 0.9 (a weight, not a p-value): 1 for the same "
    "list in the same order, 0 for nothing in common. The first ranks count most.",
}
"""Term -> its meaning, in sentences."""


def explain(*terms: str) -> str:
    """ "**C**: Inverse strength ...": the meaning of these terms, for a tooltip in Markdown."""
    return "  \n".join(f"**{term}**: {GLOSSARY[term]}" for term in terms)


_SIGNS = {"C": "C\u00a0=", "top-k": "top-5", "recall@k": "recall@"}
"""What shows that a text uses a term, where that is not the term itself."""


def terms_in(text: str) -> dict[str, str]:
    """The terms of the table that a text uses, with their meaning."""
    folded = text.casefold()
    return {term: said for term, said in GLOSSARY.items() if _SIGNS.get(term, term).casefold() in folded}
