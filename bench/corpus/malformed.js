/**
 * Inputs that RFC 6120 section 11, XML 1.0 and Namespaces in XML forbid inside an open stream, one class a
 * line. They stand beside the timings, because a parser without checks is faster.
 *
 * @type {[string, string | Buffer][]}
 */
const bytes = (...parts) =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))),
  );

export const MALFORMED = [
  ["comment", "<message><!-- x --></message>"],
  ["comment between stanzas", "<!-- x --><message/>"],
  ["processing instruction", "<message><?x y?></message>"],
  ["second XML declaration", "<?xml version='1.0'?><message/>"],
  ["document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><message>&b;</message>"],
  ["undeclared entity", "<message>&foo;</message>"],
  ["bare ampersand", "<message>a & b</message>"],
  ["reference without end", "<message>&lt </message>"],
  ["reference to U+0000", "<message>&#0;</message>"],
  ["reference to U+0001", "<message>&#1;</message>"],
  ["reference to a surrogate", "<message>&#xD800;</message>"],
  ["reference beyond U+10FFFF", "<message>&#x110000;</message>"],
  ["raw U+0001", "<message>\u0001</message>"],
  ["raw U+0000", "<message>\u0000</message>"],
  ["raw U+001F in a value", "<message a='\u001f'/>"],
  ["raw U+FFFE", "<message>\ufffe</message>"],
  ["raw U+FFFF", "<message>\uffff</message>"],
  ["duplicate attribute", "<message a='1' a='2'/>"],
  ["duplicate attribute by two prefixes", "<message xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>"],
  ["undeclared element prefix", "<p:message/>"],
  ["undeclared attribute prefix", "<message p:a='1'/>"],
  ["xml prefix bound to another", "<message xmlns:xml='u'/>"],
  ["xmlns prefix declared", "<message xmlns:xmlns='u'/>"],
  ["default namespace is that of xml", "<message xmlns='http://www.w3.org/XML/1998/namespace'/>"],
  ["prefix undeclared again", "<message xmlns:p=''/>"],
  ["mismatched end tag", "<message><a></b></message>"],
  ["mismatched end prefix", "<p:a xmlns:p='u'></a>"],
  ["]]> in text", "<message>]]></message>"],
  ["< in a value", "<message a='<'/>"],
  ["no space between attributes", "<message a='1'b='2'/>"],
  ["unquoted attribute", "<message a=1></message>"],
  ["attribute without value", "<message a></message>"],
  ["name with two colons", "<a:b:c xmlns:a='u'/>"],
  ["name that begins with a digit", "<1a/>"],
  ["name with a forbidden character", "<a\u00d7b/>"],
  ["text between stanzas", "<message/>text<message/>"],
  ["bad UTF-8 in text", bytes("<message>", [0xff], "</message>")],
  ["overlong UTF-8", bytes("<message>", [0xc0, 0xaf], "</message>")],
  ["surrogate in UTF-8", bytes("<message>", [0xed, 0xa0, 0x80], "</message>")],
  ["UTF-8 beyond U+10FFFF", bytes("<message>", [0xf4, 0x90, 0x80, 0x80], "</message>")],
  ["bad UTF-8 in a name", bytes("<", [0xeb], "/>")],
];

/** Legal inputs close to those above. A parser must take them. */
export const WELL_FORMED = [
  "<message/>",
  "<message><![CDATA[a < b & c]]></message>",
  "<x:message xmlns:x='jabber:client'/>",
  "<message a='&lt;&#x41;&apos;'/>",
  "<message xml:lang='de'>&#65;&amp;</message>",
  "<message xmlns:p='u' p:a='1' a='2'><p:b/></message>",
  "<message\n\ta = '1'\r\n/>",
  "<message>]] ></message>",
  "<message xmlns=''/>",
  "<méssage>Ж😂</méssage>",
];
