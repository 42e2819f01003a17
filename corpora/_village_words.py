"""Words of the village, each in Korean and English. Data only.

Things are written ``Korean:English:counter:unit``; ``~`` marks English without a plural.
Verbs are written ``stem:irregular class or honorific stem`` (see ``_village_korean.verb``).
"""

from typing import Any, NamedTuple

TOPICS = ("animals", "family", "food", "school", "sport", "travel", "weather", "work")

# People: Korean:English. The mark after a colon: ! for one who is looked up to, + for several.
PEOPLE = {
    "names": "민수:Minsu, 지영:Jiyeong, 수진:Sujin, 철수:Cheolsu, 영희:Yeonghui, 하준:Hajun, "
    "서연:Seoyeon, 도윤:Doyun, 은별:Eunbyeol, 준호:Junho",
    "speakers": "나:I, 우리:we:+",
    "elders": "할머니:my grandmother:!, 할아버지:my grandfather:!, 어머니:my mother:!, "
    "아버지:my father:!, 이모:my aunt:!, 삼촌:my uncle:!",
    "young": "남동생:my younger brother, 여동생:my younger sister, 형:my older brother, "
    "누나:my older sister, 우리 딸:our daughter, 우리 아들:our son, "
    "우리 손자:our grandson, 우리 손녀:our granddaughter",
    "farmers": "농부:the farmer",
    "sellers": "어부:the fisherman, 가게 주인:the shopkeeper",
    "medics": "의사:the doctor, 간호사:the nurse",
    "cooks": "요리사:the cook, 제빵사:the baker",
    "builders": "목수:the carpenter, 기술자:the engineer",
    "writers": "기자:the reporter, 작가:the writer",
    "others": "경찰관:the police officer, 가수:the singer, 화가:the painter",
    "teachers": "선생님:the teacher:!",
    "pupils": "학생:the student, 아이들:the children:+, 학생들:the students:+",
    "strangers": "그 남자:the man, 그 여자:the woman, 소년:the boy, 소녀:the girl",
    "crowd": "마을 사람들:the villagers:+, 친구들:my friends:+",
}

THINGS = {
    "fruit": "사과:apple:개, 배:pear:개, 귤:tangerine:개, 감:persimmon:개, 복숭아:peach:개, "
    "딸기:strawberry:개, 수박:watermelon:통, 오렌지:orange:개",
    "vegetables": "감자:potato:개, 당근:carrot:개, 양파:onion:개, 토마토:tomato:개, "
    "오이:cucumber:개, 배추:cabbage:포기, 호박:pumpkin:개",
    "dishes": "밥:~rice:그릇:bowl, 국:~soup:그릇:bowl, 김치:~kimchi, 빵:~bread, 만두:dumpling:개, "
    "케이크:~cake:조각:piece, 비빔밥:~bibimbap:그릇:bowl, "
    "샌드위치:sandwich:개, 죽:~porridge:그릇:bowl",
    "proteins": "고기:~meat, 생선:fish:마리, 달걀:egg:개",
    "baked": "빵:~bread, 케이크:~cake, 감자:potato:개",
    "drinks": "물:~water:잔:glass, 우유:~milk:잔:glass, 커피:~coffee:잔:cup, 차:~tea:잔:cup, "
    "주스:~juice:잔:glass",
    "pets": "개:dog:마리, 고양이:cat:마리, 토끼:rabbit:마리, 새:bird:마리",
    "cattle": "소:cow:마리, 말:horse:마리, 돼지:pig:마리, 닭:chicken:마리, 양:sheep:마리, "
    "염소:goat:마리",
    "waterfowl": "오리:duck:마리, 거위:goose:마리",
    "wild": "사슴:deer:마리, 여우:fox:마리, 곰:bear:마리, 늑대:wolf:마리, 원숭이:monkey:마리",
    "hunters": "개:dog:마리, 고양이:cat:마리, 여우:fox:마리, 늑대:wolf:마리",
    "prey": "쥐:mouse:마리, 토끼:rabbit:마리, 닭:chicken:마리, 오리:duck:마리",
    "machines": "자동차:car:대, 자전거:bicycle:대, 컴퓨터:computer:대, "
    "시계:clock:개, 의자:chair:개",
    "buildings": "집:house:채, 다리:bridge:개, 학교:school:개, 창고:barn:개, 도서관:library:개",
    "plants": "나무:tree:그루, 꽃:flower:송이, 감자:potato:개, 양파:onion:개",
    "loads": "상자:box:개, 의자:chair:개, 책상:desk:개, 컴퓨터:computer:대",
    "writings": "기사:article:개, 소설:novel:권, 편지:letter:통, 책:book:권",
    "books": "책:book:권, 소설:novel:권, 잡지:magazine:권, 신문:newspaper:부",
    "subjects": "수학:~math, 과학:~science, 역사:~history, 음악:~music, 미술:~art",
    "games": "축구:~soccer, 농구:~basketball, 야구:~baseball, 배구:~volleyball",
    "racket": "테니스:~tennis, 배드민턴:~badminton, 탁구:~table tennis",
    "balls": "공:ball:개, 축구공:soccer ball:개, 농구공:basketball:개",
    "trains": "기차:train:대, 버스:bus:대, 비행기:plane:대",
    "learners": "학생:student:명, 아이:child:명, 선생님:teacher:분",
}

COUNTRIES = (  # country, capital, language
    ("한국:Korea", "서울:Seoul", "한국어:Korean"),
    ("일본:Japan", "도쿄:Tokyo", "일본어:Japanese"),
    ("중국:China", "베이징:Beijing", "중국어:Chinese"),
    ("태국:Thailand", "방콕:Bangkok", "태국어:Thai"),
    ("베트남:Vietnam", "하노이:Hanoi", "베트남어:Vietnamese"),
    ("몽골:Mongolia", "울란바토르:Ulaanbaatar", "몽골어:Mongolian"),
    ("영국:England", "런던:London", "영어:English"),
    ("프랑스:France", "파리:Paris", "프랑스어:French"),
    ("독일:Germany", "베를린:Berlin", "독일어:German"),
    ("스페인:Spain", "마드리드:Madrid", "스페인어:Spanish"),
    ("이탈리아:Italy", "로마:Rome", "이탈리아어:Italian"),
    ("러시아:Russia", "모스크바:Moscow", "러시아어:Russian"),
    ("그리스:Greece", "아테네:Athens", "그리스어:Greek"),
    ("포르투갈:Portugal", "리스본:Lisbon", "포르투갈어:Portuguese"),
    ("스웨덴:Sweden", "스톡홀름:Stockholm", "스웨덴어:Swedish"),
    ("노르웨이:Norway", "오슬로:Oslo", "노르웨이어:Norwegian"),
    ("핀란드:Finland", "헬싱키:Helsinki", "핀란드어:Finnish"),
    ("헝가리:Hungary", "부다페스트:Budapest", "헝가리어:Hungarian"),
    ("폴란드:Poland", "바르샤바:Warsaw", "폴란드어:Polish"),
)

PLACES = {
    "home": "집:at home", "kitchen": "부엌:in the kitchen", "yard": "마당:in the yard",
    "restaurant": "식당:at the restaurant", "market": "시장:at the market",
    "shop": "가게:at the shop", "school": "학교:at school", "class": "교실:in the classroom",
    "library": "도서관:at the library", "park": "공원:in the park", "gym": "체육관:at the gym",
    "ground": "운동장:on the playground", "pool": "수영장:in the pool", "river": "강:in the river",
    "beach": "바닷가:at the beach", "hill": "산:on the mountain", "field": "들판:in the field",
    "farm": "농장:on the farm", "office": "사무실:in the office",
    "hospital": "병원:at the hospital",
    "station": "역:at the station", "airport": "공항:at the airport", "lake": "호수:at the lake",
    "street": "거리:on the street", "village": "마을:in the village",
    "table": "식탁 위:on the table",
}  # fmt: skip


class Action(NamedTuple):
    """Something done. Words are names of groups in the tables above, parted by spaces.

    ``korean`` may begin with nouns (``시험을 보``); ``english`` may go on after its verb.
    ``what`` is the object, ``mark`` its particle; ``humble`` is said when the object is an elder.
    ``plural`` objects are spoken of in general (sells apples).
    """

    topic: str
    korean: str
    english: str
    who: str
    what: str = ""
    where: str = ""
    mark: str = "을/를"
    plural: bool = False
    humble: str = ""
    present: bool = False


_KIN = "elders young"
_RELATED = "elders young speakers"
_FOLK = "names speakers elders young"
_ALL = _FOLK + " pupils crowd strangers teachers farmers medics others"
_WORKERS = "farmers sellers medics cooks builders writers others"
_YOUNG = "names speakers young pupils strangers"

Row = tuple[str, str, str, str, str, dict[str, Any]]
_ACTIONS: dict[str, tuple[Row, ...]] = {  # by topic; see Action for the columns
    "food": (
        ("먹:드시", "eat", _ALL, "fruit dishes", "home restaurant kitchen", {}),
        ("마시:드시", "drink", _ALL, "drinks", "home restaurant kitchen", {}),
        ("만들", "make", "names speakers elders cooks", "dishes", "home kitchen restaurant", {}),
        ("사", "buy", _ALL, "fruit vegetables dishes", "market shop", {}),
        ("씻", "wash", _FOLK + " cooks", "fruit vegetables", "kitchen yard", {}),
        ("자르:르", "cut", _FOLK + " cooks", "fruit vegetables", "kitchen table", {}),
        ("굽:ㅂ", "bake", "names elders cooks", "baked", "home kitchen restaurant", {}),
        ("요리하", "cook", "names speakers elders cooks",
         "proteins", "home kitchen restaurant", {}),
        ("좋아하", "like", _ALL, "fruit dishes drinks", "", {"plural": True, "present": True}),
    ),
    "weather": (
        ("우산을 쓰", "use an umbrella", _ALL, "", "street park school market", {}),
        ("모자를 쓰", "wear a hat", _ALL, "", "street park beach field", {}),
        ("창문을 닫", "close the window", _FOLK, "", "home class office", {}),
        ("창문을 열", "open the window", _FOLK, "", "home class office", {}),
        ("하늘을 보", "look at the sky", _ALL, "", "yard park field beach hill", {}),
        ("무지개를 보", "see a rainbow", _ALL, "", "park field beach hill", {}),
        ("눈사람을 만들", "make a snowman", _YOUNG, "", "yard park ground", {}),
        ("눈을 치우", "clear the snow", _ALL, "", "yard street village", {}),
        ("일기 예보를 듣:ㄷ", "listen to the weather forecast", _ALL, "", "home office", {}),
    ),
    "family": (
        ("사랑하", "love", _RELATED, _KIN, "", {"present": True}),
        ("돕:ㅂ", "help", _RELATED, "young", "home kitchen yard", {}),
        ("선물을 주", "give a gift to", _RELATED,
         _KIN, "", {"mark": "에게", "humble": "선물을 드리"}),
        ("편지를 쓰", "write a letter to", _RELATED, _KIN, "home", {"mark": "에게"}),
        ("전화를 걸", "call", _RELATED,
         _KIN, "home office school", {"mark": "에게", "humble": "전화를 드리"}),
        ("기다리", "wait for", _RELATED, _KIN, "home station school park", {}),
        ("이야기하", "talk with", _RELATED, _KIN, "home yard kitchen", {"mark": "과/와"}),
        ("걱정하", "worry about", _RELATED, _KIN, "", {"present": True}),
        ("깨우", "wake", "elders speakers", "young", "home", {}),
        ("부르:르", "call for", "elders speakers", "young", "yard kitchen", {}),
    ),
    "work": (
        ("팔", "sell", "farmers sellers names",
         "fruit vegetables proteins", "market shop", {"plural": True}),
        ("고치", "fix", "builders names elders", "machines", "home shop", {}),
        ("짓:ㅅ", "build", "builders crowd", "buildings", "village", {}),
        ("심", "plant", "farmers elders crowd", "plants", "field yard farm", {}),
        ("키우", "grow", "farmers elders", "vegetables fruit", "farm yard", {"plural": True}),
        ("나르:르", "carry", "builders sellers farmers", "loads", "market office station", {}),
        ("일하", "work", _WORKERS + " elders names",
         "", "office farm market hospital shop restaurant", {}),
        ("쓰", "write", "writers", "writings", "office home library", {}),
        ("회의를 하", "have a meeting", _WORKERS + " names speakers",
         "", "office hospital school", {}),
        ("돈을 벌", "earn money", _WORKERS + " names elders", "", "market farm shop", {}),
        ("손님을 맞이하", "welcome a guest", "sellers cooks", "", "shop restaurant", {}),
        ("환자를 돌보", "care for a patient", "medics", "", "hospital village", {}),
    ),
    "animals": (
        ("자", "sleep", "pets cattle wild", "", "yard farm field hill", {}),
        ("달리", "run", "pets cattle wild", "", "yard field hill park", {}),
        ("숨", "hide", "pets wild prey", "", "yard field hill", {}),
        ("쫓", "chase", "hunters", "prey", "yard field farm", {}),
        ("물을 마시", "drink water", "pets cattle wild", "", "farm yard lake", {}),
        ("풀을 먹", "eat grass", "cattle", "", "field farm hill", {}),
        ("헤엄치", "swim", "waterfowl", "", "lake river", {}),
        ("키우", "raise", "farmers elders names speakers",
         "pets cattle waterfowl", "farm yard home", {"plural": True}),
        ("쓰다듬", "pet", _FOLK + " pupils", "pets cattle", "yard farm park", {}),
        ("먹이를 주", "feed", _FOLK + " farmers pupils",
         "pets cattle waterfowl", "farm yard lake", {"mark": "에게"}),
        ("보", "see", _FOLK + " pupils crowd", "wild waterfowl", "hill lake field", {}),
        ("그리", "draw", _YOUNG + " others", "pets cattle wild", "school class home", {}),
    ),
    "travel": (
        ("가", "go to", _ALL, "cities countries", "", {"mark": "에"}),
        ("도착하", "arrive in", _ALL, "cities", "", {"mark": "에"}),
        ("떠나", "leave for", _ALL, "cities countries", "", {"mark": "으로/로"}),
        ("여행하", "travel around", _ALL, "cities countries", "", {}),
        ("돌아오", "return from", _ALL, "cities countries", "", {"mark": "에서"}),
        ("기차를 타", "take a train", _ALL, "", "station cities", {}),
        ("비행기를 타", "take a plane", _ALL, "", "airport", {}),
        ("표를 사", "buy a ticket", _ALL, "", "station airport", {}),
        ("사진을 찍", "take a photo", _ALL, "", "cities beach airport", {}),
        ("짐을 싸", "pack a bag", _ALL, "", "home", {}),
        ("지도를 보", "look at a map", _ALL, "", "station cities street", {}),
        ("길을 묻:ㄷ", "ask the way", _ALL, "", "station cities airport", {}),
        ("거리를 걷:ㄷ", "walk along the street", _ALL, "", "cities", {}),
    ),
    "school": (
        ("배우", "learn", _YOUNG, "subjects languages", "school class", {}),
        ("가르치", "teach", "teachers", "subjects languages", "school class", {}),
        ("읽", "read", _YOUNG + " teachers", "books", "library class school home", {}),
        ("공부하", "study", _YOUNG, "subjects languages", "school library home", {}),
        ("숙제를 하", "do homework", _YOUNG, "", "home library class", {}),
        ("시험을 보", "take an exam", _YOUNG, "", "school class", {}),
        ("수업을 듣:ㄷ", "take a class", _YOUNG, "", "school class", {}),
        ("문제를 풀", "solve a problem", _YOUNG, "", "school class home", {}),
        ("단어를 외우", "memorize a word", _YOUNG, "", "home library class", {}),
    ),
    "sport": (
        ("하", "play", _YOUNG + " crowd", "games", "park ground gym school", {}),
        ("치", "play", _FOLK + " crowd", "racket", "park gym school", {}),
        ("연습하", "practice", _YOUNG, "games racket", "ground gym school", {}),
        ("달리", "run", _YOUNG + " crowd", "", "park ground beach street", {}),
        ("수영하", "swim", _FOLK + " crowd", "", "pool river beach", {}),
        ("차", "kick", _YOUNG, "balls", "park ground school", {}),
        ("던지", "throw", _YOUNG, "balls", "park ground gym beach", {}),
        ("자전거를 타", "ride a bicycle", _ALL, "", "park street beach", {}),
        ("경기를 보", "watch a game", _ALL, "", "home gym restaurant", {}),
        ("경기에서 이기", "win a game", _YOUNG + " crowd", "", "", {}),
        ("경기에서 지", "lose a game", _YOUNG + " crowd", "", "", {}),
        ("산에 오르:르", "climb a mountain", _ALL, "", "", {}),
        ("운동하", "exercise", _ALL, "", "gym park home", {}),
    ),
}  # fmt: skip
ACTIONS = tuple(
    Action(topic, *row[:5], **row[5]) for topic, rows in _ACTIONS.items() for row in rows
)

# Adjectives: Korean stem: (English, polarity). The verb spec is read as for actions.
ADJECTIVES = {
    "맛있": ("delicious", 1), "맛없": ("tasteless", -1), "달": ("sweet", 0), "시": ("sour", 0),
    "싱싱하": ("fresh", 1), "비싸": ("expensive", -1), "싸": ("cheap", 1), "차갑:ㅂ": ("cold", 0),
    "좋": ("good", 1), "나쁘": ("bad", -1), "깨끗하": ("clean", 1), "더럽:ㅂ": ("dirty", -1),
    "조용하": ("quiet", 1), "시끄럽:ㅂ": ("noisy", -1), "넓": ("spacious", 1), "좁": ("cramped",
    -1),
    "친절하": ("kind", 1), "불친절하": ("rude", -1), "재미있": ("interesting", 1),
    "지루하": ("boring", -1), "형편없": ("terrible", -1), "아름답:ㅂ": ("beautiful", 1),
    "멋지": ("wonderful", 1),
    "편하": ("comfortable", 1), "불편하": ("uncomfortable", -1), "쉽:ㅂ": ("easy", 0),
    "어렵:ㅂ": ("difficult", 0), "유익하": ("useful", 1), "위험하": ("dangerous", -1),
    "안전하": ("safe", 1), "크": ("big", 0), "작": ("small", 0), "빠르:르": ("fast", 0),
    "느리": ("slow", 0), "귀엽:ㅂ": ("cute", 1), "예쁘": ("pretty", 1), "하얗:ㅎ": ("white", 0),
    "까맣:ㅎ": ("black", 0), "빨갛:ㅎ": ("red", 0), "바쁘": ("busy", 0), "건강하": ("healthy", 1),
    "행복하": ("happy", 1), "피곤하": ("tired", -1), "부지런하": ("diligent", 1),
    "힘들": ("hard", -1), "길": ("long", 0), "짧": ("short", 0), "무겁:ㅂ": ("heavy", 0),
    "기쁘": ("glad", 1), "슬프": ("sad", -1), "외롭:ㅂ": ("lonely", -1), "심심하": ("bored", -1),
    "즐겁:ㅂ": ("cheerful", 1), "춥:ㅂ": ("cold", -1), "덥:ㅂ": ("hot", -1),
    "따뜻하": ("warm", 1), "시원하": ("cool", 1), "맑": ("clear", 1), "흐리": ("cloudy", -1),
    "멀": ("far", 0), "유명하": ("famous", 1), "새롭:ㅂ": ("new", 0),
}  # fmt: skip
PSYCHIC = ("기쁘", "슬프", "외롭", "심심하", "즐겁")  # said of others only when it is past
FEELINGS = {1: "기쁘 즐겁 행복하", -1: "슬프 외롭 심심하 피곤하"}

# What is said of what: topic, subjects (groups of things or people, or words), adjectives.
STATES = (
    ("food", "fruit vegetables", "맛있 맛없 싱싱하 비싸 싸 크 작"),
    ("food", "dishes proteins drinks", "맛있 맛없 비싸 싸"),
    ("family", "elders young", "건강하 바쁘 친절하 행복하 부지런하"),
    ("work", "farmers sellers medics cooks builders writers others", "바쁘 부지런하 친절하 피곤하"),
    ("work", "일:~work, 회의:meeting", "힘들 길 짧 쉽 어렵"),
    ("work", "loads", "무겁 크 작"),
    ("animals", "pets cattle wild waterfowl", "귀엽 빠르 느리 크 작 하얗 까맣 예쁘"),
    ("travel", "cities countries", "아름답 크 멀 유명하 안전하"),
    ("travel", "trains", "빠르 느리 비싸 싸 편하"),
    ("travel", "표:ticket, 여행:trip", "비싸 싸"),
    (
        "school",
        "시험:exam, 문제:problem, 숙제:~homework, 수업:class",
        "쉽 어렵 길 짧 지루하 재미있",
    ),
    ("school", "books", "재미있 지루하 쉽 어렵"),
    ("school", "pupils", "조용하 부지런하 바쁘"),
    ("sport", "경기:game, 연습:~practice", "재미있 지루하 길 짧 힘들"),
    ("sport", "선수:player, 팀:team", "빠르 느리 유명하 부지런하"),
    ("sport", "games racket", "재미있 어렵 쉽 지루하"),
)

# Weather: Korean noun and verb, English verb, polarity; and adjectives that need no noun.
WEATHER_EVENTS = (
    ("비", "오", "rain", -1), ("눈", "오", "snow", 0), ("바람", "불", "the wind blow", -1),
    ("해", "뜨", "the sun rise", 1),
)  # fmt: skip
WEATHER_ADJECTIVES = "춥 덥 따뜻하 시원하 맑 흐리 좋 나쁘"

# Reviews: what, good and bad things to say of it, and the same of its parts.
REVIEWS = (
    ("식당:restaurant", "깨끗하 조용하 넓 싸 좋", "더럽 시끄럽 좁 비싸 나쁘",
     (("음식:~food", "맛있 싸 싱싱하 좋", "맛없 비싸 나쁘"), ("직원:waiter", "친절하 빠르",
     "불친절하 느리"))),
    ("호텔:hotel", "깨끗하 조용하 편하 싸 좋 안전하", "더럽 시끄럽 불편하 비싸 나쁘 위험하",
     (("방:room", "넓 깨끗하 조용하 편하", "좁 더럽 시끄럽 불편하"), ("침대:bed", "편하 넓",
     "불편하 좁"))),
    ("가게:shop", "깨끗하 넓 싸 좋", "더럽 좁 비싸 나쁘",
     (("물건:~merchandise", "싸 좋", "비싸 나쁘"), ("주인:owner", "친절하", "불친절하"))),
    ("공원:park", "깨끗하 조용하 넓 아름답 좋 안전하", "더럽 시끄럽 좁 위험하 나쁘",
     (("꽃:flower+", "예쁘 아름답", ""), ("길:path", "넓 깨끗하 안전하", "좁 더럽 위험하"))),
    ("영화:film", "재미있 멋지 좋 아름답", "지루하 나쁘",
     (("음악:~music", "멋지 좋 아름답", "나쁘 시끄럽 지루하"), ("이야기:story", "재미있 좋 아름답",
     "지루하 나쁘"))),
    ("책:book", "재미있 유익하 좋 멋지", "지루하 나쁘",
     (("이야기:story", "재미있 좋 멋지", "지루하 나쁘"), ("그림:picture+", "예쁘 멋지", "나쁘"))),
    ("수업:class", "재미있 유익하 좋", "지루하 나쁘 힘들",
     (("선생님:teacher", "친절하 좋", "불친절하"), ("교실:classroom", "넓 깨끗하 조용하",
     "좁 더럽 시끄럽"))),
    ("여행:trip", "재미있 멋지 좋 편하 안전하", "지루하 힘들 나쁘 불편하 위험하",
     (("날씨:~weather", "좋 맑 따뜻하 시원하", "나쁘 흐리 춥 덥"), ("음식:~food", "맛있 싸",
     "맛없 비싸"))),
    ("기차:train", "깨끗하 조용하 편하 싸 빠르", "더럽 시끄럽 불편하 비싸 느리",
     (("의자:seat", "편하 깨끗하 넓", "불편하 더럽 좁"), ("직원:clerk", "친절하 빠르",
     "불친절하 느리"))),
    ("마을:village", "깨끗하 조용하 아름답 안전하 좋", "더럽 시끄럽 위험하 나쁘",
     (("거리:street", "깨끗하 넓 조용하 안전하", "더럽 좁 시끄럽 위험하"), ("사람들:~people",
     "친절하 좋", "불친절하"))),
)  # fmt: skip
POLARITY = {"빠르": 1, "느리": -1, "크": 1, "춥": -1, "덥": -1}

# When: Korean, English, tense; ``now`` is progressive.
TIMES = (
    ("어제:ADV", "yesterday:NOUN", "past"), ("그저께:ADV", "two days ago:", "past"),
    ("지난주에:NOUN", "last week:", "past"), ("어젯밤에:NOUN", "last night:", "past"),
    ("오늘 아침에:NOUN", "this morning:", "past"), ("작년에:NOUN", "last year:", "past"),
    ("매일:ADV", "every day:", "present"), ("아침마다:NOUN", "every morning:", "present"),
    ("일요일마다:NOUN", "every Sunday:", "present"), ("가끔:ADV", "sometimes:", "present"),
    ("지금:ADV", "now:", "now"), ("내일:ADV", "tomorrow:NOUN", "future"),
    ("다음 주에:NOUN", "next week:", "future"), ("내년에:NOUN", "next year:", "future"),
)  # fmt: skip

NUMBERS = (
    ("두", "two"), ("세", "three"), ("네", "four"), ("다섯", "five"), ("여섯", "six"),
    ("일곱", "seven"), ("여덟", "eight"), ("아홉", "nine"), ("열", "ten"),
)  # fmt: skip

# What there is where: topic, things, places.
EXISTENCE = (
    ("food", "fruit", "table market kitchen shop"),
    ("food", "vegetables", "market kitchen shop"),
    ("animals", "pets", "yard park home"),
    ("animals", "cattle waterfowl", "farm field"),
    ("animals", "wild", "hill field"),
    ("school", "learners", "class library school"),
    ("school", "books", "class library school"),
    ("work", "machines", "office shop"),
    ("work", "loads", "office market shop"),
    ("travel", "trains", "station street"),
    ("sport", "balls", "gym ground park"),
    ("sport", "선수:player:명", "gym ground pool"),
)

JOBS = (
    "의사:doctor, 간호사:nurse, 농부:farmer, 요리사:cook, 경찰관:police officer, "
    "목수:carpenter, 화가:painter, 가수:singer, 기자:reporter, 작가:writer, 어부:fisherman, "
    "기술자:engineer"
)

MALE_FEMALE = (
    "아버지:father 어머니:mother", "할아버지:grandfather 할머니:grandmother",
    "남동생:brother 여동생:sister", "형:brother 누나:sister", "아들:son 딸:daughter",
    "삼촌:uncle 이모:aunt", "남자:man 여자:woman",
    "손자:grandson 손녀:granddaughter", "소년:boy 소녀:girl",
)  # fmt: skip
