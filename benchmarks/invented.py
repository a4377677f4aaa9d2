"""Invented journalists: the same every time, so that runs can be compared."""

from __future__ import annotations

import csv
import io
from itertools import islice, product

_FIRST_NAMES = "Aïcha Benoît Chloé Dimitri Élise François Gaëlle Hugo Inès Jérôme Karima Loïc Maëlys Noël Océane Paul"
_LAST_NAMES = "Abadie Béranger Cœurdeuil Delmas Étienne Faÿ Guérin Hébrard Illouz Jourdan Kessler Lefèvre Muñoz Noguès"
_SECTORS = ("Économie", "International", "Santé", "Culture", "Social", "Environnement", "Sciences", "Régions")
_ROLES = ("Journaliste", "Rédactrice en chef adjointe", "Chef de rubrique", "Correspondante")
_COLUMNS = ("Civilité", "Prénom", "Nom", "Média", "Fonction", "Rubrique", "E-mail", "Téléphone", "Langue", "Secteur")
_PER_OUTLET = 25


def contacts_csv(count: int, *, before: int = 0) -> bytes:
    """A press list of `count` journalists, without the first `before`, as a spreadsheet saves it: semicolons, UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(_COLUMNS)
    names = product(range(1 + (before + count) // 200), _FIRST_NAMES.split(), _LAST_NAMES.split())
    for number, (_, first, last) in islice(enumerate(names), before, before + count):
        outlet = number // _PER_OUTLET
        writer.writerow(
            (
                ("Mme", "M.")[number % 2],
                first,
                last,
                f"La Gazette du Rivage {outlet}",
                _ROLES[number % len(_ROLES)],
                _SECTORS[number % len(_SECTORS)],
                f"journaliste.{number}@gazette-{outlet % 200}.example",
                f"01 99 00 {number // 100 % 100:02} {number % 100:02}",
                "fr" if number % 10 else "en",
                _SECTORS[number % len(_SECTORS)],
            )
        )
    return out.getvalue().encode()
