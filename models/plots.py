"""Sentence templates: the beats every story shares, and the plots that differ.

Marks as in story_grammar.py. The cast: n/name/adj/he/him/his/self/s is the
hero, the same with h- in front the helper; o/oadj the object; p/at/padj the
hero's place, q/qat the place of the helper; f the friend who needs help.
All narration is in the past tense, so that verbs need no agreement.
"""

BEATS = {
    "opening": [
        "Once upon a time[, {prep} a~ {padj} {p},| {prep} a~ {padj} {p},|, {at},| {at}] there [lived|was] a~ {adj} {n} [named|called] {name}[.|.|, who #hobby2#.|, who wore a~ #color# #garment#.|, who had #heap#.|, and #scene#.]",
        "[Long ago|Many years ago|Not so long ago|In a faraway land|Once|Far away|One #season#], {at}, [lived|there lived|there was] a~ {adj} {n} [named|called|whose name was|by the name of] {name}.",
        "{name} was a~ {adj} {n} who [lived|had always lived|lived all alone|lived happily|lived with {his} family|made {his} home] [{at}|{prep} a~ {padj} {p}].",
        "There was once a~ {adj} [and #trait# |]{n} [named|called] {name}, who lived [{at}|{prep} a~ {padj} {p}|near a~ {padj} {p}][ with #heap#| with #trinket# and #heap#| in a~ #color# house|].",
        "Everyone {at} knew {name}, the {adj} {n}[, who #hobby2#|, for {he} was the only {n} there|, because {he} was so #trait#|].",
        "{Prep} the {padj} {p}, [where #scenery#|behind a~ {thing}|beside a~ {thing}|under the #color# sky], [there lived|lived] a~ {adj} {n} [named|called] {name}.",
        "This is the [story|tale] of {name}, a~ {adj} {n} [who lived {at}|from the {padj} {p}][, and of the {oadj} {o}|, and of a~ {oadj} {o}|].",
    ],
    "home": [
        "[{His} house|{His} home|{His} little house|{His} room|{His} bed] [stood|was|lay] [beside|behind|under|next to|not far from] a~ [#color#|big|round|little|broken|mossy|tall] {thing}, [and|where] [#scenery#|it smelled of #sweet#|everything was #color# in #season#|nobody ever came by|the #crowd# often came to visit].",
        "[It was a~ {padj} place|The {p} was #placeadj#], [and|where] [#scenery#|life was simple|the days were long|nobody was ever in a hurry|there was always something to do].",
        "{He} [loved|liked|enjoyed|was fond of] #hobby#[ and #hobby#|], [but|and] [most of all|above all|more than anything|best of all] {he} [loved|liked] #sweet#[ with #sweet#|].",
        "{He} had [a~ #color# [door|roof|chair|cup|#garment#]|#heap# and #trinket#|#bignumber# [brothers|sisters|cousins|chairs|clocks]|#heap#], and [{he} was always #glad#|every #daytime# {he} ate #sweet#|{he} [never|rarely|seldom] felt #sad#|{he} liked it that way].",
        "[All day long|Every #daytime#|In #season#|On Sundays] {he} [could be seen|spent {his} time|was busy|passed the hours] #hobby#[, even when #sky#|, and nobody minded|, and {he} never got tired of it|].",
    ],
    "object": [
        "{He} [had|owned|kept|always carried|was the owner of] a~ {oadj} {o}[, and {he} never went anywhere without it|, which {he} loved dearly|, which was {his} greatest treasure|, which had once belonged to {his} [grandmother|grandfather|mother|father|best friend]|, for it had cost {him} #heap#|, and it shone #simile#|, and beside it lay #trinket#|].",
        "[One day|One #daytime#|Last #season#|Long before|On {his} birthday], {he} [found|discovered] a~ {oadj} {o} [behind a~ {thing}|under a~ {thing}|beside the road|lying in the grass|in a~ #color# box], and [from then on|since then|after that] {he} [took it everywhere|kept it [safe|close|under {his} bed|by the door]|looked after it every day|would not part with it].",
        "[One day|One #daytime#|Last #season#|On {his} birthday], [{his} [grandmother|uncle|mother|father|teacher|sister]|a~ #trait# #persons#|an old #persons#] [gave {him}|sent {him}|brought {him}|made {him}] a~ {oadj} {o}, and [{he} [kept it|hung it|put it] #near# the {thing}|{he} took it everywhere|{he} looked after it every day|{he} thought it was #simile2#].",
        "{His} [favorite|dearest|most precious] [thing|possession] was a~ {oadj} {o}[ that [hung|lay|stood] [by the door|near the window|beside {his} bed|on a shelf]|, a gift from [{his} [grandmother|grandfather|mother|father|sister|brother]|a~ #trait# #persons#|an old #persons#]|, bought for #heap#|, and it was #simile2#|, which {he} [cleaned|polished|admired] every #daytime#|].",
        "[Nothing|No treasure] in the world [was as dear to {him} as|, not even #heap#, meant as much to {him} as|made {him} as #glad# as|meant more to {him} than] {his} {oadj} {o}.",
        "[In the corner of {his} room|On a shelf|By {his} bed|Beside the door|In a #color# box] {he} kept a~ {oadj} {o}, [and nobody knew where it came from|and {he} was very proud of it|for {he} believed it brought good luck|because it reminded {him} of {his} [mother|father|grandmother|old friend]|and sometimes {he} [talked|sang|smiled] to it].",
    ],
    "detail": [
        "#Who# #did# #near# the #shade# {thing}, and #who# #did# #manner#.",
        "[The air|Everything|The whole {p}] smelled of #sweet# and #smell#, and #scene#.",
        "[Under|Behind|Beside|Near] the #shade# {thing} [lay|were|waited] #heap# and #trinket#.",
        "{His} pockets were full of #plural#: #heap#, #heap# and #trinket#.",
        "{He} [wore|put on|had on] a~ #color# #garment# with #heap# [on the sleeves|all over it|in the pocket].",
        "[#Far#|Somewhere], #scene#, #simile#.",
        "[For supper|For breakfast|At noon] {he} [ate|had|cooked] #sweet# with #sweet# [from a~ #color# bowl|and gave the rest to #who#|and thought of #virtue#].",
        "{He} counted #heap# and #heap#, [then counted again|and felt #glad#|and was #simile2#|and forgot the time].",
        "#Who# [gave|showed|sold|threw] {him} #trinket#, [and in return {he} gave away #heap#|but {he} wanted #heap#|and {he} put it #near# the {thing}].",
        "#Scene#, and #scene#.",
    ],
    "habit": [
        "[Every|Each] #daytime# {he} [walked|hurried|went|strolled] to the {thing} [and #looked# at the sky|to greet the #crowd#|to look for #sweet#|with the {o} at {his} side|and thought about #virtue#].",
        "The #crowd# [often|sometimes|always] [said|whispered|joked] that {name} [and the {o} belonged together|loved the {o} more than #sweet#|was too #trait#|was the [most|least] #trait# {n} in the world|would do something great one day].",
        "[But|Still,|And yet] {he} [wished|dreamed] [every #daytime#|more than anything|secretly|sometimes] [for an adventure|for a friend|of the world beyond the {p}|that something would happen|of seeing the {q}].",
        "[When #sky#|On #dayadj# days|Whenever {he} felt #sad#], {he} [took the {o} in {his} hands|sat by the {thing}|thought of the {q}|ate #sweet#] and [felt better|smiled|hummed a [song|tune]|dreamed of #virtue#|waited].",
    ],
    "day": [
        "[One|But one|Then one] #dayadj# #daytime#[ in #season#|], [everything changed|something [strange|terrible|unexpected|curious] happened|{he} woke up early|{name} heard #noise#|{name} went out [with the {o}|for a walk|to look for #sweet#]].",
        "[One #daytime#|One #season#|One day], [while {he} was #hobby#|as {he} was #hobby#|just as {he} was eating #sweet#|when #sky#|while the #crowd# were still asleep], {he} heard #noise# [behind the {thing}|outside|#far#|in the distance].",
        "It was a~ #dayadj# #daytime#[ in #season#|] when [the trouble began|everything went wrong|it happened|{name} [noticed|understood] that something was wrong].",
        "[Then|But then] [came|there came] a~ #dayadj# #daytime# [that {name} would never forget|when nothing went right|and with it came trouble|that changed everything].",
    ],
    "later": [
        "[The next|A few days later, on a~ #dayadj#|A week later, one|The following|Some time later, on a~ #dayadj#] #daytime#, [{name} was #hobby#|#scene#|{name} was out walking|{name} was eating #sweet#], when [a new trouble came|another adventure began|something happened again|there was more trouble|#noise# came from the {thing}].",
        "But [that was not the end|the story was not over yet|this was not {his} last adventure|peace did not last long]. [One #dayadj# #daytime#|#Bignumber# days later|When #season# came], [{name} found {self} in trouble again|the #crowd# came running to {name}|{s} heard #noise#|trouble came back].",
        "[A month|A year|#Bignumber# weeks|#Bignumber# days] passed, and [#season# came|it was #season#|{name} had almost forgotten the trouble]. Then, one #dayadj# #daytime#, [{he} heard #noise#|something happened|#sky#, and the {p} was in trouble].",
    ],
    "weather": [
        "#Sky#[, and|, while] [#scene#|#sky2#].",
        "The [wind|air|sky|light|day] was #simile#, and [#sky#|#scenery#|it smelled of [rain|snow|smoke|#sweet#]].",
        "[Above|Over|All around|Behind] the {p}, #scene#[ and #sky2#|].",
        "It was so [cold|dark|quiet|foggy|windy|still|hot] that [nobody wanted to go outside|you could hear #animalthing# fall|#who# #did# #manner#|even the #crowd# stayed at home|{he} could [hardly|barely] see the {thing}|the {thing} [creaked|trembled|shone]].",
    ],
    "feeling": [
        "{Name} [felt|was|looked] so #sad# that {he} [sat down #near# the #shade# {thing}|could not eat [any #sweet#|]|forgot all about #hobby#|said nothing for #bignumber# hours|cried #simile#].",
        "\"[Oh no|Oh dear|What now|This is terrible|How awful|Dear me][!|,]\" [cried|said|whispered|sighed|thought] {s}. \"[What shall I do|Who can help me|What am I going to do|How can I ever put this right|Why does this happen to me]?\"",
        "{His} heart [sank|beat fast|was #simile#|grew heavy #simile#|felt #simile2#]. [But|Still,] {he} [did not give up|took a deep breath|wanted to be brave|knew that there was no time to lose|remembered that #virtue# can move mountains].",
        "At first {he} [was only #sad#|felt #sad# and #sad#|wanted to hide|did not know what to do], but then {he} [thought of #virtue#|made a plan|had an idea|stood up|dried {his} tears|put on {his} coat].",
        "The #crowd# were #sad# too[, and [nobody|no one] knew what to do|, but nobody could help|, and they all [looked|turned] to {name}|].",
    ],
    "walk": [
        "On the way {he} [met|saw|passed] [#who#|#who# with #heap#|a~ #trait# [shepherd|traveler|stranger|sailor|postman] in a~ #color# #garment#|#animalthing# and #heap#|#who# and #who#], but [nobody could help|{he} did not stop|nobody had seen anything|there was no time to talk|{he} #walked# on|that was no help].",
        "{He} #walked# [past the {thing}|over #bignumber# [hills|bridges|fields]|through the [mud|snow|tall grass|rain|dark]|all day and all night|until {his} feet hurt] and [#looked#|called|listened] [everywhere|behind every {thing}|up and down|again and again].",
        "The road was [long|steep|muddy|dark|lonely|full of stones], and [#sky#|{his} feet hurt|{he} was #sad#|more than once {he} wanted to turn back], but [{he} #walked# on|{he} thought of #virtue#|{he} did not turn back|the stars showed {him} the way].",
    ],
    "meet": [
        "[#Time#|There], {qat}, {he} met a~ {hadj} {hn} [named|called] {hname}[, who was #hobby#|, who wore a~ #color# #garment# with #heap#|, who was eating #sweet#|, who carried #heap# and #trinket#|, with #trinket# in {hhis} hand|].",
        "{Qat}, [beside|behind|under|near] a~ {qthing}, [sat|stood|waited|rested] a~ {hadj} {hn}. [{Hhis} name was {hname}|It was {hname}][, and {hhe} wore a~ #color# #garment# with #heap#|, and {hhe} was #hobby#|, and {hhe} looked #simile2#|, and {hhe} was counting #heap#|].",
        "[Just then|At that moment|#Time#], a~ {hadj} {hn} [in a~ #color# #garment# |with #heap# |with #trinket# |][came along|stepped out from behind a~ #shade# {qthing}|came down the road|appeared]. \"[My name is|I am|They call me] {hname},\" {hhe} [said|whispered|called|murmured][ #soft#|].",
        "{He} #walked# [all the way |]to the {q}, where {hname}[ the {hn}| the {hadj} {hn}|, a~ {hadj} {hn},] [lived|was #hobby#|sat in the [sun|shade|rain|grass] with #heap#|was painting #trinket# #color#|sold #heap# and #sweet#].",
        "[It was then that|And so] {name} [met|came upon|found] {hname}, a~ {hadj} {hn}, [{qat}|who lived {qat}|who had come from the {q}|who was on {hhis} way to the {q}].",
    ],
    "ask": [
        "\"[Why do you look so|Why are you so] #sad#?\" [asked {hs}|{hhe} asked][ #soft#|]. [{Name}|{S}] [told {hhim} everything|told the whole story|explained what had happened|sighed and told {hhim} all about it].",
        "\"[Please|Dear {hn}|{Hname}|Excuse me], [can you help me|will you help me|what would you do|have you any advice|do you know what to do]?\" asked {s}[ #soft#|]. {Hs} [thought for a while|nodded|scratched {hhis} head|smiled|closed {hhis} eyes|listened #soft2#|put down {hhis} [cup|book|basket|hat]].",
        "\"[Good #daytime#|Hello|Good day|Welcome|Oh, a visitor]!\" [said|called|cried] {hs}. \"[What brings you here|What is troubling you|Can I help you|Is something wrong|Where are you going][?|, my friend?]\" [So|And] {name} [told {hhim} everything|told the whole story|explained what had happened].",
        "{S} [did not dare to speak|was too #sad# to speak|did not know what to say] at first. \"[Do not be afraid|Sit down|Tell me|Come closer|Have some #sweet#],\" #said0# {hs}[ #soft#|]. \"[What has happened|What is the matter|What is wrong]?\" And {he} told {hhim}.",
    ],
    "agree": [
        "\"[Thank you|What a good idea|You are right|I will try|Let us go][!|,]\" #said0# {s}[ #soft#|], [and|and so] [they set off together|they shook hands|they went #quick2#|{he} felt a little #glad#|they shared some #sweet# first].",
        "\"[But what|And what] if [I am too weak|it is too dark|it does not work|it is too late|it is too far|I lose my way|I fall down|it rains]?\" [asked|whispered] {s}. \"[I will come with you|Then we will try again|Be brave|#Virtue# will help you|You are stronger than you think],\" #said0# {hs}.",
        "[So|And so] the {n} and the {hn} [set off|went to work|made a plan|started] [together|at once|before #sky#|side by side|without another word].",
        "They [shared|ate] [some #sweet#|#sweet# and #sweet#] and [made a plan|talked until #daytime#|#looked# at the stars|became friends]. [Then|#Time#] they [set off|got to work|were ready].",
    ],
    "thanks": [
        "\"[Thank you|I will never forget this|You saved the day|What would I do without you],[ {hname}| my friend| dear friend| dear {hn}]!\" [said|cried|called|laughed|whispered] {s}. \"[It was nothing|That is what friends are for|You did it yourself|You are welcome|We did it together|Just bring me #heap#|Keep this #material# #small# and think of me|Give me #sweet# and #sweet#],\" #said0# {hs}[ #soft#|].",
        "To thank {hhim}, {name} [gave {hhim} #heap# and #trinket#|gave {hhim} #heap#|baked {hhim} a cake with #sweet# and #bignumber# #plural#|invited {hhim} to dinner|sang {hhim} a song|promised to visit {hhim} [every #season#|soon]], and {hname} [laughed|was #glad#|bowed|smiled|blushed].",
        "[The #crowd#|All the #crowd#] [cheered|danced|clapped|sang|came] [with #heap#|#simile#|in #color# [hats|coats|boots]|with #sweet# and #heap#|], and {name} and {hname} [laughed|danced|ate #sweet#|were #glad#] [together|until #daytime#|all night long|side by side].",
        "{Hname} [smiled|nodded|laughed|bowed|waved]. \"[You see|Remember|Well],\" {hhe} said, \"[#virtue# is worth more than gold|there is always a way|nobody is too #trait# to help|you only have to ask|a~ {o} is good, but a friend is better].\"",
    ],
    "ending": [
        "[From that day on|After that|Ever since|From then on], {name} and {hname} were [the best of friends|good friends|friends for life], and [every #daytime#|every #season#|on #dayadj# days|whenever #sky#] they [met {qat} and [ate #sweet#|counted #plural#|talked of #virtue#]|ate #sweet# with #sweet#|told each other stories of #heap#|went #hobby3# together|sat #near# the #shade# {thing}].",
        "And [whenever|if ever|when] [#sky#|someone was #sad#|the #crowd# asked for a story|#season# came], {name} [took out the {o}|told this story|thought of {hname}|looked at the {o}] and [smiled|laughed|felt #glad#|remembered #virtue#|was #simile2#|sang #manner#].",
        "That [night|#daytime#], {name} [slept well|went home #glad#|lay in bed and smiled|fell asleep with the {o} beside {him}|looked at the stars for a long time], [and|for] [{he} had learned that #virtue# [matters most|is the best treasure|makes us strong|never fails]|{he} was not #sad# any more|{he} knew {he} was not alone|everything was as it should be|{he} dreamed of #heap#|in {his} dream #scene#].",
        "So [{name}|the {n}|the {adj} {n}] learned that #virtue# is [worth more than|better than|stronger than] [gold|a~ {o}|all the treasure in the world|fear|#virtue#]. [The end.|And they all lived happily ever after.|And that is the end of the story.|]",
        "And they all [lived happily ever after|ate #sweet# with #sweet#|danced #manner# until #daytime#|went home #glad# and #glad#|lived in peace {at}, #simile#]. [The end.|]",
        "And the {o}? It [still [hangs|stands|lies|rests] [by the door|in the window|beside {his} bed|{at}]|was never [lost|forgotten|lonely] again|was given to {hname} [as a gift|in the end]|became the most famous {o} in the land], and [there is #trinket# beside it|the #crowd# still talk about it|it reminds them all of #virtue#|it shines #simile#].",
    ],
}

# Sentences of the very short stories. Everyone and everything is named again and
# again: this is where the models learn to look up who and what the story is about.
SKETCH_OPENINGS = [
    "{Name} was a~ {adj} {n}. {He} lived {at} and had a~ {oadj} {o}.",
    "Once upon a time there was a~ {adj} {n} named {name}. {He} had a~ {oadj} {o}.",
    "There was once a~ {adj} {n} called {name}, who lived {at} and had a~ {oadj} {o}.",
    "A~ {adj} {n} lived {at}. {His} name was {name}, and {he} had a~ {oadj} {o}.",
]
SKETCH = [
    "{Name} the {n} loved the {o}.",
    "The {oadj} {o} belonged to {name}, and {he} was #glad#.",
    "Every #daytime# the {n} took the {o} to the {p}.",
    "\"This is my {o},\" said {name} the {n}.",
    "{Name} liked the {p}, and {he} liked #sweet#.",
    "{Hname} was a~ {hadj} {hn}, and {hhe} was #hobby#.",
    "\"Good #daytime#, {name},\" said {hname} the {hn}.",
    "\"Hello, {hname},\" said {name} the {n}.",
    "{S} showed {hname} the {o}, and {hhe} was #glad#.",
    "The {n} and the {hn} walked to the {p} with the {o}.",
    "\"What a~ {oadj} {o}!\" said {hname}. \"It is the best {o} in the world.\"",
    "{Hname} lost {hhis} #garment#, and {name} looked for it with {his} {o}.",
    "#Sky#, so {name} and {hname} shared the {o}.",
    "{S} gave {hs} #sweet#, and {hs} gave {him} #heap#.",
    "The {n} was #sad#, but the {hn} stayed with {him}.",
]

# What an object of each class does, and what comes of it.
CLASS_USE = {
    "light": ("[lit|held up|raised] the {o}[ #quick#|]",
              "[Its|The] [warm|golden|soft|bright|little] light [fell on|shone over|lit up|reached] [the path|every {thing}|the whole {p}|the dark corners]"),
    "sound": ("[played|sounded|took out|tried] the {o}[ #quick#|]",
              "The [clear|sweet|loud|strange|merry] sound [carried|rang|floated|rolled] [over the {p}|through the air|from {thing} to {thing}|into the dark]"),
    "guide": ("[studied|opened|took out|looked at] the {o}[ #quick#|]",
              "It [showed|told|taught] them [where to go|exactly what to do|the secret of the {p}|which way was right|that the answer was close]"),
    "tool": ("[used|took|worked with|fetched] the {o}[ #quick#|]",
             "[It was hard work|It took a long time|They worked for #bignumber# hours], but [the {o} did not break|they did not stop|the {o} was strong|step by step it went better]"),
    "ride": ("[climbed into|got out|made ready|pulled out] the {o}[ #quick#|]",
             "[Faster and faster|Up and down|Through wind and rain|Bravely|Swiftly] it [carried|brought|took] them [across the {p}|over the {thing}|to the right place|past every danger]"),
    "wrap": ("[took out|unfolded|shook out|spread out] the {o}[ #quick#|]",
             "It [kept out the [wind|rain|cold|snow]|was [soft|warm|big] enough for two|kept them [warm|dry|safe]], [and|so that] [nobody was cold any more|nobody was afraid any more|they could go on|they could wait until the storm passed]"),
    "food": ("[shared|brought out|cut up|offered] the {o}[ #quick#|]",
             "It [smelled|tasted] so [good|sweet|wonderful|fresh] that [everyone came to help|everyone felt strong again|even the #crowd# came closer|nobody could stay #sad#]"),
    "jewel": ("[held up|showed|took out|turned] the {o}[ #quick#|]",
              "It [shone|sparkled|glittered|gleamed] like [a star|the moon|the sun|fire|water], and [everyone came to look|they could see the way|all eyes turned to it|all the #crowd# gathered round]"),
    "bag": ("[emptied|filled|took|carried over] the {o}[ #quick#|]",
            "[It held|There was room in it for] [more than they had thought|just enough|everything they needed], and [soon the work was done|it went from hand to hand|not a drop was lost|nobody had to carry too much]"),
}

PLOTS = {
    "lost": {  # the object is lost; found again where the helper saw it
        "trouble": [
            "{S} [reached for|looked for|wanted to fetch] the {o}, but it was [gone|nowhere to be seen|not in its place]. [The wind must have carried it away|It must have fallen on the way|Someone must have moved it|There was only #animalthing# in its place].",
            "[As|While] {he} [crossed the {p}|#walked# past the {thing}|was #hobby#], a [strong|sudden|wild] wind [took|tore|snatched] the {o} [away|out of {his} hands], and [#time#|in a moment] it was [gone|out of sight|lost].",
            "The {oadj} {o} was [gone|lost|missing]! {He} had [left it|put it down|forgotten it] [{at}|by the {thing}|beside the road], and [now|when {he} came back] [there was nothing there|only #animalthing# was there|it had disappeared].",
        ],
        "attempt": [
            "{S} #looked# [under|behind|beside] [every|the] {thing}[, in #bignumber# [boxes|baskets|corners]|, and even in the #sweet#|], but [found only #heap# and #trinket#|found only #animalthing#|the {o} was not there|there was no {o} to be found].",
            "[First|So] {he} [asked|questioned] the #crowd#, but [nobody had seen it|they only shook their heads|they had seen only #animalthing#|they were busy #hobby#]. Then {he} #walked# [to the {q}|away from the {p}|over the hill] to [search|look|ask] [there|further].",
        ],
        "advice": [
            "\"[I saw|I think I saw|#Animalthing# told me about|I have seen] a~ {oadj} {o} [by|under|behind|near] a~ {qthing} [this #daytime#|yesterday|#far#],\" #said0# {hs}[ #soft#|].",
            "\"[Lost things|Things that are lost] [like to hide|are often closer than we think|wait for those who look],\" #said0# {hs}. \"[Let us look|Come, we will look|We must look] #near# the #shade# {qthing}[ together|].\"",
        ],
        "solve": [
            "[So|Together] they #looked# [behind|under|near] the {qthing}, and [there it was|there lay the {o}]: [a little dusty, but not broken|wet, but safe]! {S} [picked it up|took it in {his} arms|held it tight|danced for joy] and [laughed|cried|smiled|was #glad# again].",
            "They #walked# {qat} until {hname} [called out|cried|shouted|whistled]: \"[Look|There|Here it is|Come quick]!\" [Under|Behind|Beside] the {qthing} [lay|was] the {o}, [safe and sound|covered in [leaves|mud|dust|snow]|and #animalthing# was sitting on it].",
        ],
    },
    "broken": {  # the object breaks; the helper mends it
        "trouble": [
            "{S} [tripped over|fell over|ran into] a~ [#color#|big|hidden|round] {thing}, and the {o} [fell|slipped] [to the ground|from {his} hands]. [Crack|Crash|Bang]! [Now|When {he} looked,] it was [broken|in two pieces|badly damaged|bent and broken].",
            "[When|As] {he} [picked up|took|lifted] the {o}, [something cracked|there was a crack|it came apart|it bent like [straw|paper|a reed]], and [#bignumber# little pieces fell down|a piece broke off|it was broken].",
            "A [storm|gust of wind|careless #trait# bird|falling branch] [knocked|threw] the {o} [off the {thing}|to the ground|from its shelf], and it [broke|broke in two|was broken].",
        ],
        "attempt": [
            "{He} tried to [mend|repair|fix] it with [string|glue|honey|wax|mud|paper|#heap#|#bignumber# nails|#trinket#] [and #sweet#|and #trinket#|], but [it fell apart again|that only made it worse|{his} hands were too [small|big|cold|weak|slow]|it did not hold].",
            "{S} [carried|took|brought] the pieces to the #crowd#, but [they had never seen such a thing|nobody knew how to mend it|they only sighed|they said it was too late]. [So|Then] {he} [put them in a bag|wrapped them in a cloth] and #walked# [to the {q}|on].",
        ],
        "advice": [
            "\"[Let me see|Give it to me|Show me]. [I have mended worse things|My [mother|father|uncle] taught me how to mend a~ {o}|All it needs is #virtue# and a little [glue|thread|wax]|Broken things can be mended],\" #said0# {hs}[ #soft#|].",
            "\"[A broken {o} is not the end of the world|What is broken can be whole again|I can mend it],\" #said0# {hs}, \"[but you must hold the light|if you help me|but it will take until #daytime#|but I need #heap#].\"",
        ],
        "solve": [
            "[All #daytime# long|For #bignumber# hours|While #sky#] they [worked|hammered|glued|sewed] [side by side|by the fire|{qat}], and [#time#|when they had finished] the {o} was [whole again|as good as new|more beautiful than before|mended].",
            "{Hs} [worked #soft2#|hummed while {hhe} worked|bent over the pieces], and {name} [held the [light|nails|string|pieces]|brought {hhim} #sweet#|counted the #plural#|watched #simile#|told stories of #heap#]. [#Time#|At last] [the {o} was mended|not a crack could be seen|it was as good as new]. {Name} [jumped for joy|could hardly believe it|held it up to the light|was so #glad# that {he} sang].",
        ],
    },
    "stolen": {  # a thief took the object, for a reason; kindness brings it back
        "trouble": [
            "[During the night|While {he} slept|While {he} was #hobby#], [someone|a thief|a~ #trait# goblin|a~ #trait# crow] had [taken|stolen] the {o}. [There were [small|muddy|strange|#color#] footprints by the {thing}|The door stood open|Only #heap# were left|Only #trinket# was left].",
            "A~ #trait# [magpie|goblin|crow|rat] [jumped out from behind the {thing}|came flying by|crept in], [took|grabbed|snatched] the {o} and [ran away|was gone|disappeared] before {name} could [say a word|shout|move].",
        ],
        "attempt": [
            "{S} [ran after the thief|followed the tracks|called for help], but [the thief was too fast|the tracks ended at a~ {thing}|#sky# and {he} lost the way|nobody came].",
            "{He} [waited|sat] [all #daytime#|for #bignumber# days] behind the {thing} [to catch the thief|with a net], but [nobody came|{he} fell asleep|only #animalthing# came by]. [So|Then] {he} #walked# to the {q}.",
        ],
        "advice": [
            "\"[The thief is not bad, only|I know that thief. It is only|Whoever took it must be] [lonely|hungry|cold|#sad#],\" #said0# {hs}[ #soft#|]. \"[Bring #heap#|Bring some #sweet#|Do not shout|Just ask kindly|Try #virtue#].\"",
            "\"[I saw somebody|I heard somebody|Somebody came by here] with a~ {o} [this #daytime#|last night|hiding behind a~ {qthing}],\" #said0# {hs}. \"[We should talk|Let us be clever, not angry|Bring #sweet# and be kind|Follow me].\"",
        ],
        "solve": [
            "They found the thief [behind a~ {qthing}|{qat}|in a hole in the ground], [crying|all alone|trembling with cold|hugging the {o}]. \"I [only wanted [a friend|to hear it|to look at it]|was so [lonely|hungry|cold|#sad#]|am sorry],\" said the thief. {S} [gave the thief #sweet#|was not angry any more|held out a hand], and [got the {o} back|the thief gave back the {o}|the {o} came home].",
            "{Name} [put down|left] a~ #material# plate of #sweet# and #heap# [by the {qthing}|{qat}], and [#time#|when #sky#] the thief came. \"[Are you hungry|Why did you take it|Do you need a friend]?\" asked {name}. The thief [nodded|began to cry|blushed] and [gave back the {o}|said sorry|handed {him} the {o}], and [they ate together|all was forgiven|nobody was angry].",
        ],
    },
    "missing": {  # a friend is missing; the object finds the friend
        "trouble": [
            "{His} [little|younger|big] [brother|sister|cousin] had [gone to the {q}|gone out to play|gone to look for #sweet#] and [had not come back|was nowhere to be found|was lost], and [#sky#|it was getting dark|it was growing cold].",
            "[The #crowd# came running|There was a knock at the door|Someone shouted]. \"[Help|Come quickly|Oh, {name}]! [A child|A little lamb|The baker's son|The smallest of us|An old man] is lost [{qat}|in the [fog|snow|dark|storm]]!\"",
        ],
        "attempt": [
            "{S} #walked# [out into the [dark|cold|rain|fog]|to the {q}] and called #bignumber# times, but [there was no answer|only the wind answered|{he} heard only #noise#|{his} voice was too weak].",
            "The #crowd# #looked# [everywhere|behind every {thing}|until #daytime#], but [the [fog|snow|grass] was too [thick|deep|high]|they found only #trinket# and #heap#|the lost one was not there]. [Only {name} did not give up|{Name} took the {o} and went on alone].",
        ],
        "advice": [
            "\"[Quiet|Listen|Wait]! I [heard #noise#|saw something move|heard someone cry] [behind the {qthing}|#far#|by the {qthing}],\" #said0# {hs}. \"[Use your {o}|Have you tried your {o}|What about your {o}]!\"",
            "\"[I know every {qthing} here|I know the {q} well|Nobody knows the {q} better than I do],\" #said0# {hs}[ #soft#|]. \"[I will show you the way|Take your {o} and follow me|With your {o} we can do it].\"",
        ],
        "solve": [
            "{Name} {use}. {effect}, and [#time#|then] they [heard #noise#|saw someone [wave|move]|heard a small voice] [behind a~ {qthing}|under a~ {qthing}|#far#]. [The lost one was found|There sat the lost one], [cold but safe|safe and sound|a little #sad#, but well], and [they went home together|everyone was #glad#|nobody was lost any more].",
        ],
    },
    "dark": {  # the hero is lost; the object brings the hero home
        "trouble": [
            "{S} had #walked# [too far|to the {q}|farther than ever before] [to look for #sweet#|while #hobby#|without thinking], and [now|when #sky#] {he} [did not know the way home|was lost|could not find the way back].",
            "[Fog|Darkness|Snow|A storm] [came over|fell on|covered] the {p} so [fast|suddenly|thickly] that {name} [lost {his} way|could not see {his} own [feet|nose|hands]|could not find the way home].",
        ],
        "attempt": [
            "{He} [went left|turned right|followed the stars|followed a path], [but|and] [came back to the same #shade# {thing}|the path ended at a~ {thing}|#sky#|after #bignumber# steps {he} fell over a~ {thing}].",
            "{He} [called|shouted] for help [#bignumber# times|until {he} had no voice left], but [nobody heard {him}|only #noise# came back|the wind was too loud]. [So|Then] {he} [sat down under a~ {thing}|#walked# on|held the {o} tight].",
        ],
        "advice": [
            "\"[Do not be afraid|I get lost too|Everyone gets lost sometimes]. [You still have your {o}|That {o} can help us|Have you forgotten your {o}]?\" #said0# {hs}[ #soft#|].",
            "\"[I am lost as well|I do not know the way either|My eyes are weak],\" #said0# {hs}, \"[but two are better than one|but I see that you have a~ {o}|but with your {o} we will find it].\"",
        ],
        "solve": [
            "{Name} {use}. {effect}, and [#time#|step by step] they [found the path|came to a~ {thing} that {he} knew|saw the {p} again|saw a light in a window]. [{He} was home|They were home at last|Home had never looked so lovely|There was {his} home], and [supper was waiting, #sweet# with #sweet#|the #crowd# were waiting with #heap#|{he} was #sad# no more|they sat down by the fire #simile#].",
        ],
    },
    "trouble": {  # something the place needs is broken; the object helps to put it right
        "trouble": [
            "The [old bridge|great clock|mill wheel|village well|big gate|lighthouse lamp] [was broken|had stopped working|had fallen down in the storm], and [now|so] [nobody could get any #sweet#|the #crowd# were #sad#|nobody could cross the {p}|nobody knew what time it was|the whole {p} stood still].",
            "[The river rose|The rain did not stop|The snow fell for #bignumber# days], and [#time#|now] [the water stood at the door|the road to the {q} was closed|the #crowd# of the {p} were in danger|there was nothing left to eat {at}].",
        ],
        "attempt": [
            "The #crowd# [pushed and pulled|worked for #bignumber# days|tried it with #heap# and #trinket#|argued #manner#|prayed #manner#], but [nothing helped|it only got worse|they were too #sad#|it was no use].",
            "{S} [tried|wanted] to help [alone|with bare hands|#quick#], but [it was too heavy|{he} was only one {n}|the {thing} did not move|{he} slipped in the mud]. [So|Then] {he} [set off|#walked#] to the {q} to [get|look for|ask for] help.",
        ],
        "advice": [
            "\"[Alone you are weak|One {n} is not enough|Nobody can do that alone], but [together we are strong|I will come with you|I have #bignumber# [brothers|friends|cousins]],\" #said0# {hs}. \"[And bring your {o}|And we have your {o}|And do not forget the {o}]!\"",
            "\"[I have an idea|I think I know|There is a way],\" #said0# {hs}[ #soft#|]. \"[What about your {o}|Could we not use your {o}|All we need is your {o} and #virtue#][?|, is it not?]\"",
        ],
        "solve": [
            "[Back {at}|In front of all the #crowd#|Without wasting time], {name} {use}. {effect}, and [#time#|before #daytime#] [the trouble was over|everything worked again|the {p} was saved|the danger had passed]. [The #crowd# cheered|There was food for everyone, #sweet#, #sweet# and #sweet#|#Who# #did# with #who#|Everyone danced #simile#].",
        ],
    },
    "sad": {  # someone is sad; the object makes a gift
        "trouble": [
            "The [king|queen|old giant|moon|smallest child|old baker|princess|miller] [could not laugh|had not smiled for #bignumber# days|could not sleep|cried all #daytime#], and [nobody knew why|the whole {p} was #sad#|even the #crowd# were silent|no song was heard {at}].",
            "{S} [found|saw|noticed] a~ [little|tiny|young] [bird|kitten|girl|boy|star|bear] [crying|shivering|sitting all alone] [by the {thing}|behind the {thing}|in the [rain|snow|grass]]. It had [lost its mother|hurt its foot|no home|nothing to eat].",
        ],
        "attempt": [
            "{He} [told a joke about #who#|brought #heap#|sang #bignumber# songs about #plural#|made a funny face|danced #simile#], but [it did not help|there was no smile|the tears only [fell|ran] faster|nobody laughed].",
            "\"[Do not cry|Cheer up|Everything will be fine|Have some #sweet#],\" said {s}, but [that did not help|the tears kept falling|there was no answer|it was not so easy]. {He} [needed advice|went to ask for help|#walked# to the {q} to find help].",
        ],
        "advice": [
            "\"[When I was #sad#|When I was young|Long ago], [someone gave me a gift|a friend sat beside me|music helped me|somebody listened to me],\" #said0# {hs}[ #soft#|]. \"[Perhaps|Maybe] your {o} can [help|do the same|make someone #glad#].\"",
            "\"[Sadness needs #virtue#|A sad heart needs a friend|Tears need time],\" #said0# {hs}, \"[and you have a~ {oadj} {o}|and a~ {o} can do wonders|so stay close, and use the {o}].\"",
        ],
        "solve": [
            "So {name} [went back|hurried back|ran home] and {use}. {effect}, and [#time#|for the first time] there was [a smile|a little laugh|a happy face]. \"[How lovely|Again|Thank you|I feel better already]!\" [said the little voice|somebody whispered|came the answer]. [The tears dried|The sadness was gone|Nobody cried any more], and {name} [was #glad#|knew what to do with the {o}|laughed too].",
        ],
    },
    "fear": {  # the hero is afraid of something and learns the truth
        "trouble": [
            "[Every night|That #daytime#|Again and again] {he} heard #noise# [behind the {thing}|from the {q}|#far#], and {he} was [so afraid that {he} hid under the bed|sure it was a [monster|dragon|ghost|giant]|too afraid to go outside].",
            "The #crowd# [said|whispered] that a~ [terrible|huge|#color#|hungry] [monster|dragon|ghost|giant] lived {qat}, and [nobody dared to go there|{name} trembled|from then on {he} could not sleep|everyone locked the doors].",
        ],
        "attempt": [
            "{He} [closed the window|hid behind the {thing}|covered {his} ears|locked the door|sang loudly], but [the fear did not go away|the noise came back|{he} could still hear it|it did not help]. [So|At last] {he} [took the {o} and|] #walked# [to see for {self}|to the {q}].",
            "\"[I am not afraid|I am brave|It is only the wind],\" {he} said #bignumber# times, but {his} [knees shook|voice shook|heart beat like a drum|teeth chattered]. [Still,|But] {he} #walked# on[ with the {o}|].",
        ],
        "advice": [
            "\"[I was afraid too|Fear makes things bigger|Things look worse in the dark],\" #said0# {hs}[ #soft#|]. \"[Let us go and look|Take your {o} and look closely|We will look together, with your {o}].\"",
            "\"[A monster|A ghost|Nonsense]? [I have lived here for #bignumber# years|I hear it too], and [I have never seen one|nothing has ever eaten me|it never hurt me],\" #said0# {hs}. \"[Use your {o}|Bring the {o}], and [we will see|you will laugh].\"",
        ],
        "solve": [
            "[Step by step|Hand in hand|Slowly|Trembling] they went closer, and {name} {use}. {effect}, and [there|at last] they saw the truth: it was only [a~ #color# kitten|#who# who #did# #manner#|an owl with a cold|#heap# that shook in the wind|a~ #shade# door|#trinket# in the wind]! [They laughed until they cried|{Name} had to laugh|\"Is that all?\" cried {name}], and {he} was [never so #sad# again|not afraid any more|#glad# and #glad#].",
        ],
    },
    "errand": {  # the object must be brought to someone far away
        "trouble": [
            "A [letter|messenger|little bird] [came|arrived] from the {q}: [the old [king|queen|teacher|gardener|captain]|{his} [aunt|uncle|grandmother|cousin]] [was ill|needed help|was all alone] and [asked for|needed] the {o} [before #daytime#|before #season#|within #bignumber# days].",
            "{S} had [promised|agreed] to bring the {o} to [{his} [aunt|uncle|grandmother|cousin]|an old friend|the [king|queen|teacher]] [{qat}|before #daytime#|before the end of #season#], but [the road was long|it was late|#sky#|{he} had never been so far from home].",
        ],
        "attempt": [
            "{He} set off [at once|before sunrise|with #heap# in {his} pocket|with #trinket# and some #sweet#], but [a fallen tree|a deep river|a locked gate|thick fog|a steep cliff] [blocked the way|stood in {his} way|stopped {him}], and [the {o} grew heavier with every step|{he} had to turn back|there was no bridge].",
            "[First|At the first crossing] {he} took the wrong road and [came to a~ {thing}|lost #bignumber# hours|had to go back], then [#sky#|a~ #trait# [goblin|goose|guard] would not let {him} pass|{he} lost a shoe in the mud].",
        ],
        "advice": [
            "\"[There is another way|I know a shorter way|I can take you there], [past the {qthing}|behind the {qthing}|under the {qthing}|over the hill],\" #said0# {hs}. \"[But it is dark|But go #soft2#|But do not stop|I will come along].\"",
            "\"[Rest first|Eat some #sweet#|Sit down], and [then we go together|then I will carry the {o} for you|tomorrow it will be easier],\" #said0# {hs}[ #soft#|]. \"[A promise is a promise|#Virtue# is half the way|Two walk better than one].\"",
        ],
        "solve": [
            "[Together|Side by side] they #walked# [past the {qthing}|through the night|over #bignumber# hills], and [#time#|just in time] they [reached the right door|arrived|knocked at the door]. \"[You came|The {o}, at last|I knew you would come]!\" [cried a happy voice|somebody called]. {Name} handed over the {o} [with a bow|and was #glad#|and sat down by the fire], and [everyone ate #sweet#|the {o} did its work|all was well|the next day they lent it back to {him}].",
        ],
    },
}
