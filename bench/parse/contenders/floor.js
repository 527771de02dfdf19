import { chunksOf } from "../../corpus/input.js";

/** Not a parser: Node's own decoding of the same chunks, the floor under everything that makes strings. */
let chunks = [];

export function prepare(task) {
  chunks = chunksOf(task);
}

export function pass() {
  let length = 0;
  for (const chunk of chunks) length += chunk.toString("utf8").length;
  return { length };
}
