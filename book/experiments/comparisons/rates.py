"""Each arm's learning rate and weight decay, chosen on validation pictures by one rule. See PLAN.md.

A run of 1,125 steps for each trial, with a seed that no other run has, judged on pictures that no detector is tested
by. Not every trial that `list` names as missing is asked for: the rule leaves out rates beyond a best one that has
worse ones on both sides, and tries the other weight decay at the best rate alone.
`python -m book.experiments.comparisons.rates` says what the rule asks for next, and what it has chosen.
"""

import argparse
from pathlib import Path
from typing import Any

from ..machinery.records import RECORDS, load
from ..parts.headline import ARMS, FRESH_SEED, MEASURE, VALIDATION_SEED, Settings, learn, unfinished
from ..parts.search import GRID, asked_for, best

EPOCHS = 9
SEEDS = 1
FIRST_SEED = 100

DECAY, OTHER_DECAY = 0.02, 0.1
CLOSE = 0.02
"""Two trials whose AP50 differ by less could as well have come out the other way round."""
SEARCHED = tuple(name for name, arm in ARMS.items() if arm.searched_as is None)


def named(arm: str, rate: float, decay: float = DECAY) -> str:
    """A trial's name."""
    return f"{arm}_rate_{rate}" + ("" if decay == DECAY else f"_decay_{decay}")


VARIANTS: dict[str, tuple[str, Settings]] = {
    named(arm, rate, decay): (arm, Settings(rate, decay))
    for arm in SEARCHED
    for decay in (DECAY, OTHER_DECAY)
    for rate in GRID
}


def run(variant: str, seed: int, epochs: int) -> dict[str, Any]:
    """One trial."""
    arm, settings = VARIANTS[variant]
    return learn(arm, seed, epochs, settings, VALIDATION_SEED, unfinished("rates", variant, seed, epochs))


def scores(arm: str, decay: float, folder: Path = RECORDS) -> dict[float, float]:
    """What an arm's trials with a weight decay came to, by their rate."""
    runs = load("rates", folder)
    tried = {rate: runs.get(named(arm, rate, decay)) for rate in GRID}
    return {rate: float(records[0]["result"][MEASURE]) for rate, records in tried.items() if records}


def wanted(arm: str, folder: Path = RECORDS) -> list[str]:
    """The trials that the rule asks for next; none, if the search is at its end."""
    plain = scores(arm, DECAY, folder)
    if rates := asked_for(plain):
        return [named(arm, rate) for rate in rates]
    rate = best(plain)
    return [] if rate in scores(arm, OTHER_DECAY, folder) else [named(arm, rate, OTHER_DECAY)]


def chosen(name: str, folder: Path = RECORDS) -> Settings:
    """An arm's settings.

    Raises:
        ValueError: if its search is not at its end; says what it asks for.
    """
    arm = ARMS[name].searched_as or name
    if trials := wanted(arm, folder):
        variants = " ".join(f"--variant {trial}" for trial in trials)
        raise ValueError(f"{arm} has no learning rate yet: python -m book.experiments.comparisons.rates {variants}")
    plain, other = scores(arm, DECAY, folder), scores(arm, OTHER_DECAY, folder)
    rate = best(plain)
    return Settings(rate, OTHER_DECAY if other[rate] > plain[rate] else DECAY)


def run_chosen(experiment: str, name: str, seed: int, epochs: int) -> dict[str, Any]:
    """A run of an arm with the settings that were chosen for it, judged by the fresh series of pictures."""
    return learn(name, seed, epochs, chosen(name), FRESH_SEED, unfinished(experiment, name, seed, epochs))


def close_calls(arm: str, folder: Path = RECORDS) -> list[str]:
    """The trials that another seed might have preferred to the chosen one."""
    settings = chosen(arm, folder)
    found = {decay: scores(arm, decay, folder) for decay in (DECAY, OTHER_DECAY)}
    top = found[settings.weight_decay][settings.learning_rate]
    mine = named(arm, settings.learning_rate, settings.weight_decay)
    trials = {named(arm, rate, decay): score for decay, of_rate in found.items() for rate, score in of_rate.items()}
    return [trial for trial, score in trials.items() if trial != mine and score > top - CLOSE]


def main(arguments: list[str] | None = None) -> None:
    """Prints an arm's next trials, one a line; or, without an arm, what was chosen for each."""
    parser = argparse.ArgumentParser(prog="python -m book.experiments.comparisons.rates", description=main.__doc__)
    parser.add_argument("--wanted", metavar="ARM", help="the trials that the rule asks for next")
    options = parser.parse_args(arguments)
    if options.wanted:
        print("\n".join(wanted(options.wanted)))
        return
    for arm in SEARCHED:
        if trials := wanted(arm):
            print(f"{arm}: asks for {', '.join(trials)}")
        else:
            settings, close = chosen(arm), close_calls(arm)
            beside = f"; as good: {', '.join(close)}" if close else ""
            print(f"{arm}: rate {settings.learning_rate}, decay {settings.weight_decay}{beside}")


if __name__ == "__main__":
    main()
