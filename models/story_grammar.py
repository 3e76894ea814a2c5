"""The corpus: a story grammar, and the instructions that ask for its stories.

A story is a chain of beats (opening, habit, trouble, search, helper, rescue,
ending) filled from one cast: hero, object, place, helper. The cast is fixed
before the first word, so names, pronouns, objects and places come back later,
and the ending of an episode belongs to its trouble.

Templates use four marks, expanded by Story.expand:

    [a|b|c]   a choice; earlier options are likelier (weights rank**-0.5)
    #list#    a choice from WORDS, weighted the same way; #List# capitalises
    {key}     a word of the cast; {Key} capitalises
    a~        "a" or "an", decided by the word that follows

Why falling weights and not a fair die: sampled text stays rich (a 12-way choice still
carries 2.4 nats), while each choice has a clear favourite, so a small draft
model can agree with a large target about the most probable word.

Every choice adds -log(p) to Story.nats: nats per token of the corpus, an upper
bound on the entropy a perfect model would have.
"""
import math
import random
import re
import zlib

from words import HEROES, OBJECTS, PLACES, RARE_HEROES, RARE_OBJECTS, RARE_PLACES, NAMES, WORDS
from plots import BEATS, CLASS_USE, PLOTS, SKETCH, SKETCH_OPENINGS

PRONOUNS = {"m": ("he", "him", "his", "himself"), "f": ("she", "her", "her", "herself")}
MARK = re.compile(r"[\[{#]")
TAILLESS = ("opening", "object", "detail", "weather", "ending")


def enrich(template, tails=True):
    """Widens a template by rule, so that the template files stay readable.

    Things, food and crowds get an optional adjective, and a sentence of plain
    narration (outside quotes and brackets) an optional clause about somebody
    else. This lifts the corpus from 0.5 to about 1 nat per token.
    """
    template = re.sub(r"(the|a~|every) \{(q?thing)\}", r"\1 [#shade#|#color#|#size#|] {\2}", template)
    template = template.replace("#sweet#", "[#sweet#|#taste# #sweet#]")
    template = template.replace("the #crowd#", "the [#crowd#|#trait# #crowd#|#age# #crowd#]")
    out, depth, quoted = [], 0, False
    for c in template:
        depth += (c == "[") - (c == "]")
        quoted ^= c == '"'
        if c == "." and tails and depth == 0 and not quoted:
            out.append("#tail#")
        out.append(c)
    return "".join(out)


BEATS = {name: [enrich(t, name not in TAILLESS) for t in templates] for name, templates in BEATS.items()}
PLOTS = {name: {part: [enrich(t) for t in templates] for part, templates in plot.items()} for name, plot in PLOTS.items()}
WORDS.update({name: [enrich(t, False) for t in WORDS[name]] for name in ("sky", "sky2", "scene", "hobby3")})


class Story:
    """One document: the cast, the text so far, and the cost of its choices."""

    def __init__(self, rng):
        self.rng = rng
        self.nats = 0.0
        self.cast = {}
        self.words = set()  # nouns and names of the cast
        self.wordy = 1.0    # scales the chance of every optional beat
        self.told = set()   # plots of earlier episodes: none comes twice

    # -- choices ---------------------------------------------------------

    def pick(self, options, exponent=0.5):
        """An option; the one at rank r (from 1) has weight 1 / r**exponent."""
        weights = [1.0 / (rank + 1) ** exponent for rank in range(len(options))]
        index = self.rng.choices(range(len(options)), weights)[0]
        self.nats -= math.log(weights[index] / sum(weights))
        return options[index]

    def chance(self, p):
        hit = self.rng.random() < p
        self.nats -= math.log(p if hit else 1 - p)
        return hit

    def favourite(self, options, key):
        """pick(), the list rotated by a key: each noun gets its own favourite adjective."""
        shift = zlib.crc32(key.encode()) % len(options)
        return self.pick(options[shift:] + options[:shift])

    # -- expansion -------------------------------------------------------

    def expand(self, text):
        out = []
        while True:
            mark = MARK.search(text)
            if not mark:
                out.append(text)
                return "".join(out)
            at = mark.start()
            out.append(text[:at])
            if text[at] == "[":
                options, end = split_options(text, at)
                out.append(self.expand(self.pick(options)))
            elif text[at] == "#":
                end = text.index("#", at + 1) + 1
                name = text[at + 1:end - 1]
                value = self.expand(self.pick(WORDS[name.lower()]))
                out.append(capitalise(value) if name[0].isupper() else value)
            else:
                end = text.index("}", at) + 1
                out.append(self.lookup(text[at + 1:end - 1]))
            text = text[end:]

    def lookup(self, key):
        if key in self.cast:
            return self.expand(self.cast[key])
        return capitalise(self.expand(self.cast[key[0].lower() + key[1:]]))

    def perhaps(self, p):
        """Whether to tell an optional beat; a brief story skips most of them."""
        return self.chance(p * self.wordy)

    def beat(self, name):
        options = BEATS[name]
        return tidy(self.expand(self.pick(options)))

    # -- cast ------------------------------------------------------------

    def person(self, prefix, taken):
        """Adds a character: noun, name, adjective, pronouns under prefixed keys."""
        if prefix == "" and self.chance(0.12):
            noun, kind = self.pick(RARE_HEROES, 0.0)
        else:
            noun, kind = self.pick(HEROES, 0.5)
            while noun in taken:
                noun, kind = self.pick(HEROES, 0.5)
        taken.add(noun)
        self.words.add(noun)
        gender = kind if kind in PRONOUNS else self.pick(["m", "f"], 0.3)
        name = self.pick(NAMES[gender], 0.6)
        while name in taken:
            name = self.pick(NAMES[gender], 0.6)
        taken.add(name)
        self.words.add(name)
        he, him, his, himself = PRONOUNS[gender]
        self.cast.update({
            prefix + "n": noun, prefix + "name": name,
            prefix + "adj": self.favourite(WORDS["trait"], noun),
            prefix + "he": he, prefix + "him": him, prefix + "his": his, prefix + "self": himself,
            # How a sentence may name the character as its subject.
            prefix + "s": f"[{name}|the {noun}|the #mood# {noun}]",
        })

    def place(self, prefix, taken):
        if prefix == "" and self.chance(0.06):
            noun, prep = self.pick(RARE_PLACES, 0.0)
            things = WORDS["thing"]
        else:
            noun, prep, things = self.pick(PLACES, 0.5)
            while noun in taken:
                noun, prep, things = self.pick(PLACES, 0.5)
            things = things.split("|")
        taken.add(noun)
        self.words.add(noun)
        self.cast.update({
            (prefix or "p"): noun, prefix + "at": f"{prep} the {noun}",
            prefix + "padj": self.favourite(WORDS["placeadj"], noun),
            prefix + "prep": prep, prefix + "thing": self.pick(things),
        })

    def object(self, taken):
        if self.chance(0.10):
            noun, kind = self.pick(RARE_OBJECTS, 0.0)
        else:
            noun, kind = self.pick(OBJECTS, 0.5)
            while noun in taken:
                noun, kind = self.pick(OBJECTS, 0.5)
        taken.add(noun)
        self.words.add(noun)
        self.cast.update({"o": noun, "oadj": self.favourite(WORDS["objadj"], noun),
                          "use": CLASS_USE[kind][0], "effect": CLASS_USE[kind][1]})

    # -- the story -------------------------------------------------------

    def episode(self, first):
        """The beats of one trouble, from its cause to its ending, as paragraphs."""
        plot_name = self.pick([name for name in PLOTS if name not in self.told], 0.3)
        self.told.add(plot_name)
        plot = PLOTS[plot_name]
        part = lambda name: tidy(self.expand(self.pick(plot[name])))
        one = [self.beat("day") if first else self.beat("later")]
        for _ in range(2):
            if self.perhaps(0.4):
                one.append(self.beat(self.pick(["weather", "detail"])))
        one.append(part("trouble"))
        if self.perhaps(0.45):
            one.append(self.beat("feeling"))
        two = [part("attempt")]
        if self.perhaps(0.3):
            two.append(self.beat("detail"))
        if self.perhaps(0.35):
            two.append(self.beat("walk"))
        if self.perhaps(0.25):
            two.append(self.beat("detail"))
        two.append(self.beat("meet"))
        two.append(self.beat("ask"))
        two.append(part("advice"))
        if self.perhaps(0.4):
            two.append(self.beat("agree"))
        three = [part("solve")]
        if self.perhaps(0.3):
            three.append(self.beat("detail"))
        if self.perhaps(0.5):
            three.append(self.beat("thanks"))
        return [one, two, three]

    def tell(self, size):
        if size == "sketch":
            return self.sketch()
        return self.write(self.rng.choice([2, 2, 3]) if size == "long" else 1,
                          {"brief": 0.15, "plain": 1.0, "long": 0.7}[size])

    def write(self, episodes, wordy):
        self.wordy = wordy
        taken = set()
        self.person("", taken)
        self.object(taken)
        self.place("", taken)
        self.helper(taken)
        opening = [self.beat("opening")]
        if self.perhaps(0.45):
            opening.append(self.beat("home"))
        opening.append(self.beat("object"))
        if self.perhaps(0.4):
            opening.append(self.beat(self.pick(["detail", "habit"])))
        paragraphs = [opening]
        for number in range(episodes):
            if number:
                self.helper(taken)
            paragraphs += self.episode(number == 0)
        paragraphs[-1].append(self.beat("ending"))
        return "\n\n".join(" ".join(p) for p in paragraphs)

    def sketch(self):
        """A very short story: an opening, a few plain sentences, an ending."""
        taken = set()
        self.person("", taken)
        self.object(taken)
        self.place("", taken)
        self.helper(taken)
        self.cast.update({"qp": self.cast["p"], "qat": self.cast["at"]})   # one place only
        sentences = [self.pick(SKETCH_OPENINGS), "[One #daytime# {he}|{Name}|{He}] met {hname} the {hn} [{at}|near the {p}]."]
        middle = self.rng.sample(SKETCH, self.rng.randint(2, 6))
        sentences += sorted(middle, key=SKETCH.index)
        text = " ".join(tidy(self.expand(s)) for s in sentences)
        return text + (" The end." if self.chance(0.5) else "")

    def helper(self, taken):
        """A new helper, and a second place to meet in."""
        self.person("h", taken)
        self.place("q", taken)


def split_options(text, start):
    """The options of the bracket that opens at start, and the index after its end."""
    depth, options, begin = 0, [], start + 1
    for i in range(start, len(text)):
        c = text[i]
        if c == "[":
            depth += 1
        elif c == "]":
            depth -= 1
            if depth == 0:
                options.append(text[begin:i])
                return options, i + 1
        elif c == "|" and depth == 1:
            options.append(text[begin:i])
            begin = i + 1
    raise ValueError("unclosed bracket: " + text)


def capitalise(text):
    return text[:1].upper() + text[1:]


def tidy(text):
    """Articles, and the spaces that empty options leave behind."""
    text = re.sub(r" +", " ", text).strip()
    text = re.sub(r" ([,.!?])", r"\1", text).replace("..", ".")
    return re.sub(r"\b([Aa])~ (\w+)", lambda m: (m[1] + "n " if starts_with_vowel(m[2]) else m[1] + " ") + m[2], text)


def starts_with_vowel(word):
    """Whether a word is spoken with a vowel first, for the words of this grammar."""
    return word.startswith("honest") or word[0] in "aeiou" and not word.startswith(("uni", "one"))


def with_article(noun):
    return ("an " if starts_with_vowel(noun) else "a ") + noun


# -- instructions --------------------------------------------------------

ASK = ["Tell me {kind} about {what}", "Write {kind} about {what}", "{kind} about {what}",
       "Please tell me {kind} about {what}", "Can you tell me {kind} about {what}?",
       "I would like to hear {kind} about {what}", "Make up {kind} about {what}",
       "Write {kind} with {what} in it", "Could you write {kind} about {what}, please?",
       "Give me {kind} with {what}", "Once upon a time there was {what}. Go on",
       "Do you know {kind} about {what}?", "Let us hear {kind} about {what}"]
ASK_ANY = ["Tell me {kind}", "Write {kind}", "Please tell me {kind}", "Can you tell me {kind}?",
           "I would like to hear {kind}", "Do you know {kind}?", "Hello! Tell me {kind}"]


def instruction(rng, cast, size):
    """What a user might have typed to get this story: only words the story honours."""
    hero, thing, place = with_article(cast["n"]), with_article(cast["o"]), cast["at"]
    helper = with_article(cast["hn"])
    named = f"{hero} {rng.choice(['named', 'called'])} {cast['name']}"
    lost = rng.choice([f"{hero} who has {thing}", f"{hero} with {thing}"])
    what = rng.choices(
        [f"{hero} and {thing}", f"{thing} and {hero}", hero, thing, f"{hero} {place}", f"{named}",
         f"{hero} and {helper}", f"{hero}, {thing} and {with_article(cast['p'])}", lost,
         f"{named} and {thing}", f"{hero} and {thing} {place}", f"{thing} {place}", f"the {cast['p']}",
         f"{hero}, {helper} and {thing}"],
        [24, 8, 12, 8, 6, 5, 7, 5, 5, 4, 4, 3, 3, 4])[0]
    length = rng.choices(["", "short ", "long "], {"sketch": [1, 1, 0], "brief": [3, 2, 0], "plain": [8, 0, 0], "long": [3, 0, 3]}[size])[0]
    noun = rng.choices(["story", "tale", "bedtime story", "fairy tale"], [8, 2, 1, 1])[0]
    if size == "sketch":
        length = rng.choice(["very short ", "very short ", "tiny "])
    kind = "a " + length + noun
    text = rng.choices(ASK, [1 / (r + 1) for r in range(len(ASK))])[0] if rng.random() < 0.95 else rng.choice(ASK_ANY)
    text = capitalise(text.format(kind=kind, what=what))
    if text[-1] != "?" and rng.random() < 0.6:
        text += rng.choice([".", ".", ".", "!"])
    if rng.random() < 0.2:
        text = text.lower()
    return text


FOLLOW_UP = ["Tell me another story about {what}", "And now a story about {what}", "Now a tale about {what}",
             "Another one, about {what}, please", "Thank you! Now tell me one about {what}"]


def document(seed, sketch=None):
    """One document: its turns as (role, text), the cost of its choices, and the words of its cast.

    Raw stories have the single role "raw". Seeded by its number, so any
    document can be written again without those before it. sketch asks for a
    very short story, or for another size; None leaves it to the seed.
    """
    rng = random.Random(seed)
    size = rng.choices(["sketch", "brief", "plain", "long"], [15, 30, 34, 21])[0]
    if sketch is not None and sketch != (size == "sketch"):
        size = "sketch" if sketch else "plain"
    story = Story(rng)
    text = story.tell(size)
    words = story.words
    if rng.random() < 0.2:
        return [("raw", text)], story.nats, words
    turns = [("user", instruction(rng, story.cast, size)), ("assistant", text)]
    if size != "long" and rng.random() < 0.12:
        again = Story(rng)
        text = again.tell(size)
        cast = again.cast
        what = rng.choice([with_article(cast["n"]), f"{with_article(cast['n'])} and {with_article(cast['o'])}"])
        turns += [("user", rng.choice(FOLLOW_UP).format(what=what) + rng.choice([".", "", "!"])), ("assistant", text)]
        story.nats += again.nats
        words = words | again.words
    return turns, story.nats, words
