"""tsfel, run by the Python of its own environment: `tsfel_client.py RECORDS.npy RATE_HZ PROCESSES`.

Reads `time` or `values` a line and answers a line: milliseconds by the clock and by the processor for
a record, of a pool of warm processes (its own `n_jobs` starts a pool anew in each call), or what it last
measured, under our names.
"""

import json
import multiprocessing
import sys
from functools import partial
from time import perf_counter, process_time

import numpy as np
import pandas as pd
import tsfel

DOMAINS = ["statistical", "temporal", "spectral"]


def extract(
    path: str, rate_hz: float, processes: int, part: int, most: int | None = None
) -> tuple[pd.DataFrame, float]:
    """Measure the three domains on one process's share of the records in a file; return its seconds too."""
    began = process_time()
    settings = tsfel.get_features_by_domain(DOMAINS)
    records = list(np.load(path)[part::processes][:most])
    frame = tsfel.time_series_features_extractor(settings, records, fs=rate_hz, verbose=0, n_jobs=None)
    return frame, process_time() - began


def main() -> None:
    """Answer until there is no more question."""
    path, rate_hz, processes = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    number, samples = np.load(path, mmap_mode="r").shape
    work = partial(extract, path, rate_hz, processes)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(partial(work, most=1), range(processes), chunksize=1)  # imports and warms up
        for question in sys.stdin:
            if question == "time\n":
                began = perf_counter()
                parts = pool.map(work, range(processes), chunksize=1)
                wall_s, cpu_s = perf_counter() - began, sum(seconds for _, seconds in parts)
                answer = [1000 * wall_s / number, 1000 * cpu_s / number]
            else:
                frame = pd.concat([parts[n % processes][0].iloc[[n // processes]] for n in range(number)])
                answer = _translate(frame, rate_hz, samples)
            print(json.dumps(answer), flush=True)


def _translate(frame: pd.DataFrame, rate_hz: float, samples: int) -> dict[str, object]:
    column = {name.partition("_")[2]: frame[name].to_numpy(dtype=float) for name in frame}
    peak = np.maximum(column["Max"], -column["Min"])
    found = {
        "rms": column["Root mean square"],
        "standard_deviation": column["Standard deviation"],
        "mean_absolute": column["Mean absolute deviation"],
        "peak": peak,
        "peak_to_peak": column["Peak to peak distance"],
        "skewness": column["Skewness"],
        "kurtosis": column["Kurtosis"] + 3,  # tsfel's is Fisher's, 0 for a Gaussian
        "crest_factor": peak / column["Root mean square"],
        "zero_crossing_rate_hz": column["Zero crossing rate"] * rate_hz / samples,
    }
    return {name: values.tolist() for name, values in found.items()} | {"number": len(column)}


if __name__ == "__main__":
    main()
