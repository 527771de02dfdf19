import { adversarial } from "./adversarial.js";
import { chunked, corpus, corpusBytes } from "./corpus.js";

/**
 * The chunks of a task, equal in every process that is given it.
 *
 * @param {{ profile?: string, adversarial?: string, body?: number, bytes: number,
 *   chunking: number | "rand" | "rand64" }} task
 */
export function chunksOf(task) {
  return chunked(corpusBytes(streamOf(task)), task.chunking);
}

function streamOf(task) {
  const { header, footer } = corpus({ profile: "small", bytes: 0 });
  if (task.adversarial !== undefined) return { header, stanzas: adversarial(task), footer };
  if (task.body !== undefined) {
    const line = "a long text of many words, as a file or a log is when someone pastes it\n";
    const body = line.repeat(Math.ceil(task.body / line.length));
    return {
      header,
      stanzas: [`<message to='me@example.net'><body>${body}</body></message>`],
      footer,
    };
  }
  return corpus(task);
}
