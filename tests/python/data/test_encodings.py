"""Encodings of many languages, told from short tables."""

import codecs

import pytest

from shrinkage.data import read_table

WORDS = {
    "german": "Größe Straße München Köln Düsseldorf Zürich schön für Äpfel über",
    "french": "température étage été forêt garçon où élève Noël cour français",
    "spanish": "año niño población región López García Málaga señal corazón",
    "portuguese": "São João população região Brasília não coração Conceição três",
    "nordic": "Malmö Göteborg Århus Tromsø Ålesund Jyväskylä Kjøbenhavn Åse",
    "polish": "Łódź Kraków Gdańsk Poznań Wrocław święto żółty źródło mąka",
    "czech": "Plzeň Říčany Žďár Děčín město příliš žluťoučký kůň řeka",
    "hungarian": "Győr Székesfehérvár Pécs hőmérséklet város nyúl űrhajó őrség",
    "romanian": "Timişoara Braşov Iaşi România oraş populaţie înălţime câine",
    "croatian": "Šibenik Požega Čakovec Đurđevac županija ženski kuća",
    "turkish": "İstanbul Şanlıurfa Muğla Ağrı Çorum nüfus yağış sıcaklık",
    "lithuanian": "Šiauliai Panevėžys Klaipėda žmonių vėjas ąžuolas įmonė",
    "latvian": "Rīga Daugavpils Jēkabpils Ķegums gads iedzīvotāji mēnesis ūdens",
    "russian": "Москва Казань Самара температура город область влажность Уфа",
    "ukrainian": "Київ Львів Харків їжак температура місто Чернігів область",
    "bulgarian": "София Пловдив Варна Бургас температура град област вятър",
    "serbian": "Београд Ниш Чачак Ваљево температура град ђак љубав",
    "greek": "Αθήνα Θεσσαλονίκη Πάτρα θερμοκρασία πόλη υγρασία Ηράκλειο",
    "hebrew": "תל אביב ירושלים חיפה טמפרטורה עיר לחות באר שבע",
    "arabic": "القاهرة بغداد الرياض درجة الحرارة مدينة الرطوبة دمشق",
    "thai": "กรุงเทพ เชียงใหม่ ภูเก็ต อุณหภูมิ เมือง ความชื้น ขอนแก่น",
    "vietnamese": "Hà Đông Đà Lạt",
    "chinese": "北京 上海 广州 深圳 温度 湿度 城市 天津 重庆 成都",
    "taiwanese": "臺北 高雄 臺中 溫度 濕度 城市 新竹 花蓮 臺南 基隆",
    "japanese": "東京 おおさか カテゴリ 都市 温度 きょうと なごや さっぽろ",
    "korean": "서울 부산 대구 인천 온도 습도 도시 광주 대전 울산",
}
CASES = [
    *(("cp1252", name) for name in ("german", "french", "spanish", "portuguese", "nordic")),
    *(("cp1250", name) for name in ("polish", "czech", "hungarian", "romanian", "croatian")),
    *(("iso8859_2", name) for name in ("polish", "czech", "hungarian", "croatian")),
    *(("mac_roman", name) for name in ("german", "french", "spanish")),
    *(("cp850", name) for name in ("german", "french", "spanish")),
    *(("cp852", name) for name in ("polish", "czech")),
    *(("iso8859_15", name) for name in ("german", "french")),
    *(("cp1254", "turkish"), ("iso8859_9", "turkish"), ("cp857", "turkish")),
    *(("cp1257", "lithuanian"), ("cp1257", "latvian"), ("iso8859_13", "lithuanian")),
    *(("cp1251", name) for name in ("russian", "ukrainian", "bulgarian", "serbian")),
    *(("koi8_r", "russian"), ("koi8_u", "ukrainian"), ("cp866", "russian")),
    *(("iso8859_5", "russian"), ("mac_cyrillic", "russian")),
    *(("cp1253", "greek"), ("iso8859_7", "greek"), ("cp1255", "hebrew"), ("iso8859_8", "hebrew")),
    *(("cp1256", "arabic"), ("iso8859_6", "arabic"), ("cp874", "thai")),
    *(("gbk", "chinese"), ("gb18030", "chinese"), ("big5", "taiwanese")),
    *(("shift_jis", "japanese"), ("euc_jp", "japanese"), ("iso2022_jp", "japanese")),
    *(("cp949", "korean"), ("euc_kr", "korean")),
    *((f"utf-{bits}-{end}", name) for bits in (16, 32) for end in ("le", "be")
      for name in ("german", "russian", "chinese", "arabic")),
    *((f"utf-{bits}", name) for bits in (16, 32) for name in ("polish", "korean")),
    *(("utf-8", name) for name in WORDS),
    *(("utf-8-sig", name) for name in ("german", "chinese")),
]  # fmt: skip


def table(words: str) -> str:
    return "name,x\n" + "".join(f"{word},{i}\n" for i, word in enumerate(words.split()))


@pytest.mark.parametrize(("encoding", "language"), CASES)
def test_the_words_come_back(encoding: str, language: str) -> None:
    words = WORDS[language]
    read = read_table(table(words).encode(encoding))
    assert list(read.frame["name"]) == words.split()
    steps = [step for step in read.steps if step.code == "guessed_encoding"]
    guessed = not encoding.startswith("utf-8") and encoding not in ("utf-16", "utf-32")
    assert len(steps) == guessed
    assert not guessed or steps[0].fields["encoding"] == read.details["encoding"]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "Größe"),
        ("cp1252", "Zürich Genève Köln señor façade Århus"),
        ("cp1252", "25°C 30µm 5€ “so” don’t"),
        ("cp1250", "Łódź"),
        ("cp1251", "Москва"),
        ("gbk", "北京 温度"),
    ],
)
def test_few_words(encoding: str, words: str) -> None:
    read = read_table(table(words).encode(encoding))
    assert list(read.frame["name"]) == words.split()


def test_a_cut_or_damaged_utf8_file_is_still_utf8() -> None:
    for language in ("russian", "chinese", "german"):
        content = (table(WORDS[language]) * 20).encode()
        for cut in range(1, 4):
            read = read_table(content + "Ж北".encode()[:-cut])
            assert read.frame["name"][0] == WORDS[language].split()[0]
            assert read.details["encoding"] == "utf-8"
        read = read_table(content + b"\xff,1\n")
        assert read.frame["name"][0] == WORDS[language].split()[0]


def test_every_code_page_is_known() -> None:
    from shrinkage.data.codepages import _CODE_PAGES

    assert all(codecs.lookup(encoding) for encoding, _, _ in _CODE_PAGES)
