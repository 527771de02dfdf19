import { type Name, NO_NAME } from "./names.ts";

/** The start tag that is being read. A tag that was cut is read again from its start. */
export class StartTag {
  /** The name of the element. */
  element: Name = NO_NAME;
  /** True if it ends in `/>`. */
  isEmpty = false;
  /** The default namespace that the tag declares, if it was recognized by its bytes. */
  namespace: string | undefined = undefined;
  /** True if all names of attributes and other declarations are kept. */
  areKept = true;
  /** True if there are other declarations. */
  declares = false;
  /** The number of attributes and of other declarations. */
  count = 0;
  /** Their names, in their order. Places behind `count` are left over from other tags. */
  readonly names: Name[] = [];
  /** Their values. */
  readonly values: string[] = [];

  /** Begins a new tag. */
  begin(name: Name): void {
    this.element = name;
    this.isEmpty = false;
    this.namespace = undefined;
    this.areKept = true;
    this.declares = false;
    this.count = 0;
  }

  /** Adds an attribute or a declaration. */
  add(name: Name, value: string): void {
    if (!name.isKept) this.areKept = false;
    if (name.declares) this.declares = true;
    this.names[this.count] = name;
    this.values[this.count++] = value;
  }
}
