"""Trees: kept as skops behind a signature and a fixed list of types, and the same after they come back."""

import io
import zipfile

import numpy as np
import pytest

from ml.risk import boosting
from ml.risk.document import fitted, numbers
from ml.risk.features import Layout
from ml.risk.fitting import LADDER, cross_fit
from ml.risk.labels import Labels

BOOSTED = LADDER[-1]


@pytest.fixture(scope="module")
def crossed():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    event = (rng.random(600) < 1 / (1 + np.exp(-np.nan_to_num(2 * x[:, 0])))).astype(float)
    return x, cross_fit(BOOSTED, x, Labels(1 - event, event, {}), rng.integers(0, 5, 600))


def test_trees_come_back_as_they_were(crossed):
    x, fit = crossed
    document, artifact = numbers(fit, "boosting", Layout(("A",), ("D",)))
    back = fitted(document, artifact)
    assert len(back) == 6
    assert np.array_equal(back[0].linear(x), fit.final.linear(x))
    assert back[0].null == fit.final.null
    assert np.corrcoef(fit.linear, np.nan_to_num(x[:, 0]))[0, 1] > 0.7


def test_other_trees_are_not_the_model(crossed):
    _, fit = crossed
    document, _ = numbers(fit, "boosting", Layout(("A",), ("D",)))
    others = boosting.dump(tuple(reversed((fit.final, *fit.models))))
    with pytest.raises(ValueError, match="not those of the model's document"):
        fitted(document, others)


def test_a_type_that_is_not_on_the_list_is_refused(crossed):
    _, fit = crossed
    content, out = io.BytesIO(boosting.dump((fit.final,))), io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "schema.json":
                text = text.replace(b'"__class__": "TreePredictor"', b'"__class__": "Popen"')
                text = text.replace(b"sklearn.ensemble._hist_gradient_boosting.predictor", b"subprocess")
            new.writestr(name, text)
    with pytest.raises(boosting.ForeignTypeError, match="not on the list"):
        boosting.parse(out.getvalue())


def test_the_same_people_give_the_same_trees():
    rng = np.random.default_rng(1)
    x, event = rng.normal(size=(300, 3)), (rng.random(300) < 0.5).astype(float)
    two = [boosting.boost(x, Labels(1 - event, event, {}), np.ones(300, dtype=bool)) for _ in range(2)]
    assert boosting.fingerprint(tuple(two[:1])) == boosting.fingerprint(tuple(two[1:]))
