import { spawnSync } from "node:child_process";

/** Debian's Python, whose packages are Debian's. */
export const PYTHON = "/usr/bin/python3";

/** True if this machine has slixmpp. */
export const available = () => spawnSync(PYTHON, ["-c", "import slixmpp"]).status === 0;
