const NOTHING = Object.freeze(Object.create(null)) as object;

/**
 * A dictionary that inherits nothing: `"toString" in attrs` is false, and `__proto__` is a key like any
 * other. An instance of a class with an empty prototype costs less than half of `Object.create(null)`.
 */
export const Dictionary = function Dictionary() {} as unknown as new () => Record<string, string>;
Dictionary.prototype = NOTHING;

/** A `Dictionary` without room for keys, for one that most likely stays empty. */
export const EmptyDictionary = function EmptyDictionary() {} as unknown as new () => Record<
  string,
  string
>;
EmptyDictionary.prototype = NOTHING;

// V8 gives every instance of a constructor the room that its first seven instances needed. So these make
// room for four attributes, and for none. Further keys go to an array beside the object.
for (let i = 0; i < 8; i++) {
  new EmptyDictionary();
  const common = new Dictionary();
  for (const key of ["from", "to", "id", "type"]) common[key] = "";
}

/**
 * A dictionary for keys that are new, or many. In a common dictionary V8 would make a hidden class for
 * each new key, which takes a microsecond and memory.
 */
export function rareDictionary(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}

/** The prefixes of an element that declares none. Shared. */
export const NO_PREFIXES: Readonly<Record<string, string>> = Object.freeze(new Dictionary());

/** The prefixes that were declared around an element, by the `prefixes` that it got from there. */
const around = new WeakMap<object, Readonly<Record<string, string>>>();

/** Notes the prefixes that were declared around an element with these `prefixes`, such as those of a stream header. */
export function declaredAround(
  prefixes: Readonly<Record<string, string>>,
  outer: Readonly<Record<string, string>>,
): void {
  if (outer !== NO_PREFIXES) around.set(prefixes, outer);
}

/** The prefixes that were declared around an element with these `prefixes`, where there are any. */
export function prefixesAround(
  prefixes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  return around.get(prefixes);
}

/** The attributes of a tag that has none so far. Shared. */
export const NONE: Record<string, string> = Object.freeze(new Dictionary());

/**
 * Makes a string of its own: a string that was cut out of another keeps that alive. Engines have one
 * string for all equal keys of objects, and compare two of those without looking into them. So elements
 * are written a tenth faster.
 */
export function unique(text: string): string {
  // Without a prototype, so that V8 makes no hidden class for each text.
  const keys = Object.create(null) as Record<string, undefined>;
  keys[text] = undefined;
  return Object.keys(keys)[0] ?? text;
}
