"""What the plots and the report read off a result table: one row per (dataset, solver, repetition, point)."""

CURVE = ["dataset_name", "solver_name"]


def final_points(results):
    """The last point of each curve, one row per (dataset, solver, repetition).

    The points of a curve are rows in the order they were measured. Its last is the converged one under every
    sampling; the largest `stop_val` is the coarsest point where the tolerance is sampled.
    """
    return results.groupby([*CURVE, "idx_rep"], as_index=False, sort=False).tail(1)
