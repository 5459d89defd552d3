"""The words and places that the generated shop is made of; all of them invented or generic, none of a real person.

Only data. The shapes that they fill are in the other shop modules.
"""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A place with its post code, as shops write it; `region` and `state` may be empty."""

    name: str
    postal_code: str
    region: str
    state: str
    longitude: float
    latitude: float


class Market(NamedTuple):
    """A country that the shop sells to; `tax` counts in 1/100,000 of the price."""

    country: str
    currency: str
    locale: str
    tax: int
    tax_name: str
    phone: str
    cities: tuple[City, ...]
    streets: tuple[str, ...]
    tax_included: bool = True


LANGUAGES = ("en", "de", "fr", "en-US", "ja")
FRACTION_DIGITS = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0, "KWD": 3}
# How many minor units of each currency one euro cent is worth, times 100.
CENT_RATES = {"EUR": 100, "USD": 110, "GBP": 85, "JPY": 160, "KWD": 330}

MARKETS = (
    Market(
        "DE",
        "EUR",
        "de",
        19_000,
        "19% MwSt.",
        "+49 30 5550",
        (
            City("Berlin", "10115", "Berlin", "", 13.384, 52.531),
            City("München", "80331", "Bayern", "", 11.575, 48.137),
            City("Köln", "50667", "Nordrhein-Westfalen", "", 6.958, 50.941),
        ),
        ("Lindenstraße", "Gartenweg", "Am Mühlenbach", "Bahnhofstraße", 'Haus "Zur Linde"'),
    ),
    Market(
        "FR",
        "EUR",
        "fr",
        20_000,
        "TVA 20%",
        "+33 1 5550",
        (
            City("Paris", "75011", "Île-de-France", "", 2.38, 48.859),
            City("Lyon", "69002", "Auvergne-Rhône-Alpes", "", 4.828, 45.753),
            City("Besançon", "25000", "Bourgogne-Franche-Comté", "", 6.024, 47.237),
        ),
        ("Rue de l'Église", "Avenue des Tilleuls", "Impasse du Château", "Quai Neuf"),
    ),
    Market(
        "US",
        "USD",
        "en-US",
        8_875,
        "NY sales tax",
        "+1 555 010",
        (
            City("New York", "10013", "NY", "New York", -74.003, 40.72),
            City("Buffalo", "14202", "NY", "New York", -78.878, 42.887),
            City("Albany", "12207", "NY", "New York", -73.751, 42.657),
        ),
        ("Maple Street", "2nd Avenue", "Old Mill Road", "Harbor Blvd #4"),
        tax_included=False,
    ),
    Market(
        "GB",
        "GBP",
        "en",
        20_000,
        "VAT 20%",
        "+44 20 5550",
        (
            City("London", "SE1 7AA", "Greater London", "", -0.118, 51.501),
            City("Leeds", "LS1 4AA", "West Yorkshire", "", -1.548, 53.797),
        ),
        ("Church Lane", "High Street", "Station Road", "The Crescent"),
    ),
    Market(
        "JP",
        "JPY",
        "ja",
        10_000,
        "消費税",
        "+81 3 5550",
        (
            City("千代田区", "100-0001", "東京都", "", 139.753, 35.694),
            City("大阪市", "530-0001", "大阪府", "", 135.496, 34.702),
        ),
        ("桜通り", "本町", "中央"),
    ),
    Market(
        "KW",
        "KWD",
        "en",
        0,
        "no tax",
        "+965 5550",
        (City("Kuwait City", "13001", "Al Asimah", "", 47.978, 29.376),),
        ("Gulf Road", "Salem Street"),
    ),
    Market(
        "AT",
        "EUR",
        "de",
        20_000,
        "20% USt.",
        "+43 1 5550",
        (
            City("Wien", "1010", "Wien", "", 16.373, 48.209),
            City("Sankt Pölten", "3100", "Niederösterreich", "", 15.625, 48.204),
        ),
        ("Marktgasse", "Am Graben", "Weinbergstraße"),
    ),
)

FIRST_NAMES = (
    *("Ada", "Alma", "Anouk", "Arno", "Béla", "Benno", "Céline", "Chloé", "Daria", "Edda", "Elio", "Emil"),
    *("Fenja", "Finn", "Gösta", "Hana", "Ida", "Ilse", "Jonas", "Juna", "Kaito", "Karla", "Leila", "Levin"),
    *("Lotte", "Malik", "Mara", "Mio", "Nadia", "Noé", "Nuri", "Odile", "Oskar", "Pia", "Quinn", "Rania"),
    *("Rémi", "Sami", "Selma", "Tarek", "Thea", "Toni", "Uma", "Vera", "Willa", "Yara", "Yuki", "Zoë"),
)
LAST_NAMES = (
    *("Abendroth", "Ahlers", "Aubry", "Bachmeier", "Baumgart", "Belaïd", "Blythe", "Brünn", "Cartwell"),
    *("Châtel", "Dahlke", "Delorme", "Eichler", "Everhart", "Falk", "Fontenay", "Grünwald", "Hargrove"),
    *("Hoshino", "Ibarra", "Ibsen", "Jansen", "Kessler", "Kobold", "Larue", "Lindqvist", "Marchetti"),
    *("Mizuno", "Nordin", "O'Dell", "Okabe", "Petrov", "Quist", "Rahman", "Rowntree", "Sørby", "Takeda"),
    *("Ulrich", "Vasseur", "Vogelsang", "Wainwright", "Winterberg", "Ximenes", "Yamato", "Zeller"),
)
COMPANIES = (
    *("Nordlicht Handel", "Atelier Bleu", "Harbor & Pine", "Kirschgarten", "Meridian Supply", "Blue Dune Trading"),
    *("Zahnrad Werke", "Maison Tilleul", "Quillfeather Ltd", 'Studio "Elf"', "Sakura Works", "Tallow & Sons"),
)

ADJECTIVES = {
    "en": ("Classic", "Soft", "Bold", "Everyday", "Northern", "Quiet", "Bright", "Sturdy", "Light", "Heavy-duty"),
    "de": ("Klassisch", "Weich", "Kühn", "Alltags", "Nordisch", "Leise", "Hell", "Robust", "Leicht", "Strapazierfähig"),
    "fr": ("Classique", "Doux", "Audacieux", "Quotidien", "Nordique", "Calme", "Vif", "Solide", "Léger", "Renforcé"),
}
NOUNS = {
    "en": ("Jacket", "Mug", "Lamp", "Backpack", "Headphones", "Chair", "Kettle", "Sneaker", "Scarf", "Desk", "Watch"),
    "de": (
        *("Jacke", "Becher", "Lampe", "Rucksack", "Kopfhörer", "Stuhl", "Wasserkocher", "Turnschuh", "Schal"),
        *("Schreibtisch", "Uhr"),
    ),
    "fr": ("Veste", "Tasse", "Lampe", "Sac à dos", "Casque", "Chaise", "Bouilloire", "Basket", "Écharpe", "Bureau"),
}
SENTENCES = {
    "en": (
        "Made to last, and easy to repair.",
        'Our testers say: "We forgot we were wearing it."',
        "Two lines:\nthe second one has a tab\there.",
        "Ships flat 📦, folds back in 30 seconds ✅.",
        "50 % recycled <b>material</b> & a \\ backslash.",
    ),
    "de": (
        "Gemacht, um zu bleiben, und leicht zu reparieren.",
        "„Größe passt“, sagen 9 von 10 Käufern.",
        "Für drinnen & draußen, auch bei Nässe.",
    ),
    "fr": (
        "Conçu pour durer, facile à réparer.",
        "Idéal pour l'été — et même l'hiver ❄️.",
        "Fabriqué à partir de coton « bio ».",
    ),
}
CATEGORIES = (
    ("home", {"en": "Home", "de": "Zuhause", "fr": "Maison"}, ("Kitchen", "Living", "Bath", "Garden")),
    ("fashion", {"en": "Fashion", "de": "Mode", "fr": "Mode"}, ("Women", "Men", "Kids", "Shoes & Bags")),
    ("tech", {"en": "Tech", "de": "Technik", "fr": "Électronique"}, ("Audio", "Lighting", "Wearables")),
    ("sale", {"en": "Sale %", "de": "Angebote", "fr": "Soldes"}, ("Last chance", "Outlet")),
)
CARRIERS = ("DHL", "La Poste", "UPS", "Yamato", "Aramex")
PAYMENT_INTERFACES = ("adyen-like", "stripe-like", "gift-card")
PAYMENT_METHODS = (
    ("CREDIT_CARD", {"en": "Credit card", "de": "Kreditkarte", "fr": "Carte bancaire"}),
    ("PAYPAL", {"en": "Wallet", "de": "Geldbörse"}),
    ("INVOICE", {"en": "Invoice", "de": "Rechnung", "fr": "Facture"}),
)
# State machines: (type, keys in the order of their transitions).
STATES = (
    ("OrderState", ("order-new", "order-picked", "order-packed", "order-done")),
    ("LineItemState", ("Initial", "item-picked", "item-backorder", "item-returned")),
    ("ProductState", ("product-draft", "product-review", "product-live")),
    ("ReviewState", ("review-new", "review-approved")),
    ("PaymentState", ("payment-open", "payment-captured", "payment-disputed")),
    ("QuoteRequestState", ("request-new", "request-checked")),
    ("StagedQuoteState", ("staged-new", "staged-sent")),
    ("QuoteState", ("quote-new", "quote-signed")),
    ("RecurringOrderState", ("recurring-new", "recurring-checked")),
)
