import { matrix } from "./matrix.ts";

matrix("jabberd2");
