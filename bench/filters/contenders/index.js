import { ours } from "../../harness/ours.js";
import { filterContender } from "../driver.js";
import { NAMESPACES } from "../sets.js";

const { parse } = await ours("xml.js");
const { compile, FilterIndex } = await ours("xpath.js");

/** The index, kept for the passes that change it. */
let index;
let nodes = 0;

const engine = {
  load: (text) => parse(text),
  compile(expressions) {
    index = new FilterIndex();
    expressions.forEach((expression, i) => {
      index.add(compile(expression, { namespaces: NAMESPACES }), i);
    });
    return (stanza) => index.match(stanza).map((entry) => entry.value);
  },
};

const contender = filterContender(engine);
export const { prepare, check } = contender;

/**
 * `churn`: between every two stanzas a filter is added and another one removed.
 *
 * @param {{ stanzas: number, churn?: boolean }} task
 */
export function pass(task) {
  if (!task.churn) return contender.pass(task);
  const undo = [];
  const filters = Array.from({ length: task.stanzas }, (_, i) =>
    compile(`/c:message[@from='late${i}@example.net' and @type='chat']`, {
      namespaces: NAMESPACES,
    }),
  );
  const stanza = contender.stanza(0);
  const from = performance.now();
  for (let i = 0; i < task.stanzas; i++) {
    undo.push(index.add(filters[i], -1));
    nodes += index.match(stanza).length;
    if (undo.length > 8) undo.shift()();
  }
  for (const each of undo) each();
  return { changing: performance.now() - from, nodes };
}
