import { matrix } from "./matrix.ts";

matrix("ejabberd");
