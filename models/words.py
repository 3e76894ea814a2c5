"""Word lists of the story grammar. In each list, earlier words are likelier."""


def _list(text):
    return [w.strip() for w in text.split("|")]


# noun, and "m"/"f" where the noun decides the pronoun ("-" where it does not)
HEROES = [(n, "-") for n in _list(
    "fox|rabbit|bear|mouse|owl|cat|hedgehog|squirrel|dog|otter|frog|badger|duck|wolf|robot|dragon|goat|turtle|"
    "crow|pony|beaver|goose|donkey|sparrow|mole|deer|lamb|pig|snail|bee|child|baker|farmer|gardener|sailor|"
    "giant|doctor|clockmaker|teacher|tailor|painter|piper|ghost")]
for _i, _pair in enumerate([("girl", "f"), ("boy", "m"), ("wizard", "m"), ("witch", "f"), ("king", "m"),
                            ("queen", "f"), ("prince", "m"), ("princess", "f"), ("fisherman", "m"), ("knight", "m"),
                            ("grandmother", "f")]):
    HEROES.insert(2 + 3 * _i, _pair)

# Rare words teach the models to copy what the user typed instead of guessing it.
RARE_HEROES = [(n, "-") for n in _list(
    "giraffe|elephant|tiger|lion|monkey|penguin|whale|parrot|camel|zebra|kangaroo|hamster|lizard|spider|eagle|"
    "swan|weasel|raccoon|seal|walrus|panda|koala|moose|bat|beetle|cricket|rooster|unicorn|troll|elf|astronaut|"
    "pirate|detective|librarian|chef|carpenter|musician|nurse|pilot|scientist|soldier|thief|juggler|acrobat|"
    "captain|inventor|poet|merchant|miner|shepherd|hippo|crocodile|octopus|dolphin|jackal|lynx|ferret|raven|"
    "magpie|heron|stork|salamander|butterfly|ladybug|dragonfly|snowman|mermaid|alien|vampire|computer")]

# noun, and the class that says what it is good for (plots.CLASS_USE)
OBJECTS = list(zip(_list(
    "lantern|bell|map|drum|key|kite|basket|rope|boat|scarf|pie|violin|candle|ring|blanket|flute|book|ladder|"
    "coat|apple|whistle|lamp|shovel|crown|umbrella|compass|hat|cake|horn|bucket|net|telescope|loaf|cart|mirror|"
    "letter|coin|hammer|sled|pearl|teapot|locket|cheese|wagon|pumpkin|needle|pebble"), _list(
    "light|sound|guide|sound|tool|ride|bag|tool|ride|wrap|food|sound|light|jewel|wrap|sound|guide|tool|"
    "wrap|food|sound|light|tool|jewel|wrap|guide|wrap|food|sound|bag|tool|guide|food|ride|jewel|"
    "guide|jewel|tool|ride|jewel|bag|jewel|food|ride|food|tool|jewel")))

RARE_OBJECTS = (
    [(n, "tool") for n in _list("saw|spade|broom|hook|pencil|feather|spoon|stick|screwdriver|magnet|paintbrush|axe|oar")]
    + [(n, "sound") for n in _list("trumpet|guitar|piano|harp|tambourine|radio|gong|accordion")]
    + [(n, "light") for n in _list("torch|match|flashlight|firefly jar|lighthouse lamp")]
    + [(n, "food") for n in _list("banana|pancake|cookie|sandwich|carrot|pear|lemon|melon|muffin|biscuit|turnip")]
    + [(n, "ride") for n in _list("bicycle|balloon|raft|canoe|train|rocket|spaceship|scooter|skateboard")]
    + [(n, "wrap") for n in _list("sweater|cloak|shawl|glove|sock|quilt|tent|helmet")]
    + [(n, "jewel") for n in _list("diamond|ruby|emerald|medal|necklace|bracelet|marble|seashell|crystal|button")]
    + [(n, "guide") for n in _list("clock|notebook|newspaper|diary|globe|camera|phone|microscope|postcard")]
    + [(n, "bag") for n in _list("suitcase|backpack|jar|barrel|kettle|bottle|box|purse|wheelbarrow|vase")])

# noun, preposition, things found there
PLACES = [(n, prep, things) for n, prep, things in (
    ("forest", "in", "tree|root|fern|log|mushroom|bush"), ("village", "in", "wall|gate|well|barn|chimney"),
    ("garden", "in", "rose|bench|hedge|pot|bush"), ("river", "by", "reed|rock|willow|bridge"),
    ("hill", "on", "stone|oak|bush|rock"), ("sea", "by", "rock|boat|shell|dune"),
    ("mountain", "on", "rock|pine|cliff|cave"), ("meadow", "in", "flower|stone|bush|hedge"),
    ("lake", "by", "reed|willow|rock|log"), ("town", "in", "wall|gate|corner|tower|roof"),
    ("castle", "in", "tower|gate|stair|wall"), ("valley", "in", "rock|tree|barn|stone"),
    ("island", "on", "palm|rock|cave|dune"), ("mill", "at", "wheel|door|sack|wall"),
    ("harbor", "at", "boat|barrel|rope|wall"), ("market", "at", "stall|cart|barrel|corner"),
    ("farm", "on", "barn|fence|gate|haystack"), ("cave", "in", "stone|wall|corner|rock"),
    ("orchard", "in", "tree|ladder|wall|basket"), ("swamp", "in", "log|reed|root|bush"),
    ("school", "at", "desk|door|window|bench"), ("tower", "in", "stair|window|door|wall"),
    ("desert", "in", "dune|rock|palm|bush"), ("bridge", "under", "stone|reed|rock|pillar"),
    ("beach", "on", "rock|shell|boat|dune"), ("lighthouse", "in", "stair|window|door|wall"),
    ("pond", "by", "reed|lily|log|stone"), ("bakery", "in", "oven|sack|shelf|door"))]

RARE_PLACES = [(n, "in") for n in _list(
    "jungle|museum|library|palace|city|kitchen|attic|cellar|hospital|theater|park|zoo|factory|temple|canyon|hotel")
    ] + [(n, "on") for n in _list("moon|train|ship|volcano|glacier|roof")] + [(n, "at") for n in _list(
    "station|circus|airport|fair|crossroads")]

NAMES = {
    "m": _list("Rufus|Oliver|Tom|Felix|Hugo|Milo|Oscar|Finn|Leo|Otto|Jasper|Max|Theo|Bruno|Sam|Walter|Emil|Ben|"
               "Arthur|Pip|Anton|Jack|Henry|Igor"),
    "f": _list("Mina|Ruby|Clara|Lily|Ada|Nora|Rosa|Ivy|Ella|Hazel|Greta|Luna|Tilly|Emma|Dora|Maya|Anna|Olga|"
               "Willow|Lotte|Zoe|Pearl|Martha|Bella")}

WORDS = {k: _list(v) for k, v in {
    "trait": "clever|shy|brave|kind|curious|cheerful|lonely|gentle|proud|quiet|patient|careful|stubborn|hungry|"
             "young|old|sleepy|merry|lazy|honest|bold|polite|tiny|wise|busy|grumpy|dreamy",
    "placeadj": "quiet|green|old|great|dark|misty|small|wide|wild|sunny|lonely|windy|pretty|silent|cold|hidden|sleepy|deep",
    "objadj": "old|little|golden|red|silver|beautiful|blue|plain|shiny|strange|heavy|green|tiny|bright|dusty|"
              "fine|crooked|white|painted|curious",
    "thing": "wall|door|corner|window|stone|box",
    "season": "spring|autumn|winter|summer",
    "daytime": "morning|evening|afternoon|night|day",
    "dayadj": "cold|bright|gray|warm|quiet|rainy|windy|misty|fine|dark|frosty|sunny|stormy|golden",
    "crowd": "neighbors|animals|children|friends|people|villagers|birds|mice",
    "soft": "softly|quietly|slowly|kindly|gently|at last|with a smile|after a moment|in a low voice|politely|"
            "without thinking|thoughtfully|with a sigh",
    "quick": "quickly|at once|as fast as {he} could|bravely|without a word|carefully|happily|together|with all {his} strength",
    "said": "said|answered|replied|whispered|laughed|called|cried|murmured|told {him}",
    "time": "soon|then|after a while|before long|at last|a little later|in the end|that very evening|an hour later|"
            "when the sun went down|suddenly|the next moment",
    "sad": "sad|worried|afraid|lonely|tired|unhappy|angry|cold|upset|ashamed|puzzled|lost",
    "glad": "happy|glad|proud|grateful|relieved|cheerful|warm|content|peaceful|pleased|excited",
    "color": "red|golden|gray|white|silver|blue|green|pink|black|purple",
    "walked": "walked|hurried|ran|climbed|wandered|crept|marched|traveled|stumbled|hopped|strolled",
    "looked": "looked|searched|peered|gazed|stared|peeped|glanced|listened",
    "sweet": "honey|bread|soup|berries|cake|nuts|apples|cheese|porridge|cookies|plums|mushrooms",
    "hobby": "singing|counting the stars|telling jokes|walking in the rain|baking bread|collecting leaves|"
             "drawing pictures|climbing trees|reading|dancing|gathering berries|sleeping late|asking questions|"
             "feeding the birds|watching the clouds|planting flowers",
    "virtue": "patience|courage|kindness|friendship|honesty|hope|a good friend|asking for help|sharing|laughter|"
              "listening|hard work|a warm heart|trust",
    "distance": "far away|nearby|over the hill|beyond the fields|at the end of the road|behind the old wall|"
                "on the other side|down below|high above",
    "bignumber": "three|seven|ten|two|a hundred|twelve|five|many|four|twenty|nine|a thousand",
}.items()}

# Phrases made of other choices; "sky" and "scenery" are clauses without a full stop.
WORDS.update({
    "sky": ["[the rain|snow|the wind|thick fog|the mist|a storm] [came|fell|moved] [over the {p}|from the #color# hills|across the fields|down the valley]",
            "the [moon|sun|stars|first star] [rose|shone|came out|hid behind a~ #color# cloud]",
            "it [rained|snowed|grew dark|thundered|grew cold|was still early]",
            "the [wind|rain|storm] [sang|howled|whispered|danced|rattled] [in the trees|around the {thing}|on the roof|in the chimney]",
            "the sky [turned|was|grew] #color#",
            "the leaves [fell|danced|turned #color#|rustled]"],
    "sky2": ["the [clouds|shadows|birds|stars|leaves|waves] [moved|danced|gathered|trembled|drifted] [slowly|in the wind|in the #color# light|like [sheep|smoke|ships|dreams]]",
             "the #crowd# [slept|stayed at home|sang|told stories|were #hobby#]",
             "[a~ #tone# bell rang|a dog barked|an owl called|someone sang|a~ #shade# door creaked|a~ #trait# dog howled] [in the distance|#far#|#bignumber# times|#soft2#]",
             "the [frost|rain|dew|dust|sunlight] [lay|shone|glittered] on every {thing}"],
    "scenery": ["the [wind|rain|river|grass] [sang|whispered|danced] [all day|at night|in the #season#|like a friend]",
                "[tall|old|#color#|wild] [trees|flowers|reeds|stones] [grew|stood] [in rows|everywhere|beside the water|up to the sky]",
                "the [sun|moon] [shone|rose|set] [late|early|over the {thing}|behind the {thing}]",
                "the #crowd# [sang|slept|played|met] [every #daytime#|in the #season#|under the {thing}]"],
    "far": ["far away", "nearby", "close by", "not far away", "high above", "down below"],
    "hobby2": ["[loved|liked|enjoyed] #hobby#", "was always #hobby#", "never stopped #hobby#", "sold #sweet#"],
    "hobby3": ["singing", "walking", "dancing", "fishing", "looking for #sweet#", "traveling", "swimming", "climbing trees"],
    "said0": ["said", "answered", "replied", "whispered", "laughed", "murmured", "called", "cried"],
    "soft2": ["softly", "quietly", "slowly", "carefully", "gently", "quickly"],
    "quick2": ["at once", "quickly", "side by side", "together", "without waiting", "happily"],
})

# Small dense phrases: most of a story's variety per token comes from these.
WORDS.update({k: _list(v) for k, v in {
    "plural": "apples|stones|feathers|buttons|flowers|shells|stars|candles|ribbons|plums|keys|acorns|bells|leaves|"
              "spoons|eggs|books|roses|cups|nails|boats|hats|pebbles|coins|clouds|pears|mushrooms|boots|birds|"
              "marbles|bees|nuts|letters|kites|windows|sheep",
    "material": "wooden|tin|glass|paper|iron|copper|clay|silver|straw|stone|woolen|brass|silk|golden",
    "small": "spoon|cup|box|key|button|bell|whistle|bowl|fish|bird|star|ring|doll|bucket|clock|needle|ladle|"
             "duck|hook|mirror|wheel|pipe|flower|horse",
    "garment": "coat|hat|scarf|cap|shawl|apron|cloak|vest|shirt|dress|sweater|jacket|belt|nightcap",
    "size": "small|big|round|old|tiny|crooked|heavy|shiny|wet|broken|lovely|dry|long|strange|fresh",
    "quality": "quiet|soft|old|light|happy|brave|slow|warm|still|proud|bright|sleepy|gray|fat|clever|lonely|"
               "round|cold|busy|thin|strong",
    "beast": "stone|feather|mouse|lion|bird|king|snowflake|lamb|cat|cloud|drum|river|bee|mountain|shadow|"
             "flower|ship|bear|dream|song|queen|wolf|potato|star",
    "smell": "smoke|rain|wet grass|pine|old leather|wool|roses|salt|dust|wood|flowers|fresh paint|candles|mud|hay",
    "did": "slept|sang|waited|danced|sat|dreamed|played|rested|argued|laughed|whistled|worked|swam|hid|snored|"
           "walked|hummed|listened|watched|knitted|wept|stood|yawned|prayed",
    "manner": "softly|all day|in the sun|in the rain|without a sound|happily|at the window|in the dark|"
              "by the fire|under the stars|in a row|for hours|with closed eyes|in the snow|near the water|on the roof",
    "shade": "old|big|gray|mossy|tall|little|broken|crooked|green|dark|wet|white|empty|yellow|round|last|sunny",
    "near": "under|behind|beside|near|on|beyond|below|by|above",
}.items()})
WORDS.update({
    "heap": ["#bignumber# #size# #plural#", "#bignumber# #color# #plural#", "#bignumber# #plural#",
             "#bignumber# #material# #plural#", "#bignumber# #size# #color# #plural#"],
    "trinket": ["a~ #material# #small#", "a~ #size# #small#", "a~ #color# #small#", "a~ #size# #material# #small#"],
    "who": ["a~ #trait# #persons#", "#bignumber# #trait# #herd#", "the #trait# #persons#", "#bignumber# #herd#",
            "a~ #color# bird", "a~ #age# #persons#", "somebody", "the #trait# #herd#", "the #herd#"],
    "scene": ["#who# #did# #near# the #shade# {thing}", "#who# and #who# #did#", "#who# #did# #manner#", "#who# counted #plural# #manner#",
              "#who# carried #heap# past the {thing}", "#who# #did# and #who# #did#",
              "#who# sold #plural# and #sweet#", "#who# painted a~ #material# #small# #color#"],
    "simile2": ["as #quality# as a~ #beast#", "as #quality# as a~ #size# #small#", "#quality# and #quality#"],
    "simile": ["as #quality# as a~ #beast#", "like a~ #quality# #beast#", "as #quality# as a~ #quality# #beast#"],
})

# Phrases that widen a word of the templates (see story_grammar.enrich).
WORDS["taste"] = _list("warm|sweet|fresh|cold|dry|hot|good|golden|salted|wild|stale|red|black|roasted|soft|simple")
WORDS["mood"] = WORDS["trait"] + WORDS["sad"]
WORDS["tone"] = _list("loud|strange|soft|terrible|faint|sudden|sad|familiar|low|sweet|sharp|long|merry|wild|small")
WORDS["noise1"] = _list("whisper|crash|song|cry|knock|laugh|bark|sneeze|bell|howl|sigh|creak|voice|whistle|bang|growl")
WORDS["noise"] = ["a~ #tone# #noise1#", "a~ #tone# #noise1#", "a~ #tone# and #tone# #noise1#", "#bignumber# #tone# knocks"]
WORDS["animalthing1"] = _list("moth|leaf|bird|beetle|snowflake|butterfly|feather|spider|star|worm|cricket|cobweb|stone|crumb")
WORDS["animalthing"] = ["a~ #size# #animalthing1#", "a~ #color# #animalthing1#", "a~ #trait# #beast#"]
WORDS["walked"] += _list("rode|tiptoed|limped|rushed|walked #soft2#|hurried #soft2#|climbed #soft2#")
WORDS["tail"] = ["", "", "", "", ", while #scene#", ", and #sky2#", ", and #scene#"]
WORDS["persons"] = [noun for noun, _ in HEROES]
WORDS["herd"] = _list("mice|geese|owls|rabbits|frogs|sheep|cats|crows|goats|bees|hens|children|sailors|dogs|ducks|bears|"
                      "sparrows|girls|boys|farmers|foxes|moths")
WORDS["age"] = _list("old|young|little|tall|tiny|big|thin|very old|round|small")
