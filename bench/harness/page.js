import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { GOALS } from "./goals.js";
import { show } from "./output.js";
import { bars, lines } from "./svg.js";

const RESULTS = new URL("../results/", import.meta.url);
const FINDINGS = new URL("../findings.md", import.meta.url);
const DOCS = new URL("../../docs/", import.meta.url);
const PLOTS = new URL("benchmarks/", DOCS);

/** The chapters, in order: the bench, its heading, and its method. */
const CHAPTERS = [
  [
    "parse",
    "Bytes to elements",
    "Every parser gets the same chunks, as a socket would hand them over, and builds the whole tree of every " +
      "stanza. Before anything is timed all trees are compared: names, namespaces, attributes, texts. `saxes` " +
      "and `sax` get the smallest tree builder that a user would have to write.",
  ],
  [
    "serialize",
    "Elements to text",
    "A strict parser reads the output of each library, and the results are compared before anything is timed.",
  ],
  [
    "filters",
    "XPath filters",
    "All N filters on each stanza. Stanzas are parsed and expressions compiled before the timing; all engines " +
      "find the same matches. The ancestor's loop is Perl's `XML::LibXML`, `findnodes` with the expression as a " +
      "string, as POE::Component::Jabber does it.",
  ],
  [
    "pump",
    "Stanzas through a component",
    "A second process plays the server of XEP-0114 and pours a prepared stream into a loopback socket, or reads " +
      "what is sent. In: until the handler has seen the last stanza. Out: until the other end has read the last. " +
      "POE::Component::Jabber does not run as Debian packages it; its line is a figure of another day, with its " +
      "three faults mended.",
  ],
  [
    "roundtrips",
    "Requests and answers",
    "Pings to the server. Time and CPU are those of the asking process; the servers share the machine with it.",
  ],
  ["idle", "Idle connections", "Components that are connected and wait, in one process."],
  [
    "connect",
    "Connecting",
    "A client with STARTTLS and a password, through a relay that adds the delay.",
  ],
  [
    "finding",
    "Finding the server",
    "A client gets an address and a password. It finds the server by SRV records, or by host-meta as in a browser, and " +
      "logs in. The name server and the relay are the bench's own, and both delay. In the last rows of each table the first " +
      "address of the server is silent. Connections that are opened at the same time count as one round trip. The `fetch` and " +
      "the platform's WebSocket are Node's.",
  ],
  [
    "size",
    "Size",
    "Bundles by esbuild, minified, without Node's modules. A client for browsers has the dialect `xmpp`, a WebSocket that it " +
      "finds by host-meta, SCRAM, XEP-0198 with resumption, reconnecting, and filters in XPath. Two tables show its parts: " +
      "one by folder, one by feature.",
  ],
];

/** Writes docs/benchmarks.md and its plots from all results that there are. */
export function write() {
  const results = new Map();
  for (const [bench] of CHAPTERS) {
    const file = new URL(`${bench}.json`, RESULTS);
    if (existsSync(file)) results.set(bench, JSON.parse(readFileSync(file, "utf8")));
  }
  if (results.size === 0) return;
  mkdirSync(PLOTS, { recursive: true });
  const parts = [head(results), goals(results)];
  if (existsSync(FINDINGS)) parts.push(readFileSync(FINDINGS, "utf8").trim());
  for (const [bench, title, how] of CHAPTERS) {
    const result = results.get(bench);
    if (result !== undefined) parts.push(chapter(result, title, how));
  }
  writeFileSync(new URL("benchmarks.md", DOCS), `${parts.join("\n\n")}\n`);
}

function head(results) {
  const [{ machine }] = results.values();
  const versions = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  return `# Benchmarks

<!-- Written by \`npm run bench\`. Change bench/, not this page. -->

\`npm run bench\` measures this package beside its peers on your machine, and writes this page. It
takes about a quarter of an hour; \`npm run bench -- --quick\` shows in under a minute that
everything still runs, \`npm run bench -- parse\` measures one chapter.

Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}.
Versions: ${versions.join(", ")}.

**Method.** Each contender runs in a long-lived process of its own. All of them do the same work on
the same input, made by a seeded generator; their results are compared before anything is timed. After
warming up they take turns, one at a time, round after round; the order changes with each round.
Figures are medians. A ratio is taken within each round, since the load of the machine is the same for all contenders
of a round. The median of these ratios is given. **The ratio of CPU time is the headline**, because it depends least on
the load of the machine. Trust ratios more than absolute numbers. *Noise* is the distance between the quartiles, divided
by the median. *Quiet* is the best tenth of the rounds. CPU time includes the time of Node's own threads.

The synthetic streams have the mixture of a busy client: chats, group chats, presence, archives, receipts,
carbons, OMEMO, service discovery, rosters. Text outside ASCII is in 16 % of the stanzas. Synthetic streams are
more regular than real ones, which favours parsers that learn. The rows “adversarial” show the opposite.`;
}

function goals(results) {
  const rows = GOALS.map(({ bench, what, value, least, most, unit = "" }) => {
    const figure = Number(value(results.get(bench)?.goals ?? {}));
    const isReached = least === undefined ? figure <= most : figure >= least;
    const goal = least === undefined ? `≤ ${show(most)}` : `≥ ${show(least)}`;
    const verdict = Number.isFinite(figure) ? (isReached ? "yes" : "**no**") : "**not measured**";
    return `| ${bench} | ${what} | ${goal} ${unit} | ${show(figure)} | ${verdict} |`;
  });
  return `## Goals and what was reached

The goals were set before the code was written, the sizes of bundles when its first half stood. A ratio compares
CPU time, wherever that was measured on both sides. Rates of requests and of \`PCJ\` compare wall time.

| bench | what | goal | here | reached |
| --- | --- | ---: | ---: | --- |
${rows.join("\n")}`;
}

function chapter(result, title, how) {
  const { date, seconds, load, command, sections, commit } = result;
  const when = `${date.slice(0, 16).replace("T", " ")} UTC`;
  const lines = [
    `## ${title}`,
    how,
    `Measured ${when} in ${seconds} s by \`${command}\`${commit ? `, code of commit ${commit}` : ""}; load average ${load.before.toFixed(1)} before, ${load.after.toFixed(1)} after.`,
  ];
  for (const section of sections) {
    lines.push(`### ${section.title}`);
    if (section.note) lines.push(section.note.replace(/^./, (first) => first.toUpperCase()) + ".");
    const plot = PLOTTED[section.id]?.(section);
    if (plot !== undefined) {
      writeFileSync(new URL(`${section.id}.svg`, PLOTS), plot);
      lines.push(`![${section.title}](benchmarks/${section.id}.svg)`);
    }
    lines.push(markdown(section));
  }
  return lines.join("\n\n");
}

function markdown({ columns, rows }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const cell = (row, column) =>
    String(show(row[column.key], column))
      .replaceAll("|", "\\|")
      .replaceAll("<", "&lt;")
      .replace(/^ +/, (indent) => "&ensp;".repeat(indent.length));
  return [
    line(columns.map(({ label }) => label)),
    line(
      columns.map(({ key }, i) => (i === 0 || typeof rows[0]?.[key] === "string" ? "---" : "---:")),
    ),
    ...rows.map((row) => line(columns.map((column) => cell(row, column)))),
  ].join("\n");
}

/** The sections that have a plot. */
const PLOTTED = {
  parsers: ({ rows }) =>
    bars({
      title: "Complete trees from bytes, mixed stanzas",
      unit: "MB/s",
      bars: rows
        .filter(({ name }) => !name.startsWith("floor"))
        .map(({ name, median }) => ({
          label: name,
          value: median,
          ours: name.startsWith("xmpp-broker"),
        })),
    }),
  "growth-mixed": growth,
  "growth-from": growth,
  "in-mixed-tcp": pump,
  "in-small-tcp": pump,
  out: pump,
};

function growth({ title, columns, rows }) {
  const engines = columns
    .map(({ key }) => key)
    .filter((key) => !["n", "ratio", "noise"].includes(key));
  return lines({
    title,
    x: "filters",
    y: "CPU µs a stanza",
    series: engines.map((label) => ({ label, points: rows.map((row) => [row.n, row[label]]) })),
  });
}

function pump({ title, rows }) {
  return bars({
    title,
    unit: "k per CPU second",
    bars: rows
      .filter(({ name, cpu }) => !name.startsWith("bare") && cpu !== undefined)
      .map(({ name, cpu }) => ({
        label: name,
        value: 1000 / cpu,
        ours: name.startsWith("xmpp-broker"),
      })),
  });
}
