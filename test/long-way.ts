import { takeFastPath } from "../src/xml/fast-path.ts";

// The tests of this project hold with the short ways to read and write a stanza switched off.
takeFastPath(false);
