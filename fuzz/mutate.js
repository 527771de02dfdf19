/** A small generator that a seed determines: a run can be repeated. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0 || 1;
  }

  next() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** A number from 0 to `below` - 1. */
  int(below) {
    return this.next() % below;
  }

  pick(list) {
    return list[this.int(list.length)];
  }
}

const INTERESTING = [
  0, 1, 9, 10, 13, 0x20, 0x22, 0x26, 0x27, 0x2f, 0x3a, 0x3c, 0x3d, 0x3e, 0x5d,
].concat([0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xff]);

/**
 * A changed copy of an input: a few steps, each a byte or a stretch changed, left out, said twice, or
 * taken from another input or from the words of the language.
 */
export function mutate(random, input, other, words, longest) {
  let bytes = input;
  for (let steps = 1 + random.int(6); steps > 0; steps--) {
    const at = random.int(bytes.length + 1);
    const to = Math.min(bytes.length, at + 1 + random.int(random.int(4) === 0 ? 64 : 8));
    switch (random.int(8)) {
      case 0:
        bytes = splice(bytes, at, Math.min(at + 1, bytes.length), [random.pick(INTERESTING)]);
        break;
      case 1:
        bytes = splice(bytes, at, Math.min(at + 1, bytes.length), [random.int(256)]);
        break;
      case 2:
        bytes = splice(bytes, at, to, []);
        break;
      case 3:
        bytes = splice(bytes, at, at, bytes.subarray(at, to));
        break;
      case 4:
      case 5:
        bytes = splice(bytes, at, random.int(2) ? at : to, random.pick(words));
        break;
      case 6: {
        const from = random.int(other.length + 1);
        const until = Math.min(other.length, from + 1 + random.int(64));
        bytes = splice(bytes, at, random.int(2) ? at : to, other.subarray(from, until));
        break;
      }
      default:
        bytes = splice(bytes, at, at, [random.pick(INTERESTING)]);
    }
  }
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes;
}

function splice(bytes, from, to, insert) {
  const result = new Uint8Array(bytes.length - (to - from) + insert.length);
  result.set(bytes.subarray(0, from));
  result.set(insert, from);
  result.set(bytes.subarray(to), from + insert.length);
  return result;
}
