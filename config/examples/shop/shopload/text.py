"""Words for names: Korean, emoji, accents, quotes, whatever a real shop holds."""

FAMILY = ["김", "이", "박", "최", "정", "강", "Müller", "O'Brien", "Nguyễn", "田中", "Łukasz"]
GIVEN = [
    "민준",
    "서연",
    "지호",
    "하윤",
    "도윤",
    "수아",
    "Zoë",
    "Jean-Luc",
    "さくら",
    "Ana",
    "예준 🌱",
]
COUNTRIES = ["KR", "KR", "KR", "KR", "JP", "US", "DE", "VN"]
TIERS = ["BRONZE", "SILVER", "GOLD", "VIP"]
CITIES = ["서울", "부산", "인천", "대구", "Jeju 제주", "New York", "Köln", "東京"]

CATEGORIES = [
    "신선식품 🥬",
    "음료",
    "생활용품",
    "가전",
    "도서 📚",
    "의류",
    "완구 🧸",
    "뷰티",
    "반려동물 🐶",
    "스포츠",
    "Café & Thé",
    "문구",
]
ADJECTIVES = [
    "유기농",
    "프리미엄",
    "오리지널",
    "매운",
    "대용량",
    "미니",
    "따뜻한",
    "crème",
    "ultra",
    "🔥 한정",
]
NOUNS = [
    "사과",
    "커피 원두",
    "물티슈",
    "헤드폰",
    "그림책",
    "티셔츠",
    "곰인형",
    "선크림",
    "사료",
    "요가 매트",
    "머그컵 ☕",
    '볼펜 "0.5"',
    "back\\slash 노트",
    "떡볶이",
]
TAGS = ["new", "sale", "fragile", "chilled", "limited"]
COLOURS = ["빨강", "파랑", "black", "white", "초록 💚"]

NOTES = [
    None,
    None,
    None,
    "문 앞에 놓아주세요 🙏",
    "경비실에 맡겨 주세요",
    "Don't ring",
    "",
    "긴 메모 " + "가나다" * 30,
]
GIFTS = [None, None, None, None, "생일 축하해! 🎂", "Merci ❤️", "축 결혼"]
CARRIERS = ["CJ대한통운", "한진", "우체국택배", "DHL"]
METHODS = ["CARD", "CARD", "BANK", "NAVER_PAY", "KAKAO_PAY"]


def person(rng):
    return f"{rng.choice(FAMILY)} {rng.choice(GIVEN)}"


def product(rng):
    return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} {rng.randrange(1, 1000)}"
