"""Invented communiqués in the shapes that press offices really use, each with the fields it must land in."""

from __future__ import annotations

from datetime import date

BODY_FR = (
    "Les salariés de la filière demandent depuis des mois que les horaires de nuit soient revus avec eux dans "
    "les ateliers.\n\n"
    "« Nous voulons une réponse avant la fin du mois », a dit la porte-parole de l'association devant les "
    "journalistes réunis."
)
BODY_EN = (
    "The people who work on the night boats have asked for months that their hours be set with them and not "
    "without them.\n\n"
    "“We want an answer before the end of the month,” the spokeswoman of the association told reporters on the quay."
)

Sample = tuple[str, str, dict[str, object]]


def sample(name: str, source: str, **expected: object) -> Sample:
    """A communiqué, and what its draft must hold."""
    return name, source, expected


SAMPLES: list[Sample] = [
    sample(
        "a PDF's pages: divided words, ligatures, numbers of pages",
        "Communiqué de presse\n\nLa fonderie change de fours\n\n"
        "La fonderie de la vallée annonce ce matin l’installa-\ntion de deux fours électriques, financés avec le porte-"
        "\nmonnaie des communes. Elle va ainsi, dit-elle, ré-\nduire de moitié ses émissions, et con\ufb01rmer cent "
        "em-\nplois.\n\n                      1\nCommuniqué de presse — La fonderie\n\nLe vice-\nprésident s’en dit "
        "sûr.\n\n2\n",
        headline="La fonderie change de fours",
        body="La fonderie de la vallée annonce ce matin l’installation de deux fours électriques, financés avec le "
        "porte-monnaie des communes. Elle va ainsi, dit-elle, réduire de moitié ses émissions, et confirmer cent "
        "emplois.\n\nLe vice-\\\nprésident s’en dit sûr.",
        remark="«installa- / tion»",
    ),
    sample(
        "lines wrapped far out",
        f"Des horaires\n\n{'Les salariés de la filière demandent que leurs horaires soient revus, ' * 2}et\n"
        f"disent pourquoi.\n\n{BODY_FR}",
        headline="Des horaires",
        body_starts=f"{'Les salariés de la filière demandent que leurs horaires soient revus, ' * 2}et disent",
    ),
    sample(
        "an office's address and switchboard above the kicker",
        "Fédération des Transports de Corvic\n26 rue de Paris – 93514 Valmore Cedex\nTél. : 01 55 00 00 00 – "
        f"f@transports.example\n\nCommuniqué de presse\n\nDes horaires\n\nValmore, le 12 mars 2026\n\n{BODY_FR}",
        headline="Des horaires",
        place="Valmore",
        body=BODY_FR,
    ),
    sample(
        "the office before the kicker",
        f"European Commission - Press release\n\nNight boats sail again\n\nBrussels, 12 March 2026\n\n{BODY_EN}",
        headline="Night boats sail again",
        place="Brussels",
        body=BODY_EN,
    ),
    sample(
        "the office before the kicker and its day",
        f"Corvic Métropole | Communiqué de presse | 12 mars 2026\n\nDes horaires\n\n{BODY_FR}",
        headline="Des horaires",
        date=date(2026, 3, 12),
        body=BODY_FR,
    ),
    *(
        sample(
            f"a town with its article, as in {town}",
            f"Des horaires\n\n{BODY_FR}\n\n{town}, le 12 mars 2026\n",
            headline="Des horaires",
            place=town,
            date=date(2026, 3, 12),
        )
        for town in ("Le Mans", "LA ROCHELLE", "Les Sables-d'Olonne")
    ),
    sample(
        "who signs with us, below the kicker; each with a line of its own among the contacts",
        f"COMMUNIQUÉ DE PRESSE COMMUN\nCFDT – CGT – FO\n\nDes horaires\n\n{BODY_FR}\n\nContacts presse :\n"
        "CFDT : 01 42 00 00 01 – presse@cfdt.example\nCGT : 01 55 00 00 02 – presse@cgt.example\n",
        headline="Des horaires",
        body=BODY_FR,
        contacts=[
            ("", "", "presse@cfdt.example", "01 42 00 00 01", "CFDT"),
            ("", "", "presse@cgt.example", "01 55 00 00 02", "CGT"),
        ],
    ),
    sample(
        "the signature of the mail at the very end",
        f"Des horaires\n\n{BODY_FR}\n\nContact : Lila Capé, lila@agence.example\n\n-- \nAgence Capé\n"
        "www.agence.example\n",
        headline="Des horaires",
        body=BODY_FR,
        remark="Agence Capé / www.agence.example",
    ),
    sample(
        "what is attached, named below the signature",
        f"Des horaires\n\n{BODY_FR}\n\nFait à Vannes, le 12 mars 2026\n\nLa directrice\n"
        "Pr Catherine Le Moal\n\nPJ : une carte\n",
        headline="Des horaires",
        place="Vannes",
        date=date(2026, 3, 12),
        signatory=("Catherine Le Moal", "Directrice", ""),
        body_ends="PJ : une carte",
    ),
    sample(
        "a day of release above, and the name of a wire in the dateline",
        f"PRESS RELEASE\nFor release: 12 March 2026\n\nNight boats sail again\n\n"
        f"NORTHMERE, March 12, 2026 (NORTHMERE NEWSWIRE) -- {BODY_EN}",
        headline="Night boats sail again",
        place="NORTHMERE",
        date=date(2026, 3, 12),
        body=BODY_EN,
    ),
    sample(
        "a greeting where the text begins",
        f"INVITATION PRESSE\n\nDes horaires\n\nMadame, Monsieur,\n\n{BODY_FR}",
        headline="Des horaires",
        body=BODY_FR,
        remark="«Madame, Monsieur,»",
    ),
    sample(
        "a correction between signs",
        f"⚠️ RECTIFICATIF ⚠️\nNe tenez pas compte de notre envoi : le lieu était faux.\n\nDes horaires\n\n{BODY_FR}",
        headline="Des horaires",
        kind="correction",
        body=BODY_FR,
    ),
    *(
        sample(f"«{kicker}» on top", f"{kicker}\n\nDes horaires\n\n{BODY_FR}", headline="Des horaires", body=BODY_FR)
        for kicker in ("Information presse", "NOTA DE PRENSA")
    ),
    sample(
        "a sign before the kicker",
        f"📢 COMMUNIQUÉ DE PRESSE\n\nDes horaires\n\n{BODY_FR}",
        headline="Des horaires",
        body=BODY_FR,
    ),
    sample(
        "the kicker below the headline",
        f"Des horaires\n\nCommuniqué — 12 mars 2026\n\n{BODY_FR}",
        headline="Des horaires",
        date=date(2026, 3, 12),
        body=BODY_FR,
    ),
    sample(
        "a notice of a stock exchange's wire",
        "RNS Number : 4821X\nNorthmere Plc\n12 March 2026\n\n12 March 2026\n\nNorthmere Plc\n(“Northmere”)\n\n"
        f"Night boats sail again\n\n{BODY_EN}\n\nNorthmere runs ferries.\n",
        headline="Night boats sail again",
        date=date(2026, 3, 12),
        body=f"{BODY_EN}\n\nNorthmere runs ferries.",
    ),
    sample(
        "a company that is bought, in a headline above another line",
        f"Northmere Buys Tolland Ltd\n\nNight boats sail again\n\n{BODY_EN}",
        headline="Northmere Buys Tolland Ltd",
    ),
    sample(
        "a release for after its embargo, notes that are numbered",
        "FOR IMMEDIATE RELEASE AFTER EMBARGO\nEMBARGOED UNTIL 00:01 GMT, TUESDAY 1 DECEMBER 2026\n\n"
        f"Night boats sail again\n\n{BODY_EN}\n\n"
        "Notes to editors\n1. The boats sail twice a week, on Tuesdays and Fridays.\n2. Photos on request.\n",
        headline="Night boats sail again",
        embargo="2026-12-01T00:01:00+00:00",
        body_ends="Notes to editors\n\n1. The boats sail twice a week, on Tuesdays and Fridays.\n2. Photos on request.",
    ),
    sample(
        "a club in a box",
        f"╔══════════╗\n   ÉTOILE DE VALMORE\n╚══════════╝\n\nCOMMUNIQUÉ OFFICIEL DU CLUB\n\n"
        f"Valmore - lundi 30/11/2026\n\nUn entraîneur pour trois ans\n\n{BODY_FR}\n",
        headline="Un entraîneur pour trois ans",
        place="Valmore",
        date=date(2026, 11, 30),
        body=BODY_FR,
    ),
    sample(
        "a prosecutor who signs in two paragraphs, with the article of law on top",
        f"COMMUNIQUÉ DE PRESSE\n(article 11 du code de procédure pénale)\n\nUn homme mis en examen\n\n{BODY_FR}\n\n"
        "Le procureur de la République\n\nYves Lannoy\n",
        headline="Un homme mis en examen",
        body=BODY_FR,
        signatory=("Yves Lannoy", "Procureur de la République", ""),
    ),
    sample(
        "a mail that was handed on, below a word to colleagues",
        "Bonjour à toutes,\n\nÀ diffuser largement.\n\nNadia\n\n---------- Message transféré ---------\n"
        "De : Présidence <p@corvic.example>\nObjet : CP apiculture\n\n"
        f"COMMUNIQUÉ DE PRESSE\n\nUn diplôme d'apiculture\n\n{BODY_FR}\n",
        headline="Un diplôme d'apiculture",
        body=BODY_FR,
        remark="Read as the mail around it: «Bonjour à toutes,",
    ),
    sample(
        "a word to colleagues, and no header",
        f"Chers collègues,\nvoici notre texte.\n\nCOMMUNIQUÉ DE PRESSE\n\nUn diplôme d'apiculture\n\n{BODY_FR}\n",
        headline="Un diplôme d'apiculture",
        body=BODY_FR,
    ),
    sample(
        "a word to newsrooms, and no notice",
        "Bonjour,\n\nVeuillez trouver ci-après notre communiqué.\n\nUn diplôme d'apiculture\n\n"
        f"{BODY_FR}\n\nContacts\nChercheuse ISV | Anaïs Doe | anais@isv.example\n",
        headline="Un diplôme d'apiculture",
        body=BODY_FR,
        contacts=[("Anaïs Doe", "Chercheuse ISV", "anais@isv.example", "", "")],
    ),
    sample(
        "figures in columns",
        f"Un trimestre de hausse\n\n{BODY_FR}\n\nEn M€ :\n                    T3 2026     T3 2025     Variation\n"
        "Énergie               210,1       201,0        +4,5 %\n"
        "Services | pose       202,2       195,1        +3,6 %\n",
        body=f"{BODY_FR}\n\nEn M€ :\n\n|  | T3 2026 | T3 2025 | Variation |\n| --- | --- | --- | --- |\n"
        "| Énergie | 210,1 | 201,0 | +4,5 % |\n| Services \\| pose | 202,2 | 195,1 | +3,6 % |",
    ),
    sample(
        "two contacts side by side",
        f"Un trimestre de hausse\n\n{BODY_FR}\n\n"
        "Relations investisseurs                     Relations presse\n"
        "Marc Aubin                                  Léa Thorez\n"
        "+33 1 00 00 00 51                           +33 6 00 00 00 52\n"
        "marc@orvalis.example                        lea@orvalis.example\n",
        body=BODY_FR,
        contacts=[
            ("Marc Aubin", "", "marc@orvalis.example", "+33 1 00 00 00 51", ""),
            ("Léa Thorez", "", "lea@orvalis.example", "+33 6 00 00 00 52", ""),
        ],
    ),
    sample(
        "sender and subject alone on top",
        "De : Brasserie Talvin\nObjet : La consigne revient\n\nPOUR DIFFUSION IMMÉDIATE\n\n"
        f"La consigne revient\n\n{BODY_FR}\n",
        headline="La consigne revient",
        body=BODY_FR,
    ),
    sample(
        "an answer with the mail it answers to below",
        "La consigne revient\n\n" + f"{BODY_FR}\n\n" * 2 + "-----Message d'origine-----\n"
        "De : Rédaction <r@mer.example>\nObjet : Alors ?\n\nAlors ?\n",
        headline="La consigne revient",
        body_starts=BODY_FR,
    ),
    sample(
        "an association where a town would stand, and labels",
        "Communiqué de presse - Association Les Voisins Solidaires - 30 novembre 2026\n\nTitre : Un repas de Noël\n\n"
        f"Chapô : Trente tables dans la ville.\n\nTexte :\n{BODY_FR}\n",
        headline="Un repas de Noël",
        standfirst="Trente tables dans la ville.",
        place="",
        date=date(2026, 11, 30),
        body=BODY_FR,
    ),
    sample(
        "a company's line below the contact, and officers with long titles",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nContact presse\nOwen Pryce, Chief Financial Officer\n"
        "owen@plume.example\nPlume, 2 quai du Canal – SIRET 000 000 000 00025\n",
        contacts=[("Owen Pryce", "Chief Financial Officer", "owen@plume.example", "", "")],
        remark="kept beside it: «Plume, 2 quai du Canal – SIRET 000 000 000 00025»",
    ),
    sample(
        "two offices that name nobody, each with its number",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nContacts presse :\n"
        "Cabinet d'Hélène Varenne\nTél. : 01 99 00 10 20\n"
        "Mél : varenne@ports.example\n\nCabinet de Luc Antin\nTél. : 01 99 00 10 30\nMél : antin@ports.example",
        contacts=[
            ("", "", "varenne@ports.example", "01 99 00 10 20", "Cabinet d'Hélène Varenne"),
            ("", "", "antin@ports.example", "01 99 00 10 30", "Cabinet de Luc Antin"),
        ],
    ),
    sample(
        "letterhead above a kicker with its day",
        "Union des gens de mer\nSecteur Nuit\n\n"
        f"Communiqué de presse du 12 mars 2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        date=date(2026, 3, 12),
    ),
    sample(
        "town hall above a kicker with a date in figures",
        "Ville de Brélès\nDirection de la communication\n\n"
        f"Communiqué de presse - 12/03/2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        date=date(2026, 3, 12),
    ),
    sample(
        "kicker of an office, then a dateline",
        "Communiqué de presse du Conseil communal\nBrélès, le jeudi 12 mars 2026\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        place="Brélès",
    ),
    sample(
        "regulated information",
        f"Information réglementée\n\nBrélès, le 12 mars 2026 – 17h45 CET\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        place="Brélès",
        standfirst="Information réglementée",
    ),
    sample(
        "letterhead of a prefecture, line by line",
        "PRÉFET\nDES CÔTES-DE-L'OUEST\nLiberté\nÉgalité\nFraternité\n\nCabinet du préfet\nService de presse\n\n"
        f"COMMUNIQUÉ DE PRESSE\nBrélès, le 12 mars 2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        place="Brélès",
    ),
    sample(
        "immediate under the letterhead, without accents",
        "CHU de Brélès\nPOUR DIFFUSION IMMEDIATE\n\nCOMMUNIQUE DE PRESSE\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        remark="Read as the letterhead: «CHU de Brélès»",
    ),
    sample(
        "letterhead in two languages",
        "MÉDECINS DU QUAI / QUAY DOCTORS\n\nCOMMUNIQUÉ DE PRESSE / PRESS RELEASE\n12 mars 2026 / 12 March 2026\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        date=date(2026, 3, 12),
    ),
    sample(
        "who signs with us, in a row",
        "CGT-Ouvriers du Port • CFDT Manutention • FO Docks • UNSA Portuaire\n\nPOUR DIFFUSION IMMÉDIATE\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        remark="Read as the letterhead: «CGT-Ouvriers du Port • CFDT Manutention • FO Docks • UNSA Portuaire»",
    ),
    sample(
        "who signs with us, with dashes",
        "Emmaüs du Large – Secours des Îles – Médecins du Quai – La Cimade du Ponant\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "who signs with us, with commas",
        f"CGT, CFDT, FO, Ligue des droits de Brélès et UNSA\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "who signs with us, under a label",
        "Signataires : Emmaüs du Large, Secours des Îles, Ligue des droits de Brélès et La Cimade du Ponant\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "who signs with us, one on a line, to the newsrooms",
        "Collectif Eau du Ponant\nAssociation des riverains de l'Aven-Nord\nLes Amis de la Loutre\n\n"
        f"À l'attention des rédactions – communiqué commun\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "a headline with dashes and organisations in it",
        f"CGT, CFDT, FO et UNSA appellent à la grève\n\nRassemblement jeudi à la porte 4\n\n{BODY_FR}",
        headline="CGT, CFDT, FO et UNSA appellent à la grève",
    ),
    sample(
        "a headline of three things",
        f"Marées noires – Marées blanches – Une exposition à Brélès\n\nCent toiles au musée\n\n{BODY_FR}",
        headline="Marées noires – Marées blanches – Une exposition à Brélès",
    ),
    sample(
        "a headline of places",
        f"Paris, Lyon, Marseille et Brélès\n\nQuatre villes contre le bruit\n\n{BODY_FR}",
        headline="Paris, Lyon, Marseille et Brélès",
    ),
    sample(
        "organisations as a headline above the text itself",
        f"Emmaüs du Large – Secours des Îles – Médecins du Quai – La Cimade du Ponant\n\n{BODY_FR}",
        headline="Emmaüs du Large – Secours des Îles – Médecins du Quai – La Cimade du Ponant",
    ),
    sample(
        "regulated information, after the close",
        "INFORMATION RÉGLEMENTÉE\nDiffusé le 12 mars 2026 après clôture de la Bourse\n\n"
        "Brélès, le 12 mars 2026 – 17h45\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        standfirst="INFORMATION RÉGLEMENTÉE",
        place="Brélès",
    ),
    sample(
        "press kit of a museum, and the days of the show",
        "Musée des Beaux-Rivages\nDOSSIER DE PRESSE\nExposition du 5 février au 31 mai 2027\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        standfirst="Exposition du 5 février au 31 mai 2027",
    ),
    sample(
        "German, under embargo",
        "PRESSEMITTEILUNG\nSperrfrist: Mittwoch, 2. Dezember 2026, 10.30 Uhr\n\n"
        "Hafenstadt Lannig eröffnet ein Kraftwerk\n\n"
        "Lannig, 30. November 2026 – Die Hafenstadt nimmt das erste Kraftwerk der Bucht in Betrieb. Es ist mit dem "
        "Netz der Stadt verbunden.\n\nÜber die Stadtwerke Lannig\nSie versorgen 90.000 Menschen.\n\n"
        "Pressekontakt:\nJörg Petersen\nTel. +49 40 0000 1212\npresse@lannig.example",
        headline="Hafenstadt Lannig eröffnet ein Kraftwerk",
        place="Lannig",
        date=date(2026, 11, 30),
        embargo="2026-12-02T10:30:00+01:00",
        boilerplate="**Über die Stadtwerke Lannig**",
        contacts=[("Jörg Petersen", "", "presse@lannig.example", "+49 40 0000 1212", "")],
    ),
    sample(
        "festival, and a communiqué with number and month",
        "FESTIVAL DES VENTS – 12e édition\nDu 2 au 5 juillet 2027 – Brélès\n\n"
        "COMMUNIQUÉ DE PRESSE N°3 – novembre 2026\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "situation report of a fire brigade",
        "SDIS 29B\nTél. 02 98 00 39 39\n\nPoint de situation n° 4 – lundi 30 novembre 2026 – 17 h\n\n"
        f"Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        date=date(2026, 11, 30),
    ),
    sample(
        "offices before the names of two contacts",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nContacts\n"
        "Brélès Biotech : Dr Paul Ferrand, directeur général – ir@biotech.example\n"
        "NewSilver Conseil (presse) : Ambre Delon – +33 1 00 00 35 35 – adelon@newsilver.example",
        headline="Des horaires de nuit à revoir",
        contacts=[
            ("Paul Ferrand", "directeur général", "ir@biotech.example", "", "Brélès Biotech"),
            ("Ambre Delon", "", "adelon@newsilver.example", "+33 1 00 00 35 35", "NewSilver Conseil (presse)"),
        ],
    ),
    sample(
        "dateline with country and hour, before the text",
        "Brélès Biotech annonce ses résultats\n\nBrélès (France), le 12 mars 2026, 7h30 CET – "
        f"{BODY_FR}\n\nContact : Jeanne Martin, j.martin@biotech.example",
        headline="Brélès Biotech annonce ses résultats",
        place="Brélès (France)",
        date=date(2026, 3, 12),
        body_starts="Les salariés de la filière",
    ),
    sample(
        "month of a museum",
        f"COMMUNIQUÉ DE PRESSE\nMars 2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "ornaments around the kicker",
        f"+++ COMMUNIQUE DE PRESSE +++\n\nObjet : Des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
    ),
    sample(
        "embargo that is lifted",
        f"Communiqué de presse - EMBARGO LEVÉ\n\nBrélès, le 12 mars 2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        place="Brélès",
    ),
    sample(
        "pasted from a mail, with the word to a colleague",
        "De : Jeanne Martin <j.martin@ateliers.example>\nEnvoyé : jeudi 12 mars 2026 09:12\nÀ : presse@office.example\n"
        "Objet : TR: CP définitif\n\nBonjour Paul,\nVoilà le CP validé.\n\n-----\n\nCOMMUNIQUÉ DE PRESSE\n"
        f"Brélès, le 12 mars 2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}",
        headline="Des horaires de nuit à revoir",
        place="Brélès",
    ),
    sample(
        "contact label in two languages",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\n"
        f"Contact presse / Press contact : Jeanne Martin, j.martin@ateliers.example",
        headline="Des horaires de nuit à revoir",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "", "")],
    ),
    sample(
        "further information, from an hour on",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nRenseignements complémentaires (dès 14h00) :\n"
        "Jeanne Martin, j.martin@ateliers.example",
        headline="Des horaires de nuit à revoir",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "", "")],
    ),
    sample(
        "kicker with place and date",
        f"Communiqué de presse – Paris, le 12 mars 2026\n\nDes horaires de nuit à revoir\n\n{BODY_FR}\n\n"
        "Contact presse : Jeanne Martin – 06 12 34 56 78 – j.martin@ateliers.example",
        headline="Des horaires de nuit à revoir",
        place="Paris",
        date=date(2026, 3, 12),
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "06 12 34 56 78", "")],
        lang="fr",
    ),
    sample(
        "kicker, immediate, dateline below",
        "COMMUNIQUÉ DE PRESSE\nPOUR DIFFUSION IMMÉDIATE\n\nDes horaires de nuit à revoir\n\n"
        f"Fait à Lyon, le 1er mars 2026\n\n{BODY_FR}"
        "\n\n– FIN –\n\nContacts presse\nJeanne Martin, chargée de presse\nTél. : 01 23 45 67 89\n"
        "Port. : 06 12 34 56 78\n"
        "Mél : j.martin@ateliers.example",
        headline="Des horaires de nuit à revoir",
        place="Lyon",
        date=date(2026, 3, 1),
        contacts=[
            (
                "Jeanne Martin",
                "chargée de presse",
                "j.martin@ateliers.example",
                "01 23 45 67 89 / 06 12 34 56 78",
                "",
            )
        ],
        signatory=("Jeanne Martin", "chargée de presse", ""),
    ),
    sample(
        "embargo with its year and hour",
        f"SOUS EMBARGO JUSQU'AU 3 mars 2026 à 18 h\n\nDes horaires de nuit à revoir\n\n{BODY_FR}\n\n###\n\n"
        "Contact :\nPaul Durand\nResponsable de la communication\nPôle Presse\npaul.durand@ateliers.example\n"
        "+33 (0)1 23 45 67 89",
        headline="Des horaires de nuit à revoir",
        embargo="2026-03-03T18:00:00+01:00",
        contacts=[
            (
                "Paul Durand",
                "Responsable de la communication",
                "paul.durand@ateliers.example",
                "+33 (0)1 23 45 67 89",
                "Pôle Presse",
            )
        ],
    ),
    sample(
        "embargo without a year, taken from the dateline",
        f"Embargo : mardi 3 mars, 06h00\n\nDes horaires de nuit à revoir\n\nLille – lundi 2 mars 2026\n\n{BODY_FR}\n\n"
        "Service de presse : presse@ateliers.example | 03 20 00 00 01",
        place="Lille",
        date=date(2026, 3, 2),
        embargo="2026-03-03T06:00:00+01:00",
        contacts=[("", "", "presse@ateliers.example", "03 20 00 00 01", "")],
    ),
    sample(
        "English wire style",
        f"FOR IMMEDIATE RELEASE\n\nNight boats: crews want a say\n\nLONDON, 4 May 2026 — {BODY_EN}\n\n- ENDS -\n\n"
        "Media contact:\nJane Fielding, Head of Press\njane.fielding@boats.example\nMobile: +44 7700 900123",
        headline="Night boats: crews want a say",
        place="LONDON",
        date=date(2026, 5, 4),
        contacts=[("Jane Fielding", "Head of Press", "jane.fielding@boats.example", "+44 7700 900123", "")],
        lang="en",
        body_starts="The people who work",
    ),
    sample(
        "American date, contact on top",
        "FOR IMMEDIATE RELEASE\nContact: Jane Fielding\n555-555-0143\njane@boats.example\n\n"
        "Night boats: crews want a say\n\n"
        f"New York, May 4, 2026 – {BODY_EN}\n\n-30-",
        headline="Night boats: crews want a say",
        place="New York",
        date=date(2026, 5, 4),
        contacts=[("Jane Fielding", "", "jane@boats.example", "555-555-0143", "")],
    ),
    sample(
        "abbreviated month",
        f"PRESS RELEASE\n\nNight boats: crews want a say\n\nBoston, Sept. 4, 2026 -- {BODY_EN}\n\n"
        "Press contact: Tom O'Hara, tom.ohara@boats.example, (617) 555-0188",
        place="Boston",
        date=date(2026, 9, 4),
        contacts=[("Tom O'Hara", "", "tom.ohara@boats.example", "(617) 555-0188", "")],
    ),
    sample(
        "embargo in London time",
        f"STRICTLY EMBARGOED UNTIL 00:01 GMT, 4 March 2026\n\nNight boats: crews want a say\n\n{BODY_EN}\n\nENDS\n\n"
        "For further information:\nJane Fielding\njane@boats.example",
        embargo="2026-03-04T00:01:00+00:00",
        contacts=[("Jane Fielding", "", "jane@boats.example", "", "")],
    ),
    sample(
        "dateline opens the first paragraph",
        f"Des horaires de nuit à revoir\n\nBruxelles, 4 mai 2026 – {BODY_FR}\n\n"
        "Renseignements : Léa Petit (02 555 01 23)",
        place="Bruxelles",
        date=date(2026, 5, 4),
        body_starts="Les salariés",
        contacts=[("Léa Petit", "", "", "02 555 01 23", "")],
    ),
    sample(
        "figures only",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nParis, le 13/01/2021",
        place="Paris",
        date=date(2021, 1, 13),
        contacts=[],
    ),
    sample(
        "weekday without a year",
        f"Des horaires de nuit à revoir\n\nÀ Nantes, le 4 mai\n\n{BODY_FR}",
        place="Nantes",
        date=None,
        remark="names no year",
    ),
    sample(
        "two contacts, pipes and a disguised address",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nCONTACTS PRESSE\n"
        "Jeanne Martin | Attachée de presse | 06 12 34 56 78 | j.martin(at)ateliers.example\n"
        "Karim Benali | Directeur | 06 98 76 54 32 | k.benali [arobase] ateliers.example",
        contacts=[
            ("Jeanne Martin", "Attachée de presse", "j.martin@ateliers.example", "06 12 34 56 78", ""),
            ("Karim Benali", "Directeur", "k.benali@ateliers.example", "06 98 76 54 32", ""),
        ],
        remark="disguised",
    ),
    sample(
        "icons and a Markdown link broken over two lines",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nContact :\n\n**Jeanne\nMARTIN**\nSecrétaire générale\n\n"
        "**Secteur Transports,\nMer et Fleuves**\n\n✉ [jmartin](mailto:jmartin@ateliers.example)\n@ateliers.example\n"
        "☎ 01.23.45.67.89\n\nBrest, le 12 mars 2026",
        place="Brest",
        date=date(2026, 3, 12),
        contacts=[
            (
                "Jeanne MARTIN",
                "Secrétaire générale",
                "jmartin@ateliers.example",
                "01.23.45.67.89",
                "Secteur Transports, Mer et Fleuves",
            )
        ],
        remark="broken over two lines",
    ),
    sample(
        "signature with an article",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nFait à Rennes, le 5 juin 2026\n\n"
        "Le secrétaire général, Yann Le Goff",
        place="Rennes",
        date=date(2026, 6, 5),
        signatory=("Yann Le Goff", "Secrétaire général", ""),
    ),
    sample(
        "signature over two lines, then the contact",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nYann LE GOFF\nSecrétaire général\n\n"
        "Contact presse : Jeanne Martin, 06 12 34 56 78",
        signatory=("Yann LE GOFF", "Secrétaire général", ""),
        contacts=[("Jeanne Martin", "", "", "06 12 34 56 78", "")],
    ),
    sample(
        "boilerplate before the contact",
        f"Des horaires de nuit à revoir\n\n{BODY_FR}\n\nÀ propos des Ateliers réunis\n\n"
        "Les Ateliers réunis sont nés en 1987.\n\n"
        "Contact presse :\nJeanne Martin\nj.martin@ateliers.example",
        boilerplate="Les Ateliers réunis sont nés en 1987.",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "", "")],
    ),
    sample(
        "English boilerplate on one line, after the contact",
        f"Night boats: crews want a say\n\n{BODY_EN}\n\nPress contact:\nJane Fielding\njane@boats.example\n\n"
        "About the Boat Crews League: the League was founded in 1987 in Hull.",
        boilerplate="the League was founded in 1987 in Hull.",
        contacts=[("Jane Fielding", "", "jane@boats.example", "", "")],
    ),
    sample(
        "no blank lines: one paragraph to a line",
        "COMMUNIQUÉ DE PRESSE\nDes horaires de nuit à revoir\n"
        + BODY_FR.replace("\n\n", "\n")
        + "\nContact presse : Jeanne Martin, j.martin@ateliers.example",
        headline="Des horaires de nuit à revoir",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "", "")],
        body_starts="Les salariés",
    ),
    sample(
        "wrapped at 72 columns, with a list",
        "Des horaires de nuit à revoir\n\n"
        "Les salariés de la filière demandent depuis des mois que les horaires de\n"
        "nuit soient revus avec eux. Ils ont reçu le soutien de la vice-\nprésidente.\n\n"
        "Nous demandons :\n• une négociation ;\n• un calendrier ;\n• des moyens.\n",
        body=(
            "Les salariés de la filière demandent depuis des mois que les horaires de nuit soient revus avec eux. "
            "Ils ont reçu le soutien de la vice-présidente.\n\nNous demandons :\n\n- une négociation ;\n"
            "- un calendrier ;\n- des moyens."
        ),
    ),
    sample(
        "invitation",
        f"INVITATION PRESSE\n\nVisite des ateliers de nuit\n\n{BODY_FR}\n\nContact : presse@ateliers.example",
        kind="advisory",
        headline="Visite des ateliers de nuit",
        contacts=[("", "", "presse@ateliers.example", "", "")],
    ),
    sample(
        "correction",
        f"COMMUNIQUÉ DE PRESSE – RECTIFICATIF\n\nVisite des ateliers de nuit\n\n{BODY_FR}",
        kind="correction",
        headline="Visite des ateliers de nuit",
    ),
    sample(
        "replacement",
        f"ANNULE ET REMPLACE\nCommuniqué de presse\n\nVisite des ateliers de nuit\n\n{BODY_FR}",
        kind="replacement",
        headline="Visite des ateliers de nuit",
    ),
    sample(
        "standfirst by its label",
        f"Visite des ateliers de nuit\n\nChapô : Une nuit pour tout voir.\n\n{BODY_FR}",
        standfirst="Une nuit pour tout voir.",
        body_starts="Les salariés",
    ),
    sample(
        "signs that Markdown would eat",
        "Visite des ateliers de nuit\n\n* hors taxes, 5 < 6 & [voir plus bas]\n\n"
        "1. D'abord `ceci`, puis _cela_.\n\n# Pas un titre",
        body=(
            "\\* hors taxes, 5 \\< 6 & \\[voir plus bas\\]\n\n"
            "1\\. D'abord \\`ceci\\`, puis \\_cela\\_.\n\n\\# Pas un titre"
        ),
    ),
    sample(
        "bold and links of the author's",
        "Visite des ateliers de nuit\n\nVoir **notre appel** et [le dossier](https://ateliers.example/a_b) pour "
        "tout savoir.",
        body="Voir **notre appel** et [le dossier](https://ateliers.example/a_b) pour tout savoir.",
    ),
    sample(
        "an embargo that is news",
        f"Embargo : la filière porcine demande de l'aide\n\n{BODY_FR}",
        headline="Embargo : la filière porcine demande de l'aide",
        embargo=None,
    ),
    sample(
        "a date in the headline is no dateline",
        f"Grève nationale le 13 janvier 2026\n\n{BODY_FR}",
        headline="Grève nationale le 13 janvier 2026",
        date=None,
    ),
    sample(
        "contact in one sentence",
        f"Visite des ateliers de nuit\n\n{BODY_FR}\n\nPour plus d'informations, contactez Jeanne Martin au 06 "
        "12 34 56 78 ou j.martin@ateliers.example",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "06 12 34 56 78", "")],
    ),
    sample(
        "lines of an address keep their breaks",
        f"Visite des ateliers de nuit\n\n{BODY_FR}\n\nRendez-vous :\n12 quai des Brumes\nLe Havre\n",
        body_ends="Rendez-vous :\\\n12 quai des Brumes\\\nLe Havre",
    ),
    sample(
        "fax and street are kept beside the contact",
        f"Visite des ateliers de nuit\n\n{BODY_FR}\n\nContact presse\n"
        "Mme Jeanne Martin – T. 01 23 45 67 89 – Fax : 01 23 45 67 90\n"
        "12 quai des Brumes, 76600 Le Havre\nCourriel : <j.martin@ateliers.example>",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "01 23 45 67 89", "")],
        remark="12 quai des Brumes",
    ),
    sample(
        "address broken at its hyphen",
        f"Visite des ateliers de nuit\n\n{BODY_FR}\n\nContact presse\nJeanne Martin\nj.martin@ateliers-\n"
        "reunis.example",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers-reunis.example", "", "")],
        remark="broken over two lines",
    ),
    sample(
        "unlabelled contact at the end",
        f"Visite des ateliers de nuit\n\n{BODY_FR}\n\nJeanne Martin – 06 12 34 56 78 – j.martin@ateliers.example",
        contacts=[("Jeanne Martin", "", "j.martin@ateliers.example", "06 12 34 56 78", "")],
    ),
    sample(
        "letterhead, number and weekday above, two wrapped headline lines, roles in brackets",
        "Fédération des ateliers\n\nCOMMUNIQUÉ DE PRESSE\nn° 12 – Mardi 3 mars 2026\n\n"
        f"Salaires : l'intersyndicale\nappelle à la grève le 12 mars\n\n{BODY_FR}\n\nContacts :\n"
        "Zoé BLANC – Secrétaire générale : 06 11 22 33 44 – zblanc@ateliers.example\n"
        "Ali Noir (attaché de presse) : 06 55 66 77 88 / anoir@ateliers.example\nwww.ateliers.example",
        headline="Salaires : l'intersyndicale appelle à la grève le 12 mars",
        date=date(2026, 3, 3),
        contacts=[
            ("Zoé BLANC", "Secrétaire générale", "zblanc@ateliers.example", "06 11 22 33 44", ""),
            ("Ali Noir", "attaché de presse", "anoir@ateliers.example", "06 55 66 77 88", ""),
        ],
        remark="«Fédération des ateliers»",
    ),
    sample(
        "embargo in capitals, accents left out, agency",
        "COMMUNIQUE DE PRESSE\nParis, le 3 mars 2026\n\nSOUS EMBARGO JUSQU’AU MERCREDI 4 MARS 2026 – 6H00\n\n"
        f"Un rapport accablant\n\n{BODY_FR}\n\nA propos de l'Observatoire : Né en 2001, il suit les ports.\n\n"
        "CONTACT PRESSE\nAgence Plume\nLou Vert\nlou@plume.example\n01 02 03 04 05",
        headline="Un rapport accablant",
        embargo="2026-03-04T06:00:00+01:00",
        boilerplate="**A propos de l'Observatoire**\n\nNé en 2001, il suit les ports.",
        contacts=[("Lou Vert", "", "lou@plume.example", "01 02 03 04 05", "Agence Plume")],
    ),
    sample(
        "embargo in a city's time, place with its country, labelled numbers",
        "Embargoed until 6 a.m. (Paris time), Wednesday 4 March 2026\n\nPress release\n\nPorts are not ready\n\n"
        f"Paris (France), 3 March 2026 – {BODY_EN}\n\nMedia enquiries: Lou Vert, Director of Communications\n"
        "T: +33 1 02 03 04 05 | M: +33 6 02 03 04 05 | E: lou@plume.example",
        place="Paris (France)",
        embargo="2026-03-04T06:00:00+01:00",
        contacts=[
            ("Lou Vert", "Director of Communications", "lou@plume.example", "+33 1 02 03 04 05 / +33 6 02 03 04 05", "")
        ],
    ),
    sample(
        "signature for a body, over three lines",
        f"Un rapport accablant\n\n{BODY_FR}\n\nPour la fédération,\nLe président,\nJean-Pierre de La Tour\n\n"
        "Contact : Service communication\ncommunication@ports.example – Tél : 01 02 03 04 05",
        signatory=("Jean-Pierre de La Tour", "Président", "Fédération"),
        contacts=[("", "", "communication@ports.example", "01 02 03 04 05", "Service communication")],
    ),
    sample(
        "organisation between heading and colon",
        f"Un rapport accablant\n\n{BODY_FR}\n\nContact presse Ports de France : Lou Vert, lou@plume.example",
        contacts=[("Lou Vert", "", "lou@plume.example", "", "")],
    ),
    sample(
        "date above, place below, organisation first",
        "Communiqué de presse du 12 mars 2026\n\nOuverture d'une crèche\n\n"
        f"Saint-Denis (93), le jeudi 12 mars 2026. {BODY_FR}\n\nContact presse\nMairie de Saint-Denis\n"
        "Direction de la communication\nMme Anne-Sophie de La Villardière\nTel: 01 49 33 66 66 - 06.12.34.56.78\n"
        "asdlv@ville.example / presse@ville.example\n2 place du Marché",
        place="Saint-Denis (93)",
        date=date(2026, 3, 12),
        body_starts="Les salariés",
        contacts=[
            (
                "Anne-Sophie de La Villardière",
                "",
                "asdlv@ville.example",
                "01 49 33 66 66 / 06.12.34.56.78",
                "Mairie de Saint-Denis, Direction de la communication",
            ),
            ("", "", "presse@ville.example", "", ""),
        ],
        remark="2 place du Marché",
    ),
    sample(
        "several organisations, one line each",
        f"Communiqué intersyndical\n\nLES PORTS EN GRÈVE\n\n{BODY_FR}\n\nContacts presse :\n"
        "Ports du Nord : Jeanne Martin 06 12 34 56 78\nPaul Durand 06 22 34 56 78 paul.durand@b.example",
        headline="LES PORTS EN GRÈVE",
        contacts=[
            ("Jeanne Martin", "", "", "06 12 34 56 78", "Ports du Nord"),
            ("Paul Durand", "", "paul.durand@b.example", "06 22 34 56 78", ""),
        ],
    ),
    sample(
        "the day of an event is no dateline",
        f"INVITATION PRESSE – Vendredi 13 mars 2026 à 10h\n\nInauguration du port\n\n{BODY_FR}",
        kind="advisory",
        headline="Inauguration du port",
        standfirst="Vendredi 13 mars 2026 à 10h",
        date=None,
    ),
    sample(
        "a labelled day is no dateline",
        f"Inauguration du port\n\nWhen: Friday 13 March 2026\n\n{BODY_EN}",
        date=None,
    ),
    sample(
        "headline on the line of the kicker",
        f"COMMUNIQUÉ DE PRESSE : des horaires de nuit à revoir\n\n{BODY_FR}",
        headline="des horaires de nuit à revoir",
        remark="«COMMUNIQUÉ DE PRESSE",
    ),
    sample(
        "embargo and immediate notice on the line of the kicker",
        f"COMMUNIQUÉ DE PRESSE – RECTIFICATIF – SOUS EMBARGO JUSQU'AU 3 mars 2026, 18h30\n\nDes horaires\n\n{BODY_FR}",
        kind="correction",
        embargo="2026-03-03T18:30:00+01:00",
    ),
    *(
        sample(
            f"embargo as «{notice}»",
            f"{notice}\n\nDes horaires de nuit à revoir\n\n{BODY_FR}\n\nLille, le 2 mars 2026",
            headline="Des horaires de nuit à revoir",
            embargo="2026-03-03T09:00:00+01:00",
        )
        for notice in (
            "Information sous embargo jusqu’au 03/03/2026 – 9h00",
            "Confidentiel – sous embargo jusqu'au mardi 3 mars à 9h",
            "Ce communiqué est sous embargo jusqu'au 3 mars 2026 à 9 h.",
            "Merci de ne pas diffuser avant le 3 mars 2026 à 9 heures",
            "Diffusion autorisée à partir du 3 mars 2026 à 9 h",
            "Publication interdite avant le 3 mars 2026, 9h",
            "ATTENTION EMBARGO : mardi 3 mars 2026 – 9H",
            "Levée d'embargo : mardi 3 mars 2026, 9 h",
            "Levée d'embargo le 3 mars 2026 à 9h",
            "Sous embargo jusqu'au mardi 3 mars 2026 à 9 h, papier et web",
        )
    ),
    sample(
        "a date and a notice behind the kicker",
        f"Communiqué de presse - Mardi 3 mars 2026 - Diffusion immédiate\n\nDes horaires\n\n{BODY_FR}",
        headline="Des horaires",
        date=date(2026, 3, 3),
    ),
    sample(
        "a short kicker is no town",
        f"CP – 03/03/2026\n\nDes horaires\n\n{BODY_FR}",
        headline="Des horaires",
        place="",
        date=date(2026, 3, 3),
    ),
    sample(
        "the hour of an event is not when the invitation was written",
        f"INVITATION PRESSE\n\nDes horaires\n\nMardi 17 mars 2026 à 10h30\n\n{BODY_FR}",
        headline="Des horaires",
        kind="advisory",
        date=None,
        body_starts="Mardi 17 mars 2026 à 10h30",
    ),
    sample(
        "an organisation above each press contact",
        f"Des horaires\n\n{BODY_FR}\n\nContacts presse\nMutuelle du Lac\nPaul Durand\npaul@mutuelle.example\n"
        "06 00 00 00 01\nAgence Plume\nLou Vert\nlou@plume.example",
        contacts=[
            ("Paul Durand", "", "paul@mutuelle.example", "06 00 00 00 01", "Mutuelle du Lac"),
            ("Lou Vert", "", "lou@plume.example", "", "Agence Plume"),
        ],
    ),
    sample(
        "a desk below the one press contact",
        f"Des horaires\n\n{BODY_FR}\n\nContact presse\nLou Vert\nlou@plume.example\nSecteur Monde\n06 00 00 00 01",
        contacts=[("Lou Vert", "", "lou@plume.example", "06 00 00 00 01", "Secteur Monde")],
    ),
    sample(
        "embargo over two lines",
        f"SOUS EMBARGO\njusqu'au mardi 3 mars 2026 à midi\n\nDes horaires\n\n{BODY_FR}",
        headline="Des horaires",
        embargo="2026-03-03T12:00:00+01:00",
    ),
    sample(
        "place after the date",
        f"Des horaires\n\n{BODY_FR}\n\nFait le 3 mars 2026, à Lyon",
        place="Lyon",
        date=date(2026, 3, 3),
    ),
    sample(
        "name over two lines, address after its local part, link that shows another",
        f"Des horaires\n\n{BODY_FR}\n\nContacts :\nJeanne\nMARTIN\nj.martin\n@ateliers.example\n"
        "Karim Benali\n[k.benali@ateliers.example](mailto:karim@ateliers.example)\nLou Vert,\nattachée de presse\n"
        "[Écrire à Lou](mailto:lou@ateliers.example)",
        contacts=[
            ("Jeanne MARTIN", "", "j.martin@ateliers.example", "", ""),
            ("Karim Benali", "", "karim@ateliers.example", "", ""),
            ("Lou Vert", "attachée de presse", "lou@ateliers.example", "", ""),
        ],
        remark="The link shows k.benali@ateliers.example",
    ),
    sample(
        "rules, wrapped items, an underlined headline",
        "Des horaires\n============\n\nNous voulons :\n- une négociation qui dure le temps qu'il faudra pour\n"
        "  aboutir ;\n- un calendrier.\n\n-----\n\n\\* Une note.",
        headline="Des horaires",
        body=(
            "Nous voulons :\n\n- une négociation qui dure le temps qu'il faudra pour aboutir ;\n- un calendrier.\n\n"
            "* * *\n\n\\\\\\* Une note."
        ),
    ),
    sample(
        "two boilerplates",
        f"Des horaires\n\n{BODY_FR}\n\nÀ propos d'A\nA est né en 2001.\n\nÀ propos de B\nB est né en 2002.\n\n"
        "Contact : a@b.example",
        boilerplate="**À propos d'A**\n\nA est né en 2001.\n\n**À propos de B**\n\nB est né en 2002.",
    ),
    sample(
        "role and desk that could be headings",
        f"Des horaires\n\n{BODY_FR}\n\nContacts\nJeanne Martin\nAttachée de presse\nService de presse\n"
        "06 12 34 56 78\nj.martin@ateliers.example\nAttaché de presse : Karim Benali, k.benali@ateliers.example",
        contacts=[
            (
                "Jeanne Martin",
                "Attachée de presse",
                "j.martin@ateliers.example",
                "06 12 34 56 78",
                "Service de presse",
            ),
            ("Karim Benali", "Attaché de presse", "k.benali@ateliers.example", "", ""),
        ],
    ),
]
