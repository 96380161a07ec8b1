"""Runs the model's program. Input: what to run before it (the item's prompt, for its imports), the program, the function's name, the seconds
allowed for all calls, the calls as code_reference.py gives them. Output: a line of JSON for each call, in order: {"value": ...} or
{"raised": class, "text": ...}; {"end": why} when it stops before the last one.

Nothing here is believed: the program shares this process and may write what it likes. It does not know the expected results, so all
it can claim is an answer.
"""
import signal
import time


class OutOfTime(BaseException):
    pass


class NotPython(Exception):
    pass


def name_of(error):
    return {OutOfTime: "timeout", NotPython: "syntax"}.get(type(error)) or type(error).__name__


def text_of(error):
    try:
        return str(error)[:300]
    except Exception:
        return ""


class Clock:
    """Interrupts what runs too long: first by an exception; where that is caught, or no Python code runs that could raise
    it, by a signal that ends the process."""

    def __init__(self, seconds, channel):
        self.end, self.channel, self.rang = time.monotonic() + seconds, channel, False
        signal.signal(signal.SIGALRM, self.ring)

    def start(self, seconds):
        left = max(0.01, min(seconds, self.end - time.monotonic()))
        self.rang = False
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.setitimer(signal.ITIMER_PROF, left + 1)

    def stop(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def ring(self, number, frame):
        if self.rang:
            self.channel.send(json.dumps({"end": "timeout"}))
            os._exit(1)
        self.rang = True
        signal.setitimer(signal.ITIMER_REAL, 1)
        raise OutOfTime


def load(prompt, program, entry_point):
    try:
        code = compile(program, "answer", "exec")
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        raise NotPython(text_of(error))
    names = run_source(prompt, "answer")
    names.pop(entry_point, None)  # the prompt's own, without a body
    exec(code, names)
    if entry_point not in names:
        raise NameError(f"{entry_point} is not defined")
    return names[entry_point]


def main():
    prompt, program, entry_point, total, groups = read_parts()
    groups = json.loads(groups)
    channel = Channel()
    clock = Clock(float(total), channel)
    for calls in groups:
        try:
            clock.start(float(total))
            function = load(prompt, program, entry_point)
            clock.stop()
        except BaseException as error:
            clock.stop()
            channel.send(json.dumps({"end": name_of(error), "text": text_of(error)}))
            return
        for arguments, named, seconds in calls:
            arguments, named = decode(arguments), decode(named)
            try:
                clock.start(seconds)
                line = '{"value": ' + encoded_result(function(*arguments, **named)) + "}"
                clock.stop()
            except BaseException as error:
                clock.stop()
                line = json.dumps({"raised": name_of(error), "text": text_of(error)})
            channel.send(line)


main()
