import { matrix } from "./matrix.ts";

matrix("prosody");
