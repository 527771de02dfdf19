import { runInNewContext } from "node:vm";
import type { OptionTable } from "../../src/base/option.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { dialects } from "../../src/dialect/dialects.ts";
import { reveals } from "../../src/sasl/mechanism.ts";
import { mechanisms } from "../../src/sasl/mechanisms/mechanisms.ts";
import { optionTable } from "./options-page.ts";
import { code, table, wrapped } from "./print.ts";
import type { Member, Source } from "./source.ts";

/** Prints a section of `docs/dialects.md` for each dialect. */
export function printDialects(source: Source): string {
  return Object.entries(dialects)
    .map(([name, { options }]) => printDialect(source, name, options))
    .join("\n\n");
}

/** The dialect that the example in its doc comment makes. */
export function exampleOf(source: Source, name: string): { code: string; dialect: Dialect } {
  const example = source.tag(`src/dialect/${name}.ts`, name, "example").trim();
  const { make } = dialects[name as keyof typeof dialects];
  return { code: example, dialect: runInNewContext(example, { [name]: make }) as Dialect };
}

function printDialect(source: Source, name: string, { needs, takes }: OptionTable): string {
  const path = `src/dialect/${name}.ts`;
  const { doc } = source.exported(path, name);
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Options`;
  const members = source.exported(path, type).members();
  const owner = { members: () => members };
  const required = Object.keys(needs).map((each) => find(members, each));
  const groups = Object.entries(takes).flatMap(([each, { rows }]) =>
    rows === undefined ? [] : [`### ${code(each)}`, optionTable(rows, find(members, each), each)],
  );
  const { code: example, dialect } = exampleOf(source, name);
  return [
    `## ${code(name)}`,
    wrapped(doc),
    `\`\`\`js\n${example}\n\`\`\``,
    optionTable(takes, owner, "", required),
    ...groups,
    facts(dialect),
  ].join("\n\n");
}

function facts({ ports, tls, certificate, contentNamespace, version }: Dialect): string {
  return table(
    ["fact", ""],
    [
      ["port", String(ports.plain)],
      ["port for direct TLS", ports.direct === undefined ? "–" : String(ports.direct)],
      [
        "TLS policy",
        tls === "by-host" ? "`plaintext` to this machine; else it must be given" : code(tls),
      ],
      ["the certificate is for", certificate === "host" ? "the host" : "the domain"],
      ["namespace of the stream", code(contentNamespace)],
      ["version of the stream", version === undefined ? "–" : code(version)],
    ],
  );
}

/** Prints the SASL mechanisms for `docs/dialects.md`, in the order of preference. */
export function printMechanisms(): string {
  const yes = (is: boolean): string => (is ? "yes" : "–");
  const rows = mechanisms.map(({ name, mutual, revealsSecret, onlyIfNamed }) => [
    code(name),
    yes(mutual),
    yes(reveals({ revealsSecret })),
    yes(onlyIfNamed),
  ]);
  const head = [
    "mechanism",
    "the server proves itself",
    "shows the server its secret",
    "only if named",
  ];
  return table(head, rows);
}

function find(members: readonly Member[], name: string): Member {
  const member = members.find((each) => each.name === name);
  if (member === undefined) throw new TypeError(`the type has no option ${name}`);
  return member;
}
