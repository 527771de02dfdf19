import { chunked, corpus, corpusBytes } from "../corpus/corpus.js";
import { digestText } from "./digest.js";

/**
 * Makes a contender of a serializer.
 *
 * @param {{ parse: (chunks: Buffer[]) => any[], write: (tree: any) => string,
 *   build: (n: number) => any }} library `parse` makes trees of a stream as its own parser does,
 *   `build` a chat message as an application does
 */
export function serializerContender({ parse, write, build }) {
  let trees = [];

  function prepare(task) {
    const stream = corpus(task);
    trees = parse(chunked(corpusBytes(stream), 16384));
  }

  const ways = {
    string() {
      let length = 0;
      for (const tree of trees) length += write(tree).length;
      return length;
    },
    bytes() {
      let length = 0;
      for (const tree of trees) length += Buffer.from(write(tree)).length;
      return length;
    },
    build() {
      let length = 0;
      for (let i = 0; i < trees.length; i++) length += write(build(i)).length;
      return length;
    },
  };

  function pass({ way }) {
    return { length: ways[way](), stanzas: trees.length };
  }

  /** The trees that a strict parser reads in all that was written. */
  function check() {
    const built = Array.from({ length: 100 }, (_, i) => write(build(i)));
    return digestText([...trees.map(write), ...built].join(""));
  }

  return { prepare, pass, check };
}
