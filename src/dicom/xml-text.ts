/**
 * Text from anywhere as XML 1.0 character data that cannot break out of its place. What the audit message means is left
 * to those who write documents (ledger/audit-message.ts, models/xml-model.ts, rendering/documents/markup.ts).
 */

/**
 * Escapes text for an attribute value in double quotes or for element content.
 *
 * XML 1.0 section 2.2 has no way at all to write most control characters, lone surrogates, U+FFFE and U+FFFF, not even
 * as references. So C0 controls become their control pictures (U+2400 and up: the reader sees which one it was), DEL
 * and the C1 controls (which terminals obey) and the rest become U+FFFD. Tab, line feed and carriage return are written
 * as references, since a parser would else turn them into spaces in attributes, and a raw line feed would end a line.
 */
export function escapeXml(text: string): string {
  // Most values are plain; one test is cheaper than walking them.
  if (plain.test(text)) return text;
  let escaped = '';
  for (const character of text) escaped += escapeCharacter(character);
  return escaped;
}

const plain = /^[ !#-%(-;=?-~\u00a0-\ud7ff\ue000-\ufffd]*$/;

function escapeCharacter(character: string): string {
  switch (character) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    case "'":
      return '&apos;';
    case '\t':
      return '&#9;';
    case '\n':
      return '&#10;';
    case '\r':
      return '&#13;';
    default:
      return representable(character);
  }
}

function representable(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  // A lone surrogate arrives here as one code unit, since iteration goes by code point.
  const forbidden =
    (code >= 0x80 && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff;
  return forbidden ? '\ufffd' : character;
}
