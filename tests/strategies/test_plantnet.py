"""PlantNet: each option by hand, the published examples, and Algorithm 5 once more, user by user, from the thesis."""

import math

import numpy as np
import pytest

from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.plantnet import GAMMA, PENALTIES, WEIGHTS, PlantNet
from benchmark_utils.votes import Votes, VotesError, counts

FUNCTIONS = {
    "current": lambda n: n**0.5 - n**0.2 + math.log(2.1),
    "linear": lambda n: n + math.log(2.1),
    "sqrt": lambda n: n**0.5 + math.log(2.1),
    "power75": lambda n: n**0.75 + math.log(2.1),
    "square": lambda n: n**2 + math.log(2.1),
    "log": lambda n: math.log(max(n, 1)) + math.log(2.1),
}
THETA_CONF = {"current": 2, "linear": 8.75, "sqrt": 3.6, "power75": 5.5, "square": 64.75, "log": 2.82}


class Toy:
    """A crowd written down observation by observation."""

    def __init__(self):
        self.rows, self.authors, self.machine, self.scores = [], [], [], []
        self.n_user = 0

    def user(self):
        self.n_user += 1
        return self.n_user - 1

    def observe(self, answers, author=-1, machine=-1, score=np.nan):
        """One observation; `answers` is {user: species}."""
        task = len(self.authors)
        self.rows += [(task, user, species) for user, species in answers.items()]
        self.authors.append(author)
        self.machine.append(machine)
        self.scores.append(score)
        return task

    def votes(self):
        task, user, species = np.array(self.rows).T
        return Votes(
            task,
            user,
            species,
            len(self.authors),
            self.n_user,
            max(species.max(), max(self.machine)) + 1,
            author=np.array(self.authors),
            machine_label=np.array(self.machine),
            machine_score=np.array(self.scores),
        )

    def expert(self, n_species, first=1000):
        """A user who is alone on observations of n_species species of their own."""
        user = self.user()
        for k in range(n_species):
            self.observe({user: first + k}, author=user)
        return user


# ---- the published examples


def disputed(sizes_against, size_expert, **options):
    """The label of an observation where an expert says 0 and others, who identified so many species, say 1."""
    toy = Toy()
    expert = toy.expert(size_expert)
    others = [toy.expert(size) for size in sizes_against]
    task = toy.observe({expert: 0} | dict.fromkeys(others, 1))
    result = PlantNet(theta_conf=0.1, **options).fit(toy.votes())
    assert result.parameters["n_species"].tolist() == [size_expert, *sizes_against]
    return result.parameters["proposed"][task]


def test_three_beginners_outweigh_an_expert_under_log_only():
    assert disputed([3, 5, 6], 80, weight="log") == 1
    assert disputed([3, 5, 6], 80, weight="current") == 0


def test_an_expert_with_five_self_validating_users_cannot_correct_another_under_square():
    assert disputed([100, 8, 8, 8, 8, 8], 102, weight="square") == 0
    assert disputed([100, 8, 8, 8, 8, 8], 102, weight="current") == 1


@pytest.mark.parametrize("weight", list(WEIGHTS))
def test_eight_species_make_a_user_self_validating(weight):
    toy = Toy()
    eight, seven = toy.user(), toy.user()
    helpers = [toy.user() for _ in range(100)]
    for n_species, user in ((8, eight), (7, seven)):
        for k in range(n_species):
            toy.observe({user: k} | dict.fromkeys(helpers, k), author=user)
    lone, too_early = toy.observe({eight: 3}, author=eight), toy.observe({seven: 3}, author=seven)
    result = PlantNet(weight=weight).fit(toy.votes())
    assert result.converged
    assert result.parameters["n_species"][[eight, seven]].tolist() == [8, 7]
    assert result.labels[[lone, too_early]].tolist() == [3, -1]
    assert np.flatnonzero(result.parameters["validates_alone"]).tolist() == [eight]
    assert result.parameters["proposed"][too_early] == 3
    np.testing.assert_allclose(result.worker_score[eight], FUNCTIONS[weight](8))


# ---- weights and penalties by hand


def author_with_mistakes():
    """A user: as author 4 species right and 3 wrong, on others' observations 20 right and 10 wrong, all reviewed."""
    toy = Toy()
    user = toy.user()
    species = iter(range(1, 1000))
    for right, author, times in ((1, True, 4), (0, True, 3), (1, False, 20), (0, False, 10)):
        for _ in range(times):
            k = next(species)
            helpers = {toy.user(): k if right else 0 for _ in range(3)}
            toy.observe(helpers | {user: k}, author=user if author else -1)
    return toy.votes(), user


@pytest.mark.parametrize("weight", list(WEIGHTS))
@pytest.mark.parametrize(
    ("penalty", "given"),
    [
        ("none", 6),
        ("difference", 6 - 4),
        ("ratio", 6 / 37),
        ("accuracy", 6 * 24 / 37),
        ("reviewed", 6 * 24 / 37),
        ("reviewed_valid", 6 * 24 / 37),
    ],
)
def test_weights_and_penalties_by_hand(weight, penalty, given):
    votes, user = author_with_mistakes()
    result = PlantNet(weight, penalty, theta_conf=2).fit(votes, n_iter=1)
    assert result.parameters["n_species"][user] == 6  # round(4 + 20 / 10); wrong: round(3 + 10 / 10)
    np.testing.assert_allclose(result.worker_score[user], FUNCTIONS[weight](given), rtol=1e-12)


@pytest.mark.parametrize(
    ("penalty", "agreement"), [("accuracy", 27 / 36), ("reviewed", 5 / 14), ("reviewed_valid", 5 / 9)]
)
def test_what_counts_as_reviewed(penalty, agreement):
    """22 lone observations, 9 that others made valid, 5 right and 4 wrong, and 5 that two other votes dispute."""
    toy = Toy()
    user = toy.expert(22, first=100)
    for right, times in ((True, 5), (False, 4)):
        for k in range(1, times + 1):
            toy.observe({toy.user(): k if right else 50 for _ in range(4)} | {user: k}, author=user)
    for k in range(60, 65):
        toy.observe({user: k, toy.user(): 99, toy.user(): 99})  # 1.48 for 99: not valid
    result = PlantNet(penalty=penalty).fit(toy.votes(), n_iter=1)
    n_species = result.parameters["n_species"][user]
    assert n_species == 5  # as author; the 22 alone are not valid
    np.testing.assert_allclose(result.worker_score[user], FUNCTIONS["current"](5 * agreement), rtol=1e-12)


@pytest.mark.parametrize("penalty", ["reviewed", "reviewed_valid"])
def test_who_was_never_reviewed_loses_nothing(penalty):
    toy = Toy()
    clicker = toy.user()
    for k in range(30):
        toy.observe({clicker: k})
    assert PlantNet(penalty=penalty).fit(toy.votes()).worker_score[clicker] == pytest.approx(FUNCTIONS["current"](3))


def test_difference_stops_at_no_species():
    toy = Toy()
    user = toy.user()
    for k in range(1, 4):
        toy.observe({user: k} | {toy.user(): 0 for _ in range(3)}, author=user)
    assert PlantNet(penalty="difference").fit(toy.votes(), n_iter=1).worker_score[user] == pytest.approx(GAMMA)


def test_a_species_counts_once_and_the_author_kind_first():
    toy = Toy()
    user = toy.user()
    for author in (user, user, -1, -1):
        toy.observe({user: 1} | {toy.user(): 1 for _ in range(3)}, author=author)
    for k in range(2, 11):  # nine further species by clicks: 1 + 0.9
        toy.observe({user: k} | {toy.user(): k for _ in range(3)})
    assert PlantNet().fit(toy.votes(), n_iter=1).parameters["n_species"][user] == 2


def test_only_authors_need_a_valid_observation_and_halves_round_to_even():
    toy = Toy()
    author, clicker, half = toy.user(), toy.user(), toy.user()
    for k in range(15):
        toy.observe({author: k}, author=author)  # alone: not valid
        toy.observe({clicker: k}, author=author)  # not valid either
    for k in range(5):
        toy.observe({half: k}, author=author)
    n_species = PlantNet().fit(toy.votes(), n_iter=1).parameters["n_species"]
    assert n_species.tolist() == [0, 2, 0]  # nothing, round(1.5), round(0.5)


def test_the_start_is_the_majority_vote_judged_with_equal_weights(random_votes):
    votes, _ = random_votes(3)
    start = PlantNet().fit(votes, n_iter=0)
    count = np.sort(counts.sum_votes(votes), axis=1)
    clear = count[:, -1] > count[:, -2]
    majority = MajorityVote().fit(votes).labels
    np.testing.assert_array_equal(start.parameters["proposed"][clear], majority[clear])
    np.testing.assert_array_equal(start.parameters["valid"], (count[:, -1] >= 3) & (count[:, -1] / 5 >= 0.7))
    assert (start.n_iter, start.converged, start.history) == (0, False, [])
    np.testing.assert_array_equal(start.worker_score, np.full(votes.n_worker, GAMMA))


# ---- thresholds


@pytest.mark.parametrize(
    ("n_for", "n_against", "valid"), [(7, 3, True), (70, 30, True), (69, 31, False), (2, 1, False)]
)
def test_the_accuracy_threshold_is_met_by_equality(n_for, n_against, valid):
    toy = Toy()
    toy.observe({toy.user(): int(user >= n_for) for user in range(n_for + n_against)})
    result = PlantNet(theta_conf=0).fit(toy.votes(), n_iter=0)
    assert result.parameters["valid"].tolist() == [valid]
    assert result.labels.tolist() == [0 if valid else -1]
    assert result.parameters["accuracy"][0] == pytest.approx(n_for / (n_for + n_against))


@pytest.mark.parametrize(("theta", "valid"), [(6 * GAMMA, True), (6 * GAMMA + 1e-6, False), (None, True)])
def test_the_confidence_threshold_is_met_by_equality(theta, valid):
    toy = Toy()
    toy.observe({toy.user(): 1 for _ in range(6)})
    result = PlantNet(theta_conf=theta).fit(toy.votes(), n_iter=0)
    assert result.parameters["valid"].tolist() == [valid]
    assert result.parameters["confidence"][0] == pytest.approx(6 * GAMMA)


# ---- the AI


def with_machine(n_user, machine, score, ai, **options):
    toy = Toy()
    toy.observe({toy.user(): 0 for _ in range(n_user)}, machine=machine, score=score)
    parameters = PlantNet(ai=ai, **options).fit(toy.votes()).parameters
    return tuple(parameters[name][0] for name in ("proposed", "valid", "confidence", "accuracy"))


@pytest.mark.parametrize(
    ("ai", "n_user", "machine", "score", "expected"),
    [
        ("ignored", 1, 1, 1.0, (0, False, GAMMA, 1)),
        ("fixed", 1, 1, 0.0, (1, False, 1.7, 1.7 / (GAMMA + 1.7))),
        ("fixed", 1, 0, 0.0, (0, True, GAMMA + 1.7, 1)),
        ("fixed", 3, -1, 0.0, (0, True, 3 * GAMMA, 1)),
        ("invalidating", 1, 0, 1.0, (0, False, GAMMA, 1)),
        ("invalidating", 1, 1, 1.0, (0, False, GAMMA, GAMMA / (GAMMA + 1.7))),
        ("invalidating", 3, 0, 1.0, (0, True, 3 * GAMMA, 1)),
        ("invalidating", 3, 1, 1.0, (0, False, 3 * GAMMA, 3 * GAMMA / (3 * GAMMA + 1.7))),
        ("invalidating", 6, 1, 1.0, (0, True, 6 * GAMMA, 6 * GAMMA / (6 * GAMMA + 1.7))),
        ("invalidating", 3, -1, 1.0, (0, True, 3 * GAMMA, 1)),
        ("confident", 1, 0, 0.7, (0, True, GAMMA + 1.7, 1)),
        ("confident", 1, 0, 0.69, (0, False, GAMMA, 1)),
        ("confident", 1, 1, 0.9, (1, False, 1.7, 1.7 / (GAMMA + 1.7))),
        ("confident", 1, 0, np.nan, (0, False, GAMMA, 1)),
        ("worker", 2, 0, 0.1, (0, True, 3 * GAMMA, 1)),
    ],
)
def test_the_ai_by_hand(ai, n_user, machine, score, expected):
    assert with_machine(n_user, machine, score, ai) == pytest.approx(expected)


def test_the_score_threshold_is_a_parameter_and_one_silences_the_ai():
    assert with_machine(1, 0, 0.5, "confident", theta_score=0.5)[1]
    assert not with_machine(1, 0, 0.99, "confident", theta_score=1)[1]


def test_as_a_worker_the_ai_gains_weight_species_by_species():
    toy = Toy()
    author = toy.user()
    for k in range(80):
        toy.observe({author: k}, author=author, machine=k, score=0.5)
    result = PlantNet(ai="worker").fit(toy.votes(), n_iter=1)
    assert result.parameters["machine_weight"] == pytest.approx(FUNCTIONS["current"](8))  # round(80 / 10)
    assert result.worker_score.shape == (1,)
    assert result.parameters["valid"].all()


def test_the_ai_does_not_vote_where_nobody_did():
    one = np.zeros(1, dtype=int)
    votes = Votes(one, one, one, 2, 1, 2, machine_label=[1, 1], machine_score=[1, 1])
    for ai in ("worker", "fixed", "invalidating", "confident"):
        result = PlantNet(ai=ai, theta_conf=0, theta_acc=0).fit(votes)
        assert result.labels[1] == -1
        assert not result.parameters["valid"][1]
        assert result.soft[1].sum() == 0


# ---- authors


def test_without_authors_every_vote_counts_as_a_vote_on_anothers_observation(random_votes):
    votes, _ = random_votes(0, n_task=200, n_worker=8, n_class=40)
    n_species = PlantNet().fit(votes, n_iter=1).parameters["n_species"]
    labels = PlantNet().fit(votes, n_iter=0).parameters["proposed"]
    for j in range(votes.n_worker):
        species = set(votes.label[(votes.worker == j) & (votes.label == labels[votes.task])].tolist())
        assert n_species[j] == round(len(species) / 10)


def test_an_author_who_never_voted_gains_nothing():
    toy = Toy()
    ghost, helpers = toy.user(), [toy.user() for _ in range(3)]
    toy.observe(dict.fromkeys(helpers, 0), author=ghost)
    result = PlantNet().fit(toy.votes())
    assert result.labels.tolist() == [0]
    assert result.worker_score[ghost] == GAMMA
    assert result.parameters["n_species"][ghost] == 0


# ---- Algorithm 5 once more, with dicts and loops


def flora(seed, n_task=160, n_user=14, n_class=30):
    """A small crowd with a model and authors, some of them unknown or silent; a task without votes."""
    rng = np.random.default_rng(seed)
    truth = np.minimum(rng.geometric(0.12, n_task) - 1, n_class - 1)
    activity = 1 / np.arange(1, n_user + 1)
    skill = np.linspace(0.95, 0.4, n_user)
    author = rng.choice(n_user, n_task, p=activity / activity.sum())
    rows = set()
    for i in range(n_task - 1):  # the last task has no vote
        voters = set(rng.choice(n_user, rng.poisson(1.5), p=activity / activity.sum()).tolist())
        if rng.random() < 0.9 or not voters:
            voters.add(int(author[i]))
        for j in voters:
            right = rng.random() < skill[j]
            rows.add((i, j, int(truth[i]) if right else int(rng.integers(n_class))))
    author = np.where(rng.random(n_task) < 0.1, -1, author)
    machine = np.where(rng.random(n_task) < 0.7, truth, rng.integers(n_class, size=n_task))
    machine[rng.random(n_task) < 0.05] = -1
    score = np.where(machine < 0, np.nan, np.round(rng.random(n_task), 1))
    order = rng.permutation(sorted(rows))
    return Votes(*order.T, n_task, n_user, n_class, author=author, machine_label=machine, machine_score=score)


def by_the_thesis(votes, weight, penalty, ai, seed, theta_score=0.7, n_iter=100):
    """Labels, validity, weights of users and iterations, written from chapter 4 alone."""
    function = FUNCTIONS[weight]
    theta_conf = min(THETA_CONF[weight], function(8))
    answers = {i: [] for i in range(votes.n_task)}
    for i, j, k in zip(votes.task.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True):
        answers[i].append((j, k))
    heard = {}  # the answer of the AI, where it takes part
    for i in range(votes.n_task):
        confident = ai != "confident" or votes.machine_score[i] >= theta_score
        if ai != "ignored" and votes.machine_label[i] >= 0 and confident and answers[i]:
            heard[i] = int(votes.machine_label[i])
    users = list(range(votes.n_worker))
    fixed = {}
    if ai in ("worker", "fixed", "confident"):
        for i, k in heard.items():
            answers[i].append(("AI", k))
        if ai == "worker":
            users.append("AI")
        else:
            fixed = {"AI": 1.7}
    proposed = {i: sorted({k for _, k in given}) for i, given in answers.items()}
    contested = [(i, k) for i, species in proposed.items() for k in species if len(species) > 1]
    draw = dict(zip(contested, np.random.default_rng(seed).random(len(contested)), strict=True))

    def weighted_majority(w):
        labels = {}
        for i, given in answers.items():
            score = {}
            for j, k in given:
                score[k] = score.get(k, 0) + w[j]
            best = [k for k in score if score[k] >= max(score.values()) * (1 - 1e-9)]
            labels[i] = max(best, key=lambda k, i=i: draw.get((i, k), 0)) if best else -1
        return labels

    def validity(labels, w):
        valid = {}
        for i, given in answers.items():
            conf = sum(w[j] for j, k in given if k == labels[i])
            total = sum(w[j] for j, _ in given)
            if ai == "invalidating" and i in heard and heard[i] != labels[i]:
                total += 1.7
            valid[i] = bool(given) and conf >= 0.7 * total - 1e-9 and conf >= theta_conf - 1e-9
        return valid

    def species(j, labels, valid, right):
        mine = [(i, k) for i, given in answers.items() for u, k in given if u == j and (k == labels[i]) == right]
        author = {k for i, k in mine if votes.author[i] == j and valid[i]}
        return round(len(author) + len({k for i, k in mine if votes.author[i] != j} - author) / 10)

    w = dict.fromkeys(users, math.log(2.1))
    labels = majority = weighted_majority({"AI": 0} | w)
    w |= fixed
    n_done, stands = 0, False
    while n_done < n_iter and not stands:
        n_done += 1
        valid = validity(labels, w)
        new = dict(fixed)
        for j in users:
            n = species(j, labels, valid, True)
            if penalty == "difference":
                n = max(n - species(j, labels, valid, False), 0)
            cast = [(i, k) for i, given in answers.items() for u, k in given if u == j]
            if penalty == "ratio":
                n = n / max(len({k for _, k in cast}), 1)
            if penalty == "accuracy":
                n = n * sum(k == majority[i] for i, k in cast) / max(len(cast), 1)
            if penalty.startswith("reviewed"):
                seen = [(i, k) for i, k in cast if len(answers[i]) > 1 and (valid[i] or penalty == "reviewed")]
                n = n * sum(k == labels[i] for i, k in seen) / len(seen) if seen else n
            new[j] = function(n)
        stands = all(abs(new[j] - w[j]) <= 1e-6 for j in w)
        w, before, labels = new, labels, weighted_majority(new)
        stands = stands and labels == before
    valid = validity(labels, w)
    return labels, valid, w, n_done


@pytest.mark.parametrize("ai", ["ignored", "worker", "fixed", "invalidating", "confident"])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("weight", list(WEIGHTS))
def test_matches_an_implementation_written_from_the_thesis(weight, penalty, ai):
    seed = list(WEIGHTS).index(weight)
    votes = flora(seed)
    labels, valid, w, n_iter = by_the_thesis(votes, weight, penalty, ai, seed)
    result = PlantNet(weight, penalty, ai).fit(votes, seed=seed)
    assert result.n_iter == n_iter
    np.testing.assert_array_equal(result.parameters["proposed"], list(labels.values()))
    np.testing.assert_array_equal(result.parameters["valid"], list(valid.values()))
    np.testing.assert_allclose(result.worker_score, [w[j] for j in range(votes.n_worker)], rtol=1e-12)
    np.testing.assert_array_equal(result.labels, [k if valid[i] else -1 for i, k in labels.items()])


def test_the_crowds_compared_exercise_what_they_should():
    results = [PlantNet().fit(flora(seed)) for seed in range(6)]
    starts = [PlantNet().fit(flora(seed), n_iter=0) for seed in range(6)]
    assert all(0.1 < r.parameters["valid"].mean() < 0.95 for r in results)
    assert any(
        (r.parameters["proposed"] != s.parameters["proposed"]).any() for r, s in zip(results, starts, strict=True)
    )
    assert max(r.n_iter for r in results) > 2


# ---- properties


def test_votes_in_any_order_and_workers_under_any_name():
    votes = flora(1)
    rng = np.random.default_rng(0)
    order, name = rng.permutation(votes.n_votes), rng.permutation(votes.n_worker)
    renamed = Votes(
        votes.task[order],
        name[votes.worker[order]],
        votes.label[order],
        votes.n_task,
        votes.n_worker,
        votes.n_class,
        author=np.where(votes.author >= 0, name[votes.author], -1),
        machine_label=votes.machine_label,
        machine_score=votes.machine_score,
    )
    for ai in ("ignored", "worker", "confident"):
        one, other = PlantNet(ai=ai).fit(votes, seed=4), PlantNet(ai=ai).fit(renamed, seed=4)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_allclose(one.worker_score, other.worker_score[name])


def test_tasks_and_classes_under_any_name():
    clear = 0
    for crowd in range(6):
        votes = flora(crowd, n_task=60)
        labels = PlantNet().fit(votes).labels
        if any((PlantNet().fit(votes, seed=seed).labels != labels).any() for seed in range(1, 8)):
            continue  # a tie matters
        clear += 1
        rng = np.random.default_rng(crowd)
        task, label = rng.permutation(votes.n_task), rng.permutation(votes.n_class)
        author = np.empty(votes.n_task, dtype=int)
        author[task] = votes.author
        renamed = Votes(
            task[votes.task], votes.worker, label[votes.label], votes.n_task, votes.n_worker, votes.n_class, author
        )
        expected = np.where(labels >= 0, label[labels], -1)
        np.testing.assert_array_equal(PlantNet().fit(renamed).labels[task], expected)
    assert clear


def test_what_has_converged_stays():
    votes = flora(2)
    done = PlantNet().fit(votes)
    assert done.converged
    assert done.history[-1] == 0
    again = PlantNet().fit(votes, n_iter=done.n_iter + 5)
    assert again.n_iter == done.n_iter
    assert not PlantNet().fit(votes, n_iter=done.n_iter - 1).converged


@pytest.mark.parametrize("ai", ["ignored", "fixed"])
def test_soft_labels_are_the_shares_of_the_weights_dense_or_sparse(ai, monkeypatch):
    votes = flora(3)
    dense = PlantNet(ai=ai).fit(votes)
    voted = votes.votes_per_task > 0
    np.testing.assert_allclose(dense.soft.sum(axis=1), voted)
    shares = dense.soft[voted, dense.parameters["proposed"][voted]]
    np.testing.assert_allclose(shares, dense.parameters["accuracy"][voted])
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    large = PlantNet(ai=ai).fit(votes)
    np.testing.assert_allclose(large.soft.toarray(), dense.soft)
    np.testing.assert_array_equal(large.labels, dense.labels)


def test_what_cannot_be_done_says_why(random_votes):
    for option in ("weight", "penalty", "ai"):
        with pytest.raises(VotesError, match=f"{option}='x' is unknown: choose one of"):
            PlantNet(**{option: "x"})
    votes, _ = random_votes()
    for ai in ("worker", "fixed", "invalidating", "confident"):
        with pytest.raises(VotesError, match="needs machine_label"):
            PlantNet(ai=ai).fit(votes)
    labelled = Votes(votes.task, votes.worker, votes.label, 60, 12, 4, machine_label=np.zeros(60, dtype=int))
    with pytest.raises(VotesError, match="needs machine_score"):
        PlantNet(ai="confident").fit(labelled)
    assert PlantNet(ai="fixed").fit(labelled).converged
