const order = [
  "base",
  "xml",
  "jid",
  "xpath",
  "transport",
  "lookup",
  "stream",
  "sasl",
  "negotiate",
  "dialect",
  "contract",
  "stores",
  "link",
  "session",
  "traffic",
  "broker",
  "testing",
  "cli",
];

/** The command is a user of the package: it may import the entry too. */
const entryOf = { cli: "|node\\.ts$|xml\\.ts$" };

const arrows = order.map((layer, index) => ({
  name: `${layer}-looks-down-only`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: {
    path: "^src/",
    pathNot: `^src/(?:(?:${order.slice(0, index + 1).join("|")})/${entryOf[layer] ?? ""})`,
  },
}));

/** The small entries look at their own layer and below, so that a bundle of one holds no other. */
const entries = [
  ["xml", "base|xml"],
  ["xpath", "base|xml|xpath"],
  ["store", "base|contract|stores"],
].map(([entry, layers]) => ({
  name: `${entry}-entry-looks-down-only`,
  severity: "error",
  from: { path: `^src/${entry}\\.ts$` },
  to: { path: "^src/", pathNot: `^src/(${layers})/` },
}));

module.exports = {
  forbidden: [
    ...arrows,
    ...entries,
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-the-edges-know-node",
      severity: "error",
      from: {
        path: "^src/",
        pathNot:
          "^src/(node\\.ts|cli/|testing/|stores/|lookup/node-[a-z-]+\\.ts|transport/(tcp|tls|(websocket/)?node-[a-z-]+)\\.ts|base/crypto/node-[a-z-]+\\.ts)",
      },
      to: { dependencyTypes: ["core"] },
    },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" } },
};
