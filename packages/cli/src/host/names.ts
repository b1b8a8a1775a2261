// Byte strings (one character a byte, as packages/linux has them) and Node's strings and buffers.
// In and out: names. Must not know: what they name.

/** A name as Node takes it: a string where it is ASCII, else its bytes. */
export const toHost = (name: string): string | Buffer =>
  /^[\x00-\x7f]*$/.test(name) ? name : Buffer.from(name, 'latin1'); // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant

/** The byte string of a JavaScript string, such as an argument or a variable: its UTF-8 bytes. */
export const toBytes = (text: string): string =>
  /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1'); // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
