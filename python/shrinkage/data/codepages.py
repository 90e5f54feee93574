"""Which one-byte code page a text is in, told by the letters its words would have."""

from __future__ import annotations

import re
from functools import cache
from math import exp, log

# Letters of each language in order of frequency; of those in Latin script only the ones beyond
# ASCII.
_LATIN = {
    "de": "üäößéèà",
    "fr": "éèêàçôîâùûëïœæÿ",
    "es": "óíáéñúüºª",
    "pt": "ãáéçíóêõâúàôüºª",
    "it": "èàùòìéîº",
    "sv": "äåöé",
    "da": "øåæéöäü",
    "is": "áíðöéúóþæý",
    "ca": "àèéóíòçïúü",
    "en": "éèïöüçñâêôóíáàåäëøã",
    "pl": "łąęóżśćńź",
    "cs": "íáéěřžýščůúóťďňäöü",
    "sk": "áíéčýžšúťľôňäóďĺŕ",
    "hu": "áéőöíóüűú",
    "ro": "ăâîțșţş",
    "hr": "šžčćđ",
    "tr": "ıüşğçöİâîû",
    "lt": "ėįšųžąčęū",
    "lv": "āīšēžķģņļūč",
    "et": "äõüöšž",
    "vi": "đàáâêôơưăèéìíòóùúýãõ\u0301\u0300\u0323\u0309\u0303",
}
_OTHER = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "uk": "оаинвітерксулдмпзябьгчхйїцжюшщєфґ",
    "bg": "аоеитнсрвлдкпмубзягъчщцжхшюфйьѝ",
    "sr": "аоиенрстуквјдмплзбгчцшћжхђљњџф",
    "be": "анеіорыстклуздмяпвьбгчшцўёжхэюфйу",
    "el": "αοιετσνηυρπκμλςίάόωέήγδύχθφώβξζψϊϋΐΰ",
    "he": "יוהלאתרבמשנדכםקפעחטןגסזצךץף",
    "ar": "اليمنورتبةعدسفهكقحجأشصىطخضغذإئءثزظؤآًّـ،؟",
    "th": "านรอกเ่งมลย้วดีสตัะิทคบไปหจ์พแืขุชใูถณผำโึญธ็ซศภษฟฐ๊ฉฎฬฤๆ",
}
_LANGUAGES = {name: (letters, True) for name, letters in _LATIN.items()} | {
    name: (letters, False) for name, letters in _OTHER.items()
}
_WEST = ("de", "fr", "es", "pt", "it", "sv", "da", "is", "ca", "en")
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "de")
_BALTIC = ("lt", "lv", "et")
_TURKISH = ("tr", "de", "fr")
_CYRILLIC = ("ru", "uk", "bg", "sr", "be")

# The likelier first: of equal scores, which mostly stand for equal texts, the earlier is taken.
_CODE_PAGES: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("cp1252", 0.0, _WEST),
    ("cp1251", -0.5, _CYRILLIC),
    ("cp1250", -0.5, _CENTRAL),
    ("cp1254", -1.0, _TURKISH),
    ("cp1253", -1.0, ("el",)),
    ("cp1255", -1.0, ("he",)),
    ("cp1256", -1.0, ("ar",)),
    ("cp1257", -1.0, _BALTIC),
    ("cp874", -1.0, ("th",)),
    ("iso8859_15", -1.5, _WEST),
    ("iso8859_2", -1.5, _CENTRAL),
    ("iso8859_7", -1.5, ("el",)),
    ("iso8859_6", -1.5, ("ar",)),
    ("iso8859_9", -1.5, _TURKISH),
    ("iso8859_13", -1.5, _BALTIC),
    ("iso8859_4", -2.0, _BALTIC),
    ("koi8_r", -1.5, ("ru", "bg")),
    ("koi8_u", -1.5, ("uk",)),
    ("iso8859_5", -2.0, _CYRILLIC),
    ("cp866", -2.0, ("ru", "be", "bg")),
    ("mac_cyrillic", -2.5, _CYRILLIC),
    ("cp1258", -2.0, ("vi",)),
    ("mac_roman", -2.5, _WEST),
    ("cp850", -2.5, _WEST),
    ("cp437", -3.0, _WEST),
    ("cp852", -3.0, _CENTRAL),
    ("cp857", -3.0, ("tr",)),
    ("cp737", -3.0, ("el",)),
    ("cp775", -3.0, _BALTIC),
    ("cp862", -3.0, ("he",)),
    ("mac_latin2", -3.0, _CENTRAL),
)
_SYMBOLS = frozenset("°µ²³€£§«»–—‘’“”„‚…·º½¼¾±×÷®©™¿¡\xa0†•‰ª¢¥№¹´`¨")
_FINAL = frozenset("ςםןץףך")  # only at the end of a word
_JOINING = frozenset("’‘·\xa0-´")
_RUN = re.compile("[A-Za-z\x80-\U0010ffff]+")
_WORDS = 3_000

_DOUBTFUL = log(1.5e-3)
_UNLIKELY, _MISPLACED, _SYMBOL, _UPPER = log(1e-6), log(1e-2), log(3e-2), log(0.3)


def best_code_page(sample: bytes) -> tuple[str, float]:
    """The likeliest code page and the share of characters beyond ASCII that it makes likely."""
    best, best_score, best_share = "latin-1", float("-inf"), 0.0
    for encoding, prior, languages in _CODE_PAGES:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        runs = [run for run in dict.fromkeys(_RUN.findall(text)) if not run.isascii()][:_WORDS]
        told = [
            max((_likelihood(run, language) for language in languages), key=_first) for run in runs
        ]
        score = prior + sum(likelihood for likelihood, _ in told)
        letters = sum(character > "\x7f" for run in runs for character in run)
        if score > best_score and letters:
            best, best_score = encoding, score
            best_share = 1.0 - sum(unlikely for _, unlikely in told) / letters
    return best, best_share


def _first(pair: tuple[float, int]) -> float:
    return pair[0]


@cache
def _frequencies(language: str) -> tuple[dict[str, float], bool]:
    letters, latin = _LANGUAGES[language]
    fall = 0.3 if latin else 0.15  # the commonest of few letters stands out, of many hardly
    weights = [exp(-fall * rank) + 0.01 for rank in range(len(letters))]
    shares = zip(letters, weights, strict=True)
    return {letter: log(weight / sum(weights)) for letter, weight in shares}, latin


def _likelihood(run: str, language: str) -> tuple[float, int]:
    """Log-likelihood of the characters beyond ASCII of a word, and how many are unlikely."""
    frequencies, latin = _frequencies(language)
    # A word in capitals is one decision, not one for each letter.
    total = -_UPPER * (len(run) - 1) + 2 * _UPPER if run.isupper() and len(run) > 3 else 0.0
    unlikely = in_a_row = 0
    for place, character in enumerate(run):
        if character <= "\x7f":
            in_a_row = 0
            continue
        before, after = run[place - 1 : place], run[place + 1 : place + 2]
        if place == 0:
            before = ""
        value, in_a_row = _character(character, before, after, frequencies), in_a_row + 1
        if value > _UNLIKELY and character not in _SYMBOLS:
            if character.islower() and run[max(0, place - 2) : place].isupper() and place > 1:
                value += _MISPLACED
            if character in _FINAL and after.isalpha():
                value += _MISPLACED
            if not latin:
                value += _MISPLACED * (_is_latin(before) + _is_latin(after))
            elif in_a_row > 2:  # letters with accents stand alone or in twos
                value += _MISPLACED
        total += value
        unlikely += value < _DOUBTFUL
    return total, unlikely


def _character(character: str, before: str, after: str, frequencies: dict[str, float]) -> float:
    known = frequencies.get(character)
    if known is not None and not character.isupper():
        return known
    small = frequencies.get(character.lower(), known)
    if small is not None and character.isupper():
        return small + _UPPER * before.isupper() + _MISPLACED * before.islower()
    if character not in _SYMBOLS:
        return _UNLIKELY
    inside = before.isalpha() and after.isalpha() and character not in _JOINING
    return _SYMBOL + (_MISPLACED if inside else 0.0)


def _is_latin(neighbour: str) -> bool:
    return neighbour.isascii() and neighbour.isalpha()
