"""Made-up evaluations: three people with all there is to say, and as many as wanted."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

from engine.contract import EvaluateDone, Warned
from engine.recognise.calibration import bounds

MODEL = "20261124-093000"
FIRST = ("Ada", "Grace", "Eileen", "Katherine", "Hedy", "Rosalind", "Marie", "Lise", "Emmy", "Mary")
LAST = ("Lovelace", "Hopper", "Collins", "Johnson-Vaughan of Hampton", "Lamarr")


def names(count: int) -> tuple[str, ...]:
    return tuple(f"{FIRST[n % 10]} {LAST[n // 10 % 5]}" for n in range(count))


def curve(strangers: int, passed: int, missed: float) -> tuple[tuple[float, float, float], ...]:
    """A threshold for each number of strangers that may pass, and two above the last of them.

    Where `passed` strangers pass, the share `missed` of the enrolled is not named.
    """
    scale = missed / (1 - passed / strangers) ** 3
    rising = [
        (0.2 - 0.3 * n / strangers, n / strangers, scale * (1 - n / strangers) ** 3)
        for n in range(strangers, -1, -1)
    ]
    return (*rising, (0.4, 0.0, 0.6), (0.5, 0.0, 1.0))


def evaluation(
    count: int = 3, probes: int = 12, strangers: int = 180, **fields: object
) -> EvaluateDone:
    """`count` people of `probes` pictures each; every third is mistaken once or twice."""
    chance = random.Random(1)
    people = names(count)
    confusion, per_person, per_session = [], {}, {}
    for index, name in enumerate(people):
        row = [0] * (count + 1)
        row[-1] = chance.randint(0, 2)
        if index % 3 == 0 and count > 1:
            row[(index + 1) % count] += 1 + chance.randint(0, 1)
        row[index] = probes - sum(row)
        confusion.append(tuple(row))
        per_person[name] = (probes, probes - sum(row[:index] + row[index + 1 : -1]), row[index])
        per_session[f"{name}/20261124-0930"] = (probes // 2, probes // 2, probes // 2 - 1)
        if index % 2 == 0:
            per_session[f"{name}/20261125-1400"] = (probes - probes // 2, 4, 3)
    total, right = count * probes, sum(r for _, r, _ in per_person.values())
    named = sum(n for _, _, n in per_person.values())
    passed = round(0.011 * strangers)
    rates = {"0.01": 0.84, "0.05": 0.91, "0.1": 0.95} if strangers >= 100 else {"0.1": 0.95}
    done = EvaluateDone(
        model=MODEL,
        recipe="head",
        people=people,
        probes=total,
        missed=2,
        strangers=strangers,
        stranger_people=strangers // 3,
        strangers_from="own" if strangers else "none",
        fpir=0.01,
        threshold=0.182,
        rank1=right / total,
        tpir=rates if strangers else {},
        fpir_at_threshold=passed / strangers if strangers else 0.0,
        tpir_at_threshold=named / total,
        intervals={
            "rank1": bounds(right, total),
            "tpir_at_threshold": bounds(named, total),
            "fpir_at_threshold": bounds(passed, strangers),
            **{f"tpir@{rate}": bounds(round(v * total), total) for rate, v in rates.items()},
        },
        per_person=per_person,
        per_session=per_session,
        confusion=tuple(confusion),
        det=curve(strangers, passed, 1 - named / total) if strangers else (),
        confused=tuple(
            (a, b, 0.31, 0.12, f"/srv/facedesk/data/people/{n}/s1/0003.png", f"/elsewhere/{n}.png")
            for n, (a, b) in enumerate(pairwise(people[:4]))
        ),
        suspects=(
            (people[0], "/srv/facedesk/data/people/ada/s1/0007.png", "mislabelled", "Looks odd."),
        ),
        leakage={"rank1": 0.91, "random_rank1": 0.97, "tpir": 0.80, "random_tpir": 0.93},
        sentence="At most 4 of 100 strangers are named; measured on 180.",
        warnings=(Warned("one_session", "Ada Lovelace"),),
        seconds=12.4,
    )
    return replace(done, **fields)
