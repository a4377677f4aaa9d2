"""Rules for words, figures, names, signs, links and pictures: a slip in a good release, and what looks like one."""

from __future__ import annotations

import pytest

from distributor.releases.findings import Level
from releases.proof.subjects import ENGLISH, GOOD, found, with_draft

SLIPS = {
    "Rendez-vous le lundi 3 avril 2026 au port.": "date-weekday",
    "Rendez-vous le lundi 3 avril au port.": "date-weekday",
    "Le salon se tient du 12 au 5 avril au port.": "date-range",
    "Le salon se tient du 12 mars 2026 au 3 février 2026.": "date-range",
    "Le vote du 20 mars 2026 a lieu au port. Inscriptions jusqu'au 20 mars 2025.": "date-other-year",
    "Un rassemblement aura lieu le 25 mars 2025 au port.": "date-last-year",
    "Les travaux seront finis le 1er mai 2062.": "date-far",
    "Rendez-vous le mardi 31 novembre au port.": "date-impossible",
    "Rendez-vous le samedi 32 janvier au port.": "date-impossible",
    "Rendez-vous le 29 février 2027 au port.": "date-impossible",
    "Rendez-vous le 31/04/2026 au port.": "date-impossible",
    "The hall opens on June 31 at last.": "date-impossible",
    "Le direct commence à 18 h (Paris), 16 h GMT.": "hours-disagree",
    "Écrire à jean@ateliers avant lundi.": "address-broken",
    "Écrire à jean.martin @ateliers.example avant lundi.": "address-broken",
    "Renseignements au 06 12 34 56 avant lundi.": "phone-digits",
    "Renseignements au 06 12 34 56 78 90 avant lundi.": "phone-digits",
    "Renseignements au +33 6 12 34 56 avant lundi.": "phone-digits",
    "Tél. : 06 1234 567 avant lundi.": "phone-digits",
    "Le lac fait partie des particulièrement touchés par la sécheresse.": "missing-word",
    "Ils ont été prévenus par des par la direction.": "missing-word",
    "La question de de la nuit reste ouverte.": "repeated-word",
    "Ils iront au au port.": "repeated-word",
    "Ils disent que que la nuit est longue.": "repeated-word",
    "Renseignements au +44 20 7946 00 avant lundi.": "phone-digits",
    "Selon Élodie Marchetti, rien. Pour Élodie Marcheti, tout.": "name-spelling",
    "Selon Brieuc Kervran, rien. Mme Breiuc Kervran dit oui.": "name-spelling",
    "La nuit est longue.Les équipes le disent.": "space-missing",
    "La nuit est  longue.": "double-space",
    "La nuit , disent-ils, est longue.": "space-before",
    "Ils disent : « La nuit est longue.": "quotes-open",
    "Ils disent (et le redisent que la nuit est longue.": "quotes-open",
    'Ils disent : "La nuit est longue.': "quotes-odd",
    "Ils disent « oui » et “non” à la fois.": "quotes-mixed",
    "[TEST] Ceci est pour voir.": "test-left",
    "Ceci est un test avant l'envoi.": "test-left",
    "[Commentaire de Paul : à revoir]": "edit-comment",
    "Il dit &quotoui&quot et part.": "html-entity",
    "Le programme est [ici](https://lac.example/programme).": "link-text",
    "Le programme est [sur le site](/programme).": "link-relative",
    "Voir [lac.example](https://autre.example/x).": "link-mismatch",
    "Écrire à [a@lac.example](mailto:b@lac.example).": "link-mismatch",
    "Voir [la page](http://192.168.1.10/page).": "link-private",
    "Voir [la page](https://preprod.lac.example/page).": "link-private",
    "Voir http:/lac.example/page pour la suite.": "link-malformed",
    "Voir [la page](https://bit.ly/3abc).": "link-shortened",
    "![](https://lac.example/port.jpg '© Roy')": "image-alt",
    "![Le port au matin](https://lac.example/port.jpg)": "image-credit",
}
INNOCENT = [
    "Né un 29 février, il fête ses 46 mars et 45 mai au 06 31 02 30 31. Version 30.02.26, pages 31/02/26.",
    "Il a parlé au congrès du 17 janvier 2026. L'appel a lieu aujourd'hui à 8h30 CET (3:30 am ET).",
    "In June 31 people came, and in February 30 of them left.",
    "Rendez-vous le vendredi 3 avril 2026 au port, puis le 3 avril 2027.",
    "Le salon se tient du 5 au 12 avril, du 28 mars au 3 avril et du 20 décembre au 4 janvier 2027.",
    "Depuis la loi du 25 mars 2025, rien n'a changé ; un an après, le 12 mars 2026, non plus.",
    "Le direct commence à 18 h (Paris), 17 h GMT ; ouverture de 9 h à 18 h.",
    "Le bureau ouvre à 9 h (Paris) et celui de nos amis d'outre-Manche à 9 h (Londres).",
    "Appelez le 3631, le 0 800 123 456, le +33 (0)6 12 34 56 78, le 01.40.52.82.88 ou le +44 20 7946 0018.",
    "Les références 01 02 2026, 12 34 56 78 90 12 et 01.02.03 sont au dossier.",
    "Les plus touchés par la sécheresse, les gens particulièrement touchés par elle, et les directement concernés.",
    "Nous nous voyons ; vous vous en doutez. Il y en a un par un, un sur deux, et l'un des sans-papiers.",
    "Les soldats, les pour et les contre ; ceux qui, parmi ces 12, ont voté ; le pour-cent.",
    "Le site Lac.example, Node.js, 3.12.Rien et M.Martin.",
    "Il dit : « Oui. » Elle dit : « Il a dit “oui”. » Et (a) d'abord, b) ensuite, :-) enfin.",
    'Un écran de 24" et un autre de 27".',
    "Le programme est sur [le site du lac](https://lac.example/programme) et sur www.lac.example.",
    "Voir [www.lac.example](https://lac.example/page), [Node.js](https://autre.example), [nous](mailto:a@lac.example).",
    "![Logo des Ateliers](https://lac.example/logo.png) ![Le port. Photo : A. Roy](https://lac.example/port.jpg)",
    "Le test de dépistage est gratuit ; un essai clinique suivra ; la version 2 du projet aussi.",
    "Les Ateliers du Lac, l'Atelier du Lac, Paul Durand, Pauline Durand, Martin Leroy et Martine Leroy.",
    "Appelez le +32 2 123 45 67, le +1 (212) 555 0123, le +44 (0)20 7946 0018 ou le +49 30 12345.",
    "AT&T et R&D ; Dupont & Fils ; 5 < 6 ; a@b.example.",
    "L'accord du 14 juillet 1989 ; entre 2015 et 2026 ; 1er janvier 2027.",
]


def test_the_good_release_is_good() -> None:
    assert found() == {}
    assert found(text=ENGLISH) == {}


@pytest.mark.parametrize(("words", "code"), SLIPS.items())
def test_a_slip_is_found_where_it_stands(words: str, code: str) -> None:
    findings = found(words)
    assert list(findings) == [code]
    assert findings[code].line == 4
    assert findings[code].excerpt
    assert findings[code].mend


@pytest.mark.parametrize("words", INNOCENT)
def test_what_only_looks_like_a_slip(words: str) -> None:
    assert found(words) == {}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("This is the of the matter.", "missing-word"),
        ("They went to the the yard.", "repeated-word"),
        ("More is [here](https://lake.example/x).", "link-text"),
        ("They meet on Monday 3 April 2026.", "date-weekday"),
        ("The call is at 6 pm (Paris), 4 pm GMT.", "hours-disagree"),
    ],
)
def test_english_slips(words: str, code: str) -> None:
    assert list(found(words, text=ENGLISH)) == [code]


def test_numbers_of_one_thing() -> None:
    assert found("La sécheresse a fait 160 victimes.", text=f"{GOOD}").keys() == set()
    told = with_draft(
        "La sécheresse a fait 160 victimes.", headline="Les Ateliers du Lac : 150 victimes de la sécheresse"
    )
    assert told.keys() == {"number-differs"}
    assert "«150 victimes»" in told["number-differs"].message
    assert "«160 victimes»" in told["number-differs"].message
    for headline, words in (
        ("160 victimes", "160 victimes"),
        ("160 victimes", "près de 150 victimes"),
        ("160 victimes", "3 victimes au port, 157 victimes ailleurs"),
        ("8 000 emplois", "8\u202f000 emplois"),
        ("2 ans", "3 ans"),
        ("En 2026, 20 mesures", "En 2025, 20 mesures"),
        ("12 % des salariés", "88 % des salariés"),
    ):
        assert "number-differs" not in with_draft(f"On compte {words} ici.", headline=f"Lac : {headline} demain")
    for headline, words in (
        ("8 000 emplois", "800 emplois"),
        ("1 250 emplois", "1 520 emplois"),
        ("12 % des salariés", "13 % des salariés"),
    ):
        assert "number-differs" in with_draft(f"On compte {words} ici.", headline=f"Lac : {headline} demain")


def test_a_test_on_a_line_of_its_own() -> None:
    assert list(found("Ils le disent.\n\ntest\n\nIls le redisent.")) == ["test-left"]
    assert found("Ils le disent.\n\nUn test suivra\n\nIls le redisent.") == {}


def test_one_name_two_spellings() -> None:
    for one, two in (
        ("Jeanne Martin", "Jeanne Marten"),
        ("François Delorme", "Francois Delorme"),
        ("Sylvie Kerbrat", "Sylvie Kerbratt"),
    ):
        findings = found(f"{one} le dit. Ainsi que {two} ailleurs.")
        assert list(findings) == ["name-spelling"], (one, two)
    twice = "Le Kazakhstan et le Kazakhstan ; puis le Kazakstan."
    assert list(found(twice)) == ["name-spelling"]
    for words in (
        "Jean Martin et Jeanne Martin",
        "Anne Roy et Anna Roy",
        "la Grande École et les Grandes Écoles",
        "MARTIN",
    ):
        assert found(f"Avec {words} au port.") == {}


def test_the_organisation_in_the_headline() -> None:
    for organisation in ("Ateliers du Lac", "Association Lac", "Les ateliers"):
        assert found(organisation=organisation) == {}
    assert found(organisation="Ligue des Ports")["organisation-absent"].level is Level.NOTE
    assert "organisation-absent" not in with_draft(headline="La LDP demande des horaires")


def test_headlines() -> None:
    assert with_draft(headline="LES ATELIERS DU LAC DEMANDENT DES HORAIRES").keys() == {"headline-capitals"}
    assert with_draft(headline="Les Ateliers du Lac demandent des horaires !!").keys() == {"headline-signs"}
    assert with_draft(headline="Les Ateliers du Lac : enfin des horaires !") == {}
    assert with_draft(headline="Test").keys() == {"test-left"}
    assert with_draft(headline="Des ateliers et des horaires " * 4)["headline-long"].level is Level.NOTE
    assert with_draft(headline="Des ateliers et des horaires " * 6)["headline-long"].level is Level.WARN


def test_the_shape_of_a_longer_text() -> None:
    words = "Les salariés le disent depuis des mois. " * 20
    assert found(words).keys() == {"standfirst-missing", "boilerplate-missing"}
    assert with_draft(body=words, standfirst="En deux mots.", boilerplate="Nous sommes nous.") == {}
    assert with_draft(body=words * 7, standfirst="Mot. " * 95, boilerplate="Nous.").keys() == {
        "standfirst-long",
        "long-read",
    }


def test_marks_of_a_draft_stand_alone() -> None:
    for mark in ("BROUILLON", "Projet de communiqué", "À valider", "DRAFT v2"):
        assert with_draft(body=f"{mark}\n\nLes salariés le demandent.").keys() == {"draft-mark"}
    assert with_draft(body="Le brouillon du projet de loi est connu.") == {}


def test_a_picture_is_no_release() -> None:
    found_now = with_draft(body="![L'affiche. © Roy](https://lac.example/affiche.png)")
    assert found_now.keys() == {"image-only"}


def test_an_address_put_together_is_told() -> None:
    broken = GOOD.replace(
        "j.martin@ateliers.example", "[j.martin](mailto:j.martin@ateliers.example)\n@ateliers.example"
    )
    assert found(text=broken)["address-repaired"].level is Level.NOTE
    disguised = GOOD.replace("j.martin@ateliers.example", "j.martin (at) ateliers.example")
    assert "address-repaired" in found(text=disguised)
    linked = GOOD.replace("j.martin@ateliers.example", "[écrivez à la presse](mailto:presse@ateliers.example)")
    assert "address-repaired" not in found(text=linked)


def test_an_embargo_in_the_text_is_the_releases_own() -> None:
    head = "---\ntitle: Les Ateliers du Lac demandent\nembargo: 2026-03-13T18:00\n---\n\n"
    text = "{} vendredi 13 mars 2026 à {}\n\nLes salariés le demandent.\n"
    assert "embargo-text" not in found(text=head + text.format("Sous embargo jusqu'au", "18 h"))
    told = found(text=head + text.format("Sous embargo jusqu'au", "8 h"))
    assert told["embargo-text"].level is Level.STOP


def test_a_line_is_that_of_the_second_place() -> None:
    source = GOOD.replace(" CHANGE", "\n\nLa nuit de la nuit.\n\nLa nuit de de la nuit.")
    assert found(text=source)["repeated-word"].line == 8
