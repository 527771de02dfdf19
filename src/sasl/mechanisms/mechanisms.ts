import type { Mechanism } from "../mechanism.ts";
import { anonymous } from "./anonymous.ts";
import { digestMd5 } from "./digest-md5.ts";
import { external } from "./external.ts";
import { plain } from "./plain.ts";
import { scram } from "./scram.ts";

/** Every mechanism, the strongest first: the order in which they are preferred. */
export const mechanisms: readonly Mechanism[] = [
  external,
  scram("SHA-512"),
  scram("SHA-256"),
  scram("SHA-1"),
  digestMd5,
  plain,
  anonymous,
];
