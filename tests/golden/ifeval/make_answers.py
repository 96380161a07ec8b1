#!/usr/bin/env python3
"""Answers to IFEval's 541 prompts that follow or break its instructions, for comparing checkers: JSON lines of item, source, answer.

    make_answers.py [--real TRANSCRIPTS.jsonl ...] > ANSWERS.jsonl

Four kinds (source): "fits" tries to follow every instruction of its prompt; "breaks" is a fitting answer changed in one or two ways that
instructions look at; "random" fits some other prompt; "real" a model wrote (--real: records of item and answer). The same seed gives the
same answers.
"""

import argparse
import json
import pathlib
import random
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared/datasets/ifeval/input_data.jsonl"

SENTENCES = """The garden behind our house is full of roses and tall sunflowers.
My sister walked to the market early in the morning to buy bread and milk.
Nobody expected the storm to arrive before the end of the week.
We spent the evening reading old letters beside the warm fire.
The library keeps its rarest books on the third floor behind glass doors.
A small boat crossed the quiet lake just before sunset.
Children from the village gathered in the square to hear the music.
Dr. Miller visited the clinic at 5 p.m. and left before dinner.
The recipe asks for 2.5 cups of flour and a pinch of salt.
Is there a better way to spend a Sunday afternoon?
What a wonderful surprise it was to see everyone together again!
He said that the train to London would leave at noon... but it never did.
Our teacher asked us to write about the history of the old bridge.
The company hired fifty engineers to design a faster engine.
They don't know whether it's going to rain tomorrow or not.
You can't solve every problem with money and power alone.
The scientist explained how plants turn light into sugar.
After lunch the dog slept under the table for two hours.
Visit www.example.com for more information about the tour.
The price rose from $3.50 to $4.20 within a single year.
She told me that J. R. Brown had written the report himself.
Most of the old houses in the U.S. were built of wood.
Healthy soil holds water well; sandy soil does not.
Please remember to lock the door when you leave the office.""".split("\n")

LANGUAGES = {
    "kn": "ನಮ್ಮ ಊರಿನಲ್ಲಿ ಒಂದು ದೊಡ್ಡ ಕೆರೆ ಇದೆ. ಮಕ್ಕಳು ಪ್ರತಿದಿನ ಅಲ್ಲಿ ಆಟವಾಡುತ್ತಾರೆ. ನಾನು ಕನ್ನಡದಲ್ಲಿ ಪತ್ರ ಬರೆಯುತ್ತೇನೆ.",
    "pa": "ਸਾਡੇ ਪਿੰਡ ਵਿੱਚ ਇੱਕ ਵੱਡਾ ਬਾਗ ਹੈ. ਬੱਚੇ ਹਰ ਰੋਜ਼ ਉੱਥੇ ਖੇਡਦੇ ਹਨ. ਮੈਂ ਪੰਜਾਬੀ ਵਿੱਚ ਚਿੱਠੀ ਲਿਖਦਾ ਹਾਂ.",
    "mr": "आमच्या गावात एक मोठी नदी आहे. मुले दररोज तिथे खेळतात आणि गाणी म्हणतात. मला मराठी भाषा खूप आवडते.",
    "fa": "در شهر ما یک باغ بزرگ است. بچه‌ها هر روز در آنجا بازی می‌کنند. من دوست دارم کتاب‌های فارسی بخوانم.",
    "vi": "Làng của chúng tôi có một con sông lớn. Trẻ em chơi ở đó mỗi ngày sau khi tan học. Tôi thích viết thư bằng tiếng Việt.",
    "ko": "우리 마을에는 큰 강이 있습니다. 아이들은 매일 그곳에서 놀고 노래합니다. 저는 한국어로 편지를 쓰는 것을 좋아합니다.",
    "sw": "Kijiji chetu kina mto mkubwa. Watoto wanacheza huko kila siku baada ya shule. Ninapenda kuandika barua kwa lugha ya Kiswahili.",
    "ru": "В нашей деревне есть большая река. Дети играют там каждый день после школы. Я люблю писать письма по-русски.",
    "hi": "हमारे गाँव में एक बड़ी नदी है। बच्चे हर दिन वहाँ खेलते हैं और गाने गाते हैं। मुझे हिंदी में पत्र लिखना अच्छा लगता है।",
    "bg": "В нашето село има голяма река. Децата играят там всеки ден след училище. Обичам да пиша писма на български език.",
    "pt": "A nossa aldeia tem um rio muito grande. As crianças brincam lá todos os dias depois da escola. Eu gosto de escrever cartas.",
    "gu": "અમારા ગામમાં એક મોટી નદી છે. બાળકો દરરોજ ત્યાં રમે છે અને ગીતો ગાય છે. મને ગુજરાતીમાં પત્ર લખવો ગમે છે.",
    "te": "మా ఊరిలో ఒక పెద్ద నది ఉంది. పిల్లలు ప్రతిరోజూ అక్కడ ఆడుకుంటారు. నాకు తెలుగులో ఉత్తరాలు రాయడం ఇష్టం.",
    "it": "Il nostro villaggio ha un grande fiume. I bambini giocano lì ogni giorno dopo la scuola. Mi piace scrivere lettere in italiano.",
    "ar": "في قريتنا نهر كبير. يلعب الأطفال هناك كل يوم بعد المدرسة. أحب أن أكتب الرسائل باللغة العربية.",
    "ta": "எங்கள் ஊரில் ஒரு பெரிய ஆறு உள்ளது. குழந்தைகள் தினமும் அங்கே விளையாடுகிறார்கள். எனக்கு தமிழில் கடிதம் எழுதப் பிடிக்கும்.",
    "de": "Unser Dorf hat einen großen Fluss. Die Kinder spielen dort jeden Tag nach der Schule. Ich schreibe gern Briefe an meine Freunde.",
    "fi": "Kylässämme on suuri joki. Lapset leikkivät siellä joka päivä koulun jälkeen. Minä kirjoitan mielelläni kirjeitä ystävilleni.",
    "ur": "ہمارے گاؤں میں ایک بڑا دریا ہے۔ بچے ہر روز وہاں کھیلتے ہیں۔ مجھے اردو میں خط لکھنا پسند ہے۔",
    "th": "หมู่บ้านของเรามีแม่น้ำสายใหญ่ เด็กๆ เล่นที่นั่นทุกวันหลังเลิกเรียน ฉันชอบเขียนจดหมายเป็นภาษาไทย",
    "ne": "हाम्रो गाउँमा एउटा ठूलो नदी छ। केटाकेटीहरू हरेक दिन त्यहाँ खेल्छन्। मलाई नेपालीमा चिठी लेख्न मन पर्छ।",
    "bn": "আমাদের গ্রামে একটি বড় নদী আছে। শিশুরা প্রতিদিন সেখানে খেলা করে। আমি বাংলায় চিঠি লিখতে ভালোবাসি।",
}


def plain_text(chosen, wanted, rng):
    """Sentences that keep the words and letters asked for and leave out the forbidden ones."""
    def allowed(sentence):
        for name, kwargs in wanted.items():
            if name == "keywords:forbidden_words":
                if any(re.search(r"\b" + word + r"\b", sentence, re.IGNORECASE) for word in kwargs["forbidden_words"]):
                    return False
        return True
    pool = [sentence for sentence in SENTENCES if allowed(sentence)]
    return [rng.choice(pool) for _ in range(chosen)]


def with_words(sentences, wanted, rng):
    for name, kwargs in wanted.items():
        if name == "keywords:existence":
            sentences.insert(rng.randrange(len(sentences) + 1), "We also talked about " + " and ".join(kwargs["keywords"]) + ".")
        elif name == "keywords:frequency":
            times = kwargs["frequency"] + rng.choice((0, 1)) if kwargs["relation"] == "at least" else max(kwargs["frequency"] - 1, 0)
            if times:
                sentences.append("Listen: " + " ".join([kwargs["keyword"]] * times) + ".")
        elif name == "keywords:letter_frequency" and kwargs["let_relation"] == "at least":
            sentences.append("Then came " + kwargs["letter"] * kwargs["let_frequency"] + ".")
        elif name == "change_case:capital_word_frequency" and kwargs["capital_relation"] == "at least":
            words = ["VERY", "IT'S", "CANNOT", "WELL-KNOWN", "NASA", "I", "U.S.", "\"YES\"", "(NO)", "A1", "DON'T", "WOW!"]
            sentences.append(" ".join(rng.choice(words) for _ in range(kwargs["capital_frequency"])) + ".")
    return sentences


def fit_length(sentences, wanted, rng):
    for name, kwargs in wanted.items():
        if name == "length_constraints:number_sentences":
            number = kwargs["num_sentences"]
            number = number + rng.choice((0, 1)) if kwargs["relation"] == "at least" else max(1, number - rng.choice((1, 2)))
            while len(sentences) < number:
                sentences.append(rng.choice(SENTENCES))
            sentences = sentences[:number]
        elif name == "length_constraints:number_words":
            number, words = kwargs["num_words"], lambda: len(re.findall(r"\w+", " ".join(sentences)))
            if kwargs["relation"] == "at least":
                while words() < number:
                    sentences.append(rng.choice(SENTENCES))
            else:
                while words() >= number and len(sentences) > 1:
                    sentences.pop()
    return sentences


def lay_out(sentences, wanted, rng):
    def part(count):
        """The sentences in `count` parts."""
        each = max(1, len(sentences) // count)
        return [" ".join(sentences[i * each:(i + 1) * each] or [rng.choice(SENTENCES)]) for i in range(count)]

    text = rng.choice((" ", " ", "\n", "\n\n")).join(sentences)
    for name, kwargs in wanted.items():
        if name == "length_constraints:number_paragraphs":
            text = rng.choice(("\n***\n", "\n\n***\n\n", " *** ")).join(part(kwargs["num_paragraphs"]))
        elif name == "length_constraints:nth_paragraph_first_word":
            parts = part(kwargs["num_paragraphs"])
            parts[kwargs["nth_paragraph"] - 1] = kwargs["first_word"].capitalize() + rng.choice((" ", ", ")) + parts[kwargs["nth_paragraph"] - 1]
            text = "\n\n".join(parts)
        elif name == "detectable_format:multiple_sections":
            parts = part(kwargs["num_sections"])
            text = "\n".join(f"{kwargs['section_spliter']} {i + 1}\n{parts[i]}" for i in range(len(parts)))
        elif name == "combination:two_responses":
            text = text + rng.choice(("\n******\n", "******")) + rng.choice(SENTENCES)
        elif name == "detectable_format:constrained_response":
            text = rng.choice(("My answer is yes.", "My answer is no.", "My answer is maybe.", "Well. My answer is no. Sorry."))
    return text


def add_marks(text, wanted, rng):
    for name, kwargs in wanted.items():
        if name == "detectable_content:number_placeholders":
            text += " Please contact " + " ".join(f"[{word}]" for word in ["name", "address", "e-mail", "phone"] * 6)[:10_000]
        elif name == "detectable_format:number_bullet_lists":
            mark = rng.choice(("* ", "- "))
            text += "\n" + "\n".join(mark + rng.choice(SENTENCES) for _ in range(kwargs["num_bullets"]))
        elif name == "detectable_format:number_highlighted_sections":
            star = rng.choice(("*", "**"))
            text += "\n" + " ".join(f"{star}part {i}{star}" for i in range(kwargs["num_highlights"]))
        elif name == "detectable_format:title":
            text = rng.choice(("<<A fine day>>\n", "<< Of gardens >>\n\n")) + text
        elif name == "detectable_content:postscript":
            text += "\n\n" + rng.choice((kwargs["postscript_marker"], kwargs["postscript_marker"].replace(".P", ". P"))) + " Do write back soon"
    return text


def finish(text, wanted, rng):
    for name, kwargs in wanted.items():
        if name == "detectable_format:json_format":
            text = json.dumps({"answer": text, "parts": [1, 2.5, None, True]}, indent=rng.choice((None, 2)))
            text = rng.choice(("```json\n%s\n```", "%s", "```\n%s\n```")) % text
        elif name == "punctuation:no_comma":
            text = text.replace(",", "")
        elif name == "startend:end_checker":
            text += rng.choice((" ", "\n")) + kwargs["end_phrase"]
    for name, kwargs in wanted.items():
        if name == "change_case:english_capital":
            text = text.upper()
        elif name == "change_case:english_lowercase":
            text = text.lower()
        elif name == "keywords:letter_frequency" and kwargs["let_relation"] == "less than":
            words = text.split(" ")
            keep = kwargs["let_frequency"] - 1
            kept = []
            for word in words:
                keep -= word.lower().count(kwargs["letter"])
                if keep >= 0:
                    kept.append(word)
                else:
                    keep += word.lower().count(kwargs["letter"])
            text = " ".join(kept) or "Hm."
    if "combination:repeat_prompt" in wanted:
        text = wanted["combination:repeat_prompt"]["prompt_to_repeat"] + "\n\n" + text
    if "startend:quotation" in wanted:
        text = '"' + text + '"'
    return text


def fitting_answer(item, rng):
    wanted = dict(zip(item["instruction_id_list"], item["kwargs"]))
    if "language:response_language" in wanted:
        sentences = re.split(r"(?<=[.।۔]) ", LANGUAGES[wanted["language:response_language"]["language"]])
    else:
        sentences = plain_text(rng.randrange(2, 7), wanted, rng)
    sentences = with_words(fit_length(sentences, wanted, rng), wanted, rng)
    return finish(add_marks(lay_out(sentences, wanted, rng), wanted, rng), wanted, rng)


def swap_words(text, rng):
    words = text.split(" ")
    rng.shuffle(words)
    return " ".join(words)


CHANGES = (
    lambda text, rng: text[:rng.randrange(len(text) + 1)],
    lambda text, rng: text[rng.randrange(len(text) + 1):],
    lambda text, rng: text.upper(),
    lambda text, rng: text.lower(),
    lambda text, rng: text.swapcase(),
    lambda text, rng: "Sure! Here is my answer:\n" + text,
    lambda text, rng: text + "\nI hope this helps, my friend!",
    lambda text, rng: "Sure!\n" + text + "\nBye.",
    lambda text, rng: text.replace("*", rng.choice(("", "**", "***"))),
    lambda text, rng: text.replace("\n", rng.choice((" ", "\n\n", "\n\n\n", "\r\n"))),
    lambda text, rng: text + rng.choice(("\n* point\n* point", "\n- point", "\n---\n", "\n*\n\n* x", "\n  * a\n\n\n  - b", "***", "******")),
    lambda text, rng: text.replace(" ", ", ", rng.choice((1, 3))),
    lambda text, rng: '"' + text + '"',
    lambda text, rng: text.strip('"'),
    lambda text, rng: "```json\n" + text + "\n```",
    lambda text, rng: "<<" + text[:20] + ">>" + text,
    lambda text, rng: text + rng.choice(("\nP.S. Thanks", "\np.p.s. Thanks", "\nP. S. Thanks", "\nP.P. S Thanks", " [a] [b\n] [c]")),
    lambda text, rng: text + " " + text,
    lambda text, rng: text + rng.choice(("\u00a0", "\u3000\n", "\t\n ", "\x1c")),
    lambda text, rng: text.replace("'", "\u2019").replace('"', "\u201c"),
    lambda text, rng: text + " " + rng.choice(list(LANGUAGES.values())),
    lambda text, rng: text.replace(". ", rng.choice(("... ", "! ", "? ", ".\u201d ", ".) ", ". and "))),
    lambda text, rng: "",
    lambda text, rng: " \n ",
    swap_words,
)


def changed_answer(text, rng):
    for change in rng.sample(CHANGES, rng.choice((1, 2))):
        text = change(text, rng)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=pathlib.Path, nargs="*", default=[])
    parser.add_argument("--data", type=pathlib.Path, default=DATA)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    items = [json.loads(line) for line in arguments.data.read_text().splitlines()]

    def write(key, source, answer):
        print(json.dumps({"item": key, "source": source, "answer": answer}, ensure_ascii=False))

    fitting = [fitting_answer(item, rng) for item in items]
    for item, answer in zip(items, fitting):
        write(item["key"], "fits", answer)
        write(item["key"], "breaks", changed_answer(answer, rng))
        write(item["key"], "random", rng.choice(fitting))
    for path in arguments.real:
        for line in path.read_text().split("\n"):
            if line:
                record = json.loads(line)
                write(record["item"], "real", record["answer"])
                write(record["item"], "breaks", changed_answer(record["answer"], rng))


if __name__ == "__main__":
    main()
