"""The columns of a result."""

# What is worth a column in a table, with its name there; all of it is in the parquet.
COLUMNS = {
    "acc_train": "AccTrain",
    "acc_valid": "AccTrain, valid",
    "valid_fraction": "valid",
    "f1_macro": "macro F1",
    "acc_disagreement": "AccTrain, disagreement",
    "ece": "ECE",
    "log_loss": "log loss",
    "acc_test": "test accuracy",
}
