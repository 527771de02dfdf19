/** Words with a space between them: a text for people, and no name, namespace or XML. */
const SENTENCE = /[a-z]{2},? [a-z]/i;

/** The code with all sentences taken out of its strings, which shows what they weigh. */
export async function withoutSentences(code) {
  const { parseAstAsync } = await import("rollup/parseAst");
  const cuts = [];
  const visit = (node) => {
    if (node === null || typeof node !== "object") return;
    if (Array.isArray(node)) return node.forEach(visit);
    const isText = node.type === "Literal" && typeof node.value === "string";
    const text = isText ? node.value : node.type === "TemplateElement" ? node.value.raw : "";
    if (SENTENCE.test(text) && !text.includes("<")) {
      cuts.push(isText ? [node.start + 1, node.end - 1] : [node.start, node.end]);
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(await parseAstAsync(code));
  let left = "";
  let from = 0;
  for (const [start, end] of cuts.sort(([a], [b]) => a - b)) {
    left += code.slice(from, start);
    from = end;
  }
  return left + code.slice(from);
}
