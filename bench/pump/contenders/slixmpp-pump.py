"""slixmpp as a component: reads a question of JSON a line, answers with a line."""

import asyncio
import hashlib
import json
import logging
import resource
import sys
import time

from slixmpp import ComponentXMPP

logging.disable(logging.CRITICAL)


class Pump:
    def __init__(self):
        self.xmpp = None
        self.seen = None

    async def prepare(self, question):
        self.xmpp = ComponentXMPP(question["domain"], "secret", "127.0.0.1", question["port"])
        self.xmpp.add_filter("in", self.see)
        ready = asyncio.Event()
        self.xmpp.add_event_handler("session_start", lambda _: ready.set())
        self.xmpp.connect()
        await asyncio.wait_for(ready.wait(), 10)
        return {}

    def see(self, stanza):
        if self.seen is not None:
            self.seen(stanza)
        return stanza

    def control(self, identifier):
        self.xmpp.send_raw("<message to='x.example.net' id='%s'/>" % identifier)

    async def pump_in(self, question, look=None):
        done = asyncio.Event()
        left = question["stanzas"]

        def seen(stanza):
            nonlocal left
            if look is not None:
                look(stanza)
            left -= 1
            if left == 0:
                done.set()

        self.seen = seen
        self.control(question["pour"])
        await done.wait()
        return {"units": question["stanzas"]}

    async def check(self, question):
        digest = hashlib.sha256()

        def look(stanza):
            xml = stanza.xml
            facts = (xml.tag.split("}")[1], xml.get("type", ""), xml.get("id", ""))
            digest.update(("%s %s %s\n" % facts).encode())

        await self.pump_in(question, look)
        return {"stanzas": question["stanzas"], "digest": digest.hexdigest()}

    async def pump_out(self, question):
        done = asyncio.Event()
        self.seen = lambda stanza: done.set() if stanza.xml.get("id") == question["seen"] else None
        for n in range(question["messages"]):
            message = self.xmpp.make_message(
                mto="romeo%d@example.net/orchard" % (n % 500),
                mbody="Neither, fair saint, if either thee dislike, said he for the %dth time" % n,
                mtype="chat",
                mfrom=self.xmpp.boundjid,
            )
            message["id"] = "m-%d" % n
            message.send()
            if n % 1000 == 999:
                await asyncio.sleep(0)
        last = self.xmpp.make_message(mto="x.example.net", mfrom=self.xmpp.boundjid)
        last["id"] = question["last"]
        last.send()
        await done.wait()
        return {"units": question["messages"]}

    async def answer(self, question):
        calls = {
            "prepare": self.prepare,
            "check": self.check,
            "in": self.pump_in,
            "out": self.pump_out,
        }
        start, cpu = time.perf_counter(), cpu_seconds()
        try:
            result = await calls[question["call"]](question)
        except Exception as error:  # told to the other side, which gives up
            return {"error": repr(error)}
        result["wall"] = (time.perf_counter() - start) * 1000
        result["cpu"] = (cpu_seconds() - cpu) * 1000
        if question["call"] == "check":
            del result["wall"], result["cpu"]
        return result


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main():
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    pump = Pump()
    while line := await reader.readline():
        print(json.dumps(await pump.answer(json.loads(line))), flush=True)


# slixmpp takes the loop that is there when the component is made.
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
