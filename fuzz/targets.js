import { Random } from "./mutate.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>";
const CONTEXT = { ns: "jabber:client", prefixes: { stream: "http://etherx.jabber.org/streams" } };
const SMALL = {
  bytes: 200,
  depth: 4,
  elements: 6,
  attributes: 3,
  declarations: 2,
  name: 8,
  tag: 60,
  space: 10,
};

const words = (...texts) => texts.map((text) => encoder.encode(text));

/** A finding: what the target promises does not hold. */
class Broken extends Error {}

function must(holds, what) {
  if (!holds) throw new Broken(what);
}

/** Text children that touch are one; empty ones are none. */
function merged(children) {
  const list = [];
  for (const child of children) {
    if (child === "") continue;
    const last = list.at(-1);
    if (typeof child === "string" && typeof last === "string") list[list.length - 1] = last + child;
    else list.push(child);
  }
  return list;
}

/** All that an element means, as one text: prefixes are resolved, and only what they stand for counts. */
function meaning(element, inherited, scope) {
  const ns = element.ns ?? inherited;
  const inner = { ...scope, ...element.prefixes };
  const attributes = Object.keys(element.attrs).map((key) => {
    const [prefix, local] = key.startsWith("{") ? [undefined] : key.split(":");
    const plain = local === undefined ? key : prefix === "xml" ? key : `{${inner[prefix]}}${local}`;
    return `${plain.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")}=${JSON.stringify(element.attrs[key])}`;
  });
  const children = merged(element.children).map((child) =>
    typeof child === "string" ? JSON.stringify(child) : meaning(child, ns, inner),
  );
  return `({${ns}}${element.name} ${attributes.sort().join(" ")} [${children.join()}])`;
}

/** The targets: each has seeds, words for the mutator, and a function that throws when a promise is broken. */
export async function targets(load) {
  const { PushParser } = await load("xml/read/push-parser.js");
  const { StreamParser } = await load("xml/read/stream-parser.js");
  const { serialize } = await load("xml/write/serialize.js");
  const { parse } = await load("xml/read/parse.js");
  const { Element } = await load("xml/element.js");
  const { BrokerError } = await load("base/errors.js");

  const headerText = (header) => `open ${meaning(header, "", {})}`;
  const elementText = (element) => meaning(element, "", {}) + JSON.stringify(element.prefixes);
  const errorText = (error) => {
    must(error.code !== undefined && error.condition !== undefined, "an error without a code");
    return `${error.condition} ${error.offset} ${error.message}`;
  };

  /** Records the calls for these pieces, and the elements. */
  function record(pieces, options) {
    const events = [];
    const elements = [];
    const parser = new PushParser(
      {
        open: (header) => events.push(headerText(header)),
        element: (element) => {
          elements.push(element);
          events.push(elementText(element));
        },
        close: () => events.push("close"),
        error: (error) => events.push(errorText(error)),
      },
      options,
    );
    for (const piece of pieces) parser.write(piece);
    parser.end();
    return { events: events.join("\n"), elements };
  }

  /** Records the same of a parser that is pulled, now and then, while more is fed. */
  function pull(pieces, options, random) {
    const events = [];
    const parser = new StreamParser(options);
    let told;
    const read = () => {
      const element = parser.read();
      if (element !== undefined) {
        events.push(events.length === 0 ? headerText(element) : elementText(element));
        return true;
      }
      if (parser.end === told) return false;
      told = parser.end;
      events.push(told === "closed" ? "close" : errorText(told));
      return true;
    };
    for (const piece of pieces) {
      parser.feed(piece);
      for (let n = random.int(4); n > 0; n--) read();
    }
    parser.finish();
    while (read());
    return events.join("\n");
  }

  function cut(bytes, random) {
    const pieces = [];
    const most = random.pick([1, 2, 7, 30]);
    for (let at = 0; at < bytes.length; ) {
      const to = at + 1 + random.int(most);
      pieces.push(bytes.slice(at, to));
      at = to;
    }
    return pieces;
  }

  const stream = {
    longest: 400,
    seeds: words(
      "00<message to='a@b' type='chat'><body>Hello &amp; more</body></message><presence/> \n<iq id='1'/></stream:stream>",
      "00<x:a xmlns:x='u' x:b='1' c=\"2\"><![CDATA[<]]]]>]]></x:a><stream:error/>",
      "01<?xml version='1.0' encoding='UTF-8'?><a xmlns='u'><b xmlns=''/></a>",
      "0q\n <?xml version='1.0'?><a xmlns='u'> <b/></a>",
      "04<message xml:lang='de'>&#x41;&#10;\r\n\t\u00e9\u20ac\u{1f339}</message>",
      "02<a><b><c><d/></c></b></a>",
      "08<message to='a@b'><body>1 &gt; 0\u00e9</body><x xmlns='u'><a/><b/><c a='1'/></x></message><presence xml:lang='de'/>",
    ),
    words: words(
      ..."< > </ /> = ' \" & ; &amp; &lt; &#x &#10; &#xD800; <![CDATA[ ]]> ]] <!-- --> <? ?> <?xml".split(
        " ",
      ),
      ..." |\r\n|\t|xmlns=|xmlns:p=|p:|xml:|xmlns|'u'|=''|a='1' |<a>|</a>|<p:a>|</p:a>".split("|"),
      "</stream:stream>",
      "http://www.w3.org/XML/1998/namespace",
      "http://www.w3.org/2000/xmlns/",
      "\u{1f339}",
      "\ufffe",
    ),
    /** The first two bytes say how; the rest is what the peer sends. */
    run(input) {
      const mode = input[1] ?? 0;
      const rest = input.subarray(2);
      const frames = (mode & 2) !== 0;
      const options = { framing: frames ? "frame" : "stream", ...(mode & 4 && { limits: SMALL }) };
      if (frames) {
        const { elements } = record([rest], { ...options, context: CONTEXT });
        rewrite(elements);
        return;
      }
      const head = encoder.encode(mode & 1 ? "" : HEADER);
      // With so much after it a whole stanza is read the short way, which it is not in pieces.
      const room = mode & 8 ? 400 : 0;
      const bytes = new Uint8Array(head.length + rest.length + room).fill(0x20);
      bytes.set(head);
      bytes.set(rest, head.length);
      if (mode & 4) options.limits = { ...SMALL, bytes: 250, tag: 150, name: 14 };
      if (mode & 64) options.restarted = true;
      const whole = record([bytes], options);
      const random = new Random((input[0] ?? 0) * 7 + input.length);
      const pieces = cut(bytes, random);
      for (const other of [record(pieces, options).events, pull(pieces, options, random)]) {
        must(whole.events === other, `cutting matters:\n${whole.events}\n${other}`);
      }
      rewrite(whole.elements);
    },
  };

  /** An accepted element can be written, and reads as the same. */
  function rewrite(elements) {
    for (const element of elements) {
      const text = serialize(element, CONTEXT);
      const again = parse(text, CONTEXT);
      must(meaning(again, "", {}) === meaning(element, "", {}), `another meaning: ${text}`);
    }
  }

  const NAMES = [
    "a",
    "message",
    "b-1",
    "\u00e9",
    "p:q",
    "1a",
    "",
    "a b",
    "xmlns",
    "xml",
    "__proto__",
  ];
  const URIS = [
    "u",
    "",
    "jabber:client",
    "a'b",
    "a&b",
    "http://etherx.jabber.org/streams",
    "x\u0001",
  ].concat(["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/", "\ud800"]);
  const PREFIXES = ["p", "q", "ns1", "stream", "xml", "xmlns", "1", ""];
  const KEYS = [
    "id",
    "xml:lang",
    "p:x",
    "q:x",
    "{u}x",
    "{v}x",
    "xmlns",
    "xmlns:p",
    "{}x",
    "{u}",
    "__proto__",
  ].concat([
    "{http://www.w3.org/XML/1998/namespace}lang",
    "a b",
    "\u00e9",
    "{http://www.w3.org/2000/xmlns/}p",
  ]);

  /** Builds a tree as the bytes say: two a step. */
  function tree(input) {
    const root = new Element("root", undefined);
    const stack = [root];
    for (let i = 2; i + 1 < input.length; i += 2) {
      const top = stack.at(-1);
      const argument = input[i + 1];
      switch (input[i] % 8) {
        case 0: {
          const child = new Element(NAMES[argument % NAMES.length], undefined);
          top.children.push(child);
          stack.push(child);
          break;
        }
        case 1:
          if (stack.length > 1) stack.pop();
          break;
        case 2:
          top.ns = URIS[argument % URIS.length];
          break;
        case 3:
          top.attrs[KEYS[argument % KEYS.length]] = String.fromCharCode(argument);
          break;
        case 4:
          top.attrs[KEYS[argument % KEYS.length]] = "a<b>&'\"\n\t\r\u{1f339}";
          break;
        case 5:
          top.prefixes = {
            ...top.prefixes,
            [PREFIXES[argument % PREFIXES.length]]: URIS[(argument >> 3) % URIS.length],
          };
          break;
        case 6:
          top.children.push(String.fromCharCode(argument));
          break;
        default:
          top.children.push(decoder.decode(input.subarray(i + 1, i + 4)).replace(/\ufffd/g, "]]>"));
      }
    }
    return root;
  }

  const roundtrip = {
    longest: 120,
    seeds: [new Uint8Array([0, 0, 0, 1, 3, 0, 4, 1, 5, 0, 0, 2, 2, 0, 6, 65, 1, 0, 0, 3, 7, 60])],
    words: words("a", "b"),
    run(input) {
      const context = (input[0] ?? 0) & 1 ? CONTEXT : { ns: "jabber:client" };
      const root = tree(input);
      let text;
      try {
        text = serialize(root, context);
      } catch (error) {
        must(error instanceof BrokerError && error.code === "ILLEGAL_XML", `throws ${error}`);
        return;
      }
      const scope = { xml: "http://www.w3.org/XML/1998/namespace", ...context.prefixes };
      let again;
      try {
        again = parse(text, context);
      } catch (error) {
        throw new Broken(`cannot be read: ${text}`, { cause: error });
      }
      const [before, after] = [root, again].map((element) => meaning(element, context.ns, scope));
      must(before === after, `another meaning: ${text}\n${before}\n${after}`);
      must(
        serialize(again, context) === serialize(parse(serialize(again, context), context), context),
        "not stable",
      );
    },
  };

  const { jid: parseJid, tryJid } = await load("jid/jid.js");
  const jid = {
    longest: 80,
    seeds: words(
      "romeo@example.net/orchard",
      "b\u00fccher.example",
      "a@[::1]/x",
      "xn--bcher-kva.example",
    ),
    words: words(
      "@",
      "/",
      ".",
      "xn--",
      "[",
      "]",
      "\u00e9",
      "\u0345",
      "\u05d0",
      "\u200d",
      "\uff21",
      "\u{1f339}",
    ),
    run(input) {
      const text = decoder.decode(input);
      const found = tryJid(text);
      if (found !== undefined) {
        must(parseJid(found.full).full === found.full, `not stable: ${JSON.stringify(text)}`);
        return;
      }
      try {
        parseJid(text);
      } catch (error) {
        must(error instanceof BrokerError && error.code === "BAD_JID", `throws ${error}`);
        return;
      }
      must(false, "one accepts what the other refuses");
    },
  };

  const { compile } = await load("xpath/compile.js");
  const stanza = parse(
    "<message from='a@b' type='chat' xml:lang='en'><body>Hi <b>there</b> &amp; here</body><x xmlns='u' a='1'><y/><y n='2'/></x></message>",
  );
  const xpath = {
    longest: 120,
    seeds: words(
      "/message[@type='chat']/body",
      "//y[position()=last()] | x/*[2]",
      "count(//*[@a or not(@n)]) * -2 >= string-length(concat('a', body))",
      "self::message/descendant-or-self::node()/../@from",
      "substring-after(normalize-space(.), 'e')",
    ),
    words: words(
      ..."/ // [ ] ( ) @ * :: . .. | or and not( = != < <= div mod - + , 'a' \"b\" $v p: 1 .5 text() node()".split(
        " ",
      ),
      ..."ancestor:: following:: preceding-sibling:: last() position() id('a') lang('en') sum( string(".split(
        " ",
      ),
    ),
    run(input) {
      const text = decoder.decode(input);
      let compiled;
      try {
        compiled = compile(text);
      } catch (error) {
        must(
          error instanceof BrokerError && error.code === "XPATH_SYNTAX",
          `throws ${error.stack ?? error}`,
        );
        return;
      }
      try {
        compiled.evaluate(stanza);
      } catch (error) {
        must(
          error instanceof BrokerError && error.code.startsWith("XPATH_"),
          `throws ${error.stack ?? error}`,
        );
      }
    },
  };

  return { stream, roundtrip, jid, xpath };
}
