"""Holidays in French, by the English name that the calendar gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEEKDAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Monday": "lundi",
        "Tuesday": "mardi",
        "Wednesday": "mercredi",
        "Thursday": "jeudi",
        "Friday": "vendredi",
        "Saturday": "samedi",
        "Sunday": "dimanche",
    }
)

HOLIDAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "All Saints' Day": "Toussaint",
        "Amazigh New Year": "Nouvel An amazigh",
        "Armistice Day": "Armistice de 1918",
        "Ascension Day": "Ascension",
        "Ashura": "Achoura",
        "Assumption Day": "Assomption",
        "Assumption Of Mary Day": "Assomption",
        "August Bank Holiday": "jour férié d’août",
        "Boxing Day": "lendemain de Noël",
        "Canada Day": "fête du Canada",
        "Christmas Day": "Noël",
        "Christmas Eve": "veille de Noël",
        "Columbus Day": "jour de Christophe Colomb",
        "Constitution Day": "jour de la Constitution",
        "Corpus Christi": "Fête-Dieu",
        "Day after Night of Power": "lendemain de la Nuit du destin",
        "Day after Prophet's Birthday": "lendemain du Mouloud",
        "Day after the Eid al-Adha": "lendemain de l’Aïd el-Kébir",
        "Day after the Eid al-Fitr": "lendemain de l’Aïd el-Fitr",
        "Day of Arafah": "jour d’Arafat",
        "Day of Portugal, Camões, and the Portuguese Communities": "fête du Portugal",
        "Easter Monday": "lundi de Pâques",
        "Easter Sunday": "Pâques",
        "Eid al-Adha": "Aïd el-Kébir",
        "Eid al-Adha Holiday": "Aïd el-Kébir",
        "Eid al-Fitr": "Aïd el-Fitr",
        "Eid al-Fitr Holiday": "Aïd el-Fitr",
        "Epiphany": "Épiphanie",
        "Europe Day": "journée de l’Europe",
        "Evacuation Day": "jour de l’Évacuation",
        "Freedom Day": "jour de la Liberté",
        "German Unity Day": "jour de l’Unité allemande",
        "Good Friday": "Vendredi saint",
        "Grand Magal of Touba": "grand Magal de Touba",
        "Green March": "Marche verte",
        "Immaculate Conception": "Immaculée Conception",
        "Independence Day": "fête de l’Indépendance",
        "Independent Czech State Restoration Day": "rétablissement de l’État tchèque",
        "Independent Czechoslovak State Day": "jour de l’État tchécoslovaque indépendant",
        "Islamic New Year": "Nouvel An musulman",
        "Jan Hus Day": "jour de Jan Hus",
        "June Bank Holiday": "jour férié de juin",
        "Juneteenth National Independence Day": "Juneteenth",
        "King's Day": "fête du Roi",
        "Labor Day": "fête du Travail",
        "Liberation Day": "fête de la Libération",
        "Martin Luther King Jr. Day": "jour de Martin Luther King",
        "Martyrs' Day": "jour des Martyrs",
        "Maundy Thursday": "Jeudi saint",
        "May Bank Holiday": "jour férié de mai",
        "May Day": "1er mai",
        "Memorial Day": "Memorial Day",
        "Midsummer Day": "Saint-Jean",
        "Midsummer Eve": "veille de la Saint-Jean",
        "National Day": "fête nationale",
        "National Day of the Third of May": "fête nationale du 3 mai",
        "National Independence Day": "fête de l’Indépendance",
        "National Peace Day": "journée nationale de la paix",
        "National Unity Day": "jour de l’Unité nationale",
        "New Year's Day": "jour de l’An",
        "October Bank Holiday": "jour férié d’octobre",
        "Oued Ed-Dahab Day": "jour d’Oued Ed-Dahab",
        "Pentecost": "Pentecôte",
        "Pentecost Monday": "lundi de Pentecôte",
        "Prince's Day": "fête du Prince",
        "Proclamation of Independence Day": "manifeste de l’Indépendance",
        "Prophet's Birthday": "Mouloud",
        "Republic Day": "fête de la République",
        "Restoration of Independence Day": "restauration de l’Indépendance",
        "Revolution Day": "fête de la Révolution",
        "Revolution and Youth Day": "fête de la Révolution et de la Jeunesse",
        "Saint Brigid's Day": "Sainte-Brigitte",
        "Saint Devote's Day": "Sainte-Dévote",
        "Saint Francis of Assisi, Patron Saint of Italy": "Saint-François",
        "Saint Patrick's Day": "Saint-Patrick",
        "Saint Stephen's Day": "Saint-Étienne",
        "Saints Cyril and Methodius Day": "Saints-Cyrille-et-Méthode",
        "Second Day of Christmas": "lendemain de Noël",
        "Spring Bank Holiday": "jour férié de printemps",
        "Statehood Day": "jour de l’État tchèque",
        "Struggle for Freedom and Democracy Day and International Students' Day": (
            "jour de la lutte pour la liberté et la démocratie"
        ),
        "Thanksgiving Day": "Thanksgiving",
        "Throne Day": "fête du Trône",
        "Unity Day": "fête de l’Unité",
        "Veterans Day": "jour des anciens combattants",
        "Victory Day": "Victoire de 1945",
        "Washington's Birthday": "anniversaire de Washington",
        "Women's Day": "fête de la Femme",
        "Youth Day": "fête de la Jeunesse",
    }
)
"""Those of the countries a French creditor sells to most; of the others, the calendar's own name stands."""

_ASIDES: Final = (" (observed, estimated)", " (observed)", " (estimated)")


def holiday(name: str) -> str:
    """What closes a day, in French; two holidays on one day are both named."""
    return " et ".join(_one(each) for each in name.split("; "))


def _one(name: str) -> str:
    bare = name
    for aside in _ASIDES:
        bare = bare.removesuffix(aside)
    return HOLIDAYS.get(bare, bare)
