"""The rules of the tape once more, moment by moment and as slowly as they read: what the fast account is held against."""

from itertools import pairwise


def kept(tape):
    """Rule 0, and the tabs in the order in which they appear."""
    tabs = {}
    for beat in tape:
        key = (beat.clinician, beat.review, beat.tab)
        mine = tabs.get(key, [])
        if mine and (beat.seq <= mine[-1].seq or any(b.state == "ended" for b in mine)):
            continue
        if beat.last_input > beat.mono:
            continue
        tabs.setdefault(key, []).append(beat)
    return tabs


def runs(beats):
    """(first, last) positions of each run, by rule 2."""
    found = []
    for i, beat in enumerate(beats):
        starts = beat.state == "counting" and (i == 0 or beats[i - 1].state != "counting")
        if not starts:
            continue
        end = next((j for j in range(i + 1, len(beats)) if beats[j].state != "counting"), len(beats) - 1)
        found.append((i, end))
    return found


def moments_of(beats, idle, gap):
    """{moment: when the run began} of one tab; a moment m stands for the millisecond from m to m + 1."""
    claimed = {}
    placed = {}
    for beat in beats:
        if beat.last_input not in placed:
            placed[beat.last_input] = beat.at - (beat.mono - beat.last_input)
    for first, last in runs(beats):
        low, high = sorted((beats[first].at, beats[last].at))
        points = sorted([low, high] + [at for at in placed.values() if low < at < high])
        silent = set()
        for a, b in pairwise(points):
            if b - a > idle:
                silent |= set(range(a, b))
        for i in range(first, last):
            earlier, later = beats[i], beats[i + 1]
            between = later.at - earlier.at
            if earlier.state != "counting" or later.seq != earlier.seq + 1 or not 0 < between <= gap:
                continue
            length = min(between, later.mono - earlier.mono)
            for moment in range(later.at - length, later.at):
                if moment not in silent:
                    claimed[moment] = max(claimed.get(moment, beats[first].at), beats[first].at)
    return claimed


def credited(tape, idle, gap):
    """{(clinician, review): set of moments}, by rule 3."""
    tabs = kept(tape)
    result = {(beat.clinician, beat.review): set() for beat in tape}
    claims = {}
    for order, (key, beats) in enumerate(tabs.items()):
        for moment, began in moments_of(beats, idle, gap).items():
            claims.setdefault((key[0], moment), []).append((began, -order, key[1]))
    for (clinician, moment), rivals in claims.items():
        result[clinician, max(rivals)[2]].add(moment)
    return result
