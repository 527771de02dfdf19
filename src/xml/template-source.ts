const CDATA = "<![CDATA[";
const CDATA_END = "]]>";

/**
 * Puts the XML text of a template together from its parts and the marks of its values. It knows tags, values
 * and content, and so which values need quotes and which white space is layout.
 *
 *     <message to=${…}>
 *       <body>${…}</body>
 *     </message>
 */
export class TemplateSource {
  #text = "";
  #where: "content" | "tag" | "value" | "cdata" = "content";
  /** The quote that is open in a tag. */
  #quote = "";
  /** White space in content that may be layout. */
  #space = "";
  /** True if that white space stands behind a tag. */
  #afterTag = false;

  /** Adds a part of the template. */
  text(part: string): void {
    for (let at = 0; at < part.length; ) at += this.#read(part, at);
  }

  /** Adds the mark of a value. `to=${jid}` gets quotes here. */
  value(mark: string): void {
    this.#settle(false);
    const isBare = this.#where === "tag" && /=\s*$/.test(this.#text);
    this.#text += isBare ? `'${mark}'` : mark;
  }

  /** The whole text, without white space around it. */
  end(): string {
    return this.#text;
  }

  /** Reads from a place. Returns the number of characters that were read. */
  #read(part: string, at: number): number {
    switch (this.#where) {
      case "content":
        return this.#content(part, at);
      case "tag":
        return this.#tag(part.charAt(at));
      case "value":
        if (part.charAt(at) === this.#quote) this.#where = "tag";
        return this.#take(part.charAt(at));
      case "cdata":
        if (!part.startsWith(CDATA_END, at)) return this.#take(part.charAt(at));
        this.#where = "content";
        return this.#take(CDATA_END);
    }
  }

  #content(part: string, at: number): number {
    const character = part.charAt(at);
    if (/\s/.test(character)) {
      this.#space += character;
      return 1;
    }
    const isCdata = part.startsWith(CDATA, at);
    const isTag = character === "<" && !isCdata;
    this.#settle(isTag);
    if (isTag) this.#where = "tag";
    else if (isCdata) this.#where = "cdata";
    return this.#take(isCdata ? CDATA : character);
  }

  #tag(character: string): number {
    if (character === "'" || character === '"') {
      this.#where = "value";
      this.#quote = character;
    } else if (character === ">") {
      this.#where = "content";
      this.#afterTag = true;
    }
    return this.#take(character);
  }

  #take(text: string): number {
    this.#text += text;
    return text.length;
  }

  /** Adds the white space that waits, unless it is layout. */
  #settle(beforeTag: boolean): void {
    const isLayout = (this.#afterTag || beforeTag) && this.#space.includes("\n");
    if (this.#text !== "" && !isLayout) this.#text += this.#space;
    this.#space = "";
    this.#afterTag = false;
  }
}
