"""Data: read what people bring, prepare it with a report, or take a built-in sample.

    table = read_table("houses.csv")            # CSV, TSV, gz, Parquet, .xlsx, .npz
    prepared = prepare(table, guess_target(table))
    for step in prepared.steps: print(step.text)
    prepared = prepare(table, "price", undo={"dropped_identifier:PID"})
    dataset = prepared.dataset()                # or load_sample("diabetes")

Importing this package and loading samples need no pandas; reading tables does
(``pip install "shrinkage[app]"``).
"""

from shrinkage.data.dataset import Dataset, one_vs_rest
from shrinkage.data.limits import Limits
from shrinkage.data.preparation import TablePreparation
from shrinkage.data.prepare import ColumnSummary, Prepared, inspect_table, prepare
from shrinkage.data.reader import read_table
from shrinkage.data.samples import Sample, load_sample, samples
from shrinkage.data.table import RawTable, Step
from shrinkage.data.target import guess_target, guess_task, target_problem

__all__ = [
    "ColumnSummary",
    "Dataset",
    "Limits",
    "Prepared",
    "RawTable",
    "Sample",
    "Step",
    "TablePreparation",
    "guess_target",
    "guess_task",
    "inspect_table",
    "load_sample",
    "one_vs_rest",
    "prepare",
    "read_table",
    "samples",
    "target_problem",
]
