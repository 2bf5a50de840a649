"""A record on trial: one run made again, and held against those that are recorded.

On the machine that made the record the number is the same. Another processor rounds otherwise in the last digits, which
after a few hundred steps is another throw of the dice: so the number has to lie where a further seed's would.
"""

import random
from pathlib import Path

from .catalogue import experiment, experiments, has_device, measure_of
from .records import RECORDS, further, load, values
from .runner import make_run, summary


def verify(seed: int | None = None, output: Path = RECORDS) -> bool:
    """Makes one recorded run again, at its own budget, and compares. Those that this machine cannot make are left out.

    Args:
        seed: which one is a matter of chance; this fixes it. None: another each time.
        output: the folder of the records.

    Returns:
        Whether the number lies in the 95 % interval of one run more beside those recorded of its variant. (If nothing
        is wrong one in twenty does not, on another machine.) All of this is printed.

    Raises:
        FileNotFoundError: if nothing is recorded that could be compared.
    """
    choices = []
    for name in experiments():
        several = [runs for runs in load(name, output).values() if len(runs) > 1]
        if not several or not has_device(experiment(name)):
            continue
        choices += [(name, runs, record) for runs in several for record in runs]
    if not choices:
        raise FileNotFoundError(f"no variant of an experiment has two recorded seeds in {output}")
    name, runs, record = random.Random(seed).choice(choices)
    measure = measure_of(module := experiment(name))
    print(f"again: {name}, {record['variant']}, seed {record['seed']}, {record['epochs']} epochs", flush=True)
    recorded = values(runs, measure)
    _, low, high = further(recorded)
    again = make_run(module, name, record["variant"], record["seed"], record["epochs"])
    now = again["result"][measure]
    inside = low <= now <= high
    print(f"recorded: {summary(record, measure)}, on {record['device']}, torch {record['torch']}")
    print(f"now:      {summary(again, measure)}, on {again['device']}, torch {again['torch']}")
    expected = f"where one run more would lie beside the {len(recorded)} recorded, {low:.4f} to {high:.4f}"
    print(f"{'inside' if inside else 'OUTSIDE'} {expected}")
    return inside
