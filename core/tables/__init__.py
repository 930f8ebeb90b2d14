"""Results as pandas frames for tables, exports and charts; what they say stands in `core.words`.

One row is one thing measured. Columns have plain machine names: `model` and `dataset` are the exact names,
`model_title` and `dataset_title` what people say. Shares stay 0-1; a page or chart turns them into percent.
A column that ends in `_low` or `_high` is an end of the 95 % interval.
"""
