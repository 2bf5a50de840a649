"""The headline questions of PLAN.md, as comparisons at each budget."""

from dataclasses import dataclass

from ..comparisons import headline_long, headline_middle, headline_short


@dataclass(frozen=True)
class Question:
    """Whether `a` finds more than `b`; with `minus`, by more than the first of those two finds than the second."""

    sentence: str
    a: str
    b: str
    minus: tuple[str, str] | None = None


QUESTIONS = (
    Question("With normalisation in both, one stage beats two.", "ssd_norm", "faster_rcnn_norm"),
    Question("DSOD beats two stages with normalisation.", "dsod", "faster_rcnn_norm"),
    Question("Normalisation alone helps SSD.", "ssd_norm", "ssd"),
    Question("DSOD's structure brings more than normalisation alone.", "dsod", "ssd_norm"),
    Question("All of DSOD's choices together beat none of them.", "ladder_top", "ladder_base"),
    Question("The stem helps.", "dsod", "densenet_stem"),
    Question("Dense prediction helps.", "dsod", "plain_prediction"),
    Question("Thirty layers: dense is better than plain.", "dense_30", "plain_30"),
    Question("Thirty layers: dense is better than residual.", "dense_30", "residual_30"),
    Question("Dense's lead over residual grows with depth.", "dense_30", "residual_30", ("dense_15", "residual_15")),
    Question("Pre-training helps with 50 pictures.", "pretrained_50", "scratch_50"),
    Question("From scratch is better with 1,000 pictures.", "scratch_1000", "pretrained_1000"),
)
BUDGETS = {module.__name__.rpartition(".")[2]: module for module in (headline_short, headline_middle, headline_long)}
DECIDES = "headline_long"


def asked_at(budget: str) -> list[Question]:
    """The questions all of whose arms an experiment has."""
    arms = set(BUDGETS[budget].VARIANTS)
    return [question for question in QUESTIONS if {question.a, question.b, *(question.minus or ())} <= arms]
