"""What is written as JSON holds plain numbers only."""

from __future__ import annotations

import json

import numpy as np

from CTEnhanceLib.evaluation.record import finite


def test_numbers_of_numpy_become_plain_ones_and_what_is_no_number_becomes_null():
    given = {
        "float32": np.float32(0.5),
        "int64": np.int64(7),
        "bool": np.bool_(True),
        "nan": np.float32("nan"),
        "array": np.array([1.0, np.inf]),
        "nested": [(np.float64(2.0), float("-inf"), None, "text", True)],
    }
    told = json.loads(json.dumps(finite(given), allow_nan=False))
    assert told == {
        "float32": 0.5,
        "int64": 7,
        "bool": True,
        "nan": None,
        "array": [1.0, None],
        "nested": [[2.0, None, None, "text", True]],
    }
